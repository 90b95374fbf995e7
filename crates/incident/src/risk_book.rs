//! One risk per identity, the same for every domain: what a finding here lends to the thresholds there.
//!
//! Bits per (domain, kind) with a half-life of 12 hours, repetition counts once, summed once; risk is
//! 1 − 2^(−bits/16). Sessions, devices and owners lend one hop and never on. A signal that only a tightened
//! threshold let through adds nothing, so that tightening can not feed itself. Unlike incidents, risk changes at
//! the signal's position in the log, before the next input. O(k log n) a signal.

use crate::ObserveError;
use crate::act;
use crate::weight::{DAY, HOUR, fade};
use homeostat_core::{
    Bits, Domain, EntityKey, Forget, Observed, Position, Positions, Risk, RiskView, Role, Signal, SignalId,
    SnapshotError, SnapshotReader, SnapshotWriter, State, TenantId, Timestamp,
};
use homeostat_identity::{EntityId, LinkKind, Resolved};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// Half-life of risk.
const HALF_LIFE: i64 = 12 * HOUR;
/// Bits of an identity without history: a risk of 0.15, so that a takeover needs three facts and not one.
const NEWCOMER: f64 = 3.751_5;
/// The most that one signal adds: contact with the known bad.
const MOST_OF_ONE: Bits = Bits::KNOWN_BAD;
/// The most facts, names and neighbours kept of one identity.
const KEPT: usize = 64;
/// The most identities kept; those not heard of for longest go first.
const IDENTITIES: usize = 100_000;
/// A change of risk below this is not told.
const TOLD: f64 = 0.01;
/// The most signals named as reasons.
const BECAUSE: usize = 8;

/// The risk of one identity changed, at the position of the signal that changed it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RiskChanged {
    /// Whose, by its first name.
    pub identity: EntityKey,
    /// The risk before, `0.0..=1.0`.
    pub from: f64,
    /// The risk now.
    pub to: f64,
    /// When.
    pub at: Timestamp,
    /// The signals behind it, the heaviest first.
    pub because: Vec<SignalId>,
}

/// What speaks against one identity in one domain in one way.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Charge {
    bits: f64,
    time: i64,
    signal: SignalId,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Identity {
    names: BTreeSet<EntityKey>,
    charges: BTreeMap<(Domain, String), Charge>,
    // Who lends to this identity, and how much of theirs.
    lenders: BTreeMap<EntityId, LinkKind>,
    first: i64,
    last: i64,
    newcomer: bool,
}

/// The risk of every identity of one tenant.
///
/// Hand-over when two entities become one: the id under which a name shows last takes over what the other had.
///
/// ```
/// use homeostat_core::{EntityKey, EntityKind, Risk, RiskView, Timestamp};
/// use homeostat_incident::RiskBook;
///
/// let book = RiskBook::default();
/// let stranger = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
/// assert_eq!(book.risk(&stranger, Timestamp::from_micros(0)), Risk::NONE);
/// # Ok::<(), homeostat_core::BadKey>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct RiskBook {
    positions: Positions,
    tenant: Option<TenantId>,
    identities: BTreeMap<EntityId, Identity>,
    names: HashMap<EntityKey, EntityId>,
    start: Option<i64>,
    evicted: u64,
}

impl State<Resolved> for RiskBook {
    type Output = Vec<RiskChanged>;
    type Error = ObserveError;

    fn observe(
        &mut self,
        position: Position,
        input: &Resolved,
    ) -> Result<Observed<Self::Output>, Self::Error> {
        if !self.positions.advance(position) {
            return Ok(Observed::Replayed);
        }
        let now = input.signal.time.micros().ok_or(ObserveError::NoMoment)?;
        if input.participants.is_empty() {
            return Err(ObserveError::Nobody);
        }
        if self.tenant.as_ref().is_some_and(|tenant| *tenant != input.signal.tenant) {
            return Err(ObserveError::ForeignTenant);
        }
        self.tenant.get_or_insert_with(|| input.signal.tenant.clone());
        Ok(Observed::Applied(self.apply(input, now)))
    }

