//! The stories about configuration after a repair: what was taken away comes back in four forms, and what only looks
//! like a change.

use crate::accounts::user_arn;
use crate::cast::{ACCOUNT, APPROVAL_TAG, office};
use crate::cloudtrail::{Call, Caller};
use crate::configuration::{ADMINISTRATOR, ADMINISTRATORS};
use crate::intrusion::EVERYTHING;
use crate::object::Object;
use crate::okta::Visit;
use crate::story::Teller;
use crate::workday::enter_cloud;
use homeostat_core::{EntityKind, Stage};

const MINUTE: i64 = 60_000_000;
/// Whose rights come back.
const WHO: &str = "svc-etl";
/// The role that may do everything.
const ROLE: &str = "AcmeAdministrator";

impl Teller<'_> {
    /// A session of the administrator at `minute` of the story's day.
    fn administering(&mut self, minute: i64) -> Option<(Caller, i64)> {
        let administrator = self.cast.administrator()?;
        let visit = Visit::known(&mut self.rng, administrator, office());
        let at = self.at(minute);
        Some((enter_cloud(self.log, &mut self.rng, at, (self.seed, &visit)), at))
    }

    pub(crate) fn comeback(&mut self) -> Option<()> {
        self.alias(EntityKind::IamUserArn, ACCOUNT, &user_arn(WHO));
        self.harmless("the administrator signs in to the cloud");
        let (session, start) = self.administering(9 * 60)?;
        for ((what, call, undo), number) in Self::ways().into_iter().zip(0_i64..) {
            let at = start + (5 + number * 20) * MINUTE;
            self.step(Stage::Privilege, "T1098.003", what);
            session.write(self.log, &mut self.rng, at, &call);
            self.harmless("it is taken back");
            session.write(self.log, &mut self.rng, at + 10 * MINUTE, &undo);
        }
        Some(())
    }

    /// The four ways back, each with how it is undone.
    fn ways() -> [(&'static str, Call, Call); 4] {
        let user = || Object::default().text("userName", WHO);
        let of = |name: &'static str, asked: &Object| Call::new("iam", name).asking(asked);
        let inline = user().text("policyName", "migration");
        let attached = user().text("policyArn", ADMINISTRATOR);
        let group = user().text("groupName", ADMINISTRATORS);
        [
            (
                "the same policy is put again",
                of("PutUserPolicy", &inline.clone().text("policyDocument", EVERYTHING)),
                of("DeleteUserPolicy", &inline),
            ),
            (
                "a policy of the provider is attached instead",
                of("AttachUserPolicy", &attached),
                of("DetachUserPolicy", &attached),
            ),
            (
                "the account joins a group that may do everything",
                of("AddUserToGroup", &group),
                of("RemoveUserFromGroup", &group),
            ),
            (
                "a role that may do everything trusts the account",
                of("UpdateAssumeRolePolicy", &trust(&[&user_arn(WHO)])),
                of("UpdateAssumeRolePolicy", &trust(&[])),
            ),
        ]
    }

    pub(crate) fn maintenance(&mut self) -> Option<()> {
        for name in ["svc-backup", "svc-ci", "svc-monitor"] {
            self.alias(EntityKind::IamUserArn, ACCOUNT, &user_arn(name));
        }
        self.harmless("the administrator signs in to the cloud");
        let (session, start) = self.administering(11 * 60)?;
        for ((what, call), number) in quiet().into_iter().zip(0_i64..) {
            self.harmless(what);
            session.write(self.log, &mut self.rng, start + (5 + number * 6) * MINUTE, &call);
        }
        Some(())
    }
}

/// The trust of the role: whoever signs in, and `users`.
fn trust(users: &[&str]) -> Object {
    let provider = format!("arn:aws:iam::{ACCOUNT}:saml-provider/Okta");
    let allow = |principal: Object, action: &str| {
        let statement = Object::default().text("Effect", "Allow").object("Principal", &principal);
        statement.text("Action", action).end()
    };
    let mut statements =
        vec![allow(Object::default().text("Federated", &provider), "sts:AssumeRoleWithSAML")];
    statements.extend(users.iter().map(|user| allow(Object::default().text("AWS", user), "sts:AssumeRole")));
    let document = Object::default().text("Version", "2012-10-17").list("Statement", &statements).end();
    Object::default().text("roleName", ROLE).text("policyDocument", &document)
}

/// Changes that are none, or none for the worse; the last three are announced as approved.
fn quiet() -> [(&'static str, Call); 7] {
    let user = |name: &str| Object::default().text("userName", name);
    let put = |name: &str, policy: &str, document: &str| {
        let asked = user(name).text("policyName", policy).text("policyDocument", document);
        Call::new("iam", "PutUserPolicy").asking(&asked)
    };
    let tag = |name: &str, key: &str, value: &str| {
        let tag = Object::default().text("key", key).text("value", value).end();
        Call::new("iam", "TagUser").asking(&user(name).list("tags", &[tag]))
    };
    let bucket = Object::default().text("bucketName", "acme-logs").plain("bucketPolicy", ENCRYPTED);
    [
        ("a tag is set", tag("svc-ci", "team", "platform")),
        ("the same policy in another order", put("svc-backup", "svc-backup-inline", SAME)),
        ("a right less", put("svc-backup", "svc-backup-inline", LESS)),
        ("a bucket asks for encryption", Call::new("s3", "PutBucketPolicy").asking(&bucket)),
        ("a change is announced as approved", tag("svc-monitor", APPROVAL_TAG, "CHG-1077")),
        ("the approved change", put("svc-monitor", "migration", EVERYTHING)),
        ("the approved change once more, in another order", put("svc-monitor", "migration", REORDERED)),
    ]
}

const REORDERED: &str =
    r#"{"Statement":[{"Resource":"*","Effect":"Allow","Action":"*"}],"Version":"2012-10-17"}"#;
const SAME: &str = r#"{"Statement":[{"Resource":"*","Effect":"Allow","Action":["s3:PutObject","s3:List*","s3:Get*","ec2:Describe*","ec2:CreateSnapshot"]}],"Version":"2012-10-17"}"#;
const LESS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:CreateSnapshot","ec2:Describe*","s3:List*","s3:PutObject"],"Resource":"*"}]}"#;
const ENCRYPTED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::acme-logs","arn:aws:s3:::acme-logs/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
