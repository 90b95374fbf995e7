//! What programs that let people in write to syslog: sign-ins, sessions, commands run as another, accounts.
//!
//! A line is read as its sender's code writes it: `sshd`, `sudo`, `su`, PAM's modules, `login`, `cron`, `systemd-logind`,
//! and shadow's tools for accounts and groups. It comes as text (RFC 5424, RFC 3164, or with an ISO time) or as a record
//! of the journal. Lines of other programs are no record of this source.
//!
//! RFC 3164 tells no year and no zone. The year is that of the last such day up to [`Context::latest`]; without that the
//! time is unknown. The zone is taken for UTC, as everywhere here; the text stands in `metadata.original_time`.
//! Sources: RFC 3164 section 4.1.2, RFC 5424 section 6, systemd.journal-fields(7), and the messages in the sources of
//! OpenSSH (`auth.c`, `packet.c`), sudo (`eventlog.c`), Linux-PAM (`pam_unix`), shadow and systemd.

mod account;
mod command;
mod deed;
mod moment;
mod pam;
mod said;
mod sshd;

use crate::record::{Field, Record};
use crate::source::{Context, Source};
use deed::{Deed, Line, Program};
use homeostat_core::Timestamp;
use homeostat_event::Event;

/// Lines of syslog and the journal about sign-ins, sessions, commands and accounts. Classes 1007, 3001, 3002, 3006,
/// 4007, 6002.
#[derive(Clone, Copy, Debug, Default)]
pub struct Syslog;

/// The programs whose lines are read, in lower case, sorted.
const PROGRAMS: [&str; 27] = [
    "chage",
    "chfn",
    "chpasswd",
    "chsh",
    "cron",
    "crond",
    "doas",
    "gpasswd",
    "groupadd",
    "groupdel",
    "groupmod",
    "login",
    "newusers",
    "passwd",
    "pkexec",
    "polkit-agent-helper-1",
    "remote",
    "sshd",
    "sshd-auth",
    "sshd-session",
    "su",
    "sudo",
    "systemd-logind",
    "useradd",
    "userdel",
    "usermod",
    "vsftpd",
];

/// Where text and journal put what they tell alike.
const APP: [&str; 3] = ["syslog.app", "SYSLOG_IDENTIFIER", "_COMM"];
const PID: [&str; 3] = ["syslog.pid", "_PID", "SYSLOG_PID"];
const HOST: [&str; 2] = ["syslog.host", "_HOSTNAME"];
const MESSAGE: [&str; 2] = ["message", "MESSAGE"];

impl Source for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        if root.member("syslog").is_none() && root.member("MESSAGE").is_none() {
            return false;
        }
        let Some(message) = first(record, &MESSAGE).filter(Field::is_text) else { return false };
        let app = first(record, &APP).and_then(|app| app.look()).unwrap_or_default().to_ascii_lowercase();
        let is_known = PROGRAMS.binary_search(&&*app).is_ok();
        // A record with a long message of another program is not read for it.
        let start = message.json().get(1..5);
        if !is_known && start.is_some_and(|start| start != "pam_" && !start.contains('\\')) {
            return false;
        }
        let message = message.look().unwrap_or_default();
        // The manager of sessions watches seats and buttons too.
        let of_session = app != "systemd-logind" || message.contains("ession");
        (is_known && of_session) || message.starts_with("pam_")
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let Some(message) = first(record, &MESSAGE).and_then(|message| message.look()) else { return };
        let app = first(record, &APP).and_then(|app| app.look()).unwrap_or_default();
        let (time, original) = when(record, context);
        let line = Line { app: &app, host: first(record, &HOST).and_then(|host| host.look()), time };
        let (message, count) = repeated(message.trim());
        let deed = read(&app.to_ascii_lowercase(), message);
        let runs_as = deed.as_ref().and_then(Deed::runs_as);
        let mut event = line.event(deed);
        if let Some(host) = first(record, &HOST).filter(|_| line.host.is_some()) {
            host.take();
        }
        event.set_count(count);
        line.tell_program(&mut event, program(record, runs_as));
        if let Some(original) = original.and_then(|field| field.take()) {
            event.set_original_time(&original);
        }
        event.set_message(first(record, &MESSAGE).and_then(|message| message.take()));
        event.metadata_mut().set_log_format(match record.root().member("syslog") {
            Some(_) => "syslog",
            None => "journal",
        });
        event.metadata_mut().set_event_code(record.take("syslog.msgid"));
        events.push(event);
    }
}

