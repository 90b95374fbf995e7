//! Who becomes a role because another provider vouches for him: tokens of `OpenID` Connect, assertions of SAML.
//!
//! The trust policy decides, asked with what the provider would say: a service account of a cluster, the runs of a
//! repository, a user of a directory to whom the role is assigned. "AWS Security Token Service API Reference",
//! `AssumeRoleWithWebIdentity` and `AssumeRoleWithSAML`; claims of GitHub: "`OpenID` Connect reference".

use crate::authority::{ASSUME, EVERYTHING, Proof, RoleSide};
use crate::edge::EdgeKind;
use crate::inventory::Inventory;
use crate::object::{LinkKind, Object, PolicySlot};
use homeostat_access::{Answer, Context, Decision, Policy, Principal, Request, ResourceSide, Subject};
use std::collections::BTreeSet;

/// Who vouches for the subject: host and path of the issuer of its tokens.
pub(crate) const ISSUER: &str = "issuer";
/// Begins the attributes of a cluster with its issuers, one for each description that was read.
pub(crate) const ISSUERS: &str = "issuer/";
/// What its tokens say it is; `*` at the end where it chooses.
pub(crate) const SUBJECT: &str = "subject";
/// The one role that it is told to become; its cluster's issuer need not be known then.
pub(crate) const ANNOTATED: &str = "annotated";
/// The role that the cluster gives it by association.
pub(crate) const POD_ROLE: &str = "pod_role";
/// Begins attributes with roles of applications that it is assigned: `assigned/APPLICATION/ROLE`.
pub(crate) const ASSIGNED: &str = "assigned/";
/// Begins attributes with roles that a provider's assertions let it become: `saml/ARN of the role`, the provider's ARN.
pub(crate) const ASSERTED: &str = "saml/";
/// Begins attributes of an application with what its roles are: `app_role/ROLE`, the ARNs of a role and of its provider.
pub(crate) const APP_ROLE: &str = "app_role/";
/// The provider of an account that vouches for an application's users, whose roles have the names that are assigned.
pub(crate) const PROVIDER: &str = "provider";
/// Begins attributes with sets of permissions that it is assigned: `sso/ACCOUNT/ARN of the set`.
pub(crate) const PERMISSION_SET: &str = "sso/";
/// What a set of permissions is called.
pub(crate) const NAME: &str = "name";
/// Marks what nobody acts as by itself: a group, an application.
pub(crate) const GROUP: &str = "group";
/// Marks who can not sign in: nobody vouches for him.
pub(crate) const SUSPENDED: &str = "suspended";
/// Begins attributes of a vendor with the accounts that it acts from: `account/NUMBER`, the external id that it sends.
pub(crate) const VENDOR_ACCOUNT: &str = "account/";

const WEB: &str = "sts:AssumeRoleWithWebIdentity";
const SAML: &str = "sts:AssumeRoleWithSAML";
const PODS: &str = "pods.eks.amazonaws.com";
const AUDIENCE: &str = "sts.amazonaws.com";
const SIGN_IN: &str = "https://signin.aws.amazon.com/saml";
/// How the roles of IAM Identity Center are called: the set's name and sixteen signs behind it.
const RESERVED: &str = "/aws-reserved/sso.amazonaws.com/";

/// A way into the role.
pub(crate) struct Claim {
    pub(crate) kind: EdgeKind,
    pub(crate) rule: &'static str,
    pub(crate) proof: Proof,
}

/// The ways of `subject` into `role`.
pub(crate) fn claims(
    inventory: &Inventory,
    subject: &Object,
    (role, side): (&Object, &RoleSide),
) -> impl Iterator<Item = Claim> + use<> {
    let web = by_token(issuer(inventory, subject), subject, (role, side));
    let pod = by_association(subject, role, side);
    let saml = by_assertion(inventory, subject, (role, side));
    let set = by_permission_set(inventory, subject, role);
    let vendor = by_account(subject, role, side);
    let signs_in = subject.attribute(SUSPENDED).is_none();
    web.into_iter().chain(pod).chain(saml).chain(set).chain(vendor).filter(move |_| signs_in)
}

/// Whether a trust policy names somebody who is no principal of the account: a provider, the pods of a cluster, another
/// account.
pub(crate) fn names_outsiders(trust: &str, account: &str) -> bool {
    let other = |text: String| {
        let number =
            text.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split(':').next()).unwrap_or(&text);
        number.len() == 12 && number.bytes().all(|byte| byte.is_ascii_digit()) && number != account
    };
    trust.contains("\"Federated\"") || trust.contains(PODS) || strings(trust).any(other)
}

/// Who vouches for the subject: told of itself, or of the one cluster it lies in.
fn issuer<'a>(inventory: &'a Inventory, subject: &'a Object) -> Option<&'a str> {
    let cluster = subject.links(LinkKind::Within).find_map(|key| inventory.object(key));
    let mut told = cluster.into_iter().flat_map(Object::attributes);
    let mut told = told.by_ref().filter(|(name, _)| name.starts_with(ISSUERS)).map(|(_, host)| host);
    let first = told.next().filter(|_| told.next().is_none());
    subject.attribute(ISSUER).or(first)
}

