//! What of a record must never reach an event: passwords, tokens, assertions, prompts.
//!
//! It is taken out before an event exists; its path stays visible and is counted, its value stands nowhere. Of a
//! command line only the password goes: the text around it stays.

mod command;
mod mask;

use crate::record::Field;
use crate::tape::{Kind, Mark};
use core::ops::Range;
pub(crate) use mask::{mask, withhold_texts};
use std::borrow::Cow;

/// Decides which members of a record are withheld.
///
/// Laws: the answer MUST depend on the member alone, so that the same record is always cut the same way; it
/// MUST be total. When a member is withheld, all scalars inside it are.
pub trait Redact {
    /// Whether `member` is withheld.
    fn withholds(&self, member: &Member<'_>) -> bool;

    /// Whether the texts of `member` are searched for secrets: its own, or those of a list, which are then read as one
    /// line, parted by blanks. No unless a rule says otherwise.
    fn searches(&self, _member: &Member<'_>) -> bool {
        false
    }

    /// Where in `text` secrets stand: ranges of bytes, in order and apart, each from one character to another. They
    /// are masked, and the member is counted as withheld. None unless a rule says otherwise.
    fn secrets_in(&self, _text: &str) -> Vec<Range<usize>> {
        Vec::new()
    }
}

/// A named member of a record, as [`Redact`] sees it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Member<'a> {
    /// The source that recognised the record; empty when none did.
    pub source: &'a str,
    /// The name of the object around the member; empty at the top.
    pub parent: &'a str,
    /// The member's own name, as spelled in the record.
    pub name: &'a str,
}

/// The default: secrets by the names under which the known sources log them, and what people and models say to
/// each other.
///
/// Names are compared without regard to case, `_` and `-`. Numbers, truth values and null are never withheld:
/// `passwordResetRequired: true` is configuration. In command lines, scripts and messages about them the passwords
/// that programs take as arguments are masked; one inside another free text is not found.
///
/// ```
/// use homeostat_ingest::{Ingest, KeepAll, Registry, Secrets};
/// let careful = Ingest::new(Registry::default()).with_redact(Secrets);
/// let forensic = Ingest::new(Registry::default()).with_redact(KeepAll);
/// # let _ = (careful, forensic);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Secrets;

/// Withholds nothing: for those who may see all, such as forensics under legal hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepAll;

/// Names of members that hold a secret, in lower case without separators, sorted.
const SECRET: [&str; 36] = [
    "accesstoken",
    "apikey",
    "assertion",
    "authcode",
    "authenticationcode1",
    "authenticationcode2",
    "authorization",
    "authorizationcode",
    "authorizationtoken",
    "authtoken",
    "base32stringseed",
    "bearertoken",
    "clientassertion",
    "clientsecret",
    "idtoken",
    "masteruserpassword",
    "newpassword",
    "oldpassword",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "plaintext",
    "privatekey",
    "qrcodepng",
    "refreshtoken",
    "samlassertion",
    "secret",
    "secretaccesskey",
    "secretbinary",
    "secretkey",
    "secretstring",
    "sessiontoken",
    "tokencode",
    "webidentitytoken",
    "xamzsecuritytoken",
];

/// Names of members that hold what is said to a model or by it, in lower case without separators, sorted.
const SAID: [&str; 8] = [
    "completion",
    "generatedtext",
    "inputbodyjson",
    "inputtext",
    "outputbodyjson",
    "outputtext",
    "prompt",
    "systemprompt",
];

/// Names of members that hold a secret in some places, in lower case without separators.
const BY_PLACE: [&str; 5] = ["body", "community", "cookie", "messages", "setcookie"];

/// The longest of the names above, with room for separators.
const LONGEST: usize = 32;

