//! `restore`: a node set up again from a backup, in a data directory without a vault.
//!
//! Nothing is written before everything is checked: the file, its network against the
//! configuration's, and each share against the chain, `s_i·P2 = X_i`. Then the vault takes its place
//! in one step.

use std::path::{Path, PathBuf};

use alloy::{primitives::Address, sol_types::SolCall};
use clap::Args;
use serde_json::json;
use stheno_chain::{
    Block, Chain, ChainError, Committee, HttpOptions, Locator,
    contracts::committee::CommitteeContract as contract, read_committee,
};
use zeroize::Zeroizing;

use super::{
    backup::told,
    backup_secret::BackupSecretArgs,
    outcome::{Failure, Printer},
};
use crate::{
    Config,
    backup::{BackupFile, Contents},
    data_dir::DataDir,
    new_file::write_new,
    vault::{Portable, UnlockSecret, Vault, check_free},
};

/// Most ceremonies that are looked back at for one that is still open.
const LOOK_BACK: u64 = 32;
/// The contract's states of a ceremony that is not over.
const OPEN: std::ops::RangeInclusive<u8> = 1..=3;

const REPAIR: &str = "restore the identity with `--identity-only`, and then run `stheno-node repair`, \
                      which gets this node a new share";

/// Arguments of `restore`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno-node --config node.toml restore node-3.backup
  stheno-node --config node.toml restore node-3.backup --key-file /media/stick/node-3.key

First make sure that the old machine will never run this node again: two nodes with one key get in
each other's way. A configuration that does not exist is taken from the backup. The new vault is
sealed as [vault] in the configuration says. RECOVERY.md has the drill.")]
pub struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Restore the identity alone, without a share: `stheno-node repair` then gets it one.
    #[arg(long)]
    pub identity_only: bool,
    /// Restore although a ceremony is under way in which this node has spoken. It cannot go on where
    /// it was; `stheno-node repair` gets it a share afterwards.
    #[arg(long)]
    pub during_ceremony: bool,
    /// What opens it.
    #[command(flatten)]
    pub secret: BackupSecretArgs,
}

pub(super) async fn execute(
    path: &Path,
    args: RestoreArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let file = BackupFile::read(&args.file).map_err(told)?;
    let known = path.exists().then(|| Config::load(path)).transpose()?;
    if let Some(config) = &known {
        fits(&file, config)?;
        check_free(&DataDir::new(&config.data_dir).vault())?;
    }
    let secret = args.secret.known()?;
    // Stretching a passphrase takes a while, so it has a thread of its own.
    let opening = tokio::task::spawn_blocking(move || {
        let contents = file.open(&secret);
        (file, contents)
    });
    let (file, contents) = opening.await.map_err(Failure::new)?;
    let mut contents = contents.map_err(told)?;
    let config = match &known {
        Some(config) => config.clone(),
        None => Config::parse(&contents.configuration, path)?,
    };
    fits(&file, &config)?;
    let data_dir = DataDir::new(&config.data_dir);
    check_free(&data_dir.vault())?;

    let checked = Check::connect(&config, file.head.identity).await?;
    let report = checked.shares(&contents, &args).await?;
    contents
        .shares
        .retain(|share| report.kept.contains(&share.context));

    data_dir.create()?;
    let _lock = data_dir.lock()?;
    let unlock = UnlockSecret::prepare(&config.vault)?;
    if let Some(operator) = contents.operator {
        data_dir.pin_operator(operator)?;
    }
    if known.is_none() {
        write_new(path, contents.configuration.as_bytes())
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    }
    let shares = contents.shares.into_iter();
    let portable = Portable {
        identity: Zeroizing::new(*contents.identity),
        shares: shares.map(|share| (share.context, share.key)).collect(),
    };
    let vault = Vault::restore(&data_dir.vault(), &unlock, &portable)?;
    report.tell(path, &config, &vault, printer);
    Ok(())
}

/// The configuration is of the backup's committee.
fn fits(file: &BackupFile, config: &Config) -> Result<(), Failure> {
    let (found, expected) = (file.head.locator(), config.network.locator());
    if found == expected {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the backup is of network {} (committee {} of {} on chain {}), the configuration of {}",
        found.network(),
        found.committee_id,
        found.contract,
        found.chain_id,
        expected.network()
    ))
    .hint("give the configuration of that network with --config, or the right backup"))
}

/// The committee on the chain, against which shares are checked.
struct Check {
    chain: Chain,
    locator: Locator,
    at: Block,
    identity: Address,
}

/// What is restored.
struct Restored {
    /// Contexts of the shares.
    kept: Vec<alloy::primitives::B256>,
    /// The epoch whose share it is, and this node's index in it.
    serves: Option<(u64, u16)>,
}

impl Check {
    async fn connect(config: &Config, identity: Address) -> Result<Self, Failure> {
        let section = config.home_chain()?;
        let chain = Chain::connect(section.chain_config(), HttpOptions::default())
            .await
            .map_err(unreadable)?;
        let at = chain.final_head().await.map_err(unreadable)?;
        Ok(Self {
            chain,
            locator: config.network.locator(),
            at,
            identity,
        })
    }

