use homeostat::{Intent, Pipeline, Servers};
use homeostat_core::{CalmRisk, Detector, TenantId};
use homeostat_incident::Investigator;
use homeostat_maturity::{Story, Tenant, TenantOptions};
use std::collections::BTreeSet;
fn main() {
    let which = std::env::args().nth(1).unwrap();
    let seed: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let stories: Vec<Story> = if which == "t8" {
        vec![Story::WebService, Story::Exploit]
    } else {
        vec![Story::Reconnaissance, Story::FirstWeek, Story::SecurityScan, Story::NameOutage]
    };
    let options = stories
        .iter()
        .fold(TenantOptions::new(seed).days(if which == "t8" { 10 } else { 30 }), |o, s| o.story(*s));
    let tenant = Tenant::new(&options);
    let mut events = tenant.events().unwrap();
    if which == "t8" {
        let own: BTreeSet<_> = stories.iter().flat_map(|s| tenant.truth(*s).unwrap().events()).collect();
        events.retain(|e| own.contains(&e.reference().unwrap()));
    }
    events.sort_by_key(|e| e.when());
    let mut pipeline = Pipeline::new(TenantId::new("acme").unwrap())
        .with_investigator(Investigator::builder().lateness(std::time::Duration::ZERO).build().unwrap())
        .with_intent(Intent::default());
    if std::env::args().nth(3).is_some() {
        use homeostat_maturity::MaturityTarget;
        let setting = homeostat_maturity::Setting {
            account: tenant.account().to_owned(),
            ..homeostat_maturity::Setting::of_tenant("acme")
        };
        let mut target = homeostat_examples::HomeostatTarget::new(&setting).unwrap();
        let mut n = 0;
        for event in &events {
            target.feed(event.clone()).unwrap();
            let k = target.incidents().unwrap().len();
            if k != n {
                println!("{} {k}", event.when());
                n = k;
            }
        }
        for one in target.incidents().unwrap() {
            println!("{one:?} {:?}", one.severity);
        }
        for a in target.actions().unwrap() {
            println!("{a:?}");
        }
        return;
    }
    let mut servers = Servers::default();
    for event in &events {
        if which == "t8" {
            for s in servers.detect(event, &CalmRisk) {
                println!(
                    "{} {} {:?} {:?}",
                    s.time,
                    s.kind,
                    s.bits,
                    s.entities
                        .iter()
                        .map(|(k, r)| format!("{:?}:{}/{} {:?}", k.kind(), k.scope(), k.value(), r))
                        .collect::<Vec<_>>()
                );
            }
        }
        let before = pipeline.stats().signals;
        let ups = pipeline.observe(event);
        if which == "t8" && pipeline.stats().signals > before {
            println!(
                "    sig {} {} {:?} th {}",
                event.when(),
                pipeline.stats().signals - before,
                event,
                pipeline.investigator().threshold()
            );
        }
        for u in ups {
            println!("   {} {:?}", event.when(), u);
        }
    }
    for one in pipeline.investigator().incidents() {
        println!(
            "INCIDENT {} score {} opened {} severity {:?} stages {:?} domains {:?}",
            one.id(),
            one.score(),
            one.opened(),
            one.severity(),
            one.stages(),
            one.domains()
        );
        for e in one.edges() {
            println!("    EDGE {e:?} {} {} -> {:?}", e.why.as_str(), e.bits, e.to);
        }
        for e in one.entities() {
            println!(
                "    WHO {:?} {:?} {:?}",
                e.class,
                e.roles,
                e.keys.iter().map(|k| k.value()).collect::<Vec<_>>()
            );
        }
        for step in one.steps() {
            println!(
                "    {} {:?} {:?} bits {} events {} {}",
                step.time,
                step.stage,
                step.technique,
                step.bits,
                step.events.len(),
                step.sentence
            );
        }
    }
}
