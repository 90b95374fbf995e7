//! Microsoft Entra ID, the directory: sign-ins, changes, and the risks it finds.
//!
//! Sources: Microsoft Learn, Graph API resource types `signIn`, `directoryAudit`, `riskDetection` and `riskyUser`;
//! "Microsoft Entra audit log categories and activities"; "Microsoft Entra authentication and authorization error
//! codes".

mod audit;
mod operation;
mod risk;
mod sign_in;
mod sign_in_from;

pub use audit::EntraAudit;
pub use risk::EntraRisk;
pub use sign_in::EntraSignIn;

use crate::azure_log::AzureLog;
use crate::source::Context;
use homeostat_event::{Account, Cloud, Organization, Product, User};
use std::borrow::Cow;

fn product() -> Product {
    Product::new("Microsoft", "Entra ID")
}

/// The directory that names the users: the record's own, else the caller's.
fn directory<'c>(log: &AzureLog<'c>, context: &'c Context) -> Option<Cow<'c, str>> {
    log.directory().or_else(|| context.directory.as_deref().map(Cow::Borrowed))
}

/// The cloud, whose organization is the directory.
fn cloud(log: &AzureLog<'_>, directory: Option<&str>) -> Cloud {
    let mut cloud = Cloud::new("Azure");
    cloud.set_org(directory.map(Organization::of_uid));
    if let Some(directory) = directory {
        log.take_same("tenantId", directory);
    }
    cloud
}

/// A user of the directory by what is told of it: id, login, display name.
fn user_of([uid, name, display]: [Option<Cow<'_, str>>; 3], directory: Option<&str>) -> Option<User> {
    let mut user = match (&uid, &name, &display) {
        (Some(uid), _, _) => User::of_uid(&**uid),
        (None, Some(name), _) | (None, None, Some(name)) => User::named(&**name),
        (None, None, None) => return None,
    };
    user.set_email_addr(name.clone().filter(|name| name.contains('@')));
    user.set_name(name).set_display_name(display).set_account(directory.map(Account::of_uid));
    Some(user)
}

/// A service principal: an application as the directory knows it.
fn service_principal(
    uid: Option<Cow<'_, str>>,
    name: Option<Cow<'_, str>>,
    directory: Option<&str>,
) -> Option<User> {
    let mut user = user_of([uid, name, None], directory)?;
    user.set_type_id(4).set_kind("Service");
    Some(user)
}