fn by_token(issuer: Option<&str>, subject: &Object, (role, side): (&Object, &RoleSide)) -> Option<Claim> {
    let own = subject.attribute(SUBJECT)?;
    let (trust, document) = (side.trust.as_ref()?, role.document(&PolicySlot::Trust)?.0);
    let providers = strings(&document.json).filter(|text| text.contains(":oidc-provider/"));
    for provider in providers.collect::<BTreeSet<_>>() {
        let (_, host) = provider.split_once(":oidc-provider/")?;
        let vouches = match issuer {
            Some(issuer) => issuer == host,
            // Whose cluster it is nobody told: account and role name each other, or there is no edge.
            None => host.starts_with("oidc.eks.") && subject.attribute(ANNOTATED) == Some(role.key().value()),
        };
        if !vouches {
            continue;
        }
        for said in said(own, &document.json) {
            let context = Context::symbolic()
                .with(&format!("{host}:sub"), [said.as_str()])
                .with(&format!("{host}:aud"), [AUDIENCE])
                .complete_for(&format!("{host}:sub"));
            let asked = ask(&Principal::federated(&provider), (WEB, role.key().value()), &context, trust);
            if let Some(proof) = proof(&asked, subject, side) {
                return Some(Claim { kind: EdgeKind::WEB_IDENTITY, rule: WEB, proof });
            }
        }
    }
    None
}

/// What a subject may have its tokens say: the one thing, or what of its own the policy would like to hear.
fn said(own: &str, policy: &str) -> Vec<String> {
    let Some(start) = own.strip_suffix('*') else { return vec![own.to_owned()] };
    let mut all: BTreeSet<String> = [format!("{start}ref:refs/heads/main")].into();
    all.extend(
        strings(policy).filter(|text| text.starts_with(start)).map(|text| text.replace(['*', '?'], "x")),
    );
    all.into_iter().collect()
}

/// An association of the cluster gives the pods of an account a role that trusts the cluster's service.
fn by_association(subject: &Object, role: &Object, side: &RoleSide) -> Option<Claim> {
    (subject.attribute(POD_ROLE)? == role.key().value()).then_some(())?;
    let context = Context::symbolic();
    let asked = ask(&Principal::service(PODS), (ASSUME, role.key().value()), &context, side.trust.as_ref()?);
    let proof = proof(&asked, subject, side)?;
    Some(Claim { kind: EdgeKind::WEB_IDENTITY, rule: "pod identity", proof })
}

/// Who is assigned the role, by a directory's application for AWS, whose roles are written `role,provider`, or plainly.
fn by_assertion(
    inventory: &Inventory,
    subject: &Object,
    (role, side): (&Object, &RoleSide),
) -> Option<Claim> {
    let arn = role.key().value();
    let plain = subject.attribute(&format!("{ASSERTED}{arn}")).map(str::to_owned);
    let assigned = subject.attributes().filter_map(|(name, _)| name.strip_prefix(ASSIGNED)?.rsplit_once('/'));
    let by_application = assigned.filter_map(|(application, own)| {
        let mut tied = subject.links(LinkKind::AssignedIn).filter(|key| key.value() == application);
        let application = tied.find_map(|key| inventory.object(key))?;
        if let Some(provider) = application.attribute(PROVIDER) {
            let (account, _) = provider.split_once(":saml-provider/")?;
            return (arn == format!("{account}:role/{own}")).then(|| provider.to_owned());
        }
        let (one, two) = application.attribute(&format!("{APP_ROLE}{own}"))?.split_once(',')?;
        let (one, two) = (one.trim(), two.trim());
        let (named, provider) = if one.contains(":saml-provider/") { (two, one) } else { (one, two) };
        (named == arn).then(|| provider.to_owned())
    });
    let context = Context::symbolic().with("SAML:aud", [SIGN_IN]);
    let trust = side.trust.as_ref()?;
    plain.into_iter().chain(by_application).find_map(|provider| {
        let asked = ask(&Principal::federated(&provider), (SAML, arn), &context, trust);
        let proof = proof(&asked, subject, side)?;
        Some(Claim { kind: EdgeKind::SAML, rule: SAML, proof })
    })
}

