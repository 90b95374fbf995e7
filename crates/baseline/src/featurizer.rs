//! Which features does an event of this class have, and whose are they?
//!
//! The features of each class are data: a table of what is read through the event's role view. Whoever wants
//! another feature adds a line. O(features) an event.

use crate::observation::Observation;
use homeostat_core::{EntityKey, EntityKind, Role};
use homeostat_event::{ClassUid, Event, Outcome};

/// A categorical feature that is read from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Service,
    Action,
    Call,
    Outcome,
    Origin,
    Asn,
    Country,
    Agent,
    Region,
    Target,
    Mfa,
    Destination,
    Port,
    Protocol,
    Name,
    Answer,
}

/// A size that is read from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    BytesIn,
    BytesOut,
}

/// The features of one class of events.
struct Class {
    uid: ClassUid,
    fields: &'static [Field],
    measures: &'static [Measure],
}

const CLASSES: [Class; 4] = [
    Class {
        uid: ClassUid::API_ACTIVITY,
        fields: &[
            Field::Service,
            Field::Action,
            Field::Call,
            Field::Outcome,
            Field::Origin,
            Field::Asn,
            Field::Country,
            Field::Agent,
            Field::Region,
            Field::Target,
        ],
        measures: &[Measure::BytesIn, Measure::BytesOut],
    },
    Class {
        uid: ClassUid::AUTHENTICATION,
        fields: &[
            Field::Service,
            Field::Outcome,
            Field::Origin,
            Field::Asn,
            Field::Country,
            Field::Agent,
            Field::Mfa,
        ],
        measures: &[],
    },
    Class {
        uid: ClassUid::NETWORK_ACTIVITY,
        fields: &[Field::Destination, Field::Port, Field::Protocol],
        measures: &[Measure::BytesIn, Measure::BytesOut],
    },
    Class { uid: ClassUid::DNS_ACTIVITY, fields: &[Field::Name, Field::Answer], measures: &[] },
];

/// What is read of every other class.
const OTHER: Class = Class {
    uid: ClassUid::BASE_EVENT,
    fields: &[Field::Service, Field::Action, Field::Call, Field::Outcome, Field::Origin, Field::Country],
    measures: &[],
};

/// What is read of the session, token or key through which someone acted: a key used from a place where it was
/// never used before is the sign of a stolen one.
const VIA_FIELDS: [Field; 4] = [Field::Origin, Field::Asn, Field::Country, Field::Agent];

/// What can be stolen and used elsewhere.
const VIA_KINDS: [EntityKind; 6] = [
    EntityKind::AccessKey,
    EntityKind::ApiToken,
    EntityKind::WebSession,
    EntityKind::RoleSession,
    EntityKind::LogonSession,
    EntityKind::K8sServiceAccount,
];

/// Turns events into observations: one of who acted, and one of each session, token or key it acted through.
///
/// | class | categories | sizes |
/// |---|---|---|
/// | API Activity | service, action, both together, outcome, origin, ASN, country, agent, region, target | bytes in, out |
/// | Authentication | service, outcome, origin, ASN, country, agent, MFA | |
/// | Network Activity | destination, port, protocol | bytes in, out |
/// | DNS Activity | registered domain, response code | |
/// | others | service, action, both together, outcome, origin, country | |
///
/// Without an actor the origin is the entity: a machine that opens a connection. Features that the source does
/// not tell are absent.
///
/// ```
/// use homeostat_baseline::Featurizer;
/// use homeostat_event::Event;
///
/// let event = Event::from_json(
///     r#"{"class_uid": 4003, "time": 1773563400000, "src_endpoint": {"ip": "10.0.0.7"},
///         "query": {"hostname": "a.b.example.com"}, "metadata": {"tenant_uid": "acme"}}"#,
/// )?;
/// let observations = Featurizer::default().observations(&event);
/// assert_eq!((observations.len(), observations[0].features()), (1, 1));
/// # Ok::<(), homeostat_event::EventError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Featurizer;

