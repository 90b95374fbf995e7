//! A webhook's payload: the object that names the kind of event, the repository, the sender.

use crate::act::{Act, Deed, Person, Thing, Word, deed, told};
use crate::record::{Field, Record};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{Actor, Event, Feature, NetworkEndpoint, Product};

/// Members that name what a webhook is about, the finer before the coarser.
const KINDS: [&str; 22] = [
    "workflow_job",
    "workflow_run",
    "check_run",
    "check_suite",
    "comment",
    "review",
    "pull_request",
    "issue",
    "release",
    "deployment_status",
    "deployment",
    "discussion",
    "milestone",
    "label",
    "member",
    "membership",
    "team",
    "hook",
    "key",
    "alert",
    "installation",
    "rule",
];

pub(super) fn is_webhook(record: &Record<'_>) -> bool {
    let root = record.root();
    let named = |object: &str, name: &str| {
        root.member(object)
            .filter(Field::is_object)
            .and_then(|object| object.member(name))
            .is_some_and(|name| name.is_text())
    };
    let told = ["action", "ref", "pages", "commits", "pull_request", "hook", "pusher"]
        .iter()
        .any(|name| root.member(name).is_some());
    told && (named("repository", "full_name") || (named("organization", "login") && named("sender", "login")))
}

/// What it is about.
fn subject<'a>(record: &Record<'a>) -> Option<(&'static str, Field<'a>)> {
    let root = record.root();
    KINDS.into_iter().find_map(|kind| Some((kind, root.member(kind).filter(Field::is_object)?)))
}

pub(super) fn event(record: &Record<'_>) -> Event {
    let root = record.root();
    let action = record.look("action");
    let subject = subject(record);
    let kind = match subject {
        Some((kind, _)) => kind,
        None if root.member("pages").is_some() => "gollum",
        None if root.member("ref").is_some() || root.member("commits").is_some() => "push",
        None => "repository",
    };
    let operation = match record.copy("action") {
        Some(action) => format!("{kind}.{action}"),
        None => kind.to_owned(),
    };
    let mut product = Product::new("GitHub", "GitHub");
    product.set_feature(Feature::named("Webhooks"));
    let time = time(record, subject.map(|(_, field)| field));
    let moment = time.and_then(|time| crate::moment::read(&time.copy()?)).unwrap_or(Timestamp::UNKNOWN);
    let mut act = Act::new(product, moment, operation);
    act.things = subject
        .into_iter()
        .map(|(kind, field)| thing(kind, field))
        .chain(commit(root))
        .chain(repository(root))
        .collect();
    act.actor = who(root, subject.map(|(_, field)| field));
    let deed = deed_of(kind, action.as_deref().unwrap_or_default());
    if deed.class == 3005 {
        act.person = subject.map(|(_, field)| person(field));
        act.things = repository(root).into_iter().collect();
    }
    if deed.class == 2004 {
        act.uid =
            subject.and_then(|(_, field)| field.member("html_url").or(field.member("number"))).map(Word::At);
    }
    act.origin = Some(NetworkEndpoint::of_service("GitHub"));
    let mut event = act.event(deed);
    tell(&mut event, subject.map(|(_, field)| field), time);
    event
}

fn tell(event: &mut Event, subject: Option<Field<'_>>, time: Option<Field<'_>>) {
    if let Some(time) = time.and_then(|time| time.take()) {
        event.set_original_time(&time);
    }
    event.metadata_mut().set_log_name("Webhooks");
    if event.class_uid().get() == 2004 {
        event.set_status_id(if event.activity_id() == 3 { 4 } else { 1 });
        return;
    }
    let conclusion = subject.and_then(|subject| subject.member("conclusion")).and_then(told);
    let failed = ["failure", "timed_out", "startup_failure", "action_required"];
    let word = conclusion.and_then(|conclusion| conclusion.look());
    let bad = word.is_some_and(|word| failed.contains(&&*word));
    event.set_outcome(if bad { Outcome::Failure } else { Outcome::Success }, None);
}

