//! The stories: what is done at Acme on top of everyday life, with its truth beside it.
//!
//! Each story draws from a random stream of its own and only adds records, so that it moves no other record.

use crate::calendar::Calendar;
use crate::cast::{ACCOUNT, Cast, Person, Place};
use crate::log::{Log, Mark};
use crate::rng::Rng;
use crate::{Story, Truth, TruthStep};
use homeostat_core::{EntityKey, EntityKind, Stage, Technique};

/// Writes one story.
pub(crate) struct Teller<'a> {
    pub(crate) log: &'a mut Log,
    pub(crate) rng: Rng,
    pub(crate) seed: u64,
    pub(crate) cast: &'a Cast,
    pub(crate) calendar: Calendar,
    truth: Truth,
}

/// Writes `story` into `log` and returns its truth, still without event ids.
pub(crate) fn tell(log: &mut Log, seed: u64, story: Story, (cast, calendar): (&Cast, Calendar)) -> Truth {
    let truth = Truth { story, steps: Vec::new(), who: Vec::new(), objects: Vec::new() };
    let rng = Rng::of(seed, story.as_str());
    let mut teller = Teller { log, rng, seed, cast, calendar, truth };
    // Acme's cast always has the characters; were one missing, the story would be empty and its test fail.
    let _told = match story {
        Story::MultiHop => teller.multi_hop(),
        Story::Trip => teller.trip(),
        Story::ShadowIdentity => teller.shadow_identity(),
        Story::Joiners => teller.joiners(),
        Story::WildcardPolicy => teller.wildcard_policy(),
        Story::ApprovedPolicy => teller.approved_policy(),
        Story::Walks => teller.walks(),
        Story::NewTool => teller.new_tool(),
        Story::Comeback => teller.comeback(),
        Story::Maintenance => teller.maintenance(),
        Story::HiddenSignIn => teller.hidden_sign_in(),
        Story::PasswordSpray => teller.password_spray(),
        Story::Reconnaissance => teller.reconnaissance(),
        Story::FirstWeek => teller.first_week(),
        Story::CredentialTheft => teller.credential_theft(),
        Story::Grey => teller.grey(),
        Story::Rollout => teller.rollout(),
        Story::Scanner
        | Story::PasswordExpiry
        | Story::BrokenService
        | Story::NewReports
        | Story::NewStock
        | Story::Growth
        | Story::SecurityScan
        | Story::NameOutage
        | Story::WebService
        | Story::Exploit => teller.tell_anyway(story),
    };
    teller.log.mark = None;
    teller.truth
}

impl Teller<'_> {
    /// The stories whose characters are whoever is there.
    fn tell_anyway(&mut self, story: Story) -> Option<()> {
        match story {
            Story::Scanner => self.scanner(),
            Story::PasswordExpiry => self.password_expiry(),
            Story::BrokenService => self.broken_service(),
            Story::NewReports => self.new_reports(),
            Story::NewStock => self.new_stock(),
            Story::Growth => self.growth(),
            Story::SecurityScan => self.security_scan(),
            Story::NameOutage => self.name_outage(),
            Story::WebService => self.web_service(),
            Story::Exploit => self.exploit(),
            _ => return None,
        }
        Some(())
    }

    /// What is written from here on belongs to a new hostile step.
    pub(crate) fn step(&mut self, stage: Stage, technique: &str, what: &'static str) {
        self.begin(TruthStep {
            stage: Some(stage),
            technique: Technique::parse(technique),
            what,
            events: Vec::new(),
        });
    }

    /// What is written from here on belongs to a new step of everyday life.
    pub(crate) fn harmless(&mut self, what: &'static str) {
        self.begin(TruthStep { stage: None, technique: None, what, events: Vec::new() });
    }

    fn begin(&mut self, step: TruthStep) {
        self.log.mark = Some(Mark { story: self.truth.story, step: self.truth.steps.len() });
        self.truth.steps.push(step);
    }

    /// The main character also goes by this name.
    pub(crate) fn alias(&mut self, kind: EntityKind, scope: &str, value: &str) {
        self.truth.who.extend(EntityKey::new(kind, scope, value));
    }

    /// The mail address, login and Okta id of `person` are the main character.
    pub(crate) fn starring(&mut self, person: &Person) {
        self.alias(EntityKind::Email, crate::TENANT, &person.email);
        self.alias(EntityKind::Upn, crate::TENANT, &person.email);
        self.alias(EntityKind::DirectoryObjectId, crate::OKTA_ORG, &person.okta);
    }

    pub(crate) fn object(&mut self, kind: EntityKind, scope: &str, value: &str) {
        self.truth.objects.extend(EntityKey::new(kind, scope, value));
    }

    pub(crate) fn bucket(&mut self, name: &str) {
        self.object(EntityKind::ResourceArn, "aws", &format!("arn:aws:s3:::{name}"));
    }

    /// The moment of `minute` of the story's day, office time.
    pub(crate) fn at(&self, minute: i64) -> i64 {
        self.calendar.at(self.calendar.story_day(), minute)
    }
}

/// A place from which nobody at Acme ever signed in; which one, the stream decides.
pub(crate) fn nowhere(rng: &mut Rng) -> Place {
    let (city, country, asn, provider) = rng.pick(&[
        ("Encarnacion", "Paraguay", 64_509, "Itapua Hosting"),
        ("Nuuk", "Greenland", 64_510, "Kalaallit Colocation"),
        ("Suva", "Fiji", 64_511, "Viti Servers"),
    ]);
    Place { address: format!("203.0.113.{}", rng.between(200, 250)), city, country, asn, provider }
}

/// The ARN of a role of Acme's account.
pub(crate) fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}
