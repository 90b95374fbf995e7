//! Microsoft Entra ID: sign-ins, changes of the directory, and the risks that Identity Protection finds.
//!
//! Sources: learn.microsoft.com, "Sign-in logs schema", "Microsoft Entra audit log schema" and the Graph resources
//! `signIn`, `directoryAudit`, `provisioningObjectSummary`, `riskyUser` and `riskDetection`. The directory is the
//! record's own tenant, else [`Context::directory`](crate::Context::directory).

mod audit;
mod provisioning;
mod risk;
mod sign_in;

pub use audit::EntraAudit;
pub use risk::EntraRisk;
pub use sign_in::EntraSignIn;

use crate::azure::{Parts, take};
use crate::record::Field;
use crate::source::Context;
use homeostat_event::{Account, Cloud, Event, Organization, Product, User};
use std::borrow::Cow;

fn product(feature: &str) -> Product {
    Product::new("Microsoft", feature)
}

/// The tenant that names the record's users.
fn directory<'a>(parts: &Parts<'a>, context: &'a Context) -> Option<Cow<'a, str>> {
    let own = parts.either("homeTenantId", "tenantId").or_else(|| parts.take("tenantId"));
    own.or_else(|| context.directory.as_deref().map(Cow::Borrowed))
}

fn account(directory: Option<&str>) -> Option<Account> {
    let mut account = Account::of_uid(directory?);
    account.set_type_id(6).set_kind("Azure AD Account");
    Some(account)
}

/// A person of the directory: by the names under which Entra tells id, login and full name.
fn person(object: Field<'_>, names: [&str; 3], directory: Option<&str>) -> Option<User> {
    let [uid, name, full_name] = names.map(|name| take(object, name));
    let mut user =
        User::told(uid.as_deref(), name.as_deref()).or_else(|| full_name.as_deref().map(User::named))?;
    let mail = name.filter(|name| name.contains('@') && !name.contains(' '));
    user.set_email_addr(mail).set_full_name(full_name).set_account(account(directory));
    Some(user)
}

/// A service principal: by the names under which Entra tells its id and its name.
fn principal(object: Field<'_>, names: [&str; 2], directory: Option<&str>) -> Option<User> {
    let [uid, name] = names.map(|name| take(object, name));
    let mut user = User::told(uid.as_deref(), name.as_deref())?;
    user.set_type_id(4).set_kind("Service").set_account(account(directory));
    Some(user)
}

/// Tells the cloud, and the tenant whose resource it is where that is told.
fn tell_cloud(parts: &Parts<'_>, event: &mut Event) {
    let mut cloud = Cloud::new("Azure");
    cloud.set_org(parts.take("resourceTenantId").map(Organization::of_uid));
    event.set_cloud(cloud);
    event.metadata_mut().set_log_source(parts.around("resourceId"));
}
