//! A vendor's own actuator in sixty lines (`own_actuator/sinkhole.rs`), and the kit that shows that it keeps the laws.
//!
//! `cargo run -p homeostat-response --features conformance --example own_actuator`

#[path = "own_actuator/lab.rs"]
mod lab;
#[path = "own_actuator/sinkhole.rs"]
mod sinkhole;

use homeostat_response::conformance::{Lab as _, actuator_law, actuator_laws};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut lab = lab::ZoneLab::default();
    lab.reset();
    for request in lab.requests() {
        for law in 1..=9 {
            let crashes = actuator_law(law, &mut lab, &request)?;
            println!("law {law} holds, {crashes} crash(es) within an apply tried");
        }
    }
    let proof = actuator_laws(&mut lab)?;
    println!("all nine laws hold on {} request(s)", proof.requests);
    Ok(())
}
