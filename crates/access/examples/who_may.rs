//! A cloud posture product asks of each principal whether it may read the payroll bucket, and why.

use homeostat_access::{Context, Policy, PolicyError, Principal, Request, Subject};

fn main() -> Result<(), PolicyError> {
    let staff = Policy::parse(
        "staff",
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::payroll/*",
             "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]}"#,
    )?;
    let admin = Policy::parse(
        "admin",
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::payroll/*"}]}"#,
    )?;
    let limit = Policy::parse(
        "limit",
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}"#,
    )?;
    let user = |name: &str| Subject::new(Principal::aws(&format!("arn:aws:iam::111122223333:user/{name}")));
    let people = [
        ("jane", user("jane").with(staff.clone())),
        ("root-like", user("root-like").with(staff.clone()).with(admin)),
        ("bounded", user("bounded").with(staff).within(limit)),
        ("new", user("new")),
    ];

    let context = Context::symbolic();
    let read = Request::new("s3:GetObject", "arn:aws:s3:::payroll/2026.csv", &context);
    for (name, subject) in people {
        let answer = subject.decide(&read);
        let because: Vec<String> = answer.because.iter().map(ToString::to_string).collect();
        println!("{name:10} {:17} {}", answer.decision.to_string(), because.join("; "));
        if let homeostat_access::Decision::AllowedIf(residual) = answer.decision {
            println!("{:28} if {residual}", "");
        }
    }
    Ok(())
}
