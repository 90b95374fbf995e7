//! Commands that run as another: `sudo`, `doas`, `pkexec`, and what a timetable starts.

use super::deed::{Command, Deed};
use super::said::between;

/// `jo : [what is wrong ;] TTY=pts/0 ; PWD=/home/jo ; USER=root ; [ENV=… ;] COMMAND=/bin/ls`
pub(super) fn read(message: &str) -> Option<Deed<'_>> {
    if let Some((by, rest)) = message.split_once(" : ") {
        let (told, line) = rest.split_once("COMMAND=").unwrap_or((rest, ""));
        let mut parts = told.split(" ; ").map(str::trim).filter(|part| !part.is_empty()).peekable();
        let refused = parts.next_if(|part| !is_pair(part));
        let mut command = Command { by: by.trim(), line: line.trim(), refused, ..Command::default() };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name {
                "TTY" => command.terminal = Some(value),
                "PWD" => command.folder = Some(value),
                "USER" => command.user = Some(value.trim_end_matches([' ', ';'])),
                _ => {}
            }
        }
        return (!command.line.is_empty()).then_some(Deed::Command(command));
    }
    read_doas(message).or_else(|| read_pkexec(message))
}

fn is_pair(part: &str) -> bool {
    part.split_once('=').is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// `jo ran command ls as root from /home/jo`
fn read_doas(message: &str) -> Option<Deed<'_>> {
    let (by, rest) = message.split_once(" ran command ")?;
    let (line, rest) = rest.rsplit_once(" as ")?;
    let (user, folder) = rest.split_once(" from ").map_or((rest, None), |(user, from)| (user, Some(from)));
    Some(Deed::Command(Command { by, line, user: Some(user), folder, ..Command::default() }))
}

/// `jo: Executing command [USER=root] [TTY=/dev/pts/0] [CWD=/home/jo] [COMMAND=/bin/ls]`
fn read_pkexec(message: &str) -> Option<Deed<'_>> {
    let (by, rest) = message.split_once(": ")?;
    let (what, _) = rest.split_once(" [")?;
    let line = between(rest, "[COMMAND=", "]")?;
    let refused = (what != "Executing command").then_some(what);
    let (user, terminal) = (between(rest, "[USER=", "]"), between(rest, "[TTY=", "]"));
    Some(Deed::Command(Command { by, line, user, terminal, folder: between(rest, "[CWD=", "]"), refused }))
}

/// `(root) CMD (/usr/bin/run-parts /etc/cron.hourly)`
pub(super) fn read_cron(message: &str) -> Option<Deed<'_>> {
    let (by, rest) = message.strip_prefix('(')?.split_once(") CMD (")?;
    let line = rest.strip_suffix(')').unwrap_or(rest).trim();
    (!line.is_empty()).then_some(Deed::Command(Command { by, line, user: Some(by), ..Command::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(read: Option<Deed<'_>>, by: &str, user: Option<&str>, line: &str, refused: Option<&str>) {
        let Some(Deed::Command(told)) = read else { panic!("no command") };
        assert_eq!((told.by, told.user, told.line, told.refused), (by, user, line, refused));
    }

    #[test]
    fn commands_are_read_as_each_program_writes_them() {
        let line = "jo : TTY=pts/0 ; PWD=/home/jo ; USER=root ; COMMAND=/bin/sh -c a; b ; c";
        check(read(line), "jo", Some("root"), "/bin/sh -c a; b ; c", None);
        let line =
            "     jo : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; ENV=A=b ; COMMAND=/bin/ls";
        check(read(line), "jo", Some("root"), "/bin/ls", Some("user NOT in sudoers"));
        check(read("jo ran command ls -l as root from /home/jo"), "jo", Some("root"), "ls -l", None);
        let line = "jo: Executing command [USER=root] [TTY=unknown] [CWD=/] [COMMAND=/bin/ls]";
        check(read(line), "jo", Some("root"), "/bin/ls", None);
        check(read_cron("(root) CMD (   run-parts /etc)"), "root", Some("root"), "run-parts /etc", None);
    }

    #[test]
    fn other_lines_are_none() {
        for line in ["", "jo : (command continued) a b", "hello", "jo: hello [x]", "a ran command b"] {
            assert!(read(line).is_none(), "{line}");
        }
        assert!(read_cron("(root) RELOAD (crontabs/root)").is_none());
    }
}
