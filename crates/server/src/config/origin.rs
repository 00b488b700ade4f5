//! The sources of values.

use std::fmt;

/// The prefix of all environment variables.
pub(crate) const PREFIX: &str = "TESSERA_";

/// The prefix of the variables of OpenTelemetry. No key of the settings file has it.
pub(crate) const TRACES_PREFIX: &str = "OTEL_";

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The name of a variable.
    Variable(String),
    /// The name of the settings file, and a key in it.
    File(String, String),
    Default,
}

impl Origin {
    /// The same source with another key.
    pub(super) fn with_key(&self, key: &str) -> Self {
        match self {
            Self::Variable(_) => Self::Variable(variable(key)),
            Self::File(file, _) => Self::File(file.clone(), key.to_owned()),
            Self::Default => Self::Default,
        }
    }

    /// The name of a setting as it was written, or its variable.
    pub(super) fn name(&self, key: &str) -> String {
        match self {
            Self::Variable(name) => name.clone(),
            Self::File(file, key) => format!("{file}: {key}"),
            Self::Default => variable(key),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::File(file, _) => f.write_str(file),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The variable of a key.
pub(crate) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase())
}
