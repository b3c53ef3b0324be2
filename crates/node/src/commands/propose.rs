//! `propose`, `refresh`, `repair`: the proposal of a ceremony, by an operator's transaction.
//!
//! A proposal asks; it gives nothing to anybody. The members' nodes post their keys for it by
//! themselves, and it starts when enough operators of serving members approve.

use std::{collections::BTreeSet, fmt::Write, path::Path};

use alloy::primitives::Address;
use clap::Args;
use stheno_chain::{
    Chain, Committee, Locator, Sender, contracts::committee::CommitteeContract as contract,
    read_committee,
};
use stheno_protocol::{NodeState, ceremony::check_threshold};

use super::{
    contract_view::{ContractView, explain_refusal},
    operator::{OperatorArgs, home_chain},
    outcome::{Failure, Printer},
    status,
};
use crate::{
    Config,
    data_dir::DataDir,
    vault::{UnlockSecret, Vault},
};

/// Arguments of `propose`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml propose --threshold 3 \\\n    --members 0x1a…,0x2b…,0x3c…,0x4d…,0x5e… --operator-keystore operator.json"
)]
pub struct ProposeArgs {
    /// The operators of the members to be, separated by commas; their order gives the node indices.
    #[arg(long, value_name = "ADDRESS,…", value_delimiter = ',', required = true)]
    pub members: Vec<Address>,
    /// How many shares will open: more than half of the members, at most all.
    #[arg(long, value_name = "T")]
    pub threshold: u16,
    /// The key of the committee's owner, or of the operator of a member that serves.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

/// Arguments of `refresh`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml refresh --operator-keystore operator.json"
)]
pub struct RefreshArgs {
    /// The operator's key.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

/// Arguments of `repair`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml repair --operator-keystore operator.json"
)]
pub struct RepairArgs {
    /// Propose although this node seems to have a good share.
    #[arg(long)]
    pub force: bool,
    /// The operator's key.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

/// `propose`: other members, or another threshold.
pub(super) async fn execute(
    path: &Path,
    args: ProposeArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let desk = Desk::open(path, &args.operator).await?;
    desk.propose(args.members, args.threshold, printer).await
}

/// `refresh`: new shares for the members that there are.
pub(super) async fn refresh(
    path: &Path,
    args: RefreshArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let desk = Desk::open(path, &args.operator).await?;
    let serving = desk.serving().await?;
    desk.refresh(&serving, printer).await
}

/// `repair`: the same, for a node that has lost its share.
pub(super) async fn repair(
    path: &Path,
    args: RepairArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let desk = Desk::open(path, &args.operator).await?;
    let serving = desk.serving().await?;
    if !args.force && !desk.is_in_need(&serving).await? {
        return Err(Failure::new(format!(
            "this node has its share of epoch {}; there is nothing to repair",
            serving.epoch
        ))
        .hint("to renew all shares nonetheless, run `refresh`"));
    }
    printer.note(
        "A lost share is not restored: all members get new ones by a refresh, this node too.",
    );
    desk.refresh(&serving, printer).await
}

/// An operator with the committee before it.
struct Desk {
    config: Config,
    chain: Chain,
    locator: Locator,
    sender: Sender,
}

impl Desk {
    async fn open(path: &Path, operator: &OperatorArgs) -> Result<Self, Failure> {
        let config = Config::load(path)?;
        let signer = operator.signer()?;
        let chain = home_chain(&config).await?;
        Ok(Self {
            locator: config.network.locator(),
            sender: Sender::new(chain.clone(), signer),
            chain,
            config,
        })
    }

    async fn view(&self) -> Result<ContractView<'_>, Failure> {
        Ok(ContractView {
            chain: &self.chain,
            locator: self.locator,
            at: self.chain.head().await?,
        })
    }

    /// The active epoch at the head.
    async fn serving(&self) -> Result<Committee, Failure> {
        let head = self.chain.head().await?;
        Ok(read_committee(&self.chain, &self.locator, Some(head)).await?)
    }

    /// Whether this node has no share of the active epoch, or none that is good.
    async fn is_in_need(&self, serving: &Committee) -> Result<bool, Failure> {
        // What the running node says counts for more than what lies on its disk.
        if let Ok(url) = status::local(&self.config)
            && let Ok(status) = status::ask(&url).await
        {
            return Ok(status.state == NodeState::Degraded);
        }
        let folder = DataDir::new(&self.config.data_dir).vault();
        let vault = Vault::open(&folder, &UnlockSecret::read(&self.config.vault)?)?;
        Ok(!vault.shares()?.contains(&serving.context))
    }

    async fn refresh(&self, serving: &Committee, printer: &Printer) -> Result<(), Failure> {
        let members = serving.members.iter().map(|m| m.operator).collect();
        self.propose(members, serving.threshold, printer).await
    }

