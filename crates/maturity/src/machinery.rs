//! What runs without people: servers, service accounts, AWS itself, batches and deployments.

use crate::calendar::Calendar;
use crate::cast::{ACCOUNT, Cast, SERVERS};
use crate::cloudtrail::{Assumed, Call, Caller, assume};
use crate::log::{Log, pause};
use crate::object::Object;
use crate::okta::{Act, Visit, target, user};
use crate::rng::{CAPITALS, Rng};
use crate::zeek::{Flow, Lookup, RESOLVER, flow, lookup};

/// The public address of Acme's cloud network.
pub(crate) const CLOUD_NAT: &str = "192.0.2.20";

/// The day that is written, and what for.
#[derive(Clone, Copy)]
pub(crate) struct Today<'a> {
    pub(crate) seed: u64,
    pub(crate) cast: &'a Cast,
    pub(crate) calendar: Calendar,
    pub(crate) day: i64,
}

/// Writes what runs on `today`.
pub(crate) fn machines(log: &mut Log, today: Today<'_>) {
    servers(log, today);
    instances(log, today);
    etl(log, today);
    monitoring(log, today);
    backup(log, today);
    web(log, today);
    deployments(log, today);
    if today.calendar.weekday(today.day) == 5 {
        report_batch(log, today, Batch { bucket: "acme-reports", calls: 400, hour: 3 });
    }
    if today.calendar.is_monthly_close(today.day) {
        report_batch(log, today, Batch { bucket: "acme-finance-close", calls: 650, hour: 2 });
    }
    joiner(log, today);
}

impl Today<'_> {
    fn rng(&self, label: &str) -> Rng {
        Rng::of(self.seed, &format!("{label} day {}", self.day))
    }

    fn at(&self, minute: i64) -> i64 {
        self.calendar.at(self.day, minute)
    }

    /// A session that AWS gives to a workload at `at`, with the record of it.
    fn workload(&self, log: &mut Log, rng: &mut Rng, at: i64, of: Workload<'_>) -> Caller {
        let assumed = Assumed { role: of.role, session: of.session, mfa: "false" };
        let session = Caller::session(self.seed, rng, at, assumed);
        Caller::service(of.service).write(log, rng, at, &assume("AssumeRole", &session, assumed));
        let agent = session.agent.clone();
        session.at(CLOUD_NAT, &agent)
    }
}

#[derive(Clone, Copy)]
struct Workload<'a> {
    role: &'a str,
    session: &'a str,
    service: &'a str,
}

fn servers(log: &mut Log, today: Today<'_>) {
    let mut rng = today.rng("servers");
    for (number, name) in SERVERS.iter().enumerate() {
        let from = format!("10.20.2.{}", number + 1);
        for quarter in 0..96 {
            let at = today.at(quarter * 15) + pause(&mut rng, 0, 600_000);
            let (to, port, bytes) = match rng.below(6) {
                0 => ("10.20.0.3", 123, (48, 48)),
                1 | 2 => ("10.20.2.3", 5_432, (2_000 + rng.below(90_000), 5_000 + rng.below(900_000))),
                3 => ("10.20.2.1", 389, (900, 4_000 + rng.below(9_000))),
                4 => ("198.51.100.90", 443, (5_000 + rng.below(40_000), 3_000)),
                _ => (RESOLVER, 53, (60, 180)),
            };
            flow(log, &mut rng, at, Flow { from: &from, to, port, service: "-", lasts: 250_000, bytes });
        }
        let at = today.at(5 * 60) + pause(&mut rng, 0, 900_000);
        lookup(
            log,
            &mut rng,
            at,
            Lookup { from: &from, name: "packages.mirror.example", answer: Some("198.18.9.9") },
        );
        if name.starts_with("backup") {
            let bytes = (rng.between(2_000_000_000, 8_000_000_000).unsigned_abs(), 9_000_000);
            let vault = Flow {
                from: &from,
                to: "198.51.100.91",
                port: 443,
                service: "ssl",
                lasts: 2_400_000_000,
                bytes,
            };
            flow(log, &mut rng, today.at(60), vault);
        }
    }
}

