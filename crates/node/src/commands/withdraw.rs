//! `withdraw`: takes back a proposal that does not run yet.

use std::path::Path;

use clap::Args;
use stheno_chain::{Sender, contracts::committee::CommitteeContract as contract};

use super::{
    contract_view::{ContractView, RUNNING, explain_refusal},
    operator::{OperatorArgs, home_chain},
    outcome::{Failure, Printer},
};
use crate::Config;

/// Arguments of `withdraw`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml withdraw --ceremony 4 --operator-keystore operator.json"
)]
pub struct WithdrawArgs {
    /// The ceremony's number. Default: the open one that this account proposed.
    #[arg(long, value_name = "N")]
    pub ceremony: Option<u64>,
    /// The key of whoever proposed it.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

pub(super) async fn execute(
    path: &Path,
    args: WithdrawArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let signer = args.operator.signer()?;
    let chain = home_chain(&config).await?;
    let sender = Sender::new(chain.clone(), signer);
    let locator = config.network.locator();
    let number = match args.ceremony {
        Some(number) => number,
        None => {
            let view = ContractView {
                at: chain.head().await?,
                chain: &chain,
                locator,
            };
            let committee = view.committee().await?;
            let open = view.open_ceremonies(&committee).await?;
            let mine = open.iter().find(|ceremony| {
                ceremony.info.proposer == sender.address() && ceremony.info.state < RUNNING
            });
            let mine = mine.ok_or_else(|| {
                Failure::new(format!("{} has no proposal open", sender.address()))
                    .hint("`status` shows what is open; a ceremony that runs cannot be withdrawn")
            })?;
            mine.number
        }
    };
    let call = contract::failCall {
        committeeId: locator.committee_id,
        ceremony: number,
    };
    let sent = sender.call(locator.contract, &call).await;
    let sent = sent.map_err(|error| explain_refusal(&error))?;
    printer.result(
        format!(
            "ceremony {number} is withdrawn in transaction {}",
            sent.hash
        ),
        &serde_json::json!({ "ceremony": number, "transaction": sent.hash }),
    );
    Ok(())
}
