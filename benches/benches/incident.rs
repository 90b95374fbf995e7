//! How many signals a second find their story? Beside putting them into the order of their time.

use criterion::{Criterion, Throughput};
use homeostat_benches::{Draw, people};
use homeostat_core::{
    Bits, Domain, EntityKey, EventRef, Occurrence, Position, Role, Signal, State as _, TenantId, Timestamp,
};
use homeostat_identity::{Directory, Resolved};
use homeostat_incident::Investigator;
use std::error::Error;
use std::hint::black_box;

const SIGNALS: u64 = 20_000;
const PEOPLE: u64 = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let made = signals()?;
    let investigator = investigate(&made);
    let bytes = investigator.stats().bytes;
    println!("{} stories of {SIGNALS} signals, {bytes} bytes", investigator.incidents().len());
    let mut group = criterion.benchmark_group("incident/observe");
    group.throughput(Throughput::Elements(SIGNALS)).sample_size(10);
    group.bench_function("find the story", |bencher| bencher.iter(|| investigate(black_box(&made))));
    group.bench_function("sort by time (peer)", |bencher| {
        bencher.iter(|| {
            let mut order: Vec<&Resolved> = made.iter().collect();
            order.sort_by_key(|resolved| (resolved.signal.time, resolved.signal.id));
            order.len()
        });
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// Mostly weak signals about single people; now and then a heavy one that involves a second.
fn signals() -> Result<Vec<Resolved>, Box<dyn Error>> {
    let tenant = TenantId::new("acme")?;
    let (keys, mut draw) = (people(PEOPLE)?, Draw::new(7));
    let pick = |draw: &mut Draw| -> Result<EntityKey, Box<dyn Error>> {
        Ok(keys.get(usize::try_from(draw.skewed(PEOPLE))?).ok_or("no such person")?.clone())
    };
    let mut directory = Directory::new(tenant.clone());
    let mut made = Vec::new();
    for number in 0..SIGNALS {
        let occurrence = Occurrence {
            tenant: tenant.clone(),
            event: EventRef::new("bench", number)?,
            time: Timestamp::from_micros(i64::try_from(number)? * 30_000_000),
            domain: Domain::Identity,
        };
        let heavy = draw.below(50) == 0;
        let bits = Bits::new(if heavy { 14.0 } else { 2.0 + draw.below(4) as f64 });
        let kind = ["rate", "country", "app", "address"].get(usize::try_from(number % 4)?).copied();
        let mut signal = Signal::new(kind.unwrap_or("rate"), &occurrence, &pick(&mut draw)?, bits);
        if heavy {
            signal.involve(pick(&mut draw)?, Role::Target);
        }
        made.push(directory.resolve_signal(&signal)?);
    }
    Ok(made)
}

fn investigate(made: &[Resolved]) -> Investigator {
    let mut investigator = Investigator::default();
    for (offset, resolved) in (0..).zip(made) {
        drop(black_box(investigator.observe(Position::at(offset), resolved)));
    }
    investigator.finish();
    investigator
}
