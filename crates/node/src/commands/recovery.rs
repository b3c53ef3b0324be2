//! `recovery`: a share split among trustees, and put together again.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use stheno_chain::{
    Chain, ChainError, HttpOptions, contracts::committee::CommitteeContract as contract,
    read_committee,
};
use stheno_crypto::{
    NodeIndex, NodePublicKey,
    dkg::{CeremonySecret, DealerSeed},
};
use zeroize::Zeroizing;

use super::outcome::{Failure, Printer};
use crate::{
    Config,
    config::Unlock,
    data_dir::DataDir,
    new_file::write_new,
    recovery::{Blank, Part, Recovery, RecoveryError, TrusteeKey},
    vault::{UnlockSecret, Vault},
};

/// Larger than any of these files.
const MOST_BYTES: u64 = 1 << 20;

/// `stheno-node recovery …`
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = "\
The drill, with two of three trustees:
  trustee   stheno-node recovery keygen trustee.key        # prints the key for the operator
  operator  stheno-node recovery split node-3.recovery --threshold 2 \\
                        --trustee trustee-… --trustee trustee-… --trustee trustee-…
  …the share is lost…
  operator  stheno-node recovery keygen once.key           # prints a key; read it out on the phone
  trustee   stheno-node recovery open node-3.recovery --key trustee.key --to trustee-… part-1
  operator  stheno-node recovery join node-3.recovery --key once.key part-1 part-2

RECOVERY.md says what this changes in whom you trust.")]
pub enum RecoveryCommand {
    /// Make a key pair: of a trustee, or for one recovery.
    Keygen(KeygenArgs),
    /// Split this node's share among trustees, into a file that has no secret for anybody else.
    Split(SplitArgs),
    /// As a trustee: take your part out, and seal it to the operator who asks.
    Open(OpenArgs),
    /// Put the share together from trustees' parts, and keep it in the vault.
    Join(JoinArgs),
}

