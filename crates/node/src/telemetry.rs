//! Log lines, on stderr. No secrets, no request bodies, no reader's address.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{ConfigError, LogFormat, Logs};

/// Starts logging for this process. A second start changes nothing.
///
/// # Errors
/// [`ConfigError::Value`] when the filter is not one.
pub fn start(logs: &Logs) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&logs.filter)
        .map_err(|error| ConfigError::Value(format!("logs.filter: {error}")))?;
    let lines = fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let _already_started = match logs.format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    Ok(())
}
