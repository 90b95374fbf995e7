//! The attack over identity, cloud and network, and the harmless story that looks like it.

use crate::cast::{ACCOUNT, DORMANT_BUCKET, Habit, Person, Place, Team, abroad, office};
use crate::cloudtrail::{Assumed, Call, Caller, OTHER_CLI, assume};
use crate::log::pause;
use crate::machinery::new_key;
use crate::object::Object;
use crate::office::{Desk, FileName, Mail, MailboxAct, mail, site_of};
use crate::okta::{Act, Visit};
use crate::story::{Teller, nowhere, role_arn};
use crate::workday::{behaviors, bucket_host, consent, enter_cloud, sign_in, sso, web_session};
use crate::zeek::{Flow, Lookup, flow, lookup};
use homeostat_core::{EntityKind, Stage};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const LINUX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// The role that developers may assume and that may rewrite its own policy.
pub(crate) const BUILD_ROLE: &str = "build-runner";
/// The service account whose second key the intruder makes.
const KEY_OF: &str = "svc-backup";

/// What the intruder has in hand.
struct Intruder<'a> {
    victim: &'a Person,
    desk: String,
    place: Place,
    relay: (String, String),
    drop: (String, String),
}

impl<'a> Teller<'a> {
    pub(crate) fn multi_hop(&mut self) -> Option<()> {
        let cast = self.cast;
        let victim = cast.any(&mut self.rng, |person| {
            person.team == Team::Engineering && person.habit == Habit::Office && person.key_user.is_none()
        })?;
        let host = |teller: &mut Self, kind: &str| {
            let letters = teller.rng.token(6, b"abcdefghijklmnopqrstuvwxyz");
            let address = format!("198.19.{}.{}", teller.rng.below(256), teller.rng.between(1, 255));
            (format!("{kind}-{letters}.example"), address)
        };
        let (relay, drop) = (host(self, "acme-okta"), host(self, "cdn"));
        let desk = victim.office_address(self.calendar.story_day());
        let place = nowhere(&mut self.rng);
        let intruder = Intruder { victim, desk, place, relay, drop };
        self.cast_intruder(&intruder);
        let start = self.at(595) + pause(&mut self.rng, 0, 1_800_000);
        self.lure(&intruder, start);
        let at = self.steal_session(&intruder, start + 18 * MINUTE);
        let at = self.read_files(&intruder, at);
        let (at, developer) = self.switch_role(&intruder, at);
        let at = self.look_round(&developer, at);
        let (at, key) = self.escalate(&intruder, &developer, at);
        let at = self.collect(&intruder, &key, at + 25 * MINUTE);
        self.upload(&intruder, at + 6 * MINUTE);
        self.remote_control(&intruder, start + 3 * MINUTE);
        Some(())
    }

    fn cast_intruder(&mut self, intruder: &Intruder<'a>) {
        self.starring(intruder.victim);
        let session = format!("{}/{}", role_arn(intruder.victim.role()), intruder.victim.email);
        self.alias(EntityKind::RoleSession, ACCOUNT, &session);
        self.alias(EntityKind::Hostname, crate::TENANT, &intruder.victim.device.name);
        self.alias(EntityKind::Ip, crate::TENANT, &intruder.desk);
        self.bucket(DORMANT_BUCKET);
        self.object(EntityKind::Domain, "internet", &intruder.drop.0);
        self.object(EntityKind::Ip, "internet", &intruder.drop.1);
    }

    fn lure(&mut self, intruder: &Intruder<'a>, at: i64) {
        self.step(Stage::Entry, "T1566.002", "a mail leads to a look-alike of the own sign-in page");
        let (name, address) = &intruder.relay;
        let sender = format!("service-desk@{name}");
        let bait = Mail {
            from: &sender,
            to: &intruder.victim.email,
            subject: "Your session ends today",
            server: address,
        };
        mail(self.log, &mut self.rng, at - 9 * MINUTE, bait);
        self.step(Stage::Entry, "T1204.001", "the link is clicked and the laptop opens the page");
        let place = office();
        let agent = intruder.victim.device.agent;
        let desk = Desk { person: intruder.victim, place: &place, agent, session: None };
        desk.click(self.log, &mut self.rng, at - SECOND, &format!("https://{name}/signin"));
        self.look_up(&intruder.desk, at, (name, address));
        let lasts = 48 * SECOND;
        let page = Flow {
            from: &intruder.desk,
            to: address,
            port: 443,
            service: "ssl",
            lasts,
            bytes: (9_400, 310_000),
        };
        flow(self.log, &mut self.rng, at + 40_000, page);
    }

