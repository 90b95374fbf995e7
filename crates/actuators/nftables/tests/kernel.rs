#![cfg(test)]
//! In the real kernel: packets are dropped, a lease ends although nobody asks for it, and nothing outlives its
//! lease whatever is killed when. Needs root, `nft` and `ip`; asked for by `HOMEOSTAT_NFT`.

use homeostat_actuator_nftables::{Nft, Nftables};
use homeostat_core::{TenantId, Timestamp};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Action, ActionId, Budget, Erase, Executor, ExecutorConfig, FileStorage, Gate, GateConfig, Journal, Mode,
    Phase, Policy, PseudonymKey, Request, Rule, Ruling, Target, TargetKind,
};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// At most so many leases at once.
const BUDGET: u32 = 6;
/// So many processes are killed.
const KILLS: u32 = 36;

fn asked() -> bool {
    let asked = std::env::var_os("HOMEOSTAT_NFT").is_some();
    if !asked {
        println!("HOMEOSTAT_NFT is not set: not tried in the kernel");
    }
    asked
}

fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap())
}

fn ip(args: &[&str]) {
    assert!(Command::new("ip").args(args).status().unwrap().success(), "{args:?}");
}

/// A network namespace of its own, with the table installed; it is deleted at the end.
struct Namespace(String);

impl Namespace {
    fn new(stem: &str) -> Self {
        let name = format!("hs-{stem}-{}", std::process::id());
        ip(&["netns", "add", &name]);
        let space = Self(name);
        ip(&["-n", &space.0, "link", "set", "lo", "up"]);
        block_on(space.nftables().install()).unwrap();
        space
    }

    /// How many elements the kernel blocks.
    fn blocked(&self) -> usize {
        let args = ["netns", "exec", &self.0, "nft", "list", "set", "inet", "homeostat", "blocked4"];
        let told = Command::new("ip").args(args).output().unwrap();
        String::from_utf8(told.stdout).unwrap().matches("comment").count()
    }

    fn nftables(&self) -> Nftables {
        Nftables::new(Arc::new(Nft::in_namespace(&self.0)))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.0]);
    }
}

fn open(space: &Namespace, journal: &Path) -> Executor<FileStorage> {
    let mut policy = Policy::new("test", Budget::new("at-once", BUDGET));
    policy.rules.push(Rule::new("everything", Ruling::Autonomous));
    policy.surge.beyond = 0; // here they ask for more than the budget all the time
    let names = FileStorage::open(journal.with_extension("names")).unwrap();
    let chain = FileStorage::open(journal).unwrap();
    let (journal, records) = Journal::open(chain, names, PseudonymKey::new([7; 32])).unwrap();
    let config = GateConfig::new(TenantId::new("acme").unwrap(), policy.compile().unwrap()).mode(Mode::Act);
    let gate = Gate::open(config, journal, records).unwrap();
    let config = ExecutorConfig::new(vec![Arc::new(Erase(space.nftables()))]);
    block_on(Executor::open(gate, config, now())).unwrap()
}

