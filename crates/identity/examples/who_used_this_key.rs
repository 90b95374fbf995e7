//! An analyst holds a leaked cloud key and asks: who used it, and how do you know?
//!
//! `cargo run -p homeostat-identity --example who_used_this_key`

use homeostat_core::{EntityKey, EntityKind, EventRef, Position, State as _, TenantId, Timestamp};
use homeostat_identity::{Directory, Limits, Link, LinkKind, LoginRule, Observation};

const ACCOUNT: &str = "123456789012";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let acme = TenantId::new("acme")?;
    let upn = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
    let okta = EntityKey::new(EntityKind::DirectoryObjectId, "acme.okta.example", "00u1jane")?;
    let user = EntityKey::new(EntityKind::IamUserArn, ACCOUNT, "arn:aws:iam::123456789012:user/jane")?;
    let role = EntityKey::new(EntityKind::IamRoleArn, ACCOUNT, "arn:aws:iam::123456789012:role/etl")?;
    let session =
        EntityKey::new(EntityKind::RoleSession, ACCOUNT, "arn:aws:iam::123456789012:role/etl/nightly")?;
    let leaked = EntityKey::new(EntityKind::AccessKey, "acme", "ASIANIGHTLY")?;

    // What three logs said, in the order they said it.
    let sign_in = EventRef::new("okta.jsonl", 17)?;
    let assume_role = EventRef::new("cloudtrail.jsonl", 204)?;
    let told = [
        Link::same(okta, upn.clone(), &sign_in),
        Link::new(LinkKind::ActsFor, session.clone(), role, &assume_role),
        Link::new(LinkKind::ActsFor, session.clone(), user.clone(), &assume_role),
        Link::new(LinkKind::ActsFor, leaked.clone(), session, &assume_role),
    ];
    // What the tenant told once: IAM users are named like mail addresses.
    let rules = vec![LoginRule::iam_account(ACCOUNT, "acme.example")];
    let mut directory = Directory::build(acme.clone(), rules, Limits::default())?;
    let when: Timestamp = "2026-03-16T09:00:00Z".parse()?;
    for (offset, link) in told.into_iter().enumerate() {
        let observation = Observation::of_links(&acme, when, vec![link]);
        directory.observe(Position::at(offset as u64), &observation)?;
    }

    for behind in directory.behind(&leaked, when) {
        let person = directory.entity(behind.id).ok_or("no such entity")?;
        println!("{leaked} was used by a {}:", person.class.as_str());
        for identifier in &person.identifiers {
            println!("  {identifier}");
        }
        println!("because");
        for link in &behind.because {
            println!("  {} acts for {} ({})", link.a, link.b, link.evidence);
        }
        for link in directory.because(&user, &upn) {
            println!("  {} is {} ({:?}, {})", link.a, link.b, link.strength, link.evidence);
        }
    }
    Ok(())
}
