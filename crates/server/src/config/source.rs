//! The sources of settings, and the errors found in them.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    ops::RangeInclusive,
    path::Path,
    str::FromStr,
};

use tessera_kernel::Secret;

use super::{
    config_error::ConfigError,
    origin::{Origin, PREFIX, TRACES_PREFIX},
    printout::{Printout, Shown},
    suggest,
    switches::LogFormat,
};

/// The settings that are not read yet, by key, the values of those that are, and the errors found so far.
pub(crate) struct Source {
    values: BTreeMap<String, Given>,
    printout: Printout,
    /// The keys of secrets, which `<key>_file` can set too.
    secrets: Vec<String>,
    /// The variables of OpenTelemetry.
    for_traces: BTreeMap<String, String>,
    faults: Vec<String>,
}

struct Given {
    text: String,
    origin: Origin,
}

/// The settings file.
#[derive(Debug, Default)]
pub(crate) struct SettingsFile {
    name: String,
    table: toml::Table,
}

impl SettingsFile {
    /// Reads a file. The error is one line.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| format!("can't read {name}: {error}"))?;
        match text.parse() {
            Ok(table) => Ok(Self { name, table }),
            Err(error) => {
                let error: toml::de::Error = error;
                let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
                Err(format!("{name} is not TOML: line {line}: {}", error.message().replace('\n', ", ")))
            }
        }
    }
}

