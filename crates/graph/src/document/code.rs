//! Where code comes from and who else acts in an estate: repositories with those who write them, packages, pipelines,
//! vendors, agents.
//!
//! Repositories as GitHub's REST API returns them, with `collaborators` and `keys` beside their fields; its app
//! installations; `CycloneDX` bills of materials; and a plain document with `repositories`, `vendors`, `packages`, `pipelines`
//! and `agents`, each with an `id` and lists of ids: `writes`, `acts_as`, `ships_in`, `runs` and `prompted_by`; and
//! `assignments` of roles by a provider's assertions.

use super::directory::sid_key;
use super::{Facts, is_true, list, text, texts};
use crate::federation::{ASSERTED, GROUP, ISSUER, SUBJECT, VENDOR_ACCOUNT};
use crate::network::internet;
use crate::object::{LinkKind, ObjectKind, arn_key};
use homeostat_core::{EntityKey, EntityKind};
use serde_json::Value;

/// Who vouches for the runs of a repository's workflows.
const GITHUB: &str = "token.actions.githubusercontent.com";

pub(super) fn read(whole: &Value, facts: &mut Facts) -> bool {
    let is_repository = |one: &Value| text(one, "full_name").is_some();
    let repositories =
        if let Value::Array(all) = whole { all.as_slice() } else { core::slice::from_ref(whole) };
    let mut known = false;
    for one in repositories.iter().filter(|one| is_repository(one)) {
        known |= repository(facts, one).is_some();
    }
    let lists = [
        facts.each(whole, "repositories", repository),
        facts.each(whole, "installations", installation),
        facts.each(whole, "vendors", vendor),
        facts.each(whole, "packages", other),
        facts.each(whole, "pipelines", other),
        facts.each(whole, "agents", agent),
        facts.each(whole, "assignments", assignment),
        bill_of_materials(whole, facts),
    ];
    known || lists.contains(&true)
}

/// `https://github.com/OWNER/NAME.git` and its like.
pub(super) fn repository_of_url(url: &str) -> Option<EntityKey> {
    let (_, rest) = url.split_once("github.com")?;
    repository_key(rest.trim_start_matches([':', '/']).trim_end_matches('/').trim_end_matches(".git"))
}

fn repository_key(name: &str) -> Option<EntityKey> {
    let key = || EntityKey::new(EntityKind::SaasObject, "github", &name.to_lowercase()).ok();
    (name.split('/').count() == 2).then(key)?
}

fn person(login: &str) -> Option<EntityKey> {
    EntityKey::new(EntityKind::SaasUserId, "github", login).ok()
}

/// The key of what an id of a plain document names.
fn named(id: &str) -> Option<EntityKey> {
    if id == "Internet" {
        return internet();
    }
    if id.starts_with("S-1-") {
        return sid_key(id);
    }
    let repository = id.strip_prefix("github:").or_else(|| id.strip_prefix("pkg:github/"));
    let repository = repository.map(|name| name.split('@').next().unwrap_or(name));
    let plain = || EntityKey::new(EntityKind::NativeId, "estate", id).ok();
    arn_key(id).or_else(|| repository.and_then(repository_key)).or_else(plain)
}

fn repository(facts: &mut Facts, record: &Value) -> Option<()> {
    let name = text(record, "full_name").or_else(|| text(record, "id"))?;
    let name = name.trim_start_matches("github:");
    let key = repository_key(name)?;
    let attributes = [(ISSUER, Some(GITHUB.to_owned())), (SUBJECT, Some(format!("repo:{name}:*")))];
    facts.put(&key, Some(ObjectKind::Subject), attributes);
    // Whoever has the organization, as an app that is installed for all of it, has each of its repositories.
    let owner = person(name.split('/').next()?)?;
    facts.put(&owner, Some(ObjectKind::Subject), [(GROUP, Some("true".to_owned()))]);
    facts.link(&owner, LinkKind::Writes, &key);
    if record.get("collaborators").is_some() {
        facts.all_of(EntityKind::SaasUserId, LinkKind::Writes, &key);
    }
    if record.get("keys").is_some() {
        facts.all_of(EntityKind::ApiToken, LinkKind::Writes, &key);
    }
    for one in list(record, "collaborators") {
        let may = |right: &str| one.get("permissions").is_some_and(|rights| is_true(rights, right));
        let writes = ["push", "maintain", "admin"].into_iter().any(may);
        if let Some(who) = text(one, "login").and_then(person).filter(|_| writes) {
            facts.put(&who, Some(ObjectKind::Subject), []);
            facts.link(&who, LinkKind::Writes, &key);
        }
    }
    for one in list(record, "keys").filter(|one| one.get("read_only") == Some(&Value::Bool(false))) {
        let id = one.get("id").and_then(Value::as_u64).map(|id| id.to_string());
        let id = id.as_deref().or_else(|| text(one, "title"))?;
        let token = EntityKey::new(EntityKind::ApiToken, &format!("github/{}", key.value()), id).ok()?;
        facts.put(&token, Some(ObjectKind::Subject), []);
        facts.link(&token, LinkKind::Writes, &key);
    }
    ties(facts, record, &key);
    Some(())
}

