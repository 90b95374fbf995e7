//! What an activity in the directory's audit log changes.
//!
//! Microsoft Learn, "Microsoft Entra audit log categories and activities". An activity is told by its words; whom and what it
//! is about lies among its targets, and in properties of theirs that changed.

use super::azure_event::actor;
use super::change::{CloudOp, CloudTie};
use super::event::{read, unfolded};
use homeostat_event::Event;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What an activity does.
#[derive(Clone, Copy, PartialEq)]
enum Deed {
    Join(bool),
    Own(bool),
    Hold {
        on: bool,
        eligible: bool,
    },
    Permit(bool),
    Create,
    Delete,
    Switch(bool),
    Secrets,
    /// A user is updated, perhaps switched off.
    Update,
    /// It bears on rights, and does not say how.
    Vague,
}

const DEEDS: [(&str, Deed); 38] = [
    ("add member to group", Deed::Join(true)),
    ("remove member from group", Deed::Join(false)),
    ("add owner to application", Deed::Own(true)),
    ("add owner to group", Deed::Own(true)),
    ("add owner to service principal", Deed::Own(true)),
    ("remove owner from application", Deed::Own(false)),
    ("remove owner from group", Deed::Own(false)),
    ("remove owner from service principal", Deed::Own(false)),
    ("add app role assignment to service principal", Deed::Permit(true)),
    ("add app role assignment to group", Deed::Permit(true)),
    ("add app role assignment grant to user", Deed::Permit(true)),
    ("remove app role assignment from service principal", Deed::Permit(false)),
    ("remove app role assignment from group", Deed::Permit(false)),
    ("remove app role assignment from user", Deed::Permit(false)),
    ("add user", Deed::Create),
    ("invite external user", Deed::Create),
    ("add group", Deed::Create),
    ("add application", Deed::Create),
    ("add service principal", Deed::Create),
    ("delete user", Deed::Delete),
    ("hard delete user", Deed::Delete),
    ("delete group", Deed::Delete),
    ("hard delete group", Deed::Delete),
    ("delete application", Deed::Delete),
    ("hard delete application", Deed::Delete),
    ("remove service principal", Deed::Delete),
    ("hard delete service principal", Deed::Delete),
    ("disable account", Deed::Switch(false)),
    ("enable account", Deed::Switch(true)),
    ("add service principal credentials", Deed::Secrets),
    ("remove service principal credentials", Deed::Secrets),
    ("update application – certificates and secrets management", Deed::Secrets),
    ("update application - certificates and secrets management", Deed::Secrets),
    ("update user", Deed::Update),
    ("restore user", Deed::Vague),
    ("restore group", Deed::Vague),
    ("add scoped member to role", Deed::Vague),
    ("remove scoped member from role", Deed::Vague),
];

/// Beginnings of what the management of privileged identities, and the directory itself, say of roles.
const ROLES: [(&str, bool, bool); 4] = [
    ("add member to role", true, false),
    ("add eligible member to role", true, true),
    ("remove member from role", false, false),
    ("remove eligible member from role", false, true),
];

/// Words of what has only been asked for.
const NOT_YET: [&str; 4] = ["request", "cancel", "denied", "failed"];

fn deed_of(activity: &str) -> Option<Deed> {
    let known = DEEDS.iter().find(|(name, _)| *name == activity).map(|(_, deed)| *deed);
    let is_done = !NOT_YET.iter().any(|word| activity.contains(word));
    let role = ROLES.iter().find(|(name, ..)| is_done && activity.starts_with(name));
    known.or(role.map(|(_, on, eligible)| Deed::Hold { on: *on, eligible: *eligible }))
}

pub(super) fn ops(event: &Event) -> Vec<CloudOp> {
    let code = || event.metadata().and_then(|metadata| metadata.event_code());
    let activity = event.message().or_else(code).unwrap_or_default().trim().to_lowercase();
    if activity == "consent to application" {
        // Consent on behalf of users lets nobody do more than they may; permissions of its own are granted one by one.
        return Vec::new();
    }
    let Some(deed) = deed_of(&activity) else { return Vec::new() };
    let said = Said::of(event);
    let ops = match deed {
        Deed::Join(on) => said.joined(on),
        Deed::Own(on) => said.owned(on),
        Deed::Hold { on, eligible } => said.held(on, eligible),
        Deed::Permit(on) => said.permitted(on),
        Deed::Create => said.created(),
        Deed::Delete => said.first().map(|id| vec![CloudOp::Remove { id }]),
        Deed::Switch(on) => said.first().map(|id| vec![CloudOp::Switch { id, on }]),
        Deed::Secrets => said.secrets(actor(event)),
        Deed::Update => Some(said.switched()),
        Deed::Vague => None,
    };
    ops.unwrap_or_else(|| said.stale())
}

