//! A vendor who takes the whole pipeline: raw CloudTrail records go in, a story and a bounded response come out.
//!
//! `cargo run -p homeostat --example leaked_key_to_lease`

use homeostat::{Pipeline, Responder};
use homeostat_core::TenantId;
use homeostat_ingest::{Context, Ingest, Registry};
use homeostat_response::conformance::block_on;
use homeostat_response::{Erase, MemoryActuator, MemoryWorld, Mode, View};
use std::error::Error;
use std::sync::Arc;

/// A key of a build server, used from outside: it is refused, gives itself all rights, and makes a key that lasts.
const CALLS: [(&str, &str, &str, &str); 6] = [
    ("sts", "GetCallerIdentity", "{}", ""),
    ("iam", "ListUsers", "{}", "AccessDenied"),
    ("s3", "ListBuckets", "{}", "AccessDenied"),
    ("ec2", "DescribeInstances", "{}", "Client.UnauthorizedOperation"),
    (
        "iam",
        "AttachUserPolicy",
        r#"{"userName":"build","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#,
        "",
    ),
    ("iam", "CreateAccessKey", r#"{"userName":"admin"}"#, ""),
];

/// The log that such a night leaves.
fn log() -> String {
    let record = |(minute, (service, name, asked, refused)): (usize, (&str, &str, &str, &str))| {
        let error = if refused.is_empty() { String::new() } else { format!(r#""errorCode":"{refused}","#) };
        format!(
            r#"{{"eventVersion":"1.08","eventTime":"2026-03-16T03:0{minute}:00Z","eventID":"e-{minute}",{error}
            "eventSource":"{service}.amazonaws.com","eventName":"{name}","requestParameters":{asked},
            "sourceIPAddress":"198.51.100.7","recipientAccountId":"111122223333","userIdentity":{{
            "type":"IAMUser","arn":"arn:aws:iam::111122223333:user/build","accountId":"111122223333",
            "userName":"build","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}}}}"#
        )
    };
    CALLS.into_iter().enumerate().map(record).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let tenant = TenantId::new("acme")?;
    let mut ingest =
        Ingest::new(Registry::default()).with_context(Context::new().with_tenant(tenant.clone()));
    let mut pipeline = Pipeline::new(tenant.clone());
    for event in ingest.read("trail.json", log().as_bytes()) {
        pipeline.observe(&event?);
    }
    pipeline.finish();

    let world = MemoryWorld::default();
    let target = Arc::new(Erase(MemoryActuator::new(world.clone())));
    let mut responder = Responder::new(tenant, Mode::Act, vec![target])?;
    let graph = pipeline.estate().graph();
    for incident in pipeline.investigator().incidents() {
        for step in &incident.report(graph, graph).steps {
            println!("{}", step.sentence);
        }
        let (now, risk) = (incident.updated(), pipeline.risk());
        let view = View { reach: graph, criticality: graph, risk, now };
        for id in block_on(responder.respond(&incident, &view))?.actions {
            println!("\n{}", responder.told_of(&id).ok_or("nothing is told")?);
        }
    }
    println!("\nin force: {}", world.in_force().len());
    while let Some(deadline) = responder.next_deadline() {
        block_on(responder.tick(deadline))?; // in a product a timer does this
    }
    println!("in force when every lease has ended: {}", world.in_force().len());
    Ok(())
}
