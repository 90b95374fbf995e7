//! The story: many names, one person, and only where the evidence says so.

#![cfg(test)]

use homeostat_core::{
    Bits, Domain, EntityKey, EntityKind, EventRef, Occurrence, Position, Role, Signal, State as _, TenantId,
    Timestamp,
};
use homeostat_identity::{
    Change, Directory, EntityClass, Law, Limits, Link, LinkKind, LoginRule, Observation, Outcome, Strength,
    Validity,
};

const ACCOUNT: &str = "123456789012";

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn time(clock: &str) -> Timestamp {
    format!("2026-03-16T{clock}Z").parse().unwrap()
}

fn event(source: &str, record: u64) -> EventRef {
    EventRef::new(source, record).unwrap()
}

fn key(kind: EntityKind, scope: &str, value: &str) -> EntityKey {
    EntityKey::new(kind, scope, value).unwrap()
}

/// The names of one morning.
struct Names {
    mail: EntityKey,
    upn: EntityKey,
    okta: EntityKey,
    windows: EntityKey,
    iam_user: EntityKey,
    role: EntityKey,
    session: EntityKey,
    access_key: EntityKey,
    temporary: EntityKey,
    host: EntityKey,
    address: EntityKey,
    egress: EntityKey,
    bob: EntityKey,
}

impl Names {
    fn new() -> Self {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/etl");
        Self {
            mail: key(EntityKind::Email, "acme", "Jane.Doe@acme.example"),
            upn: key(EntityKind::Upn, "acme", "jane.doe@acme.example"),
            okta: key(EntityKind::DirectoryObjectId, "acme.okta.example", "00u1jane"),
            windows: key(EntityKind::Sam, "corp", "jane.doe"),
            iam_user: key(EntityKind::IamUserArn, ACCOUNT, &format!("arn:aws:iam::{ACCOUNT}:user/jane.doe")),
            role: key(EntityKind::IamRoleArn, ACCOUNT, &role),
            session: key(EntityKind::RoleSession, ACCOUNT, &format!("{role}/nightly")),
            access_key: key(EntityKind::AccessKey, "acme", "AKIAJANE"),
            temporary: key(EntityKind::AccessKey, "acme", "ASIANIGHTLY"),
            host: key(EntityKind::Hostname, "acme", "ws-7"),
            address: EntityKey::ip("acme", "10.0.0.7").unwrap(),
            egress: EntityKey::ip("acme", "203.0.113.9").unwrap(),
            bob: key(EntityKind::Upn, "acme", "bob@acme.example"),
        }
    }
}

struct Story {
    names: Names,
    directory: Directory,
    next: u64,
}

impl Story {
    fn new() -> Self {
        let rules = vec![
            LoginRule::windows_domain("corp", "acme.example"),
            LoginRule::iam_account(ACCOUNT, "acme.example"),
        ];
        let directory = Directory::build(acme(), rules, Limits::default()).unwrap();
        Self { names: Names::new(), directory, next: 0 }
    }

    fn tell(&mut self, clock: &str, links: Vec<Link>) -> (Vec<Outcome>, Vec<Change>) {
        let observation = Observation::of_links(&acme(), time(clock), links);
        let position = Position::at(self.next);
        self.next += 1;
        let learnt = self.directory.observe(position, &observation).unwrap().applied().unwrap();
        (learnt.outcomes, learnt.changes)
    }

    #[track_caller]
    fn one(&self, a: &EntityKey, b: &EntityKey) -> bool {
        let of = |key| self.directory.resolve(key, Timestamp::NEVER).expect("a known key");
        assert_eq!(
            of(a) == of(b),
            !self.directory.because(a, b).is_empty(),
            "one has a reason, two have none"
        );
        of(a) == of(b)
    }
}