fn deed_of(kind: &str, action: &str) -> Deed {
    match (kind, action) {
        ("alert", "created" | "reopened") => deed(2004, 1),
        ("alert", "resolved" | "dismissed" | "fixed" | "closed_by_user") => deed(2004, 3),
        ("alert", _) => deed(2004, 2),
        ("member", "added" | "edited") => deed(3005, 1),
        ("member", "removed") => deed(3005, 2),
        (_, "opened" | "created" | "added" | "submitted" | "requested" | "queued" | "published") => {
            deed(6001, 1)
        }
        (_, "deleted" | "removed" | "unpublished") => deed(6001, 4),
        _ => deed(6001, 3),
    }
}

/// When: the latest time that what it is about tells.
fn time<'a>(record: &Record<'a>, subject: Option<Field<'a>>) -> Option<Field<'a>> {
    let names = ["completed_at", "updated_at", "submitted_at", "started_at", "created_at"];
    let own = subject.and_then(|subject| names.into_iter().find_map(|name| told(subject.member(name)?)));
    let commit = || told(record.field("head_commit.timestamp")?);
    let last = || {
        let commits = record.root().member("commits").filter(Field::is_array)?;
        told(commits.children().last()?.member("timestamp")?)
    };
    own.or_else(commit).or_else(last)
}

fn thing<'a>(kind: &'static str, field: Field<'a>) -> Thing<'a> {
    let place = |name| field.member(name).and_then(told).map(Word::At);
    let name = ["title", "name", "tag_name", "full_name", "slug", "login"].into_iter().find_map(place);
    let number = place("number");
    let uid = place("id").or_else(|| number.clone()).or_else(|| place("html_url"));
    let name = name.or_else(|| uid.is_none().then(|| Word::from(kind)));
    Thing {
        uid_alt: number.filter(|_| field.member("id").is_some()),
        uid,
        name,
        url: place("html_url"),
        data: vec![field],
        ..Thing::default()
    }
    .of_kind(kind)
}

/// The newest commit of a push.
fn commit(root: Field<'_>) -> Option<Thing<'_>> {
    let list = root.member("commits").filter(Field::is_array).and_then(|list| list.children().last());
    let commit = root.member("head_commit").filter(Field::is_object).or(list)?;
    let place = |name| commit.member(name).and_then(told).map(Word::At);
    let thing = Thing {
        uid: place("id"),
        name: root.member("ref").and_then(told).map(Word::At),
        url: place("url"),
        ..Thing::default()
    };
    let data = [Some(commit), root.member("commits")].into_iter().flatten().collect();
    thing.is_told().then(|| Thing { data, ..thing }.of_kind("commit"))
}

fn repository(root: Field<'_>) -> Option<Thing<'_>> {
    let repository =
        root.member("repository").or_else(|| root.member("organization")).filter(Field::is_object)?;
    let place = |name| repository.member(name).and_then(told).map(Word::At);
    let name = place("full_name").or_else(|| place("login"));
    let thing = Thing {
        uid: place("id"),
        name,
        url: place("html_url"),
        desc: place("description"),
        data: vec![repository],
        ..Thing::default()
    };
    thing.is_told().then(|| thing.of_kind("repository"))
}

fn person(field: Field<'_>) -> Person<'_> {
    let place = |name| field.member(name).and_then(told).map(Word::At);
    let name = place("login").or_else(|| place("name"));
    Person { uid: place("id"), name, email: place("email"), ..Person::default() }
}

/// Who sent it: the sender, else who pushed, else who wrote what it is about.
fn who(root: Field<'_>, subject: Option<Field<'_>>) -> Option<Actor> {
    let inside = |name| subject.and_then(|subject| subject.member(name));
    let author = root.get("head_commit.author");
    let parties = [root.member("sender"), root.member("pusher"), inside("user"), inside("actor"), author];
    let found = parties.into_iter().flatten().filter(Field::is_object).map(person).find(Person::is_told)?;
    let bot = root.get("sender.type").and_then(|kind| kind.copy()).is_some_and(|kind| kind == "Bot");
    let kind = Some(if bot { (4, "Service") } else { (1, "User") });
    Some(Actor::of_user(Person { kind, ..found }.user()?))
}
