//! Edges that follow from ties, from the network and from what other providers vouch for.

use crate::authority::Proof;
use crate::derive::{Derivation, Step};
use crate::edge::{Edge, EdgeKind, Standing};
use crate::federation::{self, Claim};
use crate::network::{MACHINE, SECURITY_GROUP, SUBNET, Sender, Way, is};
use crate::object::{LinkKind, Object, ObjectKind};
use homeostat_core::EntityKey;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Ties that are steps by themselves: who has such a tie gets to the other.
const TIES: [(LinkKind, EdgeKind, &str); 9] = [
    (LinkKind::MemberOf, EdgeKind::MEMBER_OF, "member"),
    (LinkKind::SyncedTo, EdgeKind::SYNCED_TO, "synchronized"),
    (LinkKind::Writes, EdgeKind::WRITES, "may write"),
    (LinkKind::Builds, EdgeKind::BUILDS, "is built and run"),
    (LinkKind::ShipsIn, EdgeKind::SHIPS_IN, "is a part"),
    (LinkKind::ActsAs, EdgeKind::ACTS_AS, "acts with its rights"),
    (LinkKind::Prompts, EdgeKind::PROMPTS, "is read as instructions"),
    (LinkKind::Opens, EdgeKind::OPENS, "holds what opens it"),
    (LinkKind::SameAs, EdgeKind::SAME_AS, "is the same"),
];

/// Whether an edge follows from a tie of `object`. Members of IAM's groups have their rights by themselves.
pub(crate) fn is_tied(object: &Object) -> bool {
    TIES.iter()
        .filter(|(link, ..)| is_step(object, *link))
        .any(|(link, ..)| object.links(*link).next().is_some())
}

fn is_step(object: &Object, link: LinkKind) -> bool {
    match link {
        LinkKind::MemberOf => object.kind() == ObjectKind::Subject,
        // A machine's id leads somewhere when somebody else knows the machine by it too.
        LinkKind::SameAs => !is(object, MACHINE) || object.links(LinkKind::SameAs).nth(1).is_some(),
        _ => true,
    }
}

impl Derivation<'_> {
    /// What follows from the ties of one object.
    pub(crate) fn ties(&self, object: &Object) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (link, kind, rule) in TIES.iter().filter(|(link, ..)| is_step(object, *link)) {
            let others = object.links(*link).filter(|to| *to != object.key());
            // Nor does a way to a machine of which nobody told more.
            let leads = |to: &&EntityKey| self.inventory.object(to).is_none_or(|to| is_step(to, *link));
            for to in others.filter(|to| *link != LinkKind::SameAs || leads(to)) {
                edges.push(self.tie(object, to, (*kind, rule)));
            }
        }
        if object.kind() == ObjectKind::Workload {
            let ids = object.links(LinkKind::Behind).filter_map(|key| self.inventory.object(key));
            for id in ids.filter(|id| is(id, MACHINE) && is_step(id, LinkKind::SameAs)) {
                edges.push(self.tie(object, id.key(), (EdgeKind::SAME_AS, "is the same")));
            }
            let lies = (EdgeKind::IN_NETWORK, "lies in it");
            if let Some((crowd, _)) = Sender::of(self.inventory, object) {
                edges.push(self.tie(object, &crowd, lies));
                return edges;
            }
            for link in [LinkKind::Within, LinkKind::GuardedBy] {
                let places = object.links(link).filter_map(|key| self.inventory.object(key));
                let places = places.filter(|place| is(place, SUBNET) || is(place, SECURITY_GROUP));
                edges.extend(places.map(|place| self.tie(object, place.key(), lies)));
            }
        }
        edges
    }

    fn tie(&self, from: &Object, to: &EntityKey, (kind, rule): (EdgeKind, &str)) -> Edge {
        let stale = from.stale().is_some();
        let because = vec![format!("`{}` and `{}`", from.key().value(), to.value())];
        let proof = Proof { because, evidence: [from.evidence().clone()].into(), ..Proof::default() };
        self.edge(from.key(), to, Step::new(kind, rule, proof), stale)
    }

    /// What leads from `source` to `target` over the network.
    pub(crate) fn over_network(&self, source: &EntityKey, target: &Object) -> Vec<Edge> {
        let Some(side) = self.sides.get(target.key()) else { return Vec::new() };
        // Of holes the likeliest that asks for nothing is the step, and tells of the others; so it is with two rules that
        // let the same in.
        let mut best: BTreeMap<(EdgeKind, String), Vec<Cow<'_, Way>>> = BTreeMap::new();
        for way in side.from(source, self.stands.get(source)) {
            let rule = if way.kind == EdgeKind::EXPLOIT { String::new() } else { way.rule.clone() };
            best.entry((way.kind, rule)).or_default().push(way);
        }
        let stale = target.stale().is_some();
        let step = |ways: Vec<Cow<'_, Way>>| Some(self.edge(source, target.key(), one_step(ways)?, stale));
        best.into_values().filter_map(step).collect()
    }

    /// Roles that let in whom another provider vouches for.
    pub(crate) fn vouched(&self, source: &EntityKey, role: &Object) -> Vec<Edge> {
        let subject = self.stands.get(source).filter(|stand| stand.subject);
        let Some(side) = self.roles.get(role.key()).filter(|side| side.federated && subject.is_some()) else {
            return Vec::new();
        };
        let Some(subject) = self.inventory.object(source) else { return Vec::new() };
        let claims: Vec<Claim> = federation::claims(self.inventory, subject, (role, side)).collect();
        let edge = |claim: Claim| {
            let step =
                Step { standing: Standing::Possible, ..Step::new(claim.kind, claim.rule, claim.proof) };
            self.edge(source, role.key(), step, subject.stale().is_some() || role.stale().is_some())
        };
        claims.into_iter().map(edge).collect()
    }
}

/// The likeliest of several ways between the same two that come to the same.
fn one_step(mut ways: Vec<Cow<'_, Way>>) -> Option<Step> {
    ways.sort_by(|one, two| two.factor.total_cmp(&one.factor).then_with(|| one.rule.cmp(&two.rule)));
    ways.dedup_by(|one, two| one.rule == two.rule);
    let (way, others) = ways.split_first()?;
    let mut because = way.because.clone();
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|way| way.rule.as_str()).collect();
        because.push(format!("the same by {}", names.join(", ")));
    }
    let conditions = way.condition.iter().cloned().collect();
    let proof = Proof { because, evidence: way.evidence.clone(), conditions };
    // What a hole asks for is in its chance already.
    let doubt = if way.condition.is_some() { 2.0 } else { 1.0 };
    Some(Step { factor: way.factor * doubt, ..Step::new(way.kind, &way.rule, proof) })
}