impl Redact for Secrets {
    fn withholds(&self, member: &Member<'_>) -> bool {
        let name = member.name;
        if matches!(member.source, "kubernetes" | "gcp_audit")
            && let Some(answer) = of_cluster(member)
        {
            return answer;
        }
        if !is_candidate(name) {
            return false;
        }
        let mut plain = [0; LONGEST];
        let mut length = 0;
        let letters = name.bytes().filter(|byte| !matches!(byte, b'_' | b'-'));
        for (slot, byte) in plain.iter_mut().zip(letters) {
            *slot = byte.to_ascii_lowercase();
            length += 1;
        }
        let plain = plain.get(..length).unwrap_or_default();
        let listed = |names: &[&str]| names.binary_search_by(|known| known.as_bytes().cmp(plain)).is_ok();
        // What acts through a key is told by an object of that name: its id, never the key.
        if plain == b"apikey" && member.parent == "actor" {
            return false;
        }
        // Of Azure it is what was asked for, not a header.
        if member.source == "azure_activity" && plain == b"authorization" {
            return false;
        }
        listed(&SECRET)
            || listed(&SAID)
            || (plain == b"messages" && member.parent == "requestParameters")
            || (matches!(plain, b"cookie" | b"setcookie") && is_headers(member.parent))
            // What a stored mail says to its reader.
            || (plain == b"body" && member.source == "eml")
            || (plain == b"community" && (member.source == "zeek" || member.parent == "snmp"))
    }

    fn searches(&self, member: &Member<'_>) -> bool {
        holds_commands(member.name)
    }

    fn secrets_in(&self, text: &str) -> Vec<Range<usize>> {
        command::secrets(text)
    }
}

/// Names of members that hold command lines, scripts or messages about them, in lower case without separators.
const COMMANDS: [&str; 27] = [
    "args",
    "arguments",
    "argv",
    "cmd",
    "cmdline",
    "command",
    "commandline",
    "contextinfo",
    "data",
    "details",
    "hostapplication",
    "imagepath",
    "message",
    "original",
    "parentcommandline",
    "parentprocesscommandline",
    "payload",
    "processcommandline",
    "proctitle",
    "raw",
    "scriptblocktext",
    "servicefilename",
    "taskcontent",
    "taskcontentnew",
    "text",
    "title",
    "#text",
];

fn holds_commands(name: &str) -> bool {
    // Most names of a record begin otherwise.
    let first = name.as_bytes().first().map_or(0, |first| first | 0x20);
    if !matches!(first, b'a' | b'c' | b'd' | b'h' | b'i' | b'm' | b'o' | b'p' | b'r' | b's' | b't' | b'#') {
        return false;
    }
    let letters =
        || name.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase());
    COMMANDS.iter().any(|known| letters().eq(known.bytes()))
}

/// In a cluster the contents of secrets and maps and new tokens are secret, and a volume made of a secret is not.
///
/// They stand in the bodies of request and answer, one object or a list, and once more in the copy that is kept of
/// what was applied. Google Cloud tells of its clusters in bodies of other names.
fn of_cluster(member: &Member<'_>) -> Option<bool> {
    const BODIES: [&str; 5] = ["requestObject", "responseObject", "request", "response", "items"];
    let body = BODIES.iter().any(|body| body.eq_ignore_ascii_case(member.parent));
    match member.name {
        "secret" if member.source == "kubernetes" => Some(false),
        "data" | "binaryData" | "stringData" if body => Some(true),
        "token" if member.parent == "status" => Some(true),
        name if name.ends_with("/last-applied-configuration") => Some(true),
        _ => None,
    }
}

impl Redact for KeepAll {
    fn withholds(&self, _: &Member<'_>) -> bool {
        false
    }
}

/// Whether an object holds the headers of a request or an answer.
fn is_headers(name: &str) -> bool {
    name.len() >= 7 && name.get(name.len() - 7..).is_some_and(|end| end.eq_ignore_ascii_case("headers"))
}