/// An app that is installed writes what its rights and its selection say.
fn installation(facts: &mut Facts, record: &Value) -> Option<()> {
    let app = EntityKey::new(EntityKind::AppId, "github", text(record, "app_slug")?).ok()?;
    facts.put(&app, Some(ObjectKind::Subject), []);
    let rights = record.get("permissions")?;
    if ![text(rights, "contents"), text(rights, "workflows")].contains(&Some("write")) {
        return Some(());
    }
    let account = record.get("account").and_then(|account| text(account, "login"));
    if text(record, "repository_selection") == Some("all") {
        facts.link(&app, LinkKind::Writes, &person(account?)?);
    }
    for name in list(record, "repositories").filter_map(|one| text(one, "full_name")) {
        facts.link(&app, LinkKind::Writes, &repository_key(name)?);
    }
    Some(())
}

fn vendor(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = named(text(record, "id")?)?;
    let external = text(record, "external_id").unwrap_or_default();
    let accounts: Vec<String> =
        texts(record, "accounts").map(|number| format!("{VENDOR_ACCOUNT}{number}")).collect();
    let attributes = accounts.iter().map(|name| (name.as_str(), Some(external.to_owned())));
    facts.put(&key, Some(ObjectKind::Subject), attributes);
    facts.all_attributes(&key, VENDOR_ACCOUNT);
    ties(facts, record, &key);
    Some(())
}

fn other(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = named(text(record, "id")?)?;
    facts.put(&key, Some(ObjectKind::Subject), []);
    ties(facts, record, &key);
    Some(())
}

/// Somebody whom a provider's assertions let become a role, when the role's trust agrees.
fn assignment(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = named(text(record, "who")?)?;
    let attribute = format!("{ASSERTED}{}", text(record, "role")?);
    facts.put(&key, Some(ObjectKind::Subject), [(&*attribute, text(record, "provider").map(str::to_owned))]);
    Some(())
}

/// An agent acts by its tools, each with rights of its own.
fn agent(facts: &mut Facts, record: &Value) -> Option<()> {
    let id = text(record, "id")?;
    let key = named(id)?;
    facts.put(&key, Some(ObjectKind::Subject), []);
    for tool in list(record, "tools") {
        let own = named(&format!("{id}/{}", text(tool, "name")?))?;
        facts.put(&own, Some(ObjectKind::Subject), [(GROUP, Some("true".to_owned()))]);
        facts.link(&key, LinkKind::ActsAs, &own);
        ties(facts, tool, &own);
    }
    ties(facts, record, &key);
    Some(())
}

/// The lists of ids of a record.
fn ties(facts: &mut Facts, record: &Value, key: &EntityKey) {
    const TO: [(&str, LinkKind); 3] =
        [("writes", LinkKind::Writes), ("acts_as", LinkKind::ActsAs), ("ships_in", LinkKind::ShipsIn)];
    const FROM: [(&str, LinkKind); 3] =
        [("writers", LinkKind::Writes), ("runs", LinkKind::Builds), ("prompted_by", LinkKind::Prompts)];
    for (field, kind) in TO.into_iter().filter(|(field, _)| record.get(field).is_some()) {
        facts.all_from(key, kind);
        for to in texts(record, field).chain(text(record, field)).filter_map(named) {
            facts.link(key, kind, &to);
        }
    }
    for (field, kind) in FROM.into_iter().filter(|(field, _)| record.get(field).is_some()) {
        if kind != LinkKind::Writes {
            facts.all_to(key, kind);
        }
        for from in texts(record, field).chain(text(record, field)).filter_map(named) {
            facts.link(&from, kind, key);
        }
    }
}

/// What a product is made of runs when it does.
fn bill_of_materials(whole: &Value, facts: &mut Facts) -> bool {
    if text(whole, "bomFormat") != Some("CycloneDX") {
        return false;
    }
    let product = whole.get("metadata").and_then(|data| data.get("component"));
    let ids = ["bom-ref", "purl", "name"].into_iter();
    let name = product.and_then(|product| {
        let texts = ids.filter_map(|field| text(product, field));
        texts.max_by_key(|id| (id.starts_with("arn:"), id.starts_with("pkg:github/")))
    });
    let Some(product) = name.and_then(named) else {
        facts.problem("metadata.component", "a bill of materials of nothing that has a name");
        return true;
    };
    facts.each(whole, "components", |facts, component| {
        let name = text(component, "purl").or_else(|| text(component, "name"))?;
        let part = EntityKey::new(EntityKind::NativeId, "estate", name).ok()?;
        // Nobody is said to have it: it is a place on the way.
        facts.put(&part, Some(ObjectKind::Subject), [(GROUP, Some("true".to_owned()))]);
        facts.link(&part, LinkKind::ShipsIn, &product);
        Some(())
    });
    true
}
