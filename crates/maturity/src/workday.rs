//! What people do: shifts, sign-ins, applications, the cloud, and what the office's sensor sees of it.
//!
//! Each person and day has a random stream of its own. Controls are hard on purpose: mistyped passwords, trips,
//! nights, weekends, refused calls, first visits to hosts nobody visited, uploads of half a gigabyte.

use crate::calendar::Calendar;
use crate::cast::{APPS, AWS_APP, Cast, Habit, Person, Place, REGION, Team, abroad, office, vpn};
use crate::cloudtrail::{Assumed, CLI, Call, Caller, assume};
use crate::endpoint::programs;
use crate::log::{Log, pause};
use crate::office::{Desk, office_work};
use crate::okta::{Act, Visit, app};
use crate::rng::{MIXED, Rng};
use crate::zeek::{Flow, Lease, Lookup, flow, lease, lookup};

const MINUTE: i64 = 60_000_000;

/// A stretch of work of one person.
struct Shift<'a> {
    person: &'a Person,
    seed: u64,
    begin: i64,
    minutes: i64,
    place: Place,
    session: String,
    /// The device's address in the office; `None` when it is elsewhere.
    desk: Option<String>,
}

/// Writes what everybody does on `day`.
pub(crate) fn people(log: &mut Log, seed: u64, cast: &Cast, calendar: Calendar, day: i64) {
    for person in cast.people.iter().filter(|person| person.joined <= day) {
        let mut rng = Rng::of(seed, &format!("person {} day {day}", person.number));
        if let Some(shift) = shift(&mut rng, seed, person, calendar, day) {
            shift.write(log, &mut rng);
        }
    }
}

fn shift<'a>(
    rng: &mut Rng,
    seed: u64,
    person: &'a Person,
    calendar: Calendar,
    day: i64,
) -> Option<Shift<'a>> {
    let story_day = day == calendar.story_day();
    if calendar.is_weekend(day) && !rng.chance(6, 100) || rng.chance(4, 100) && !story_day {
        return None;
    }
    let start = match person.habit {
        Habit::Night => rng.between(21 * 60 + 45, 22 * 60 + 20),
        _ if calendar.is_weekend(day) => rng.between(10 * 60, 20 * 60),
        _ => rng.between(7 * 60 + 40, 9 * 60 + 40),
    };
    let minutes = if calendar.is_weekend(day) { rng.between(20, 120) } else { rng.between(450, 560) };
    let away = person.trip.is_some_and(|(first, last)| (first..=last).contains(&day));
    let at_office = !away && (story_day || !calendar.is_weekend(day) && rng.chance(72, 100));
    let place = match (away, at_office) {
        (true, _) => abroad(person),
        (_, true) => office(),
        _ if rng.chance(1, 2) => vpn(),
        _ => person.home.clone(),
    };
    let desk = at_office.then(|| person.office_address(day));
    let session = web_session(seed, person, day);
    Some(Shift { person, seed, begin: calendar.at(day, start), minutes, place, session, desk })
}

