//! What is asked: an action on a resource, under what is known.

use crate::aws::arn::{ArnPattern, Cuts, account_of};
use crate::aws::context::Context;
use core::fmt;

/// A question: may this action be done on this resource?
///
/// ```
/// use homeostat_access::{Context, Request};
///
/// let context = Context::strict();
/// let read = Request::new("s3:GetObject", "arn:aws:s3:::data/report.csv", &context);
/// assert_eq!(read.action(), "s3:getobject");
/// ```
#[derive(Clone)]
pub struct Request<'a> {
    action: String,
    resource: String,
    cuts: Option<Cuts>,
    pub(crate) ask: Ask,
    account: Account,
    pub(crate) context: &'a Context,
}

/// Whose the resource is.
#[derive(Clone)]
enum Account {
    /// The one that its ARN names.
    OfResource,
    Told(Option<String>),
}

/// On what.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// On the resource that is named.
    Exact,
    /// On at least one resource of the pattern.
    Some(ArnPattern),
    /// On every resource.
    All,
}

impl<'a> Request<'a> {
    /// Whether `action` may be done on `resource`; `*` is the resource of actions that have none.
    pub fn new(action: &str, resource: &str, context: &'a Context) -> Self {
        let ask = Ask::Exact;
        Self { account: Account::OfResource, ..Self::asking(action, resource, ask, context) }
    }

    /// Whether `action` may be done on some resource that fits `pattern`, such as a function that does not
    /// exist yet. A denial counts when it covers all that some statement allows.
    pub fn on_some(action: &str, pattern: &str, context: &'a Context) -> Self {
        let account = account_of(pattern).filter(|account| !account.contains(['*', '?']));
        let ask = Ask::Some(ArnPattern::new(pattern));
        Self::asking(action, pattern, ask, context).in_account(account)
    }

    /// Whether `action` may be done on every resource. A denial counts when it covers all of them; one that
    /// spares some does not make a full authority less than that.
    pub fn on_all(action: &str, context: &'a Context) -> Self {
        Self::asking(action, "*", Ask::All, context)
    }

    fn asking(action: &str, resource: &str, ask: Ask, context: &'a Context) -> Self {
        let action = action.trim().to_lowercase();
        let (resource, cuts) = (resource.to_owned(), Cuts::of(resource));
        Self { action, resource, cuts, ask, account: Account::Told(None), context }
    }

    /// The request, where the resource belongs to `account`; without one it is the principal's own.
    #[must_use]
    pub fn in_account(mut self, account: Option<&str>) -> Self {
        self.account = Account::Told(account.map(str::to_owned));
        self
    }

    /// The action in lower case: AWS compares actions in any case.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The resource or the pattern that is asked about; `*` for every resource.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The account of the resource, when it is told.
    pub fn account(&self) -> Option<&str> {
        match &self.account {
            Account::OfResource => account_of(&self.resource),
            Account::Told(account) => account.as_deref(),
        }
    }

    /// Whether `pattern` holds the resource as it is written.
    pub(crate) fn fits(&self, pattern: &ArnPattern) -> bool {
        pattern.matches_cut(&self.resource, self.cuts)
    }

    pub(crate) fn narrowed(&self, pattern: ArnPattern, resource: String) -> Self {
        Self { ask: Ask::Some(pattern), cuts: Cuts::of(&resource), resource, ..self.clone() }
    }
}

impl fmt::Debug for Request<'_> {
    /// Shows the action alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({})", self.action)
    }
}
