//! One asset with what stands around it: what may be used on it, and from where that is reached.

use super::filter::{AccessList, Protocol, Rule};
use super::route::{destinations, tables};
use super::sender::{Addresses, Egress};
use super::{API, BALANCER, MACHINE, OPEN, PORTS, PUBLIC, Place, ROUTE, Start, TARGETS, TIED, URL, Way, is};
use crate::Evidence;
use crate::cidr::Cidr;
use crate::edge::EdgeKind;
use crate::federation::open_to_anybody;
use crate::inventory::Inventory;
use crate::network::INGRESS;
use crate::object::{LinkKind, Object, ObjectKind, PolicySlot};
use crate::vulnerability::{ATTRIBUTE, Vulnerability};
use homeostat_access::{Context, Principal, Request, ResourceSide, Subject};
use homeostat_core::EntityKey;
use std::collections::{BTreeMap, BTreeSet};

/// Whose condition stops readers that are not known: S3 Block Public Access.
const RESTRICTED: &str = "restrict_public_buckets";

/// Ports by which a machine is run, how likely a guess or a leaked password opens one, and what listens there.
pub(crate) const LOGINS: [(u16, f64, &str); 12] = [
    (22, 0.05, "SSH"),
    (23, 0.3, "Telnet"),
    (445, 0.1, "SMB"),
    (2375, 0.9, "the Docker API"),
    (3389, 0.1, "RDP"),
    (5900, 0.2, "VNC"),
    (5985, 0.05, "WinRM"),
    (5986, 0.05, "WinRM"),
    (6379, 0.5, "Redis"),
    (8888, 0.3, "a notebook"),
    (9200, 0.3, "Elasticsearch"),
    (10250, 0.3, "the kubelet"),
];
/// A database that everybody may ask has a password besides.
const DATABASE: f64 = 0.05;
/// A hole that asks for an account or for help is used by some of those who try.
const DEMANDING: f64 = 0.5;

/// Something that may be used on an asset.
struct Use {
    kind: EdgeKind,
    rule: String,
    factor: f64,
    port: Option<u16>,
    condition: Option<String>,
    nearby: bool,
}

/// An asset with all that stands around it.
pub(super) struct Asset<'a> {
    inventory: &'a Inventory,
    object: &'a Object,
    rules: Vec<Rule>,
    pub(super) list: AccessList,
    pub(super) network: Option<EntityKey>,
    /// The addresses of its subnets.
    pub(super) ranges: Vec<Cidr>,
    pub(super) beyond: Vec<Place>,
    /// In which families it is open to the Internet: four, six.
    outside: [bool; 2],
    evidence: BTreeSet<Evidence>,
}

impl<'a> Asset<'a> {
    pub(super) fn new(inventory: &'a Inventory, object: &'a Object) -> Self {
        let mut own = Self {
            inventory,
            object,
            rules: Vec::new(),
            list: AccessList::default(),
            network: None,
            ranges: Vec::new(),
            beyond: Vec::new(),
            outside: [false; 2],
            evidence: [object.evidence().clone()].into(),
        };
        for group in own.linked(object, LinkKind::GuardedBy) {
            own.rules.extend(Rule::all(inventory, group, INGRESS));
            own.evidence.extend(
                own.linked(group, LinkKind::Names).map(|list| list.evidence().clone()).collect::<Vec<_>>(),
            );
            own.evidence.insert(group.evidence().clone());
        }
        let public = object.attribute(PUBLIC).unwrap_or_default();
        for subnet in own.linked(object, LinkKind::Within) {
            let place = Place::of(inventory, subnet);
            own.network = own.network.take().or_else(|| place.network.clone());
            own.ranges.extend(&place.ranges);
            own.beyond.extend((!place.routes.is_empty()).then_some(place));
            if let Some(list) = own.linked(subnet, LinkKind::GuardedBy).next() {
                own.list = AccessList::of(list);
                own.evidence.insert(list.evidence().clone());
            }
            for table in tables(inventory, subnet) {
                own.evidence.insert(table.evidence().clone());
                let routes = table.attributes().filter_map(|(name, _)| name.strip_prefix(ROUTE));
                let routes = routes.flat_map(|range| destinations(inventory, table, range));
                let routes: Vec<Cidr> = routes.filter(Cidr::is_wide).collect();
                let tied =
                    own.linked(table, LinkKind::RoutedBy).all(|gate| gate.attribute(TIED) != Some("false"));
                for (at, family) in ["4", "6"].into_iter().enumerate() {
                    if let Some(open) = own.outside.get_mut(at) {
                        *open |= tied
                            && public.contains(family)
                            && routes.iter().any(|route| route.is_six() == (family == "6"));
                    }
                }
            }
        }
        own
    }