impl Shift<'_> {
    fn write(&self, log: &mut Log, rng: &mut Rng) {
        let mut visit = Visit::known(rng, self.person, self.place.clone());
        visit.session.clone_from(&self.session);
        self.take_lease(log, rng);
        let mut at = sign_in(log, rng, self.begin, &visit);
        if self.person.uses_cloud() && rng.chance(75, 100) {
            at += pause(rng, 60_000, 1_500_000);
            self.cloud(log, rng, at, &visit);
        }
        for moment in self.moments(rng, 7) {
            let (label, _) = rng.pick(APPS.get(..AWS_APP).unwrap_or(&APPS));
            visit.write(log, rng, moment, &sso(label));
        }
        if rng.chance(7, 100) {
            visit.write(
                log,
                rng,
                self.begin + 30 * MINUTE,
                &consent("Meeting Planner", "openid calendar.read"),
            );
        }
        self.network(log, rng);
        self.office(log);
        self.machine(log);
        if rng.chance(40, 100) {
            let end = self.begin + self.minutes * MINUTE;
            visit.write(log, rng, end, &Act::new("user.session.end", "User logout from Okta"));
        }
    }

    /// About `count` moments of the shift, fewer of them around its middle, in order.
    fn moments(&self, rng: &mut Rng, count: i64) -> Vec<i64> {
        let count = rng.between(count / 2, count + count / 2 + 1);
        let mut moments: Vec<i64> = (0..count)
            .filter_map(|_| {
                let part = rng.between(0, 1_000);
                let lunch = (430..540).contains(&part);
                let at = self.begin + part * self.minutes * MINUTE / 1_000 + rng.between(0, MINUTE);
                (!lunch || rng.chance(1, 3)).then_some(at)
            })
            .collect();
        moments.sort_unstable();
        moments
    }

    fn take_lease(&self, log: &mut Log, rng: &mut Rng) {
        let (Some(desk), None) = (&self.desk, &self.person.device.fixed) else { return };
        let device = &self.person.device;
        for renewal in 0..=self.minutes / 240 {
            let at = self.begin - MINUTE + renewal * 240 * MINUTE;
            lease(log, rng, at, Lease { mac: &device.mac, host: &device.name, address: desk });
        }
    }

    fn cloud(&self, log: &mut Log, rng: &mut Rng, at: i64, visit: &Visit<'_>) {
        let session = match &self.person.key_user {
            Some(user) => Caller::user(self.seed, user, &self.place.address).at(&self.place.address, CLI),
            None => enter_cloud(log, rng, at, (self.seed, visit)),
        };
        let calls = self.moments(rng, if self.person.team == Team::Business { 6 } else { 34 });
        for moment in calls.into_iter().filter(|moment| *moment > at) {
            let call = usual_call(rng, self.person, &session);
            session.write(log, rng, moment, &call);
        }
        self.aside(log, at, &session);
    }

    /// Now and then the data team makes a call that is not part of the job, from a random stream of its own.
    fn aside(&self, log: &mut Log, at: i64, session: &Caller) {
        let mut rng = Rng::of(self.seed, &format!("aside {} at {at}", self.person.number));
        if self.person.team == Team::Data && rng.chance(30, 100) {
            let (never, made) = (never_made(self.person), rng.pick(&ASIDES));
            let moment = at + rng.between(MINUTE, self.minutes * MINUTE / 2);
            if made != never {
                session.write(log, &mut rng, moment, &Call::new(made.0, made.1));
            }
        }
    }

    /// What runs on the machine, from a random stream of its own.
    fn machine(&self, log: &mut Log) {
        let label = format!("machine {} at {}", self.person.number, self.begin);
        programs(log, &mut Rng::of(self.seed, &label), self.person, (self.begin, self.minutes));
    }

    /// Mail and files, from a random stream of their own.
    fn office(&self, log: &mut Log) {
        let label = format!("office {} at {}", self.person.number, self.begin);
        let agent = self.person.device.agent;
        let desk = Desk { person: self.person, place: &self.place, agent, session: None };
        office_work(log, &mut Rng::of(self.seed, &label), desk, (self.begin, self.minutes));
    }

    fn network(&self, log: &mut Log, rng: &mut Rng) {
        let Some(desk) = &self.desk else { return };
        for moment in self.moments(rng, 80) {
            let (name, address, port) = destination(rng, self.person);
            if rng.chance(6, 10) {
                let answer = (!rng.chance(2, 100)).then_some(address.as_str());
                let before = moment - pause(rng, 5, 90);
                lookup(log, rng, before, Lookup { from: desk, name: &name, answer });
            }
            let (sent, received) = volume(rng);
            let lasts = pause(rng, 80, 90_000);
            let service = if port == 443 { "ssl" } else { "-" };
            let seen = Flow { from: desk, to: &address, port, service, lasts, bytes: (sent, received) };
            flow(log, rng, moment, seen);
        }
    }
}

/// The id of the Okta session in which `person` works on `day`.
pub(crate) fn web_session(seed: u64, person: &Person, day: i64) -> String {
    let mut rng = Rng::of(seed, &format!("session {} day {day}", person.number));
    format!("102{}", rng.token(22, MIXED))
}

