//! Logs on standard error.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, anyhow};
use tracing::Level;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    config::{ConfigError, LogFormat},
    json_lines::JsonLines,
};

/// Starts logging as configured.
pub(crate) fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).context("TESSERA_LOG is not a log filter")?;
    let terminal = io::stderr().is_terminal();
    let registry = tracing_subscriber::registry().with(filter);
    let started = if is_json(format) {
        registry.with(fmt::layer().event_format(JsonLines).with_writer(io::stderr)).try_init()
    } else {
        registry.with(fmt::layer().with_ansi(terminal).with_writer(io::stderr)).try_init()
    };
    started.map_err(|error| anyhow!("logging was started before: {error}"))
}

/// Returns whether log lines are JSON.
pub(crate) fn is_json(format: LogFormat) -> bool {
    match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !io::stderr().is_terminal(),
    }
}

/// Reports the error that ends the process: as log lines if the log is started and admits them, else as plain lines.
pub(crate) fn report(error: &anyhow::Error) {
    let lines = match error.downcast_ref::<ConfigError>() {
        Some(ConfigError { faults, .. }) => faults.clone(),
        None => vec![format!("{error:#}")],
    };
    for line in lines {
        if tracing::enabled!(target: "tessera", Level::ERROR) {
            tracing::error!(target: "tessera", "{line}");
        } else {
            drop(writeln!(io::stderr(), "tessera: {line}"));
        }
    }
}
