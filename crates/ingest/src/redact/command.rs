//! Where in a command line, a script or a message about them passwords and tokens stand.
//!
//! What is looked for: the value after an option or before a name that speaks of a password, secret, token or key;
//! the third word of `net user NAME PASSWORD`; the password in a URL and in `user:password` for programs that take
//! it so; what follows `Bearer`. What is encoded is not looked into. O(length); each line is read by itself.

use core::ops::Range;

/// Options whose next word, or what follows their `:` or `=`, is a secret, without what introduces them.
const OPTIONS: [&str; 40] = [
    "accesskey",
    "accesstoken",
    "adminpassword",
    "apikey",
    "apitoken",
    "authtoken",
    "awssecretaccesskey",
    "bearer",
    "clientsecret",
    "connectionstring",
    "credential",
    "dbpassword",
    "httppassword",
    "httppasswd",
    "keypass",
    "keypassword",
    "loginpassword",
    "pass",
    "passin",
    "passout",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "proxypassword",
    "pw",
    "pwd",
    "rp",
    "safemodeadministratorpassword",
    "saspassword",
    "sastoken",
    "secret",
    "secretkey",
    "secretaccesskey",
    "sessiontoken",
    "storepass",
    "token",
    "userpassword",
    "userpass",
    "vaultpassword",
];

/// What a name before `=` has in it when its value is a secret.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "_pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "access_key",
    "accountkey",
    "sharedaccesskey",
];

/// Programs in which `-p` is no password.
const OTHER_P: [&str; 32] = [
    "apt",
    "arp",
    "auditctl",
    "bash",
    "chronyd",
    "cp",
    "docker",
    "dockerd",
    "fuser",
    "gcc",
    "install",
    "iptables",
    "kill",
    "kubectl",
    "lsof",
    "make",
    "mkdir",
    "netstat",
    "nmap",
    "patch",
    "pgrep",
    "podman",
    "ps",
    "read",
    "rsync",
    "scp",
    "ss",
    "ssh",
    "sudo",
    "systemctl",
    "tar",
    "top",
];

/// The ranges of secrets in `text`, in order and apart.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r', '\0']) {
        in_line(line, start, &mut found);
        start += line.len();
    }
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup();
    apart(found)
}

/// Joins what overlaps.
fn apart(found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found.into_iter().filter(|range| !range.is_empty()) {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// A word of a line, without quotes around it.
#[derive(Clone, Copy)]
struct Word<'t> {
    start: usize,
    text: &'t str,
}

impl Word<'_> {
    fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// What stands after `length` bytes of the word.
    fn after(&self, length: usize) -> Range<usize> {
        let rest = self.text.get(length..).unwrap_or_default();
        let bare = rest.trim_matches(['"', '\'', '`']);
        let start = self.start + length + (rest.len() - rest.trim_start_matches(['"', '\'', '`']).len());
        start..start + bare.len()
    }
}

fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let bytes = line.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() || matches!(byte, b'|' | b';' | b'&' | b'(' | b')') {
            at += 1;
            continue;
        }
        let start = at;
        let mut quote = None;
        while let Some(byte) = bytes.get(at) {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(*byte),
                (Some(open), byte) if open == *byte => quote = None,
                (None, byte) if byte.is_ascii_whitespace() || matches!(byte, b'|' | b';' | b'&') => break,
                _ => {}
            }
            at += 1;
        }
        let raw = line.get(start..at).unwrap_or_default();
        let bare = raw.trim_start_matches(['"', '\'']);
        let start = start + (raw.len() - bare.len());
        let text = bare.trim_end_matches(['"', '\'']);
        if !text.is_empty() {
            words.push(Word { start, text });
        }
    }
    words
}

fn in_line(line: &str, offset: usize, found: &mut Vec<Range<usize>>) {
    let words = words(line);
    // Of the signs that a word is searched for most lines have none.
    let (ats, equals) = (line.as_bytes().contains(&b'@'), line.as_bytes().contains(&b'='));
    let mut push = |range: Range<usize>| found.push(range.start + offset..range.end + offset);
    for (number, word) in words.iter().enumerate() {
        let next = words.get(number + 1).copied();
        let holds = |sign: u8| word.text.as_bytes().contains(&sign);
        if ats
            && holds(b'@')
            && let Some(range) = in_url(word)
        {
            push(range);
        }
        if let Some(range) = by_option(word, next, &|| program_at(&words, number)) {
            push(range);
        }
        if equals
            && holds(b'=')
            && let Some(range) = by_name(word)
        {
            push(range);
        }
        let is_net = |name: &str| ["net", "net1"].iter().any(|net| name.eq_ignore_ascii_case(net));
        if next.is_some_and(|next| next.text.eq_ignore_ascii_case("user"))
            && is_net(program_name(word.text))
            && let Some(password) =
                words.get(number + 3).filter(|word| !word.text.starts_with('/') && word.text != "*")
        {
            push(password.range());
        }
    }
}