impl Featurizer {
    /// The observations of `event`; none when it names no entity.
    pub fn observations(self, event: &Event) -> Vec<Observation> {
        let class = CLASSES.iter().find(|class| class.uid == event.class_uid()).unwrap_or(&OTHER);
        let entities = event.named();
        let Some(entity) = whose(event, &entities) else { return Vec::new() };
        let mut own = read(event, entity.clone(), class.fields, class.measures);
        if let Some(role) = role_behind(&entity, &entities) {
            own = own.of_group(role.value());
        }
        let mut told = vec![own];
        let via = entities
            .iter()
            .filter(|(key, role)| *role == Role::Via && VIA_KINDS.contains(&key.kind()) && *key != entity);
        told.extend(via.map(|(key, _)| read(event, key.clone(), &VIA_FIELDS, &[])));
        told
    }
}

/// Who acted: the session of a role, which is one party where the role is many; else the actor by its best key;
/// else where it came from; else the first entity named.
fn whose(event: &Event, entities: &[(EntityKey, Role)]) -> Option<EntityKey> {
    let session =
        entities.iter().find(|(key, _)| key.kind() == EntityKind::RoleSession).map(|(key, _)| key.clone());
    let actor = session.or_else(|| {
        let told = event.actor().filter(|actor| !actor.stands_in())?;
        told.keys().first().cloned()
    });
    let of = |wanted: Role| entities.iter().find(|(_, role)| *role == wanted).map(|(key, _)| key.clone());
    actor
        .or_else(|| of(Role::Actor))
        .or_else(|| event.origin().and_then(|origin| origin.key()))
        .or_else(|| entities.first().map(|(key, _)| key.clone()))
}

/// The role whose session `entity` is: those who hold it are peers.
fn role_behind<'e>(entity: &EntityKey, entities: &'e [(EntityKey, Role)]) -> Option<&'e EntityKey> {
    let session = entity.kind() == EntityKind::RoleSession;
    let role =
        |(key, role): &&(EntityKey, Role)| key.kind() == EntityKind::IamRoleArn && *role == Role::Actor;
    entities.iter().filter(|_| session).find(role).map(|(key, _)| key)
}

fn read(event: &Event, entity: EntityKey, fields: &[Field], measures: &[Measure]) -> Observation {
    let mut observation = Observation::new(entity, event.when());
    for field in fields {
        if let Some(value) = field.value(event) {
            observation = observation.with(field.name(), value);
        }
    }
    for measure in measures {
        if let Some(bytes) = measure.size(event) {
            observation = observation.measure(measure.name(), bytes as f64);
        }
    }
    observation
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Action => "action",
            Self::Call => "service and action",
            Self::Outcome => "outcome",
            Self::Origin => "origin address",
            Self::Asn => "origin network",
            Self::Country => "country",
            Self::Agent => "user agent",
            Self::Region => "region",
            Self::Target => "target",
            Self::Mfa => "second factor",
            Self::Destination => "destination",
            Self::Port => "destination port",
            Self::Protocol => "protocol",
            Self::Name => "domain",
            Self::Answer => "response code",
        }
    }

    fn value(self, event: &Event) -> Option<String> {
        match self {
            Self::Service => event.service().map(str::to_owned),
            Self::Action => Some(event.action()).filter(|action| !action.is_empty()).map(str::to_owned),
            Self::Call => event.service().map(|service| format!("{service} {}", event.action())),
            Self::Outcome => outcome(event),
            Self::Origin => event.origin().and_then(|at| Some(at.ip().or(at.hostname())?.to_owned())),
            Self::Asn => event.origin().and_then(|at| at.asn()).map(|number| number.to_string()),
            Self::Country => event.origin().and_then(|at| at.country().map(str::to_owned)),
            Self::Agent => event.origin().and_then(|at| at.user_agent().map(agent_family)),
            Self::Region => event.cloud().and_then(|cloud| cloud.region().map(str::to_owned)),
            Self::Target => target(event),
            Self::Mfa => event.is_mfa().map(|used| if used { "used" } else { "not used" }.to_owned()),
            Self::Destination => {
                event.destination().and_then(|at| Some(at.ip().or(at.hostname())?.to_owned()))
            }
            Self::Port => event.destination().and_then(|at| at.port()).map(|port| port.to_string()),
            Self::Protocol => {
                event.connection_info().and_then(|info| info.protocol_name().map(str::to_owned))
            }
            Self::Name => event.dns().and_then(|dns| dns.hostname().map(registered_domain)),
            Self::Answer => event.dns().and_then(|dns| dns.rcode()).map(|code| code.to_string()),
        }
    }
}

