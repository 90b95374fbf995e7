//! JSON text that crosses crate borders without anybody's JSON type in a signature.

use core::fmt;
use std::sync::Arc;

/// A piece of JSON text, kept as it came. Shows its length and never its content in `Debug`.
///
/// It is not checked here: who makes one vouches that it is JSON.
///
/// ```
/// use homeostat_core::JsonText;
/// let body = JsonText::new(r#"{"password":"hunter2"}"#);
/// assert_eq!(format!("{body:?}"), "JsonText(22 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JsonText(Arc<str>);

impl JsonText {
    /// Takes over `text`, which is JSON.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonText({} bytes)", self.0.len())
    }
}
