//! The sources of settings, and the errors found in them.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    ops::RangeInclusive,
    path::Path,
    str::FromStr,
};

use anyhow::Context as _;
use tessera_kernel::Secret;

/// The prefix of all environment variables.
const PREFIX: &str = "TESSERA_";

/// All errors in the settings. The service does not start with any of them, because a partly understood configuration
/// could be insecure.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not usable:\n{}", .0.join("\n"))]
pub(crate) struct ConfigError(Vec<String>);

/// The settings that are not read yet, by key, and the errors found so far.
pub(crate) struct Source {
    values: BTreeMap<String, Given>,
    faults: Vec<String>,
}

struct Given {
    text: String,
    name: String,
}

/// Reads a configuration file. `None` gives an empty table.
pub(crate) fn read_file(path: Option<&Path>) -> anyhow::Result<toml::Table> {
    let Some(path) = path else { return Ok(toml::Table::new()) };
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    text.parse().with_context(|| format!("{} is not TOML", path.display()))
}

impl Source {
    pub(crate) fn new(file: toml::Table, environment: BTreeMap<String, String>) -> Self {
        let mut source = Self { values: BTreeMap::new(), faults: Vec::new() };
        for (key, value) in file {
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(switch) => if switch { "on" } else { "off" }.to_owned(),
                _ => {
                    source.faults.push(format!("  {key}: must be text or a whole number"));
                    continue;
                }
            };
            source.values.insert(key.clone(), Given { text, name: key });
        }
        // An empty variable counts as unset.
        let environment = environment.into_iter().filter(|(_, text)| !text.is_empty());
        for (name, text) in environment.filter(|(name, text)| !is_from_kubernetes(name, text)) {
            match name.strip_prefix(PREFIX) {
                Some(key) if key == key.to_ascii_uppercase() => {
                    source.values.insert(key.to_ascii_lowercase(), Given { text, name });
                }
                // A second spelling could silently contradict the first.
                Some(_) => source.faults.push(format!("  {name}: there is no such setting; names are in upper case")),
                None => {}
            }
        }
        source
    }

    /// Records an error of a key.
    pub(crate) fn fault(&mut self, key: &str, what: impl Display) {
        self.faults.push(format!("  {PREFIX}{}: {what}", key.to_ascii_uppercase()));
    }

    /// Returns the value of a key, or its default.
    pub(crate) fn read<T: FromStr<Err: Display>>(&mut self, key: &str, default: T) -> T {
        let Some(given) = self.values.remove(key) else { return default };
        match given.text.parse() {
            Ok(value) => value,
            Err(error) => {
                self.faults.push(format!("  {}: {error}", given.name));
                default
            }
        }
    }

    /// Returns the value of a key, if it is set.
    pub(crate) fn read_optional<T: FromStr<Err: Display>>(&mut self, key: &str) -> Option<T> {
        let given = self.values.remove(key)?;
        match given.text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(format!("  {}: {error}", given.name));
                None
            }
        }
    }

    /// Like [`Self::read`], for a number that must be within a range.
    pub(crate) fn read_in<T>(&mut self, key: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: FromStr<Err: Display> + PartialOrd + Display + Copy,
    {
        let value = self.read(key, default);
        if range.contains(&value) {
            return value;
        }
        self.fault(key, format_args!("must lie between {} and {}", range.start(), range.end()));
        default
    }

    /// Returns a secret value.
    pub(crate) fn read_secret(&mut self, key: &str) -> Option<Secret<String>> {
        self.values.remove(key).map(|given| Secret::new(given.text))
    }

    /// Returns the settings if there are no errors and no unknown keys.
    pub(crate) fn finish<T>(mut self, settings: T) -> Result<T, ConfigError> {
        self.faults
            .extend(self.values.into_values().map(|given| format!("  {}: there is no such setting", given.name)));
        if self.faults.is_empty() { Ok(settings) } else { Err(ConfigError(self.faults)) }
    }
}

/// Returns whether Kubernetes sets this variable in pods next to a Service named `tessera`: `TESSERA_SERVICE_HOST`,
/// `TESSERA_SERVICE_PORT[_<port name>]`, `TESSERA_PORT` and `TESSERA_PORT_<number>_<protocol>[_PROTO|_PORT|_ADDR]`.
fn is_from_kubernetes(name: &str, text: &str) -> bool {
    match name.strip_prefix(PREFIX) {
        Some("SERVICE_HOST" | "SERVICE_PORT") => true,
        // Kubernetes sets a URL here. A plain number comes from an operator who expects an effect, so it is reported as
        // unknown.
        Some("PORT") => text.contains("://"),
        Some(rest) => {
            rest.strip_prefix("SERVICE_PORT_").is_some_and(|port| !port.is_empty())
                || rest.strip_prefix("PORT_").is_some_and(is_port_variable)
        }
        None => false,
    }
}

/// Returns whether the text is `<number>_<protocol>`, optionally with `_PROTO`, `_PORT` or `_ADDR`.
fn is_port_variable(rest: &str) -> bool {
    let mut parts = rest.split('_');
    let number = parts.next().is_some_and(|number| number.parse::<u16>().is_ok());
    let protocol = parts.next().is_some_and(|protocol| matches!(protocol, "TCP" | "UDP" | "SCTP"));
    let part = parts.next().is_none_or(|part| matches!(part, "PROTO" | "PORT" | "ADDR"));
    number && protocol && part && parts.next().is_none()
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("keys", &self.values.keys()).finish_non_exhaustive()
    }
}