impl Measure {
    const fn name(self) -> &'static str {
        match self {
            Self::BytesIn => "bytes in",
            Self::BytesOut => "bytes out",
        }
    }

    fn size(self, event: &Event) -> Option<u64> {
        let traffic = event.traffic()?;
        match self {
            Self::BytesIn => traffic.bytes_in,
            Self::BytesOut => traffic.bytes_out,
        }
    }
}

/// The source's own code of a failure, else the word for the outcome; nothing when it is not told.
fn outcome(event: &Event) -> Option<String> {
    match event.outcome() {
        Outcome::Success => Some(Outcome::Success.as_str().to_owned()),
        Outcome::Unknown => event.outcome_code().map(str::to_owned),
        other => Some(event.outcome_code().unwrap_or(other.as_str()).to_owned()),
    }
}

/// The value of the first target's best key; nothing where the actor alone is touched.
fn target(event: &Event) -> Option<String> {
    let targets = event.targets();
    let told = targets.first().filter(|party| !party.stands_in())?;
    Some(told.keys().first()?.value().to_owned())
}

/// The program's name without its version: the browser for those that all call themselves Mozilla, else what
/// stands before the first slash, blank or bracket.
fn agent_family(agent: &str) -> String {
    const BROWSERS: [&str; 5] = ["Edg", "OPR", "Firefox", "Chrome", "Safari"];
    if agent.starts_with("Mozilla/") {
        let browser = BROWSERS.into_iter().find(|name| agent.contains(name));
        return browser.unwrap_or("Mozilla").to_owned();
    }
    let end = agent.trim_start_matches('[').find(['/', ' ', '(', ']']);
    let name = agent.trim_start_matches('[');
    end.and_then(|end| name.get(..end)).unwrap_or(name).to_owned()
}

/// The last two labels: what is registered under most top-level domains. Under `co.uk` and its like this is too
/// short, and all names there count as one; a list of public suffixes would be out of date within weeks.
fn registered_domain(name: &str) -> String {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    let start = dots.nth(1).map_or(0, |dot| dot + 1);
    name.get(start..).unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_and_names_are_cut_to_their_family() {
        for (agent, family) in [
            ("aws-cli/2.15.0 Python/3.11", "aws-cli"),
            ("Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "Chrome"),
            ("[aws-sdk-go/1.2]", "aws-sdk-go"),
            ("curl", "curl"),
            ("Mozilla/4.0", "Mozilla"),
        ] {
            assert_eq!(agent_family(agent), family);
        }
        for (name, domain) in
            [("a.b.Example.com.", "example.com"), ("localhost", "localhost"), ("b.c", "b.c")]
        {
            assert_eq!(registered_domain(name), domain);
        }
    }

    #[test]
    fn no_class_has_more_features_than_a_profile_holds() {
        for class in CLASSES.iter().chain([&OTHER]) {
            assert!(class.fields.len() <= crate::cohort::Profile::CATEGORIES);
            assert!(class.measures.len() <= crate::cohort::Profile::SIZES);
        }
    }

    #[test]
    fn the_key_that_was_used_is_observed_beside_its_owner() {
        let event = Event::from_json(
            r#"{"class_uid": 6003, "activity_id": 1, "time": 1773563400000,
                "metadata": {"tenant_uid": "acme"},
                "api": {"operation": "ListBuckets", "service": {"name": "s3.amazonaws.com"}},
                "actor": {"user": {"uid": "arn:aws:iam::123456789012:user/jane", "name": "jane",
                          "programmatic_credentials": [{"uid": "AKIAIOSFODNN7EXAMPLE"}]}},
                "cloud": {"provider": "AWS", "region": "eu-west-1"},
                "http_request": {"user_agent": "aws-cli/2.15"},
                "src_endpoint": {"ip": "192.0.2.7"}, "status_id": 1}"#,
        )
        .unwrap();
        let told = Featurizer.observations(&event);
        let kinds: Vec<_> = told.iter().map(|observation| observation.entity().kind()).collect();
        assert_eq!(kinds, [EntityKind::IamUserArn, EntityKind::AccessKey]);
        assert_eq!(told[0].features(), 7);
        assert_eq!(told[1].features(), 2);
    }
}
