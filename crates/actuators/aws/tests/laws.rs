#![cfg(test)]
//! The nine laws, with a crash before and after each call, against an account that `HOMEOSTAT_AWS` is the endpoint
//! of: `moto_server`, whose ids are the same after each reset because they are drawn from a seed.

use homeostat_actuator_aws::{Aws, Credentials};
use homeostat_actuator_http::{Answer, Call, Client, HttpSend, SendError, Stepping, percent};
use homeostat_core::{TenantId, Timestamp};
use homeostat_response::conformance::{Lab, actuator_laws, block_on};
use homeostat_response::{
    Act, ActError, Action, ActionId, Actuator, BoxFuture, Budget, Erase, Executor, ExecutorConfig, Gate,
    GateConfig, Journal, MemoryStorage, Mode, Observed, Phase, Plan, Policy, PseudonymKey, Request, Rule,
    Ruling, Target, TargetKind,
};
use roxmltree::Document;
use std::fmt::Write as _;
use std::sync::Arc;
use std::task::{Context, Waker};

const USER: &str = "arn:aws:iam::123456789012:user/eng/jane";
const ROLE: &str = "arn:aws:iam::123456789012:role/build";
/// The kit's permits end in 2025, an hour or more after this.
const NOW: fn() -> Timestamp = || Timestamp::from_micros(1_750_000_000_000_000);

struct Account {
    http: Client,
    wire: Stepping,
    base: String,
    key: String,
    instance: String,
    /// An instance that serves behind a load balancer.
    server: String,
    targets: String,
    image: String,
}

impl Account {
    fn new(base: &str) -> Self {
        let http = Client::default();
        let wire = Stepping::new(Arc::new(http.clone()));
        let (key, instance, server, targets, image) = Default::default();
        let mut account = Self { http, wire, base: base.to_owned(), key, instance, server, targets, image };
        account.reset();
        // The first reset also looked for an image; only those after it draw the same ids.
        account.reset();
        account
    }

