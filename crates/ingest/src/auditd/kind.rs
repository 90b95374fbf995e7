//! Which class and activity a type of audit record or a call of the kernel is.
//!
//! Sources: the Linux audit documentation, "Audit record types"; the tables of system calls of the kernel for x86-64,
//! i386 and arm64.

/// What an audit event is about, with its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 3002.
    SignIn(u32),
    /// 3001.
    Account(u32),
    /// 3006.
    Group(u32),
    /// 3005.
    Access(u32),
    /// 3004.
    Entity(u32, &'static str),
    /// 1007.
    Process(u32),
    /// 1001.
    File(u32),
    /// 4001.
    Connection(u32),
    /// 1002.
    Driver(u32),
    /// 6002.
    App(u32),
    /// 1008.
    Log(u32),
    /// 1009: what was typed.
    Typed,
    /// 1003: any other call of the kernel, and what it refused.
    Kernel(u32),
    /// A call of the kernel, by its name.
    Call,
    /// 0.
    Base,
}

/// Types by name.
const TYPES: [(&str, Kind); 69] = [
    ("USER_AUTH", Kind::SignIn(1)),
    ("USER_ACCT", Kind::SignIn(1)),
    ("USER_LOGIN", Kind::SignIn(1)),
    ("USER_START", Kind::SignIn(1)),
    ("USER_ERR", Kind::SignIn(1)),
    ("USER_END", Kind::SignIn(2)),
    ("USER_LOGOUT", Kind::SignIn(2)),
    ("CRED_ACQ", Kind::SignIn(1)),
    ("CRED_REFR", Kind::SignIn(1)),
    ("CRED_DISP", Kind::SignIn(2)),
    ("LOGIN", Kind::SignIn(1)),
    ("ANOM_LOGIN_FAILURES", Kind::SignIn(1)),
    ("ANOM_LOGIN_TIME", Kind::SignIn(1)),
    ("ANOM_LOGIN_SESSIONS", Kind::SignIn(1)),
    ("ANOM_LOGIN_LOCATION", Kind::SignIn(1)),
    ("ANOM_LOGIN_ACCT", Kind::SignIn(1)),
    ("USER_CHAUTHTOK", Kind::Account(3)),
    ("USER_MGMT", Kind::Account(99)),
    ("ADD_USER", Kind::Account(1)),
    ("DEL_USER", Kind::Account(6)),
    ("ACCT_LOCK", Kind::Account(9)),
    ("ACCT_UNLOCK", Kind::Account(12)),
    ("RESP_ACCT_LOCK", Kind::Account(9)),
    ("RESP_ACCT_UNLOCK_TIMED", Kind::Account(12)),
    ("ADD_GROUP", Kind::Group(6)),
    ("DEL_GROUP", Kind::Group(5)),
    ("GRP_MGMT", Kind::Group(99)),
    ("GRP_CHAUTHTOK", Kind::Group(99)),
    ("ROLE_ASSIGN", Kind::Access(1)),
    ("ROLE_REMOVE", Kind::Access(2)),
    ("USER_ROLE_CHANGE", Kind::Access(1)),
    ("USER_CMD", Kind::Process(1)),
    ("ANOM_ABEND", Kind::Process(2)),
    ("ANOM_EXEC", Kind::Process(1)),
    ("USER_TTY", Kind::Typed),
    ("TTY", Kind::Typed),
    ("SERVICE_START", Kind::App(3)),
    ("SERVICE_STOP", Kind::App(4)),
    ("SYSTEM_BOOT", Kind::App(3)),
    ("SYSTEM_SHUTDOWN", Kind::App(4)),
    ("SYSTEM_RUNLEVEL", Kind::App(8)),
    ("SOFTWARE_UPDATE", Kind::App(8)),
    ("VIRT_CONTROL", Kind::App(0)),
    ("VIRT_CREATE", Kind::App(1)),
    ("VIRT_DESTROY", Kind::App(2)),
    ("VIRT_MACHINE_ID", Kind::App(3)),
    ("VIRT_RESOURCE", Kind::App(8)),
    ("DAEMON_START", Kind::Log(6)),
    ("DAEMON_END", Kind::Log(7)),
    ("DAEMON_ABORT", Kind::Log(7)),
    ("DAEMON_ERR", Kind::Log(99)),
    ("DAEMON_CONFIG", Kind::Log(99)),
    ("DAEMON_ROTATE", Kind::Log(5)),
    ("DAEMON_RESUME", Kind::Log(9)),
    ("CONFIG_CHANGE", Kind::Entity(3, "audit configuration")),
    ("NETFILTER_CFG", Kind::Entity(3, "netfilter configuration")),
    ("USYS_CONFIG", Kind::Entity(3, "system configuration")),
    ("FEATURE_CHANGE", Kind::Entity(3, "audit feature")),
    ("TIME_INJOFFSET", Kind::Entity(3, "system time")),
    ("ANOM_PROMISCUOUS", Kind::Entity(3, "network interface")),
    ("CRYPTO_SESSION", Kind::Connection(1)),
    ("CRYPTO_KEY_USER", Kind::Connection(6)),
    ("CRYPTO_LOGIN", Kind::SignIn(1)),
    ("CRYPTO_LOGOUT", Kind::SignIn(2)),
    ("KERN_MODULE", Kind::Driver(1)),
    ("AVC", Kind::Kernel(4)),
    ("USER_AVC", Kind::Kernel(4)),
    ("SECCOMP", Kind::Kernel(4)),
    ("BPF", Kind::Kernel(4)),
];

