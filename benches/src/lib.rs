//! Seeded generators that the benchmarks share: the same bytes on every machine and in every run.

mod cpu;
mod estate;
mod value_map;

pub use cpu::{Peer, contest, cpu_seconds, turns};
pub use estate::Estate;
pub use value_map::value_map;

use homeostat_core::{BadKey, EntityKey, EntityKind};
use homeostat_maturity::{Tenant, TenantOptions};
use std::io::Read as _;

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

/// CloudTrail as JSON lines: the corpus's own when `HOMEOSTAT_CORPUS` names one, else the simulated tenant's, one
/// record a line. Gives a name for it, and the text.
pub fn cloudtrail_lines() -> (&'static str, Vec<u8>) {
    let corpus = std::env::var_os("HOMEOSTAT_CORPUS").map(std::path::PathBuf::from);
    let packed = corpus.map(|corpus| corpus.join("events/cloudtrail_sans504/cloudtrail.jsonl.gz"));
    if let Some(file) = packed.and_then(|path| std::fs::File::open(path).ok()) {
        let mut text = Vec::new();
        if flate2::read::MultiGzDecoder::new(file).read_to_end(&mut text).is_ok() {
            return ("corpus", text);
        }
    }
    let mut text = Vec::new();
    for file in cloudtrail() {
        let records: Wrapping<'_> = serde_json::from_slice(&file).unwrap_or_default();
        for record in records.list {
            text.extend(record.get().as_bytes());
            text.push(b'\n');
        }
    }
    ("simulated", text)
}

#[derive(Default, serde::Deserialize)]
struct Wrapping<'a> {
    #[serde(borrow, rename = "Records")]
    list: Vec<&'a serde_json::value::RawValue>,
}