impl Source {
    pub(crate) fn new(file: SettingsFile, environment: BTreeMap<String, String>) -> Self {
        let mut source = Self {
            values: BTreeMap::new(),
            printout: Printout::default(),
            secrets: Vec::new(),
            for_traces: BTreeMap::new(),
            faults: Vec::new(),
        };
        for (key, value) in file.table {
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(switch) => if switch { "on" } else { "off" }.to_owned(),
                _ => {
                    source.faults.push(format!("{}: {key}: must be text or a whole number", file.name));
                    continue;
                }
            };
            source.values.insert(key.clone(), Given { text, origin: Origin::File(file.name.clone(), key) });
        }
        // Secret stores often add a line end, and some platforms set every variable that they know, if only to nothing.
        let environment = environment.into_iter().map(|(name, text)| (name, text.trim().to_owned()));
        for (name, text) in environment.filter(|(name, text)| !text.is_empty() && !is_from_kubernetes(name, text)) {
            match name.strip_prefix(PREFIX) {
                Some(key) if key == key.to_ascii_uppercase() => {
                    source.values.insert(key.to_ascii_lowercase(), Given { text, origin: Origin::Variable(name) });
                }
                // A second spelling could silently contradict the first.
                Some(_) => source.faults.push(format!("{name}: there is no such setting; names are in upper case")),
                None if name.starts_with(TRACES_PREFIX) => drop(source.for_traces.insert(name, text)),
                None => {}
            }
        }
        source
    }

    /// Returns the value of a variable of OpenTelemetry.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.for_traces.get(name).cloned()
    }

    /// Records an error of a variable of OpenTelemetry.
    pub(crate) fn variable_fault(&mut self, name: &str, what: impl Display) {
        self.faults.push(format!("{name}: {what}"));
    }

    /// Prints where traces are exported to.
    pub(crate) fn show_collector(&mut self, name: &str, collector: &str) {
        self.printout.collectors.push((name.to_owned(), collector.to_owned()));
    }

    /// Records an error of a key that was read.
    pub(crate) fn fault(&mut self, key: &str, what: impl Display) {
        let origin = self.printout.settings.iter().find(|(known, ..)| known == key).map(|(.., origin)| origin);
        self.faults.push(format!("{}: {what}", origin.unwrap_or(&Origin::Default).name(key)));
    }

    /// Returns the value of a key, or its default.
    pub(crate) fn read<T: FromStr<Err: Display> + Display>(&mut self, key: &str, default: T) -> T {
        let value = self.parse(key, |text| text.parse::<T>().map_err(|error| error.to_string()));
        self.keep(key, value, default)
    }

    /// Like [`Self::read`], with an error that says what is accepted.
    pub(crate) fn read_as<T: FromStr + Display>(&mut self, key: &str, default: T, accepted: &str) -> T {
        let value = self.parse(key, |text| text.parse::<T>().map_err(|_| format!("must be {accepted}")));
        self.keep(key, value, default)
    }

    /// Like [`Self::read`], for a whole number that must be within a range.
    pub(crate) fn read_in<T>(&mut self, key: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let value = self.parse(key, |text| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => {
                let (least, most) = (range.start(), range.end());
                Err(format!("must be a whole number from {least} to {most}, such as {default}"))
            }
        });
        self.keep(key, value, default)
    }

    /// Returns the value of a key, if it is set. Without it, `default` is printed.
    pub(crate) fn read_optional<T>(&mut self, key: &str, default: Option<&T>) -> Option<T>
    where
        T: FromStr<Err: Display> + Display,
    {
        let value = self.parse(key, |text| text.parse::<T>().map_err(|error| error.to_string()));
        self.keep_optional(key, value, default)
    }

    /// Like [`Self::read_optional`] without a default, with an error that says what is accepted.
    pub(crate) fn read_optional_as<T: FromStr + Display>(&mut self, key: &str, accepted: &str) -> Option<T> {
        let value = self.parse(key, |text| text.parse::<T>().map_err(|_| format!("must be {accepted}")));
        self.keep_optional(key, value, None)
    }

    /// Returns a secret value, or the content of the file that `<key>_file` names.
    pub(crate) fn read_secret(&mut self, key: &str) -> Option<Secret<String>> {
        self.read_hidden(key, None, |_| Shown::Hidden("***".to_owned()))
    }

    /// Like [`Self::read_secret`], for a value that is printed in part. Without a value, `default` is printed.
    pub(crate) fn read_hidden(
        &mut self,
        key: &str,
        default: Option<&str>,
        show: impl Fn(&str) -> Shown,
    ) -> Option<Secret<String>> {
        self.secrets.push(key.to_owned());
        let (value, file) = (self.values.remove(key), self.values.remove(&format!("{key}_file")));
        let is_variable = |given: &Given| matches!(given.origin, Origin::Variable(_));
        let given = match (value, file) {
            (Some(value), Some(file)) if is_variable(&value) == is_variable(&file) => {
                let (value, file) = (value.origin.name(key), file.origin.name(key));
                self.faults.push(format!("{file}: must not be set together with {value}"));
                None
            }
            // Variables override the file of settings.
            (Some(value), Some(file)) if is_variable(&file) => self.content(key, file).or(Some(value)),
            (Some(value), _) => Some(value),
            (None, file) => file.and_then(|file| self.content(key, file)),
        };
        let (shown, origin) = match &given {
            Some(Given { text, origin }) => (show(text), origin.clone()),
            None => (default.map_or(Shown::Unset, &show), Origin::Default),
        };
        self.printout.add(key, shown, origin);
        given.map(|given| Secret::new(given.text))
    }

    /// Returns the settings if there are no errors and no unknown keys.
    pub(crate) fn finish<T>(mut self, settings: T, log_format: LogFormat) -> Result<(T, Printout), ConfigError> {
        let mut known = self.printout.keys();
        known.extend(self.secrets.iter().map(|key| format!("{key}_file")));
        known.push("config".to_owned());
        for (key, given) in self.values {
            let hint = suggest::closest(&key, &known)
                .map(|known| format!("; did you mean {}?", given.origin.with_key(known).name(known)));
            let name = given.origin.name(&key);
            self.faults.push(format!("{name}: there is no such setting{}", hint.unwrap_or_default()));
        }
        if self.faults.is_empty() {
            Ok((settings, self.printout))
        } else {
            Err(ConfigError { faults: self.faults, log_format })
        }
    }

    fn parse<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<(T, Origin)> {
        let Given { text, origin } = self.values.remove(key)?;
        match parse(&text) {
            Ok(value) => Some((value, origin)),
            Err(error) => {
                self.faults.push(format!("{}: {error}", origin.name(key)));
                None
            }
        }
    }

    fn keep<T: Display>(&mut self, key: &str, value: Option<(T, Origin)>, default: T) -> T {
        let (value, origin) = value.unwrap_or((default, Origin::Default));
        self.printout.add(key, Shown::Value(value.to_string()), origin);
        value
    }

    fn keep_optional<T: Display>(&mut self, key: &str, value: Option<(T, Origin)>, default: Option<&T>) -> Option<T> {
        let origin = value.as_ref().map_or(Origin::Default, |(_, origin)| origin.clone());
        let value = value.map(|(value, _)| value);
        let shown = value.as_ref().or(default).map_or(Shown::Unset, |value| Shown::Value(value.to_string()));
        self.printout.add(key, shown, origin);
        value
    }

    /// Reads the file that a `<key>_file` names.
    fn content(&mut self, key: &str, file: Given) -> Option<Given> {
        let problem = match std::fs::read_to_string(&file.text) {
            Ok(text) if text.trim().is_empty() => "is empty".to_owned(),
            Ok(text) => return Some(Given { text: text.trim().to_owned(), origin: file.origin }),
            Err(error) => format!("can't be read: {error}"),
        };
        self.faults.push(format!("{}: {} {problem}", file.origin.name(key), file.text));
        None
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