    fn look_up(&mut self, from: &str, at: i64, (name, address): (&str, &str)) {
        lookup(self.log, &mut self.rng, at, Lookup { from, name, answer: Some(address) });
    }

    fn steal_session(&mut self, intruder: &Intruder<'a>, at: i64) -> i64 {
        self.step(Stage::Entry, "T1550.004", "the stolen session is used from outside, without a new factor");
        let visit = intruder.visit(self.seed, self.calendar.story_day());
        let policy = Act::new("policy.evaluate_sign_on", "Evaluation of sign-on policy");
        let policy = policy.ended("ALLOW", None).with("behaviors", behaviors("POSITIVE"));
        visit.write(self.log, &mut self.rng, at, &policy);
        visit.write(self.log, &mut self.rng, at + 400_000, &sso("Northmail"));
        visit.write(self.log, &mut self.rng, at + 80 * SECOND, &sso("Boxwood Files"));
        self.step(Stage::Persistence, "T1671", "an unknown application is granted the mailbox");
        let at = at + 4 * MINUTE + pause(&mut self.rng, 0, 120_000);
        let grant = consent("Mail Archive Sync", "mail.readwrite files.read.all offline_access");
        visit.write(self.log, &mut self.rng, at, &grant);
        at + 2 * MINUTE
    }

    fn read_files(&mut self, intruder: &Intruder<'a>, at: i64) -> i64 {
        self.step(Stage::Collection, "T1213.002", "the mailbox is searched and 1,200 files are read");
        let session = web_session(self.seed, intruder.victim, self.calendar.story_day());
        let desk =
            Desk { person: intruder.victim, place: &intruder.place, agent: LINUX, session: Some(&session) };
        for number in 0..3_i64 {
            desk.mailbox(self.log, &mut self.rng, at + number * 20 * SECOND, MailboxAct::Search);
        }
        let site = site_of(intruder.victim);
        for number in 0..1_200_u64 {
            let moment = at + MINUTE + pause(&mut self.rng, 0, 300) + number.cast_signed() * SECOND * 2 / 5;
            desk.file(self.log, &mut self.rng, moment, ("FileAccessed", &FileName::of(site, number)));
        }
        at + 11 * MINUTE
    }

    fn switch_role(&mut self, intruder: &Intruder<'a>, at: i64) -> (i64, Caller) {
        self.step(Stage::Movement, "T1021.007", "the session switches into the cloud role");
        let visit = intruder.visit(self.seed, self.calendar.story_day());
        let developer = enter_cloud(self.log, &mut self.rng, at, (self.seed, &visit));
        let developer = developer.at(&intruder.place.address, OTHER_CLI);
        self.alias(EntityKind::AccessKey, crate::TENANT, &developer.key);
        (at + 90 * SECOND, developer)
    }

    fn look_round(&mut self, developer: &Caller, at: i64) -> i64 {
        self.step(Stage::Discovery, "T1580", "the account is enumerated, much of it refused");
        let mut at = at;
        for (service, name, refused) in ENUMERATION {
            let call = Call::new(service, name);
            let call = if refused { call.denied(&developer.arn) } else { call };
            developer.write(self.log, &mut self.rng, at, &call);
            at += pause(&mut self.rng, 4_000, 45_000);
        }
        at + 7 * MINUTE
    }

