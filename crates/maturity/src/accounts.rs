//! The stories about single accounts: one made in the dark, some made in order, one given every right.

use crate::cast::{APPROVAL_TAG, DORMANT_BUCKET, Habit, Person, office, person};
use crate::cloudtrail::{Call, Caller};
use crate::intrusion::EVERYTHING;
use crate::log::pause;
use crate::machinery::welcome;
use crate::object::Object;
use crate::okta::{Visit, user};
use crate::story::{Teller, nowhere};
use crate::workday::{consent, enter_cloud, sign_in};
use homeostat_core::{EntityKind, Stage};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const LINUX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

impl Teller<'_> {
    /// An account of this login that is not among the forty.
    fn newcomer(&mut self, login: &str, number: i64) -> Person {
        let mut newcomer = person(&mut self.rng, number, (login, "new"));
        newcomer.email = format!("{login}@acme.example");
        login.clone_into(&mut newcomer.name);
        newcomer.habit = Habit::Office;
        newcomer
    }

    fn create(&mut self, new: &Person, at: i64) -> Option<()> {
        let administrator = self.cast.administrator()?;
        let visit = Visit::known(&mut self.rng, administrator, office());
        let target = user(&new.okta, &new.email, &new.name);
        for (act, number) in welcome(&target).iter().zip(0_i64..) {
            visit.write(self.log, &mut self.rng, at + number * 9 * SECOND, act);
        }
        Some(())
    }

    pub(crate) fn shadow_identity(&mut self) -> Option<()> {
        let new = self.newcomer("tmp-7", 67);
        self.starring(&new);
        let start = self.at(10 * 60 + 30) + pause(&mut self.rng, 0, 3_600_000);
        self.step(Stage::Persistence, "T1136.003", "an administrator makes an account in business hours");
        self.create(&new, start)?;
        self.step(
            Stage::Entry,
            "T1078.004",
            "it signs in from a place, network and browser unknown to the tenant",
        );
        let place = nowhere(&mut self.rng);
        let session = format!("102{}", self.rng.hex(22));
        let visit = Visit { person: &new, place, device: None, agent: LINUX, session };
        let login = crate::okta::Act::new("user.session.start", "User login to Okta").by("PASSWORD");
        visit.write(self.log, &mut self.rng, start + 10 * MINUTE, &login);
        self.step(Stage::Persistence, "T1671", "it grants an unknown application the mailbox");
        let grant = consent("Inbox Exporter", "mail.readwrite offline_access");
        visit.write(self.log, &mut self.rng, start + 12 * MINUTE, &grant);
        Some(())
    }

    pub(crate) fn joiners(&mut self) -> Option<()> {
        for group in 0..4_i64 {
            let mut day = self.calendar.story_day() - group * 2;
            while self.calendar.is_weekend(day) {
                day -= 1;
            }
            self.harmless("five people join, sign in from the office and grant a well-known application");
            for number in 0..5_i64 {
                let login = if group == 0 && number == 3 {
                    "new-8".to_owned()
                } else {
                    format!("new-{group}{number}")
                };
                let new = self.newcomer(&login, 70 + group * 5 + number);
                if login == "new-8" {
                    self.starring(&new);
                }
                self.create(&new, self.calendar.at(day, 8 * 60 + number * 3))?;
                let visit = Visit::known(&mut self.rng, &new, office());
                let at = self.calendar.at(day, 9 * 60 + 10 + number * 11);
                let at = sign_in(self.log, &mut self.rng, at, &visit);
                visit.write(
                    self.log,
                    &mut self.rng,
                    at + 2 * MINUTE,
                    &consent("Meeting Planner", "openid calendar.read"),
                );
            }
        }
        Some(())
    }

    /// Writes that an administrator gives `user` every right at `minute` of the day before the story's day.
    fn give_everything(&mut self, user: &str, minute: i64, approval: Option<&str>) -> Option<()> {
        let administrator = self.cast.administrator()?;
        let visit = Visit::known(&mut self.rng, administrator, office());
        let at = self.calendar.at(self.calendar.story_day() - 1, minute);
        let session = enter_cloud(self.log, &mut self.rng, at, (self.seed, &visit));
        if let Some(approval) = approval {
            let tag = Object::default().text("key", APPROVAL_TAG).text("value", approval).end();
            let asked = Object::default().text("userName", user).list("tags", &[tag]);
            session.write(self.log, &mut self.rng, at + MINUTE, &Call::new("iam", "TagUser").asking(&asked));
        }
        let asked = Object::default()
            .text("userName", user)
            .text("policyName", "migration")
            .text("policyDocument", EVERYTHING);
        session.write(
            self.log,
            &mut self.rng,
            at + 2 * MINUTE,
            &Call::new("iam", "PutUserPolicy").asking(&asked),
        );
        Some(())
    }

    pub(crate) fn wildcard_policy(&mut self) -> Option<()> {
        let key = crate::cast::user_key(self.seed, "svc-etl");
        self.alias(EntityKind::IamUserArn, crate::cast::ACCOUNT, &user_arn("svc-etl"));
        self.alias(EntityKind::AccessKey, crate::TENANT, &key);
        self.bucket(DORMANT_BUCKET);
        self.step(Stage::Privilege, "T1098.003", "a service account is given every right");
        self.give_everything("svc-etl", 16 * 60, None)?;
        self.step(Stage::Collection, "T1530", "its key reads a bucket nobody uses, from an unknown place");
        let place = nowhere(&mut self.rng);
        let caller = Caller::user(self.seed, "svc-etl", &place.address);
        let start = self.at(2 * 60 + 40) + pause(&mut self.rng, 0, 2_400_000);
        caller.write(self.log, &mut self.rng, start, &Call::new("s3", "ListBuckets"));
        for number in 0..40_i64 {
            let at = start + 20 * SECOND + number * 3 * SECOND + pause(&mut self.rng, 0, 2_000);
            let call = Call::object("GetObject", DORMANT_BUCKET, &format!("exports/2025/{number:04}.csv.gz"));
            caller.write(self.log, &mut self.rng, at, &call);
        }
        Some(())
    }

    pub(crate) fn approved_policy(&mut self) -> Option<()> {
        self.alias(EntityKind::IamUserArn, crate::cast::ACCOUNT, &user_arn("svc-monitor"));
        self.harmless("the same change to another service account, with an approval");
        self.give_everything("svc-monitor", 14 * 60, Some("CHG-1042"))
    }
}

pub(crate) fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::{}:user/{name}", crate::cast::ACCOUNT)
}
