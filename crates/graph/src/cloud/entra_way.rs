//! Ways through Entra: what ties, roles and permissions let one get to.
//!
//! A right over all objects of a kind is found object by object, so that an object that comes or goes is looked at alone.
//! Who holds a role that only some may reset the password of is left to those.

use super::entra::{Entra, Held, Holding, Kind, Object, Tie};
use super::entra_right::{ACTIONS, Over, PERMISSIONS, ROLES};
use crate::weave::{Origin, Weave};
use homeostat_access::azure::Caller;
use homeostat_access::entra::Act;
use std::collections::BTreeSet;

/// The directory: whoever gets here governs all that is in it.
pub(super) const TENANT: &str = "AZTenant";
/// The application that Microsoft Graph is, in every tenant.
pub(super) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// What somebody may do to objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Offer {
    who: String,
    over: Over,
    kind: &'static str,
    /// The one object, where it is not all.
    only: Option<String>,
    firm: bool,
    origin: Origin,
}

/// What bears on many objects at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rights {
    offers: BTreeSet<Offer>,
    /// Who holds roles of the tenant's own making.
    made: BTreeSet<Held>,
    /// Who holds a role of the directory, also by a group: not everybody resets their passwords.
    guarded: BTreeSet<String>,
}

impl Entra {
    /// What bears on many objects at once, as it is now. O(rights held).
    pub(super) fn rights(&self) -> Rights {
        let roles = || self.held.keys().filter(|held| held.holding != Holding::Permission);
        let mut guarded: BTreeSet<String> = roles().map(|held| held.who.clone()).collect();
        let groups: Vec<_> = guarded.iter().filter_map(|group| self.ties.get(group)).collect();
        let members = groups.into_iter().flat_map(|ties| ties.keys()).filter(|(tie, _)| *tie == Tie::Member);
        guarded.extend(members.map(|(_, who)| who.clone()));
        Rights {
            offers: self.held.iter().flat_map(|(held, told)| self.offers(held, told.origin)).collect(),
            made: roles().filter(|held| self.made.contains(&held.right)).cloned().collect(),
            guarded,
        }
    }

    fn offers(&self, held: &Held, origin: Origin) -> Vec<Offer> {
        let firm = held.holding != Holding::Eligible;
        let whole = held.scope == "/" || held.holding == Holding::Permission;
        let only = (!whole).then(|| held.scope.trim_start_matches('/').to_owned());
        let offer =
            |(over, kind)| Offer { who: held.who.clone(), over, kind, only: only.clone(), firm, origin };
        if held.holding == Holding::Permission {
            let graph = self.is_graph(&held.scope);
            let named = PERMISSIONS.iter().filter(|(id, value, ..)| {
                graph && (held.right == *id || held.right.eq_ignore_ascii_case(value))
            });
            return named.map(|(.., over, kind)| offer((*over, *kind))).collect();
        }
        let roles = ROLES.iter().filter(|(id, ..)| *id == held.right);
        roles.map(|(_, over, kind)| offer((*over, *kind))).collect()
    }

    /// Finds what leads to the directory itself.
    pub(super) fn to_directory(&self, weave: &mut Weave<'_>, rights: &Rights) {
        if self.is_empty() {
            return;
        }
        weave.jewel(TENANT);
        for offer in rights.offers.iter().filter(|offer| offer.over == Over::Tenant && offer.only.is_none()) {
            weave.at(offer.origin);
            weave.edge_if(&offer.who, TENANT, offer.kind, offer.firm);
        }
    }

    /// Finds what leads to one object, and from an application to what runs as it.
    pub(super) fn ways(&self, weave: &mut Weave<'_>, id: &str, rights: &Rights) {
        for ((tie, who), origin) in self.ties.get(id).into_iter().flatten() {
            weave.at(*origin);
            let kind = match tie {
                Tie::Member => "AZMemberOf",
                Tie::Owner => "AZOwns",
                Tie::Secret(_) => "AddedSecret",
            };
            weave.edge(who, id, kind);
        }
        let Some(object) = self.objects.get(id) else { return };
        weave.at(object.origin);
        weave.edge(TENANT, id, "AZContains");
        if matches!(object.kind, Kind::User | Kind::ServicePrincipal) && !object.is_off {
            weave.principal(id);
        }
        if object.kind == Kind::Application && object.app.is_some() {
            let twins = self.of_kind(Kind::ServicePrincipal).filter(|(_, twin)| twin.app == object.app);
            twins.for_each(|(twin, _)| weave.edge(id, twin, "AZRunsAs"));
        }
        let is_over = |over| is_under(over, object, rights.guarded.contains(id));
        for offer in rights.offers.iter().filter(|offer| is_over(offer.over) && offer.reaches(id)) {
            weave.at(offer.origin);
            weave.edge_if(&offer.who, id, offer.kind, offer.firm);
        }
        self.by_made(weave, (id, rights), is_over);
    }

    /// What roles of the tenant's own making let their holders do to an object.
    fn by_made(&self, weave: &mut Weave<'_>, (id, rights): (&str, &Rights), is_over: impl Fn(Over) -> bool) {
        for held in &rights.made {
            weave.at(self.held.get(held).map(|told| told.origin).unwrap_or_default());
            let caller = Caller::new(&held.who);
            for (action, _, kind) in ACTIONS.iter().filter(|(_, over, _)| is_over(*over)) {
                let decision = self.rights.decide(&caller, &Act::on(action, id)).decision;
                if decision.is_possible() {
                    weave.edge_if(&held.who, id, kind, decision.is_allowed());
                }
            }
        }
    }

    /// The objects on which it bears that these rights became those.
    pub(super) fn between(&self, before: &Rights, after: &Rights) -> BTreeSet<String> {
        if before.made != after.made {
            return self.objects.keys().cloned().collect();
        }
        let mut objects: BTreeSet<String> =
            before.guarded.symmetric_difference(&after.guarded).cloned().collect();
        for offer in before.offers.symmetric_difference(&after.offers) {
            let under = |(_, object): &(&String, &Object)| is_under(offer.over, object, false);
            match &offer.only {
                Some(only) => drop(objects.insert(only.clone())),
                None => objects.extend(self.objects.iter().filter(under).map(|(id, _)| id.clone())),
            }
        }
        objects
    }
}

impl Offer {
    fn reaches(&self, id: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == id)
    }
}

/// Whether an object is of the kind that a right is over.
fn is_under(over: Over, object: &Object, guarded: bool) -> bool {
    match over {
        Over::Tenant => false,
        Over::Applications => matches!(object.kind, Kind::Application | Kind::ServicePrincipal),
        Over::Users => object.kind == Kind::User && !guarded,
        Over::Groups => object.kind == Kind::Group && !object.holds_roles && !guarded,
    }
}
