//! The log filter.

use std::{fmt, str::FromStr};

use tracing_subscriber::EnvFilter;

/// The levels in ascending detail, and `off`.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The default. It hides malformed requests, which actix-http logs as errors of the server, and invalid passkeys, which
/// webauthn-rs logs with what the client has sent.
const DEFAULT: &str = "info,actix_server=warn,actix_http=off,webauthn_rs=off";

/// A valid log filter.
#[derive(Debug, Clone)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let accepted =
            "must be off, error, warn, info, debug or trace, or a filter, such as info,tessera_adapters=debug";
        for part in text.split(',').map(str::trim) {
            // `EnvFilter` takes a word that is not a level for the name of a module, and then logs nothing else.
            if !part.contains(['=', '[']) && !LEVELS.contains(&part.to_ascii_lowercase().as_str()) {
                return Err(format!("{part} is not a log level: {accepted}"));
            }
        }
        EnvFilter::try_new(text).map_err(|error| format!("is not a log filter ({error}): {accepted}"))?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
