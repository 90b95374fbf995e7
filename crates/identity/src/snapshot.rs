//! The bytes of a directory: tenant, limits, rules, identifiers, links. What follows from them is computed anew.

use crate::class::Told;
use crate::directory::Directory;
use crate::law::Law;
use crate::node::{Node, Stored};
use crate::rule::Namer;
use crate::tenant::own_key;
use crate::{
    EntityClass, ForeignInput, Learnt, Limits, Link, LinkId, LinkKind, LoginRule, Observation, Stats,
    Strength, Validity,
};
use homeostat_core::{
    EventRef, Observed, Position, Positions, SnapshotError, SnapshotReader, SnapshotWriter, State, TenantId,
    Timestamp,
};
use std::collections::BTreeSet;

const MAGIC: [u8; 4] = *b"IDDR";
const VERSION: u16 = 1;

impl State<Observation> for Directory {
    type Output = Learnt;
    type Error = ForeignInput;

    fn observe(
        &mut self,
        position: Position,
        observation: &Observation,
    ) -> Result<Observed<Learnt>, ForeignInput> {
        if !self.seen.advance(position) {
            return Ok(Observed::Replayed);
        }
        self.learn(observation).map(Observed::Applied)
    }

    fn position(&self) -> &Positions {
        &self.seen
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.text(self.tenant.as_ref().map_or("", TenantId::as_str));
        self.limits.numbers().into_iter().for_each(|limit| out.u32(limit));
        out.len(self.rules.len());
        self.rules.iter().for_each(|rule| write_rule(&mut out, rule));
        out.positions(&self.seen);
        out.u32(self.next);
        out.len(self.nodes.len());
        for (id, node) in &self.nodes {
            out.u32(*id);
            write_node(&mut out, node);
        }
        out.len(self.links.len());
        self.links.values().for_each(|link| write_link(&mut out, link));
        out.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let mut directory = Self { tenant: read_tenant(&mut fields)?, ..Self::default() };
        directory.limits = read_limits(&mut fields)?;
        for _ in 0..fields.len(17)? {
            directory.rules.push(read_rule(&mut fields)?);
        }
        directory.seen = fields.positions()?;
        directory.next = fields.u32()?;
        directory.read_nodes(&mut fields)?;
        directory.read_links(&mut fields)?;
        fields.finish()?;
        let all: BTreeSet<u32> = directory.nodes.keys().copied().collect();
        directory.rebuild(&all, &mut Learnt::default());
        // Cutting while reading is no news: it was counted when the links were learnt.
        directory.counted = Stats::default();
        Ok(directory)
    }
}

impl Directory {
    fn read_nodes(&mut self, fields: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "identifiers" };
        let mut last = None;
        for _ in 0..fields.len(41)? {
            let (id, node) = (fields.u32()?, read_node(fields)?);
            let rises = last.is_none_or(|last| last < id) && id < self.next;
            let own = self.tenant.as_ref().and_then(|tenant| own_key(tenant, &node.key));
            if !rises || own.as_ref() != Some(&node.key) {
                return Err(INVALID);
            }
            last = Some(id);
            if self.ids.insert(node.key.clone(), id).is_some() {
                return Err(INVALID);
            }
            self.nodes.insert(id, node);
        }
        let known = |node: &Node| node.neighbours.iter().all(|other| self.nodes.contains_key(other));
        if self.nodes.values().all(known) { Ok(()) } else { Err(INVALID) }
    }

    fn read_links(&mut self, fields: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        let mut last = None;
        for _ in 0..fields.len(43)? {
            let stored = read_link(fields)?;
            let id = self.checked_id(&stored).filter(|id| last.is_none_or(|last| last < *id));
            let id = id.ok_or(SnapshotError::Invalid { field: "links" })?;
            last = Some(id);
            self.attach(id, stored.kind, (stored.a, stored.b));
            self.links.insert(id, stored);
        }
        Ok(())
    }

    /// The id of a link as read; `None` when its ends are unknown, its order is not the one kept, or a law
    /// forbids it.
    fn checked_id(&self, stored: &Stored) -> Option<LinkId> {
        let (a, b) = (&self.nodes.get(&stored.a)?.key, &self.nodes.get(&stored.b)?.key);
        let (valid, evidence) = stored.periods.first()?;
        let link = Link {
            kind: stored.kind,
            a: a.clone(),
            b: b.clone(),
            strength: stored.strength,
            valid: *valid,
            evidence: evidence.clone(),
            witness: stored.witness.clone(),
        };
        let in_order = stored.kind != LinkKind::SameAs || a < b;
        (in_order && Law::against(&link).is_none()).then(|| link.id())
    }
}

