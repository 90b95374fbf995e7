//! Reference mutants: tiny targets with one fault each, which prove that the tests can fail.

use crate::faulty::{Desks, Faulty};
use crate::view::{ActionRecord, FindingView, IncidentView, PlanView, ReportView};
use crate::{MaturityTarget, MaturityTest, Unsupported};
use homeostat_core::{Domain, EntityKey, EventRef, Role, Timestamp};
use homeostat_event::{Event, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// A target with one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mutant {
    /// Never alarms.
    Silent,
    /// Alarms at everything.
    Loud,
    /// Sees first visits from a country, but reacts in the domain of the event alone.
    OneDomain,
    /// Only the domain of the first action acts at all.
    ActsInOneDomain,
    /// Has a risk of its own for each domain.
    RiskOfDomain,
    /// Locks accounts out.
    LocksOut,
    /// Takes whatever it sees for accepted.
    AbsorbsDrift,
    /// Forgets what was fixed.
    ForgetsFixes,
    /// Tells the outcome, not the setup.
    OutcomeOnly,
    /// Lets no action expire.
    NeverExpires,
    /// Tells nothing before something was read or sent.
    Late,
    /// Takes whoever shares an address or a machine for one person.
    JoinsByAddress,
    /// Lets whoever shares an address or a machine share risk.
    Leaky,
}

impl Mutant {
    /// Every mutant that is built.
    pub const ALL: [Self; 13] = [
        Self::Silent,
        Self::Loud,
        Self::OneDomain,
        Self::ActsInOneDomain,
        Self::RiskOfDomain,
        Self::LocksOut,
        Self::AbsorbsDrift,
        Self::ForgetsFixes,
        Self::OutcomeOnly,
        Self::NeverExpires,
        Self::Late,
        Self::JoinsByAddress,
        Self::Leaky,
    ];

    /// Its name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "never-alarms",
            Self::Loud => "always-alarms",
            Self::OneDomain => "single-domain",
            Self::ActsInOneDomain => "acts-in-one-domain",
            Self::RiskOfDomain => "risk-of-domain",
            Self::LocksOut => "locks-out",
            Self::AbsorbsDrift => "absorbs-drift",
            Self::ForgetsFixes => "forgets-fixes",
            Self::OutcomeOnly => "outcome-only",
            Self::NeverExpires => "never-expires",
            Self::Late => "late",
            Self::JoinsByAddress => "joins-by-address",
            Self::Leaky => "leaky",
        }
    }

    /// The test that shows its fault; the first three fail every test.
    pub const fn own_test(self) -> MaturityTest {
        match self {
            Self::Silent | Self::Loud | Self::OneDomain | Self::RiskOfDomain => MaturityTest::ShadowIdentity,
            Self::ActsInOneDomain | Self::NeverExpires => MaturityTest::ChainReaction,
            Self::LocksOut => MaturityTest::AutonomousBoundary,
            Self::AbsorbsDrift => MaturityTest::BaselineDrift,
            Self::ForgetsFixes => MaturityTest::DriftRegression,
            Self::OutcomeOnly | Self::JoinsByAddress => MaturityTest::MultiHopReplay,
            Self::Late => MaturityTest::IntentBeforeImpact,
            Self::Leaky => MaturityTest::CrossDomainConsistency,
        }
    }

    /// A fresh target with this fault; `below` is a sound stack, of which most keep all but one thing.
    pub fn over(self, below: Box<dyn MaturityTarget>) -> Box<dyn MaturityTarget> {
        match self {
            Self::Silent => Self::silent(),
            Self::Loud => Box::new(Loud::default()),
            Self::OneDomain => Box::new(OneDomain::default()),
            fault => Box::new(Faulty { below, fault, desks: Desks::default() }),
        }
    }

    /// A fresh target that sees nothing and so has nothing to say.
    pub fn silent() -> Box<dyn MaturityTarget> {
        Box::new(Silent)
    }
}

#[derive(Clone, Debug)]
struct Silent;

impl MaturityTarget for Silent {
    fn feed(&mut self, _event: Event) -> Result<(), Unsupported> {
        Ok(())
    }

    fn fork(&self) -> Option<Box<dyn MaturityTarget>> {
        Some(Box::new(self.clone()))
    }

