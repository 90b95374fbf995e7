//! Somebody looks round before doing anything, and three who only seem to: one who is new, one whose work it is,
//! and an hour in which names have no answers.

use crate::cast::{ACCOUNT, BUCKETS, Habit, Person, Team, office};
use crate::cloudtrail::{CLI, Call, Caller};
use crate::log::pause;
use crate::machinery::welcome;
use crate::office::Desk;
use crate::okta::{Visit, user};
use crate::story::Teller;
use crate::workday::{enter_cloud, sign_in};
use crate::zeek::{Flow, Lookup, Page, flow, lookup, page};
use homeostat_core::{EntityKey, EntityKind, Stage};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
/// The account whose declared work is to look everywhere, and the host it works from.
pub(crate) const SCANNER: (&str, &str) = ("svc-scanner", "10.20.2.250");
/// Questions to nine services; none of them reads what is stored.
const QUESTIONS: [(&str, &str); 9] = [
    ("iam", "ListRoles"),
    ("rds", "DescribeDBInstances"),
    ("dynamodb", "ListTables"),
    ("secretsmanager", "ListSecrets"),
    ("kms", "ListKeys"),
    ("sqs", "ListQueues"),
    ("ec2", "DescribeSecurityGroups"),
    ("eks", "ListClusters"),
    ("redshift", "DescribeClusters"),
];
/// What people of one team open in their first weeks.
const WELCOME: [&str; 14] = [
    "Welcome",
    "People",
    "Travel",
    "Benefits",
    "Tools",
    "Security",
    "Architecture",
    "Services",
    "Runbooks",
    "Glossary",
    "Roadmap",
    "Retrospectives",
    "Style",
    "Interviews",
];

/// The keys under which the scanner appears.
pub(crate) fn scanners() -> Vec<EntityKey> {
    let (name, address) = SCANNER;
    let account = EntityKey::new(EntityKind::IamUserArn, ACCOUNT, &crate::accounts::user_arn(name));
    account.into_iter().chain(EntityKey::new(EntityKind::Ip, crate::TENANT, address)).collect()
}

