//! How a whole pipeline is set up, as data: what can be written in a file, kept beside it and compared.
//!
//! Everything but the tenant has the default that [`Pipeline::new`] has. Unknown names are refused, and so is what is
//! out of range, each with its place. What is code (detectors of one's own) or a reading of the world (an
//! [`Estate`](crate::Estate)) is added to the pipeline that comes out.

use crate::{Intake, IntakeSettings, Intent, Pipeline, Reflex};
use core::fmt;
use homeostat_core::{EntityKey, TenantId};
use homeostat_identity::{Directory, Limits, LoginRule};
use homeostat_incident::Intel;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

mod bad;
mod section;

pub use bad::BadSettings;
use bad::Cause;
pub use section::{BaselineSettings, Exposed, LocalOffset, PriorChoice, StoryLimits, StorySettings, Worth};

/// How the pipeline of one tenant is set up.
///
/// A pipeline that is restored from a snapshot keeps the baseline, the stories, the lists and what is exposed as the
/// snapshot has them: they are what its state was learnt with. A memory is never lost without a word, so to switch off
/// a detector that is in a snapshot, restore with it and then go on [without](Pipeline::without_detector).
///
/// ```
/// use homeostat::{Settings, WhenFull};
///
/// let settings = Settings::from_toml(
///     r#"
///     tenant = "acme"
///     seed = 4_711
///     anonymisers = ["203.0.113.0/25"]
///     expected = [{ kind = "ip", scope = "acme", value = "10.0.0.9" }]
///     detectors_off = ["beats"]
///
///     [stories]
///     lateness_ms = 0
///     budget = 2.5
///
///     [[exposed]]
///     asset = { kind = "hostname", scope = "acme", value = "shop" }
///     product = "web/4.2"
///
///     [intake]
///     capacity = 65_536
///     when_full = "shed"
///     "#,
/// )?;
/// let (pipeline, intake) = (settings.pipeline()?, settings.intake()?);
/// assert!(!pipeline.detectors().contains(&"beats"));
/// assert_eq!(intake.settings().when_full, WhenFull::Shed);
/// assert_eq!(Settings::from_json(&settings.to_json())?, settings);
///
/// let typo = Settings::from_toml("tenant = 'acme'\n[stories]\nlatenes_ms = 0").unwrap_err();
/// assert!(typo.to_string().starts_with("settings, line 3, column 1: unknown field `latenes_ms`"));
/// let never = Settings::from_toml("tenant = 'acme'\nstories = { threshold = 3.0 }").unwrap_err();
/// assert_eq!(
///     never.to_string(),
///     "settings, stories.threshold: a threshold lies between 16 and 64 bits"
/// );
/// # Ok::<(), homeostat::BadSettings>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Whose pipeline it is.
    pub tenant: TenantId,
    /// Seeds the hashes of values and tables. 0 by default, for tests: give each tenant a random one of its own, or
    /// whoever reads the source can choose values that collide.
    #[serde(default)]
    pub seed: u64,
    /// Addresses of services that hide who comes from them, as addresses or CIDR blocks; none by default, for the
    /// lists change daily.
    #[serde(default)]
    pub anonymisers: Vec<String>,
    /// Whose declared work it is to look round, such as the account and the host of a scanner; nobody by default.
    #[serde(default, deserialize_with = "section::keys")]
    pub expected: Vec<EntityKey>,
    /// What runs where strangers reach it; nothing by default.
    #[serde(default)]
    pub exposed: Vec<Exposed>,
    /// The Windows domains of the tenant, each with the mail domain of its logins: `ACME\jane` is `jane@acme.example`.
    /// None by default.
    #[serde(default)]
    pub windows_domains: BTreeMap<String, String>,
    /// The detectors that are off, by [name](Pipeline::detectors); none by default, so that one that a later version
    /// brings is on.
    #[serde(default)]
    pub detectors_off: BTreeSet<String>,
    /// What is normal.
    #[serde(default)]
    pub baseline: BaselineSettings,
    /// Which signals are one story, and when one is told.
    #[serde(default)]
    pub stories: StorySettings,
    /// What becomes of events that come faster than they are worked.
    #[serde(default)]
    pub intake: IntakeSettings,
}

