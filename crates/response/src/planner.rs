//! What should be done about a threat: the smallest effective steps, each with its lease and its reason.
//!
//! Urgency = confidence × progress × stake. Per foothold (who acts, by what, from where) the playbook's highest
//! rung that the urgency reaches and an actuator serves is taken; within one plane (network, identity, mail,
//! application) only the narrowest stay, unless it is grave. Nothing done is an answer too, with its reason.
//! O(e·(r + reach)) for e entities and r rows.

use crate::playbook::{Playbook, Row};
use crate::{ActionId, Breadth, Descriptor, Proposer, Request, Target, TargetKind};
use homeostat_core::{Criticality, EntityKey, Reach, RiskView, Role, Stage, Threat, Timestamp};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// From this urgency on breadth is no reason to leave a step out: what is nearly certain, far advanced and near
/// the crown jewels is worth an interruption of work.
pub const GRAVE: f64 = 0.7;

/// The name the planner proposes under.
const NAME: &str = "homeostat-planner";

/// What the planner looks at besides the threats.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Who can get to what.
    pub reach: &'a dyn Reach,
    /// What things are worth.
    pub criticality: &'a dyn Criticality,
    /// The risk of identities.
    pub risk: &'a dyn RiskView,
    /// When it is planned.
    pub now: Timestamp,
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Why nothing is done about a threat.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Declined {
    /// It names nobody and nothing that is acted upon.
    NoFoothold,
    /// Not now: it is not urgent enough for the mildest step.
    NotUrgent {
        /// How urgent it is.
        urgency: f64,
        /// How urgent it would have to be.
        least: f64,
    },
    /// No actuator serves a step that would fit.
    NoActuator,
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFoothold => f.write_str("it names nothing that can be acted upon"),
            Self::NotUrgent { urgency, least } => {
                write!(f, "not now: urgency {urgency:.2} is below {least:.2}, the mildest step")
            }
            Self::NoActuator => f.write_str("no actuator serves a step that fits"),
        }
    }
}

/// What to do, and about what nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Course {
    /// The steps, threat by threat: those first that cost a mistake a minute, then the narrowest; each with its reason.
    pub requests: Vec<Request>,
    /// The ids of threats about which nothing is done, and why.
    pub nothing: Vec<(String, Declined)>,
}

/// Plans responses with a playbook, from what actuators say they can do.
///
/// ```
/// use homeostat_core::{
///     Bits, CalmRisk, EntityKey, EntityKind, MemoryReach, MemoryValues, Role, Stage, TenantId, Threat, Timestamp,
/// };
/// use homeostat_response::{Action, Descriptor, Planner, TargetKind, View};
///
/// let mut threat = Threat::new("inc-7", TenantId::new("acme")?, Timestamp::from_micros(0), Bits::KNOWN_BAD);
/// threat.entities.push((EntityKey::new(EntityKind::WebSession, "okta/acme", "s-81")?, Role::Via));
/// threat.stages.push(Stage::Entry);
/// threat.confidence = 0.9;
///
/// let planner = Planner::new([&Descriptor::new("idp", Action::RevokeSession, TargetKind::Session)]);
/// let (reach, values) = (MemoryReach::default(), MemoryValues::default());
/// let view = View { reach: &reach, criticality: &values, risk: &CalmRisk, now: threat.time };
/// let course = planner.plan(&[threat], &view);
/// assert_eq!(course.requests[0].action, Action::RevokeSession);
/// assert!(course.requests[0].ttl_ms.is_some(), "every containment has a lease");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Planner {
    playbook: Playbook,
    descriptors: Vec<Descriptor>,
}

/// A step that could be taken.
struct Step<'a> {
    row: &'a Row,
    target: Target,
    stake: Stake,
    plane: Plane,
}

#[derive(Clone, Copy)]
struct Stake {
    confidence: f64,
    progress: f64,
    worth: f64,
}