impl Teller<'_> {
    pub(crate) fn reconnaissance(&mut self) -> Option<()> {
        let cast = self.cast;
        let who = cast.any(&mut self.rng, |person| {
            person.team == Team::Engineering && person.habit == Habit::Office && person.key_user.is_none()
        })?;
        self.starring(who);
        let desk = who.office_address(self.calendar.story_day());
        let start = self.at(640) + pause(&mut self.rng, 0, 3_000_000);
        let at = self.ask_for_names(&desk, start);
        let at = self.visit_strangers(&desk, who, at + 10 * SECOND);
        let at = self.list_folders(who, at + 20 * SECOND);
        let at = self.ask_services(who, at + 30 * SECOND);
        self.take(who, &desk, at + 6 * MINUTE);
        Some(())
    }

    fn ask_for_names(&mut self, desk: &str, start: i64) -> i64 {
        self.step(Stage::Discovery, "T1018", "forty names that do not exist and six long ones are asked for");
        let tail = self.rng.token(7, LETTERS);
        let mut at = start;
        for number in 0..46_u64 {
            at += pause(&mut self.rng, 1_500, 5_500);
            let long = number % 8 == 7 || number == 45;
            let name = if long {
                format!("{}.{}.{tail}.example", self.rng.token(52, DIGITS), self.rng.token(40, DIGITS))
            } else {
                format!("{}{:02}.corp.acme.example", self.rng.pick(&["srv", "sql", "dev", "nas"]), number)
            };
            let answer = long.then_some("198.19.77.7");
            lookup(self.log, &mut self.rng, at, Lookup { from: desk, name: &name, answer });
        }
        at
    }

    fn visit_strangers(&mut self, desk: &str, who: &Person, start: i64) -> i64 {
        self.step(Stage::Discovery, "T1526", "three hosts are visited that nobody ever visited");
        let mut at = start;
        for _ in 0..3 {
            at += pause(&mut self.rng, 8_000, 40_000);
            let host = format!("{}.example", self.rng.token(10, LETTERS));
            let to = format!("198.19.{}.{}", self.rng.below(256), self.rng.between(1, 255));
            let seen =
                Page { from: desk, to: &to, host: &host, path: "/", agent: who.device.agent, status: 200 };
            page(self.log, &mut self.rng, at, seen);
        }
        at
    }

    fn list_folders(&mut self, who: &Person, start: i64) -> i64 {
        self.step(Stage::Discovery, "T1083", "twenty-five folders are listed that were never touched");
        let place = office();
        let own = Desk { person: who, place: &place, agent: who.device.agent, session: None };
        let mut at = start;
        for number in 0..25 {
            at += pause(&mut self.rng, 2_000, 9_000);
            let site = self.rng.pick(&["business", "operations", "board"]);
            let folder = format!("{}-{number:02}", self.rng.pick(&["Payroll", "Mergers", "Legal", "Audits"]));
            own.list(self.log, &mut self.rng, at, (site, &folder));
        }
        at
    }

    fn ask_services(&mut self, who: &Person, start: i64) -> i64 {
        self.step(Stage::Discovery, "T1580", "nine services are asked what they hold");
        let visit = Visit::known(&mut self.rng, who, office());
        let session = enter_cloud(self.log, &mut self.rng, start, (self.seed, &visit));
        let mut at = start + 5 * SECOND;
        for (service, name) in QUESTIONS {
            at += pause(&mut self.rng, 6_000, 24_000);
            session.write(self.log, &mut self.rng, at, &Call::new(service, name));
        }
        at
    }

    /// What it was for; whoever sees no more than this comes too late.
    fn take(&mut self, who: &Person, desk: &str, start: i64) {
        self.step(Stage::Collection, "T1213.002", "forty files of others are downloaded");
        let place = office();
        let own = Desk { person: who, place: &place, agent: who.device.agent, session: None };
        for number in 0..40_u64 {
            let at = start + number.cast_signed() * 3 * SECOND + pause(&mut self.rng, 0, 900);
            let file = crate::office::FileName { site: "board", folder: "Minutes", number };
            own.file(self.log, &mut self.rng, at, ("FileDownloaded", &file));
        }
        self.step(Stage::Egress, "T1567", "they are sent to an unknown host");
        let to = format!("198.19.{}.{}", self.rng.below(256), self.rng.between(1, 255));
        let bytes = (self.rng.between(300_000_000, 500_000_000).unsigned_abs(), 90_000);
        let sent = Flow { from: desk, to: &to, port: 443, service: "ssl", lasts: 90 * SECOND, bytes };
        flow(self.log, &mut self.rng, start + 5 * MINUTE, sent);
    }

    /// Five working days of one who is new: all is new to the newcomer and nothing to the team.
    pub(crate) fn first_week(&mut self) -> Option<()> {
        let cast = self.cast;
        let mut new = crate::cast::person(&mut self.rng, 68, ("start", "er"));
        (new.team, new.habit) = (Team::Engineering, Habit::Office);
        self.starring(&new);
        let mut days: Vec<i64> = (0..=self.calendar.story_day()).collect();
        days.retain(|day| !self.calendar.is_weekend(*day));
        self.harmless("the team opens its handbook and tools now and then, as it has always done");
        let peers =
            cast.people.iter().filter(|person| person.team == Team::Engineering && person.number < 10);
        for (peer, number) in peers.zip(0_usize..) {
            for (day, turn) in days.iter().zip(0_usize..) {
                let address = peer.office_address(*day);
                let minute = 600 + i64::try_from(number).unwrap_or(0) * 17;
                let first = (number + turn * 2) % WELCOME.len();
                self.open_handbook(peer, &address, (self.calendar.at(*day, minute), first..first + 2));
            }
        }
        let days = days.split_off(days.len().saturating_sub(5));
        self.harmless("an account is made for somebody who starts");
        let (first, minute) = (*days.first()?, 8 * 60);
        let administrator = cast.administrator()?;
        let visit = Visit::known(&mut self.rng, administrator, office());
        let target = user(&new.okta, &new.email, &new.name);
        for (act, number) in welcome(&target).iter().zip(0_i64..) {
            let at = self.calendar.at(first, minute) + number * 9 * SECOND;
            visit.write(self.log, &mut self.rng, at, act);
        }
        self.harmless("the first week: much is new, and the team has seen all of it");
        let address = "10.20.3.68";
        for (day, number) in days.into_iter().zip(0_i64..) {
            self.new_day(&new, address, (day, number));
        }
        Some(())
    }

    fn new_day(&mut self, new: &Person, address: &str, (day, number): (i64, i64)) {
        let visit = Visit::known(&mut self.rng, new, office());
        let at = self.calendar.at(day, 9 * 60) + pause(&mut self.rng, 0, 900_000);
        let at = sign_in(self.log, &mut self.rng, at, &visit);
        let shown = usize::try_from(number).unwrap_or(0) * 3;
        self.open_handbook(new, address, (at + 20 * MINUTE, shown..shown + 4));
        for mistake in 0..3 {
            let at = at + mistake * 70 * MINUTE + pause(&mut self.rng, 0, 600_000);
            let name = format!("wkii{}.corp.acme.example", self.rng.token(3, LETTERS));
            lookup(self.log, &mut self.rng, at, Lookup { from: address, name: &name, answer: None });
        }
        let session = enter_cloud(self.log, &mut self.rng, at + 40 * MINUTE, (self.seed, &visit));
        let questions = [
            Call::new("ec2", "DescribeInstances"),
            Call::new("s3", "ListBuckets"),
            Call::about("ecs", "DescribeServices", ("cluster", "web")),
            Call::about("logs", "FilterLogEvents", ("logGroupName", "/acme/web")),
            Call::about("lambda", "GetFunction20150331v2", ("functionName", "resize")),
        ];
        for (call, turn) in questions.iter().cycle().take(14).zip(0_i64..) {
            let at = at + 45 * MINUTE + turn * 9 * MINUTE + pause(&mut self.rng, 0, 300_000);
            session.write(self.log, &mut self.rng, at, call);
        }
    }

    /// Some pages and folders of the team's handbook, each by its look-up, at an hour's pace.
    fn open_handbook(
        &mut self,
        who: &Person,
        address: &str,
        (start, chapters): (i64, std::ops::Range<usize>),
    ) {
        let place = office();
        let own = Desk { person: who, place: &place, agent: who.device.agent, session: None };
        let mut at = start;
        for chapter in WELCOME.iter().take(chapters.end).skip(chapters.start) {
            at += pause(&mut self.rng, 20_000, 140_000);
            let host = format!("{}.handbook-pages.example", chapter.to_lowercase());
            lookup(
                self.log,
                &mut self.rng,
                at - SECOND,
                Lookup { from: address, name: &host, answer: Some("198.18.3.9") },
            );
            let to = "198.18.3.9";
            let seen =
                Page { from: address, to, host: &host, path: "/", agent: who.device.agent, status: 200 };
            page(self.log, &mut self.rng, at, seen);
            own.list(self.log, &mut self.rng, at + 5 * SECOND, ("engineering", chapter));
        }
    }

    /// The scanner of the security team goes round twice, as it is declared to.
    pub(crate) fn security_scan(&mut self) {
        let (name, address) = SCANNER;
        for key in scanners() {
            self.alias(key.kind(), key.scope(), key.value());
        }
        self.harmless("the scanner looks at every service, bucket, name and page");
        let caller = Caller::user(self.seed, name, "198.51.100.10").at("198.51.100.10", CLI);
        for night in [3, 0] {
            let start = self.calendar.at(self.calendar.story_day() - night, 2 * 60);
            for ((service, question), turn) in QUESTIONS.into_iter().zip(0_i64..) {
                let at = start + turn * 7 * SECOND;
                caller.write(self.log, &mut self.rng, at, &Call::new(service, question));
            }
            for (bucket, turn) in BUCKETS.iter().zip(0_i64..) {
                let call = Call::about("s3", "ListObjects", ("bucketName", bucket));
                caller.write(self.log, &mut self.rng, start + 2 * MINUTE + turn * 3 * SECOND, &call);
            }
            for turn in 0..80_i64 {
                let at = start + turn * 4 * SECOND;
                let name = format!("host-{:03}.corp.acme.example", turn * 3 + night);
                lookup(self.log, &mut self.rng, at, Lookup { from: address, name: &name, answer: None });
            }
            for turn in 0..6_i64 {
                let host = format!("{}.corp.acme.example", self.rng.token(8, LETTERS));
                let to = format!("10.20.2.{}", turn + 1);
                let seen =
                    Page { from: address, to: &to, host: &host, path: "/", agent: "scan/2.0", status: 404 };
                page(self.log, &mut self.rng, start + 6 * MINUTE + turn * SECOND, seen);
            }
        }
    }

    /// For twelve minutes no name has an answer, for anybody.
    pub(crate) fn name_outage(&mut self) {
        self.harmless("the name server answers nobody that there is such a name");
        let (cast, day) = (self.cast, self.calendar.story_day());
        let start = self.at(14 * 60 + 5);
        for person in &cast.people {
            let desk = person.office_address(day);
            for _ in 0..self.rng.between(14, 40) {
                let at = start + pause(&mut self.rng, 0, 720_000);
                let name = match self.rng.below(4) {
                    0 => format!("files-{:02}.corp.acme.example", self.rng.between(1, 4)),
                    1 => "mail.northmail.example".to_owned(),
                    2 => format!("{}.example", self.rng.token(9, LETTERS)),
                    _ => format!("www.site-{:03}.example", self.rng.skewed(400)),
                };
                lookup(self.log, &mut self.rng, at, Lookup { from: &desk, name: &name, answer: None });
            }
        }
    }
}
