//! `backup`: this node's keys in one encrypted file, made beside a node that runs.

use std::path::{Path, PathBuf};

use alloy::primitives::B256;
use clap::Args;
use serde_json::json;
use stheno_chain::{
    Chain, ChainError, HttpOptions, contracts::committee::CommitteeContract as contract,
    read_committee,
};
use zeroize::Zeroizing;

use super::{
    backup_secret::BackupSecretArgs,
    outcome::{Failure, Printer},
};
use crate::{
    Config,
    backup::{BackupError, BackupFile, Contents, Head, Method, SharePart},
    clock,
    data_dir::DataDir,
    new_file::write_new,
    vault::{Portable, UnlockSecret, Vault},
};

/// Arguments of `backup`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno-node --config node.toml backup node-3.backup
  stheno-node --config node.toml backup node-3.backup --key-file /media/stick/node-3.key
  stheno-node backup --inspect node-3.backup

In it: the identity key, the key shares, the operator's address and the configuration. Not in it:
seeds of ceremonies, receipts (see `export-receipts`), the journal. Make one after every ceremony:
a share is good for its epoch alone. RECOVERY.md has the drill.")]
pub struct BackupArgs {
    /// The file to write; one that exists is never replaced.
    #[arg(value_name = "FILE", required_unless_present = "inspect")]
    pub file: Option<PathBuf>,
    /// Show what a backup says of itself, without its passphrase.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "secret"])]
    pub inspect: Option<PathBuf>,
    /// What will open it.
    #[command(flatten)]
    pub secret: BackupSecretArgs,
}

pub(super) async fn execute(
    path: &Path,
    args: BackupArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    if let Some(file) = &args.inspect {
        return inspect(file, printer);
    }
    let file = args.file.as_deref().unwrap_or(Path::new("node.backup"));
    if file.symlink_metadata().is_ok() {
        return Err(exists(file));
    }
    let text = Zeroizing::new(
        std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?,
    );
    let config = Config::load(path)?;
    let data_dir = DataDir::new(&config.data_dir);
    let unlock = UnlockSecret::read(&config.vault)?;
    let vault = Vault::open(&data_dir.vault(), &unlock)?;
    let secret = args.secret.fresh()?;
    refuse_the_vaults_own(&secret, &unlock)?;
    let portable = vault.portable()?;

    let active = match Active::read(&config).await {
        Ok(active) => active,
        Err(error) => {
            printer.note(format!(
                "the chain could not be asked whether the share is of the epoch that serves: {error}"
            ));
            None
        }
    };
    warn(&portable, &vault, active.as_ref(), printer);
    let network = &config.network;
    let held = |active: &Active| portable.shares.iter().find(|(c, _)| *c == active.context);
    let newest = active
        .as_ref()
        .and_then(held)
        .or_else(|| portable.shares.first());
    let head = Head {
        chain_id: network.chain_id,
        contract: network.contract,
        committee_id: network.committee_id,
        identity: vault.address(),
        node: newest.map(|(_, share)| share.index().get()),
        epoch: active
            .as_ref()
            .and_then(|active| held(active).map(|_| active.epoch)),
        shares: u16::try_from(portable.shares.len()).unwrap_or(u16::MAX),
        created_at: clock::now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        sealed: Method::of(&secret),
        salt: [0; 32],
    };
    let epoch_of = |context: &B256| match &active {
        Some(active) if active.context == *context => active.epoch,
        _ => 0,
    };
    let shares = portable.shares.into_iter().map(|(context, key)| SharePart {
        context,
        epoch: epoch_of(&context),
        key,
    });
    let contents = Contents {
        identity: portable.identity,
        operator: data_dir.operator()?,
        shares: shares.collect(),
        configuration: text,
    };
    // Stretching a passphrase takes a while, so it has a thread of its own.
    let sealing = tokio::task::spawn_blocking(move || BackupFile::seal(head, &contents, &secret));
    let bytes = sealing.await.map_err(Failure::new)??;
    write_new(file, &bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(file),
        _ => Failure::new(format!("{}: {error}", file.display())),
    })?;
    let written = BackupFile::read(file).map_err(told)?;
    show(file, &written.head, printer);
    printer.note(
        "keep it away from this machine, and what opens it away from both;\n\
         make a new one after every ceremony: a share is good for its epoch alone",
    );
    Ok(())
}

