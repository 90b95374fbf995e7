//! The stories about signing in: through a service that hides who comes, by guessing, and the mistakes of everyday
//! life that look alike.

use crate::cast::{APPS, Habit, Person, Place, Team, office, person, vpn};
use crate::log::pause;
use crate::okta::{Act, Visit};
use crate::story::Teller;
use crate::workday::{sign_in, sso, web_session};
use crate::zeek::{Flow, flow};
use homeostat_core::{EntityKind, Stage};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const LINUX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// The public site.
const SITE: &str = "198.51.100.30";
/// From how many addresses passwords are guessed, and of how many accounts.
const SOURCES: i64 = 12;
const ACCOUNTS: usize = 38;

/// An address of a service that hides who comes, on the tenant's list.
fn hidden() -> Place {
    let (city, country) = ("Reykjavik", "Iceland");
    Place { address: "198.18.64.77".to_owned(), city, country, asn: 64_505, provider: "Veil Relay" }
}

/// The password, wrong.
fn wrong() -> Act {
    password().ended("FAILURE", Some("INVALID_CREDENTIALS"))
}

fn password() -> Act {
    Act::new("user.session.start", "User login to Okta").by("PASSWORD")
}

impl Teller<'_> {
    fn stranger<'p>(&mut self, person: &'p Person, place: Place) -> Visit<'p> {
        let session = format!("102{}", self.rng.hex(22));
        Visit { person, place, device: None, agent: LINUX, session }
    }

    pub(crate) fn hidden_sign_in(&mut self) -> Option<()> {
        let cast = self.cast;
        let victim = cast.any(&mut self.rng, |one| {
            one.team == Team::Business && one.habit == Habit::Office && one.joined < 0
        })?;
        self.starring(victim);
        let start = self.at(10 * 60) + pause(&mut self.rng, 0, 1_800_000);
        self.harmless("the person works with mail, files and chat");
        let mut own = Visit::known(&mut self.rng, victim, office());
        own.session = web_session(self.seed, victim, self.calendar.story_day());
        for ((label, _), number) in APPS.iter().take(3).zip(0_i64..) {
            own.write(self.log, &mut self.rng, start + number * MINUTE, &sso(label));
        }
        self.step(Stage::Entry, "T1090.003", "the password is used through a service that hides who comes");
        let visit = self.stranger(victim, hidden());
        visit.write(self.log, &mut self.rng, start + 14 * MINUTE, &password());
        self.harmless("the person shows a factor that nobody can pass on");
        let factor = Act::new("user.authentication.auth_via_mfa", "Authentication of user via MFA");
        let factor = factor.by("SIGNED_NONCE").with("factor", "SIGNED_NONCE");
        own.write(self.log, &mut self.rng, start + 24 * MINUTE, &factor);
        Some(())
    }

    pub(crate) fn scanner(&mut self) {
        self.harmless("the hidden address looks at the public site");
        let start = self.at(13 * 60);
        for number in 0..80_i64 {
            let at = start + number * 2 * SECOND + pause(&mut self.rng, 0, 900);
            let (from, lasts) = (hidden().address, 300_000);
            let look = Flow { from: &from, to: SITE, port: 443, service: "ssl", lasts, bytes: (700, 5_000) };
            flow(self.log, &mut self.rng, at, look);
        }
    }

    pub(crate) fn password_spray(&mut self) -> Option<()> {
        let cast = self.cast;
        let known: Vec<&Person> = cast.people.iter().filter(|one| one.joined < 0).collect();
        let hit = *known.get(self.rng.index(ACCOUNTS.min(known.len())))?;
        self.starring(hit);
        let start = self.at(9 * 60) + pause(&mut self.rng, 0, 1_200_000);
        self.office_works_on(start);
        self.step(Stage::Discovery, "T1110.003", "two passwords are tried on thirty-eight accounts");
        let block = self.rng.between(1, 14) * 16;
        let sources: Vec<Place> = (0..SOURCES).map(|number| source(block + number + 1)).collect();
        for place in &sources {
            self.object(EntityKind::Ip, "internet", &place.address);
        }
        let tries = 3 * ACCOUNTS;
        for (number, moment) in (0..tries).zip(0_i64..) {
            let target = *known.get(number % ACCOUNTS.min(known.len()))?;
            let place = sources.get(self.rng.index(sources.len()))?.clone();
            let visit = self.stranger(target, place);
            let at = start + moment * 47 * SECOND + pause(&mut self.rng, 0, 20_000);
            visit.write(self.log, &mut self.rng, at, &wrong());
        }
        self.step(Stage::Entry, "T1078.004", "one password fits");
        let place = sources.first()?.clone();
        let visit = self.stranger(hit, place);
        let scope = format!("okta/{}", crate::OKTA_ORG);
        self.alias(EntityKind::WebSession, &scope, &visit.session);
        visit.write(self.log, &mut self.rng, start + 91 * MINUTE, &password());
        Some(())
    }

    /// Six hundred sign-ins to applications, nine mistakes, and the VPN behind which twenty-five people work.
    fn office_works_on(&mut self, start: i64) {
        let cast = self.cast;
        self.harmless("twenty-five people work through the VPN, and nine mistype");
        let people = cast.people.iter().filter(|one| one.habit == Habit::Office && one.joined < 0);
        for (one, number) in people.take(25).zip(0_i64..) {
            let visit = Visit::known(&mut self.rng, one, vpn());
            let mut at = start + number * 40 * SECOND;
            if number < 9 {
                visit.write(self.log, &mut self.rng, at, &wrong());
            }
            at = sign_in(self.log, &mut self.rng, at + 20 * SECOND, &visit);
            for turn in 0..24_i64 {
                let (label, _) = self.rng.pick(&APPS);
                let moment = at + turn * 3 * MINUTE + pause(&mut self.rng, 1_000, 90_000);
                visit.write(self.log, &mut self.rng, moment, &sso(label));
            }
        }
    }

    pub(crate) fn password_expiry(&mut self) {
        let cast = self.cast;
        self.harmless("everybody mistypes on the Monday on which all passwords have run out");
        let day = self.calendar.story_day() - 1;
        for (one, number) in cast.people.iter().filter(|one| one.joined < day).zip(0_i64..) {
            let visit = Visit::known(&mut self.rng, one, office());
            let mut at = self.calendar.at(day, 8 * 60 + 10) + number * 2 * MINUTE;
            for _ in 0..self.rng.between(2, 4) {
                visit.write(self.log, &mut self.rng, at, &wrong());
                at += pause(&mut self.rng, 4_000, 25_000);
            }
            sign_in(self.log, &mut self.rng, at, &visit);
        }
    }

    pub(crate) fn broken_service(&mut self) {
        let mut service = person(&mut self.rng, 91, ("svc-sync", "job"));
        "svc-sync@acme.example".clone_into(&mut service.email);
        "svc-sync".clone_into(&mut service.name);
        self.starring(&service);
        self.harmless("a service account fails all day with an old password");
        let visit = self.stranger(&service, Place { address: "198.51.100.44".to_owned(), ..office() });
        let start = self.at(6 * 60);
        for number in 0..500_i64 {
            visit.write(self.log, &mut self.rng, start + number * MINUTE, &wrong());
        }
    }
}

/// One of the addresses from which passwords are guessed.
fn source(last: i64) -> Place {
    let (city, country) = ("Chisinau", "Moldova");
    Place { address: format!("198.18.70.{last}"), city, country, asn: 64_506, provider: "Nistru Racks" }
}