/// Writes a sign-in with the person's usual factors from `at` on; returns when it was done.
pub(crate) fn sign_in(log: &mut Log, rng: &mut Rng, at: i64, visit: &Visit<'_>) -> i64 {
    let mut at = at;
    let password = Act::new("user.session.start", "User login to Okta").by("PASSWORD");
    if rng.chance(5, 100) {
        for _ in 0..rng.between(1, 3) {
            visit.write(log, rng, at, &password.clone().ended("FAILURE", Some("INVALID_CREDENTIALS")));
            at += pause(rng, 3_000, 20_000);
        }
    }
    let policy = Act::new("policy.evaluate_sign_on", "Evaluation of sign-on policy");
    visit.write(log, rng, at, &policy.ended("CHALLENGE", None).with("behaviors", behaviors("NEGATIVE")));
    at += pause(rng, 2_000, 9_000);
    let factor = Act::new("user.authentication.auth_via_mfa", "Authentication of user via MFA");
    visit.write(log, rng, at, &factor.by("SIGNED_NONCE").with("factor", "SIGNED_NONCE"));
    at += pause(rng, 100, 700);
    visit.write(log, rng, at, &password);
    at
}

/// The risk hints that Okta writes beside a sign-in.
pub(crate) fn behaviors(word: &str) -> String {
    format!("{{New Geo-Location={word}, New Device={word}, New IP={word}, Velocity=NEGATIVE}}")
}

/// Use of the application labelled `label`.
pub(crate) fn sso(label: &str) -> Act {
    Act::new("user.authentication.sso", "User single sign on to app").on(app(label))
}

/// Consent to an application that asks for `scopes`.
pub(crate) fn consent(label: &str, scopes: &'static str) -> Act {
    Act::new("app.oauth2.as.consent.grant", "User grants consent to app")
        .on(app(label))
        .with("scopes", scopes)
}