/// The kind of an event about records of type `kind`.
pub(super) fn of_type(kind: &str) -> Kind {
    if let Some((_, found)) = TYPES.iter().find(|(known, _)| *known == kind) {
        return *found;
    }
    match kind {
        "SYSCALL" => Kind::Call,
        kind if kind.starts_with("MAC_") => Kind::Entity(3, "mandatory access control"),
        kind if kind.starts_with("CRYPTO_") => Kind::Connection(6),
        kind if kind.starts_with("INTEGRITY_") => Kind::Kernel(4),
        kind if kind.starts_with("APPARMOR") => Kind::Kernel(4),
        _ => Kind::Base,
    }
}

/// What of an account a management record did, by its operation.
pub(super) fn account_activity(operation: &str) -> u32 {
    let has = |word: &str| operation.contains(word);
    match () {
        () if has("password") || has("chauthtok") => 3,
        () if has("unlock") => 12,
        () if has("lock") => 9,
        () if has("delet") => 6,
        () if has("add-home") || has("add-user") => 1,
        () => 99,
    }
}

/// What of a group a management record did, by its operation.
pub(super) fn group_activity(operation: &str) -> u32 {
    let has = |word: &str| operation.contains(word);
    match () {
        () if has("add-user") || has("add-to") || has("adding-user") => 3,
        () if has("delete-user") || has("remove") || has("deleting-user") => 4,
        () if has("add-") || has("adding") => 6,
        () if has("delet") => 5,
        () => 99,
    }
}

