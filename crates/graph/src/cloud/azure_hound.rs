//! Reads what the collector `AzureHound` writes: `{"data": [{"kind": "AZUser", "data": {…}}, …], "meta": {…}}`.
//!
//! Objects are records of the APIs with their kind beside them; ties and assignments stand in lists of their own. What it
//! works out itself, such as who contributes to a machine, holds the assignment from which that follows: that is read, so
//! that edges follow from rights here as for every other document.

use super::CloudDump;
use super::entra::Tie;
use super::record::{Record, text};
use crate::weave::Origin;
use serde_json::{Value, json};

/// Kinds of objects of a directory, with their types in Microsoft Graph.
const OBJECTS: [(&str, &str); 4] = [
    ("AZUser", "user"),
    ("AZGroup", "group"),
    ("AZApp", "application"),
    ("AZServicePrincipal", "servicePrincipal"),
];

/// How deep assignments lie in a record.
const DEEPEST: usize = 4;

/// The kind and the record in what the collector writes; `None` for anything else.
pub(super) fn wrapped(value: &Value) -> Option<(&str, &Value)> {
    let kind = text(value, "kind").filter(|kind| kind.starts_with("AZ"))?;
    value.get("data").filter(|data| data.is_object()).map(|data| (kind, data))
}

impl CloudDump {
    /// Takes a record of the collector; tells whether anything in it was known.
    pub(super) fn take_wrapped(&mut self, (kind, data): (&str, &Value), origin: Origin) -> bool {
        if let Some((_, name)) = OBJECTS.iter().find(|(own, _)| *own == kind) {
            let mut data = data.clone();
            if let Some(fields) = data.as_object_mut() {
                fields.insert("@odata.type".to_owned(), json!(format!("#microsoft.graph.{name}")));
            }
            return self.entra.take(&Record::of(&data), origin);
        }
        let tied = self.take_tied(data, origin);
        let assigned = self.take_assigned(data, origin, 0);
        tied || assigned
            || self.take_placed(kind, data, origin)
            || self.take_record(&Record::of(data), origin)
    }

    /// Members of a group, owners of an object.
    fn take_tied(&mut self, data: &Value, origin: Origin) -> bool {
        const LISTS: [(&str, &str, Tie); 2] =
            [("members", "member", Tie::Member), ("owners", "owner", Tie::Owner)];
        let of = ["groupId", "servicePrincipalId", "appId"].iter().find_map(|name| text(data, name));
        let Some(of) = of.map(str::to_lowercase) else { return false };
        for (list, one, tie) in LISTS {
            for who in data.get(list).and_then(Value::as_array).into_iter().flatten() {
                let who = who.get(one).and_then(|who| text(who, "id")).map(str::to_lowercase);
                if let Some(who) = who {
                    self.entra.tie(&who, tie.clone(), &of, origin);
                }
            }
        }
        LISTS.iter().any(|(list, ..)| data.get(list).is_some())
    }

    /// Assignments, wherever in the record they stand.
    fn take_assigned(&mut self, value: &Value, origin: Origin, depth: usize) -> bool {
        let is_one = value.get("roleDefinitionId").is_some() || value.get("properties").is_some();
        let record = Record::of(value);
        if is_one && record.has("principalId") && record.has("roleDefinitionId") {
            return self.take_record(&record, origin);
        }
        let inner = match value {
            _ if depth == DEEPEST => return false,
            Value::Array(all) => all.iter().collect::<Vec<_>>(),
            Value::Object(fields) => {
                fields.values().filter(|one| one.is_object() || one.is_array()).collect()
            }
            _ => return false,
        };
        let mut taken = false;
        for one in inner {
            taken |= self.take_assigned(one, origin, depth + 1);
        }
        taken
    }

    /// In what a management group or a subscription lies.
    fn take_placed(&mut self, kind: &str, data: &Value, origin: Origin) -> bool {
        let parent = data.get("properties").and_then(|all| all.get("parent")).and_then(|one| text(one, "id"));
        let (Some(parent), Some(child), "AZManagementGroupDescendant") = (parent, text(data, "id"), kind)
        else {
            return false;
        };
        self.take_record(&Record::of(&json!({"id": parent, "children": [{"id": child}]})), origin)
    }
}
