//! What OpenSSH's server says of those who knock, come in and leave.

use super::deed::{Connection, Deed, SignIn};
use super::said::word_after;

pub(super) fn read(message: &str) -> Option<Deed<'_>> {
    let message = message.strip_suffix("[preauth]").map_or(message, str::trim_end);
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let message = message.strip_prefix("fatal: ").unwrap_or(message);
    sign_in(message).map(Deed::SignIn).or_else(|| connection(message)).or_else(|| run(message))
}

/// How the server begins what it says of an attempt, and whether it let somebody in.
const VERDICTS: [(&str, bool); 4] =
    [("Accepted ", true), ("Failed ", false), ("Postponed ", false), ("Partial ", false)];

/// How the server calls a user that it does not know.
const UNKNOWN: [&str; 4] = ["Invalid user", "invalid user", "Illegal user", "illegal user"];

fn sign_in(message: &str) -> Option<SignIn<'_>> {
    let verdict = VERDICTS.iter().find_map(|(word, good)| Some((message.strip_prefix(word)?, *good)));
    if let Some((rest, good)) = verdict {
        let (method, rest) = rest.split_once(" for ")?;
        return Some(SignIn { refused: !good, method: Some(method), ..attempt(rest) });
    }
    let exceeded = "maximum authentication attempts exceeded for ";
    if let Some(rest) = message.strip_prefix(exceeded) {
        let detail = message.get(..exceeded.len() - " for ".len());
        return Some(SignIn { refused: true, detail, ..attempt(rest) });
    }
    if message.starts_with("PAM service(") && message.contains("max retries") {
        return Some(SignIn { activity: 1, refused: true, detail: Some(message), ..SignIn::default() });
    }
    if let Some(rest) = message.strip_prefix("PAM: ") {
        let (detail, rest) = rest.split_once(" for ")?;
        return Some(SignIn { refused: true, detail: Some(detail), ..attempt(rest) });
    }
    let plain = message.strip_prefix("input_userauth_request: ").unwrap_or(message);
    if let Some(word) = UNKNOWN.iter().find(|word| plain.starts_with(**word)) {
        return Some(SignIn { refused: true, detail: plain.get(..word.len()), ..attempt(plain) });
    }
    denied(message)
}

/// `User jo from 192.0.2.7 not allowed because …`, `Address … maps to …, but …`, `Authentication refused: …`
fn denied(message: &str) -> Option<SignIn<'_>> {
    let rest = message.strip_prefix("User ").filter(|rest| rest.contains(" not allowed because "))?;
    let (who, why) = rest.split_once(" not allowed because ")?;
    Some(SignIn { refused: true, detail: Some(why), ..attempt(who) })
}

/// `[invalid user ]jo from 192.0.2.7 port 4242 ssh2[: …]`; the name may be empty or hold blanks, for it is what the
/// other side sent.
fn attempt(rest: &str) -> SignIn<'_> {
    let rest = UNKNOWN.iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
    let (user, place) = rest.rsplit_once(" from ").unwrap_or((rest, ""));
    let from = place.split(' ').next().filter(|from| !from.is_empty());
    let user = Some(user.trim()).filter(|user| !user.is_empty());
    SignIn { activity: 1, user, from, port: word_after(place, "port "), ..SignIn::default() }
}

/// How lines about a connection begin, and the activity: 1 open, 2 close, 3 reset, 4 fail, 5 refuse.
const CONNECTIONS: [(&str, u32); 17] = [
    ("Connection from ", 1),
    ("Starting session: ", 1),
    ("Postponed ", 1),
    ("subsystem request for ", 1),
    ("Connection closed by ", 2),
    ("Received disconnect from ", 2),
    ("Disconnected from ", 2),
    ("Disconnecting", 2),
    ("Close session: ", 2),
    ("Closing connection to ", 2),
    ("Connection reset by ", 3),
    ("Read from socket failed", 3),
    ("Did not receive identification string", 4),
    ("Bad protocol version identification", 4),
    ("Unable to negotiate with ", 4),
    ("Timeout before authentication for ", 4),
    ("refused connect from ", 5),
];