/// A quick look at length, first and last letter, by which most names of a record differ from all secrets.
fn is_candidate(name: &str) -> bool {
    let letter =
        |byte: Option<&u8>| usize::from(byte.map_or(0, |byte| byte | 0x20).wrapping_sub(b'a')).min(26);
    let bytes = name.as_bytes();
    let lengths = LENGTHS.get(letter(bytes.first())).and_then(|ends| ends.get(letter(bytes.last())));
    name.len() <= LONGEST && lengths.is_some_and(|lengths| lengths >> name.len() & 1 == 1)
}

/// For each first letter and last sign (26 for what is no letter) the lengths of the secret names, with none, one or
/// two separators in them.
#[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
static LENGTHS: [[u64; 27]; 27] = {
    let mut lengths = [[0; 27]; 27];
    let mut number = 0;
    while number < SECRET.len() + SAID.len() + BY_PLACE.len() {
        let name = if number < SECRET.len() {
            SECRET[number]
        } else if number < SECRET.len() + SAID.len() {
            SAID[number - SECRET.len()]
        } else {
            BY_PLACE[number - SECRET.len() - SAID.len()]
        };
        let (first, last) = (name.as_bytes()[0] - b'a', name.as_bytes()[name.len() - 1]);
        if last >= b'a' {
            lengths[first as usize][(last - b'a') as usize] |= 0b111 << name.len();
        }
        lengths[first as usize][26] |= 0b111 << name.len();
        number += 1;
    }
    lengths
};

/// Withholds what `rule` asks for below `root`; gives the number of scalars and adds the paths to `found`.
pub(crate) fn withhold(rule: &dyn Redact, source: &str, root: Field<'_>, found: &mut Vec<String>) -> u64 {
    let before = found.len();
    let leaves = walk(rule, source, root, found);
    // The same record, whatever the order of its members, withholds the same list.
    if let Some(found) = found.get_mut(before..) {
        found.sort_unstable();
    }
    leaves
}

/// Goes through all values in the order of the text, for most have no name that is worth a second look.
fn walk(rule: &dyn Redact, source: &str, root: Field<'_>, found: &mut Vec<String>) -> u64 {
    let mut around = root.trail();
    let (mut leaves, mut withheld_to, mut parent) = (0, 0, Cow::Borrowed(""));
    let name_of =
        |around: &[(u32, u32)]| around.last().map(|(_, outer)| root.at(*outer).name()).unwrap_or_default();
    for (field, end) in root.named_below() {
        let at = field.place();
        if at < withheld_to {
            continue;
        }
        if around.last().is_some_and(|(end, _)| *end <= at) {
            around.retain(|(end, _)| *end > at);
            parent = name_of(&around);
        }
        let name = field.name();
        let object = around.last().map_or(root, |(_, outer)| root.at(*outer));
        let held = if is_password_of_ftp(object, &name) { "password" } else { &name };
        if rule.withholds(&Member { source, parent: &parent, name: held }) {
            let gone = field.mark_leaves(Mark::Withheld);
            let outer = around.iter().map(|(_, outer)| root.at(*outer).name() + ".");
            found.extend((gone > 0).then(|| outer.collect::<String>() + &name));
            leaves += gone;
            withheld_to = end;
        } else if field.kind() != Kind::Text {
            if is_headers(&name) {
                let path: String = around.iter().map(|(_, outer)| root.at(*outer).name() + ".").collect();
                leaves += withhold_headers(rule, source, field, &mut |part| found.push(path.clone() + part));
            }
            around.push((end, at));
            parent = name;
        }
    }
    leaves
}

/// What is sent along with FTP's command `PASS` is asked for as the password that it is.
fn is_password_of_ftp(object: Field<'_>, name: &str) -> bool {
    let command = || object.member("command").and_then(|command| command.look());
    matches!(name, "command_data" | "arg") && command().is_some_and(|command| command == "PASS")
}

/// Headers by which a client proves who it is, or is told how to, in lower case.
const HEADERS: [&str; 8] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-amz-security-token",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
];