    fn position(&self) -> &Positions {
        &self.positions
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(*b"HSRB", 1);
        out.positions(&self.positions);
        out.text(self.tenant.as_ref().map_or("", TenantId::as_str));
        out.u8(u8::from(self.start.is_some()));
        out.u64(self.start.unwrap_or(0).cast_unsigned());
        out.u64(self.evicted);
        out.len(self.identities.len());
        for (id, identity) in &self.identities {
            out.u32(id.0);
            identity.write(&mut out);
        }
        out.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, *b"HSRB", 1..=1)?;
        let mut book = Self { positions: fields.positions()?, ..Self::default() };
        let tenant = fields.text()?;
        if !tenant.is_empty() {
            let tenant = TenantId::new(&tenant).map_err(|_| SnapshotError::Invalid { field: "tenant" })?;
            book.tenant = Some(tenant);
        }
        let started = fields.u8()? != 0;
        let start = fields.u64()?.cast_signed();
        book.start = started.then_some(start);
        book.evicted = fields.u64()?;
        for _ in 0..fields.len(45)? {
            let id = EntityId(fields.u32()?);
            let identity = Identity::read(&mut fields)?;
            let names = identity.names.iter().map(|name| (name.clone(), id));
            book.names.extend(names);
            book.identities.insert(id, identity);
        }
        fields.finish()?;
        Ok(book)
    }
}

impl RiskBook {
    /// Tells that `identity` exists and is `id`, as of `now`: one that is met after the first day of history has
    /// none of its own and starts at a risk of 0.15.
    pub fn meet(&mut self, id: EntityId, identity: &EntityKey, now: Timestamp) {
        if let Some(now) = now.micros() {
            self.note(id, identity, now);
        }
    }

    /// The risk of the entity `id` at `now`: what pipelines ask that have resolved the name already.
    pub fn risk_of(&self, id: EntityId, now: Timestamp) -> Risk {
        let (Some(now), Some(identity)) = (now.micros(), self.identities.get(&id)) else { return Risk::NONE };
        let charges = self.charges_of(id, now);
        let newcomer = if identity.newcomer {
            NEWCOMER * fade(now.saturating_sub(identity.first), HALF_LIFE)
        } else {
            0.0
        };
        let bits = charges.iter().fold(newcomer, |sum, (bits, ..)| sum + bits);
        let last = charges.iter().map(|(_, time, _)| *time).max();
        let mut risk = Risk::new(Bits::new(bits), last.map_or(Timestamp::UNKNOWN, Timestamp::from_micros));
        risk.because = charges.iter().map(|(.., signal)| *signal).take(BECAUSE).collect();
        risk
    }

    /// Identities kept, and how many were let go at the limit.
    pub fn kept(&self) -> (usize, u64) {
        (self.identities.len(), self.evicted)
    }

    fn apply(&mut self, input: &Resolved, now: i64) -> Vec<RiskChanged> {
        for participant in input.participants.iter().filter(|p| p.role != Role::Observer) {
            self.note(participant.id, &participant.key, now);
        }
        if self.knows_all_of(input) {
            self.prune();
            return Vec::new();
        }
        let touched = self.touched(input);
        let before: Vec<f64> = touched.iter().map(|id| self.score(*id, now)).collect();
        for (a, b, kind) in input.links.iter().filter(|(.., kind)| factor(*kind) > 0.0) {
            self.lend(*a, *b, *kind, now);
            self.lend(*b, *a, *kind, now);
        }
        if !input.signal.tightened {
            for id in charged(input) {
                self.charge(id, &input.signal, now);
            }
        }
        let told = touched.iter().zip(before).filter_map(|(id, from)| self.told(*id, from, now));
        let told = told.collect();
        self.prune();
        told
    }

    /// Whether `input` charges nobody and tells of no link that is not known: then no risk changes by it. So it is
    /// with nearly all plain acts.
    fn knows_all_of(&self, input: &Resolved) -> bool {
        let charges = !input.signal.tightened && input.signal.bits > Bits::ZERO;
        let mut links = input.links.iter().filter(|(.., kind)| factor(*kind) > 0.0);
        !charges && links.all(|(a, b, kind)| self.lends(*a, *b, *kind) && self.lends(*b, *a, *kind))
    }

    /// Whether [`Self::lend`] would change nothing.
    fn lends(&self, from: EntityId, to: EntityId, kind: LinkKind) -> bool {
        let known = |borrower: &Identity| {
            from == to || borrower.lenders.len() >= KEPT || borrower.lenders.get(&from) == Some(&kind)
        };
        self.identities.get(&to).is_some_and(known)
    }

    /// Those whose risk this input may change: who takes part, who is linked, who borrows from them.
    fn touched(&self, input: &Resolved) -> BTreeSet<EntityId> {
        let mut touched: BTreeSet<EntityId> = input.participants.iter().map(|p| p.id).collect();
        touched.extend(input.links.iter().flat_map(|(a, b, _)| [*a, *b]));
        let borrowers: Vec<EntityId> = charged(input)
            .filter_map(|id| self.identities.get(&id))
            .flat_map(|identity| identity.lenders.keys().copied())
            .collect();
        touched.extend(borrowers);
        touched
    }