fn inspect(file: &Path, printer: &Printer) -> Result<(), Failure> {
    let backup = BackupFile::read(file).map_err(told)?;
    show(file, &backup.head, printer);
    Ok(())
}

/// A backup that was refused, with what to do about it.
pub(super) fn told(error: BackupError) -> Failure {
    let hint = error.hint();
    Failure::new(error).hint(hint)
}

fn exists(file: &Path) -> Failure {
    Failure::new(format!(
        "{} is there already, and a backup is never overwritten",
        file.display()
    ))
    .hint("give another name")
}

/// A backup under the vault's own key is lost with it.
fn refuse_the_vaults_own(secret: &UnlockSecret, vault: &UnlockSecret) -> Result<(), Failure> {
    let same = match (secret, vault) {
        (UnlockSecret::Passphrase(a), UnlockSecret::Passphrase(b)) => a == b,
        (UnlockSecret::Key(a), UnlockSecret::Key(b)) => a == b,
        _ => false,
    };
    match same {
        true => Err(
            Failure::new("that is what opens the vault; a backup has a secret of its own")
                .hint("take another one: this one is where the machine is"),
        ),
        false => Ok(()),
    }
}

/// Says so when the backup would be of little use.
fn warn(portable: &Portable, vault: &Vault, active: Option<&Active>, printer: &Printer) {
    let held = |active: &Active| portable.shares.iter().any(|(c, _)| *c == active.context);
    match active {
        Some(active) if !held(active) && active.members.contains(&vault.address()) => {
            printer.note(format!(
                "this node has no share of epoch {}, which serves: the backup holds its identity, \
                 and no share that is of use now",
                active.epoch
            ));
        }
        None if portable.shares.is_empty() => {
            printer.note("this node has no key share yet: make another backup when it has");
        }
        _ => {}
    }
}

/// The epoch that serves.
struct Active {
    epoch: u64,
    context: B256,
    members: Vec<alloy::primitives::Address>,
}

impl Active {
    async fn read(config: &Config) -> Result<Option<Self>, ChainError> {
        let locator = config.network.locator();
        let section = config.home_chain().map_err(|_| ChainError::Unconfigured {
            chain_id: locator.chain_id,
        })?;
        let chain = Chain::connect(section.chain_config(), HttpOptions::default()).await?;
        let committee = match read_committee(&chain, &locator, None).await {
            Ok(committee) => committee,
            Err(ChainError::NoEpoch { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let question = contract::epochInfoCall {
            committeeId: locator.committee_id,
            epoch: committee.epoch,
        };
        let info = chain
            .read(committee.at.hash, locator.contract, &question)
            .await?;
        Ok(Some(Self {
            epoch: committee.epoch,
            context: info.context,
            members: committee.members.iter().map(|m| m.identity).collect(),
        }))
    }
}

fn show(file: &Path, head: &Head, printer: &Printer) {
    let node = match (head.node, head.epoch) {
        (Some(node), Some(epoch)) => format!("{} (node {node} of epoch {epoch})", head.identity),
        (Some(node), None) => format!("{} (node {node})", head.identity),
        (None, _) => head.identity.to_string(),
    };
    let mut object = json!(head);
    if let Some(object) = object.as_object_mut() {
        object.insert("file".to_owned(), json!(file));
        object.insert(
            "network".to_owned(),
            json!(head.locator().network().to_string()),
        );
        object.remove("salt");
    }
    printer.result(
        format!(
            "backup    {}\nnetwork   {}, committee {} of {} on chain {}\nnode      {node}\n\
             shares    {}\nmade at   {} by version {}\nsealed    with a {}",
            file.display(),
            head.locator().network(),
            head.committee_id,
            head.contract,
            head.chain_id,
            head.shares,
            head.created_at,
            head.program,
            head.sealed.what(),
        ),
        &object,
    );
}
