//! The clock of leases: it goes forward with the wall clock and never back.
//!
//! A lease is a promise about how long, not until when by whose watch. When the wall clock steps back, this
//! clock stands still and then goes on at the same pace; so a step back never lengthens a lease, and a clock
//! that once stood years ahead does not stop leases from running out.

use homeostat_core::Timestamp;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(crate) struct LeaseClock {
    lease: Timestamp,
    wall: Timestamp,
}

impl LeaseClock {
    /// A clock that has not seen any moment yet.
    pub(crate) fn new() -> Self {
        Self { lease: Timestamp::UNKNOWN, wall: Timestamp::UNKNOWN }
    }

    /// Goes on to wall time `wall` and tells the time of leases. A named value that is no moment is ignored.
    pub(crate) fn advance(&mut self, wall: Timestamp) -> Timestamp {
        if !wall.is_moment() {
            return self.lease;
        }
        let gone = wall.since(self.wall).map(|micros| u64::try_from(micros).unwrap_or(0));
        self.lease = match gone {
            Some(micros) => self.lease.plus(Duration::from_micros(micros)).unwrap_or(Timestamp::LAST),
            None => self.lease.max(wall),
        };
        self.wall = wall;
        self.lease
    }

    /// Takes over a lease time that the journal tells.
    pub(crate) fn replay(&mut self, lease: Timestamp) {
        self.lease = self.lease.max(lease);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.lease
    }

    /// The wall time at which the lease time will be `lease`.
    pub(crate) fn wall_at(&self, lease: Timestamp) -> Timestamp {
        match lease.since(self.lease) {
            Some(micros) if micros >= 0 => {
                self.wall.plus(Duration::from_micros(micros.unsigned_abs())).unwrap_or(lease)
            }
            Some(_) => self.wall,
            None => lease,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_never_lengthens_a_lease() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let mut clock = LeaseClock::new();
        assert_eq!(clock.advance(at(100)), at(100));
        assert_eq!(clock.advance(at(1_000_000)), at(1_000_000), "the wall clock stands wrong for a while");
        assert_eq!(clock.advance(at(110)), at(1_000_000));
        assert_eq!(clock.advance(at(170)), at(1_000_060), "and leases run on");
        assert_eq!(clock.wall_at(at(1_000_070)), at(180));
        assert_eq!(clock.wall_at(at(1_000_050)), at(170), "what should be over is due now");
        assert_eq!(clock.wall_at(Timestamp::NEVER), Timestamp::NEVER);
        assert_eq!(clock.advance(Timestamp::UNKNOWN), at(1_000_060));
        let mut restarted = LeaseClock::new();
        restarted.replay(at(1_000_060));
        assert_eq!(restarted.advance(at(200)), at(1_000_060));
        assert_eq!(restarted.advance(at(230)), at(1_000_090));
    }
}
