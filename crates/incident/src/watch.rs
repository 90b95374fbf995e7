//! What the outside says is attacked now, and which assets of ours that exposes: they are watched more closely.
//!
//! An advisory names a product. Each asset that runs it where strangers can reach it is watched from the
//! advisory's moment on, less every day, until after 14 days nothing is left. [`heighten`] lets a watch add to what
//! detectors say about such an asset: at most as many bits as they gave themselves, so that a feed makes no story
//! out of nothing. O(log n) a change, O(products of the asset) a look.

use crate::act;
use crate::weight::DAY;
use homeostat_core::{
    Bits, EntityKey, Forget, IntelFeed, Observed, Position, Positions, Reason, Role, Signal, SnapshotError,
    SnapshotReader, SnapshotWriter, State, Timestamp, Watch,
};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;

/// How long an advisory is felt, 14 days: by then what can be patched in a hurry is.
pub const WATCH: i64 = 14 * DAY;
/// The most advisories kept; the earliest published go first.
const ADVISORIES: usize = 4_096;
/// The most pairs of asset and product kept; further ones are counted.
const EXPOSURES: usize = 1_000_000;

/// What changes in whom to watch.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Intel {
    /// The asset runs the product where strangers can reach it.
    Exposed {
        /// Which asset.
        asset: EntityKey,
        /// What it runs, spelt as advisories spell it; case does not matter.
        product: String,
    },
    /// It does no longer: patched, closed or gone.
    Closed {
        /// Which asset.
        asset: EntityKey,
        /// What it ran.
        product: String,
    },
    /// The product is attacked, or soon will be. A later one of the same id stands in for the earlier.
    Advisory {
        /// Who says so: the report's or the weakness' id.
        id: String,
        /// What it is about.
        product: String,
        /// Bits at the moment it is published.
        bits: Bits,
        /// When it was published: the watch counts from here.
        published: Timestamp,
    },
}

impl fmt::Debug for Intel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exposed { .. } => "Exposed",
            Self::Closed { .. } => "Closed",
            Self::Advisory { .. } => "Advisory",
        })
    }
}

/// One advisory that is kept.
#[derive(Clone, Debug, PartialEq)]
struct Advisory {
    product: String,
    bits: f64,
    published: i64,
}

/// Whom to watch because of what the outside says: an [`IntelFeed`] that forgets by itself.
///
/// ```
/// use homeostat_core::{Bits, EntityKey, EntityKind, IntelFeed as _, Position, State as _, Timestamp};
/// use homeostat_incident::{Intel, WatchBook};
///
/// let shop = EntityKey::new(EntityKind::Hostname, "acme", "shop")?;
/// let (day, mut book) = (86_400_000_000, WatchBook::default());
/// let exposed = Intel::Exposed { asset: shop.clone(), product: "web/4.2".into() };
/// book.observe(Position::at(0), &exposed)?;
/// let told = Intel::Advisory {
///     id: "CVE-2026-0001".into(),
///     product: "web/4.2".into(),
///     bits: Bits::new(8.0),
///     published: Timestamp::from_micros(0),
/// };
/// assert_eq!(book.observe(Position::at(1), &told)?.applied(), Some(vec![shop.clone()]));
/// let level = |day_number: i64| book.watch(&shop, Timestamp::from_micros(day_number * day)).map(|w| w.bits.get());
/// assert_eq!((level(0), level(7), level(14)), (Some(8.0), Some(4.0), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct WatchBook {
    positions: Positions,
    runs: BTreeMap<EntityKey, BTreeSet<String>>,
    advisories: BTreeMap<String, Advisory>,
    pairs: usize,
    refused: u64,
}

impl State<Intel> for WatchBook {
    /// The assets that this change put under closer watch, in order.
    type Output = Vec<EntityKey>;
    type Error = Infallible;

    fn observe(&mut self, position: Position, input: &Intel) -> Result<Observed<Self::Output>, Self::Error> {
        if !self.positions.advance(position) {
            return Ok(Observed::Replayed);
        }
        Ok(Observed::Applied(self.apply(input)))
    }

    fn position(&self) -> &Positions {
        &self.positions
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(*b"HSWB", 1);
        out.positions(&self.positions);
        out.u64(self.refused);
        out.len(self.runs.len());
        for (asset, products) in &self.runs {
            out.key(asset);
            out.len(products.len());
            for product in products {
                out.text(product);
            }
        }
        out.len(self.advisories.len());
        for (id, advisory) in &self.advisories {
            out.text(id);
            out.text(&advisory.product);
            out.f64(advisory.bits);
            out.u64(advisory.published.cast_unsigned());
        }
        out.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, *b"HSWB", 1..=1)?;
        let mut book = Self { positions: fields.positions()?, refused: fields.u64()?, ..Self::default() };
        let runs = act::read_all(&mut fields, 25, |fields| {
            let asset = fields.key()?;
            let products = act::read_all(fields, 8, SnapshotReader::text)?;
            Ok((asset, products.into_iter().collect::<BTreeSet<_>>()))
        })?;
        book.runs = runs.into_iter().collect();
        book.pairs = book.runs.values().map(BTreeSet::len).sum();
        let advisories = act::read_all(&mut fields, 32, |fields| {
            let (id, product) = (fields.text()?, fields.text()?);
            let (bits, published) = (act::read_weight(fields)?, fields.u64()?.cast_signed());
            Ok((id, Advisory { product, bits, published }))
        })?;
        book.advisories = advisories.into_iter().collect();
        fields.finish()?;
        Ok(book)
    }
}

