//! What a budget knows of one entity: its open hour, its wealth, its usual height, and what was told of it.

use super::wealth::Wealth;
use crate::varint::{Fields, put, put_float, put_signed};
use homeostat_core::{EntityKind, SnapshotError};

/// Hours of its own after which an entity's usual surprise weighs as much as its pool's.
const OWN_HOURS: f64 = 50.0;
/// The most hours that its mean remembers: some two working months.
const MEMORY: u32 = 400;
/// An hour moves the mean by no more than a surprise of ten bits, in natural logarithms: one attack is no habit.
const MOST: f64 = 7.0;
/// The least and the most by which an entity's own history stretches its pool's scale.
const SCALE: core::ops::RangeInclusive<f64> = 0.75..=4.0;
/// How long nothing more of the same is told: a day, and twice as long each time it has gone on since, up to 32 days.
const REST_HOURS: i64 = 24;
/// The same of what grows day by day by its nature.
const SLOW_REST_HOURS: i64 = 7 * 24;
const MOST_DOUBLINGS: u32 = 5;
/// So much rarer than what was told is news: a factor of sixteen.
const CLEARLY_HIGHER: f64 = 4.0;

/// The aspects that grow by their nature: what adds up, what creeps.
pub(crate) const PERSISTENT: u64 = 1 << 62;
pub(crate) const CREEPING: u64 = 1 << 63;
const SLOW: u64 = PERSISTENT | CREEPING;

/// One entity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Actor {
    pub(crate) kind: EntityKind,
    // The last hour with an event.
    pub(crate) last: i64,
    // Whether there was an event in the open hour, the most bits in it, and the most that it made by itself and with
    // all evidence.
    pub(crate) active: bool,
    pub(crate) peak: f64,
    pub(crate) top: f64,
    pub(crate) judged: f64,
    pub(crate) wealth: Wealth,
    // The mean of −ln p over its hours, 1 for who is like its pool, and their number.
    usual: f64,
    hours: u32,
    // What was told last: when, how high, which aspects (a bit each), how often in a row.
    pub(crate) told: Option<Told>,
}

/// What was told of an entity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) hour: i64,
    pub(crate) bits: f64,
    pub(crate) aspects: u64,
    pub(crate) times: u32,
    // The last hour in which the same would have been told again.
    pub(crate) again: i64,
}

impl Actor {
    pub(crate) fn new(kind: EntityKind, hour: i64) -> Self {
        Self {
            kind,
            last: hour,
            active: false,
            peak: 0.0,
            top: 0.0,
            judged: 0.0,
            wealth: Wealth::default(),
            usual: 1.0,
            hours: 0,
            told: None,
        }
    }

    /// By how much its hours are usually more surprising than those of its pool.
    pub(crate) fn scale(&self) -> f64 {
        let hours = f64::from(self.hours);
        let shrunk = (hours * self.usual + OWN_HOURS) / (hours + OWN_HOURS);
        shrunk.clamp(*SCALE.start(), *SCALE.end())
    }

    /// Ends an hour whose peak had the share `p` of its pool, `own` on its own scale.
    pub(crate) fn close(&mut self, p: f64, own: f64) {
        self.wealth = self.wealth.after(own);
        self.hours = (self.hours + 1).min(MEMORY);
        self.usual += ((-libm::log(p)).min(MOST) - self.usual) / f64::from(self.hours);
        (self.active, self.peak, self.top, self.judged) = (false, 0.0, 0.0, 0.0);
    }

    /// Whether `bits` of `aspect` are nothing new at `hour`, after what was told.
    pub(crate) fn rests(&mut self, (hour, bits, aspect): (i64, f64, u64)) -> bool {
        let Some(told) = &mut self.told else { return false };
        let is_slow = aspect & SLOW != 0;
        let first = if is_slow { SLOW_REST_HOURS } else { REST_HOURS };
        let rest =
            (first << told.times.saturating_sub(1).min(MOST_DOUBLINGS)).min(REST_HOURS << MOST_DOUBLINGS);
        let over = hour.saturating_sub(told.hour) >= rest;
        let higher = bits >= told.bits + CLEARLY_HIGHER && !is_slow;
        let news = higher || told.aspects & aspect == 0;
        if !over && !news && hour > told.hour {
            told.again = hour;
        }
        !over && !news
    }

    /// Notes that `bits` of `aspect` were told. What adds up starts anew.
    pub(crate) fn tell(&mut self, (hour, bits, aspect): (i64, f64, u64)) {
        // What was seen again until a day ago has gone on all the time.
        let going_on = self.told.filter(|told| hour.saturating_sub(told.again) <= REST_HOURS);
        let fresh = Told { hour, bits, aspects: aspect, times: 1, again: hour };
        self.told = Some(going_on.map_or(fresh, |told| Told {
            bits: bits.max(told.bits),
            aspects: told.aspects | aspect,
            times: told.times.saturating_add(1),
            ..fresh
        }));
        self.wealth = Wealth::default();
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put(out, u64::from(self.kind.number()));
        put_signed(out, self.last);
        put(out, u64::from(self.active) | u64::from(self.told.is_some()) << 1);
        put(out, u64::from(self.hours));
        for number in [self.peak, self.top, self.judged, self.wealth.get(), self.usual] {
            put_float(out, number);
        }
        if let Some(told) = self.told {
            put_signed(out, told.hour);
            put_float(out, told.bits);
            put(out, told.aspects);
            put(out, u64::from(told.times));
            put_signed(out, told.again);
        }
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "entity of a budget" };
        let mut fields = Fields(bytes);
        let number = fields.place(EntityKind::ALL.len())?;
        let mut read = Self::new(*EntityKind::ALL.get(number).ok_or(INVALID)?, fields.signed()?);
        let flags = fields.number()?;
        read.active = flags & 1 == 1;
        read.hours = fields.small()?;
        (read.peak, read.top, read.judged) = (fields.float()?, fields.float()?, fields.float()?);
        read.wealth = Wealth::of(fields.float()?).ok_or(INVALID)?;
        read.usual = fields.float()?;
        if flags & 2 == 2 {
            let (hour, bits) = (fields.signed()?, fields.float()?);
            let (aspects, times, again) = (fields.number()?, fields.small()?, fields.signed()?);
            read.told = Some(Told { hour, bits, aspects, times, again });
        }
        fields.finish()?;
        let bits = |bits: f64| (0.0..=1_000.0).contains(&bits);
        let told = read.told.is_none_or(|told| bits(told.bits) && told.times > 0);
        let sound = flags < 4
            && bits(read.peak)
            && bits(read.top)
            && bits(read.judged)
            && told
            && read.hours <= MEMORY;
        if sound && (0.0..=MOST).contains(&read.usual) { Ok(read) } else { Err(INVALID) }
    }
}
