#![cfg(test)]
//! A program that somebody brought in is followed by exact ties alone; whoever works beside it stays out.

use homeostat::Lineage;
use homeostat_core::{CalmRisk, Detector, EventRef, Forget as _, Signal, TenantId};
use homeostat_event::Event;
use serde_json::{Value, json};

const HOST: &str = "ws7.acme.example";
const TOOL: &str = "C:\\Users\\jane\\Downloads\\tool.exe";

/// What is written down of a host, one event after the other.
struct Host {
    lineage: Lineage,
    number: u64,
}

impl Host {
    fn new() -> Self {
        Self { lineage: Lineage::default(), number: 0 }
    }

    /// Event `class` with `activity`, and what is told of it: kind and record of each signal.
    fn tell(&mut self, class: u64, activity: u64, more: &Value) -> Vec<(String, u64)> {
        let signals = self.signals(class, activity, more);
        signals.into_iter().map(|signal| (signal.kind, signal.evidence[0].record())).collect()
    }

    fn signals(&mut self, class: u64, activity: u64, more: &Value) -> Vec<Signal> {
        let mut told = json!({
            "class_uid": class, "category_uid": 1, "activity_id": activity, "type_uid": class * 100 + activity,
            "severity_id": 1, "time": 1_770_000_000_000_u64 + self.number * 10_000,
            "metadata": { "version": "1.8.0", "product": { "name": "made up" } },
            "device": { "hostname": HOST, "type_id": 2 },
        });
        told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut event = Event::from_json(&told.to_string()).unwrap();
        event.set_tenant(&TenantId::new("acme").unwrap());
        event.set_reference(&EventRef::new("host", self.number).unwrap());
        self.number += 1;
        self.lineage.detect(&event, &CalmRisk)
    }

    fn start(
        &mut self,
        parent: &str,
        uid: &str,
        path: &str,
        command: &str,
        user: &str,
    ) -> Vec<(String, u64)> {
        let process = json!({
            "uid": uid, "pid": uid.len() + 40, "cmd_line": command, "file": { "path": path, "name": path, "type_id": 1 },
            "user": { "name": user },
        });
        let actor = json!({ "process": { "uid": parent }, "user": { "name": user } });
        self.tell(1_007, 1, &json!({ "process": process, "actor": actor }))
    }

    fn write(&mut self, by: &str, path: &str) -> Vec<(String, u64)> {
        let actor = json!({ "process": { "uid": by }, "user": { "name": "jane" } });
        self.tell(1_001, 1, &json!({ "file": { "path": path, "name": path, "type_id": 1 }, "actor": actor }))
    }

    fn call(&mut self, by: &str, ip: &str, port: u16) -> Vec<(String, u64)> {
        let actor = json!({ "process": { "uid": by }, "user": { "name": "jane" } });
        self.tell(4_001, 1, &json!({ "dst_endpoint": { "ip": ip, "port": port }, "actor": actor }))
    }

    fn reach(&mut self, activity: u64, by: &str, into: (&str, &str), rights: u64) -> Vec<(String, u64)> {
        let actor = json!({ "process": { "uid": by }, "user": { "name": "jane" } });
        let process = json!({ "uid": into.0, "file": { "path": into.1, "name": into.1, "type_id": 1 } });
        self.tell(
            1_007,
            activity,
            &json!({ "process": process, "actor": actor, "actual_permissions": rights }),
        )
    }
}

fn kinds(told: &[(String, u64)]) -> Vec<&str> {
    told.iter().map(|(kind, _)| kind.as_str()).collect()
}