    /// Which shares of the backup are of use, each checked.
    async fn shares(&self, contents: &Contents, args: &RestoreArgs) -> Result<Restored, Failure> {
        let open = self.open_ceremonies(args.during_ceremony).await?;
        if args.identity_only {
            return Ok(Restored {
                kept: Vec::new(),
                serves: None,
            });
        }
        // Those of a ceremony that is not over: whether they are good, the node sees when it is.
        let mut kept: Vec<_> = contents.shares.iter().map(|share| share.context).collect();
        kept.retain(|context| open.contains(context));
        let committee = match read_committee(&self.chain, &self.locator, Some(self.at)).await {
            Ok(committee) => committee,
            Err(ChainError::NoEpoch { .. }) => {
                return Ok(Restored { kept, serves: None });
            }
            Err(error) => return Err(unreadable(error)),
        };
        let (context, index) = self.share_of(&committee, contents).await?;
        kept.push(context);
        Ok(Restored {
            kept,
            serves: Some((committee.epoch, index)),
        })
    }

    /// The share of the active epoch, once it is known to be the one that the chain expects.
    async fn share_of(
        &self,
        committee: &Committee,
        contents: &Contents,
    ) -> Result<(alloy::primitives::B256, u16), Failure> {
        let epoch = committee.epoch;
        let mut members = committee.members.iter();
        let Some(me) = members.find(|member| member.identity == self.identity) else {
            return Err(Failure::new(format!(
                "node {} is no member of epoch {epoch}, which serves: its share is of no use",
                self.identity
            ))
            .hint("`--identity-only` restores its identity, with which it can be taken in again"));
        };
        let info = self
            .read(&contract::epochInfoCall {
                committeeId: self.locator.committee_id,
                epoch,
            })
            .await?;
        let mut shares = contents.shares.iter();
        let Some(share) = shares.find(|share| share.context == info.context) else {
            return Err(Failure::new(format!(
                "the backup has no share of epoch {epoch}, which serves; it was made before"
            ))
            .hint(REPAIR));
        };
        let Some(expected) = &me.node_key else {
            return Err(Failure::new(format!(
                "the public keys of epoch {epoch} are not published yet, so the share cannot be checked"
            ))
            .hint("try again in some minutes; any member publishes them"));
        };
        if share.key.index() != me.index || share.key.public_key() != *expected {
            return Err(Failure::new(format!(
                "the backup's share of epoch {epoch} does not match node {}'s public key on the chain",
                me.index
            ))
            .hint(REPAIR));
        }
        Ok((info.context, me.index.get()))
    }

    /// Contexts of the ceremonies that are not over. Refused when this node has spoken in one.
    async fn open_ceremonies(
        &self,
        allowed: bool,
    ) -> Result<Vec<alloy::primitives::B256>, Failure> {
        let committee_id = self.locator.committee_id;
        let committee = self
            .read(&contract::committeeCall {
                committeeId: committee_id,
            })
            .await?;
        let mut open = Vec::new();
        for ceremony in (1..=committee.ceremony).rev().take(LOOK_BACK as usize) {
            let info = self
                .read(&contract::ceremonyInfoCall {
                    committeeId: committee_id,
                    ceremony,
                })
                .await?;
            if !OPEN.contains(&(info.state as u8)) || info.fromEpoch != committee.epoch {
                continue;
            }
            if !info.context.is_zero() {
                open.push(info.context);
            }
            if !allowed && self.has_spoken(ceremony).await? {
                let until = match info.closes[3] {
                    0 => info.consentCloses,
                    closes => closes,
                };
                return Err(Failure::new(format!(
                    "ceremony {ceremony} is under way, and this node has spoken in it; its seeds are \
                     in no backup, so it cannot go on"
                ))
                .hint(format!(
                    "wait until block {until}, when it is over; or give --during-ceremony, and get \
                     this node a share by `stheno-node repair` afterwards"
                )));
            }
        }
        Ok(open)
    }

    async fn has_spoken(&self, ceremony: u64) -> Result<bool, Failure> {
        let committee_id = self.locator.committee_id;
        let progress = self
            .read(&contract::ceremonyProgressCall {
                committeeId: committee_id,
                ceremony,
            })
            .await?;
        let members = self
            .read(&contract::ceremonyMembersCall {
                committeeId: committee_id,
                ceremony,
            })
            .await?;
        let dealers = self
            .read(&contract::ceremonyDealersCall {
                committeeId: committee_id,
                ceremony,
            })
            .await?;
        let place = |list: &[contract::Member]| {
            list.iter()
                .position(|member| member.identity == self.identity)
        };
        Ok(place(&members).is_some_and(|at| progress.keys.bit(at))
            || place(&dealers).is_some_and(|at| progress.dealt.bit(at)))
    }

    async fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, Failure> {
        let read = self
            .chain
            .read(self.at.hash, self.locator.contract, call)
            .await;
        read.map_err(unreadable)
    }
}

fn unreadable(error: ChainError) -> Failure {
    Failure::new(error)
        .hint("a share is restored only when the chain confirms it; mend the chain's endpoints")
}

impl Restored {
    fn tell(&self, path: &Path, config: &Config, vault: &Vault, printer: &Printer) {
        let node = match self.serves {
            Some((epoch, index)) => format!(
                "{} (node {index} of epoch {epoch}; its share is the chain's)",
                vault.address()
            ),
            None => format!("{} (without a share)", vault.address()),
        };
        printer.result(
            format!(
                "restored       {node}\nconfiguration  {}\ndata           {}",
                path.display(),
                config.data_dir.display()
            ),
            &json!({
                "identity": vault.address(),
                "node": self.serves.map(|(_, index)| index),
                "epoch": self.serves.map(|(epoch, _)| epoch),
                "shares": self.kept.len(),
                "config": path,
                "dataDir": config.data_dir,
            }),
        );
        printer.note(match self.serves {
            Some(_) => {
                "make sure that the old machine never runs this node again; then `doctor`, then `run`"
            }
            None => "`run` it; if it is a member, `stheno-node repair` then gets it a share: it has nothing to serve before",
        });
    }
}
