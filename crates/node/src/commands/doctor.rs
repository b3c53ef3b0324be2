//! `doctor`: what is well with a node, what is not, and what to do about it.
//!
//! Looks at everything that a node depends on, whether it runs or not, and changes nothing: it
//! takes no lock, and opens the vault only to read. Every line says what was looked at; one that is
//! not well says what to do.
//!
//! | module | looks at |
//! |---|---|
//! | [`machine`] | configuration, disk |
//! | [`chains`] | every endpoint alone, and what they say together |
//! | [`keys`] | the vault, and the share against the chain |
//! | [`committee`] | the epoch, ceremonies that wait, the registration, money for gas |
//! | [`peers`] | the members' nodes, and the clock against theirs |

mod chains;
mod committee;
mod keys;
mod machine;
mod peers;
mod report;

use std::path::Path;

use clap::Args;
use stheno_chain::ChainError;

use super::outcome::{Failure, Printer};
use crate::Config;
use report::Report;

/// Arguments of `doctor`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno-node --config node.toml doctor
  stheno-node --config node.toml doctor --json | jq '.checks[] | select(.state != \"ok\")'

Each line is well (✓), worth a look (!) or wrong (✗), and then says what to do. Exit code 0: nothing
is wrong; 1: something is; 2: the command could not do its work.")]
pub struct DoctorArgs {}

pub(super) async fn execute(
    path: &Path,
    _args: DoctorArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let mut report = Report::default();
    machine::configuration(path, &config, &mut report);
    machine::disk(&config, &mut report);
    let vault = keys::open(&config, &mut report).await;
    let home = chains::look(&config, &mut report).await;
    let identity = keys::identity(&config, vault.as_ref()).await;
    match home {
        None => report.wrong(
            "epoch",
            "the committee cannot be looked at without its chain",
            "mend the chain's endpoints first",
        ),
        Some(home) => {
            let found = committee::look(&config, &home, identity, &mut report).await;
            match found {
                Ok(Some(committee)) => {
                    if let Some(vault) = &vault {
                        keys::share(&home, &committee, vault, &mut report).await;
                        keys::trustees(&config, &committee, vault, &mut report);
                    }
                    peers::look(&committee, identity, &mut report).await;
                }
                Ok(None) => {}
                Err(error) => unreadable(&error, &mut report),
            }
        }
    }
    printer.result(report.in_words(), &report.to_json());
    match report.count_wrong() {
        0 => Ok(()),
        1 => Err(Failure::new("one thing is wrong").verdict()),
        count => Err(Failure::new(format!("{count} things are wrong")).verdict()),
    }
}

fn unreadable(error: &ChainError, report: &mut Report) {
    report.wrong(
        "epoch",
        error,
        "check [network] in the configuration, and the chain's endpoints",
    );
}
