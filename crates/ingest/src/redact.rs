//! What of a record must never reach an event: passwords, tokens, assertions, prompts.
//!
//! It is taken out before an event exists; its path stays visible and is counted, its value stands nowhere. Of a
//! command line only the password goes: the text around it stays.

mod command;
mod mask;
mod names;

use crate::record::Field;
use crate::tape::{Kind, Mark, Node};
use core::ops::Range;
use mask::Search;
pub(crate) use mask::{Masked, withhold_texts};
use names::{Lengths, Names};

/// Decides which members of a record are withheld.
///
/// Laws: the answer MUST depend on the member alone, so that the same record is always cut the same way; it
/// MUST be total. When a member is withheld, all scalars inside it are.
pub trait Redact {
    /// Whether `member` is withheld.
    fn withholds(&self, member: &Member<'_>) -> bool;

    /// Whether a member called `name` may be asked about at all: where this says no, [`Self::withholds`] and
    /// [`Self::searches`] MUST say no of every member of that name, and are then not asked. Yes unless a rule says
    /// otherwise.
    fn may_concern(&self, _name: &str) -> bool {
        true
    }

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

/// Names of members that hold a secret, or what is said to a model or by it.
static SECRET: Names = Names::new(&[
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
    "completion",
    "generatedtext",
    "idtoken",
    "inputbodyjson",
    "inputtext",
    "masteruserpassword",
    "newpassword",
    "oldpassword",
    "outputbodyjson",
    "outputtext",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "plaintext",
    "privatekey",
    "prompt",
    "qrcodepng",
    "refreshtoken",
    "samlassertion",
    "secret",
    "secretaccesskey",
    "secretbinary",
    "secretkey",
    "secretstring",
    "sessiontoken",
    "systemprompt",
    "tokencode",
    "webidentitytoken",
    "xamzsecuritytoken",
]);

/// Names of members that do so in some places only.
static SECRET_SOMEWHERE: Names = Names::new(&["body", "community", "cookie", "messages", "setcookie"]);

/// Names of members that hold a secret in a cluster, beside those above; and one that ends with [`APPLIED`].
static OF_CLUSTER: Names = Names::new(&["binarydata", "data", "stringdata", "token"]);

/// The annotation in which a cluster keeps a copy of what was applied.
const APPLIED: &str = "/last-applied-configuration";

/// By which most names differ from all of those.
static ANY: Lengths =
    SECRET.lengths.and(&SECRET_SOMEWHERE.lengths).and(&OF_CLUSTER.lengths).and(&COMMANDS.lengths);

impl Redact for Secrets {
    fn may_concern(&self, name: &str) -> bool {
        ANY.may_be_of(name) || name.ends_with(APPLIED)
    }

    fn withholds(&self, member: &Member<'_>) -> bool {
        let name = member.name;
        if matches!(member.source, "kubernetes" | "gcp_audit")
            && let Some(answer) = of_cluster(member)
        {
            return answer;
        }
        if SECRET_SOMEWHERE.hold(name) {
            return is_secret_here(member);
        }
        SECRET.hold(name) && !is_no_secret_here(member)
    }

    fn searches(&self, member: &Member<'_>) -> bool {
        COMMANDS.hold(member.name)
    }

    fn secrets_in(&self, text: &str) -> Vec<Range<usize>> {
        command::secrets(text)
    }
}

/// Names of members that hold command lines, scripts or messages about them.
static COMMANDS: Names = Names::new(&[
    "#text",
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
]);

/// What is said to a model, and what a device is asked with.
fn is_secret_here(member: &Member<'_>) -> bool {
    match member.name.as_bytes().first() {
        Some(b'm' | b'M') => member.parent == "requestParameters",
        // What a stored mail says to its reader.
        Some(b'b' | b'B') => member.source == "eml",
        _ if !member.name.eq_ignore_ascii_case("community") => is_headers(member.parent),
        _ => member.source == "zeek" || member.parent == "snmp",
    }
}

/// What acts through a key is told by an object of that name: its id, never the key. And of Azure `authorization` is
/// what was asked for, not a header.
fn is_no_secret_here(member: &Member<'_>) -> bool {
    let called = |plain: &str| member.name.eq_ignore_ascii_case(plain);
    (member.parent == "actor" && (called("apikey") || called("api_key") || called("api-key")))
        || (member.source == "azure_activity" && called("authorization"))
}

/// In a cluster the contents of secrets and maps and new tokens are secret, and a volume made of a secret is not.
///
/// They stand in the bodies of request and answer, one object or a list, and once more in the copy that is kept of
/// what was applied. Google Cloud tells of its clusters in bodies of other names.
fn of_cluster(member: &Member<'_>) -> Option<bool> {
    const BODIES: [&str; 5] = ["requestObject", "responseObject", "request", "response", "items"];
    let body = || BODIES.iter().any(|body| body.eq_ignore_ascii_case(member.parent));
    match member.name {
        "secret" if member.source == "kubernetes" => Some(false),
        "data" | "binaryData" | "stringData" if body() => Some(true),
        "token" if member.parent == "status" => Some(true),
        name if name.ends_with(APPLIED) => Some(true),
        _ => None,
    }
}

impl Redact for KeepAll {
    fn withholds(&self, _: &Member<'_>) -> bool {
        false
    }
}

/// Takes what `rule` asks for out of the record that `root` is of, and adds the paths to `found`: gives the number of
/// scalars withheld, and the record without the secrets in its texts where there are any.
pub(crate) fn cut(
    rule: &dyn Redact,
    source: &str,
    root: Field<'_>,
    found: &mut Vec<String>,
) -> (u64, Option<Masked>) {
    let before = found.len();
    let mut search = Search::new(rule);
    let leaves = walk((rule, source), root, found, Some(&mut search));
    let masked = search.masked(root);
    in_order(found, before);
    (leaves, masked)
}

/// Withholds what `rule` asks for below `root`; gives the number of scalars and adds the paths to `found`.
pub(crate) fn withhold(rule: &dyn Redact, source: &str, root: Field<'_>, found: &mut Vec<String>) -> u64 {
    let before = found.len();
    let leaves = walk((rule, source), root, found, None);
    in_order(found, before);
    leaves
}

/// The same record, whatever the order of its members, withholds the same list.
fn in_order(found: &mut [String], before: usize) {
    if let Some(found) = found.get_mut(before..) {
        found.sort_unstable();
    }
}

/// Goes through all values in the order of the text, for most have no name that is worth a second look.
fn walk(
    (rule, source): (&dyn Redact, &str),
    root: Field<'_>,
    found: &mut Vec<String>,
    mut search: Option<&mut Search<'_>>,
) -> u64 {
    let mut around = root.trail();
    let (mut leaves, mut withheld_to) = (0, 0);
    for (node, at) in root.below() {
        if at < withheld_to || !may_be_withheld(node) {
            continue;
        }
        let raw = root.key_of(node);
        let is_text = node.kind == Kind::Text;
        // Most members end here.
        if is_text && !node.key_escaped && !rule.may_concern(raw) && !is_said_to_ftp(raw) {
            continue;
        }
        let (field, end) = (root.at(at), node.next);
        let name = field.name();
        let may_be_password = is_said_to_ftp(&name);
        let concerns = may_be_password || rule.may_concern(&name);
        if is_text && !concerns {
            continue;
        }
        while around.pop_if(|(end, _)| *end <= at).is_some() {}
        let path =
            || around.iter().map(|(_, outer)| root.at(*outer).name() + ".").collect::<String>() + &name;
        if concerns {
            let outer = around.last().map(|(_, outer)| root.at(*outer));
            let parent = outer.map(|outer| outer.name()).unwrap_or_default();
            let is_password = may_be_password && is_password_of_ftp(outer.unwrap_or(root));
            let held = if is_password { "password" } else { &name };
            if rule.withholds(&Member { source, parent: &parent, name: held }) {
                let gone = field.mark_leaves(Mark::Withheld);
                found.extend((gone > 0).then(path));
                leaves += gone;
                withheld_to = end;
                continue;
            }
            let member = Member { source, parent: &parent, name: &name };
            if let Some(search) = search.as_mut().filter(|_| rule.searches(&member)) {
                found.extend(search.finds_in(field).then(path));
            }
        }
        if !is_text {
            if is_headers(&name) {
                let path = path();
                leaves +=
                    withhold_headers((rule, source), field, &mut || found.push(format!("{path}.value")));
            }
            around.push((end, at));
        }
    }
    leaves
}

/// Whether this is a member that rules are asked about: a text, an array or an object with a name.
fn may_be_withheld(node: &Node) -> bool {
    matches!(node.kind, Kind::Text | Kind::Array | Kind::Object) && node.key.end > node.key.start
}

/// Whether a member may hold what is sent along with a command of FTP.
fn is_said_to_ftp(name: &str) -> bool {
    matches!(name, "command_data" | "arg")
}

/// What is sent along with FTP's command `PASS` is asked for as the password that it is.
fn is_password_of_ftp(object: Field<'_>) -> bool {
    object.member("command").and_then(|command| command.look()).is_some_and(|command| command == "PASS")
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

/// Whether a member of this name holds the headers of a request or an answer.
fn is_headers(name: &str) -> bool {
    name.len() >= 7 && name.get(name.len() - 7..).is_some_and(|end| end.eq_ignore_ascii_case("headers"))
}

/// Withholds in a list of names and values those of the headers that are secret, and tells of each; gives the number
/// of scalars.
fn withhold_headers((rule, source): (&dyn Redact, &str), list: Field<'_>, told: &mut dyn FnMut()) -> u64 {
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
            told();
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
        assert!(
            [&SECRET, &SECRET_SOMEWHERE, &COMMANDS, &OF_CLUSTER].iter().all(|names| names.listed.is_sorted())
        );
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
