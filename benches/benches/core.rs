//! How many identifiers a second get their one spelling and their shard hash? Beside std's own hash.

use criterion::{Criterion, Throughput};
use homeostat_core::{EntityKey, EntityKind, xxh64};
use std::hash::{DefaultHasher, Hasher as _};
use std::hint::black_box;

const KEYS: u64 = 1_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    hash(&mut criterion);
    spell(&mut criterion);
    criterion.final_summary();
}

fn hash(criterion: &mut Criterion) {
    let texts: Vec<String> = (0..KEYS).map(|n| format!("upn acme user{n}@acme.example")).collect();
    let mut group = criterion.benchmark_group("core/hash");
    group.throughput(Throughput::Elements(KEYS));
    group.bench_function("xxh64", |bencher| {
        bencher.iter(|| texts.iter().fold(0, |sum, text| sum ^ xxh64(black_box(text.as_bytes()))));
    });
    group.bench_function("std SipHash (peer)", |bencher| {
        bencher.iter(|| {
            texts.iter().fold(0, |sum, text| {
                let mut hasher = DefaultHasher::new();
                hasher.write(black_box(text.as_bytes()));
                sum ^ hasher.finish()
            })
        });
    });
    group.finish();
}

fn spell(criterion: &mut Criterion) {
    let raw = [
        (EntityKind::Upn, "Jane.Doe@ACME.example"),
        (EntityKind::Fqdn, "MKT01.acme.example."),
        (EntityKind::Ip, "::ffff:192.0.2.7"),
        (EntityKind::IamUserArn, "arn:aws:iam::111122223333:user/jane"),
    ];
    let mut group = criterion.benchmark_group("core/key");
    group.throughput(Throughput::Elements(raw.len() as u64));
    group.bench_function("EntityKey::new", |bencher| {
        bencher.iter(|| {
            for (kind, text) in raw {
                drop(black_box(EntityKey::new(kind, "acme", black_box(text))));
            }
        });
    });
    group.bench_function("lower case alone (peer)", |bencher| {
        bencher.iter(|| {
            for (_, text) in raw {
                black_box(black_box(text).to_lowercase());
            }
        });
    });
    group.finish();
}