fn block(number: u32, lease: Duration) -> Request {
    let address = format!("10.77.{}.{}", number / 200 % 200, number % 200 + 1);
    let id = ActionId::derive(&[&number.to_string()]);
    let target = Target::new(TargetKind::Address, &address);
    Request::new(id, TenantId::new("acme").unwrap(), Action::Block, target).sure(1.0).lease(lease)
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("homeostat-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn packets_are_dropped_and_the_kernel_lifts_the_lease_by_itself() {
    if !asked() {
        return;
    }
    let (here, there) = (Namespace::new("a"), Namespace::new("b"));
    ip(&[
        "link", "add", "hs-va", "netns", &here.0, "type", "veth", "peer", "name", "hs-vb", "netns", &there.0,
    ]);
    for (space, link, address) in [(&here, "hs-va", "10.78.0.1/24"), (&there, "hs-vb", "10.78.0.2/24")] {
        ip(&["-n", &space.0, "addr", "add", address, "dev", link]);
        ip(&["-n", &space.0, "link", "set", link, "up"]);
    }
    let ask = |wait: &str| {
        let dial = "exec 3<>/dev/tcp/10.78.0.2/7777 && head -c 2 <&3 | grep -q ok";
        let args = ["netns", "exec", &here.0, "timeout", wait, "bash", "-c", dial];
        Command::new("ip").args(args).stderr(Stdio::null()).status().unwrap().success()
    };
    let answer =
        "import socket\ns=socket.create_server(('10.78.0.2',7777))\nwhile True: s.accept()[0].sendall(b'ok')";
    let args = ["netns", "exec", &there.0, "python3", "-c", answer];
    let mut server = Command::new("ip").args(args).spawn().unwrap();
    assert!(
        (0..50).any(|_| ask("1") || {
            sleep(Duration::from_millis(100));
            false
        }),
        "reachable at first"
    );

    let folder = folder("lease");
    let mut executor = open(&there, &folder.join("journal"));
    let target = Target::new(TargetKind::Address, "10.78.0.1");
    let id = ActionId::new("kernel-lifts").unwrap();
    let request = Request::new(id, TenantId::new("acme").unwrap(), Action::Block, target).sure(1.0);
    let request = request.lease(Duration::from_secs(4));
    let start = std::time::Instant::now();
    assert_eq!(block_on(executor.submit(&request, now())).unwrap(), Phase::Active);
    assert!(!ask("1"), "packets are dropped");
    drop(executor); // nobody is there any more to ask for the end of the lease
    while start.elapsed() < Duration::from_millis(5_800) {
        sleep(Duration::from_millis(50));
    }
    let reachable = ask("2");
    server.kill().unwrap();
    server.wait().unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    assert!(
        reachable,
        "the kernel lifted it within a second of the lease's end, rounded up to whole seconds"
    );
}

/// The process that is killed: this test binary again, told by its environment what to do.
#[test]
fn submits_until_it_is_killed() {
    let Ok(told) = std::env::var("HOMEOSTAT_KILLED_CHILD") else { return };
    let [name, journal, first] = *told.split('|').collect::<Vec<_>>() else { return };
    let space = std::mem::ManuallyDrop::new(Namespace(name.to_owned()));
    let mut executor = open(&space, Path::new(journal));
    for number in first.parse::<u32>().unwrap().. {
        let lease = Duration::from_millis(1_500 + u64::from(number % 4) * 700);
        block_on(executor.submit(&block(number, lease), now())).unwrap();
        block_on(executor.tick(now())).unwrap();
    }
}

#[test]
fn nothing_outlives_its_lease_whatever_is_killed_when() {
    if !asked() {
        return;
    }
    let (space, folder) = (Namespace::new("kill"), folder("kill"));
    let (journal, seen) = (folder.join("journal"), folder.join("seen"));
    let args = ["netns", "exec", &space.0, "nft", "monitor", "elements"];
    let mut witness = Command::new("ip").args(args).stdout(File::create(&seen).unwrap()).spawn().unwrap();
    sleep(Duration::from_millis(300));
    let mut peak = 0;
    for round in 0..KILLS {
        let told = format!("{}|{}|{}", space.0, journal.display(), round * 1_000);
        let before = length(&journal);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "submits_until_it_is_killed"])
            .env("HOMEOSTAT_KILLED_CHILD", told)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..1_000 {
            if length(&journal) != before {
                break;
            }
            sleep(Duration::from_millis(10));
        }
        sleep(Duration::from_millis(u64::from(round * 137 % 400)));
        child.kill().unwrap();
        child.wait().unwrap();
        // A child of the child, `nft`, may still be at work: what it does has its intent in the journal.
        peak = peak.max(space.blocked());
    }
    sleep(Duration::from_millis(300));
    let mut executor = open(&space, &journal);
    // The longest lease is 3.6 seconds. What waits for a person because the budget was full goes on waiting.
    for _ in 0..100 {
        sleep(Duration::from_millis(50));
        block_on(executor.tick(now())).unwrap();
    }
    assert_eq!(space.blocked(), 0, "nothing outlives its lease");
    assert!(peak <= BUDGET as usize, "the budget holds over all processes: {peak}");
    sleep(Duration::from_millis(500));
    witness.kill().unwrap();
    witness.wait().unwrap();
    let mut told = String::new();
    File::open(&seen).unwrap().read_to_string(&mut told).unwrap();
    judge(&told, &executor);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Holds what the kernel told against what the journal promised.
fn judge(told: &str, executor: &Executor<FileStorage>) {
    let mut added = BTreeMap::<&str, u32>::new();
    let created =
        |line: &&str| line.contains("element inet homeostat blocked4") && !line.starts_with("delete");
    for id in told.lines().filter(created).filter_map(|line| line.split('"').nth(1)) {
        *added.entry(id).or_default() += 1;
    }
    let unplanned = added.keys().filter(|id| {
        let phase = executor.gate().phase(&ActionId::new(id).unwrap());
        !matches!(phase, Phase::Done | Phase::Failed)
    });
    let doubled = added.values().filter(|count| **count > 1).count();
    println!("{KILLS} kills: {} effects, none without an intent, none doubled, none left", added.len());
    assert!(added.len() >= BUDGET as usize, "something was done between the kills");
    assert_eq!((unplanned.count(), doubled), (0, 0));
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.len())
}