    fn linked<'b>(
        &self,
        object: &'b Object,
        kind: LinkKind,
    ) -> impl Iterator<Item = &'a Object> + use<'a, 'b> {
        let inventory = self.inventory;
        object.links(kind).filter_map(move |key| inventory.object(key))
    }

    pub(super) fn ways(&self) -> Vec<Way> {
        let mut ways = Vec::new();
        for used in self.uses() {
            self.straight(&used, &mut ways);
            self.by_balancers(&used, &mut ways);
        }
        self.by_apis(&mut ways);
        ways
    }

    /// What may be used: holes, logins, an open database.
    fn uses(&self) -> Vec<Use> {
        let ids = self.linked(self.object, LinkKind::Behind).filter(|one| is(one, MACHINE));
        let attributes = ids.chain([self.object]).flat_map(Object::attributes);
        let attributes = attributes.filter(|(name, _)| name.starts_with(ATTRIBUTE));
        let holes = attributes.filter_map(|(name, text)| Vulnerability::of_attribute(name, text));
        let mut uses = likeliest(holes.filter(Vulnerability::is_remote).filter_map(|hole| Use::of(&hole)));
        if self.object.kind() == ObjectKind::Database {
            let ports = self.object.attribute(PORTS).unwrap_or_default().split(',');
            let all = ports.filter_map(|port| port.parse().ok());
            uses.extend(all.map(|port| Use::login(port, DATABASE, "the database")));
        } else {
            uses.extend(LOGINS.iter().map(|(port, factor, what)| Use::login(*port, *factor, what)));
        }
        uses
    }

    fn straight(&self, used: &Use, ways: &mut Vec<Way>) {
        for rule in self.rules.iter().filter(|rule| rule.protocol.fits()) {
            let Some(ports) = common(rule.ports, used.port) else { continue };
            let name = self.object.key().value();
            let because = vec![format!("a security group of `{name}` lets `{}` in", rule.line)];
            if let Start::Ranges(ranges) = &rule.start
                && let Some(port) = self.let_in_from(ranges, ports)
                && !used.nearby
            {
                let how =
                    format!("it has an address outside, a route to a gateway, and port {port} is let in");
                let because = because.iter().cloned().chain([how]).collect();
                self.way(Start::Internet, used, (ports, because), ways);
            }
            self.way(rule.start.clone(), used, (ports, because), ways);
        }
    }

    /// The first of `ports` that comes in from the Internet by a rule for one of `ranges`.
    fn let_in_from(&self, ranges: &[Cidr], ports: (u16, u16)) -> Option<u16> {
        let [four, six] = self.outside;
        let open = |range: &&Cidr| range.is_wide() && if range.is_six() { six } else { four };
        ranges.iter().filter(open).find_map(|range| self.list.lets(range, Protocol::Tcp, ports))
    }

    /// One way from each start for each thing to use.
    fn way(&self, start: Start, used: &Use, told: ((u16, u16), Vec<String>), ways: &mut Vec<Way>) {
        let (ports, because) = told;
        let inside = !matches!(&start, Start::Internet);
        let same = |way: &Way| way.start == start && way.kind == used.kind && way.rule == used.rule;
        if !ways.iter().any(|way| same(way) && (!inside || way.ports == ports)) {
            ways.push(Way {
                start,
                kind: used.kind,
                rule: used.rule.clone(),
                factor: used.factor,
                because,
                evidence: self.evidence.clone(),
                condition: used.condition.clone(),
                ports,
                protocol: Protocol::Tcp,
            });
        }
    }

    /// A balancer passes on to the one port of its group what its own port takes.
    fn by_balancers(&self, used: &Use, ways: &mut Vec<Way>) {
        if used.kind != EdgeKind::EXPLOIT || used.nearby {
            return;
        }
        let direct = self.linked(self.object, LinkKind::Behind);
        let ids = self.linked(self.object, LinkKind::Behind).filter(|one| is(one, MACHINE));
        let by_id = ids.flat_map(|id| self.linked(id, LinkKind::Behind));
        for group in direct.chain(by_id).filter(|group| is(group, TARGETS)) {
            let port = group.attribute(PORTS).and_then(|port| port.parse().ok());
            if used.port.is_some() && port.is_some() && used.port != port {
                continue;
            }
            for balancer in self.linked(group, LinkKind::Behind).filter(|one| is(one, BALANCER)) {
                if self.takes_from(balancer, port) {
                    let because = vec![format!("`{}` passes requests on to it", balancer.key().value())];
                    let told = ((port.unwrap_or(0), port.unwrap_or(u16::MAX)), because);
                    self.way(Start::Node(balancer.key().clone()), used, told, ways);
                }
            }
        }
    }

    /// Whether a balancer's rules let out to the asset, and the asset's own let it in, on `port`.
    fn takes_from(&self, balancer: &Object, port: Option<u16>) -> bool {
        let own: BTreeSet<EntityKey> = self.object.links(LinkKind::GuardedBy).cloned().collect();
        let ports = port.map_or((0, u16::MAX), |port| (port, port));
        let egress = Egress::of(self.inventory, balancer);
        if egress.let_out(ports, Addresses { groups: &own, ranges: &self.ranges }).next().is_none() {
            return false;
        }
        let groups: Vec<&EntityKey> = balancer.links(LinkKind::GuardedBy).collect();
        let places = self.linked(balancer, LinkKind::Within).map(|subnet| Place::of(self.inventory, subnet));
        let ranges: Vec<Cidr> = places.flat_map(|place| place.ranges).collect();
        let fits = |rule: &&Rule| rule.protocol.fits() && common(rule.ports, port).is_some();
        let no_group = self.object.links(LinkKind::GuardedBy).next().is_none();
        no_group
            || self.rules.iter().filter(fits).any(|rule| match &rule.start {
                Start::Node(group) => groups.contains(&group),
                Start::Ranges(from) => {
                    from.iter().any(|range| range.is_wide() || ranges.iter().any(|own| range.overlaps(own)))
                }
                Start::Internet => false,
            })
    }

    /// An API, or the function's own URL, that asks nobody who he is.
    fn by_apis(&self, ways: &mut Vec<Way>) {
        let name = self.object.key().value();
        let open = |rule: String| Use {
            kind: EdgeKind::OPEN_API,
            rule,
            factor: 1.0,
            port: None,
            condition: None,
            nearby: false,
        };
        let holes: Vec<Use> = self.uses().into_iter().filter(|used| used.kind == EdgeKind::EXPLOIT).collect();
        if self.object.attribute(URL) == Some("NONE") {
            let because = vec![format!("the URL of `{name}` asks nobody who he is")];
            for used in holes.iter().chain([&open("function URL".to_owned())]) {
                self.way(Start::Internet, used, ((443, 443), because.clone()), ways);
            }
        }
        for api in self.linked(self.object, LinkKind::Behind).filter(|one| is(one, API)) {
            let lines = api.attribute(OPEN).unwrap_or_default().lines();
            let mine = lines.filter_map(|line| line.rsplit_once(' ')).filter(|(_, target)| *target == name);
            for (operation, _) in mine {
                let because = vec![format!("`{operation}` of `{}` asks nobody who he is", api.key().value())];
                for used in holes.iter().chain([&open(operation.to_owned())]) {
                    self.way(Start::Node(api.key().clone()), used, ((443, 443), because.clone()), ways);
                }
            }
        }
    }

    /// The Internet gets to a balancer or an API.
    pub(super) fn open_place(&self) -> Option<Way> {
        let public = self.object.attribute(PUBLIC).is_some_and(|families| !families.is_empty());
        let because = if is(self.object, BALANCER) && public {
            let listens = self.object.attribute(PORTS).unwrap_or_default().split(',');
            let guarded = self.object.links(LinkKind::GuardedBy).next().is_some();
            let open = |port: u16| {
                self.rules.iter().filter(|rule| rule.protocol.fits() && common(rule.ports, Some(port)).is_some()).any(
                    |rule| matches!(&rule.start, Start::Ranges(ranges) if self.let_in_from(ranges, (port, port)).is_some()),
                )
            };
            let no_group = !guarded && self.outside.contains(&true);
            let port = listens.filter_map(|port| port.parse().ok()).find(|port| no_group || open(*port))?;
            format!("it faces the Internet and listens on port {port}, which is let in")
        } else if is(self.object, API) && public {
            let first = self.object.attribute(OPEN).unwrap_or_default().lines().next()?;
            format!("its address is public, and `{}` asks nobody who he is", first.rsplit_once(' ')?.0)
        } else {
            return None;
        };
        let used = Use {
            kind: EdgeKind::EXPOSED_TO,
            rule: "open to the Internet".to_owned(),
            factor: 1.0,
            port: None,
            condition: None,
            nearby: false,
        };
        let mut ways = Vec::new();
        self.way(Start::Internet, &used, ((0, u16::MAX), vec![because]), &mut ways);
        ways.pop()
    }

    /// A role that lets in whoever likes.
    pub(super) fn open_role(&self) -> Option<Way> {
        let (kind, rule, because) = open_to_anybody(self.object)?;
        Some(Way {
            start: Start::Internet,
            kind,
            rule: rule.to_owned(),
            factor: 1.0,
            because,
            evidence: self.evidence.clone(),
            condition: None,
            ports: (443, 443),
            protocol: Protocol::Tcp,
        })
    }

    /// Everybody may read the bucket, and nothing blocks it.
    pub(super) fn open_bucket(&self) -> Option<Way> {
        let (document, evidence) = self.object.document(&PolicySlot::Resource)?;
        let policy =
            document.read.as_ref().ok().filter(|_| self.object.attribute(RESTRICTED) != Some("true"))?;
        let context = Context::strict().with("aws:SecureTransport", ["true"]);
        let objects = format!("{}/*", self.object.key().value());
        let request = Request::on_some(crate::authority::READ_OBJECT, &objects, &context);
        let answer =
            Subject::new(Principal::anonymous()).decide_with(&request, ResourceSide::MayGrant(policy));
        answer.decision.is_allowed().then(|| Way {
            start: Start::Internet,
            kind: EdgeKind::READ_DATA,
            rule: "public".to_owned(),
            factor: 1.0,
            because: answer.because.iter().map(ToString::to_string).collect(),
            evidence: [evidence.clone()].into(),
            condition: None,
            ports: (443, 443),
            protocol: Protocol::Tcp,
        })
    }
}

