//! T2's stories: passwords are stolen from a browser's file; people do what is a little unusual; a program is handed
//! out to half the company.

use crate::cast::{Habit, Person, Team, office};
use crate::cloudtrail::Caller;
use crate::endpoint::{DOMAIN, Machine, Program};
use crate::log::pause;
use crate::office::{Desk, FileName, MailboxAct, site_of};
use crate::okta::Visit;
use crate::story::Teller;
use crate::workday::{enter_cloud, reserved_call};
use crate::zeek::{Lookup, lookup};
use homeostat_core::{EntityKind, Stage};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// The minutes of the day at which the passwords are stolen, the grey deeds begin, and the program is handed out.
const THEFT: i64 = 13 * 60;
const GREY: i64 = THEFT + 6;
const ROLLOUT: i64 = 15 * 60;
/// The machines that get the program.
const MACHINES: usize = 20;
/// The files that somebody takes within eight minutes, 2.2 times what people touch in a day; the pages of a long answer;
/// the names of one page.
const FILES: u64 = 31;
const PAGES: i64 = 80;
const NAMES: i64 = 90;

impl Teller<'_> {
    /// The one from whom passwords are stolen, and a colleague of the same team with the same machine.
    fn pair(&self) -> Option<[&Person; 2]> {
        let fits = |person: &&Person| {
            let own = person.team == Team::Data && person.habit == Habit::Office;
            own && person.joined == i64::MIN && Machine::of(person).is_some()
        };
        let mut those = self.cast.people.iter().filter(fits);
        Some([those.next()?, those.next()?])
    }

    pub(crate) fn credential_theft(&mut self) -> Option<()> {
        let [victim, _] = self.pair()?.map(Person::clone);
        self.starring(&victim);
        let machine = Machine::of(&victim)?;
        self.alias(EntityKind::Sam, &DOMAIN.0.to_lowercase(), machine.login());
        let begin = self.at(THEFT) + pause(&mut self.rng, 0, 60_000);
        let name = self.rng.token(7, b"abcdefghijklmnopqrstuvwxyz");
        let image = format!("C:\\Users\\{}\\AppData\\Roaming\\{name}\\{name}.exe", machine.login());
        let thief = Program::new(&mut self.rng, &image);
        self.step(Stage::Entry, "T1204.002", "a program starts that no other machine has");
        machine.start(self.log, begin, (&machine.explorer(begin), &thief), "");
        self.step(Stage::Privilege, "T1555.003", "it reads the file of a browser's passwords");
        machine.read(self.log, &mut self.rng, begin + 40 * SECOND, (&thief, &machine.passwords()));
        self.step(Stage::Discovery, "T1087", "it starts three programs that hardly anybody uses");
        for (child, turn) in RARE.into_iter().zip(1_i64..) {
            let child_at = begin + 40 * SECOND + turn * 25 * SECOND;
            let (image, arguments) = child;
            let child = Program::new(&mut self.rng, image);
            machine.start(self.log, child_at, (&thief, &child), arguments);
        }
        Some(())
    }

    pub(crate) fn grey(&mut self) -> Option<()> {
        let pair = self.pair()?.map(Person::clone);
        self.starring(pair.first()?);
        self.harmless("both go to the cloud, as they do on most days");
        let begin = self.at(GREY) - 30 * MINUTE;
        let sessions: Vec<Caller> = pair.iter().map(|person| self.session(person, begin)).collect();
        for ((person, session), turn) in pair.iter().zip(&sessions).zip(0_i64..) {
            let begin = self.at(GREY + turn * 20) + pause(&mut self.rng, 0, 20_000);
            self.harmless("more files are taken at once than on other days");
            self.take_files(person, begin);
            self.harmless("a call to the cloud that colleagues make and this one did not");
            for page in 0..PAGES {
                let at = begin + 10 * MINUTE + page * 2 * SECOND;
                session.write(self.log, &mut self.rng, at, &reserved_call(person));
            }
            self.harmless("a rule for the own mailbox");
            let (place, agent) = (office(), person.device.agent);
            let desk = Desk { person, place: &place, agent, session: None };
            desk.mailbox(self.log, &mut self.rng, begin + 12 * MINUTE, MailboxAct::SetUp);
            self.harmless("a page outside that nobody went to before, with all its names");
            self.ask_new_names(person, begin + 14 * MINUTE);
        }
        Some(())
    }

    fn session(&mut self, person: &Person, at: i64) -> Caller {
        let visit = Visit::known(&mut self.rng, person, office());
        enter_cloud(self.log, &mut self.rng, at, (self.seed, &visit))
    }

    fn take_files(&mut self, person: &Person, begin: i64) {
        let (place, agent) = (office(), person.device.agent);
        let desk = Desk { person, place: &place, agent, session: None };
        for turn in 0..FILES {
            let at = begin + turn.cast_signed() * 15 * SECOND;
            let file = FileName::of(site_of(person), self.rng.skewed(260));
            desk.file(self.log, &mut self.rng, at, ("FileDownloaded", &file));
        }
    }

    fn ask_new_names(&mut self, person: &Person, begin: i64) {
        let domain = self.rng.token(9, b"abcdefghijklmnopqrstuvwxyz");
        let from = person.office_address(self.calendar.story_day());
        for number in 0..NAMES {
            let name = format!("part-{number}.{domain}.example");
            let answer = format!("198.19.{}.{}", self.rng.below(256), self.rng.between(1, 255));
            let asked = Lookup { from: &from, name: &name, answer: Some(&answer) };
            lookup(self.log, &mut self.rng, begin + number * SECOND / 4, asked);
        }
    }

    pub(crate) fn rollout(&mut self) -> Option<()> {
        let people: Vec<Person> = self
            .cast
            .people
            .iter()
            .filter(|person| Machine::of(person).is_some())
            .take(MACHINES)
            .cloned()
            .collect();
        let begin = self.at(ROLLOUT);
        self.harmless("the agent hands out a program that none of twenty machines had");
        let name = self.rng.token(6, b"abcdefghijklmnopqrstuvwxyz");
        let setup = format!("C:\\ProgramData\\Deskhand\\{name}-setup.exe");
        let service = format!("C:\\Program Files\\{name}\\{name}d.exe");
        for (person, turn) in people.iter().zip(0_i64..) {
            let machine = Machine::of(person)?;
            self.object(EntityKind::Hostname, crate::TENANT, &person.device.name);
            self.object(EntityKind::Sam, &DOMAIN.0.to_lowercase(), machine.login());
            let at = begin + turn * 15 * SECOND + pause(&mut self.rng, 0, 9_000);
            machine.install(self.log, &mut self.rng, at, (&setup, &service));
        }
        Some(())
    }
}

/// Programs of Windows that tell about accounts, domains and sessions.
const RARE: [(&str, &str); 3] = [
    ("C:\\Windows\\System32\\nltest.exe", "/domain_trusts"),
    ("C:\\Windows\\System32\\cmdkey.exe", "/list"),
    ("C:\\Windows\\System32\\quser.exe", ""),
];