impl WatchBook {
    /// Pairs of asset and product kept, advisories kept, and how many pairs found the book full.
    pub fn kept(&self) -> (usize, usize, u64) {
        (self.pairs, self.advisories.len(), self.refused)
    }

    fn apply(&mut self, input: &Intel) -> Vec<EntityKey> {
        match input {
            Intel::Exposed { asset, product } => self.expose(asset, &product.to_lowercase()),
            Intel::Closed { asset, product } => {
                self.close(asset, &product.to_lowercase());
                Vec::new()
            }
            Intel::Advisory { id, product, bits, published } => {
                let Some(published) = published.micros() else { return Vec::new() };
                let product = product.to_lowercase();
                let raised = self.runs.iter().filter(|(_, products)| products.contains(&product));
                let raised = raised.map(|(asset, _)| asset.clone()).collect();
                self.advisories.insert(id.clone(), Advisory { product, bits: bits.get(), published });
                self.prune(published);
                raised
            }
        }
    }

    fn expose(&mut self, asset: &EntityKey, product: &str) -> Vec<EntityKey> {
        if self.runs.get(asset).is_some_and(|products| products.contains(product)) {
            return Vec::new();
        }
        if self.pairs >= EXPOSURES {
            self.refused = self.refused.saturating_add(1);
            return Vec::new();
        }
        self.pairs += 1;
        self.runs.entry(asset.clone()).or_default().insert(product.to_owned());
        let watched = self.advisories.values().any(|advisory| advisory.product == product);
        watched.then(|| asset.clone()).into_iter().collect()
    }

    fn close(&mut self, asset: &EntityKey, product: &str) {
        let Some(products) = self.runs.get_mut(asset) else { return };
        self.pairs -= usize::from(products.remove(product));
        if products.is_empty() {
            self.runs.remove(asset);
        }
    }

    /// Lets go of advisories that nothing is left of when one is published at `now`, and of the earliest beyond
    /// the limit.
    fn prune(&mut self, now: i64) {
        self.advisories.retain(|_, advisory| now.saturating_sub(advisory.published) < WATCH);
        while self.advisories.len() > ADVISORIES {
            let earliest = self.advisories.iter().min_by_key(|(id, advisory)| (advisory.published, *id));
            let Some(id) = earliest.map(|(id, _)| id.clone()) else { return };
            self.advisories.remove(&id);
        }
    }
}

impl IntelFeed for WatchBook {
    fn watch(&self, entity: &EntityKey, now: Timestamp) -> Option<Watch> {
        let (now, products) = (now.micros()?, self.runs.get(entity)?);
        let felt = self.advisories.iter().filter(|(_, advisory)| products.contains(&advisory.product));
        let felt = felt.filter_map(|(id, advisory)| Some((advisory.left(now)?, advisory.published, id)));
        let (bits, published, id) =
            felt.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(b.2.cmp(a.2)))?;
        let until = Timestamp::from_micros(published.saturating_add(WATCH));
        Some(Watch { bits: Bits::new(bits), until, because: id.clone() })
    }
}

impl Forget for WatchBook {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let gone = self.runs.remove(entity);
        self.pairs -= gone.as_ref().map_or(0, BTreeSet::len);
        gone.is_some()
    }
}

impl fmt::Debug for WatchBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WatchBook({} exposures, {} advisories)", self.pairs, self.advisories.len())
    }
}

impl Advisory {
    /// Bits left at `now`; `None` before it is published and once nothing is left.
    fn left(&self, now: i64) -> Option<f64> {
        let age = now.saturating_sub(self.published);
        (0..WATCH).contains(&age).then(|| self.bits * (1.0 - age as f64 / WATCH as f64))
    }
}

/// Adds to `signal` what `feed` says of the asset it is about, and the reason; tells whether it did.
///
/// At most as many bits as the signal has: an act that surprises nobody stays one. The sum is never taken for
/// contact with the known bad, which opens an incident at once.
pub fn heighten(signal: &mut Signal, feed: &dyn IntelFeed) -> bool {
    let about = |role: &Role| matches!(role, Role::Actor | Role::Target | Role::Device | Role::Via);
    let involved = signal.entities.iter().filter(|(_, role)| about(role));
    let watches = involved.filter_map(|(key, _)| feed.watch(key, signal.time));
    let Some(watch) = watches.max_by(|a, b| a.bits.get().total_cmp(&b.bits.get())) else { return false };
    let own = signal.bits.get();
    let room = (Bits::CRITICAL.get() - own).max(0.0);
    let more = watch.bits.get().min(own).min(room);
    if more <= 0.0 {
        return false;
    }
    signal.bits = Bits::new(own + more);
    signal.reasons.push(Reason::new("intelligence", watch.because, "nothing said", Bits::new(more)));
    true
}
