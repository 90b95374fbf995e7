//! What a sender's groups let out.

use super::Estate;
use super::document::{group, instance, instances, permission, two_machines};
use homeostat_graph::Edge;
use serde_json::{Value, json};

#[test]
fn a_machine_gets_where_its_groups_let_out() {
    let mut estate = Estate::of(&two_machines(&["sg-web"]));
    for source in ["sg-web", "10.0.1.0/24"] {
        let mut reaches = |outward: Option<&[Value]>| {
            estate.read(&json!({"SecurityGroups": [
                group(("sg-web", "vpc-1"), &[], outward),
                group(("sg-db", "vpc-1"), &[permission(22, source)], Some(&[]))]}));
            estate.gets("i-web", "i-db")
        };
        assert!(reaches(None), "not told, {source}");
        assert!(reaches(Some(&[permission(0, "0.0.0.0/0")])), "all, {source}");
        assert!(!reaches(Some(&[])), "nothing, {source}");
        assert!(!reaches(None), "what was told once is known, {source}");
        assert!(!reaches(Some(&[permission(443, "0.0.0.0/0")])), "another port, {source}");
        assert!(reaches(Some(&[permission(22, "sg-db")])), "that group, {source}");
        assert!(!reaches(Some(&[permission(22, "sg-other")])), "another group, {source}");
        assert!(reaches(Some(&[permission(0, "10.0.0.0/16")])), "that range, {source}");
        assert!(!reaches(Some(&[permission(22, "10.0.3.0/24")])), "another range, {source}");
        assert!(
            reaches(Some(&[permission(443, "0.0.0.0/0"), permission(22, "10.0.2.5/32")])),
            "two, {source}"
        );
        // Told again without the list: for the next source all starts anew.
        estate = Estate::of(&two_machines(&["sg-web"]));
    }
}

#[test]
fn any_group_of_the_sender_lets_out_and_says_so() {
    let groups = json!({"SecurityGroups": [
        group(("sg-web", "vpc-1"), &[], Some(&[])),
        group(("sg-out", "vpc-1"), &[], Some(&[permission(22, "sg-db")])),
        group(("sg-db", "vpc-1"), &[permission(22, "sg-web"), permission(22, "10.0.0.0/8")], Some(&[]))]});
    let mut estate = Estate::of(&two_machines(&["sg-web", "sg-out"]));
    estate.read(&groups);
    assert_eq!(estate.reached("i-web"), [("SSH on port 22".to_owned(), "i-db".to_owned())].into());
    let edges = estate.graph.edges();
    let ours = |edge: &&&Edge| edge.from.scope() == "aws/senders";
    let login = edges.iter().find(ours).unwrap();
    let told = "a security group of the sender lets `tcp 22-22 sg-db` out";
    assert!(login.because.iter().any(|why| why == told), "{:?}", login.because);
    assert_eq!((&*login.rule, login.from.value()), ("SSH on port 22", "sg-out+sg-web in subnet-1"));
    assert!(!edges.iter().any(|edge| edge.from.value() == "sg-web"), "nothing of the group itself gets out");
    // One that is in the first group alone stands in the same subnet, and gets nowhere.
    estate.read(&instances(&[instance(("i-shut", "vpc-1", "subnet-1"), "10.0.1.6", &["sg-web"])]));
    assert!(!estate.gets("i-shut", "i-db") && estate.gets("i-web", "i-db"));
    // One whose group nobody told is not held back.
    estate.read(&instances(&[instance(
        ("i-odd", "vpc-1", "subnet-1"),
        "10.0.1.7",
        &["sg-web", "sg-untold"],
    )]));
    assert!(estate.gets("i-odd", "i-db"));
}

#[test]
fn machines_that_are_alike_start_together() {
    let mut estate = Estate::default();
    let all: Vec<Value> = (0..20)
        .map(|at| instance((&format!("i-{at}"), "vpc-1", "subnet-1"), &format!("10.0.1.{at}"), &["sg-web"]))
        .chain([instance(("i-db", "vpc-1", "subnet-2"), "10.0.2.5", &["sg-db"])])
        .collect();
    estate.read(&instances(&all));
    estate.read(&two_machines(&["sg-web"])[1]);
    estate
        .read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[], Some(&[permission(22, "sg-db")])),
        group(("sg-db", "vpc-1"), &[permission(22, "10.0.0.0/8")], None)]}));
    let edges = estate.graph.edges();
    let logins = |edges: &[&Edge]| edges.iter().filter(|edge| &*edge.rule == "SSH on port 22").count();
    assert_eq!(logins(&edges), 3, "from the crowd, and from the two subnets, in which others may stand");
    assert!((0..20).all(|at| estate.gets(&format!("i-{at}"), "i-db")));
}

#[test]
fn a_balancer_passes_on_what_its_groups_let_out() {
    let balancer =
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188";
    let targets = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/front/73e2d6bc24d8a067";
    let mut estate = Estate::of(&two_machines(&["sg-web"]));
    estate.read(&json!({"LoadBalancers": [{"LoadBalancerArn": balancer, "Scheme": "internet-facing", "Type": "application",
        "State": {"Code": "active"}, "SecurityGroups": ["sg-front"], "VpcId": "vpc-1",
        "AvailabilityZones": [{"ZoneName": "eu-west-1a", "SubnetId": "subnet-1"}]}]}));
    estate.read(&json!({"TargetGroups": [{"TargetGroupArn": targets, "Port": 8080, "Protocol": "HTTP", "VpcId": "vpc-1",
        "LoadBalancerArns": [balancer]}]}));
    estate.read(&json!({"TargetGroupArn": targets, "TargetHealthDescriptions": [{"Target": {"Id": "i-web", "Port": 8080},
        "HealthCheckPort": "8080", "TargetHealth": {"State": "healthy"}}]}));
    estate
        .read(&json!({"vulnerabilities": [{"asset": "i-web", "cve": "CVE-2099-1", "epss": 0.5, "port": 8080,
        "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}));
    let mut passes = |outward: Option<&[Value]>| {
        estate.read(
            &json!({"SecurityGroups": [group(("sg-front", "vpc-1"), &[permission(443, "0.0.0.0/0")], outward),
            group(("sg-web", "vpc-1"), &[permission(8080, "sg-front")], Some(&[]))]}),
        );
        let edges = estate.graph.edges();
        edges.iter().any(|edge| edge.from.value() == balancer && edge.to.value().ends_with("i-web"))
    };
    assert!(passes(None));
    assert!(passes(Some(&[permission(8080, "sg-web")])));
    assert!(!passes(Some(&[permission(9090, "sg-web")])));
    assert!(!passes(Some(&[])));
}