/// All links that the logs of the morning tell.
fn morning() -> Story {
    let mut story = Story::new();
    let n = Names::new();
    let okta = event("okta", 1);
    story.tell(
        "08:00:00",
        vec![
            Link::same(n.okta.clone(), n.upn.clone(), &okta),
            Link::same(n.okta.clone(), n.mail.clone(), &okta),
        ],
    );
    let windows = event("dc", 4);
    let on = Validity::between(time("08:01:00"), time("18:00:00")).unwrap();
    story.tell(
        "08:01:00",
        vec![Link::new(LinkKind::LoggedOn, n.windows.clone(), n.host.clone(), &windows).valid(on)],
    );
    let lease = Validity::between(time("07:55:00"), time("11:55:00")).unwrap();
    story.tell("08:01:00", vec![Link::lease(n.address.clone(), n.host.clone(), lease, &event("dhcp", 2))]);
    let trail = event("cloudtrail", 9);
    story.tell(
        "09:00:00",
        vec![
            Link::new(LinkKind::ActsFor, n.access_key.clone(), n.iam_user.clone(), &trail),
            Link::new(LinkKind::ActsFor, n.session.clone(), n.role.clone(), &trail),
            Link::new(LinkKind::ActsFor, n.session.clone(), n.iam_user.clone(), &trail),
            Link::new(LinkKind::ActsFor, n.temporary.clone(), n.session.clone(), &trail),
        ],
    );
    story
}

#[test]
fn many_names_are_one_person_where_the_evidence_says_so() {
    let story = morning();
    let n = &story.names;
    for name in [&n.mail, &n.upn, &n.windows, &n.iam_user] {
        assert!(story.one(&n.okta, name), "{name}");
    }
    for other in [&n.role, &n.session, &n.access_key, &n.temporary, &n.host, &n.address] {
        assert!(!story.one(&n.okta, other), "{other}");
    }
    let jane = story.directory.resolve(&n.mail, Timestamp::NEVER).unwrap();
    let entity = story.directory.entity(jane).unwrap();
    assert_eq!((entity.class, entity.identifiers.len()), (EntityClass::Person, 5));
    assert_eq!(story.directory.canonical_key(jane), Some(&n.upn));

    let why = story.directory.because(&n.iam_user, &n.mail);
    let evidence: Vec<&str> = why.iter().map(|link| link.evidence.as_str()).collect();
    assert_eq!(evidence, ["tenant-rules#1", "okta#1", "okta#1"]);
    assert_eq!(why[0].strength, Strength::Rule);
}

#[test]
fn behind_a_temporary_key_stands_the_person_and_never_the_role() {
    let story = morning();
    let n = &story.names;
    let jane = story.directory.resolve(&n.upn, Timestamp::NEVER).unwrap();
    let behind = story.directory.behind(&n.temporary, time("09:30:00"));
    assert_eq!(behind.len(), 1);
    assert_eq!(behind[0].id, jane);
    assert_eq!(behind[0].because.iter().map(|link| &link.b).collect::<Vec<_>>(), [&n.session, &n.iam_user]);
    assert!(story.directory.behind(&n.role, time("09:30:00")).is_empty());
    let aliases = story.directory.aliases();
    let of_jane = aliases.iter().find(|entity| entity.id == jane).unwrap();
    for name in [&n.access_key, &n.session, &n.temporary, &n.mail] {
        assert!(of_jane.identifiers.contains(name), "{name}");
    }
    assert!(!of_jane.identifiers.contains(&n.role));
    let of_host = aliases.iter().find(|entity| entity.identifiers.contains(&n.host)).unwrap();
    assert_eq!(of_host.identifiers, [n.host.clone(), n.address.clone()]);
}

#[test]
fn an_address_leads_to_the_machine_that_held_it_then() {
    let mut story = morning();
    let n = Names::new();
    let other = key(EntityKind::Hostname, "acme", "ws-8");
    let lease = Validity::between(time("11:55:00"), time("15:55:00")).unwrap();
    story.tell("11:55:00", vec![Link::lease(n.address.clone(), other.clone(), lease, &event("dhcp", 3))]);
    let at = |clock| story.directory.holder(&n.address, time(clock));
    let resolve = |key| story.directory.resolve(key, Timestamp::NEVER);
    assert_eq!(at("07:00:00"), None);
    assert_eq!(at("09:00:00"), resolve(&n.host));
    assert_eq!(at("11:55:00"), resolve(&other));
    assert_eq!(at("20:00:00"), None);
    assert!(!story.one(&n.host, &other));
}

