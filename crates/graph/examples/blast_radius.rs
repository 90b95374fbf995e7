//! A posture product reads an account, shows the worst path, then follows a change as it happens.

use homeostat_core::{TenantId, Timestamp};
use homeostat_graph::{Change, Evidence, Graph, Inventory, Op, PolicySlot, Reading, ReportOptions, arn_key};

const ACCOUNT: &str = r#"{
    "UserDetailList": [
        {"Arn": "arn:aws:iam::111122223333:user/jane", "UserPolicyList": [{"PolicyName": "ops", "PolicyDocument":
            {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}}]},
        {"Arn": "arn:aws:iam::111122223333:user/intern"}],
    "RoleDetailList": [
        {"Arn": "arn:aws:iam::111122223333:role/support",
         "AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}},
         "RolePolicyList": [{"PolicyName": "helpdesk", "PolicyDocument": {"Statement":
            {"Effect": "Allow", "Action": "iam:UpdateLoginProfile", "Resource": "*"}}}]},
        {"Arn": "arn:aws:iam::111122223333:role/deploy",
         "AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "codebuild.amazonaws.com"}}}}]}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let acme = TenantId::new("acme")?;
    let read_at: Timestamp = "2026-11-21T08:00:00Z".parse()?;
    let mut inventory = Inventory::from_account_authorization(ACCOUNT, &Reading::new(acme.clone(), read_at))?;
    let mut graph = Graph::build(&inventory);
    show("at eight", &graph);

    let intern = arn_key("arn:aws:iam::111122223333:user/intern").ok_or("no such user")?;
    let everything = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#.to_owned();
    let touched = inventory.apply(&Change {
        tenant: acme,
        at: "2026-11-21T09:30:00Z".parse()?,
        position: None,
        evidence: Evidence::document("cloudtrail#41"),
        op: Op::PutPolicy {
            object: intern,
            slot: PolicySlot::Inline("tmp".to_owned()),
            document: everything,
        },
    })?;
    let changes = graph.update(&inventory, &touched);
    println!("a change brings {} edges and takes {}", changes.added, changes.removed);
    show("after half past nine", &graph);
    Ok(())
}

fn show(title: &str, graph: &Graph) {
    let report = graph.report(ReportOptions::default());
    println!(
        "{title}: {} of {} can reach administrator",
        report.counts.can_reach_admin, report.counts.principals
    );
    for principal in report.principals.iter().filter(|principal| principal.can_reach_admin) {
        println!("  {} with chance {:.2}", principal.id, principal.probability);
        for step in &principal.path {
            println!("    {} -> {}: {}", step.kind, step.to, step.because);
        }
    }
    for point in &report.choke_points {
        println!("  cut {} -> {}: {} fewer", point.from, point.to, point.cuts);
    }
}
