//! The errors of the configuration.

use super::switches::LogFormat;

/// All errors in the settings. The service does not start with any of them, because a partly understood configuration
/// could be insecure.
#[derive(Debug, thiserror::Error)]
#[error("{}", .faults.join("; "))]
pub(crate) struct ConfigError {
    /// One line for each error.
    pub(crate) faults: Vec<String>,
    /// The format of log lines, as far as it is known.
    pub(crate) log_format: LogFormat,
}