    async fn propose(
        &self,
        members: Vec<Address>,
        threshold: u16,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let view = self.view().await?;
        let committee = view.committee().await?;
        check(&view, &members, threshold, committee.devnet).await?;
        if committee.running != 0 {
            return Err(Failure::new(format!("ceremony {} runs", committee.running))
                .hint("propose when it is over; `status` shows how far it is"));
        }
        let call = contract::proposeCall {
            committeeId: self.locator.committee_id,
            threshold,
            operators: members.clone(),
        };
        let sent = self.sender.call(self.locator.contract, &call).await;
        let sent = sent.map_err(|error| explain_refusal(&error))?;
        let proposal = self.proposed(&members, threshold).await?;
        let number = proposal.number;
        printer.result(
            proposal.in_words(&format!("{}", sent.hash)),
            &serde_json::json!({
                "ceremony": number,
                "transaction": sent.hash,
                "threshold": threshold,
                "members": members,
                "joining": proposal.joining,
                "leaving": proposal.leaving,
                "approvals": proposal.approvals,
                "approvers": proposal.approvers,
            }),
        );
        Ok(())
    }

    /// The proposal that was just made, read back.
    async fn proposed(&self, members: &[Address], threshold: u16) -> Result<Proposed, Failure> {
        let view = self.view().await?;
        let committee = view.committee().await?;
        for ceremony in view.open_ceremonies(&committee).await? {
            if ceremony.info.proposer != self.sender.address() {
                continue;
            }
            let number = ceremony.number;
            let dealers = view.dealers(number).await?;
            let dealers: Vec<Address> = dealers.iter().map(|dealer| dealer.operator).collect();
            let only = |these: &[Address], those: &[Address]| -> Vec<Address> {
                these
                    .iter()
                    .filter(|a| !those.contains(a))
                    .copied()
                    .collect()
            };
            let first = ceremony.info.oldThreshold == 0;
            return Ok(Proposed {
                number,
                threshold,
                size: members.len(),
                first,
                refresh: !first && dealers == members && threshold == ceremony.info.oldThreshold,
                joining: if first {
                    Vec::new()
                } else {
                    only(members, &dealers)
                },
                leaving: only(&dealers, members),
                approvals: match first {
                    true => ceremony.info.dealers,
                    false => ceremony.info.oldThreshold,
                },
                approvers: dealers,
            });
        }
        Err(
            Failure::new("the proposal was mined, and is not on the chain any more")
                .hint("see `stheno-node status`"),
        )
    }
}

/// What a proposal says that the contract would refuse, found before it costs anything.
async fn check(
    view: &ContractView<'_>,
    members: &[Address],
    threshold: u16,
    devnet: bool,
) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = members.iter().find(|member| !seen.insert(**member)) {
        return Err(Failure::new(format!("{twice} is named twice"))
            .hint("name each member's operator once"));
    }
    let size = u16::try_from(members.len()).unwrap_or(u16::MAX);
    check_threshold(size, threshold, devnet).map_err(|error| {
        Failure::new(error).hint("more than half of the members must be needed, and at most all")
    })?;
    for member in members {
        if view.identity_of(*member).await?.is_none() {
            return Err(
                Failure::new(format!("operator {member} has registered no node"))
                    .hint("it has to run `register` first; --members are addresses of operators"),
            );
        }
    }
    Ok(())
}

/// A proposal that is on the chain.
struct Proposed {
    number: u64,
    threshold: u16,
    size: usize,
    first: bool,
    refresh: bool,
    joining: Vec<Address>,
    leaving: Vec<Address>,
    approvals: u16,
    approvers: Vec<Address>,
}

impl Proposed {
    fn in_words(&self, transaction: &str) -> String {
        let Self {
            number,
            threshold,
            size,
            approvals,
            ..
        } = self;
        let what = match (self.first, self.refresh) {
            (true, _) => "makes the committee's key",
            (_, true) => "renews the shares of the members that there are",
            _ => "hands the committee's key on",
        };
        let mut text = format!(
            "ceremony {number} is proposed in transaction {transaction}\n\
             it {what}: {size} members, of whom {threshold} open\n"
        );
        // Writing into a string cannot fail.
        for (word, operators) in [("joins", &self.joining), ("leaves", &self.leaving)] {
            for operator in operators {
                let _ = writeln!(text, "  {operator} {word}");
            }
        }
        let _ = writeln!(
            text,
            "next: its members' nodes post their keys; then {approvals} of these operators approve:"
        );
        for operator in &self.approvers {
            let _ = writeln!(text, "  {operator}");
        }
        text.push_str(match self.refresh {
            true => {
                "a refresh is also approved by their nodes, if the epoch is older than their \
                 refresh_gap_hours;\nor by hand: "
            }
            false => "each with: ",
        });
        let _ = write!(text, "stheno-node approve --ceremony {number} --wait 600");
        text
    }
}
