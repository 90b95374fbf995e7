//! Sixty days of a web shop that strangers use, and what becomes of it when somebody finds a weakness before anybody
//! has a name for it: one probes and gets in, four days later everybody tries.
//!
//! The stream stands for itself, away from the office; its day 0 is the day of the first probing.

use crate::log::{LogSource, pause};
use crate::object::Object;
use crate::rng::Rng;
use crate::story::Teller;
use crate::zeek::{Flow, Page, flow, page};
use homeostat_core::{EntityKey, EntityKind, Stage};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// Days of the stream before day 0 and from it on.
const BEFORE: i64 = 40;
const AFTER: i64 = 20;
/// The shop's host: name, address inside, and what it runs.
const HOST: &str = "shop-01";
const ADDRESS: &str = "10.30.0.10";
/// The program in which the weakness is, as advisories spell it.
pub(crate) const PRODUCT: &str = "tillworks/4.2";
/// Days from day 0 to the public proof of concept and to the mass of attacks.
pub(crate) const PROOF: i64 = 3;
const MASS: i64 = 4;
/// The day of the deployment.
const DEPLOYMENT: i64 = -10;
/// What the service starts now and then, and what the machine starts by the clock.
const WORKERS: [&str; 2] = ["imageworker", "mailworker"];
const CLOCKWORK: [&str; 3] = ["logrotate", "certcheck", "tmpclean"];

/// What runs where strangers reach it: asset and product.
pub(crate) fn software() -> Vec<(EntityKey, String)> {
    let host = EntityKey::new(EntityKind::Hostname, crate::TENANT, HOST);
    host.into_iter().map(|host| (host, PRODUCT.to_owned())).collect()
}

/// A program that starts another.
#[derive(Clone, Copy)]
struct Start<'a> {
    parent: &'a str,
    child: &'a str,
    command: &'a str,
    user: &'a str,
}