    fn escalate(&mut self, intruder: &Intruder<'a>, developer: &Caller, at: i64) -> (i64, String) {
        self.step(Stage::Privilege, "T1098.003", "the build role is assumed and rewrites its own policy");
        let assumed = Assumed { role: BUILD_ROLE, session: "session-1", mfa: "false" };
        let build =
            Caller::session(self.seed, &mut self.rng, at, assumed).at(&intruder.place.address, OTHER_CLI);
        developer.write(self.log, &mut self.rng, at, &assume("AssumeRole", &build, assumed));
        self.alias(EntityKind::AccessKey, crate::TENANT, &build.key);
        let asked = Object::default()
            .text("roleName", BUILD_ROLE)
            .text("policyName", "build-cache")
            .text("policyDocument", EVERYTHING);
        let put = Call::new("iam", "PutRolePolicy").asking(&asked);
        build.write(self.log, &mut self.rng, at + 95 * SECOND, &put);
        self.step(Stage::Persistence, "T1098.001", "a second key is made for a service account");
        let (call, key) = new_key(&mut self.rng, KEY_OF);
        build.write(self.log, &mut self.rng, at + 6 * MINUTE, &call);
        self.alias(EntityKind::AccessKey, crate::TENANT, &key);
        (at + 6 * MINUTE, key)
    }

    fn collect(&mut self, intruder: &Intruder<'a>, key: &str, at: i64) -> i64 {
        self.step(Stage::Collection, "T1530", "the new key reads a bucket nobody uses, through the laptop");
        let caller = Caller::user_with(self.seed, KEY_OF, &office().address, key);
        caller.write(self.log, &mut self.rng, at, &Call::new("sts", "GetCallerIdentity"));
        caller.write(self.log, &mut self.rng, at + 9 * SECOND, &Call::new("s3", "ListBuckets"));
        let list = Call::about("s3", "ListObjects", ("bucketName", DORMANT_BUCKET));
        caller.write(self.log, &mut self.rng, at + 21 * SECOND, &list);
        self.look_up(&intruder.desk, at - 50_000, (&bucket_host(DORMANT_BUCKET), "192.0.2.64"));
        for number in 0..300_i64 {
            let name = format!("exports/2025/{number:04}.csv.gz");
            let moment = at + 30 * SECOND + number * 3 * SECOND + pause(&mut self.rng, 0, 2_500);
            caller.write(self.log, &mut self.rng, moment, &Call::object("GetObject", DORMANT_BUCKET, &name));
        }
        let received = self.rng.between(3_100_000_000, 4_200_000_000).unsigned_abs();
        let lasts = 950 * SECOND;
        let bytes = (2_600_000, received);
        let pull = Flow { from: &intruder.desk, to: "192.0.2.64", port: 443, service: "ssl", lasts, bytes };
        flow(self.log, &mut self.rng, at + 28 * SECOND, pull);
        at + 16 * MINUTE
    }

    fn upload(&mut self, intruder: &Intruder<'a>, at: i64) {
        self.step(Stage::Egress, "T1048.002", "the laptop uploads it all to an unknown host");
        let (name, address) = &intruder.drop;
        for part in 0..4_i64 {
            let at = at + part * 9 * MINUTE;
            self.look_up(&intruder.desk, at, (name, address));
            let sent = self.rng.between(780_000_000, 1_040_000_000).unsigned_abs();
            let lasts = 480 * SECOND + pause(&mut self.rng, 0, 40_000);
            let bytes = (sent, 410_000);
            let push = Flow { from: &intruder.desk, to: address, port: 443, service: "ssl", lasts, bytes };
            flow(self.log, &mut self.rng, at + 60_000, push);
        }
    }

    fn remote_control(&mut self, intruder: &Intruder<'a>, at: i64) {
        self.step(Stage::C2, "T1071.001", "the laptop calls its controller every five minutes");
        let (name, address) = &intruder.relay;
        for beat in 0..40_i64 {
            let at = at + beat * 5 * MINUTE + pause(&mut self.rng, 0, 9_000);
            if beat % 12 == 0 {
                self.look_up(&intruder.desk, at - 40_000, (name, address));
            }
            let bytes = (880 + self.rng.below(40), 1_210 + self.rng.below(30));
            let beacon =
                Flow { from: &intruder.desk, to: address, port: 443, service: "ssl", lasts: 420_000, bytes };
            flow(self.log, &mut self.rng, at, beacon);
        }
    }