/// Identity Center makes a role in the account for each set, and lets in those who are assigned it.
fn by_permission_set(inventory: &Inventory, subject: &Object, role: &Object) -> Option<Claim> {
    let arn = role.key().value();
    let (_, name) = arn.contains(RESERVED).then(|| arn.rsplit_once('/'))??;
    let set = name.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?.0;
    let start = format!("{PERMISSION_SET}{}/", role.key().scope());
    let assigned = subject.attributes().filter_map(|(name, _)| name.strip_prefix(start.as_str()));
    let is_set = |arn: &str| {
        let mut sets = subject.links(LinkKind::AssignedIn).filter(|key| key.value() == arn);
        let name = sets.find_map(|key| inventory.object(key)?.attribute(NAME));
        name == Some(set)
    };
    assigned.into_iter().any(is_set).then_some(())?;
    let proof = Proof {
        because: vec![format!("`{}` is assigned the permission set `{set}`", subject.key().value())],
        evidence: [subject.evidence().clone(), role.evidence().clone()].into(),
        ..Proof::default()
    };
    Some(Claim { kind: EdgeKind::SAML, rule: "permission set", proof })
}

/// A vendor acts from its own account, where it may do what it likes.
fn by_account(subject: &Object, role: &Object, side: &RoleSide) -> Option<Claim> {
    let (trust, all) = (side.trust.as_ref()?, Policy::parse("the vendor's own", EVERYTHING).ok()?);
    for (name, external) in subject.attributes() {
        let Some(account) = name.strip_prefix(VENDOR_ACCOUNT) else { continue };
        let known = Context::symbolic().with("aws:PrincipalAccount", [account]);
        let context = if external.is_empty() { known } else { known.with("sts:ExternalId", [external]) };
        let principal = Principal::aws(&format!("arn:aws:iam::{account}:role/-"));
        let vendor = Subject::new(principal).with(all.clone());
        let request = Request::new(ASSUME, role.key().value(), &context);
        let asked = vendor.decide_with(&request, ResourceSide::MustGrant(trust));
        if let Some(proof) = proof(&asked, subject, side) {
            return Some(Claim { kind: EdgeKind::ACTS_AS, rule: ASSUME, proof });
        }
    }
    None
}

/// Issuers whose tokens everybody gets, each with what a stranger's would say.
const OPEN_ISSUERS: [(&str, &str); 4] = [
    ("token.actions.githubusercontent.com", "repo:a-stranger/of-his:ref:refs/heads/main"),
    ("gitlab.com", "project_path:a-stranger/of-his:ref_type:branch:ref:main"),
    ("app.terraform.io", "organization:a-stranger:project:of-his:workspace:w:run_phase:apply"),
    ("accounts.google.com", "000000000000000000000"),
];

/// How whoever likes becomes the role: by a token that everybody gets, or from an account of his own.
pub(crate) fn open_to_anybody(role: &Object) -> Option<(EdgeKind, &'static str, Vec<String>)> {
    let (document, _) = role.document(&PolicySlot::Trust)?;
    let trust = document.read.as_ref().ok()?;
    let told = |answer: Answer| answer.because.iter().map(ToString::to_string).collect();
    let providers = strings(&document.json).filter(|text| text.contains(":oidc-provider/"));
    for provider in providers.collect::<BTreeSet<_>>() {
        let Some((host, said)) = OPEN_ISSUERS.iter().find(|(host, _)| provider.ends_with(host)) else {
            continue;
        };
        let context = Context::symbolic()
            .with(&format!("{host}:sub"), [*said])
            .with(&format!("{host}:aud"), [AUDIENCE]);
        let asked = ask(&Principal::federated(&provider), (WEB, role.key().value()), &context, trust);
        if asked.decision.is_allowed() {
            return Some((EdgeKind::WEB_IDENTITY, WEB, told(asked)));
        }
    }
    let stranger = Principal::aws("arn:aws:iam::999999999999:role/-");
    let vendor = Subject::new(stranger).with(Policy::parse("the stranger's own", EVERYTHING).ok()?);
    let context = Context::symbolic().with("aws:PrincipalAccount", ["999999999999"]);
    let request = Request::new(ASSUME, role.key().value(), &context);
    let asked = vendor.decide_with(&request, ResourceSide::MustGrant(trust));
    asked.decision.is_allowed().then(|| (EdgeKind::ASSUME_ROLE, ASSUME, told(asked)))
}

fn ask(principal: &Principal, (action, role): (&str, &str), context: &Context, trust: &Policy) -> Answer {
    let request = Request::new(action, role, context);
    Subject::new(principal.clone()).decide_with(&request, ResourceSide::MustGrant(trust))
}

fn proof(answer: &Answer, subject: &Object, side: &RoleSide) -> Option<Proof> {
    let conditions = match &answer.decision {
        Decision::Allowed => BTreeSet::new(),
        Decision::AllowedIf(rest) => rest.conditions().iter().map(ToString::to_string).collect(),
        Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => return None,
    };
    let mut evidence: BTreeSet<_> = [subject.evidence().clone()].into();
    evidence.extend(side.evidence.clone());
    Some(Proof { because: answer.because.iter().map(ToString::to_string).collect(), evidence, conditions })
}

/// The texts of a JSON document, without those that hold an escape: neither ARNs nor claims do.
fn strings(json: &str) -> impl Iterator<Item = String> {
    json.split('"').skip(1).step_by(2).map(str::to_owned)
}