fn connection(message: &str) -> Option<Deed<'_>> {
    let plain = message.strip_prefix("ssh_dispatch_run_fatal: ").unwrap_or(message);
    let activity =
        CONNECTIONS.iter().find(|(word, _)| plain.starts_with(word)).map(|(_, activity)| *activity);
    let activity = activity.or_else(|| {
        let failed = ["kex_exchange_identification:", "banner exchange:", "no matching", "padding error:"];
        failed.iter().any(|word| plain.starts_with(word)).then_some(4)
    })?;
    let user = word_after(plain, "invalid user ").or_else(|| word_after(plain, "authenticating user "));
    let user =
        user.or_else(|| word_after(plain, "user ")).filter(|_| !plain.contains("disconnected by user"));
    let from = ["from ", "with ", "by ", "authentication for ", "Connection from ", "connection to "]
        .iter()
        .filter_map(|word| word_after(plain, word))
        .map(|word| word.trim_end_matches(':'))
        .chain(plain.split(' '))
        .find(|word| crate::address::is_address(word));
    let port = word_after(plain, " port ").map(|port| port.split(':').next().unwrap_or(port));
    let reason = plain.split_once(": ").map(|(_, reason)| reason.trim()).filter(|reason| !reason.is_empty());
    Some(Deed::Connection(Connection { activity, from, port, user, detail: reason }))
}

fn run(message: &str) -> Option<Deed<'_>> {
    if message.starts_with("Server listening on ") {
        return Some(Deed::Run(3));
    }
    message.contains("; terminating").then_some(Deed::Run(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Attempt<'m> = (Option<&'m str>, Option<&'m str>, Option<&'m str>, bool);

    fn attempt_in(message: &str) -> Option<Attempt<'_>> {
        match read(message) {
            Some(Deed::SignIn(SignIn { user, from, port, refused, .. })) => Some((user, from, port, refused)),
            _ => None,
        }
    }

    #[test]
    fn attempts_are_read() {
        let at = (Some("192.0.2.7"), Some("4242"));
        for (message, user, refused) in [
            ("Accepted publickey for jane from 192.0.2.7 port 4242 ssh2: RSA SHA256:x", Some("jane"), false),
            ("Failed password for invalid user a b from 192.0.2.7 port 4242 ssh2", Some("a b"), true),
            ("Failed none for invalid user  from 192.0.2.7 port 4242 ssh2", None, true),
            ("Invalid user from from 192.0.2.7 port 4242", Some("from"), true),
            (
                "error: maximum authentication attempts exceeded for root from 192.0.2.7 port 4242 ssh2 [preauth]",
                Some("root"),
                true,
            ),
        ] {
            assert_eq!(attempt_in(message), Some((user, at.0, at.1, refused)), "{message}");
        }
        let refused = attempt_in("User root from 192.0.2.7 not allowed because not listed in AllowUsers");
        assert_eq!(refused, Some((Some("root"), Some("192.0.2.7"), None, true)));
        let unknown = attempt_in("input_userauth_request: invalid user bo [preauth]");
        assert_eq!(unknown, Some((Some("bo"), None, None, true)));
    }

    #[test]
    fn connections_are_read() {
        for (message, expected) in [
            ("Connection closed by 192.0.2.7 port 4242 [preauth]", (2, None)),
            ("Connection closed by invalid user bo 192.0.2.7 port 4242 [preauth]", (2, Some("bo"))),
            ("Connection reset by authenticating user root 192.0.2.7 port 4242 [preauth]", (3, Some("root"))),
            ("Received disconnect from 192.0.2.7 port 4242:11: disconnected by user", (2, None)),
            ("Disconnected from user jane 192.0.2.7 port 4242", (2, Some("jane"))),
            ("Connection from 192.0.2.7 port 4242 on 198.51.100.4 port 22", (1, None)),
            ("Starting session: shell on pts/0 for jane from 192.0.2.7 port 4242 id 0", (1, None)),
        ] {
            let Some(Deed::Connection(told)) = read(message) else { panic!("{message}") };
            assert_eq!((told.activity, told.user), expected, "{message}");
            assert_eq!((told.from, told.port), (Some("192.0.2.7"), Some("4242")), "{message}");
        }
    }

    #[test]
    fn the_server_itself_and_what_is_not_known() {
        assert!(matches!(read("Server listening on 0.0.0.0 port 22."), Some(Deed::Run(3))));
        assert!(matches!(read("Received signal 15; terminating."), Some(Deed::Run(4))));
        assert!(read("hello").is_none() && read("").is_none() && read("Failed x").is_none());
    }
}