    fn ask(&self, service: &str, action: &str, form: &[(&str, &str)]) -> String {
        let version = match service {
            "iam" => "2010-05-08",
            "autoscaling" => "2011-01-01",
            "elasticloadbalancing" => "2015-12-01",
            _ => "2016-11-15",
        };
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in form {
            write!(body, "&{name}={}", percent(value)).unwrap();
        }
        let scope = format!("Credential=test/20250615/us-east-1/{service}/aws4_request");
        let call = Call::new("POST", &format!("{}/", self.base))
            .header("Authorization", &format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
            .body("application/x-www-form-urlencoded", body);
        let answer = block_on(self.http.send(&call)).unwrap();
        assert!(answer.status < 300 || action.starts_with("Get"), "{action}: {}", answer.text());
        answer.text()
    }

    fn interface(&self) -> (String, Vec<String>) {
        let form =
            [("Filter.1.Name", "attachment.instance-id"), ("Filter.1.Value.1", self.instance.as_str())];
        let xml = self.ask("ec2", "DescribeNetworkInterfaces", &form);
        (first(&xml, "networkInterfaceId"), all(&xml, "groupId"))
    }

    /// Two instances in a group, one of which also serves on a port of its own.
    fn serve(&mut self) {
        let vpc = first(&self.ask("ec2", "DescribeVpcs", &[]), "vpcId");
        let form = [("Name", "web"), ("Protocol", "HTTP"), ("Port", "80"), ("VpcId", &vpc)];
        let made = self.ask("elasticloadbalancing", "CreateTargetGroup", &form);
        self.targets = first(&made, "TargetGroupArn");
        let form = [
            ("LaunchConfigurationName", "web"),
            ("ImageId", self.image.as_str()),
            ("InstanceType", "t3.micro"),
        ];
        self.ask("autoscaling", "CreateLaunchConfiguration", &form);
        let form = [
            ("AutoScalingGroupName", "web"),
            ("LaunchConfigurationName", "web"),
            ("MinSize", "0"),
            ("MaxSize", "4"),
            ("DesiredCapacity", "2"),
            ("AvailabilityZones.member.1", "us-east-1a"),
        ];
        self.ask("autoscaling", "CreateAutoScalingGroup", &form);
        self.server = first(&self.ask("autoscaling", "DescribeAutoScalingInstances", &[]), "InstanceId");
        let form = [
            ("TargetGroupArn", self.targets.as_str()),
            ("Targets.member.1.Id", &self.server),
            ("Targets.member.1.Port", "8443"),
        ];
        self.ask("elasticloadbalancing", "RegisterTargets", &form);
    }

    fn serving(&self) -> Vec<String> {
        let group = self.ask("autoscaling", "DescribeAutoScalingGroups", &[]);
        let health =
            self.ask("elasticloadbalancing", "DescribeTargetHealth", &[("TargetGroupArn", &self.targets)]);
        let mut states: Vec<String> = all(&group, "InstanceId")
            .into_iter()
            .zip(all(&group, "LifecycleState"))
            .map(|(id, state)| id + &state)
            .collect();
        states.sort();
        states.extend(all(&group, "DesiredCapacity"));
        states.extend(all(&health, "Id").into_iter().chain(all(&health, "Port")));
        states
    }

    fn group(&self, name: &str) -> String {
        let vpc = first(&self.ask("ec2", "DescribeVpcs", &[]), "vpcId");
        let form = [("GroupName", name), ("GroupDescription", "for a test"), ("VpcId", &vpc)];
        first(&self.ask("ec2", "CreateSecurityGroup", &form), "groupId")
    }

    fn aws(&self) -> Aws {
        let aws = Aws::new(Arc::new(self.wire.clone()), Credentials::new("test", "secret"), "us-east-1");
        aws.endpoint(&self.base).clock(NOW)
    }
}

fn all(xml: &str, name: &str) -> Vec<String> {
    let document = Document::parse(xml).unwrap();
    let named = document.descendants().filter(|node| node.tag_name().name() == name);
    named.filter_map(|node| node.text().map(str::to_owned)).collect()
}

fn first(xml: &str, name: &str) -> String {
    all(xml, name).into_iter().next().unwrap()
}

fn request(action: Action, kind: TargetKind, id: &str) -> Request {
    let name = ActionId::derive(&["test", action.as_str(), id]);
    Request::new(name, TenantId::new("acme").unwrap(), action, Target::new(kind, id)).sure(1.0)
}

impl Lab for Account {
    fn reset(&mut self) {
        self.wire.free();
        for path in ["reset", "seed?a=42"] {
            let call = Call::new("POST", &format!("{}/moto-api/{path}", self.base));
            assert_eq!(block_on(self.http.send(&call)).unwrap().status, 200);
        }
        self.ask("iam", "CreateUser", &[("UserName", "jane"), ("Path", "/eng/")]);
        let trust = r#"{"Version": "2012-10-17", "Statement": []}"#;
        self.ask("iam", "CreateRole", &[("RoleName", "build"), ("AssumeRolePolicyDocument", trust)]);
        self.key = first(&self.ask("iam", "CreateAccessKey", &[("UserName", "jane")]), "AccessKeyId");
        if self.image.is_empty() {
            self.image = first(&self.ask("ec2", "DescribeImages", &[]), "imageId");
        }
        let groups = [self.group("web"), self.group("metrics")];
        let form = [("ImageId", self.image.as_str()), ("MinCount", "1"), ("MaxCount", "1")];
        self.instance = first(&self.ask("ec2", "RunInstances", &form), "instanceId");
        // The emulator adds the groups an instance was started with to whatever its interface is given later.
        let interface = self.interface().0;
        let form = [
            ("NetworkInterfaceId", interface.as_str()),
            ("SecurityGroupId.1", &groups[0]),
            ("SecurityGroupId.2", &groups[1]),
        ];
        self.ask("ec2", "ModifyNetworkInterfaceAttribute", &form);
        self.serve();
    }

    fn actuator(&self) -> Arc<dyn Actuator> {
        Arc::new(Erase(self.aws()))
    }

    fn requests(&self) -> Vec<Request> {
        vec![
            request(Action::DisableCredential, TargetKind::Credential, &self.key),
            request(Action::DisableCredential, TargetKind::Person, USER),
            request(Action::RevokeSession, TargetKind::ServiceAccount, ROLE),
            request(Action::ApplySecurityGroup, TargetKind::Instance, &self.instance),
            request(Action::DetachInstance, TargetKind::Instance, &self.server),
        ]
    }

