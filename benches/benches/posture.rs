//! How many answers a second, and what does one change cost in an estate of thousands of objects?
//!
//! The peer is asking everything anew, which is what batch scanners do; no embeddable one keeps answers.

use criterion::{Criterion, Throughput};
use homeostat_core::{EntityKey, EntityKind, EventRef, TenantId, Timestamp};
use homeostat_posture::{Change, Op, Posture, RuleSet};
use std::error::Error;
use std::hint::black_box;

/// Objects of each example.
const COPIES: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let changes = estate()?;
    let mut posture = Posture::default();
    for change in &changes {
        posture.apply(change)?;
    }
    let answers = posture.stats().evaluated;
    println!("{} objects, {answers} answers, {} findings", posture.objects(), posture.findings().count());

    let mut group = criterion.benchmark_group("posture/evaluate");
    group.throughput(Throughput::Elements(answers)).sample_size(10);
    group.bench_function("every answer of the estate", |bencher| {
        bencher.iter(|| {
            let mut posture = Posture::default();
            changes.iter().filter(|change| posture.apply(black_box(change)).is_ok()).count()
        });
    });
    group.finish();

    let [on, off] = [true, false].map(switched);
    let [on, off] = [on?, off?];
    let touched = posture.apply(&on)?.evaluated;
    println!("one change: {touched} of {answers} answers worked out");
    let mut group = criterion.benchmark_group("posture/change");
    group.throughput(Throughput::Elements(2)).sample_size(20);
    group.bench_function("a bucket opened and closed", |bencher| {
        bencher.iter(|| (posture.apply(black_box(&on)).is_ok(), posture.apply(black_box(&off)).is_ok()));
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// The examples of all rules, many times, each as an object of its own.
fn estate() -> Result<Vec<Change>, Box<dyn Error>> {
    let rules = RuleSet::built_in();
    let mut changes = vec![change(Op::Tick)?];
    for copy in 0..COPIES {
        for rule in rules.rules() {
            let examples = [(rule.kind(), rule.passing()), (rule.kind(), rule.failing())];
            for (number, (kind, document)) in examples.into_iter().chain(rule.beside()).enumerate() {
                let object = key(&format!("{}/{number}/{copy}", rule.id()))?;
                let (kind, document) = (kind.to_owned(), document.to_owned());
                changes.push(change(Op::Replace { object, kind, document })?);
            }
        }
    }
    Ok(changes)
}

fn switched(public: bool) -> Result<Change, Box<dyn Error>> {
    let object = key("aws-s3-status-public/0/7")?;
    let document = format!(r#"{{"GetBucketPolicyStatus": {{"PolicyStatus": {{"IsPublic": {public}}}}}}}"#);
    change(Op::Put { object, kind: "aws.s3.bucket".to_owned(), document })
}

fn key(name: &str) -> Result<EntityKey, Box<dyn Error>> {
    Ok(EntityKey::new(EntityKind::NativeId, "111122223333", name)?)
}

fn change(op: Op) -> Result<Change, Box<dyn Error>> {
    let at = Timestamp::from_micros(1_795_651_200_000_000);
    Ok(Change { tenant: TenantId::new("acme")?, at, evidence: EventRef::new("bench", 0)?, op })
}
