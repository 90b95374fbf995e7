//! Seeded generators that the benchmarks share: the same bytes on every machine and in every run.

use homeostat_core::{BadKey, EntityKey, EntityKind};
use homeostat_maturity::{Tenant, TenantOptions};

/// Random numbers that are the same everywhere (Knuth's MMIX generator, the upper half of its state).
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// Numbers that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).checked_rem(bound).unwrap_or(0)
    }

    /// The next number below `bound`, small ones far more often: a few entities do most.
    pub fn skewed(&mut self, bound: u64) -> u64 {
        self.below(bound).min(self.below(bound)).min(self.below(bound))
    }
}

/// Keys of `count` people.
///
/// # Errors
///
/// [`BadKey`] never, as the names are sound.
pub fn people(count: u64) -> Result<Vec<EntityKey>, BadKey> {
    (0..count).map(|n| EntityKey::new(EntityKind::Upn, "acme", &format!("user{n}@acme.example"))).collect()
}

/// Three days of the simulated tenant's CloudTrail, as files.
pub fn cloudtrail() -> Vec<Vec<u8>> {
    let acme = Tenant::new(&TenantOptions::new(7).days(3));
    acme.logs().filter(|(name, _)| name.contains("cloudtrail")).map(|(_, bytes)| bytes).collect()
}