fn write_rule(out: &mut SnapshotWriter, rule: &LoginRule) {
    let (kind, name) = match &rule.from {
        Namer::WindowsDomain(name) => (0, name.as_str()),
        Namer::MailDomain(name) => (1, name.as_str()),
        Namer::IamAccount(name) => (2, name.as_str()),
        Namer::MailIsLogin => (3, ""),
    };
    out.u8(kind);
    out.text(name);
    out.text(&rule.mail_domain);
}

fn read_rule(fields: &mut SnapshotReader<'_>) -> Result<LoginRule, SnapshotError> {
    let (kind, name, mail_domain) = (fields.u8()?, fields.text()?, fields.text()?);
    let from = match kind {
        0 => Namer::WindowsDomain(name),
        1 => Namer::MailDomain(name),
        2 => Namer::IamAccount(name),
        3 if name.is_empty() => Namer::MailIsLogin,
        _ => return Err(SnapshotError::Invalid { field: "rule" }),
    };
    Ok(LoginRule::new(from, &mail_domain))
}

fn read_tenant(fields: &mut SnapshotReader<'_>) -> Result<Option<TenantId>, SnapshotError> {
    let name = fields.text()?;
    if name.is_empty() {
        return Ok(None);
    }
    TenantId::new(&name).map(Some).map_err(|_| SnapshotError::Invalid { field: "tenant" })
}

fn read_limits(fields: &mut SnapshotReader<'_>) -> Result<Limits, SnapshotError> {
    let mut numbers = [0; 7];
    for number in &mut numbers {
        *number = fields.u32()?;
    }
    let limits = Limits::of_numbers(numbers);
    if limits.fault().is_none() { Ok(limits) } else { Err(SnapshotError::Invalid { field: "limits" }) }
}

fn write_node(out: &mut SnapshotWriter, node: &Node) {
    out.key(&node.key);
    out.u32(node.told.0);
    out.time(node.last);
    out.len(node.neighbours.len());
    node.neighbours.iter().for_each(|neighbour| out.u32(*neighbour));
}

fn read_node(fields: &mut SnapshotReader<'_>) -> Result<Node, SnapshotError> {
    const INVALID: SnapshotError = SnapshotError::Invalid { field: "identifier" };
    let mut node = Node::new(fields.key()?);
    let told = fields.u32()?;
    if told >> EntityClass::ALL.len() != 0 {
        return Err(INVALID);
    }
    node.told = Told(told);
    node.last = fields.time()?;
    for _ in 0..fields.len(4)? {
        node.neighbours.push(fields.u32()?);
    }
    if node.neighbours.is_sorted_by(|a, b| a < b) { Ok(node) } else { Err(INVALID) }
}

fn write_link(out: &mut SnapshotWriter, link: &Stored) {
    out.u32(link.a);
    out.u32(link.b);
    out.u8(link.kind.number());
    out.u8(link.strength.number());
    out.u8(u8::from(link.retracted));
    out.text(&link.witness);
    out.time(link.told);
    out.len(link.periods.len());
    for (valid, evidence) in &link.periods {
        out.time(valid.from());
        out.time(valid.to());
        out.text(evidence.as_str());
    }
}

fn read_link(fields: &mut SnapshotReader<'_>) -> Result<Stored, SnapshotError> {
    const INVALID: SnapshotError = SnapshotError::Invalid { field: "link" };
    let (a, b) = (fields.u32()?, fields.u32()?);
    let kind = LinkKind::ALL.get(usize::from(fields.u8()?)).copied().ok_or(INVALID)?;
    let strength = Strength::ALL.get(usize::from(fields.u8()?)).copied().ok_or(INVALID)?;
    let retracted = match fields.u8()? {
        0 => false,
        1 => true,
        _ => return Err(INVALID),
    };
    let (witness, told) = (fields.text()?.into(), fields.time()?);
    let mut periods = Vec::new();
    for _ in 0..fields.len(24)? {
        periods.push(read_period(fields)?);
    }
    let apart = |pair: &[(Validity, EventRef)]| match pair {
        [one, other] => one.0.to() < other.0.from(),
        _ => true,
    };
    if periods.is_empty() || !periods.windows(2).all(apart) {
        return Err(INVALID);
    }
    Ok(Stored { a, b, kind, strength, witness, told, retracted, periods })
}

fn read_period(fields: &mut SnapshotReader<'_>) -> Result<(Validity, EventRef), SnapshotError> {
    const INVALID: SnapshotError = SnapshotError::Invalid { field: "period" };
    let (from, to): (Timestamp, Timestamp) = (fields.time()?, fields.time()?);
    let valid = Validity::between(from, to).filter(|valid| valid.from() == from).ok_or(INVALID)?;
    let evidence = EventRef::parse(&fields.text()?).map_err(|_| INVALID)?;
    Ok((valid, evidence))
}