impl Settings {
    /// The settings of `tenant`, with every default.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            seed: 0,
            anonymisers: Vec::new(),
            expected: Vec::new(),
            exposed: Vec::new(),
            windows_domains: BTreeMap::new(),
            detectors_off: BTreeSet::new(),
            baseline: BaselineSettings::default(),
            stories: StorySettings::default(),
            intake: IntakeSettings::default(),
        }
    }

    /// Reads settings from TOML, and checks them.
    ///
    /// # Errors
    ///
    /// [`BadSettings`] with line and column, or with the name of what is out of range.
    pub fn from_toml(text: &str) -> Result<Self, BadSettings> {
        toml::from_str(text).map_err(|error| BadSettings::in_toml(text, &error)).and_then(Self::checked)
    }

    /// Reads settings from JSON, and checks them.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_toml`].
    pub fn from_json(text: &str) -> Result<Self, BadSettings> {
        serde_json::from_str(text).map_err(|error| BadSettings::in_json(&error)).and_then(Self::checked)
    }

    /// The settings as JSON, defaults and all.
    pub fn to_json(&self) -> String {
        // Names, numbers and texts always can be written; were it otherwise, reading the empty text back says so.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn checked(self) -> Result<Self, BadSettings> {
        self.intake()?;
        self.pipeline()?;
        Ok(self)
    }

    /// The pipeline, knowing nothing yet but what is exposed.
    ///
    /// # Errors
    ///
    /// [`BadSettings`] with the name of what is out of range.
    pub fn pipeline(&self) -> Result<Pipeline, BadSettings> {
        let mut pipeline = Pipeline::new(self.tenant.clone())
            .with_directory(self.directory()?)
            .with_baseline(self.baseline.build(self.seed)?)
            .with_investigator(self.stories.build()?)
            .with_reflex(self.reflex()?)
            .with_intent(Intent::new(self.seed).expecting(self.expected.iter().cloned()));
        for name in &self.detectors_off {
            if !pipeline.detectors().contains(&name.as_str()) {
                return Err(BadSettings::new("detectors_off".to_owned(), unknown(name, &pipeline)));
            }
            pipeline = pipeline.without_detector(name);
        }
        for (at, exposed) in self.exposed.iter().enumerate() {
            if exposed.product.trim().is_empty() {
                return Err(BadSettings::new(format!("exposed[{at}].product"), Cause::Product));
            }
            let Exposed { asset, product } = exposed.clone();
            pipeline.learn_intel(&Intel::Exposed { asset, product });
        }
        Ok(pipeline)
    }

    fn directory(&self) -> Result<Directory, BadSettings> {
        let nameless = |name: &str| name.trim().is_empty();
        if self.windows_domains.iter().any(|(domain, mail)| nameless(domain) || nameless(mail)) {
            return Err(BadSettings::new("windows_domains".to_owned(), Cause::Domain));
        }
        let rules = self.windows_domains.iter().map(|(domain, mail)| LoginRule::windows_domain(domain, mail));
        let built = Directory::build(self.tenant.clone(), rules.collect(), Limits::default());
        built.map_err(|error| {
            BadSettings::new("windows_domains".to_owned(), Cause::Text(error.to_string().into()))
        })
    }

    fn reflex(&self) -> Result<Reflex, BadSettings> {
        let listed = || self.anonymisers.iter().map(String::as_str);
        match listed().position(|text| !Reflex::is_block(text)) {
            Some(at) => Err(BadSettings::new(format!("anonymisers[{at}]"), Cause::Block)),
            None => Ok(Reflex::new(listed())),
        }
    }

    /// The intake before that pipeline.
    ///
    /// # Errors
    ///
    /// [`BadSettings`] when capacity or reserve is out of range.
    pub fn intake(&self) -> Result<Intake, BadSettings> {
        Intake::new(self.intake).map_err(|cause| BadSettings::new("intake".to_owned(), cause.into()))
    }
}

fn unknown(name: &str, pipeline: &Pipeline) -> Cause {
    let known = pipeline.detectors().join("`, `");
    Cause::Text(format!("there is no detector `{name}`; there are `{known}`").into())
}

impl fmt::Debug for Settings {
    /// Leaves out the seed, and who and what is named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("anonymisers", &self.anonymisers.len())
            .field("expected", &self.expected.len())
            .field("exposed", &self.exposed.len())
            .field("windows_domains", &self.windows_domains.len())
            .field("detectors_off", &self.detectors_off)
            .field("baseline", &self.baseline)
            .field("stories", &self.stories)
            .field("intake", &self.intake)
            .finish_non_exhaustive()
    }
}