impl Use {
    /// `None` when the hole gives no foothold.
    fn of(hole: &Vulnerability) -> Option<Self> {
        let demand = hole.demand();
        let factor = hole.probability() * if demand.account || demand.help { DEMANDING } else { 1.0 };
        let condition = match (demand.account, demand.help) {
            (true, true) => Some("an account there, and somebody who helps".to_owned()),
            (true, false) => Some("an account there".to_owned()),
            (false, true) => Some("somebody who helps".to_owned()),
            (false, false) => None,
        };
        (factor > 0.0).then(|| Self {
            kind: EdgeKind::EXPLOIT,
            rule: hole.id().to_owned(),
            factor,
            port: hole.port(),
            condition,
            nearby: demand.nearby,
        })
    }

    fn login(port: u16, factor: f64, what: &str) -> Self {
        Self {
            kind: EdgeKind::REMOTE_LOGIN,
            rule: format!("{what} on port {port}"),
            factor,
            port: Some(port),
            condition: None,
            nearby: false,
        }
    }
}

/// Of holes that are alike but for their names so many are told: the others lead nowhere that these do not.
const ALIKE: usize = 8;

fn likeliest(holes: impl Iterator<Item = Use>) -> Vec<Use> {
    let mut all: Vec<Use> = holes.collect();
    let alike = |one: &Use| (one.port, one.nearby, one.condition.clone());
    all.sort_by(|one, two| {
        let order = alike(one).cmp(&alike(two)).then(two.factor.total_cmp(&one.factor));
        order.then_with(|| one.rule.cmp(&two.rule))
    });
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    all.retain(|one| {
        let count = counts.entry(alike(one)).or_default();
        *count += 1;
        *count <= ALIKE
    });
    all
}

/// The ports that both have.
fn common(of: (u16, u16), one: Option<u16>) -> Option<(u16, u16)> {
    match one {
        None => Some(of),
        Some(port) => (of.0..=of.1).contains(&port).then_some((port, port)),
    }
}
