//! How long does a decision take when the rails have ten thousand rules? Beside the same with one rule.

use criterion::Criterion;
use homeostat_core::{TenantId, Timestamp};
use homeostat_response::{
    Action, ActionId, Asked, Effect, Offsets, Plan, Policy, Rails, Request, Target, TargetKind,
};
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let target = Target::new(TargetKind::Host, "web-4711").with("team", "team-4711");
    let request =
        Request::new(ActionId::new("bench")?, TenantId::new("acme")?, Action::Isolate, target).sure(0.9);
    let (plan, offsets) = (Plan::new(&request), Offsets::default());
    let now: Timestamp = "2026-11-21T09:00:00Z".parse()?;
    let asked = Asked { request: &request, plan: &plan, effect: Effect::Containment, now, offsets: &offsets };
    let mut group = criterion.benchmark_group("response/decide");
    for rules in [10_000, 1] {
        let rails = rails(rules)?;
        let name = format!("{rules} rules{}", if rules == 1 { " (peer)" } else { "" });
        group.bench_function(name, |bencher| bencher.iter(|| rails.decide(black_box(&asked))));
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// A rule for each team; one in ten is for any host.
fn rails(rules: u32) -> Result<Rails, Box<dyn Error>> {
    let mut text = String::from("version = \"1\"\n[[budgets]]\nid = \"at-once\"\nmax_active = 5\n");
    for rule in 0..rules {
        let team =
            if rule % 10 == 0 { String::new() } else { format!(", attr = {{ team = \"team-{rule}\" }}") };
        writeln!(text, "[[rules]]\nid = \"rule-{rule}\"\nthen = \"autonomous\"")?;
        writeln!(
            text,
            "when = {{ actions = [\"isolate\"], glob = \"web-{rule}*\"{team}, min_confidence = 0.8 }}"
        )?;
    }
    Ok(Policy::from_toml(&text)?.compile()?)
}
