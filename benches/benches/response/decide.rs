//! How long does a decision take when the rails have ten thousand rules? Beside the same with one.

use crate::sample::{percentiles, rails, request, start};
use homeostat_response::{Asked, Effect, Offsets, Plan};
use std::error::Error;
use std::hint::black_box;

const ASKED: u32 = 20_000;

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let offsets = Offsets::default();
    let asked: Vec<_> = (0..ASKED).map(request).map(|request| (Plan::new(&request), request)).collect();
    for rules in [10_000, 1_000, 1] {
        let rails = rails(rules)?;
        percentiles(&format!("decide, {rules} rules"), (7, asked.len()), |time| {
            for (plan, request) in &asked {
                let now = start();
                let asked = Asked { request, plan, effect: Effect::Containment, now, offsets: &offsets };
                time(&mut || drop(black_box(rails.decide(black_box(&asked)))));
            }
            Ok(())
        })?;
    }
    Ok(())
}
