//! What the policies that AWS itself owns allow, for estates whose dump or log does not carry their documents.
//!
//! Facts of the "AWS Managed Policy Reference" (default versions, November 2026), reduced to the few whose content is
//! one line and that matter for escalation. All others without a document are unread: they grant nothing here
//! and the principals that hold them say so.

/// The document of the AWS-owned policy `arn`; `None` when the table does not have it.
pub(crate) fn document(arn: &str) -> Option<String> {
    let name = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy/")?.1;
    if name == "AWSDenyAll" {
        return Some(DENY_ALL.to_owned());
    }
    let (element, actions) =
        TABLE.iter().find(|(own, ..)| *own == name).map(|(_, element, list)| (element, list))?;
    let actions = actions.join("\", \"");
    Some(format!(
        "{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"{element}\": [\"{actions}\"], \"Resource\": \"*\"}}]}}"
    ))
}

const DENY_ALL: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}"#;

const TABLE: [(&str, &str, &[&str]); 8] = [
    ("AdministratorAccess", "Action", &["*"]),
    ("PowerUserAccess", "NotAction", &["iam:*", "organizations:*", "account:*"]),
    ("IAMFullAccess", "Action", &["iam:*"]),
    ("AmazonS3FullAccess", "Action", &["s3:*", "s3-object-lambda:*"]),
    ("AmazonS3ReadOnlyAccess", "Action", &["s3:Get*", "s3:List*", "s3:Describe*"]),
    ("AmazonEC2FullAccess", "Action", &["ec2:*", "elasticloadbalancing:*", "cloudwatch:*", "autoscaling:*"]),
    ("SecretsManagerReadWrite", "Action", &["secretsmanager:*"]),
    ("AWSLambda_FullAccess", "Action", &["lambda:*"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_access::Policy;

    #[test]
    fn every_entry_is_a_policy() {
        for (name, ..) in TABLE {
            let arn = format!("arn:aws:iam::aws:policy/{name}");
            assert_eq!(Policy::parse(&arn, &document(&arn).unwrap()).unwrap().len(), 1, "{name}");
        }
        assert_eq!(
            document("arn:aws:iam::111122223333:policy/AdministratorAccess"),
            None,
            "a customer's own"
        );
        assert_eq!(document("arn:aws:iam::aws:policy/Unknown"), None);
    }
}