    fn score(&self, id: EntityId, now: i64) -> f64 {
        self.risk_of(id, Timestamp::from_micros(now)).score()
    }

    fn told(&self, id: EntityId, from: f64, now: i64) -> Option<RiskChanged> {
        let at = Timestamp::from_micros(now);
        let risk = self.risk_of(id, at);
        let identity = self.identities.get(&id)?.names.first()?.clone();
        let to = risk.score();
        ((to - from).abs() >= TOLD).then_some(RiskChanged { identity, from, to, at, because: risk.because })
    }

    fn note(&mut self, id: EntityId, name: &EntityKey, now: i64) {
        match self.names.get(name).copied() {
            Some(known) if known == id => {
                // INVARIANT: who stands under a name has it among its names.
                let identity = self.identity(id, now);
                identity.last = identity.last.max(now);
                return;
            }
            Some(old) => self.hand_over(old, id),
            None => {}
        }
        let identity = self.identity(id, now);
        identity.last = identity.last.max(now);
        if identity.names.len() < KEPT && identity.names.insert(name.clone()) {
            self.names.insert(name.clone(), id);
        }
    }

    /// What was known under `old` is `new`'s from now on.
    fn hand_over(&mut self, old: EntityId, new: EntityId) {
        let Some(gone) = self.identities.remove(&old) else { return };
        for name in &gone.names {
            self.names.insert(name.clone(), new);
        }
        for identity in self.identities.values_mut() {
            if let Some(kind) = identity.lenders.remove(&old) {
                identity.lenders.insert(new, kind);
            }
        }
        let Some(identity) = self.identities.get_mut(&new) else {
            self.identities.insert(new, gone);
            return;
        };
        identity.first = identity.first.min(gone.first);
        identity.newcomer &= gone.newcomer;
        identity.names.extend(gone.names);
        identity.lenders.extend(gone.lenders);
        for (kind, charge) in gone.charges {
            identity.take(kind, charge);
        }
    }

    fn lend(&mut self, from: EntityId, to: EntityId, kind: LinkKind, now: i64) {
        let identity = self.identity(to, now);
        if from != to && identity.lenders.len() < KEPT {
            identity.lenders.insert(from, kind);
        }
    }

    /// The identity `id`, known from now on if it was not.
    fn identity(&mut self, id: EntityId, now: i64) -> &mut Identity {
        let start = *self.start.get_or_insert(now);
        let newcomer = now.saturating_sub(start) >= DAY;
        let unknown = || Identity { first: now, last: now, newcomer, ..Identity::default() };
        self.identities.entry(id).or_insert_with(unknown)
    }

    fn charge(&mut self, id: EntityId, signal: &Signal, now: i64) {
        let Some(identity) = self.identities.get_mut(&id) else { return };
        let bits = signal.bits.get().min(MOST_OF_ONE.get());
        if bits <= 0.0 {
            return;
        }
        let charge = Charge { bits, time: now, signal: signal.id };
        identity.take((signal.domain, signal.kind.clone()), charge);
    }

    /// Own and lent charges of `id` at `now`, each kind in each domain once, the heaviest first.
    fn charges_of(&self, id: EntityId, now: i64) -> Vec<(f64, i64, SignalId)> {
        let Some(identity) = self.identities.get(&id) else { return Vec::new() };
        let lenders = identity.lenders.iter();
        let lent = lenders.filter_map(|(id, kind)| Some((self.identities.get(id)?, factor(*kind))));
        let who = lent.chain([(identity, 1.0)]).filter(|(identity, _)| !identity.charges.is_empty());
        let mut all: BTreeMap<&(Domain, String), (f64, i64, SignalId)> = BTreeMap::new();
        for (identity, share) in who {
            for (kind, charge) in &identity.charges {
                let felt = charge.bits * share * fade(now.saturating_sub(charge.time), HALF_LIFE);
                let most = all.entry(kind).or_insert((felt, charge.time, charge.signal));
                if felt > most.0 {
                    *most = (felt, charge.time, charge.signal);
                }
            }
        }
        let mut charges: Vec<_> = all.into_values().collect();
        charges.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
        charges
    }