    fn risk(&self, _who: &EntityKey, _domain: Domain) -> Result<f64, Unsupported> {
        Ok(0.0)
    }

    fn fires(&self, _event: &EventRef) -> Result<bool, Unsupported> {
        Ok(false)
    }

    fn incidents(&self) -> Result<Vec<IncidentView>, Unsupported> {
        Ok(Vec::new())
    }

    fn findings(&self) -> Result<Vec<FindingView>, Unsupported> {
        Ok(Vec::new())
    }

    fn actions(&self) -> Result<Vec<ActionRecord>, Unsupported> {
        Ok(Vec::new())
    }

    fn plans(&self) -> Result<Vec<PlanView>, Unsupported> {
        Ok(Vec::new())
    }

    fn report(&self, _from: &EventRef) -> Result<ReportView, Unsupported> {
        Ok(ReportView::default())
    }
}

/// Puts all there is into one incident and thinks the worst of everybody.
#[derive(Clone, Debug, Default)]
struct Loud {
    events: Vec<EventRef>,
    since: Option<Timestamp>,
}

impl MaturityTarget for Loud {
    fn feed(&mut self, event: Event) -> Result<(), Unsupported> {
        self.since.get_or_insert(event.when());
        self.events.extend(event.reference());
        Ok(())
    }

    fn fork(&self) -> Option<Box<dyn MaturityTarget>> {
        Some(Box::new(self.clone()))
    }

    fn risk(&self, _who: &EntityKey, _domain: Domain) -> Result<f64, Unsupported> {
        Ok(1.0)
    }

    fn fires(&self, _event: &EventRef) -> Result<bool, Unsupported> {
        Ok(true)
    }

    fn incidents(&self) -> Result<Vec<IncidentView>, Unsupported> {
        Ok(vec![incident("everything", self.since.unwrap_or(Timestamp::UNKNOWN), self.events.clone())])
    }

    fn findings(&self) -> Result<Vec<FindingView>, Unsupported> {
        Ok(Vec::new())
    }

    fn actions(&self) -> Result<Vec<ActionRecord>, Unsupported> {
        Ok(Vec::new())
    }

    fn plans(&self) -> Result<Vec<PlanView>, Unsupported> {
        Ok(Vec::new())
    }
}

/// Raises the risk of whoever signs in from a country the tenant never saw, in that one domain.
#[derive(Clone, Debug, Default)]
struct OneDomain {
    countries: BTreeMap<String, u32>,
    suspects: BTreeSet<(EntityKey, Domain)>,
}

impl MaturityTarget for OneDomain {
    fn feed(&mut self, event: Event) -> Result<(), Unsupported> {
        let Some(country) = event.origin().and_then(|origin| origin.country().map(str::to_owned)) else {
            return Ok(());
        };
        let seen = self.countries.entry(country).or_default();
        *seen += 1;
        if *seen < 5 {
            let actors = event.entities().into_iter().filter(|(_, role)| *role == Role::Actor);
            self.suspects.extend(actors.map(|(key, _)| (key, event.domain())));
        }
        Ok(())
    }

    fn fork(&self) -> Option<Box<dyn MaturityTarget>> {
        Some(Box::new(self.clone()))
    }

    fn risk(&self, who: &EntityKey, domain: Domain) -> Result<f64, Unsupported> {
        Ok(if self.suspects.contains(&(who.clone(), domain)) { 0.9 } else { 0.0 })
    }

    fn incidents(&self) -> Result<Vec<IncidentView>, Unsupported> {
        Ok(Vec::new())
    }

    fn findings(&self) -> Result<Vec<FindingView>, Unsupported> {
        Ok(Vec::new())
    }

    fn actions(&self) -> Result<Vec<ActionRecord>, Unsupported> {
        Ok(Vec::new())
    }

    fn plans(&self) -> Result<Vec<PlanView>, Unsupported> {
        Ok(Vec::new())
    }
}

fn incident(id: &str, opened: Timestamp, events: Vec<EventRef>) -> IncidentView {
    IncidentView {
        id: id.to_owned(),
        opened,
        severity: Severity::CRITICAL,
        confidence: 1.0,
        open: true,
        steps: Vec::new(),
        who: Vec::new(),
        objects: Vec::new(),
        events,
        answers: BTreeMap::new(),
    }
}
