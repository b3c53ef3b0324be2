//! `run`: serve until told to stop.

use std::path::Path;

use clap::Args;

use super::outcome::{Failure, Printer};
use crate::{Config, Server, telemetry};

/// Arguments of `run`. Prints the bound address on stdout once it listens:
/// `listening on http://127.0.0.1:8440`, or with `--json`
/// `{"listening":"http://127.0.0.1:8440","identity":"0x…"}`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  STHENO_NODE_PASSPHRASE=… stheno-node --config node.toml run")]
pub struct RunArgs {}

pub(super) async fn execute(path: &Path, _args: RunArgs, printer: &Printer) -> Result<(), Failure> {
    let config = Config::load(path)?;
    telemetry::start(&config.logs)?;
    let server = Server::bind(config).await?;
    let url = format!("http://{}", server.address());
    printer.result(
        format!("listening on {url}"),
        &serde_json::json!({ "listening": url, "identity": server.identity() }),
    );
    server.run(stop_signal()).await?;
    Ok(())
}

/// Resolves at SIGINT or SIGTERM.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