fn first<'a>(record: &Record<'a>, paths: &[&str]) -> Option<Field<'a>> {
    paths.iter().find_map(|path| record.field(path).filter(Field::is_told))
}

/// What the line says, by its program.
fn read<'m>(app: &str, message: &'m str) -> Option<Deed<'m>> {
    let own = match app {
        "sshd" | "sshd-session" | "sshd-auth" => sshd::read(message),
        "sudo" | "doas" | "pkexec" => command::read(message),
        "cron" | "crond" => command::read_cron(message),
        "su" => pam::read_su(message),
        "systemd-logind" => pam::read_logind(message),
        _ => account::read(app, message),
    };
    own.or_else(|| pam::read(app, message))
}

/// `message repeated 3 times: [ … ]` stands for so many of what is inside.
fn repeated(message: &str) -> (&str, Option<i32>) {
    let told = || {
        let (times, rest) = message.strip_prefix("message repeated ")?.split_once(" times: [")?;
        Some((rest.strip_suffix(']').unwrap_or(rest).trim(), times.parse().ok()?))
    };
    told().map_or((message, None), |(inside, times)| (inside, Some(times)))
}

/// When the line was written, and where the record says so.
fn when<'a>(record: &Record<'a>, context: &Context) -> (Timestamp, Option<Field<'a>>) {
    if let Some(field) = record.field("syslog.timestamp") {
        let time = field.look().and_then(|text| moment::read(&text, context.latest));
        return (time.unwrap_or(Timestamp::UNKNOWN), Some(field));
    }
    let field = first(record, &["_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"]);
    let time = field.and_then(|field| field.look()?.parse::<i64>().ok()).map(Timestamp::from_micros);
    (time.filter(|time| time.is_moment()).unwrap_or(Timestamp::UNKNOWN), field)
}

/// The program that wrote the line.
fn program<'r>(record: &Record<'r>, runs_as: Option<&'r str>) -> Program<'r> {
    let exact = |text: &str| text.parse::<i64>().is_ok_and(|number| number.to_string() == text);
    let pid = first(record, &PID).and_then(|pid| pid.take_if(exact));
    let name = first(record, &APP).and_then(|app| app.take());
    Program { name, pid: pid.and_then(|pid| pid.parse().ok()), runs_as }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;

    #[test]
    fn programs_are_sorted_for_the_search() {
        assert!(PROGRAMS.is_sorted());
    }

    #[test]
    fn lines_are_told_by_their_program() {
        for (text, expected) in [
            (r#"{"syslog":{"app":"sshd"},"message":"hello"}"#, true),
            (r#"{"syslog":{"app":"CRON"},"message":"hello"}"#, true),
            (
                r#"{"syslog":{"app":"own"},"message":"pam_unix(own:session): session closed for user jo"}"#,
                true,
            ),
            (r#"{"syslog":{"app":"systemd-logind"},"message":"New session 4 of user jo."}"#, true),
            (r#"{"syslog":{"app":"systemd-logind"},"message":"New seat seat0."}"#, false),
            (r#"{"syslog":{"app":"kernel"},"message":"hello"}"#, false),
            (r#"{"syslog":{"app":"sshd"},"message":{"a":1}}"#, false),
            (r#"{"SYSLOG_IDENTIFIER":"sudo","MESSAGE":"hello"}"#, true),
            (r#"{"message":"hello"}"#, false),
        ] {
            let mut tape = Tape::default();
            tape.parse(text.as_bytes(), 16).unwrap();
            assert_eq!(Syslog.recognises(&Record::new(text, &tape)), expected, "{text}");
        }
    }

    #[test]
    fn a_repeated_line_counts() {
        assert_eq!(repeated("message repeated 2 times: [ Failed x]"), ("Failed x", Some(2)));
        assert_eq!(repeated("message repeated: [x]"), ("message repeated: [x]", None));
    }
}
