//! What can be typed: the whole command line as types.

mod access;
mod asker;
mod ceremony;
mod collection;
mod committee;
mod consent;
mod deploy;
mod gateways;
mod group;
mod keys;
mod market;
mod opening;
mod policy;
mod prove;
mod range;
mod receipt;
mod recipients;
mod terms;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, builder::NonEmptyStringValueParser};
use stheno::{collection::Place, envelope::PieceCid};
use stheno_node::commands::NodeArgs;
use url::Url;

pub use access::{
    AccessAcceptArgs, AccessBeginArgs, AccessCommand, AccessCreateArgs, AccessGrantArgs,
    AccessRevokeArgs, AccessRolesArgs, AccessSetArgs, AccessShowArgs, AccessTransferArgs,
    RegistryArgs, SenderArgs, TimeArg,
};
pub use asker::{AskerArgs, MemberArgs, WalletArgs};
pub use ceremony::{CeremonyAuditArgs, CeremonyCommand};
pub use collection::{AddArgs, FolderArgs, GetArgs, LsArgs, PutArgs};
pub use committee::CommitteeArgs;
pub use consent::{
    DelegationCommand, DelegationNewArgs, DelegationShowArgs, DelegationSignArgs, KeyTypeArg,
    ScopeArgs, SessionCommand, SessionNewArgs, SessionShowArgs, SessionSignArgs,
};
pub use deploy::{NetworkDeployArgs, ParametersArg};
pub use gateways::GatewayArgs;
pub use group::{
    GroupAddArgs, GroupChainArgs, GroupCommand, GroupCreateArgs, GroupDeployArgs, GroupPublishArgs,
    GroupRemoveArgs, GroupRootArgs, GroupShowArgs, MemberCommand, MemberCommitmentArgs,
    MemberCreateArgs,
};
pub use keys::{KeygenArgs, RewrapArgs, UnwrapArgs};
pub use market::{BuyArgs, RelayArgs, SellArgs};
pub use opening::OpeningArgs;
pub use policy::{
    PolicyCheckArgs, PolicyCommand, PolicyExplainArgs, PolicyImportArgs, PolicyNewArgs,
    PolicyRecordArgs, PolicyTestArgs, Preset, ReaderArgs, SpanArgs,
};
pub use prove::{ProveCommand, ProveKeysArgs, ProveTryArgs};
pub use range::RangeArg;
pub use receipt::{ReceiptCommand, ReceiptVerifyArgs};
pub use recipients::RecipientArgs;

pub use terms::{HoldingArg, MultiHoldingArg, TermsArgs};

use crate::{
    demo::DemoArgs,
    devnet::{DevnetArgs, TiedArgs},
};

/// Encrypt files to on-chain conditions; a committee of nodes gives out keys, and cannot decrypt.
#[derive(Debug, Parser)]
#[command(
    name = "stheno",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = EXAMPLE
)]
pub struct Cli {
    /// Print the result, or the error, as one JSON object.
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLE: &str = "\
Example, against a committee on this machine:

  stheno devnet --state devnet            # prints accounts and what to type in another terminal
  stheno encrypt talk.mp4 --policy devnet/policy.json --network devnet/network.json -o talk.fee
  STHENO_PRIVATE_KEY=0x… stheno decrypt talk.fee --rpc http://127.0.0.1:8545 -o talk.mp4

Exit code: 0 done, 1 access denied, 2 usage or system error, 130 interrupted, 141 nobody reads the
output any more.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Encrypt a file or a folder to a policy, and to keys.
    Encrypt(Box<EncryptArgs>),
    /// Decrypt a file or a folder, if its policy lets you, or with a key of your own.
    Decrypt(Box<DecryptArgs>),
    /// Add files to an encrypted folder, as a new version of its manifest.
    Add(Box<AddArgs>),
    /// List the files of an encrypted folder.
    Ls(Box<LsArgs>),
    /// Store an encrypted folder or file in folders and with providers, and print a link to it.
    Put(PutArgs),
    /// Fetch what a link leads to, or a manifest names: still encrypted, verified, from any copy.
    Get(Box<GetArgs>),
    /// Encrypt a folder, store it, and put it on sale; prints a link.
    Sell(Box<SellArgs>),
    /// See what a link sells and what it takes, pay, and decrypt.
    Buy(Box<BuyArgs>),
    /// Send a purchase that somebody else signed, and pay the gas.
    Relay(RelayArgs),
    /// Change who can open a file, without reading or writing its ciphertext anew.
    Rewrap(Box<RewrapArgs>),
    /// Take the file's own key out of an envelope, for another tool of this format.
    Unwrap(Box<UnwrapArgs>),
    /// Make a key pair: a way out that needs no network.
    Keygen(KeygenArgs),
    /// Name a file as Filecoin's storage does, by its PieceCID.
    Piece(PieceArgs),
    /// Show what an envelope says; needs no key and no network.
    Inspect(InspectArgs),
    /// Work with sessions: a key that asks for your account for an hour.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Work with delegations: somebody else's key asks for your account for days.
    #[command(subcommand)]
    Delegation(DelegationCommand),
    /// Say who reads, on chain: create items, set their terms, grant and revoke.
    #[command(subcommand)]
    Access(AccessCommand),
    /// Keep a group of members who are not named: in a file, and as a root on chain.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Make the key that makes you a member of groups, and print its commitment.
    #[command(subcommand)]
    Member(MemberCommand),
    /// Work with proofs of private conditions: make keys for development, try a policy's.
    #[command(subcommand)]
    Prove(ProveCommand),
    /// Work with policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Work with what nodes signed for having released.
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Work with networks.
    #[command(subcommand)]
    Network(NetworkCommand),
    /// See how a committee's key came to be.
    #[command(subcommand)]
    Ceremony(CeremonyCommand),
    /// Start a chain, the contracts and a committee on this machine, for application developers.
    Devnet(DevnetArgs),
    /// Play the whole story once with real processes, and say `demo: ok`.
    Demo(DemoArgs),
    /// Become another program that ends when a given process does (the devnet's way to start its own).
    #[command(hide = true)]
    Tied(TiedArgs),
    /// Run a node; the same as `stheno-node`.
    #[command(hide = true)]
    Node(NodeArgs),
    /// Show help for a command, or explain an error code.
    Help(HelpArgs),
}

