//! What of a record must never reach an event: passwords, tokens, assertions, prompts.
//!
//! It is taken out before an event exists; its path stays visible and is counted, its value stands nowhere.

use crate::record::Field;
use crate::tape::{Kind, Mark};

/// Decides which members of a record are withheld.
///
/// Laws: the answer MUST depend on the member alone, so that the same record is always cut the same way; it
/// MUST be total. When a member is withheld, all scalars inside it are.
pub trait Redact {
    /// Whether `member` is withheld.
    fn withholds(&self, member: &Member<'_>) -> bool;
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
/// `passwordResetRequired: true` is configuration. A password inside a free text is not found.
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

/// The longest of the names above, with room for separators.
const LONGEST: usize = 32;

impl Redact for Secrets {
    fn withholds(&self, member: &Member<'_>) -> bool {
        let name = member.name;
        if matches!(member.source, "kubernetes_audit" | "gcp_audit") && is_of_cluster(member) {
            return true;
        }
        if !(6..=LONGEST).contains(&name.len()) || !is_candidate(name) {
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
        listed(&SECRET) || listed(&SAID) || (plain == b"messages" && member.parent == "requestParameters")
    }
}

impl Redact for KeepAll {
    fn withholds(&self, _: &Member<'_>) -> bool {
        false
    }
}

/// The values of secrets in the objects of a cluster, and tokens it gives out. What configuration maps hold goes too:
/// the same member has both.
fn is_of_cluster(member: &Member<'_>) -> bool {
    const BODIES: [&str; 5] = ["requestObject", "responseObject", "request", "response", "items"];
    let inside = |parents: &[&str]| parents.iter().any(|parent| parent.eq_ignore_ascii_case(member.parent));
    match member.name {
        "data" | "binaryData" => inside(&BODIES),
        "stringData" => true,
        "token" => inside(&["status"]),
        name => name.ends_with("/last-applied-configuration"),
    }
}

/// A quick look at length and first letter, by which most names of a record differ from all secrets.
fn is_candidate(name: &str) -> bool {
    let letter = name.bytes().next().map_or(0, |first| first | 0x20).wrapping_sub(b'a');
    LENGTHS.get(usize::from(letter)).is_some_and(|lengths| lengths >> (name.len() & 63) & 1 == 1)
}

/// For each first letter the lengths of the secret names, with none, one or two separators in them.
#[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
const LENGTHS: [u64; 26] = {
    let mut lengths = [0; 26];
    let mut number = 0;
    while number < SECRET.len() + SAID.len() + 1 {
        let name = if number < SECRET.len() {
            SECRET[number]
        } else if number < SECRET.len() + SAID.len() {
            SAID[number - SECRET.len()]
        } else {
            "messages"
        };
        lengths[(name.as_bytes()[0] - b'a') as usize] |= 0b111 << name.len();
        number += 1;
    }
    lengths
};

/// Withholds what `rule` asks for below `root`; gives the number of scalars and adds the paths to `found`.
pub(crate) fn withhold(rule: &dyn Redact, source: &str, root: Field<'_>, found: &mut Vec<String>) -> u64 {
    walk(&Rule { rule, source }, root, &Trail { name: "", outer: None }, found)
}

struct Rule<'a> {
    rule: &'a dyn Redact,
    source: &'a str,
}

/// The names from a member outwards.
struct Trail<'a> {
    name: &'a str,
    outer: Option<&'a Trail<'a>>,
}

fn walk(rule: &Rule<'_>, field: Field<'_>, trail: &Trail<'_>, found: &mut Vec<String>) -> u64 {
    let mut leaves = 0;
    for child in field.children().filter(|child| may_hold_secrets(child.kind())) {
        let name = child.name();
        if name.is_empty() {
            leaves += walk(rule, child, trail, found);
            continue;
        }
        let here = Trail { name: &name, outer: Some(trail) };
        let member = Member { source: rule.source, parent: trail.name, name: &name };
        if rule.rule.withholds(&member) {
            let gone = child.mark_leaves(Mark::Withheld);
            found.extend((gone > 0).then(|| here.path()));
            leaves += gone;
        } else if child.kind() != Kind::Text {
            leaves += walk(rule, child, &here, found);
        }
    }
    leaves
}

fn may_hold_secrets(kind: Kind) -> bool {
    matches!(kind, Kind::Text | Kind::Array | Kind::Object)
}

impl Trail<'_> {
    fn path(&self) -> String {
        match self.outer {
            Some(outer) if !outer.name.is_empty() => format!("{}.{}", outer.path(), self.name),
            _ => self.name.to_owned(),
        }
    }
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
            &["a.new_Password", "SessionToken"],
        );
        check(r#"{"password":null,"idToken":7}"#, r#"{"password":null,"idToken":7}"#, &[]);
        check(
            r#"{"requestParameters":{"messages":[{"text":"hello"}],"modelId":"m"},"messages":["kept"]}"#,
            r#"{"requestParameters":{"modelId":"m"},"messages":["kept"]}"#,
            &["requestParameters.messages"],
        );
    }

    #[test]
    fn secrets_of_a_cluster_go_by_their_place() {
        for (parent, name, expected) in [
            ("requestObject", "data", true),
            ("items", "data", true),
            ("spec", "data", false),
            ("requestObject", "stringData", true),
            ("status", "token", true),
            ("spec", "token", false),
            ("annotations", "kubectl.kubernetes.io/last-applied-configuration", true),
            ("metadata", "name", false),
        ] {
            let told = |source| Secrets.withholds(&Member { source, parent, name });
            assert_eq!((told("kubernetes_audit"), told("okta")), (expected, false), "{parent}.{name}");
        }
    }

    #[test]
    fn keep_all_withholds_nothing() {
        assert!(!KeepAll.withholds(&Member { source: "", parent: "", name: "password" }));
    }
}