#[test]
fn two_machines_that_claim_an_address_at_once_both_lose_it() {
    let mut story = morning();
    let n = Names::new();
    let other = key(EntityKind::Hostname, "acme", "ws-8");
    let same_time = Validity::between(time("07:55:00"), time("09:00:00")).unwrap();
    story.tell("08:00:00", vec![Link::lease(n.address.clone(), other, same_time, &event("dhcp", 3))]);
    assert_eq!(story.directory.holder(&n.address, time("08:30:00")), None);
    let later = story.directory.holder(&n.address, time("09:30:00"));
    assert_eq!(later, story.directory.resolve(&n.host, Timestamp::NEVER));
}

#[test]
fn an_address_that_was_only_seen_counts_while_nobody_disagrees() {
    let mut story = Story::new();
    let n = Names::new();
    let other = key(EntityKind::Hostname, "acme", "ws-8");
    let seen = |clock, until, host: &EntityKey, record| {
        let span = Validity::between(time(clock), time(until)).unwrap();
        Link::lease(n.address.clone(), host.clone(), span, &event("agent", record)).resting_on(Strength::Weak)
    };
    story.tell("09:00:00", vec![seen("09:00:00", "10:00:00", &n.host, 0)]);
    story.tell("09:30:00", vec![seen("09:30:00", "10:30:00", &other, 1)]);
    let at = |story: &Story, clock| story.directory.holder(&n.address, time(clock));
    let resolve = |story: &Story, key| story.directory.resolve(key, Timestamp::NEVER);
    assert_eq!(at(&story, "09:10:00"), resolve(&story, &n.host));
    assert_eq!(at(&story, "09:40:00"), None);
    let lease = Validity::between(time("09:00:00"), time("12:00:00")).unwrap();
    story.tell("09:45:00", vec![Link::lease(n.address.clone(), other.clone(), lease, &event("dhcp", 3))]);
    assert_eq!(at(&story, "09:40:00"), resolve(&story, &other), "a lease outweighs what was seen");
}

#[test]
fn colleagues_behind_one_address_and_at_one_workstation_stay_two() {
    let mut story = morning();
    let n = Names::new();
    let on = Validity::between(time("09:00:00"), time("10:00:00")).unwrap();
    let log = event("dc", 5);
    let (outcomes, changes) = story.tell(
        "09:00:00",
        vec![
            Link::new(LinkKind::LoggedOn, n.bob.clone(), n.host.clone(), &log).valid(on),
            Link::same(n.bob.clone(), n.host.clone(), &log),
            Link::same(n.upn.clone(), n.host.clone(), &log),
            Link::same(n.bob.clone(), n.egress.clone(), &log),
            Link::same(n.upn.clone(), n.egress.clone(), &log),
        ],
    );
    let refused =
        [Law::PersonAndDevice, Law::PersonAndDevice, Law::Address, Law::Address].map(Outcome::Refused);
    assert_eq!(outcomes[1..], refused);
    assert!(changes.is_empty());
    assert!(!story.one(&n.bob, &n.upn));
}

#[test]
fn a_wrong_link_is_taken_back_and_the_old_number_returns() {
    let mut story = morning();
    let n = Names::new();
    let at = Timestamp::NEVER;
    story.tell(
        "10:00:00",
        vec![Link::new(LinkKind::LoggedOn, n.bob.clone(), n.host.clone(), &event("dc", 6))],
    );
    let (jane, bob) =
        (story.directory.resolve(&n.upn, at).unwrap(), story.directory.resolve(&n.bob, at).unwrap());
    let wrong = Link::same(n.upn.clone(), n.bob.clone(), &event("import", 0)).resting_on(Strength::Directory);
    let (_, changes) = story.tell("10:01:00", vec![wrong.clone()]);
    assert_eq!(changes, [Change::Merged { into: jane, absorbed: bob }]);
    assert_eq!(story.directory.resolve(&n.bob, at), Some(jane));
    assert_eq!(story.directory.entity(bob).unwrap().id, jane, "the absorbed number forwards");
    assert!(story.directory.retract(wrong.id()));
    assert_eq!(story.directory.resolve(&n.bob, at), Some(bob));
    let (outcomes, _) = story.tell("10:02:00", vec![wrong]);
    assert_eq!(outcomes, [Outcome::Retracted], "told again, it counts no longer");
    assert!(!story.one(&n.upn, &n.bob));
}