/// What `stheno encrypt` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno encrypt data.csv --policy policy.json --network network.json -o data.csv.fee

  With the owner's key as a way out that needs no network (see `stheno keygen --help`):
    stheno encrypt data.csv --policy policy.json --network network.json --also-to stheno1… \\
           -o data.csv.fee

  To two networks, either of which opens it:
    stheno encrypt data.csv --network a.json --network b.json --policy policy.json -o data.csv.fee

  A folder: an envelope for each file, and an encrypted manifest, in a folder of its own:
    stheno encrypt data/ --policy policy.json --network network.json -o sealed
    stheno ls sealed --rpc https://api.node.glif.io/rpc/v1 --keystore me.json

A policy that lets the holders of an access pass read:
  { \"version\": 1,
    \"rule\": { \"token\": { \"chain\": 314, \"standard\": \"erc721\",
                         \"contract\": \"0x…\", \"min\": \"1\" } } }")]
pub struct EncryptArgs {
    /// The file or folder to encrypt; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,

    /// Where the envelope goes; `-` is standard output. Of a folder: the folder for its manifest and
    /// envelopes, whose names tell nothing.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// How the body is encrypted.
    #[arg(long, value_enum, default_value_t)]
    pub cipher: CipherArg,

    /// Encrypt under the key in this file (64 hex digits) instead of a fresh one. Use a key for one
    /// file only. Without recipients it is the only way to open the file.
    #[arg(long, value_name = "FILE")]
    pub cek_file: Option<PathBuf>,

    /// A JSON object to be stored in the header, in the clear and unauthenticated.
    #[arg(long, value_name = "FILE")]
    pub metadata: Option<PathBuf>,

    /// Bytes of plaintext a chunk.
    #[arg(long, value_name = "BYTES")]
    pub chunk_size: Option<u32>,

    /// Name the envelope as Filecoin's storage does, by its PieceCID, in the same pass. Hashing
    /// costs more than encrypting, so it is done only on request.
    #[arg(long)]
    pub piece: bool,

    /// Write the envelope, or the encrypted folder, as a CARv1 besides, and print its root CID:
    /// UnixFS in the profile unixfs-v1-2025, as IPFS tools make it.
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub car: Option<String>,

    /// JSON-RPC endpoints of the committee's chain, instead of the network file's.
    #[arg(long, value_name = "URL")]
    pub rpc: Vec<Url>,

    /// Replace the output if it exists.
    #[arg(short, long)]
    pub force: bool,

    /// How a folder is taken.
    #[command(flatten)]
    pub folder: FolderArgs,

    /// Who may read.
    #[command(flatten)]
    pub to: RecipientArgs,
}

/// How the body is encrypted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum CipherArg {
    /// Chunked AES-256-GCM: every tool for this format reads it.
    #[default]
    #[value(name = "aes-256-gcm")]
    Aes256Gcm,
    /// Chunked ChaCha20-Poly1305: for machines without fast AES.
    #[value(name = "chacha20-poly1305")]
    ChaCha20Poly1305,
    /// AES-256-GCM over the whole file, at most 64 MiB and held in memory: for tools that read
    /// nothing else.
    #[value(name = "aes-256-gcm-whole")]
    Aes256GcmWhole,
}

/// What `stheno decrypt` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno decrypt data.csv.fee --rpc https://api.node.glif.io/rpc/v1 --keystore me.json -o data.csv
  stheno decrypt data.csv.fee -i owner.key -o data.csv
  stheno decrypt https://storage.example/piece/bafk… --range 2GiB:1MiB -i owner.key -o part

  An encrypted folder, all of it, one file, and a part of one from where a link leads to:
    stheno decrypt sealed -i owner.key -o data
    stheno decrypt sealed --file tables/2025.csv -i owner.key -o 2025.csv
    stheno decrypt 'stheno:collection/bafk…?at=…' --file film.mp4 --range :1MiB -i owner.key -o part

  The same from IPFS, where it was imported from a CAR: every block is verified:
    stheno decrypt ipfs://bafybei… --gateway https://gateway.example --file film.mp4 -i owner.key -o film
    stheno decrypt https://gateway.example/ipfs/bafybei… --all -i owner.key -o data