/// What an event says of its targets.
struct Said {
    /// Their ids and kinds, in lower case.
    targets: Vec<(String, String)>,
    /// What changed of them: the property, what it was and what it is.
    changed: Vec<(String, String, String)>,
}

const PEOPLE: [&str; 3] = ["user", "serviceprincipal", "group"];
/// Properties that name what something is done to.
const OBJECTS: [&str; 3] = ["Application.ObjectID", "ServicePrincipal.ObjectID", "Group.ObjectID"];

impl Said {
    fn of(event: &Event) -> Self {
        let left = ["properties.targetResources", "targetResources"];
        let left = left.iter().find_map(|path| event.unmapped(path)).and_then(|text| read(&text));
        let left: Vec<Value> = left.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        let mut said = Self { targets: Vec::new(), changed: Vec::new() };
        said.typed(event, &left);
        for target in &left {
            said.changes(target.get("modifiedProperties"));
            let text = |name: &str| target.get(name).and_then(Value::as_str);
            said.target(text("id"), text("type"));
        }
        said
    }

    /// The targets that became attributes of the event.
    fn typed(&mut self, event: &Event, left: &[Value]) {
        if let Some(user) = event.user() {
            // Where no target is a user, the one who acts stands there: a principal's kind is left over.
            let is_left =
                |one: &Value| one.get("id").is_none() && one.get("type") == Some(&json!("ServicePrincipal"));
            match user.type_id() {
                Some(1) => self.target(user.uid(), Some("user")),
                Some(4) if left.iter().any(is_left) => self.target(user.uid(), Some("serviceprincipal")),
                _ => {}
            }
        }
        if let Some(group) = event.group() {
            self.target(group.uid(), Some("group"));
        }
        if let Some(entity) = event.entity() {
            self.target(entity.uid(), entity.kind());
            self.changes(entity.data().and_then(read).as_ref());
        }
        for resource in event.resources() {
            self.target(resource.uid(), resource.kind());
            self.changes(resource.data().and_then(read).as_ref());
        }
    }

    fn target(&mut self, id: Option<&str>, kind: Option<&str>) {
        let told = id.zip(kind).map(|(id, kind)| (id.to_lowercase(), kind.to_lowercase()));
        self.targets.extend(told);
    }

