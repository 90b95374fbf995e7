//! Whatever text a policy is: reading, compiling and deciding never panic, and no text loosens the fixed laws.
#![no_main]

use homeostat_core::{TenantId, Timestamp};
use homeostat_response::{
    Action, ActionId, Asked, Effect, Offsets, Plan, Policy, Request, Ruling, Target, TargetKind,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let policies = [Policy::from_toml(text), Policy::from_json(text)];
    let Ok(tenant) = TenantId::new("acme") else { return };
    for rails in policies.into_iter().flatten().filter_map(|policy| policy.compile().ok()) {
        for id in [text, "10.0.0.1", "web-1"] {
            let target = Target::new(TargetKind::Address, id).with("team", "web");
            let request =
                Request::new(ActionId::derive(&[id]), tenant.clone(), Action::Block, target).sure(0.9);
            let plan = Plan::new(&request);
            let now = Timestamp::from_micros(0);
            let offsets = Offsets::default();
            for effect in [Effect::Capture, Effect::Containment, Effect::Irreversible] {
                let asked = Asked { request: &request, plan: &plan, effect, now, offsets: &offsets };
                let decision = rails.decide(&asked);
                assert!(!decision.because.is_empty(), "no decision without its reasons");
                assert!(effect != Effect::Irreversible || decision.ruling >= Ruling::ASK_TWO);
            }
        }
    }
});