    /// A tool that the company has made for itself is used for the first time.
    pub(crate) fn new_tool(&mut self) -> Option<()> {
        let cast = self.cast;
        let first = cast.any(&mut self.rng, |person| {
            person.team == Team::Data && person.habit == Habit::Office && person.key_user.is_none()
        })?;
        self.starring(first);
        self.harmless("somebody signs in to a new internal tool from the office");
        let mut visit = Visit::known(&mut self.rng, first, office());
        visit.session = web_session(self.seed, first, self.calendar.story_day());
        let at = self.at(15 * 60) + pause(&mut self.rng, 0, 1_200_000);
        visit.write(self.log, &mut self.rng, at, &sso("Roadmap Board"));
        self.harmless("and opens it");
        let desk = first.office_address(self.calendar.story_day());
        let (name, address) = ("roadmap.corp.acme.example", "10.20.2.40");
        self.look_up(&desk, at + 2 * SECOND, (name, address));
        let lasts = 40 * SECOND;
        let bytes = (21_000, 640_000);
        let page = Flow { from: &desk, to: address, port: 443, service: "ssl", lasts, bytes };
        flow(self.log, &mut self.rng, at + 2 * SECOND + 40_000, page);
        Some(())
    }

    /// The twin of the attack in which all is as it should be.
    pub(crate) fn trip(&mut self) -> Option<()> {
        let cast = self.cast;
        let traveller =
            cast.who(|person| person.habit == Habit::Traveller && person.team == Team::Engineering)?;
        self.starring(traveller);
        self.alias(EntityKind::Hostname, crate::TENANT, &traveller.device.name);
        self.harmless("an employee abroad signs in with the known device and factor");
        let visit = Visit::known(&mut self.rng, traveller, abroad(traveller));
        let start = self.at(20 * 60 + 40) + pause(&mut self.rng, 0, 1_200_000);
        let at = sign_in(self.log, &mut self.rng, start, &visit);
        self.harmless("and switches into the usual role");
        let session = enter_cloud(self.log, &mut self.rng, at + 3 * MINUTE, (self.seed, &visit));
        self.harmless("and downloads 250 build results of the own team");
        for number in 0..250_i64 {
            let moment = at + 5 * MINUTE + number * 2 * SECOND + pause(&mut self.rng, 0, 1_500);
            let name = format!("main/{}.zip", 100 + number);
            session.write(
                self.log,
                &mut self.rng,
                moment,
                &Call::object("GetObject", "acme-build-artifacts", &name),
            );
        }
        self.alias(EntityKind::AccessKey, crate::TENANT, &session.key);
        Some(())
    }
}

impl<'a> Intruder<'a> {
    /// The victim's own session of the day, in another browser at another place.
    fn visit(&self, seed: u64, day: i64) -> Visit<'a> {
        let session = web_session(seed, self.victim, day);
        Visit { person: self.victim, place: self.place.clone(), device: None, agent: LINUX, session }
    }
}

/// The document that allows everything.
pub(crate) const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Service, operation, and whether it is refused.
const ENUMERATION: [(&str, &str, bool); 22] = [
    ("sts", "GetCallerIdentity", false),
    ("iam", "GetAccountAuthorizationDetails", true),
    ("iam", "ListUsers", true),
    ("iam", "ListRoles", false),
    ("iam", "ListGroups", true),
    ("iam", "ListPolicies", true),
    ("iam", "GetAccountSummary", true),
    ("s3", "ListBuckets", false),
    ("ec2", "DescribeInstances", false),
    ("ec2", "DescribeSecurityGroups", true),
    ("ec2", "DescribeSnapshots", true),
    ("secretsmanager", "ListSecrets", true),
    ("ssm", "DescribeParameters", true),
    ("kms", "ListKeys", true),
    ("rds", "DescribeDBInstances", true),
    ("dynamodb", "ListTables", true),
    ("lambda", "ListFunctions20150331", false),
    ("ecr", "DescribeRepositories", true),
    ("organizations", "ListAccounts", true),
    ("cloudtrail", "DescribeTrails", true),
    ("guardduty", "ListDetectors", true),
    ("iam", "ListRolePolicies", false),
];
