//! Logs of AWS beside its trail: flows, questions to its resolver, web requests its firewall judged, findings.

mod dns;
mod finding;
mod flow;
mod guardduty;
mod security_hub;
mod waf;

pub use dns::Route53;
pub use flow::VpcFlow;
pub use guardduty::GuardDuty;
pub use security_hub::SecurityHub;
pub use waf::Waf;

use crate::record::Field;
use crate::source::Context;
use homeostat_event::{Account, Cloud};
use std::borrow::Cow;

/// Takes what `object` tells under `name`; `-` tells nothing.
fn take<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    told(object.member(name)?)?.take()
}

fn told(field: Field<'_>) -> Option<Field<'_>> {
    let text = field.look()?;
    (*text != *"-" && *text != *"null").then_some(field)
}

/// Takes a whole number, written as one or as a text.
fn number(field: Field<'_>) -> Option<i64> {
    let text = field.look()?;
    let number = text.parse::<i64>().ok()?;
    if number.to_string() == *text {
        field.take()
    } else {
        field.copy()
    };
    Some(number)
}

fn small(field: Field<'_>) -> Option<i32> {
    number(field).and_then(|number| i32::try_from(number).ok())
}

/// The account and region of a record, else the account of the context.
fn cloud(account: Option<Cow<'_, str>>, region: Option<Cow<'_, str>>, context: &Context) -> Cloud {
    let mut cloud = Cloud::new("AWS");
    let account = account.or_else(|| context.account.as_deref().map(Cow::Borrowed));
    cloud.set_account(account.map(|uid| {
        let mut account = Account::of_uid(uid);
        account.set_type_id(10).set_kind("AWS Account");
        account
    }));
    cloud.set_region(region);
    cloud
}