    fn prune(&mut self) {
        if self.identities.len() <= IDENTITIES {
            return;
        }
        let mut idle: Vec<_> = self.identities.iter().map(|(id, identity)| (identity.last, *id)).collect();
        idle.sort_unstable();
        let gone: BTreeSet<EntityId> = idle.into_iter().take(IDENTITIES / 16).map(|(_, id)| id).collect();
        self.evicted = self.evicted.saturating_add(gone.len() as u64);
        self.remove(&gone);
    }

    fn remove(&mut self, gone: &BTreeSet<EntityId>) {
        self.identities.retain(|id, _| !gone.contains(id));
        self.names.retain(|_, id| !gone.contains(id));
        for identity in self.identities.values_mut() {
            identity.lenders.retain(|id, _| !gone.contains(id));
        }
    }
}

impl RiskView for RiskBook {
    fn risk(&self, identity: &EntityKey, now: Timestamp) -> Risk {
        self.names.get(identity).map_or(Risk::NONE, |id| self.risk_of(*id, now))
    }
}

impl Forget for RiskBook {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let id = self.names.get(entity).copied();
        id.inspect(|id| self.remove(&BTreeSet::from([*id]))).is_some()
    }
}

impl fmt::Debug for RiskBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RiskBook({} identities, {} evicted)", self.identities.len(), self.evicted)
    }
}

/// Whom a signal charges: who acts and through what; where it names neither, what it is about.
fn charged(input: &Resolved) -> impl Iterator<Item = EntityId> {
    let acts = |role: Role| matches!(role, Role::Actor | Role::Via);
    let some = input.participants.iter().any(|p| acts(p.role));
    let about = move |role: Role| matches!(role, Role::Target | Role::Device);
    let ids: BTreeSet<EntityId> = input
        .participants
        .iter()
        .filter(|p| if some { acts(p.role) } else { about(p.role) })
        .map(|p| p.id)
        .collect();
    ids.into_iter()
}

/// How much of its risk an entity lends over a link.
const fn factor(kind: LinkKind) -> f64 {
    match kind {
        LinkKind::ActsFor => 0.9,
        LinkKind::Owns => 0.5,
        LinkKind::LoggedOn => 0.3,
        LinkKind::SameAs | LinkKind::Leases | LinkKind::Runs => 0.0,
    }
}

impl Identity {
    /// Takes a charge in; of two of one kind the one that weighs more by now stays.
    fn take(&mut self, kind: (Domain, String), charge: Charge) {
        let full = self.charges.len() >= KEPT && !self.charges.contains_key(&kind);
        if full {
            let faintest = self.charges.iter().min_by(|(_, a), (_, b)| {
                let left = |c: &Charge| c.bits * fade(charge.time.saturating_sub(c.time), HALF_LIFE);
                left(a).total_cmp(&left(b))
            });
            if let Some(kind) = faintest.map(|(kind, _)| kind.clone()) {
                self.charges.remove(&kind);
            }
        }
        let old = self.charges.entry(kind).or_insert(charge);
        let left = old.bits * fade(charge.time.saturating_sub(old.time), HALF_LIFE);
        if charge.bits >= left {
            *old = charge;
        }
    }

    fn write(&self, out: &mut SnapshotWriter) {
        out.len(self.names.len());
        self.names.iter().for_each(|name| out.key(name));
        out.len(self.charges.len());
        for ((domain, kind), charge) in &self.charges {
            out.u8(act::number(&Domain::ALL, domain));
            out.text(kind);
            out.f64(charge.bits);
            out.u64(charge.time.cast_unsigned());
            out.u64(charge.signal.get());
        }
        out.len(self.lenders.len());
        for (id, kind) in &self.lenders {
            out.u32(id.0);
            act::write_link(out, *kind);
        }
        out.u64(self.first.cast_unsigned());
        out.u64(self.last.cast_unsigned());
        out.u8(u8::from(self.newcomer));
    }

    fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let names = act::read_all(fields, 17, SnapshotReader::key)?.into_iter().collect();
        let charges = act::read_all(fields, 33, |fields| {
            let kind = (act::one_of(&Domain::ALL, fields.u8()?)?, fields.text()?);
            let (bits, time) = (act::read_weight(fields)?, fields.u64()?.cast_signed());
            Ok((kind, Charge { bits, time, signal: SignalId::from(fields.u64()?) }))
        })?;
        let lenders = act::read_all(fields, 5, |f| Ok((EntityId(f.u32()?), act::read_link(f)?)))?;
        Ok(Self {
            names,
            charges: charges.into_iter().collect(),
            lenders: lenders.into_iter().collect(),
            first: fields.u64()?.cast_signed(),
            last: fields.u64()?.cast_signed(),
            newcomer: fields.u8()? != 0,
        })
    }
}