/// The program that word `number` is of: itself, or the last before it, else the first word.
fn program_at<'t>(words: &[Word<'t>], number: usize) -> &'t str {
    let mut before = words.iter().take(number.saturating_add(1)).rev();
    let word = before.find(|word| is_program(word.text)).or(words.first());
    word.map_or("", |word| program_name(word.text))
}

/// The last part of a path without its extension.
fn program_name(text: &str) -> &str {
    let last = text.rsplit(['/', '\\']).next().unwrap_or(text);
    last.strip_suffix(".exe").or_else(|| last.strip_suffix(".EXE")).unwrap_or(last)
}

/// Whether a word is a program by its form or known for its options.
fn is_program(text: &str) -> bool {
    const KNOWN: [&str; 14] = [
        "curl",
        "docker",
        "mysql",
        "mysqldump",
        "net",
        "psexec",
        "redis-cli",
        "rsync",
        "scp",
        "smbclient",
        "sqlcmd",
        "ssh",
        "sshpass",
        "wget",
    ];
    let name = program_name(text);
    let end = text.len().checked_sub(4).and_then(|start| text.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(".exe"))
        || KNOWN.contains(&name)
        || OTHER_P.contains(&name)
}

/// `scheme://user:password@host`.
fn in_url(word: &Word<'_>) -> Option<Range<usize>> {
    let scheme = word.text.find("://")?;
    let rest = word.text.get(scheme + 3..)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let at = authority.rfind('@')?;
    let colon = authority.get(..at)?.find(':')?;
    let start = word.start + scheme + 3;
    Some(start + colon + 1..start + at)
}

/// An option and its value, in the same word or in the next.
fn by_option<'t>(
    word: &Word<'t>,
    next: Option<Word<'t>>,
    program: &dyn Fn() -> &'t str,
) -> Option<Range<usize>> {
    let bare = word.text.trim_start_matches(['-', '/']);
    let signs = word.text.len() - bare.len();
    if signs == 0 {
        let bearer = ["bearer", "basic"].iter().any(|scheme| word.text.eq_ignore_ascii_case(scheme));
        let plain = word.text.eq_ignore_ascii_case("ConvertTo-SecureString");
        let value =
            next.filter(|next| (bearer && next.text.len() >= 12) || (plain && !next.text.starts_with('-')));
        return value.map(|value| value.range());
    }
    let end = bare.find([':', '=']).unwrap_or(bare.len());
    let name = bare.get(..end)?.to_ascii_lowercase().replace(['-', '_'], "");
    let program = program();
    let short = short_secret(&name, bare, program);
    if !short && !OPTIONS.contains(&name.as_str()) {
        return attached(word, bare, program).or_else(|| user_and_password(&name, next));
    }
    if end < bare.len() {
        return Some(word.after(signs + end + 1));
    }
    let value = next.filter(|next| !next.text.starts_with('-') && !is_switch(next.text))?;
    (!short || may_be_password(value.text)).then(|| value.range())
}

/// `/add` and its like; a value may begin with a slash only where more of it follows.
fn is_switch(text: &str) -> bool {
    text.strip_prefix('/')
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphabetic()) && rest.len() < 12)
}

/// Options of one letter that take a password in some programs.
fn short_secret(name: &str, bare: &str, program: &str) -> bool {
    let program = program.to_ascii_lowercase();
    match name {
        "p" if bare.starts_with('P') => {
            matches!(&*program, "sqlcmd" | "bcp" | "osql" | "zip" | "unzip" | "mosquitto_pub")
        }
        "p" => !OTHER_P.contains(&&*program),
        "w" => program.starts_with("ldap"),
        "a" => program == "redis-cli",
        _ => false,
    }
}

