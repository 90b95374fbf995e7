//! Why settings can not be used: where, and what.

use crate::BadIntake;
use core::fmt;
use homeostat_baseline::BadOffsets;

/// Why settings can not be used: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSettings {
    place: String,
    cause: Cause,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Text(Box<str>),
    Stories(homeostat_incident::ConfigError),
    Baseline(homeostat_baseline::ConfigError),
    Offsets,
    Intake(BadIntake),
    Block,
    Product,
    Domain,
    Value,
}

impl BadSettings {
    pub(crate) fn new(place: String, cause: Cause) -> Self {
        Self { place, cause }
    }

    pub(crate) fn in_toml(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self::new(format!("line {line}, column {column}"), Cause::Text(error.message().into()))
    }

    pub(crate) fn in_json(error: &serde_json::Error) -> Self {
        let place = format!("line {}, column {}", error.line(), error.column());
        // The message ends with the place once more.
        let told = error.to_string();
        let end = told.rfind(" at line ").unwrap_or(told.len());
        Self::new(place, Cause::Text(told.get(..end).unwrap_or_default().into()))
    }

    /// Where: line and column, or the name of the setting.
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "settings, {}: {}", self.place, self.cause)
    }
}

impl std::error::Error for BadSettings {}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(message) => f.write_str(message),
            Self::Stories(cause) => cause.fmt(f),
            Self::Baseline(cause) => cause.fmt(f),
            Self::Offsets => {
                f.write_str("the moments of a table of offsets rise, and each offset is within a day")
            }
            Self::Intake(cause) => cause.fmt(f),
            Self::Block => f.write_str("not an address or a network prefix"),
            Self::Product => f.write_str("a product has a name"),
            Self::Domain => f.write_str("a domain has a name"),
            Self::Value => f.write_str("a worth lies between 0 and 100"),
        }
    }
}

impl From<homeostat_incident::ConfigError> for Cause {
    fn from(cause: homeostat_incident::ConfigError) -> Self {
        Self::Stories(cause)
    }
}

impl From<homeostat_baseline::ConfigError> for Cause {
    fn from(cause: homeostat_baseline::ConfigError) -> Self {
        Self::Baseline(cause)
    }
}

impl From<BadOffsets> for Cause {
    fn from(_: BadOffsets) -> Self {
        Self::Offsets
    }
}

impl From<BadIntake> for Cause {
    fn from(cause: BadIntake) -> Self {
        Self::Intake(cause)
    }
}