    fn changes(&mut self, list: Option<&Value>) {
        for change in list.and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            self.changed.push((text("displayName"), text("oldValue"), text("newValue")));
        }
    }

    /// The new value, else the old, of the first of these properties that tells one.
    fn property(&self, names: &[&str]) -> Option<String> {
        let told = |name: &&str| {
            let mut all = self.changed.iter().filter(|(known, ..)| known == name);
            all.find_map(|(_, old, new)| [new, old].into_iter().map(|it| bare(it)).find(|it| !it.is_empty()))
        };
        names.iter().find_map(told)
    }

    /// The first target of one of these kinds that is not `but`.
    fn of_kind(&self, kinds: &[&str], but: &str) -> Option<String> {
        let fits = |(id, kind): &&(String, String)| id != but && kinds.contains(&kind.as_str());
        self.targets.iter().find(fits).map(|(id, _)| id.clone())
    }

    fn first(&self) -> Option<String> {
        self.targets.first().map(|(id, _)| id.clone())
    }

    fn stale(&self) -> Vec<CloudOp> {
        let known = |(_, kind): &&(String, String)| PEOPLE.contains(&kind.as_str()) || kind == "application";
        let ids: BTreeSet<&String> = self.targets.iter().filter(known).map(|(id, _)| id).collect();
        ids.into_iter().map(|id| CloudOp::Stale { id: id.clone() }).collect()
    }

    fn joined(&self, on: bool) -> Option<Vec<CloudOp>> {
        let group = self.property(&["Group.ObjectID"]).or_else(|| self.of_kind(&["group"], ""))?;
        let who = self.of_kind(&PEOPLE, &group)?;
        Some(vec![tie(on, who, CloudTie::MemberOf, group)])
    }

    fn owned(&self, on: bool) -> Option<Vec<CloudOp>> {
        let what = self
            .property(&OBJECTS)
            .or_else(|| self.of_kind(&["application", "group", "serviceprincipal"], ""))?;
        let who = self.of_kind(&PEOPLE, &what)?;
        Some(vec![tie(on, who, CloudTie::Owns, what)])
    }

    fn held(&self, on: bool, eligible: bool) -> Option<Vec<CloudOp>> {
        let who = self.of_kind(&PEOPLE, "")?;
        let template = self.property(&["Role.TemplateId", "TemplateId", "RoleDefinitionOriginId"]);
        let own = || self.property(&["Role.ObjectID"]).or_else(|| self.of_kind(&["role"], ""));
        // Of which template a role of the directory is may not be known.
        let is_told = template.is_some();
        let role = template.or_else(own)?;
        let unsure = (!is_told).then(|| CloudOp::Stale { id: who.clone() });
        let held = tie(on, who, CloudTie::DirectoryRole { role, eligible }, "/".to_owned());
        Some([held].into_iter().chain(unsure).collect())
    }

    fn permitted(&self, on: bool) -> Option<Vec<CloudOp>> {
        let permission = self.property(&["AppRole.Id", "AppRole.Value"])?;
        let named = self.property(&["ServicePrincipal.ObjectID", "User.ObjectID", "Group.ObjectID"]);
        let who = named.or_else(|| self.of_kind(&["user", "group"], ""))?;
        let of = self.of_kind(&["serviceprincipal"], &who)?;
        Some(vec![tie(on, who, CloudTie::Permission(permission), of)])
    }

    fn created(&self) -> Option<Vec<CloudOp>> {
        let (id, kind) = self.targets.first()?;
        let app = self.property(&["AppId", "AppPrincipalId"]);
        let is = |name: &str, value: &str| {
            self.property(&[name]).is_some_and(|told| told.eq_ignore_ascii_case(value))
        };
        let record = match kind.as_str() {
            "user" => json!({"@odata.type": "#microsoft.graph.user", "id": id,
                "accountEnabled": !is("AccountEnabled", "false")}),
            "group" => json!({"@odata.type": "#microsoft.graph.group", "id": id,
                "isAssignableToRole": is("IsAssignableToRole", "true")}),
            "application" => json!({"@odata.type": "#microsoft.graph.application", "id": id, "appId": app}),
            "serviceprincipal" => {
                json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": id, "appId": app})
            }
            _ => return Some(Vec::new()),
        };
        let unsure = app.is_none() && !["user", "group"].contains(&kind.as_str());
        let unsure = unsure.then(|| CloudOp::Stale { id: id.clone() });
        Some([CloudOp::Put { record: record.to_string() }].into_iter().chain(unsure).collect())
    }

    fn switched(&self) -> Vec<CloudOp> {
        let told = self.changed.iter().find(|(name, ..)| name == "AccountEnabled").map(|(.., new)| bare(new));
        let on = told.and_then(|told| told.to_lowercase().parse().ok());
        self.first().zip(on).map(|(id, on)| CloudOp::Switch { id, on }).into_iter().collect()
    }

    /// Secrets that came and went: whoever adds one knows it, until it is gone.
    fn secrets(&self, who: Option<String>) -> Option<Vec<CloudOp>> {
        let (id, who) = (self.first()?, who?);
        let (_, old, new) = self.changed.iter().find(|(name, ..)| name == "KeyDescription")?;
        let (old, new) = (secrets_in(old), secrets_in(new));
        let each = |name: &String, on| tie(on, who.clone(), CloudTie::AddedSecret(name.clone()), id.clone());
        let gone = old.difference(&new).map(|name| each(name, false));
        Some(gone.chain(new.difference(&old).map(|name| each(name, true))).collect())
    }
}

/// The names of the secrets in a property that lists them: `[KeyIdentifier=…,KeyType=Password,…]` each.
fn secrets_in(text: &str) -> BTreeSet<String> {
    let list = serde_json::from_str(text).ok().and_then(unfolded);
    let all: Vec<String> = match list {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(_) | None => vec![text.to_owned()],
    };
    let name = |one: &String| {
        let parts = bare(one);
        let own = parts.split(',').find_map(|part| part.trim().strip_prefix("KeyIdentifier="));
        own.unwrap_or(&parts).to_owned()
    };
    all.iter().map(name).filter(|name| !name.is_empty()).collect()
}

/// `"\"Reader\""` and `["Reader"]` are `Reader`.
fn bare(text: &str) -> String {
    text.trim_matches(['[', ']', '"', '\\', ' ']).to_owned()
}

fn tie(on: bool, from: String, tie: CloudTie, to: String) -> CloudOp {
    if on { CloudOp::Link { from, tie, to } } else { CloudOp::Unlink { from, tie, to } }
}