/// EC2 renews the credentials of the instances.
fn instances(log: &mut Log, today: Today<'_>) {
    let mut rng = today.rng("instances");
    for number in 0..12 {
        let session = format!("i-0aaa1111bbbb2222{number:x}");
        for renewal in 0..4 {
            let at = today.at(renewal * 360 + number * 7) + pause(&mut rng, 0, 60_000);
            let of = Workload { role: "web-frontend", session: &session, service: "ec2.amazonaws.com" };
            today.workload(log, &mut rng, at, of);
        }
    }
}

fn etl(log: &mut Log, today: Today<'_>) {
    let mut rng = today.rng("etl");
    let caller = Caller::user(today.seed, "svc-etl", CLOUD_NAT);
    for hour in 0..24 {
        let at = today.at(hour * 60 + 5);
        for part in 0..rng.between(8, 15) {
            let at = at + pause(&mut rng, 2_000 + part * 9_000, 9_000 + part * 9_000);
            let call = match part % 3 {
                0 => Call::about("s3", "ListObjects", ("bucketName", "acme-raw-events")),
                1 => Call::object(
                    "GetObject",
                    "acme-raw-events",
                    &format!("d{}/h{hour}/{part}.json", today.day),
                ),
                _ => Call::object(
                    "PutObject",
                    "acme-curated",
                    &format!("d{}/h{hour}/{part}.parquet", today.day),
                ),
            };
            caller.write(log, &mut rng, at, &call);
        }
    }
}

/// Asks every five minutes, and each hour for costs, which it may not see and is refused.
fn monitoring(log: &mut Log, today: Today<'_>) {
    let mut rng = today.rng("monitoring");
    let caller = Caller::user(today.seed, "svc-monitor", "198.51.100.10");
    for turn in 0..288 {
        let at = today.at(turn * 5) + pause(&mut rng, 0, 20_000);
        caller.write(log, &mut rng, at, &Call::new("cloudwatch", "GetMetricData"));
        if turn % 3 == 0 {
            caller.write(log, &mut rng, at + 400_000, &Call::new("ec2", "DescribeInstances"));
        }
        if turn % 12 == 0 {
            caller.write(
                log,
                &mut rng,
                at + 900_000,
                &Call::new("ce", "GetCostAndUsage").denied(&caller.arn),
            );
        }
    }
}

fn backup(log: &mut Log, today: Today<'_>) {
    let mut rng = today.rng("backup");
    let caller = Caller::user(today.seed, "svc-backup", CLOUD_NAT);
    let at = today.at(90);
    caller.write(log, &mut rng, at, &Call::new("ec2", "DescribeVolumes"));
    for volume in 0..12 {
        let at = at + pause(&mut rng, 10_000 + volume * 20_000, 20_000 + volume * 20_000);
        let name = format!("vol-0cc{volume:014x}");
        caller.write(log, &mut rng, at, &Call::about("ec2", "CreateSnapshot", ("volumeId", &name)));
        let manifest = format!("manifests/{}/{name}.json", today.day);
        caller.write(log, &mut rng, at + 700_000, &Call::object("PutObject", "acme-backups", &manifest));
    }
}

fn web(log: &mut Log, today: Today<'_>) {
    let mut rng = today.rng("web");
    let assumed = Assumed { role: "web-frontend", session: "i-0aaa1111bbbb22223", mfa: "false" };
    let session =
        Caller::session(today.seed, &mut rng, today.at(0), assumed).at(CLOUD_NAT, "aws-sdk-go-v2/1.41.0");
    for minute in 0..1_440 {
        let busy = if (480..1_200).contains(&minute) { 30 } else { 9 };
        if rng.chance(busy, 100) {
            let at = today.at(minute) + pause(&mut rng, 0, 59_000);
            let name = format!("img/{:04}.webp", rng.skewed(3_000));
            session.write(log, &mut rng, at, &Call::object("GetObject", "acme-web-assets", &name));
        }
    }
}