An address is read by HTTP; with --range by requests for the header and the chunks that are needed,
and nothing else. A server that redirects, ignores ranges, or contradicts itself is an error.

With --piece the envelope must be that piece, or the command fails. An output file then does not
appear. Into a pipe, what was decrypted has gone out before the end shows the fault, with exit code
2; --verify-first checks all of the envelope before anything is asked for or written.

Keys of your own are tried first; if they open the envelope, no committee is asked.

The wallet key comes from --keystore, or from the environment variable STHENO_PRIVATE_KEY. Its
passphrase is asked for, or taken from STHENO_KEYSTORE_PASSWORD. A policy that names no reader
needs neither. --session and --delegation ask without the account's own key; --account asks for a
contract that the wallet owns.")]
pub struct DecryptArgs {
    /// The envelope: a file, an address of http or https, ipfs://CID, or `-` for standard input. Of an
    /// encrypted folder: the folder, its manifest with --file or --all, a link, or its CID in IPFS.
    #[arg(value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub file: String,

    /// Where the plaintext goes; `-` is standard output. Of an encrypted folder: a folder.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// Of an encrypted folder decrypt this file alone, into the output, as `stheno ls` names it.
    #[arg(long = "file", value_name = "NAME", conflicts_with_all = ["all", "piece", "body"])]
    pub name: Option<String>,

    /// Decrypt all files of an encrypted folder, whose manifest is given.
    #[arg(long, conflicts_with_all = ["range", "piece", "body"])]
    pub all: bool,

    /// Where pieces of an encrypted folder are, to be tried first: a folder, https://HOST/PATH,
    /// pdp+https://HOST, https://GATEWAY/ipfs/CID or ipfs://CID. May be given several times.
    #[arg(long, value_name = "PLACE")]
    pub from: Vec<Place>,

    /// Which IPFS gateways are asked.
    #[command(flatten)]
    pub gateways: GatewayArgs,

    /// Write names that this system does not have, or cannot tell apart, with `%` and two digits for
    /// what makes the trouble, instead of refusing them.
    #[arg(long)]
    pub escape_names: bool,

    /// Decrypt a part of the file: OFFSET:LENGTH, OFFSET: to its end, or :LENGTH from its start;
    /// bytes, or with KiB, MiB or GiB. A part that the file does not have is an error.
    #[arg(long, value_name = "RANGE", conflicts_with = "piece")]
    pub range: Option<RangeArg>,

    /// The PieceCID that the envelope must have. For a detached header, that of the object with
    /// its ciphertext. A part has no PieceCID: its chunks authenticate themselves.
    #[arg(long, value_name = "CID")]
    pub piece: Option<PieceCid>,

    /// Check the piece before asking for the key and writing anything. What is not a file is kept
    /// until then, encrypted as it is, in a temporary file.
    #[arg(long, requires = "piece")]
    pub verify_first: bool,

    /// Which committee is asked, and how it is reached.
    #[command(flatten)]
    pub committee: CommitteeArgs,

    /// The stored object with the ciphertext, for a header that was detached from it.
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,

    /// Replace the output if it exists.
    #[arg(short, long)]
    pub force: bool,

    /// What opens it.
    #[command(flatten)]
    pub opening: OpeningArgs,
}

/// What `stheno piece` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno piece data.csv.fee")]
pub struct PieceArgs {
    /// The file: a file, an address of http or https, or `-` for standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
}

/// What `stheno inspect` takes.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// The envelope: a file, an address of http or https, or `-` for standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
}

/// `stheno network …`
#[derive(Clone, Debug, Subcommand)]
pub enum NetworkCommand {
    /// Show a network file, the committee on the chain, and how its nodes are.
    Show(NetworkShowArgs),
    /// Deploy a network's contracts and found its committee; write its file once there is a key.
    Deploy(Box<NetworkDeployArgs>),
}

/// What `stheno network show` takes.
#[derive(Clone, Debug, Args)]
pub struct NetworkShowArgs {
    /// The network file.
    pub file: PathBuf,

    /// JSON-RPC endpoints of the committee's chain, instead of the file's.
    #[arg(long, value_name = "URL")]
    pub rpc: Vec<Url>,

    /// Show the file alone: ask neither chain nor nodes.
    #[arg(long)]
    pub offline: bool,
}

/// What `stheno help` takes.
#[derive(Clone, Debug, Args)]
pub struct HelpArgs {
    /// A command, or a code such as `condition_not_met`.
    pub topic: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Clap looks only where its own assertions are compiled, which Cargo.toml asks for.
    #[test]
    #[should_panic(expected = "does not exist")]
    fn command_tree_that_is_not_is_found() {
        let odd = clap::Arg::new("a").long("a").conflicts_with("b");
        clap::Command::new("odd").arg(odd).debug_assert();
    }
}