    fn state(&self) -> String {
        let (interface, mut groups) = self.interface();
        groups.sort();
        let mut state = vec![interface, groups.join(" "), self.names().join(" ")];
        let keys = self.ask("iam", "ListAccessKeys", &[("UserName", "jane")]);
        state.extend(self.serving());
        state.extend(all(&keys, "AccessKeyId").into_iter().chain(all(&keys, "Status")));
        for policy in all(&self.ask("iam", "ListUserPolicies", &[("UserName", "jane")]), "member") {
            let xml = self.ask("iam", "GetUserPolicy", &[("UserName", "jane"), ("PolicyName", &policy)]);
            state.push(first(&xml, "PolicyDocument"));
        }
        for policy in all(&self.ask("iam", "ListRolePolicies", &[("RoleName", "build")]), "member") {
            let xml = self.ask("iam", "GetRolePolicy", &[("RoleName", "build"), ("PolicyName", &policy)]);
            state.push(first(&xml, "PolicyDocument"));
        }
        state.join("\n")
    }

    fn names(&self) -> Vec<String> {
        let mut names = all(&self.ask("ec2", "DescribeSecurityGroups", &[]), "groupName");
        names.extend(all(&self.ask("iam", "ListUserPolicies", &[("UserName", "jane")]), "member"));
        names.extend(all(&self.ask("iam", "ListRolePolicies", &[("RoleName", "build")]), "member"));
        names.sort();
        names
    }

    fn meddle(&mut self, plan: &Plan) {
        let name = format!("homeostat-{}", plan.id);
        let statement = r#"{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}"#;
        let document = &format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
        let policy = [("PolicyName", name.as_str()), ("PolicyDocument", document)];
        match (plan.action, plan.target.kind) {
            (Action::ApplySecurityGroup, _) => {
                let form =
                    [("NetworkInterfaceId", self.interface().0), ("SecurityGroupId.1", self.group("theirs"))];
                let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
                self.ask("ec2", "ModifyNetworkInterfaceAttribute", &form);
            }
            (Action::DetachInstance, _) => {
                let form = [
                    ("AutoScalingGroupName", "web"),
                    ("InstanceIds.member.1", self.server.as_str()),
                    ("ShouldDecrementDesiredCapacity", "false"),
                ];
                self.ask("autoscaling", "DetachInstances", &form);
            }
            (_, TargetKind::Credential) => {
                self.ask("iam", "DeleteAccessKey", &[("UserName", "jane"), ("AccessKeyId", &self.key)]);
            }
            (_, TargetKind::Person) => {
                self.ask("iam", "PutUserPolicy", &[("UserName", "jane"), policy[0], policy[1]]);
            }
            _ => {
                self.ask("iam", "PutRolePolicy", &[("RoleName", "build"), policy[0], policy[1]]);
            }
        }
    }

    fn stands(&self, plan: &Plan) -> bool {
        match (plan.action, plan.target.kind) {
            (Action::ApplySecurityGroup, _) => {
                let form = [("Filter.1.Name", "group-name"), ("Filter.1.Value.1", "theirs")];
                self.interface().1 == all(&self.ask("ec2", "DescribeSecurityGroups", &form), "groupId")
            }
            (Action::DetachInstance, _) => {
                let group = self.ask("autoscaling", "DescribeAutoScalingGroups", &[]);
                !all(&group, "InstanceId").contains(&self.server)
            }
            (_, TargetKind::Credential) => {
                all(&self.ask("iam", "ListAccessKeys", &[("UserName", "jane")]), "AccessKeyId").is_empty()
            }
            _ => self.state().contains("ListAllMyBuckets"),
        }
    }

