//! What the words of a foreign detection mean: which ATT&CK technique its text names or describes.
//!
//! An id in the text or in a field of it (`T1110`, `attack.t1110.003`) is taken as it stands. Else the vocabulary of
//! the field decides: a table of word stems, read top down, the most telling first, so that `multiple failed logins`
//! is guessing of passwords and not a login. No product, rule number or rule name is in it.

use homeostat_core::Technique;

/// One line: stems that all begin a word of the text, and the technique that they tell of.
type Line = (&'static [&'static str], &'static str);

const TABLE: &[Line] = &[
    // What is named outright
    (&["ransom"], "T1486"),
    (&["webshell"], "T1505.003"),
    (&["web", "shell"], "T1505.003"),
    (&["reverse", "shell"], "T1059"),
    (&["mimikatz"], "T1003.001"),
    (&["lsass"], "T1003.001"),
    (&["credential", "dump"], "T1003"),
    (&["dcsync"], "T1003.006"),
    (&["kerberoast"], "T1558.003"),
    (&["golden", "ticket"], "T1558.001"),
    (&["pass", "the", "hash"], "T1550.002"),
    (&["exfil"], "T1041"),
    (&["dns", "tunnel"], "T1071.004"),
    (&["high", "entropy", "dns"], "T1071.004"),
    (&["coin"], "T1496"),
    (&["miner"], "T1496"),
    (&["beacon"], "T1071"),
    (&["command", "and", "control"], "T1071"),
    (&["cnc"], "T1071"),
    (&["c2"], "T1071"),
    (&["trojan"], "T1204.002"),
    (&["malware"], "T1204.002"),
    (&["phish"], "T1566"),
    // Guessing and using passwords
    (&["brute", "force"], "T1110"),
    (&["password", "spray"], "T1110.003"),
    (&["password", "crack"], "T1110.002"),
    (&["multiple", "fail", "login"], "T1110"),
    (&["multiple", "auth", "fail"], "T1110"),
    (&["fail", "login"], "T1110"),
    (&["login", "fail"], "T1110"),
    (&["fail", "password"], "T1110"),
    (&["invalid", "user"], "T1110"),
    (&["auth", "fail"], "T1110"),
    (&["login", "attempt"], "T1110"),
    // Higher rights
    (&["privilege", "escalat"], "T1068"),
    (&["sudo"], "T1548.003"),
    (&["changed", "uid"], "T1548.001"),
    (&["setuid"], "T1548.001"),
    (&["uac"], "T1548.002"),
    (&["process", "inject"], "T1055"),
    (&["token", "impersonat"], "T1134"),
    // Staying
    (&["user", "added"], "T1136"),
    (&["user", "created"], "T1136"),
    (&["new", "user", "account"], "T1136"),
    (&["scheduled", "task"], "T1053.005"),
    (&["cron"], "T1053.003"),
    (&["new", "service", "install"], "T1543.003"),
    (&["registry", "run"], "T1547.001"),
    (&["rootkit"], "T1014"),
    // Hiding
    (&["log", "cleared"], "T1070.001"),
    (&["antivirus", "disabled"], "T1562.001"),
    (&["defender", "disabled"], "T1562.001"),
    (&["tamper"], "T1562.001"),
    // Moving
    (&["lateral"], "T1021"),
    (&["psexec"], "T1021.002"),
    (&["remote", "service"], "T1021"),
    (&["wmi"], "T1047"),
    (&["powershell"], "T1059.001"),
    // Breaking in
    (&["web", "attack"], "T1190"),
    (&["sql", "inject"], "T1190"),
    (&["exploit"], "T1190"),
    (&["shellshock"], "T1190"),
    (&["directory", "traversal"], "T1190"),
    (&["cve"], "T1190"),
    // Looking round
    (&["web", "server", "400"], "T1595.003"),
    (&["web", "server", "404"], "T1595.003"),
    (&["forbidden", "director"], "T1595.003"),
    (&["suspicious", "url"], "T1595.003"),
    (&["vulnerability", "scan"], "T1595.002"),
    (&["nmap"], "T1595"),
    (&["port", "scan"], "T1046"),
    (&["scan"], "T1595"),
    (&["sweep"], "T1595.001"),
    (&["recon"], "T1595"),
    (&["enumerat"], "T1087"),
    (&["bloodhound"], "T1087.002"),
    // Breaking
    (&["service", "stop"], "T1489"),
    (&["shadow", "cop"], "T1490"),
    (&["denial", "of", "service"], "T1499"),
    (&["ddos"], "T1498"),
];

/// The techniques that `text` names by id, else the one that its words describe, else none.
///
/// ```
/// let told = |text| homeostat::techniques_of_words(text).iter().map(ToString::to_string).collect::<Vec<_>>();
/// assert_eq!(told("Multiple failed logins in a small period of time"), ["T1110"]);
/// assert_eq!(told("Suspicious rundll32 (attack.t1218.011)"), ["T1218.011"]);
/// assert!(told("Antivirus database update").is_empty());
/// ```
pub fn techniques_of_words(text: &str) -> Vec<Technique> {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.').collect();
    let named: Vec<Technique> = words.iter().filter_map(|word| named(word)).collect();
    if !named.is_empty() {
        return named;
    }
    let stems: Vec<&str> = words.iter().flat_map(|word| word.split('.')).collect();
    let tells = |line: &&Line| line.0.iter().all(|stem| stems.iter().any(|word| word.starts_with(stem)));
    TABLE.iter().find(tells).and_then(|line| Technique::parse(line.1)).into_iter().collect()
}

/// The technique that one word is the id of.
fn named(word: &str) -> Option<Technique> {
    let id = word.strip_prefix("attack.").unwrap_or(word).trim_matches('.');
    let digits = id.strip_prefix('t')?;
    let number = digits.split('.').next()?;
    let is_id = number.len() == 4 && number.bytes().all(|digit| digit.is_ascii_digit());
    is_id.then(|| Technique::parse(&id.to_ascii_uppercase())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = techniques_of_words(text);
        assert_eq!(
            found.iter().map(homeostat_core::Technique::as_str).collect::<Vec<_>>(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn ids_come_before_words() {
        check("Brute force (T1110.001), then T1078", &["T1110.001", "T1078"]);
        check("tags: attack.execution, attack.t1059.001", &["T1059.001"]);
        check("T12 and T12345 are no ids", &[]);
    }

    #[test]
    fn words_tell_the_most_telling_thing() {
        check("Web server 400 error code.", &["T1595.003"]);
        check("sshd: brute force trying to get access", &["T1110"]);
        check("First time user executed sudo.", &["T1548.003"]);
        check("Possible port scan seen", &["T1046"]);
        check("Login session opened", &[]);
        check("discovered device", &[]);
    }

    #[test]
    fn every_line_names_a_technique() {
        for (stems, technique) in TABLE {
            assert!(Technique::parse(technique).is_some(), "{stems:?}");
        }
    }
}