/// What `recovery keygen` takes.
#[derive(Clone, Debug, Args)]
pub struct KeygenArgs {
    /// The file for the secret half; one that exists is never replaced.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What `recovery split` takes.
#[derive(Clone, Debug, Args)]
pub struct SplitArgs {
    /// The file to write; one that exists is never replaced.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A trustee's key, as its `keygen` printed it; give several.
    #[arg(long = "trustee", value_name = "KEY", required = true)]
    pub trustees: Vec<TrusteeKey>,
    /// How many trustees give the share back.
    #[arg(long, value_name = "T")]
    pub threshold: u16,
}

/// What `recovery open` takes.
#[derive(Clone, Debug, Args)]
pub struct OpenArgs {
    /// What the operator split.
    #[arg(value_name = "RECOVERY")]
    pub recovery: PathBuf,
    /// Your secret key.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The key that the operator made for this. Compare it with the operator by voice: whoever holds
    /// it gets your part.
    #[arg(long, value_name = "KEY")]
    pub to: TrusteeKey,
    /// The file to write.
    #[arg(value_name = "PART")]
    pub part: PathBuf,
}

/// What `recovery join` takes.
#[derive(Clone, Debug, Args)]
pub struct JoinArgs {
    /// What was split.
    #[arg(value_name = "RECOVERY")]
    pub recovery: PathBuf,
    /// The key that the trustees sealed their parts to.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// What the trustees sent.
    #[arg(value_name = "PART", required = true)]
    pub parts: Vec<PathBuf>,
}

pub(super) async fn execute(
    path: &Path,
    command: RecoveryCommand,
    printer: &Printer,
) -> Result<(), Failure> {
    match command {
        RecoveryCommand::Keygen(args) => keygen(&args, printer),
        RecoveryCommand::Split(args) => split(path, args, printer).await,
        RecoveryCommand::Open(args) => open(&args, printer),
        RecoveryCommand::Join(args) => join(path, &args, printer).await,
    }
}

fn keygen(args: &KeygenArgs, printer: &Printer) -> Result<(), Failure> {
    if args.file.symlink_metadata().is_ok() {
        return Err(exists(&args.file));
    }
    UnlockSecret::prepare(&Unlock::KeyFile(args.file.clone()))?;
    let key = TrusteeKey::of(&secret_of(&args.file)?);
    printer.result(
        format!("{key}\nsecret  {}", args.file.display()),
        &json!({ "key": key, "secret": args.file }),
    );
    Ok(())
}

async fn split(path: &Path, args: SplitArgs, printer: &Printer) -> Result<(), Failure> {
    if args.file.symlink_metadata().is_ok() {
        return Err(exists(&args.file));
    }
    let config = Config::load(path)?;
    let vault = Vault::open(
        &DataDir::new(&config.data_dir).vault(),
        &UnlockSecret::read(&config.vault)?,
    )?;
    let place = Place::read(&config, &vault).await?;
    let held = vault.held_share(&place.blank.context)?.ok_or_else(|| {
        Failure::new(format!(
            "the vault has no share of epoch {}, which serves",
            place.blank.epoch
        ))
        .hint("`stheno-node doctor` says what to do")
    })?;
    if held.public_key() != place.expected {
        return Err(Failure::new(
            "the vault's share does not match the node's public key on the chain",
        )
        .hint("`stheno-node doctor` says what to do"));
    }
    let seed = DealerSeed::from_bytes(random()?);
    let (trustees, threshold) = (args.trustees, args.threshold);
    let recovery = Recovery::split(place.blank, trustees, threshold, held.constant(), &seed)?;
    write_json(&args.file, &recovery)?;
    printer.result(
        format!(
            "split     node {}'s share of epoch {}\ngiven to  any {threshold} of {} trustees\nin        {}",
            recovery.node,
            recovery.epoch,
            recovery.trustees.len(),
            args.file.display()
        ),
        &json!({
            "file": args.file,
            "node": recovery.node,
            "epoch": recovery.epoch,
            "threshold": threshold,
            "trustees": recovery.trustees,
        }),
    );
    printer.note(
        "give a copy to every trustee, and keep some; make a new one after every ceremony:\n\
         a share is good for its epoch alone",
    );
    Ok(())
}

fn open(args: &OpenArgs, printer: &Printer) -> Result<(), Failure> {
    if args.part.symlink_metadata().is_ok() {
        return Err(exists(&args.part));
    }
    let recovery: Recovery = read_json(&args.recovery, "what `recovery split` writes")?;
    let secret = secret_of(&args.key)?;
    let seed = DealerSeed::from_bytes(random()?);
    let part = recovery.part(&secret, args.to, &seed).map_err(told)?;
    write_json(&args.part, &part)?;
    printer.result(
        format!(
            "part      of trustee {} in {}\nof        node {}'s share of epoch {}, node {}\nsealed to {}",
            part.trustee,
            args.part.display(),
            recovery.node,
            recovery.epoch,
            recovery.identity,
            part.to
        ),
        &json!({ "file": args.part, "trustee": part.trustee, "to": part.to }),
    );
    printer.note("compare the key above with the operator by voice, before you send the file");
    Ok(())
}

async fn join(path: &Path, args: &JoinArgs, printer: &Printer) -> Result<(), Failure> {
    let recovery: Recovery = read_json(&args.recovery, "what `recovery split` writes")?;
    let parts = args
        .parts
        .iter()
        .map(|path| read_json(path, "what `recovery open` writes"))
        .collect::<Result<Vec<Part>, Failure>>()?;
    let config = Config::load(path)?;
    let data_dir = DataDir::new(&config.data_dir);
    let _lock = data_dir.lock()?;
    let vault = Vault::open(&data_dir.vault(), &UnlockSecret::read(&config.vault)?)?;
    if recovery.committee != config.network.locator() || recovery.identity != vault.address() {
        return Err(Failure::new(format!(
            "the share is node {}'s of network {}, and this is node {} of network {}",
            recovery.identity,
            recovery.committee.network(),
            vault.address(),
            config.network.locator().network()
        ))
        .hint("give the configuration of that node with --config; its identity comes from a backup, `restore --identity-only`"));
    }
    let place = Place::read(&config, &vault).await?;
    if place.blank.context != recovery.context {
        return Err(Failure::new(format!(
            "the share is of epoch {}, and epoch {} serves",
            recovery.epoch, place.blank.epoch
        ))
        .hint("run `stheno-node repair`, which gets this node a new share"));
    }
    let share = recovery
        .recover(&parts, &secret_of(&args.key)?)
        .map_err(told)?;
    if share.public_key() != place.expected || share.index() != place.blank.node {
        return Err(
            Failure::new("the share does not match the node's public key on the chain")
                .hint("run `stheno-node repair`, which gets this node a new share"),
        );
    }
    vault.keep_share(&recovery.context, &share)?;
    printer.result(
        format!(
            "recovered  node {}'s share of epoch {}; it is the chain's",
            recovery.node, recovery.epoch
        ),
        &json!({ "node": recovery.node, "epoch": recovery.epoch }),
    );
    printer.note("delete the one-time key; then `run`");
    Ok(())
}

/// This node's place in the epoch that serves, and the public key of its share there.
struct Place {
    blank: Blank,
    expected: NodePublicKey,
}

impl Place {
    async fn read(config: &Config, vault: &Vault) -> Result<Self, Failure> {
        let unreadable = |error: ChainError| {
            Failure::new(error).hint("the share is checked against the chain; mend its endpoints")
        };
        let locator = config.network.locator();
        let section = config.home_chain()?;
        let chain = Chain::connect(section.chain_config(), HttpOptions::default());
        let chain = chain.await.map_err(unreadable)?;
        let read = read_committee(&chain, &locator, None).await;
        let committee = read.map_err(unreadable)?;
        let mut members = committee.members.iter();
        let me = members.find(|member| member.identity == vault.address());
        let me = me.ok_or_else(|| {
            Failure::new(format!(
                "node {} is no member of epoch {}, which serves",
                vault.address(),
                committee.epoch
            ))
        })?;
        let expected = me.node_key.clone().ok_or_else(|| {
            Failure::new("the public keys of the epoch are not published yet")
                .hint("try again in some minutes; any member publishes them")
        })?;
        let question = contract::epochInfoCall {
            committeeId: locator.committee_id,
            epoch: committee.epoch,
        };
        let info = chain.read(committee.at.hash, locator.contract, &question);
        let info = info.await.map_err(unreadable)?;
        let node: NodeIndex = me.index;
        Ok(Self {
            blank: Blank {
                committee: locator,
                identity: vault.address(),
                node,
                epoch: committee.epoch,
                context: info.context,
            },
            expected,
        })
    }
}

/// A refusal, with what to do about it.
fn told(error: RecoveryError) -> Failure {
    let hint = match &error {
        RecoveryError::NotATrustee(_) => "give the key that `keygen` made for this",
        RecoveryError::TooFew { .. } => "ask more trustees",
        RecoveryError::Foreign { .. } => "ask the trustee to `open` the same file for the same key",
        RecoveryError::Wrong { .. } | RecoveryError::Sealed { .. } => {
            "leave that part out and ask another trustee"
        }
        _ => "take another copy of the file",
    };
    Failure::new(error).hint(hint)
}

fn secret_of(path: &Path) -> Result<CeremonySecret, Failure> {
    match UnlockSecret::read(&Unlock::KeyFile(path.to_owned()))? {
        UnlockSecret::Key(seed) => Ok(CeremonySecret::from_seed(&seed)),
        UnlockSecret::Passphrase(_) => Err(Failure::new("a key file holds a key")),
    }
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes)
        .map_err(|error| Failure::new(format!("the system gives no randomness: {error}")))?;
    Ok(*bytes)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::new)? + "\n";
    write_new(path, text.as_bytes()).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => Failure::new(format!("{}: {error}", path.display())),
    })
}

fn read_json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, Failure> {
    let fail = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
        .map_err(fail)?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!("{} is not {what}: {error}", path.display()))
            .hint("take another copy of it, or update this program")
    })
}

fn exists(path: &Path) -> Failure {
    Failure::new(format!(
        "{} is there already, and is never overwritten",
        path.display()
    ))
    .hint("give another name")
}