/// The kind of a call of the kernel.
pub(super) fn of_call(name: &str) -> Kind {
    match name {
        "execve" | "execveat" | "clone" | "clone3" | "fork" | "vfork" => Kind::Process(1),
        "exit" | "exit_group" | "kill" | "tkill" | "tgkill" => Kind::Process(2),
        "ptrace" | "process_vm_readv" | "pidfd_open" => Kind::Process(3),
        "process_vm_writev" => Kind::Process(4),
        "setuid" | "setgid" | "setreuid" | "setregid" | "setresuid" | "setresgid" | "setfsuid"
        | "setfsgid" | "setgroups" => Kind::Process(5),
        "open" | "openat" | "openat2" | "open_by_handle_at" => Kind::File(14),
        "creat" | "mkdir" | "mkdirat" | "mknod" | "mknodat" | "link" | "linkat" | "symlink" | "symlinkat" => {
            Kind::File(1)
        }
        "read" | "readv" | "readlink" | "readlinkat" | "getdents" | "getdents64" => Kind::File(2),
        "write" | "writev" | "pwrite64" | "truncate" | "ftruncate" | "sendfile" => Kind::File(3),
        "unlink" | "unlinkat" | "rmdir" => Kind::File(4),
        "rename" | "renameat" | "renameat2" => Kind::File(5),
        "setxattr" | "lsetxattr" | "fsetxattr" | "removexattr" | "lremovexattr" | "fremovexattr"
        | "utime" | "utimes" | "utimensat" | "futimesat" => Kind::File(6),
        "chmod" | "fchmod" | "fchmodat" | "fchmodat2" | "chown" | "fchown" | "lchown" | "fchownat" => {
            Kind::File(7)
        }
        "stat" | "lstat" | "fstat" | "newfstatat" | "statx" | "access" | "faccessat" | "faccessat2" => {
            Kind::File(8)
        }
        "mount" | "move_mount" => Kind::File(12),
        "umount" | "umount2" => Kind::File(13),
        "connect" | "accept" | "accept4" => Kind::Connection(1),
        "bind" | "listen" => Kind::Connection(7),
        "sendto" | "recvfrom" | "sendmsg" | "recvmsg" | "sendmmsg" | "recvmmsg" => Kind::Connection(6),
        "init_module" | "finit_module" => Kind::Driver(1),
        "delete_module" => Kind::Driver(2),
        _ => Kind::Kernel(4),
    }
}

/// Calls by number on x86-64.
const X86_64: [(u32, &str); 92] = [
    (0, "read"),
    (1, "write"),
    (2, "open"),
    (4, "stat"),
    (6, "lstat"),
    (9, "mmap"),
    (10, "mprotect"),
    (16, "ioctl"),
    (21, "access"),
    (40, "sendfile"),
    (41, "socket"),
    (42, "connect"),
    (43, "accept"),
    (44, "sendto"),
    (45, "recvfrom"),
    (46, "sendmsg"),
    (47, "recvmsg"),
    (49, "bind"),
    (50, "listen"),
    (54, "setsockopt"),
    (56, "clone"),
    (57, "fork"),
    (58, "vfork"),
    (59, "execve"),
    (60, "exit"),
    (62, "kill"),
    (76, "truncate"),
    (77, "ftruncate"),
    (80, "chdir"),
    (81, "fchdir"),
    (82, "rename"),
    (83, "mkdir"),
    (84, "rmdir"),
    (85, "creat"),
    (86, "link"),
    (87, "unlink"),
    (88, "symlink"),
    (89, "readlink"),
    (90, "chmod"),
    (91, "fchmod"),
    (92, "chown"),
    (93, "fchown"),
    (94, "lchown"),
    (101, "ptrace"),
    (105, "setuid"),
    (106, "setgid"),
    (113, "setreuid"),
    (114, "setregid"),
    (116, "setgroups"),
    (117, "setresuid"),
    (119, "setresgid"),
    (122, "setfsuid"),
    (123, "setfsgid"),
    (132, "utime"),
    (133, "mknod"),
    (155, "pivot_root"),
    (157, "prctl"),
    (159, "adjtimex"),
    (161, "chroot"),
    (164, "settimeofday"),
    (165, "mount"),
    (166, "umount2"),
    (169, "reboot"),
    (170, "sethostname"),
    (171, "setdomainname"),
    (175, "init_module"),
    (176, "delete_module"),
    (188, "setxattr"),
    (189, "lsetxattr"),
    (190, "fsetxattr"),
    (197, "removexattr"),
    (227, "clock_settime"),
    (231, "exit_group"),
    (234, "tgkill"),
    (248, "add_key"),
    (257, "openat"),
    (258, "mkdirat"),
    (259, "mknodat"),
    (260, "fchownat"),
    (263, "unlinkat"),
    (264, "renameat"),
    (265, "linkat"),
    (266, "symlinkat"),
    (268, "fchmodat"),
    (269, "faccessat"),
    (280, "utimensat"),
    (288, "accept4"),
    (313, "finit_module"),
    (316, "renameat2"),
    (321, "bpf"),
    (322, "execveat"),
    (437, "openat2"),
];