/// Writes the way from Okta into the cloud; returns the session.
pub(crate) fn enter_cloud(log: &mut Log, rng: &mut Rng, at: i64, (seed, visit): (u64, &Visit<'_>)) -> Caller {
    let (label, _) = APPS.last().copied().unwrap_or_default();
    visit.write(log, rng, at, &sso(label));
    let assumed = Assumed { role: visit.person.role(), session: &visit.person.email, mfa: "false" };
    let at = at + pause(rng, 900, 2_500);
    let session = Caller::session(seed, rng, at, assumed).at(&visit.place.address, CLI);
    let call = assume("AssumeRoleWithSAML", &session, assumed);
    Caller::saml(&visit.person.email, &visit.place.address, visit.agent).write(log, rng, at, &call);
    session
}

/// Calls that the data team makes now and then beside its job.
const ASIDES: [(&str, &str); 5] = [
    ("support", "DescribeCases"),
    ("budgets", "DescribeBudgets"),
    ("servicequotas", "ListServiceQuotas"),
    ("cloudformation", "ListStacks"),
    ("ecr", "DescribeRepositories"),
];

/// The call that colleagues make now and then and `person` never did.
pub(crate) fn reserved_call(person: &Person) -> Call {
    let (service, name) = never_made(person);
    Call::new(service, name)
}

fn never_made(person: &Person) -> (&'static str, &'static str) {
    let at = usize::try_from(person.number).unwrap_or(0) % ASIDES.len();
    ASIDES.get(at).copied().unwrap_or_default()
}

fn usual_call(rng: &mut Rng, person: &Person, session: &Caller) -> Call {
    if rng.chance(15, 1_000) {
        let (service, name) = rng.pick(&[
            ("iam", "ListUsers"),
            ("ec2", "DescribeVpcs"),
            ("kms", "ListKeys"),
            ("s3", "GetBucketAcl"),
        ]);
        return Call::new(service, name).denied(&session.arn);
    }
    match person.team {
        Team::Engineering => engineering_call(rng),
        Team::Operations => operations_call(rng),
        Team::Data | Team::Business => data_call(rng),
    }
}

fn engineering_call(rng: &mut Rng) -> Call {
    match rng.below(10) {
        0..3 => {
            Call::about("logs", "FilterLogEvents", ("logGroupName", rng.pick(&["/acme/web", "/acme/etl"])))
        }
        3 => Call::about(
            "lambda",
            "GetFunction20150331v2",
            ("functionName", rng.pick(&["resize", "notify", "ingest"])),
        ),
        4 => Call::about(
            "lambda",
            "UpdateFunctionCode20150331v2",
            ("functionName", rng.pick(&["resize", "notify"])),
        ),
        5 => Call::new("ec2", "DescribeInstances"),
        6 => Call::new("s3", "ListBuckets"),
        7 => Call::about("ecs", "DescribeServices", ("cluster", "web")),
        8 => Call::object("PutObject", "acme-build-artifacts", &format!("dev/{}.zip", rng.hex(8))),
        _ => Call::object("GetObject", "acme-build-artifacts", &format!("main/{}.zip", rng.below(400))),
    }
}

fn operations_call(rng: &mut Rng) -> Call {
    match rng.below(8) {
        0 => Call::new("iam", "ListRoles"),
        1 => Call::about(
            "iam",
            "GetRole",
            ("roleName", rng.pick(&["etl-runner", "web-frontend", "report-batch"])),
        ),
        2 => Call::new("cloudtrail", "LookupEvents"),
        3 => Call::new("ec2", "DescribeSecurityGroups"),
        4 => Call::new("cloudwatch", "DescribeAlarms"),
        5 => Call::about(
            "secretsmanager",
            "DescribeSecret",
            ("secretId", rng.pick(&["db/main", "db/reporting"])),
        ),
        6 => Call::about(
            "ssm",
            "StartSession",
            ("target", rng.pick(&["i-0aaa1111bbbb22220", "i-0aaa1111bbbb22221"])),
        ),
        _ => Call::new("ec2", "DescribeInstances"),
    }
}

fn data_call(rng: &mut Rng) -> Call {
    let bucket = rng.pick(&["acme-analytics", "acme-analytics", "acme-curated", "acme-notebooks"]);
    match rng.below(8) {
        0 => Call::about("athena", "StartQueryExecution", ("workGroup", "analysts")),
        1 => Call::about("athena", "GetQueryResults", ("queryExecutionId", &rng.uuid())),
        2 => Call::about("glue", "GetTables", ("databaseName", "curated")),
        3 => Call::about("s3", "ListObjects", ("bucketName", bucket)),
        4 => Call::object("PutObject", bucket, &format!("results/{}.csv", rng.hex(8))),
        _ => Call::object("GetObject", bucket, &format!("part-{:04}.parquet", rng.skewed(900))),
    }
}

/// Where a connection goes: name, address, port. One in a hundred goes where nobody went before.
fn destination(rng: &mut Rng, person: &Person) -> (String, String, u16) {
    match rng.below(100) {
        90.. if person.uses_cloud() => {
            let bucket =
                rng.pick(&["acme-build-artifacts", "acme-analytics", "acme-curated", "acme-notebooks"]);
            (bucket_host(bucket), "192.0.2.64".to_owned(), 443)
        }
        0 => {
            let name = format!("{}.example", rng.token(9, b"abcdefghijklmnopqrstuvwxyz"));
            (name, format!("198.19.{}.{}", rng.below(256), rng.between(1, 255)), 443)
        }
        1..15 => {
            let number = rng.between(1, 4);
            (format!("files-{number:02}.corp.acme.example"), format!("10.20.2.{number}"), 445)
        }
        15..60 => {
            let at = usize::try_from(rng.skewed(AWS_APP as u64)).unwrap_or(0);
            let (_, name) = APPS.get(at).copied().unwrap_or_default();
            (name.to_owned(), format!("198.51.100.{}", 64 + at), 443)
        }
        _ => {
            let number = rng.skewed(400);
            (
                format!("www.site-{number:03}.example"),
                format!("198.18.{}.{}", number / 200, 10 + number % 200),
                443,
            )
        }
    }
}

/// The host name of a bucket.
pub(crate) fn bucket_host(bucket: &str) -> String {
    format!("{bucket}.s3.{REGION}.amazonaws.com")
}

/// Bytes sent and received by a browser's connection: mostly small downloads, seldom a large one or an upload.
fn volume(rng: &mut Rng) -> (u64, u64) {
    if rng.chance(3, 1_000) {
        return (rng.between(80_000_000, 600_000_000).unsigned_abs(), 120_000);
    }
    if rng.chance(3, 1_000) {
        return (900_000, rng.between(200_000_000, 3_000_000_000).unsigned_abs());
    }
    (600 + rng.skewed(60_000), 1_500 + rng.skewed(4_000_000))
}