#[test]
fn from_download_to_the_memory_of_sign_ins() {
    let mut host = Host::new();
    assert!(host.call("browser", "203.0.113.9", 80).is_empty());
    assert!(host.write("browser", &format!("{TOOL}:Zone.Identifier")).is_empty());
    let ran = host.start("shell", "tool", TOOL, TOOL, "jane");
    assert_eq!(ran[0], ("unknown program came".to_owned(), 1), "the download is told when it runs");
    assert_eq!(ran[1], ("unknown program ran".to_owned(), 2));
    let called = host.call("tool", "203.0.113.9", 8_080);
    assert_eq!(called[0], ("unknown program came".to_owned(), 0), "so is the call of the same place before");
    assert_eq!(called[1].0, "unknown program calls an odd port");
    let cmd = "C:\\Windows\\System32\\cmd.exe";
    assert_eq!(kinds(&host.start("tool", "cmd", cmd, cmd, "jane")), ["unknown program looks round"]);
    assert!(host.start("cmd", "con", "C:\\Windows\\System32\\conhost.exe", "", "jane").is_empty());
    assert_eq!(kinds(&host.write("tool", "C:\\Users\\JANE~1\\x.dll")), ["unknown program wrote a program"]);
    let run = "rundll32 C:\\Users\\JANE~1\\x.dll,a";
    let service = json!({ "win_service": { "name": "x", "cmd_line": run } });
    assert_eq!(kinds(&host.tell(201_004, 1, &service)), ["unknown program made a service"]);
    let rundll = "C:\\Windows\\System32\\rundll32.exe";
    let own = host.start("services", "dll", rundll, run, "SYSTEM");
    assert_eq!(
        kinds(&own),
        ["unknown program ran what it wrote", "unknown program gained the rights of the system"]
    );
    let host_process = ("svc", "C:\\Windows\\System32\\svchost.exe");
    assert_eq!(kinds(&host.reach(4, "tool", host_process, 0)), ["unknown program went into another"]);
    let secrets = ("lsass", "C:\\Windows\\System32\\lsass.exe");
    assert!(host.reach(3, "svc", secrets, 0x1000).is_empty(), "asking for its name reads nothing");
    assert_eq!(
        kinds(&host.reach(3, "svc", secrets, 0x1010)),
        ["unknown program read the memory of sign-ins"]
    );
    assert!(
        host.call("svc", "198.51.100.7", 8_080).is_empty(),
        "what it did before it was taken over goes on"
    );
    assert_eq!(host.call("svc", "203.0.113.9", 8_080).len(), 1);
}

#[test]
fn what_the_same_person_does_beside_it_stays_out() {
    let mut host = Host::new();
    host.start("shell", "tool", TOOL, TOOL, "jane");
    let netsh = "C:\\Windows\\System32\\netsh.exe";
    assert!(host.start("shell", "netsh", netsh, "netsh trace stop", "jane").is_empty());
    for number in 0..50 {
        let reg = "C:\\Windows\\System32\\reg.exe";
        assert!(host.start("netsh", &format!("reg {number}"), reg, "reg export x", "jane").is_empty());
    }
    assert!(host.reach(3, "netsh", ("lsass", "C:\\Windows\\System32\\lsass.exe"), 0x1410).is_empty());
    assert!(host.call("netsh", "203.0.113.9", 8_080).is_empty());
}

#[test]
fn every_signal_names_the_first_process_and_can_be_forgotten() {
    let mut host = Host::new();
    let process =
        json!({ "uid": "tool", "pid": 7, "file": { "path": TOOL, "name": "tool.exe", "type_id": 1 } });
    let ran = host.signals(1_007, 1, &json!({ "process": process, "actor": { "user": { "name": "jane" } } }));
    let root = ran[0].via.clone().unwrap();
    let actor = json!({ "process": { "uid": "tool" }, "user": { "name": "jane" } });
    let end = json!({ "dst_endpoint": { "ip": "203.0.113.9", "port": 443 }, "actor": actor });
    assert_eq!(host.signals(4_001, 1, &end)[0].via.as_ref(), Some(&root));
    assert!(host.lineage.forget(&root));
    assert!(host.signals(4_001, 1, &end).is_empty());
    assert!(!format!("{:?}", host.lineage).contains("tool"));
}