/// Calls by number on arm64.
const ARM_64: [(u32, &str); 24] = [
    (33, "mknodat"),
    (34, "mkdirat"),
    (35, "unlinkat"),
    (36, "symlinkat"),
    (37, "linkat"),
    (38, "renameat"),
    (39, "umount2"),
    (40, "mount"),
    (53, "fchmodat"),
    (54, "fchownat"),
    (56, "openat"),
    (93, "exit"),
    (105, "init_module"),
    (106, "delete_module"),
    (117, "ptrace"),
    (129, "kill"),
    (144, "setgid"),
    (146, "setuid"),
    (147, "setresuid"),
    (200, "bind"),
    (202, "accept"),
    (203, "connect"),
    (221, "execve"),
    (273, "finit_module"),
];

/// Calls by number on i386.
const I386: [(u32, &str); 16] = [
    (2, "fork"),
    (5, "open"),
    (8, "creat"),
    (9, "link"),
    (10, "unlink"),
    (11, "execve"),
    (14, "mknod"),
    (15, "chmod"),
    (21, "mount"),
    (26, "ptrace"),
    (37, "kill"),
    (38, "rename"),
    (39, "mkdir"),
    (40, "rmdir"),
    (128, "init_module"),
    (295, "openat"),
];

/// The name of a call, which may be told by number; architectures by the kernel's word for them.
pub(super) fn call_name(call: &str, architecture: &str) -> Option<&'static str> {
    let number = call.parse::<u32>().ok()?;
    let table: &[(u32, &'static str)] = match architecture.trim_start_matches("0x") {
        "c00000b7" | "aarch64" => &ARM_64,
        "40000003" | "i386" | "i686" => &I386,
        _ => &X86_64,
    };
    table.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_calls_find_their_class() {
        for (kind, expected) in [
            ("USER_LOGIN", Kind::SignIn(1)),
            ("CRED_DISP", Kind::SignIn(2)),
            ("ADD_USER", Kind::Account(1)),
            ("DEL_GROUP", Kind::Group(5)),
            ("USER_CMD", Kind::Process(1)),
            ("SERVICE_STOP", Kind::App(4)),
            ("MAC_STATUS", Kind::Entity(3, "mandatory access control")),
            ("SYSCALL", Kind::Call),
            ("WHATEVER", Kind::Base),
        ] {
            assert_eq!(of_type(kind), expected, "{kind}");
        }
        assert_eq!(of_call("execve"), Kind::Process(1));
        assert_eq!(of_call("unlinkat"), Kind::File(4));
        assert_eq!(of_call("setresuid"), Kind::Process(5));
        assert_eq!(of_call("futex"), Kind::Kernel(4));
    }

    #[test]
    fn numbers_are_those_of_the_architecture() {
        assert_eq!(call_name("59", "c000003e"), Some("execve"));
        assert_eq!(call_name("221", "c00000b7"), Some("execve"));
        assert_eq!(call_name("11", "40000003"), Some("execve"));
        assert_eq!(call_name("execve", "x86_64"), None);
    }

    #[test]
    fn operations_tell_the_activity() {
        assert_eq!([account_activity("changing password"), account_activity("updating-uid")], [3, 99]);
        assert_eq!([group_activity("add-user-to-group"), group_activity("add-shadow-group")], [3, 6]);
    }
}