fn deployments(log: &mut Log, today: Today<'_>) {
    if today.calendar.is_weekend(today.day) {
        return;
    }
    let mut rng = today.rng("deployments");
    let caller = Caller::user(today.seed, "svc-ci", "198.51.100.10");
    let rounds = if today.calendar.is_deploy_day(today.day) { 30 } else { rng.between(1, 5) };
    for round in 0..rounds {
        let at = today.at(14 * 60 + round * 4) + pause(&mut rng, 0, 90_000);
        let service = rng.pick(&["web", "api", "worker"]);
        let revision = format!("{service}:{}", 100 + today.day * 40 + round);
        let calls = [
            Call::object("PutObject", "acme-build-artifacts", &format!("main/{}.zip", rng.below(400))),
            Call::about("ecs", "RegisterTaskDefinition", ("family", service)),
            Call::new("ecs", "UpdateService")
                .asking(&Object::default().text("service", service).text("taskDefinition", &revision)),
        ];
        for (call, step) in calls.iter().zip(0_i64..) {
            caller.write(log, &mut rng, at + step * 2_000_000, call);
        }
        if rounds > 10 && round % 5 == 0 {
            let revision = new_revision(&mut rng, service);
            caller.write(log, &mut rng, at + 8_000_000, &revision);
        }
    }
}

/// A deployment renews what a service's role may do, as it has always done.
fn new_revision(rng: &mut Rng, service: &str) -> Call {
    let version = format!("v{}", rng.between(20, 60));
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{service}-runtime");
    Call::about("iam", "CreatePolicyVersion", ("policyArn", &arn))
        .answering(&Object::default().object("policyVersion", &Object::default().text("versionId", &version)))
}

#[derive(Clone, Copy)]
struct Batch {
    bucket: &'static str,
    calls: i64,
    hour: i64,
}

fn report_batch(log: &mut Log, today: Today<'_>, batch: Batch) {
    let mut rng = today.rng(batch.bucket);
    let at = today.at(batch.hour * 60);
    let of = Workload { role: "report-batch", session: "batch", service: "ecs-tasks.amazonaws.com" };
    let session = today.workload(log, &mut rng, at, of);
    for call in 0..batch.calls {
        let at = at + pause(&mut rng, 2_000 + call * 4_000, 6_000 + call * 4_000);
        let name = format!("{call:05}.parquet");
        let call = match call % 5 {
            4 => Call::object("PutObject", batch.bucket, &format!("out/{name}")),
            _ => Call::object("GetObject", "acme-curated", &name),
        };
        session.write(log, &mut rng, at, &call);
    }
}

/// The one who starts during the history gets an account, applications and a factor.
fn joiner(log: &mut Log, today: Today<'_>) {
    let Some(starter) = today.cast.who(|person| person.joined == today.day) else { return };
    let Some(administrator) = today.cast.administrator() else { return };
    let mut rng = today.rng("joiner");
    let visit = Visit::known(&mut rng, administrator, crate::cast::office());
    let new = user(&starter.okta, &starter.email, &starter.name);
    let at = today.at(7 * 60 + 20);
    for (act, number) in welcome(&new).iter().zip(0_i64..) {
        visit.write(log, &mut rng, at + number * 41_000_000, act);
    }
}

/// What an administrator does for somebody who joins.
pub(crate) fn welcome(new: &str) -> [Act; 4] {
    let group = target("00g1acmeeveryone00000", "UserGroup", "unknown", "Everyone at Acme");
    [
        Act::new("user.lifecycle.create", "Create Okta user").on(new.to_owned()),
        Act::new("user.lifecycle.activate", "Activate Okta user").on(new.to_owned()),
        Act::new("group.user_membership.add", "Add user to group membership").on(new.to_owned()).on(group),
        Act::new("user.mfa.factor.activate", "Enroll user in a factor").on(new.to_owned()),
    ]
}

/// A new key for an IAM user: the call that makes it, and the key's id.
pub(crate) fn new_key(rng: &mut Rng, name: &str) -> (Call, String) {
    let key = format!("AKIA{}", rng.token(16, CAPITALS));
    let made = Object::default().text("userName", name).text("accessKeyId", &key).text("status", "Active");
    let call = Call::about("iam", "CreateAccessKey", ("userName", name))
        .answering(&Object::default().object("accessKey", &made));
    (call, key)
}
