//! A file-sharing vendor's own records, no event schema: whose download is out of the ordinary, and why?
//!
//! `cargo run -p homeostat-baseline --example exports`

use homeostat_baseline::{Baseline, Config, Observation, Threshold};
use homeostat_core::{
    Bits, CalmRisk, Domain, EntityKey, EntityKind, EventRef, Occurrence, Position, State as _, TenantId,
    Timestamp,
};

/// A download as this vendor's product knows it.
struct Download {
    user: &'static str,
    hour: i64,
    folder: &'static str,
    country: &'static str,
    megabytes: f64,
}

impl Download {
    fn observation(&self) -> Result<Observation, homeostat_core::BadKey> {
        let user = EntityKey::new(EntityKind::Email, "acme", self.user)?;
        let time = Timestamp::from_micros(self.hour * 3_600_000_000);
        Ok(Observation::new(user, time)
            .of_group("sales")
            .with("folder", self.folder)
            .with("country", self.country)
            .measure("megabytes", self.megabytes))
    }
}

/// Four weeks of working days for two people, then one night.
fn downloads() -> Vec<Download> {
    let mut all = Vec::new();
    for hour in (0..28 * 24).filter(|hour| (9..17).contains(&(hour % 24))) {
        for (user, country) in [("ann@acme.example", "DE"), ("bob@acme.example", "FR")] {
            all.push(Download { user, hour, folder: "offers", country, megabytes: 2.0 + (hour % 7) as f64 });
        }
    }
    let odd = ("bob@acme.example", 28 * 24 + 3, "payroll", "BR", 9_000.0);
    let moved = ("ann@acme.example", 28 * 24 + 10, "offers", "FR", 4.0);
    all.extend([odd, moved].map(|(user, hour, folder, country, megabytes)| Download {
        user,
        hour,
        folder,
        country,
        megabytes,
    }));
    all
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::default();
    config.table_seed = 0x0AC0_FFEE; // a random number of the tenant's own
    let mut baseline = Baseline::new(config)?;
    for (record, download) in (0..).zip(downloads()) {
        let observation = download.observation()?;
        let Some(verdict) = baseline.observe(Position::at(record), &observation)?.applied() else { continue };
        let occurrence = Occurrence {
            tenant: TenantId::new("acme")?,
            event: EventRef::new("downloads.csv", record)?,
            time: observation.time(),
            domain: Domain::Saas,
        };
        let threshold = Threshold::new(Bits::new(6.0), observation.entity(), &CalmRisk, observation.time());
        if let Some(signal) = verdict.signal_over(&threshold, "unusual-download", &occurrence) {
            println!("{} {}", download.user, signal.bits);
            for reason in &signal.reasons {
                println!(
                    "  {}: {}; usual: {} ({})",
                    reason.aspect, reason.observed, reason.expected, reason.bits
                );
            }
        }
    }
    println!("{} entities", baseline.stats().entities);
    Ok(())
}
