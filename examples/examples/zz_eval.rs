use homeostat::{Estate, Pipeline};
use homeostat_core::{TenantId, Timestamp};
use homeostat_graph::{Inventory, Reading};
use homeostat_maturity::{Story, TENANT, Tenant, TenantOptions};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let seeds: u64 = args[1].parse().unwrap();
    let verbose = args.len() > 2;
    for seed in 1..=seeds {
        for story in [None, Some(Story::MultiHop)] {
            let mut o = TenantOptions::new(seed);
            if let Some(s) = story {
                o = o.story(s);
            }
            let t = Tenant::new(&o);
            let mut events = t.events().unwrap();
            events.sort_by_key(|e| e.when());
            let id = TenantId::new(TENANT).unwrap();
            let inv = Inventory::from_account_authorization(
                t.account(),
                &Reading::new(id.clone(), Timestamp::UNKNOWN),
            )
            .unwrap();
            let mut p = Pipeline::new(id).with_estate(Estate::new(inv));
            for e in &events {
                p.observe(e);
            }
            p.finish();
            let inc = p.investigator().incidents();
            println!(
                "seed {seed} {story:?}: {} incidents; threshold {:.1}",
                inc.len(),
                p.investigator().threshold()
            );
            for (n, i) in inc.iter().enumerate() {
                let hit = story
                    .and_then(|s| t.truth(s))
                    .map(|tr| {
                        let ev = tr.events();
                        let h = i.events().iter().filter(|e| ev.contains(e)).count();
                        let steps: std::collections::BTreeSet<_> =
                            i.events().iter().filter_map(|e| tr.step_of(e)).collect();
                        format!("truth {h}/{} steps {steps:?} of {}", ev.len(), tr.steps.len())
                    })
                    .unwrap_or_default();
                if n < 6 || hit.contains("truth 0") == false {
                    println!(
                        "   {:.1} {:?} {} events opened {} {} {:?}",
                        i.score(),
                        i.severity(),
                        i.events().len(),
                        i.opened(),
                        hit,
                        i.domains()
                    );
                }
                if verbose && n < 6 && (story.is_none() || hit.contains("truth 0") == false) {
                    for s in i.steps().iter().take(14) {
                        println!("        {:.240}", s.sentence.chars().take(230).collect::<String>());
                    }
                }
            }
        }
    }
}