    fn jam(&mut self) {
        // Reads are POST here too: a jam lets none of them through, which is as good a reason to fail.
        self.wire.jam();
    }
}

#[test]
fn the_laws_hold_in_an_account() {
    let Ok(base) = std::env::var("HOMEOSTAT_AWS") else {
        println!("HOMEOSTAT_AWS is not set: no account to try it on");
        return;
    };
    println!("{:?}", actuator_laws(&mut Account::new(&base)).unwrap());
    snapshots_are_taken_once_whenever_it_is_killed(&mut Account::new(&base));
}

/// Nothing undoes a capture, so that the laws of what is undone say nothing of it: here it is killed at each step.
fn snapshots_are_taken_once_whenever_it_is_killed(account: &mut Account) {
    let request = request(Action::CaptureEvidence, TargetKind::Instance, &account.instance);
    for kill in 0.. {
        account.reset();
        let before = account.state();
        let journal = MemoryStorage::default();
        let whole = {
            let mut executor = executor(account, &journal);
            polls(kill, executor.submit(&request, NOW()))
        };
        let mut executor = executor(account, &journal);
        block_on(executor.submit(&request, NOW())).unwrap();
        let taken = account.ask(
            "ec2",
            "DescribeSnapshots",
            &[("Filter.1.Name", "tag:homeostat:action"), ("Filter.1.Value.1", request.id.as_str())],
        );
        assert!(all(&taken, "snapshotId").len() <= 1, "killed at step {kill}");
        assert_eq!(account.state(), before, "nothing else is changed");
        if whole {
            assert_eq!(executor.gate().phase(&request.id), Phase::Active);
            let plan = executor.gate().plan(&request.id).unwrap().clone();
            block_on(account.actuator().revert(&plan)).unwrap();
            assert_eq!(block_on(account.actuator().observe(&plan)), Ok(Observed::InForce), "evidence stays");
            println!("Proof of snapshots: {kill} kills, none taken twice");
            return;
        }
    }
}

fn executor(account: &Account, storage: &MemoryStorage) -> Executor<MemoryStorage> {
    let mut policy = Policy::new("test", Budget::new("everything", u32::MAX));
    policy.rules.push(Rule::new("everything", Ruling::Autonomous));
    let key = PseudonymKey::new([0; 32]);
    let (journal, records) = Journal::open(storage.clone(), MemoryStorage::default(), key).unwrap();
    let config = GateConfig::new(TenantId::new("acme").unwrap(), policy.compile().unwrap()).mode(Mode::Act);
    let gate = Gate::open(config, journal, records).unwrap();
    block_on(Executor::open(gate, ExecutorConfig::new(vec![account.actuator()]), NOW())).unwrap()
}

/// Polls a future so many times and drops it; whether it came to its end.
fn polls<T>(times: usize, future: impl Future<Output = T>) -> bool {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..times).any(|_| future.as_mut().poll(&mut context).is_ready())
}

/// An account that answers everything with one status and code.
struct Says(u16, &'static str);

impl HttpSend for Says {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, SendError>> {
        let signed = call
            .headers
            .iter()
            .any(|(name, value)| name == "Authorization" && value.contains("/aws4_request"));
        assert!(signed, "no call goes out unsigned");
        let text = format!("<E><Errors><Error><Code>{}</Code></Error></Errors></E>", self.1);
        Box::pin(async move { Ok(Answer::new(self.0, text.into_bytes())) })
    }
}

#[test]
fn a_refusal_is_told_for_what_it_is() {
    let asked = |status, code| {
        let aws =
            Aws::new(Arc::new(Says(status, code)), Credentials::new("AKIDEXAMPLE", "secret"), "us-east-1");
        assert!(!format!("{aws:?}").contains("AKID"));
        block_on(aws.plan(&request(Action::DisableCredential, TargetKind::Person, USER))).err()
    };
    assert_eq!(asked(404, "NoSuchEntity"), Some(ActError::permanent("find the principal")));
    assert_eq!(asked(403, "AccessDenied"), Some(ActError::permanent("GetUser")));
    assert_eq!(asked(400, "Throttling"), Some(ActError::transient("GetUser")));
    assert_eq!(
        asked(500, "InternalFailure"),
        Some(ActError::transient("GetUser")),
        "looking again does no harm"
    );
}

#[test]
fn what_is_no_key_instance_or_principal_is_refused_before_anything_is_asked() {
    let aws = Aws::new(Arc::new(Says(500, "")), Credentials::new("a", "b"), "us-east-1");
    let refused = |action, kind, id: &str| aws.validate(&request(action, kind, id)).is_err();
    assert!(refused(Action::DisableCredential, TargetKind::Credential, "AKIA&Action=DeleteUser"));
    assert!(refused(Action::ApplySecurityGroup, TargetKind::Instance, ""));
    assert!(refused(Action::RevokeSession, TargetKind::ServiceAccount, USER), "only roles have sessions");
    assert!(refused(Action::Block, TargetKind::Person, USER));
    assert!(!refused(Action::RevokeSession, TargetKind::ServiceAccount, ROLE));
}