impl Teller<'_> {
    /// The moment `minute` of `day` of the stream, in microseconds since 1970.
    fn on(&self, day: i64, minute: i64) -> i64 {
        self.calendar.at(self.calendar.story_day() - AFTER + day, minute)
    }

    pub(crate) fn web_service(&mut self) {
        self.harmless("strangers use the shop for sixty days");
        for day in -BEFORE..=AFTER {
            self.requests(day);
            self.machine(day);
        }
        self.harmless("a declared deployment brings new paths and new children of the deployment's tool");
        self.deployment();
    }

    fn requests(&mut self, day: i64) {
        for _ in 0..self.rng.between(30, 60) {
            let at = self.on(day, 0) + self.rng.between(6 * HOUR, 23 * HOUR);
            let from = visitor(&mut self.rng);
            let path = match self.rng.below(8) {
                0 => "/".to_owned(),
                1 => "/cart".to_owned(),
                2 => format!("/search?q={}", self.rng.token(6, b"abcdefghijklmnopqrstuvwxyz")),
                3 if day >= DEPLOYMENT => format!("/v5/offers/{}", self.rng.below(40)),
                _ => format!("/item/{}", self.rng.skewed(500)),
            };
            let status = if self.rng.chance(4, 100) { 404 } else { 200 };
            self.request(at, &from, (&path, BROWSER, status));
        }
    }

    fn request(&mut self, at: i64, from: &str, (path, agent, status): (&str, &str, u16)) {
        let seen = Page { from, to: ADDRESS, host: "shop.acme.example", path, agent, status };
        page(self.log, &mut self.rng, at, seen);
    }

    /// What the machine does of itself: workers, jobs, calls to those it always calls.
    fn machine(&mut self, day: i64) {
        for hour in 0..24 {
            let at = self.on(day, hour * 60) + pause(&mut self.rng, 0, 3_000_000);
            let child = self.rng.pick(&WORKERS);
            self.start(at, Start { parent: "tillworks", child, command: "--once", user: "shop" });
            if hour % 3 == 0 {
                self.call(at + MINUTE, "198.51.100.200");
            }
        }
        for (job, turn) in CLOCKWORK.into_iter().zip(0_i64..) {
            let at = self.on(day, 3 * 60 + turn * 5);
            self.start(at, Start { parent: "crond", child: job, command: "--daily", user: "root" });
        }
        self.call(self.on(day, 4 * 60), "198.51.100.201");
        if day.rem_euclid(14) == 4 {
            self.deploy_tool(self.on(day, 11 * 60), &["unpack", "migrate", "restart"]);
        }
    }

    fn deploy_tool(&mut self, start: i64, children: &[&str]) {
        for (child, turn) in children.iter().zip(0_i64..) {
            let at = start + turn * 20 * SECOND;
            self.start(at, Start { parent: "deployd", child, command: "--release", user: "deploy" });
        }
    }

    fn deployment(&mut self) {
        let start = self.on(DEPLOYMENT, 10 * 60);
        let line = event(start, (6_002, 600_203, 3))
            .object("device", &device())
            .object("app", &Object::default().text("name", "tillworks").text("version", "4.2"))
            .object("actor", &Object::default().object("user", &Object::default().text("name", "svc-ci")))
            .end();
        self.log.write(LogSource::Ocsf, start, line);
        self.deploy_tool(
            start + MINUTE,
            &["unpack", "schema-upgrade", "asset-compiler", "cache-warmer", "restart"],
        );
        for number in 0..30_i64 {
            let at = start + 3 * MINUTE + number * 20 * SECOND;
            let from = visitor(&mut self.rng);
            self.request(at, &from, (&format!("/v5/welcome/{number}"), BROWSER, 200));
        }
    }

    pub(crate) fn exploit(&mut self) {
        for (asset, _) in software() {
            self.alias(asset.kind(), asset.scope(), asset.value());
        }
        let actor = format!("198.19.{}.{}", self.rng.below(256), self.rng.between(1, 255));
        let drop = format!("198.19.{}.{}", self.rng.below(256), self.rng.between(1, 255));
        let start = self.on(0, 13 * 60) + pause(&mut self.rng, 0, 7_200_000);
        self.step(Stage::Discovery, "T1595.002", "one stranger probes paths of a shape that nobody asks for");
        for number in 0..30_i64 {
            let at = start + number * 9 * SECOND + pause(&mut self.rng, 0, 4_000);
            let path = self.odd_path();
            self.request(at, &actor, (&path, "python-requests/2.32", 404));
        }
        self.step(Stage::Entry, "T1190", "the shop's own program starts a shell, once");
        let at = start + 6 * MINUTE;
        self.break_in(at);
        self.step(Stage::C2, "T1105", "the host calls a place that it never called");
        self.call(at + 4 * SECOND, &drop);
        self.step(Stage::Entry, "T1190", "two hundred strangers use what is public now");
        self.mass();
    }

    fn mass(&mut self) {
        let start = self.on(MASS, 9 * 60);
        for number in 0..200_i64 {
            let at = start + number * 4 * MINUTE + pause(&mut self.rng, 0, 120_000);
            let from = format!(
                "198.{}.{}.{}",
                self.rng.between(18, 20),
                self.rng.below(256),
                self.rng.between(1, 255)
            );
            for turn in 0..2_i64 {
                let path = self.odd_path();
                self.request(at + turn * SECOND, &from, (&path, "scan-kit/1.0", 200));
            }
            if number % 8 == 3 {
                self.break_in(at + 2 * SECOND);
                let to = format!("198.19.{}.{}", self.rng.below(256), self.rng.between(1, 255));
                self.call(at + 5 * SECOND, &to);
            }
        }
    }

    fn odd_path(&mut self) -> String {
        let code = self.rng.hex(18);
        format!("/api/render?tpl=%24%7B{code}%7D&x={}", self.rng.below(90))
    }

    fn break_in(&mut self, at: i64) {
        self.start(at, Start { parent: "tillworks", child: "sh", command: "-c id; uname -a", user: "shop" });
    }

    fn start(&mut self, at: i64, start: Start<'_>) {
        let Start { parent, child, command, user } = start;
        let number = self.rng.between(2_000, 60_000);
        let own = process(parent, 800).end();
        let child = process(child, number)
            .text("cmd_line", &format!("{child} {command}"))
            .object("user", &Object::default().text("name", user))
            .plain("parent_process", &own);
        let actor =
            Object::default().plain("process", &own).object("user", &Object::default().text("name", user));
        let line = event(at, (1_007, 100_701, 1))
            .object("device", &device())
            .object("actor", &actor)
            .object("process", &child)
            .end();
        self.log.write(LogSource::Ocsf, at, line);
    }

    fn call(&mut self, at: i64, to: &str) {
        let bytes = (2_000 + self.rng.below(9_000), 1_000 + self.rng.below(40_000));
        let seen = Flow { from: ADDRESS, to, port: 443, service: "ssl", lasts: 300_000, bytes };
        flow(self.log, &mut self.rng, at, seen);
    }
}

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Chrome/145.0.0.0 Safari/537.36";

/// One of some thousand addresses of customers, some of whom come often.
fn visitor(rng: &mut Rng) -> String {
    let number = rng.skewed(4_000);
    format!("198.18.{}.{}", 100 + number / 250, 1 + number % 250)
}

/// The head of an OCSF record of class, type and activity.
fn event(at: i64, (class, kind, activity): (u32, u32, u32)) -> Object {
    let product = Object::default().text("name", "Host Sensor").text("vendor_name", "Acme");
    Object::default()
        .plain("activity_id", activity)
        .plain("category_uid", class / 1_000)
        .plain("class_uid", class)
        .plain("type_uid", kind)
        .plain("time", at / 1_000)
        .plain("severity_id", 1)
        .plain("status_id", 1)
        .object("metadata", &Object::default().text("version", "1.8.0").object("product", &product))
}

fn device() -> Object {
    Object::default().plain("type_id", 1).text("hostname", HOST).text("ip", ADDRESS)
}

fn process(name: &str, number: i64) -> Object {
    let file =
        Object::default().text("name", name).plain("type_id", 1).text("path", &format!("/opt/{name}/{name}"));
    Object::default().text("name", name).plain("pid", number).object("file", &file)
}
