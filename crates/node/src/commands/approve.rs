//! `approve`: the operator's consent to one ceremony, after seeing who is in it.
//!
//! What is signed is the context: the digest of members, threshold, windows and
//! ceremony keys. It is computed here from what the chain says, never taken
//! from there, so an operator approves what was shown and nothing else.

use std::{
    fmt::Write,
    io::{self, BufRead, IsTerminal},
    path::Path,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, B256, Bytes},
    signers::SignerSync,
    sol_types::SolCall,
};
use clap::Args;
use stheno_chain::{
    Chain, Locator, SendError, Sender, contracts::committee::CommitteeContract as contract,
};
use stheno_protocol::{
    Domain,
    ceremony::{Approval, CeremonyKind, CeremonyTerms, Member, Message, Windows},
};

use super::{
    operator::{OperatorArgs, home_chain},
    outcome::{Failure, Printer},
    register::explain,
};
use crate::{Config, data_dir::DataDir};

/// Between two looks at the chain.
const LOOK: Duration = Duration::from_millis(500);

/// The contract's states of a ceremony.
const KEYS: u8 = 1;
const APPROVAL: u8 = 2;
const RUNNING: u8 = 3;

/// Arguments of `approve`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml approve --ceremony 1 --wait 60 --yes"
)]
pub struct ApproveArgs {
    /// The ceremony's number. Default: the latest, or the next if that is over.
    #[arg(long, value_name = "N")]
    pub ceremony: Option<u64>,
    /// Wait up to this long for the ceremony to be proposed, and its keys posted and final.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
    /// Approve without asking.
    #[arg(long, short)]
    pub yes: bool,
    /// The operator's key.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

pub(super) async fn execute(
    path: &Path,
    args: ApproveArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let operator = args.operator.signer()?;
    let pinned = DataDir::new(&config.data_dir).operator()?;
    if let Some(pinned) = pinned
        && pinned != operator.address()
    {
        return Err(Failure::new(format!(
            "this node's operator is {pinned}, not {}; the node would not deal on this approval",
            operator.address()
        )));
    }
    let locator = config.network.locator();
    let view = View {
        chain: home_chain(&config).await?,
        locator,
        domain: Domain::of_committee(locator.chain_id, locator.contract, locator.committee_id),
    };
    let until = Instant::now() + Duration::from_secs(args.wait);
    let proposal = view.wait(args.ceremony, until).await?;
    let dealer = proposal.index_of(operator.address()).ok_or_else(|| {
        Failure::new(format!(
            "{} operates no dealer of ceremony {}",
            operator.address(),
            proposal.terms.number
        ))
    })?;
    printer.note(proposal.in_words());
    let transaction = if proposal.has_approved(dealer) {
        None
    } else {
        if !args.yes && !confirmed(printer)? {
            return Err(Failure::new("not approved"));
        }
        Some(view.approve(&proposal, operator).await?)
    };
    let number = proposal.terms.number;
    let text = match transaction {
        Some(hash) => format!("ceremony {number} is approved in transaction {hash}"),
        None => format!("ceremony {number} was approved already"),
    };
    printer.result(
        text,
        &serde_json::json!({
            "ceremony": number,
            "context": proposal.context,
            "transaction": transaction,
        }),
    );
    Ok(())
}

fn confirmed(printer: &Printer) -> Result<bool, Failure> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(
            Failure::new("nobody is there to ask").hint("give --yes to approve without asking")
        );
    }
    printer.note("Approve this ceremony? [y/N]");
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(Failure::new)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The committee contract, read at the final head.
struct View {
    chain: Chain,
    locator: Locator,
    domain: Domain,
}

/// A ceremony whose context is fixed.
struct Proposal {
    terms: CeremonyTerms,
    context: B256,
    approvals: alloy::primitives::U256,
}

