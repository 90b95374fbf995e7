//! What principals really did: each action on each resource, when first and last, how often.
//!
//! O(log pairs) a use; a pair costs its two texts and 24 bytes.

use core::fmt;
use homeostat_core::{
    EntityKey, Forget, Merge, Observed, Position, Positions, SnapshotError, SnapshotReader, SnapshotWriter,
    State, Timestamp,
};
use std::collections::BTreeMap;

/// That somebody did something and was let.
#[derive(Clone, PartialEq, Eq)]
pub struct Use {
    /// Who.
    pub who: EntityKey,
    /// The permission that it took, such as `s3:GetObject`.
    pub action: String,
    /// On what: an ARN, or `*` for actions that have no resource.
    pub resource: String,
    /// When.
    pub at: Timestamp,
}

/// When and how often something was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
}

/// What principals used.
///
/// ```
/// use homeostat_core::{EntityKey, EntityKind, Timestamp};
/// use homeostat_posture::{Usage, Use};
///
/// let who = EntityKey::new(EntityKind::IamUserArn, "111122223333", "arn:aws:iam::111122223333:user/etl")?;
/// let mut usage = Usage::default();
/// let (action, resource) = ("s3:GetObject".to_owned(), "arn:aws:s3:::in/a.csv".to_owned());
/// usage.record(&Use { who: who.clone(), action, resource, at: Timestamp::from_micros(5) });
/// assert_eq!(usage.of(&who, Timestamp::from_micros(0)).count(), 1);
/// assert_eq!(usage.of(&who, Timestamp::from_micros(6)).count(), 0, "used before the window");
/// # Ok::<(), homeostat_core::BadKey>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Usage {
    positions: Positions,
    uses: BTreeMap<EntityKey, BTreeMap<(String, String), Used>>,
}

impl Usage {
    /// Notes a use.
    pub fn record(&mut self, what: &Use) {
        let own = self.uses.entry(what.who.clone()).or_default();
        let fresh = Used { first: what.at, last: what.at, count: 0 };
        let used = own.entry((what.action.clone(), what.resource.clone())).or_insert(fresh);
        used.add(&Used { count: 1, ..fresh });
    }

    /// What `who` used since `since`: action, resource, when and how often.
    pub fn of(&self, who: &EntityKey, since: Timestamp) -> impl Iterator<Item = (&str, &str, Used)> {
        let own = self.uses.get(who).into_iter().flatten();
        own.filter(move |(_, used)| used.last >= since)
            .map(|((action, resource), used)| (action.as_str(), resource.as_str(), *used))
    }

    /// Who used anything.
    pub fn principals(&self) -> impl Iterator<Item = &EntityKey> {
        self.uses.keys()
    }

    /// How many pairs of action and resource are known.
    pub fn len(&self) -> usize {
        self.uses.values().map(BTreeMap::len).sum()
    }

    /// Whether nothing was used.
    pub fn is_empty(&self) -> bool {
        self.uses.is_empty()
    }
}

impl Used {
    fn add(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count = self.count.saturating_add(other.count);
    }
}

impl Merge for Usage {
    fn merge(&mut self, other: &Self) {
        for (who, uses) in &other.uses {
            let own = self.uses.entry(who.clone()).or_default();
            for (what, used) in uses {
                own.entry(what.clone()).and_modify(|known| known.add(used)).or_insert(*used);
            }
        }
    }
}

impl Forget for Usage {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        self.uses.remove(entity).is_some()
    }
}

const MAGIC: [u8; 4] = *b"HUSE";
const VERSION: u16 = 1;

impl State<Use> for Usage {
    type Output = ();
    type Error = core::convert::Infallible;

    fn observe(&mut self, position: Position, input: &Use) -> Result<Observed<()>, Self::Error> {
        if !self.positions.advance(position) {
            return Ok(Observed::Replayed);
        }
        self.record(input);
        Ok(Observed::Applied(()))
    }

    fn position(&self) -> &Positions {
        &self.positions
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.positions(&self.positions);
        out.len(self.uses.len());
        for (who, uses) in &self.uses {
            out.key(who);
            out.len(uses.len());
            for ((action, resource), used) in uses {
                out.text(action);
                out.text(resource);
                out.time(used.first);
                out.time(used.last);
                out.u64(used.count);
            }
        }
        out.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let mut usage = Self { positions: fields.positions()?, uses: BTreeMap::new() };
        for _ in 0..fields.len(17)? {
            let who = fields.key()?;
            let mut uses = BTreeMap::new();
            for _ in 0..fields.len(40)? {
                let what = (fields.text()?, fields.text()?);
                let when = Used { first: fields.time()?, last: fields.time()?, count: fields.u64()? };
                uses.insert(what, when);
            }
            usage.uses.insert(who, uses);
        }
        fields.finish()?;
        Ok(usage)
    }
}

impl fmt::Debug for Use {
    /// Shows who and what, not on which resource.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Use({:?} {} at {})", self.who, self.action, self.at)
    }
}

impl fmt::Debug for Usage {
    /// Shows counts alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Usage({} principals, {} pairs)", self.uses.len(), self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::EntityKind;
    use homeostat_core::conformance::{merge_laws, state_laws};

    fn uses(seed: u64) -> Vec<Use> {
        let make = |number: u64| Use {
            who: EntityKey::new(EntityKind::Upn, "acme", &format!("u{}@acme.example", number % 3)).unwrap(),
            action: format!("s3:Action{}", number % 4),
            resource: format!("arn:aws:s3:::b/{}", number % 5),
            at: Timestamp::from_micros(i64::try_from(number * 7 % 11).unwrap()),
        };
        (seed..seed + 12).map(make).collect()
    }

    #[test]
    fn usage_is_a_state_that_merges() {
        assert_eq!(state_laws(&Usage::default(), &uses(0)), Ok(()));
        let [a, b, c] = [0, 5, 17].map(|seed| {
            let mut usage = Usage::default();
            for one in &uses(seed) {
                usage.record(one);
            }
            usage
        });
        assert_eq!(merge_laws([&a, &b, &c], |one, two| one == two), Ok(()));
    }
}
