//! What the name and place of a program tell: whether anybody installed it, and what its use can be for.
//!
//! Names of programs that come with Windows, Linux and macOS, and the ATT&CK technique each can serve (MITRE
//! ATT&CK, Enterprise; "Living Off The Land"). A name alone is no evidence: it says what was done, not by whom.

/// What is known of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// It comes with the system and can serve this technique.
    Known(&'static str),
    /// The system starts it beside every other; it says nothing.
    Furniture,
    /// Anything else.
    Other,
}

/// Folders into which anybody can put a program, in small letters; each as it stands in a path.
const LOOSE: &[&str] = &[
    "\\downloads\\",
    "\\temp\\",
    "\\tmp\\",
    "\\users\\public\\",
    "\\$recycle.bin\\",
    "\\perflogs\\",
    "/downloads/",
    "/tmp/",
    "/dev/shm/",
];

/// Ends of names of files that run or are loaded.
const RUNNABLE: &[&str] = &[
    ".exe", ".dll", ".sys", ".scr", ".com", ".cpl", ".ps1", ".bat", ".cmd", ".vbs", ".vbe", ".js", ".jse",
    ".wsf", ".hta", ".msi", ".lnk", ".jar", ".so", ".sh", ".py", ".elf",
];

/// Ends of names of files in which browsers keep passwords and the cookies of sessions: Chromium's, Firefox's, Safari's.
const SECRETS: &[&str] = &[
    "\\login data",
    "\\network\\cookies",
    "\\local state",
    "\\logins.json",
    "\\key4.db",
    "\\cookies.sqlite",
    "/login data",
    "/logins.json",
    "/key4.db",
    "/cookies.sqlite",
    "/cookies.binarycookies",
    "/login.keychain-db",
];

/// Programs that run what a file says.
const INTERPRETERS: &[&str] = &[
    "powershell",
    "pwsh",
    "cmd",
    "wscript",
    "cscript",
    "mshta",
    "rundll32",
    "regsvr32",
    "msiexec",
    "java",
    "python",
    "python3",
    "perl",
    "ruby",
    "node",
    "sh",
    "bash",
    "dash",
    "zsh",
];

const KNOWN: &[(&str, &str)] = &[
    ("arp", "T1016"),
    ("bash", "T1059.004"),
    ("bitsadmin", "T1197"),
    ("certutil", "T1105"),
    ("cmd", "T1059.003"),
    ("cscript", "T1059.005"),
    ("curl", "T1105"),
    ("dsquery", "T1087.002"),
    ("hostname", "T1082"),
    ("id", "T1033"),
    ("ifconfig", "T1016"),
    ("ipconfig", "T1016"),
    ("mimikatz", "T1003.001"),
    ("mshta", "T1218.005"),
    ("net", "T1087"),
    ("net1", "T1087"),
    ("netstat", "T1049"),
    ("nltest", "T1482"),
    ("ntdsutil", "T1003.003"),
    ("powershell", "T1059.001"),
    ("procdump", "T1003.001"),
    ("ps", "T1057"),
    ("psexec", "T1569.002"),
    ("pwsh", "T1059.001"),
    ("python", "T1059.006"),
    ("python3", "T1059.006"),
    ("qprocess", "T1057"),
    ("query", "T1033"),
    ("quser", "T1033"),
    ("reg", "T1012"),
    ("regsvr32", "T1218.010"),
    ("route", "T1016"),
    ("rundll32", "T1218.011"),
    ("sc", "T1007"),
    ("schtasks", "T1053.005"),
    ("sh", "T1059.004"),
    ("systeminfo", "T1082"),
    ("tasklist", "T1057"),
    ("uname", "T1082"),
    ("vssadmin", "T1490"),
    ("wbadmin", "T1490"),
    ("wevtutil", "T1070.001"),
    ("wget", "T1105"),
    ("whoami", "T1033"),
    ("wmic", "T1047"),
    ("wscript", "T1059.005"),
];

/// Started by the system for every program with a console or a window.
const FURNITURE: &[&str] = &["conhost", "dllhost", "werfault"];

/// What is known of the program at `path`, in small letters.
pub(crate) fn of(path: &str) -> Program {
    let name = name_of(path);
    if FURNITURE.contains(&name) {
        return Program::Furniture;
    }
    let at = KNOWN.binary_search_by(|(known, _)| (*known).cmp(name)).ok();
    at.and_then(|at| KNOWN.get(at)).map_or(Program::Other, |(_, technique)| Program::Known(technique))
}

/// Whether the file at `path` lies where anybody can put it.
pub(crate) fn lies_loose(path: &str) -> bool {
    LOOSE.iter().any(|folder| path.contains(folder))
}

/// Whether the file at `path` runs or is loaded.
pub(crate) fn is_runnable(path: &str) -> bool {
    RUNNABLE.iter().any(|end| path.ends_with(end))
}

/// Whether the program at `path` runs what a file says.
pub(crate) fn is_interpreter(path: &str) -> bool {
    INTERPRETERS.contains(&name_of(path))
}

/// Whether the program at `path` holds the secrets of those signed in.
pub(crate) fn holds_secrets(path: &str) -> bool {
    name_of(path) == "lsass"
}

/// Whether the file at `path`, in small letters, is one in which a browser keeps secrets.
pub(crate) fn keeps_secrets(path: &str) -> bool {
    SECRETS.iter().any(|end| path.ends_with(end))
}

fn name_of(path: &str) -> &str {
    let name = path.rsplit(['\\', '/']).next().unwrap_or(path);
    name.strip_suffix(".exe").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::Technique;

    #[test]
    fn names_and_places_tell() {
        assert_eq!(of("c:\\windows\\system32\\whoami.exe"), Program::Known("T1033"));
        assert_eq!(of("/usr/bin/uname"), Program::Known("T1082"));
        assert_eq!(of("c:\\windows\\system32\\conhost.exe"), Program::Furniture);
        assert_eq!(of("c:\\program files\\a\\b.exe"), Program::Other);
        assert!(lies_loose("c:\\users\\jane\\downloads\\a.exe") && !lies_loose("c:\\windows\\explorer.exe"));
        assert!(is_runnable("c:\\x\\a.dll") && !is_runnable("c:\\x\\a.txt"));
        assert!(holds_secrets("c:\\windows\\system32\\lsass.exe") && is_interpreter("/bin/sh"));
    }

    #[test]
    fn the_table_is_sorted_and_names_techniques() {
        assert!(KNOWN.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(KNOWN.iter().all(|(_, technique)| Technique::parse(technique).is_some()));
    }
}