#[test]
fn a_mail_address_that_goes_on_to_a_successor_names_each_in_their_time() {
    let mut story = Story::new();
    let desk = key(EntityKind::Email, "acme", "desk@acme.example");
    let change = time("12:00:00");
    let (first, second) = (story.names.upn.clone(), story.names.bob.clone());
    let until = Validity::between(Timestamp::BEFORE_ALL, change).unwrap();
    let hr = event("hr", 0);
    story.tell(
        "13:00:00",
        vec![
            Link::same(first.clone(), desk.clone(), &hr).resting_on(Strength::Directory).valid(until),
            Link::same(second.clone(), desk.clone(), &hr)
                .resting_on(Strength::Directory)
                .valid(Validity::since(change)),
        ],
    );
    let at = |key, clock| story.directory.resolve(key, time(clock));
    assert_eq!(at(&desk, "11:59:59"), at(&first, "11:59:59"));
    assert_eq!(at(&desk, "12:00:00"), at(&second, "12:00:00"));
    assert_ne!(at(&first, "12:00:00"), at(&second, "12:00:00"));
    assert!(story.directory.because_at(&first, &desk, time("12:00:00")).is_empty());
}

#[test]
fn a_signal_is_resolved_as_of_its_time_with_the_links_that_held() {
    let mut story = morning();
    let n = Names::new();
    let occurrence = Occurrence {
        tenant: acme(),
        event: event("cloudtrail", 12),
        time: time("09:30:00"),
        domain: Domain::Cloud,
    };
    let mut signal = Signal::new("rare-call", &occurrence, &n.role, Bits::MEDIUM);
    signal.involve(n.temporary.clone(), Role::Via);
    signal.involve(n.address.clone(), Role::Origin);
    signal.involve(EntityKey::ip("acme", "198.51.100.3").unwrap(), Role::Related);
    let before = story.directory.stats().keys;
    let resolved = story.directory.resolve_signal(&signal).unwrap();
    assert_eq!(story.directory.stats().keys, before + 1, "one key was not known");
    assert_eq!(resolved.participants.len(), 4);
    let id = |key| story.directory.resolve(key, occurrence.time).unwrap();
    let expected = [
        (id(&n.temporary), id(&n.session), LinkKind::ActsFor),
        (id(&n.session), id(&n.role), LinkKind::ActsFor),
        (id(&n.session), id(&n.upn), LinkKind::ActsFor),
        (id(&n.address), id(&n.host), LinkKind::Leases),
    ];
    assert_eq!(resolved.links.len(), expected.len());
    assert!(expected.iter().all(|link| resolved.links.contains(link)));
    let bytes = story.directory.to_bytes();
    assert_eq!(story.directory.resolve_signal(&signal).unwrap(), resolved);
    assert_eq!(story.directory.to_bytes(), bytes, "asking again changes nothing");

    signal.tenant = TenantId::new("rival").unwrap();
    let refused = story.directory.resolve_signal(&signal).unwrap_err();
    assert_eq!(refused.to_string(), "the input belongs to another tenant");
}

#[test]
fn what_everybody_meets_weighs_little() {
    let mut directory = Directory::new(acme());
    let proxy = EntityKey::ip("acme", "10.0.0.1").unwrap();
    for number in 0..40_u64 {
        let person = key(EntityKind::Upn, "acme", &format!("p{number}@acme.example"));
        let occurrence = Occurrence {
            tenant: acme(),
            event: event("proxy", number),
            time: time("09:00:00"),
            domain: Domain::Network,
        };
        let mut signal = Signal::new("odd-site", &occurrence, &person, Bits::LOW);
        signal.involve(proxy.clone(), Role::Origin);
        directory.resolve_signal(&signal).unwrap();
    }
    let hub = directory.resolve(&proxy, Timestamp::NEVER).unwrap();
    let person = key(EntityKind::Upn, "acme", "p7@acme.example");
    let person = directory.resolve(&person, Timestamp::NEVER).unwrap();
    assert_eq!((directory.degree(hub), directory.degree(person)), (40, 1));
    assert!(directory.is_hub(hub) && !directory.is_hub(person));
    assert!(directory.hub_weight(hub) < 0.2 && directory.hub_weight(person) > 0.6);
}
