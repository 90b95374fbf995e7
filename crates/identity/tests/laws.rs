//! The laws of identity over random links: order, undoing, never-merge, tenants, snapshots.

#![cfg(test)]

use homeostat_core::conformance::state_laws;
use homeostat_core::{
    EntityKey, EntityKind, EventRef, Forget as _, Position, State as _, TenantId, Timestamp,
};
use homeostat_identity::{
    Directory, EntityClass, Fact, Limits, Link, LinkKind, LoginRule, Observation, Outcome, Strength, Validity,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::BTreeSet;

const KINDS: [EntityKind; 17] = [
    EntityKind::Upn,
    EntityKind::Email,
    EntityKind::Sam,
    EntityKind::DirectoryObjectId,
    EntityKind::Sid,
    EntityKind::IamUserArn,
    EntityKind::IamRoleArn,
    EntityKind::RoleSession,
    EntityKind::WebSession,
    EntityKind::AccessKey,
    EntityKind::Hostname,
    EntityKind::Fqdn,
    EntityKind::DeviceId,
    EntityKind::InstanceId,
    EntityKind::Ip,
    EntityKind::NativeId,
    EntityKind::ResourceArn,
];

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn key(kind: EntityKind, number: u8) -> EntityKey {
    match kind {
        EntityKind::Ip => EntityKey::ip("acme", &format!("10.0.0.{}", number + 1)).unwrap(),
        EntityKind::Upn | EntityKind::Email => {
            EntityKey::new(kind, "acme", &format!("u{number}@acme.example")).unwrap()
        }
        _ => EntityKey::new(kind, "acme", &format!("n{number}")).unwrap(),
    }
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn any_key() -> impl Strategy<Value = EntityKey> {
    (select(&KINDS[..]), 0_u8..4).prop_map(|(kind, number)| key(kind, number))
}

/// A key of a few kinds of one nature, so that many links join.
fn any_alike() -> impl Strategy<Value = (EntityKey, EntityKey)> {
    let of = |kinds: &'static [EntityKind]| {
        let one = || (select(kinds), 0_u8..4).prop_map(|(kind, number)| key(kind, number));
        (one(), one())
    };
    prop_oneof![of(&KINDS[..6]), of(&KINDS[10..14])]
}

/// A key that names a person.
fn any_person() -> impl Strategy<Value = EntityKey> {
    (select(&KINDS[..6]), 0_u8..4).prop_map(|(kind, number)| key(kind, number))
}

fn any_validity() -> impl Strategy<Value = Validity> {
    prop_oneof![
        3 => Just(Validity::ALWAYS),
        1 => (0_i64..20, 1_i64..10).prop_map(|(from, span)| {
            Validity::between(time(from), time(from + span)).unwrap()
        }),
        1 => (0_i64..20).prop_map(|from| Validity::since(time(from))),
    ]
}

fn any_link() -> impl Strategy<Value = Link> {
    let ends = prop_oneof![(any_key(), any_key()), any_alike()];
    let kind = prop_oneof![4 => Just(LinkKind::SameAs), 2 => select(&LinkKind::ALL[..])];
    (ends, kind, select(&Strength::ALL[..]), any_validity(), 0_u64..9, 0_u8..3).prop_map(
        |((a, b), kind, strength, valid, record, witness)| {
            let event = EventRef::new("log.jsonl", record).unwrap();
            Link::new(kind, a, b, &event)
                .resting_on(strength)
                .valid(valid)
                .told_by(&format!("witness {witness}"))
        },
    )
}

/// Observations of one fact each, told at random times.
fn any_observations() -> impl Strategy<Value = Vec<Observation>> {
    let class = (any_key(), select(&EntityClass::ALL[..])).prop_map(|(key, class)| Fact::Class(key, class));
    let fact = prop_oneof![12 => any_link().prop_map(Fact::Link), 1 => class];
    let told = (fact, 0_i64..20).prop_map(|(fact, at)| Observation::new(&acme(), time(at), vec![fact]));
    prop::collection::vec(told, 0..40)
}

fn learnt(observations: &[Observation]) -> Directory {
    let mut directory = Directory::new(acme());
    for (offset, observation) in observations.iter().enumerate() {
        directory.observe(Position::at(offset as u64), observation).unwrap();
    }
    directory
}

/// The moments at which the answers of the random links can differ.
fn moments() -> impl Iterator<Item = Timestamp> {
    [Timestamp::UNKNOWN, Timestamp::NEVER].into_iter().chain((0..30).map(time))
}

fn clusters(directory: &Directory, at: Timestamp) -> BTreeSet<(EntityClass, Vec<EntityKey>)> {
    let entities = directory.clusters_at(at).into_iter();
    // A key that stands alone may be known to one directory only because a link to it was tried.
    entities.map(|entity| (entity.class, entity.identifiers)).filter(|(_, keys)| keys.len() > 1).collect()
}

fn nature(class: EntityClass) -> u8 {
    match class {
        EntityClass::Person | EntityClass::ServiceAccount | EntityClass::AiAgent => 0,
        EntityClass::Device | EntityClass::Workload => 1,
        EntityClass::Unknown => 2,
        other => 10 + other.number(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_the_same_links_gives_the_same_entities(
        observations in any_observations(),
        swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 0..40),
    ) {
        let mut shuffled = observations.clone();
        for (a, b) in swaps {
            if !shuffled.is_empty() {
                let (a, b) = (a.index(shuffled.len()), b.index(shuffled.len()));
                shuffled.swap(a, b);
            }
        }
        let (one, other) = (learnt(&observations), learnt(&shuffled));
        for at in moments() {
            prop_assert_eq!(clusters(&one, at), clusters(&other, at), "at {}", at);
        }
    }

    #[test]
    fn what_is_taken_back_was_never_said(observations in any_observations(), chosen: Index) {
        let links: Vec<_> = observations.iter().filter_map(link_of).collect();
        prop_assume!(!links.is_empty());
        let gone = links[chosen.index(links.len())].id();
        let mut directory = learnt(&observations);
        let before = directory.to_bytes();
        let ids: Vec<_> = directory.clusters().iter().map(|entity| entity.id).collect();

        let retracted = directory.retract(gone);
        let rest: Vec<_> = observations
            .iter()
            .filter(|told| link_of(told).is_none_or(|link| link.id() != gone))
            .cloned()
            .collect();
        let oracle = learnt(&rest);
        for at in moments() {
            prop_assert_eq!(clusters(&directory, at), clusters(&oracle, at), "at {}", at);
        }
        prop_assert_eq!(directory.restore(gone), retracted);
        prop_assert_eq!(directory.to_bytes(), before);
        prop_assert_eq!(directory.clusters().iter().map(|entity| entity.id).collect::<Vec<_>>(), ids);
    }

    #[test]
    fn no_chain_of_links_joins_what_a_law_keeps_apart(observations in any_observations()) {
        let directory = learnt(&observations);
        for at in moments() {
            for (_, keys) in clusters(&directory, at) {
                let natures: BTreeSet<u8> =
                    keys.iter().map(|key| nature(EntityClass::of(key))).filter(|nature| *nature != 2).collect();
                prop_assert!(natures.len() <= 1, "{:?}", keys);
                prop_assert!(keys.iter().all(|key| key.kind() != EntityKind::Ip));
            }
        }
    }

    #[test]
    fn what_two_people_share_never_joins_them(
        joined in prop::collection::vec((any_person(), any_person()), 0..8),
        shared in prop::collection::vec((any_person(), 0_usize..2, any_validity()), 0..20),
        strength in select(&Strength::ALL[..]),
    ) {
        let event = EventRef::new("log", 0).unwrap();
        let observe = |links: Vec<Link>| Observation::of_links(&acme(), time(0), links);
        let own: Vec<_> =
            joined.into_iter().map(|(a, b)| observe(vec![Link::same(a, b, &event)])).collect();
        let things = [key(EntityKind::Hostname, 0), key(EntityKind::Ip, 0)];
        let uses = shared.into_iter().flat_map(|(person, thing, valid)| {
            LinkKind::ALL.map(|kind| {
                let link = Link::new(kind, person.clone(), things[thing].clone(), &event);
                observe(vec![link.resting_on(strength).valid(valid)])
            })
        });
        let all: Vec<_> = own.iter().cloned().chain(uses).collect();
        for at in moments() {
            prop_assert_eq!(clusters(&learnt(&all), at), clusters(&learnt(&own), at));
        }
    }

    #[test]
    fn a_group_is_explained_by_a_chain_of_its_own_links(observations in any_observations()) {
        let directory = learnt(&observations);
        for at in [Timestamp::NEVER, time(5)] {
            for (_, keys) in clusters(&directory, at) {
                let last = keys.last().unwrap();
                let links = directory.because_at(&keys[0], last, at);
                prop_assert!(!links.is_empty());
                prop_assert!(links.iter().all(|link| link.valid.holds(at) && link.kind == LinkKind::SameAs));
                let mut reached = BTreeSet::from([keys[0].clone()]);
                for link in &links {
                    prop_assert!(reached.contains(&link.a) || reached.contains(&link.b));
                    reached.extend([link.a.clone(), link.b.clone()]);
                }
                prop_assert!(reached.contains(last));
            }
        }
    }

    #[test]
    fn numbers_stay_and_forward(observations in any_observations()) {
        let mut directory = Directory::new(acme());
        let mut given: Vec<(EntityKey, homeostat_identity::EntityId)> = Vec::new();
        for (offset, observation) in observations.iter().enumerate() {
            directory.observe(Position::at(offset as u64), observation).unwrap();
            for (key, first) in &given {
                let now = directory.resolve(key, Timestamp::NEVER).unwrap();
                prop_assert_eq!(directory.current(*first), directory.current(now));
            }
            for entity in directory.clusters() {
                prop_assert_eq!(directory.entity(entity.id), Some(entity.clone()));
                let canonical = directory.canonical_key(entity.id).unwrap();
                prop_assert!(entity.identifiers.contains(canonical));
                let alone = entity.identifiers.len() == 1;
                given.extend(entity.identifiers.into_iter().filter(|_| alone).map(|key| (key, entity.id)));
            }
        }
    }

    #[test]
    fn a_forgotten_entity_leaves_what_others_said(observations in any_observations(), chosen: Index) {
        let mut directory = learnt(&observations);
        let all = directory.clusters();
        prop_assume!(!all.is_empty());
        let person = all[chosen.index(all.len())].clone();
        prop_assert!(directory.forget(&person.identifiers[0]));
        prop_assert!(!directory.forget(&person.identifiers[0]));
        for key in &person.identifiers {
            prop_assert_eq!(directory.resolve(key, Timestamp::NEVER), None);
        }
        let left: BTreeSet<EntityKey> =
            directory.clusters().into_iter().flat_map(|entity| entity.identifiers).collect();
        let speaks_of_left = |told: &&Observation| match &told.facts[0] {
            Fact::Link(link) => left.contains(&link.a) && left.contains(&link.b),
            Fact::Class(key, _) => left.contains(key),
            _ => false,
        };
        let rest: Vec<_> = observations.iter().filter(speaks_of_left).cloned().collect();
        for at in moments() {
            prop_assert_eq!(clusters(&directory, at), clusters(&learnt(&rest), at), "at {}", at);
        }
        let restored = Directory::from_bytes(&directory.to_bytes()).unwrap();
        prop_assert_eq!(restored.to_bytes(), directory.to_bytes());
    }

    #[test]
    fn a_full_directory_keeps_its_limits(observations in any_observations()) {
        let mut limits = Limits::default();
        (limits.links, limits.identifiers, limits.periods, limits.slices) = (2, 3, 1, 2);
        let rules = vec![LoginRule::mail_is_login("acme.example")];
        let mut directory = Directory::build(acme(), rules, limits).unwrap();
        for (offset, observation) in observations.iter().enumerate() {
            directory.observe(Position::at(offset as u64), observation).unwrap();
        }
        prop_assert!(directory.clusters().iter().all(|entity| entity.identifiers.len() <= 3));
        let restored = Directory::from_bytes(&directory.to_bytes()).unwrap();
        prop_assert_eq!(restored.to_bytes(), directory.to_bytes());
        prop_assert_eq!(clusters(&restored, time(5)), clusters(&directory, time(5)));
    }
}

fn link_of(observation: &Observation) -> Option<&Link> {
    observation.facts.iter().find_map(|fact| if let Fact::Link(link) = fact { Some(link) } else { None })
}

fn person(local: &str) -> EntityKey {
    EntityKey::new(EntityKind::Upn, "acme", &format!("{local}@acme.example")).unwrap()
}

fn one(fact: Fact) -> Observation {
    Observation::new(&acme(), time(3), vec![fact])
}

#[test]
fn the_state_laws_hold() {
    let event = EventRef::new("log", 1).unwrap();
    let host = key(EntityKind::Hostname, 1);
    let span = Validity::between(time(1), time(9)).unwrap();
    let joins = Link::same(key(EntityKind::Upn, 1), key(EntityKind::Email, 1), &event);
    let weak = Link::same(key(EntityKind::Upn, 1), key(EntityKind::SaasUserId, 1), &event);
    let inputs = [
        one(Fact::Link(joins.clone())),
        one(Fact::Link(Link::lease(key(EntityKind::Ip, 1), host.clone(), span, &event))),
        one(Fact::Link(weak.clone().resting_on(Strength::Weak))),
        one(Fact::Link(weak.resting_on(Strength::Weak).told_by("other"))),
        one(Fact::Class(key(EntityKind::NativeId, 1), EntityClass::Device)),
        one(Fact::Link(Link::same(key(EntityKind::NativeId, 1), host, &event))),
        one(Fact::Retract(joins.id())),
        Observation::new(&TenantId::new("other").unwrap(), time(4), vec![]),
        one(Fact::Restore(joins.id())),
    ];
    let rules =
        vec![LoginRule::mail_is_login("acme.example"), LoginRule::windows_domain("corp", "acme.example")];
    let start = Directory::build(acme(), rules, Limits::default()).unwrap();
    assert_eq!(state_laws(&start, &inputs), Ok(()));
}

#[test]
fn another_tenant_never_enters() {
    let mut directory = Directory::new(acme());
    let event = EventRef::new("log", 1).unwrap();
    let foreign = EntityKey::new(EntityKind::Upn, "rival", "jane@rival.example").unwrap();
    let start = directory.to_bytes();
    let link = Link::same(person("jane"), foreign, &event);
    let cases = [
        (one(Fact::Link(link.clone())), "a key of entry 0 is named by another tenant"),
        (
            Observation::of_links(&TenantId::new("rival").unwrap(), time(0), vec![link]),
            "the input belongs to another tenant",
        ),
    ];
    for (offset, (observation, message)) in cases.iter().enumerate() {
        let refused = directory.observe(Position::at(offset as u64), observation).unwrap_err();
        assert_eq!(refused.to_string(), *message);
    }
    assert_eq!(directory.stats().keys, 0);
    assert_eq!(directory.stats().foreign, 2);
    assert_ne!(directory.to_bytes(), start, "the positions are taken");
    let nobodys = Directory::default().observe(Position::at(0), &cases[0].0).unwrap_err();
    assert_eq!(nobodys.to_string(), "the directory belongs to no tenant");
}

#[test]
fn what_the_tenant_names_may_come_unscoped() {
    let mut directory = Directory::new(acme());
    let event = EventRef::new("log", 1).unwrap();
    let bare = EntityKey::new(EntityKind::Upn, "", "jane@acme.example").unwrap();
    let link = Link::same(bare.clone(), key(EntityKind::Sid, 1), &event);
    directory.observe(Position::at(0), &one(Fact::Link(link))).unwrap();
    let at = Timestamp::NEVER;
    assert_eq!(directory.resolve(&bare, at), directory.resolve(&person("jane"), at));
    assert!(directory.resolve(&bare, at).is_some());
}

#[track_caller]
fn check(facts: Vec<Fact>, expected: Outcome) {
    let mut directory = Directory::new(acme());
    let observation = Observation::new(&acme(), time(3), facts);
    let learnt = directory.observe(Position::at(0), &observation).unwrap().applied().unwrap();
    assert_eq!(learnt.outcomes.last(), Some(&expected));
}

#[test]
fn each_wrong_link_is_told_its_law() {
    use EntityKind as K;
    use homeostat_identity::Law;
    let event = EventRef::new("log", 1).unwrap();
    let same = |a: EntityKind, b: EntityKind| Fact::Link(Link::same(key(a, 0), key(b, 1), &event));
    let of = |kind, a, b| Fact::Link(Link::new(kind, key(a, 0), key(b, 1), &event));
    check(vec![same(K::Upn, K::Hostname)], Outcome::Refused(Law::PersonAndDevice));
    check(vec![same(K::IamRoleArn, K::IamUserArn)], Outcome::Refused(Law::RoleAndPrincipal));
    check(vec![same(K::WebSession, K::Upn)], Outcome::Refused(Law::SessionAndPrincipal));
    check(vec![same(K::AccessKey, K::IamUserArn)], Outcome::Refused(Law::CredentialAndPrincipal));
    check(vec![same(K::Ip, K::NativeId)], Outcome::Refused(Law::Address));
    check(vec![same(K::Ip, K::Hostname)], Outcome::Refused(Law::Address));
    check(vec![same(K::RoleSession, K::AccessKey)], Outcome::Refused(Law::OtherNature));
    check(vec![same(K::Sid, K::Sid)], Outcome::Refused(Law::TwoAccounts));
    check(vec![of(LinkKind::Leases, K::Ip, K::Hostname)], Outcome::Refused(Law::LeaseWithoutEnd));
    check(vec![of(LinkKind::Leases, K::Ip, K::Upn)], Outcome::Refused(Law::LeaseShape));
    check(vec![of(LinkKind::LoggedOn, K::Upn, K::Ip)], Outcome::Refused(Law::LogonShape));
    let lease = Link::same(key(K::Upn, 0), key(K::Upn, 1), &event).resting_on(Strength::Lease);
    check(vec![Fact::Link(lease)], Outcome::Refused(Law::LeaseIsNoIdentity));
    let itself = Link::same(key(K::Upn, 0), key(K::Upn, 0), &event);
    check(vec![Fact::Link(itself)], Outcome::Refused(Law::Itself));
    let chain = vec![same(K::Upn, K::NativeId), Fact::Class(key(K::NativeId, 1), EntityClass::Device)];
    let mut told_first = chain.clone();
    told_first.reverse();
    check(told_first, Outcome::Refused(Law::PersonAndDevice));
    let through_mail =
        |number: u8| Fact::Link(Link::same(key(K::DirectoryObjectId, number), key(K::Email, 0), &event));
    check(vec![through_mail(0), through_mail(1)], Outcome::Refused(Law::TwoAccounts));
    let short_name = |value: &str| {
        let full = EntityKey::new(K::Fqdn, "acme", value).unwrap();
        Fact::Link(Link::same(full, key(K::Hostname, 0), &event))
    };
    check(vec![short_name("web.a.example"), short_name("web.b.example")], Outcome::Refused(Law::ShortName));
    let imported = Link::same(key(K::DirectoryObjectId, 0), key(K::DirectoryObjectId, 1), &event);
    check(vec![Fact::Link(imported.resting_on(Strength::Directory))], Outcome::New);
    check(vec![Fact::Class(key(K::Upn, 0), EntityClass::Device)], Outcome::PassedOver);
    let weak = |witness: &str| {
        let link = Link::same(key(K::Upn, 0), key(K::SaasUserId, 0), &event);
        Fact::Link(link.resting_on(Strength::Weak).told_by(witness))
    };
    check(vec![weak("okta")], Outcome::Waits);
    check(vec![weak("okta"), weak("okta")], Outcome::Known);
    check(vec![weak("okta"), weak("slack")], Outcome::New);
}

#[test]
fn limits_too_small_are_named() {
    let mut limits = Limits::default();
    limits.identifiers = 1;
    let refused = Directory::build(acme(), vec![], limits).unwrap_err();
    assert_eq!(refused.to_string(), "limit `identifiers` is smaller than its documented least value");
}

#[test]
fn the_fleeting_go_first_when_room_is_short() {
    let mut limits = Limits::default();
    limits.keys = 64;
    let mut directory = Directory::build(acme(), vec![], limits).unwrap();
    let event = EventRef::new("log", 1).unwrap();
    for number in 0..500_u32 {
        let session = EntityKey::new(EntityKind::WebSession, "okta/acme", &format!("s{number}")).unwrap();
        let link = Link::new(LinkKind::ActsFor, session, person("jane"), &event);
        let told = Observation::of_links(&acme(), time(i64::from(number)), vec![link]);
        directory.observe(Position::at(u64::from(number)), &told).unwrap();
    }
    let stats = directory.stats();
    assert!(stats.keys <= 64 && stats.keys_evicted >= 430, "{stats:?}");
    assert!(directory.resolve(&person("jane"), Timestamp::NEVER).is_some());
}

#[test]
fn debug_shows_no_value() {
    let mut directory = Directory::build(
        acme(),
        vec![LoginRule::windows_domain("marked", "marked.example")],
        Limits::default(),
    )
    .unwrap();
    let event = EventRef::new("log", 1).unwrap();
    let link = Link::same(person("marked"), key(EntityKind::Email, 1), &event);
    let observation = one(Fact::Link(link.clone()));
    let learnt = directory.observe(Position::at(0), &observation).unwrap();
    let shown = format!(
        "{directory:?} {link:?} {observation:?} {learnt:?} {:?} {:?} {:?} {:?} {:?}",
        directory.clusters(),
        directory.because(&link.a, &link.b),
        directory.behind(&link.a, time(0)),
        LoginRule::windows_domain("marked", "marked.example"),
        directory.stats(),
    );
    assert!(!shown.contains("marked"), "{shown}");
}

/// A small directory in every part of its layout.
fn golden() -> Directory {
    let event = EventRef::new("log", 1).unwrap();
    let lease = Validity::between(time(1), time(9)).unwrap();
    let weak = Link::same(key(EntityKind::Upn, 1), key(EntityKind::SaasUserId, 1), &event);
    let facts = vec![
        Fact::Link(Link::same(key(EntityKind::Upn, 1), key(EntityKind::Email, 1), &event)),
        Fact::Link(Link::lease(key(EntityKind::Ip, 1), key(EntityKind::Hostname, 1), lease, &event)),
        Fact::Link(weak.clone().resting_on(Strength::Weak).told_by("okta")),
        Fact::Retract(weak.resting_on(Strength::Weak).told_by("okta").id()),
        Fact::Class(key(EntityKind::NativeId, 1), EntityClass::Device),
    ];
    let rules = vec![LoginRule::windows_domain("corp", "acme.example")];
    let mut directory = Directory::build(acme(), rules, Limits::default()).unwrap();
    directory.observe(Position::at(4), &Observation::new(&acme(), time(3), facts)).unwrap();
    directory
}

#[test]
fn bytes_of_version_1_are_read_and_written_as_ever() {
    let stored: Vec<u8> = include_str!("golden/directory-1.hex")
        .split_whitespace()
        .flat_map(|line| {
            (0..line.len()).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap())
        })
        .collect();
    let read = Directory::from_bytes(&stored).unwrap();
    assert_eq!(read.clusters(), golden().clusters());
    assert_eq!(golden().to_bytes(), stored);
}

#[test]
fn damaged_bytes_are_named() {
    let bytes = golden().to_bytes();
    let mut future = bytes.clone();
    future[4] = 9;
    let refused = Directory::from_bytes(&future).unwrap_err();
    assert_eq!(refused.to_string(), "snapshot version 9 is not known");
    for length in 0..bytes.len() {
        assert!(Directory::from_bytes(&bytes[..length]).is_err(), "cut at {length}");
    }
}
