//! Seeded generators that the benchmarks share.
