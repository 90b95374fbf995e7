//! A vendor's own detector, on the shared words alone: sign-ins at night.
//!
//! `cargo run -p homeostat-core --example own_detector`

use homeostat_core::{
    Bits, CalmRisk, Detector, Domain, EntityKey, EntityKind, EventRef, Occurrence, Reason, RiskView, Signal,
    TenantId,
};

/// A sign-in as this vendor's product knows it.
struct Login {
    who: EntityKey,
    occurrence: Occurrence,
}

/// Finds sign-ins before six in the morning; an identity at risk is looked at more closely.
struct NightLogins;

impl Detector<Login> for NightLogins {
    fn name(&self) -> &'static str {
        "night-login"
    }

    fn detect(&mut self, login: &Login, risk: &dyn RiskView) -> Vec<Signal> {
        let minute = login.occurrence.time.minute_of_week(0).unwrap_or(720) % 1_440;
        let hours_before_six = 6.0 - f64::from(minute) / 60.0;
        let threshold = Bits::new(4.0);
        let tightened =
            threshold.above(risk.risk(&login.who, login.occurrence.time).tightening(login.occurrence.time));
        let bits = Bits::new(2.0 * hours_before_six);
        if bits < tightened {
            return Vec::new();
        }
        let mut signal = Signal::new(self.name(), &login.occurrence, &login.who, bits);
        signal.tightened = bits < threshold;
        signal.reasons.push(Reason::new(
            "hour of day",
            format!("{:02}:{:02}", minute / 60, minute % 60),
            "06:00 to 24:00",
            bits,
        ));
        vec![signal]
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tenant = TenantId::new("acme")?;
    for (number, (name, time)) in
        [("jane@acme.example", "2026-03-16T09:12:00Z"), ("jane@acme.example", "2026-03-17T02:40:00Z")]
            .into_iter()
            .enumerate()
    {
        let occurrence = Occurrence {
            tenant: tenant.clone(),
            event: EventRef::new("logins.csv", number as u64)?,
            time: time.parse()?,
            domain: Domain::Identity,
        };
        let login = Login { who: EntityKey::new(EntityKind::Upn, "acme", name)?, occurrence };
        let signals = NightLogins.detect(&login, &CalmRisk);
        println!("{time} {} signal(s)", signals.len());
        for signal in signals {
            for reason in &signal.reasons {
                println!(
                    "  {} {}: {} {}, usual {}",
                    signal.id, signal.kind, reason.aspect, reason.observed, reason.expected
                );
            }
        }
    }
    Ok(())
}