impl Stake {
    fn urgency(self) -> f64 {
        self.confidence * self.progress * self.worth
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Plane {
    Network,
    Identity,
    Mail,
    Application,
}

impl Planner {
    /// A planner with the own playbook for the actuators that say `descriptors` of themselves.
    pub fn new<'a>(descriptors: impl IntoIterator<Item = &'a Descriptor>) -> Self {
        Self { playbook: Playbook::default(), descriptors: descriptors.into_iter().cloned().collect() }
    }

    /// The same with another playbook.
    #[must_use]
    pub fn with_playbook(mut self, playbook: Playbook) -> Self {
        self.playbook = playbook;
        self
    }

    /// What to do about `threats`. The same input gives the same requests with the same ids, so that planning
    /// twice is asking once.
    pub fn plan(&self, threats: &[Threat], view: &View<'_>) -> Course {
        let mut course = Course::default();
        let mut taken = BTreeSet::new();
        for threat in threats {
            match self.steps(threat, view) {
                Err(declined) => course.nothing.push((threat.id.clone(), declined)),
                Ok(steps) => {
                    for step in steps {
                        // Two threats may ask for the same step: once is enough.
                        let about = (step.row.action, step.target.kind, step.target.id.clone());
                        if taken.insert(about) {
                            course.requests.push(request(threat, &step));
                        }
                    }
                }
            }
        }
        course
    }

    fn steps(&self, threat: &Threat, view: &View<'_>) -> Result<Vec<Step<'_>>, Declined> {
        let footholds: Vec<_> = threat.entities.iter().filter_map(foothold).collect();
        if footholds.is_empty() {
            return Err(Declined::NoFoothold);
        }
        let mut steps = Vec::new();
        let mut declined = Declined::NoActuator;
        for (entity, target, plane) in footholds {
            let stake = stake(threat, entity, view);
            match self.rung(threat, &target, stake.urgency()) {
                Ok(row) => steps.push(Step { row, target, stake, plane }),
                Err(Declined::NotUrgent { urgency, least }) => {
                    let nearer = matches!(declined, Declined::NotUrgent { urgency: u, least: l } if l - u <= least - urgency);
                    if !nearer {
                        declined = Declined::NotUrgent { urgency, least };
                    }
                }
                Err(_) => {}
            }
        }
        let mut steps = narrowest(steps);
        // A question that costs a minute is asked before anything is cut off: its answer may end the rest.
        let cuts = |step: &Step<'_>| step.row.action.facts().cost_minutes > 1;
        steps.sort_by(|a, b| (cuts(a), breadth(a), &a.target).cmp(&(cuts(b), breadth(b), &b.target)));
        if steps.is_empty() { Err(declined) } else { Ok(steps) }
    }

    /// The highest rung that `urgency` reaches and an actuator serves; a last resort only where nothing else is served.
    fn rung(&self, threat: &Threat, target: &Target, urgency: f64) -> Result<&Row, Declined> {
        let serves = |row: &&Row| self.descriptors.iter().any(|one| one.serves(row.action, row.target));
        let fits = |row: &&Row| row.target == target.kind && row.fits(threat);
        let mut rows: Vec<&Row> = self.playbook.rows.iter().filter(fits).filter(serves).collect();
        if rows.iter().any(|row| !row.last_resort) {
            rows.retain(|row| !row.last_resort);
        }
        let best = rows.iter().filter(|row| row.from <= urgency).max_by(|a, b| {
            let narrower = b.action.facts().breadth.cmp(&a.action.facts().breadth);
            a.from.total_cmp(&b.from).then(a.is_specific().cmp(&b.is_specific())).then(narrower)
        });
        let least = rows.iter().map(|row| row.from).min_by(f64::total_cmp);
        match (best, least) {
            (Some(row), _) => Ok(row),
            (None, Some(least)) => Err(Declined::NotUrgent { urgency, least }),
            (None, None) => Err(Declined::NoActuator),
        }
    }
}

fn breadth(step: &Step<'_>) -> Breadth {
    step.row.action.facts().breadth
}

/// Per plane only the narrowest steps, and those that are grave.
fn narrowest(steps: Vec<Step<'_>>) -> Vec<Step<'_>> {
    let least = |plane| steps.iter().filter(|one| one.plane == plane).map(breadth).min();
    let mildest =
        [Plane::Network, Plane::Identity, Plane::Mail, Plane::Application].map(|plane| (plane, least(plane)));
    let stays = |step: &Step<'_>| {
        let narrow =
            mildest.iter().any(|(plane, least)| *plane == step.plane && *least == Some(breadth(step)));
        narrow || step.stake.urgency() >= GRAVE
    };
    steps.into_iter().filter(stays).collect()
}

/// Whoever acts, and what they act by and from; never those it is done to.
fn foothold((entity, role): &(EntityKey, Role)) -> Option<(&EntityKey, Target, Plane)> {
    if !matches!(role, Role::Actor | Role::Via | Role::Origin | Role::Device) {
        return None;
    }
    let target = Target::of(entity)?;
    let plane = match target.kind {
        // An address of the own network is a host's matter: blocking it hits whoever has it next.
        TargetKind::Address if !entity.is_public_address() => return None,
        TargetKind::Address
        | TargetKind::Name
        | TargetKind::Host
        | TargetKind::Instance
        | TargetKind::Workload => Plane::Network,
        TargetKind::Message | TargetKind::Mailbox => Plane::Mail,
        TargetKind::Application => Plane::Application,
        _ => Plane::Identity,
    };
    Some((entity, target, plane))
}

fn stake(threat: &Threat, entity: &EntityKey, view: &View<'_>) -> Stake {
    let known = view.risk.risk(entity, view.now).score();
    let own = f64::from(view.criticality.value(entity).get());
    let reached = view.reach.reachable(entity);
    let far =
        reached.iter().map(|one| f64::from(view.criticality.value(&one.entity).get()) * one.probability);
    let worth = far.fold(own, f64::max) / 100.0;
    Stake {
        confidence: threat.confidence.max(known),
        progress: threat.stages.iter().copied().map(progress).fold(0.5, f64::max),
        // What nothing is known of may still be worth something: half.
        worth: 0.5 + 0.5 * worth.clamp(0.0, 1.0),
    }
}

/// How far a stage is on the way to damage, in `0.0..=1.0`. An order with room between, not a fit to data.
fn progress(stage: Stage) -> f64 {
    match stage {
        Stage::Discovery => 0.5,
        Stage::Entry => 0.6,
        Stage::Evasion => 0.7,
        Stage::Privilege | Stage::Persistence => 0.75,
        Stage::C2 => 0.8,
        Stage::Movement | Stage::Collection => 0.85,
        Stage::Egress => 0.95,
        Stage::Impact => 1.0,
    }
}

fn request(threat: &Threat, step: &Step<'_>) -> Request {
    let Step { row, target, stake, .. } = step;
    let kind = format!("{:?}", target.kind);
    let id = ActionId::derive(&[&threat.id, row.action.as_str(), &kind, &target.id]);
    let reason = format!(
        "confidence {:.2} × progress {:.2} × stake {:.2} = urgency {:.2}, from {:.2} on: {}",
        stake.confidence,
        stake.progress,
        stake.worth,
        stake.urgency(),
        row.from,
        row.action
    );
    let request = Request::new(id, threat.tenant.clone(), row.action, target.clone())
        .sure(stake.confidence.clamp(0.0, 1.0))
        .proposed_by(Proposer::Detector(NAME.to_owned()))
        .about(&threat.id, &reason);
    match row.ttl_ms {
        Some(ttl) => request.lease(Duration::from_millis(ttl)),
        None => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Actuator as _, Erase, MemoryActuator, MemoryWorld};
    use homeostat_core::{Bits, CalmRisk, EntityKind, MemoryReach, MemoryValues, Reached, TenantId, Value};

    fn threat(confidence: f64, stage: Stage, entities: &[(EntityKind, &str, Role)]) -> Threat {
        let tenant = TenantId::new("acme").unwrap();
        let mut threat = Threat::new("inc", tenant, Timestamp::from_micros(0), Bits::HIGH);
        threat.confidence = confidence;
        threat.stages.push(stage);
        for (kind, value, role) in entities {
            let key = match kind {
                EntityKind::Ip => EntityKey::ip("office", value),
                _ => EntityKey::new(*kind, "acme", value),
            };
            threat.entities.push((key.unwrap(), *role));
        }
        threat
    }

    fn plan(threat: &Threat, values: &MemoryValues) -> Course {
        let memory = Erase(MemoryActuator::new(MemoryWorld::default()));
        let reach = MemoryReach::default();
        let view = View { reach: &reach, criticality: values, risk: &CalmRisk, now: threat.time };
        Planner::new([memory.descriptor()]).plan(std::slice::from_ref(threat), &view)
    }

    #[track_caller]
    fn check(threat: &Threat, expected: &[Action]) {
        let course = plan(threat, &MemoryValues::default());
        let actions: Vec<Action> = course.requests.iter().map(|one| one.action).collect();
        assert_eq!(actions, expected, "{:?}", course.nothing);
        assert_eq!(plan(threat, &MemoryValues::default()), course, "planning twice is asking once");
    }

    #[test]
    fn the_narrowest_step_of_each_plane_is_taken() {
        let (actor, via, origin) = (Role::Actor, Role::Via, Role::Origin);
        let jane = (EntityKind::Upn, "jane@acme.example", actor);
        check(&threat(0.9, Stage::Entry, &[jane]), &[Action::Challenge]);
        check(
            &threat(0.9, Stage::Entry, &[jane, (EntityKind::WebSession, "s-1", via)]),
            &[Action::RevokeSession],
        );
        check(
            &threat(0.9, Stage::Privilege, &[(EntityKind::AccessKey, "AKIAEXAMPLE", via)]),
            &[Action::DisableCredential],
        );
        check(
            &threat(
                0.9,
                Stage::Entry,
                &[jane, (EntityKind::MailboxId, "m-1", via), (EntityKind::AppId, "a-1", via)],
            ),
            &[Action::Challenge, Action::Tighten, Action::ReAuthenticate],
        );
        check(&threat(0.9, Stage::Entry, &[(EntityKind::Ip, "203.0.113.9", origin)]), &[Action::RateLimit]);
        check(
            &threat(0.9, Stage::Entry, &[(EntityKind::Ip, "203.0.113.9", origin), jane]),
            &[Action::Challenge, Action::RateLimit],
        );
        check(
            &threat(0.9, Stage::C2, &[(EntityKind::Hostname, "web-1", actor)]),
            &[Action::EnforcePatternOfLife],
        );
        check(&threat(0.9, Stage::Entry, &[(EntityKind::Ip, "10.1.2.3", origin)]), &[]);
        check(&threat(0.9, Stage::Entry, &[(EntityKind::Upn, "victim@acme.example", Role::Target)]), &[]);
    }

    #[test]
    fn what_is_at_stake_climbs_the_ladder() {
        let host = threat(0.95, Stage::Impact, &[(EntityKind::Hostname, "dc-1", Role::Actor)]);
        let mut values = MemoryValues::default();
        values.insert(host.entities[0].0.clone(), Value::MOST);
        assert_eq!(plan(&host, &values).requests[0].action, Action::Isolate);
    }

    #[test]
    fn reach_counts_as_stake() {
        let host = threat(0.9, Stage::Movement, &[(EntityKind::Hostname, "web-1", Role::Actor)]);
        let jewel = EntityKey::new(EntityKind::ResourceArn, "1", "arn:aws:s3:::jewels").unwrap();
        let (mut values, mut reach) = (MemoryValues::default(), MemoryReach::default());
        values.insert(jewel.clone(), Value::MOST);
        reach.insert(
            host.entities[0].0.clone(),
            Reached { entity: jewel, probability: 0.9, path: Vec::new() },
        );
        let memory = Erase(MemoryActuator::new(MemoryWorld::default()));
        let view = View { reach: &reach, criticality: &values, risk: &CalmRisk, now: host.time };
        let course = Planner::new([memory.descriptor()]).plan(&[host], &view);
        assert_eq!(course.requests[0].action, Action::Isolate);
    }

    #[test]
    fn without_a_capability_the_next_best_step_or_none_is_planned() {
        let mut host = threat(1.0, Stage::Impact, &[(EntityKind::Hostname, "web-1", Role::Actor)]);
        let (reach, mut values) = (MemoryReach::default(), MemoryValues::default());
        let jane = threat(0.9, Stage::Movement, &[(EntityKind::Upn, "jane@acme.example", Role::Actor)]);
        for one in [&host, &jane] {
            values.insert(one.entities[0].0.clone(), Value::MOST);
        }
        let view = View { reach: &reach, criticality: &values, risk: &CalmRisk, now: host.time };
        let milder = Descriptor::new("edge", Action::EnforcePatternOfLife, TargetKind::Host);
        let plan = |descriptors: &[Descriptor], threat: &Threat| {
            Planner::new(descriptors).plan(std::slice::from_ref(threat), &view)
        };
        assert_eq!(
            plan(std::slice::from_ref(&milder), &host).requests[0].action,
            Action::EnforcePatternOfLife
        );
        assert_eq!(plan(&[], &host).nothing, [("inc".to_owned(), Declined::NoActuator)]);
        let off = Descriptor::new("directory", Action::DisableCredential, TargetKind::Person);
        let ask = Descriptor::new("idp", Action::Challenge, TargetKind::Person);
        let first = |descriptors: &[Descriptor]| plan(descriptors, &jane).requests[0].action;
        assert_eq!(first(std::slice::from_ref(&off)), Action::DisableCredential, "nothing else is served");
        assert_eq!(first(&[off, ask]), Action::Challenge, "whoever can ask asks");
        host.confidence = 0.1;
        let declined = &plan(std::slice::from_ref(&milder), &host).nothing[0].1;
        assert_eq!(declined.to_string(), "not now: urgency 0.10 is below 0.30, the mildest step");
        host.entities.clear();
        assert_eq!(plan(&[milder], &host).nothing[0].1, Declined::NoFoothold);
    }
}
