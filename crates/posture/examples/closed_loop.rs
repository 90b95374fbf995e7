//! A cloud posture product finds a right too many, proposes what is used, carries it out, and knows it when it is back.

use homeostat_core::{EntityKey, EntityKind, EventRef, TenantId, Timestamp};
use homeostat_posture::{Change, Op, Posture, RuleSet, Update, Usage, Use};
use std::error::Error;

const ETL: &str = "arn:aws:iam::111122223333:user/svc-etl";
const QUIET: &str = r#"{"Arn": "arn:aws:iam::111122223333:user/svc-etl", "UserPolicyList": [], "GroupList": [],
    "AttachedManagedPolicies": []}"#;
const TOO_MUCH: &str =
    r#"{"AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]}"#;
const OPS: &str = r#"{"GroupName": "ops", "AttachedManagedPolicies": [], "GroupPolicyList": [{"PolicyName": "all",
    "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}]}"#;

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "{} rules, {} combinations",
        RuleSet::built_in().len(),
        RuleSet::built_in().combinations().count()
    );
    let etl = EntityKey::new(EntityKind::IamUserArn, "111122223333", ETL)?;
    let ops = EntityKey::new(EntityKind::IamGroupArn, "111122223333", "arn:aws:iam::111122223333:group/ops")?;
    let put = |object: &EntityKey, kind: &str, document: &str| Op::Put {
        object: object.clone(),
        kind: kind.to_owned(),
        document: document.to_owned(),
    };
    let mut posture = Posture::default();
    tell(&mut posture, 1, put(&etl, "aws.iam.user", QUIET))?;
    tell(&mut posture, 2, put(&ops, "aws.iam.group", OPS))?;
    tell(&mut posture, 3, Op::Settle { name: "monday".into() })?;

    // Twenty-eight days of work, then somebody attaches everything.
    let mut usage = Usage::default();
    for day in 0..28 {
        let at = Timestamp::from_micros(day * 86_400_000_000);
        let resource = format!("arn:aws:s3:::orders/{day}.csv");
        usage.record(&Use { who: etl.clone(), action: "s3:GetObject".into(), resource, at });
    }
    tell(&mut posture, 4, put(&etl, "aws.iam.user", TOO_MUCH))?;
    show(&posture);

    let proposal = posture.least_privilege(&etl, &usage, Timestamp::FIRST).ok_or("not known")?;
    let (before, after) =
        proposal.reduction(["s3:GetObject", "s3:PutObject", "iam:CreateUser", "ec2:RunInstances"]);
    println!(
        "{} uses kept, {} lost; of 4 actions {before}, then {after}",
        proposal.kept,
        proposal.lost.len()
    );
    println!("proposed: {}", proposal.policy.as_deref().unwrap_or("nothing"));
    let patch = proposal.patch(&posture.document(&etl).ok_or("not known")?).ok_or("no such document")?;
    tell(&mut posture, 5, Op::Patch { object: etl.clone(), patch })?;
    tell(
        &mut posture,
        6,
        Op::Tell { claim: "administrator".into(), object: etl.clone(), story: "incident 7".into() },
    )?;

    // It comes back by another way.
    tell(&mut posture, 7, put(&etl, "aws.iam.user", r#"{"GroupList": ["ops"]}"#))?;
    show(&posture);
    Ok(())
}

fn tell(posture: &mut Posture, hour: u64, op: Op) -> Result<Update, Box<dyn Error>> {
    let at = Timestamp::from_millis(i64::try_from(hour)? * 3_600_000);
    let (tenant, evidence) = (TenantId::new("acme")?, EventRef::new("cloudtrail", hour)?);
    let update = posture.apply(&Change { tenant, at, evidence, op })?;
    let (opened, closed, back) = (update.opened.len(), update.closed.len(), update.regressed.len());
    println!(
        "hour {hour}: {opened} opened, {closed} closed, {back} back; {} answers worked out",
        update.evaluated
    );
    Ok(update)
}

fn show(posture: &Posture) {
    for finding in posture.drift() {
        println!("  {} {}: {}", finding.severity(), finding.object().value(), finding.title());
        for one in finding.observations() {
            println!(
                "    {}: {}, wanted: {}",
                one.place,
                one.observed.as_deref().unwrap_or("nothing"),
                one.wanted
            );
        }
        if let Some(back) = finding.regression() {
            let story = back.story.as_deref().unwrap_or("no story");
            println!("    back: fixed by {} ({story}), found then by {}", back.fixed_by, back.rule);
        }
    }
}