/// Withholds in a list of names and values those of the headers that are secret; gives the number of scalars.
fn withhold_headers(rule: &dyn Redact, source: &str, list: Field<'_>, told: &mut dyn FnMut(&str)) -> u64 {
    let mut leaves = 0;
    let parent = list.name();
    for pair in list.children().filter(|_| list.is_array()) {
        let name = pair.member("name").or_else(|| pair.member("Name")).and_then(|name| name.look());
        let value = pair.member("value").or_else(|| pair.member("Value"));
        let known = |name: &str| HEADERS.iter().any(|header| header.eq_ignore_ascii_case(name));
        let member = Member { source, parent: &parent, name: "authorization" };
        if let Some(value) = value.filter(|value| value.kind() != Kind::Null)
            && name.is_some_and(|name| known(&name))
            && rule.withholds(&member)
        {
            leaves += value.mark_leaves(Mark::Withheld);
            told(&format!("{parent}.value"));
        }
    }
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use crate::tape::Tape;

    #[track_caller]
    fn check(text: &str, expected_left: &str, expected_paths: &[&str]) {
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        let mut paths = Vec::new();
        withhold(&Secrets, "own", record.root(), &mut paths);
        let mut left = String::new();
        record.root().write_leftovers(&mut left);
        assert_eq!(
            (left.as_str(), paths),
            (expected_left, expected_paths.iter().map(|&p| p.to_owned()).collect())
        );
    }

    #[test]
    fn names_are_sorted_for_the_search() {
        assert!(SECRET.is_sorted() && SAID.is_sorted());
    }

    #[test]
    fn secrets_go_and_their_paths_stay() {
        check(
            r#"{"a":{"new_Password":"x","passwordResetRequired":true},"SessionToken":"y"}"#,
            r#"{"a":{"passwordResetRequired":true}}"#,
            &["SessionToken", "a.new_Password"],
        );
        check(r#"{"AuthenticationCode1":"1","api-key_":"2"}"#, "", &["AuthenticationCode1", "api-key_"]);
        check(r#"{"password":null,"idToken":7}"#, r#"{"idToken":7,"password":null}"#, &[]);
        check(
            r#"{"requestParameters":{"messages":[{"text":"hello"}],"modelId":"m"},"messages":["kept"]}"#,
            r#"{"messages":["kept"],"requestParameters":{"modelId":"m"}}"#,
            &["requestParameters.messages"],
        );
    }

    #[test]
    fn values_of_headers_go_by_their_name() {
        check(
            r#"{"a":{"headers":[{"name":"Cookie","value":"a=b"},{"name":"Host","value":"h"}]},"name":"cookie","value":"v"}"#,
            r#"{"a":{"headers":[{"name":"Cookie"},{"name":"Host","value":"h"}]},"name":"cookie","value":"v"}"#,
            &["a.headers.value"],
        );
        check(
            r#"{"requestHeaders":{"Cookie":"a","set-cookie":"b","Host":"h"},"cookie":"kept"}"#,
            r#"{"cookie":"kept","requestHeaders":{"Host":"h"}}"#,
            &["requestHeaders.Cookie", "requestHeaders.set-cookie"],
        );
    }

    #[test]
    fn secrets_of_a_cluster_go_by_their_place() {
        for (parent, name, [cluster, google, other]) in [
            ("requestObject", "data", [true, true, false]),
            ("response", "data", [true, true, false]),
            ("items", "binaryData", [true, true, false]),
            ("spec", "data", [false, false, false]),
            ("status", "token", [true, true, false]),
            ("spec", "token", [false, false, false]),
            ("annotations", "kubectl.kubernetes.io/last-applied-configuration", [true, true, false]),
            ("volumes", "secret", [false, true, true]),
        ] {
            let told = |source| Secrets.withholds(&Member { source, parent, name });
            let found = [told("kubernetes"), told("gcp_audit"), told("own")];
            assert_eq!(found, [cluster, google, other], "{parent}.{name}");
        }
    }

    #[test]
    fn keep_all_withholds_nothing() {
        assert!(!KeepAll.withholds(&Member { source: "", parent: "", name: "password" }));
    }
}
