//! What is known of a request besides principal, action and resource: the condition keys.

use crate::aws::principal::Principal;
use crate::glob::{Glob, MANY};
use core::fmt;
use std::collections::BTreeMap;

/// The condition keys of a request, by name in any case, and what holds of a key that is not told.
///
/// ```
/// use homeostat_access::Context;
///
/// let from_home = Context::symbolic().with("aws:SourceIp", ["192.0.2.7"]).without("aws:MultiFactorAuthPresent");
/// assert_eq!(from_home.len(), 2);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Told>,
    // Keys of which all that exist are told, in lower case.
    complete: Vec<Glob>,
    untold: Untold,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Values(Vec<String>),
    Absent,
    /// It is there, with values that are not known.
    Present,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Untold {
    #[default]
    Absent,
    Unknown,
}

/// What a context tells of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    Values(&'a [String]),
    Absent,
    /// There, with values that are not known.
    Present,
    Unknown,
}

impl Context {
    /// A context in which a key that is not told is absent: the request as it is.
    pub fn strict() -> Self {
        Self::default()
    }

    /// A context in which a key that is not told may have any value or none: the answer names what it
    /// depends on ([`crate::Decision::AllowedIf`]).
    pub fn symbolic() -> Self {
        Self { untold: Untold::Unknown, ..Self::default() }
    }

    /// This context, where `key` has these values.
    #[must_use]
    pub fn with<V: Into<String>>(mut self, key: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.set(key, values);
        self
    }

    /// This context, where `key` is known to be absent.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.keys.insert(key.to_lowercase(), Told::Absent);
        self
    }

    /// This context, where `key` is known to be there and its values are not known.
    #[must_use]
    pub fn with_some(mut self, key: &str) -> Self {
        self.keys.insert(key.to_lowercase(), Told::Present);
        self
    }

    /// This context with the keys that AWS puts into every request of `principal`, where they are not told: its ARN (of
    /// a session that of its role), its account, its type, its name as a user, and whether it is a service.
    ///
    /// AWS IAM User Guide, "AWS global condition context keys", section "Properties of the principal".
    ///
    /// ```
    /// use homeostat_access::{Condition, Context, Principal};
    ///
    /// let nightly = Principal::aws("arn:aws:sts::111122223333:assumed-role/batch/nightly");
    /// let context = Context::symbolic().with_principal(&nightly);
    /// let batch = Condition::new("ArnLike", "aws:PrincipalArn", &["arn:aws:iam::*:role/batch"])?;
    /// assert_eq!(batch.holds(&context), Some(true));
    /// # Ok::<(), homeostat_access::PolicyFault>(())
    /// ```
    #[must_use]
    pub fn with_principal(mut self, principal: &Principal) -> Self {
        for (key, value) in principal.keys() {
            let told = value.map_or(Told::Absent, |text| Told::Values(vec![text]));
            self.keys.entry(key.to_owned()).or_insert(told);
        }
        self
    }

    /// This context, where every key that fits `pattern`, in lower case, and is not told is known to be absent.
    #[must_use]
    pub fn complete_like(mut self, pattern: &Glob) -> Self {
        self.complete.push(pattern.clone());
        self
    }

    /// This context, where every key that begins with `prefix`, such as `aws:PrincipalTag/`, and is not told
    /// is known to be absent.
    #[must_use]
    pub fn complete_for(self, prefix: &str) -> Self {
        let mut pattern = prefix.to_lowercase().into_bytes();
        pattern.push(MANY);
        self.complete_like(&Glob::of(pattern))
    }

    /// States that `key` has these values.
    pub fn set<V: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) {
        self.keys.insert(key.to_lowercase(), Told::Values(values.into_iter().map(Into::into).collect()));
    }

    /// The value of `key`, when it has just one that is known.
    pub fn single(&self, key: &str) -> Option<&str> {
        match self.keys.get(&key.to_lowercase()) {
            Some(Told::Values(values)) => match values.as_slice() {
                [one] => Some(one),
                _ => None,
            },
            _ => None,
        }
    }

    /// How many keys are told.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is told.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What is known of `key`, a name in lower case.
    pub(crate) fn known(&self, key: &str) -> Known<'_> {
        match (self.keys.get(key), self.untold) {
            (Some(Told::Values(values)), _) => Known::Values(values),
            (Some(Told::Present), _) => Known::Present,
            (None, Untold::Unknown) if !self.is_complete_for(key) => Known::Unknown,
            _ => Known::Absent,
        }
    }

    fn is_complete_for(&self, key: &str) -> bool {
        self.complete.iter().any(|pattern| pattern.matches(key))
    }
}

impl fmt::Debug for Context {
    /// Shows the names of the keys, no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({:?}, untold {:?})", self.keys.keys(), self.untold)
    }
}