impl View {
    /// The ceremony, once all its keys are final.
    async fn wait(&self, number: Option<u64>, until: Instant) -> Result<Proposal, Failure> {
        loop {
            let waiting_for = match self.look(number).await? {
                Ok(proposal) => return Ok(proposal),
                Err(waiting_for) => waiting_for,
            };
            if Instant::now() >= until {
                return Err(Failure::new(waiting_for).hint("give --wait SECONDS to wait for it"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The ceremony, or what there is to wait for.
    async fn look(&self, number: Option<u64>) -> Result<Result<Proposal, String>, Failure> {
        let at = self.chain.final_head().await?.hash;
        let committee_id = self.locator.committee_id;
        let committee = self
            .read(
                at,
                &contract::committeeCall {
                    committeeId: committee_id,
                },
            )
            .await?;
        let ceremony = number.unwrap_or(committee.ceremony);
        if ceremony == 0 || ceremony > committee.ceremony {
            return Ok(Err("there is no such ceremony yet".to_owned()));
        }
        let ceremony_call = contract::ceremonyInfoCall {
            committeeId: committee_id,
            ceremony,
        };
        let info = self.read(at, &ceremony_call).await?;
        match info.state as u8 {
            KEYS => {
                return Ok(Err(
                    "not all members have posted their ceremony keys yet".to_owned()
                ));
            }
            APPROVAL | RUNNING => {}
            // The next one may be proposed and not final.
            _ if number.is_none() => return Ok(Err(format!("ceremony {ceremony} is over"))),
            _ => return Err(Failure::new(format!("ceremony {ceremony} is over"))),
        }
        let members = self
            .read(
                at,
                &contract::ceremonyMembersCall {
                    committeeId: committee_id,
                    ceremony,
                },
            )
            .await?;
        let dealers = self
            .read(
                at,
                &contract::ceremonyDealersCall {
                    committeeId: committee_id,
                    ceremony,
                },
            )
            .await?;
        let keys = self
            .read(
                at,
                &contract::ceremonyKeysCall {
                    committeeId: committee_id,
                    ceremony,
                },
            )
            .await?;
        let progress = self
            .read(
                at,
                &contract::ceremonyProgressCall {
                    committeeId: committee_id,
                    ceremony,
                },
            )
            .await?;
        let windows = committee.windows;
        let terms = CeremonyTerms {
            network: self.domain.network,
            number: ceremony,
            kind: CeremonyKind::try_from(info.kind as u8).map_err(|kind| {
                Failure::new(format!(
                    "ceremony kind {kind} is not known; update this program"
                ))
            })?,
            threshold: info.threshold,
            members: members.iter().map(member).collect(),
            dealers: dealers.iter().map(member).collect(),
            windows: Windows {
                deal: windows.deal,
                complain: windows.complain,
                answer: windows.answer,
                confirm: windows.confirm,
                margin: windows.margin,
                consent_delay: windows.consentDelay,
            },
        };
        let context = terms.context(&keys);
        if context != info.context {
            return Err(Failure::new(format!(
                "the chain's context {} is not that of the members, windows and keys it shows, {context}",
                info.context
            ))
            .hint("an endpoint may be lying; do not approve"));
        }
        Ok(Ok(Proposal {
            terms,
            context,
            approvals: progress.approvals,
        }))
    }

    async fn approve(
        &self,
        proposal: &Proposal,
        operator: alloy::signers::local::PrivateKeySigner,
    ) -> Result<B256, Failure> {
        let message = Approval {
            ceremony: proposal.terms.number,
            context: proposal.context,
        };
        let signature = operator.sign_hash_sync(&message.digest(&self.domain))?;
        let call = contract::approveCall {
            committeeId: self.locator.committee_id,
            ceremony: proposal.terms.number,
            operator: operator.address(),
            signature: Bytes::copy_from_slice(&signature.as_bytes()),
        };
        let sender = Sender::new(self.chain.clone(), operator);
        match sender.call(self.locator.contract, &call).await {
            Ok(sent) => Ok(sent.hash),
            Err(SendError::Reverted(revert)) if revert.name == "PhaseNotOpen" => Err(Failure::new(
                "it is too late to approve: the phase Deal has closed",
            )),
            Err(error) => Err(explain(&error)),
        }
    }

    async fn read<C: SolCall>(&self, at: B256, call: &C) -> Result<C::Return, Failure> {
        Ok(self.chain.read(at, self.locator.contract, call).await?)
    }
}

impl Proposal {
    /// Index of the dealer that `operator` runs, from 1.
    fn index_of(&self, operator: Address) -> Option<usize> {
        let at = self
            .terms
            .dealers
            .iter()
            .position(|dealer| dealer.operator == operator)?;
        Some(at + 1)
    }

    fn has_approved(&self, dealer: usize) -> bool {
        self.approvals.bit(dealer - 1)
    }

    /// Who gets shares of which key, for the eyes of a person.
    fn in_words(&self) -> String {
        let terms = &self.terms;
        let (what, size) = match terms.kind {
            CeremonyKind::First => ("makes the committee's key", terms.members.len()),
            CeremonyKind::Reshare => ("hands the committee's key to", terms.members.len()),
        };
        let mut text = format!(
            "ceremony {} {what}: {size} members, of whom {} open\ncontext {}\n",
            terms.number, terms.threshold, self.context
        );
        for (index, member) in (1..).zip(&terms.members) {
            // Writing into a string cannot fail.
            let _ = writeln!(
                text,
                "  {index:>3}  operator {}  node {}",
                member.operator, member.identity
            );
        }
        text.pop();
        text
    }
}

fn member(member: &contract::Member) -> Member {
    Member {
        operator: member.operator,
        identity: member.identity,
    }
}