/// A port, a range of ports, a number of a process or a path is no password.
fn may_be_password(text: &str) -> bool {
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'-' | b':' | b'.'));
    !numeric && !text.starts_with(['/', '.', '~', '$', '%', '<', '{']) && !text.contains(":\\")
}

/// `-pSECRET` as `mysql` and the packers take it.
fn attached(word: &Word<'_>, bare: &str, program: &str) -> Option<Range<usize>> {
    let program = program.to_ascii_lowercase();
    let takes =
        ["mysql", "mysqldump", "mysqladmin", "mariadb", "sshpass", "7z", "7za", "rar", "unrar", "winrar"];
    let dashed = word.text.starts_with('-') && !word.text.starts_with("--");
    (dashed && bare.starts_with('p') && bare.len() > 1 && takes.contains(&&*program)).then(|| word.after(2))
}

/// `-u user:password` and `-U user%password`.
fn user_and_password(name: &str, next: Option<Word<'_>>) -> Option<Range<usize>> {
    let next = next.filter(|_| matches!(name, "u" | "user" | "proxyuser"))?;
    let (user, password) = next.text.split_once([':', '%'])?;
    let sound = !user.is_empty() && !password.is_empty() && !password.starts_with(['\\', '/']);
    sound.then(|| next.after(user.len() + 1))
}

/// `PGPASSWORD=…`, `AccountKey=…`, `$token = '…'` written as one word.
fn by_name(word: &Word<'_>) -> Option<Range<usize>> {
    let (name, _) = word.text.split_once('=').filter(|(_, value)| !value.is_empty())?;
    let lower = name.to_ascii_lowercase();
    let secret = lower.len() <= 64 && NAMES.iter().any(|part| lower.ends_with(part));
    secret.then(|| word.after(name.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let mut shown = String::new();
        let mut at = 0;
        for range in secrets(text) {
            shown.push_str(&text[at..range.start]);
            shown.push_str("***");
            at = range.end;
        }
        shown + &text[at..]
    }

    #[test]
    fn passwords_are_found_in_the_ways_programs_take_them() {
        for (text, expected) in [
            ("tool --password S3cret --x", "tool --password *** --x"),
            ("tool --password=S3cret", "tool --password=***"),
            (r#"tool --password "S3 cret" y"#, r#"tool --password "***" y"#),
            ("psexec.exe \\\\pc7 -u adm -p S3cret cmd", "psexec.exe \\\\pc7 -u adm -p *** cmd"),
            ("cmdkey /add:pc7 /user:adm /pass:S3cret", "cmdkey /add:pc7 /user:adm /pass:***"),
            ("tool /p:S3cret", "tool /p:***"),
            ("net user joe S3cret /add", "net user joe *** /add"),
            (
                r#"C:\Windows\system32\net1 user joe "S3 cret" /add"#,
                r#"C:\Windows\system32\net1 user joe "***" /add"#,
            ),
            ("schtasks /create /ru adm /rp S3cret /tn x", "schtasks /create /ru adm /rp *** /tn x"),
            ("curl -u jane:S3cret https://wiki.example", "curl -u jane:*** https://wiki.example"),
            (
                "git clone https://jane:S3cret@git.example/a.git",
                "git clone https://jane:***@git.example/a.git",
            ),
            ("mysql -u root -pS3cret db", "mysql -u root -p*** db"),
            ("sshpass -p S3cret ssh -p 22 pc7", "sshpass -p *** ssh -p 22 pc7"),
            ("PGPASSWORD=S3cret psql", "PGPASSWORD=*** psql"),
            ("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer ***"),
            ("ConvertTo-SecureString 'S3cret' -AsPlainText", "ConvertTo-SecureString '***' -AsPlainText"),
            ("a\r\n\tnet user joe S3cret\r\nToken Elevation", "a\r\n\tnet user joe ***\r\nToken Elevation"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn what_is_no_password_stays() {
        for text in [
            "mkdir -p /tmp/a/b",
            "ssh -p 22 pc7",
            "nmap -p 1-1000 192.0.2.0/24",
            "docker run -p 8080:80 web",
            "net user",
            "net user joe",
            "net user joe /delete",
            "net user joe *",
            "cmd.exe /c dir",
            "svchost.exe -k netsvcs -p -s Schedule",
            "https://wiki.example/a@b",
            "Password Last Set:\t\t-",
            "sudo -u postgres psql",
            "",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
