//! The settings in force, as TOML that can be used as a settings file.

use std::fmt;

use url::Url;

use super::origin::Origin;

/// The value of a setting as it is printed.
#[derive(Debug)]
pub(super) enum Shown {
    Value(String),
    /// Contains a secret, which `***` replaces. The line is a comment, because it is not a valid value.
    Hidden(String),
    Unset,
}

impl Shown {
    /// A database address without its password.
    pub(super) fn address(text: &str) -> Self {
        let hidden = || Self::Hidden("***".to_owned());
        let Ok(mut url) = Url::parse(text) else { return hidden() };
        if url.query_pairs().any(|(key, _)| key == "password") {
            return hidden();
        }
        if url.password().is_none() {
            return Self::Value(text.to_owned());
        }
        if url.set_password(Some("***")).is_ok() { Self::Hidden(url.to_string()) } else { hidden() }
    }
}

/// All settings, in the order in which they were read. Each line names the source of the value.
#[derive(Debug, Default)]
pub(crate) struct Printout {
    pub(super) settings: Vec<(String, Shown, Origin)>,
    /// Where traces are exported to, by variable. These are no keys of a settings file.
    pub(super) collectors: Vec<(String, String)>,
}

impl Printout {
    /// The keys of all settings.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.settings.iter().map(|(key, ..)| key.clone()).collect()
    }

    pub(super) fn add(&mut self, key: &str, value: Shown, origin: Origin) {
        self.settings.push((key.to_owned(), value, origin));
    }
}

impl fmt::Display for Printout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, value, origin) in &self.settings {
            match value {
                Shown::Value(text) => writeln!(f, "{key} = {}  # {origin}", literal(text))?,
                Shown::Hidden(text) => writeln!(f, "# {key} = {}  # {origin}", literal(text))?,
                Shown::Unset => writeln!(f, "# {key}: not set")?,
            }
        }
        for (name, collector) in &self.collectors {
            writeln!(f, "# traces are exported to {collector}  # {name}")?;
        }
        if self.collectors.is_empty() {
            writeln!(f, "# traces are not exported: OTEL_EXPORTER_OTLP_ENDPOINT is not set")?;
        }
        Ok(())
    }
}

/// A TOML number for a number, and a TOML string for other text.
fn literal(text: &str) -> String {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => text.to_owned(),
        _ => toml::Value::String(text.to_owned()).to_string(),
    }
}
