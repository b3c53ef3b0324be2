//! What can be typed: the whole command line as types.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, builder::NonEmptyStringValueParser};
use stheno_node::commands::NodeArgs;
use url::Url;

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

Exit code: 0 done, 1 access denied, 2 usage or system error, 130 interrupted.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Encrypt a file to a policy.
    Encrypt(EncryptArgs),
    /// Decrypt a file, if its policy lets you.
    Decrypt(DecryptArgs),
    /// Show what an envelope says; needs no key and no network.
    Inspect(InspectArgs),
    /// Work with policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Work with networks.
    #[command(subcommand)]
    Network(NetworkCommand),
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
Example:
  stheno encrypt data.csv --policy policy.json --network network.json -o data.csv.fee

A policy that lets the holders of an access pass read:
  { \"version\": 1,
    \"rule\": { \"token\": { \"chain\": 314, \"standard\": \"erc721\",
                         \"contract\": \"0x…\", \"min\": \"1\" } } }")]
pub struct EncryptArgs {
    /// The file to encrypt; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,

    /// The policy, in JSON.
    #[arg(short, long, value_name = "FILE")]
    pub policy: PathBuf,

    /// The network file: which committee, and the fingerprint of its key.
    #[arg(short, long, value_name = "FILE", env = "STHENO_NETWORK")]
    pub network: PathBuf,

    /// Where the envelope goes; `-` is standard output.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// How the body is encrypted.
    #[arg(long, value_enum, default_value_t)]
    pub cipher: CipherArg,

    /// Encrypt to this item (32 bytes of hex) instead of a fresh one. Whoever may read one file of
    /// an item can read all of them, for ever.
    #[arg(long, value_name = "HEX")]
    pub item: Option<String>,

    /// Put only the policy's digest into the envelope; readers must then bring the policy.
    #[arg(long)]
    pub hide_policy: bool,

    /// Bytes of plaintext a chunk.
    #[arg(long, value_name = "BYTES")]
    pub chunk_size: Option<u32>,

    /// JSON-RPC endpoints of the committee's chain, instead of the network file's.
    #[arg(long, value_name = "URL")]
    pub rpc: Vec<Url>,

    /// Replace the output if it exists.
    #[arg(short, long)]
    pub force: bool,
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
}

/// What `stheno decrypt` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno decrypt data.csv.fee --rpc https://api.node.glif.io/rpc/v1 --keystore me.json -o data.csv

The wallet key comes from --keystore, or from the environment variable STHENO_PRIVATE_KEY. Its
passphrase is asked for, or taken from STHENO_KEYSTORE_PASSWORD. A policy that names no reader
needs neither.")]
pub struct DecryptArgs {
    /// The envelope; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,

    /// Where the plaintext goes; `-` is standard output.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// A JSON-RPC endpoint; give one for each chain that the policy names, or several of a chain.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,

    /// A network file, for its endpoints and to refuse every other network.
    #[arg(short, long, value_name = "FILE")]
    pub network: Option<PathBuf>,

    /// An encrypted Ethereum keystore with the wallet's key.
    #[arg(long, value_name = "FILE", env = "STHENO_KEYSTORE")]
    pub keystore: Option<PathBuf>,

    /// The policy, for an envelope that only says its digest.
    #[arg(short, long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// How long to wait for a right that is not final yet, or for nodes that ask to wait.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub wait: u64,

    /// Replace the output if it exists.
    #[arg(short, long)]
    pub force: bool,
}

/// What `stheno inspect` takes.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// The envelope; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
}

/// `stheno policy …`
#[derive(Clone, Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check a policy and say what it means, its digest and what it reads.
    Check(PolicyCheckArgs),
}

/// What `stheno policy check` takes.
#[derive(Clone, Debug, Args)]
pub struct PolicyCheckArgs {
    /// The policy, in JSON; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
}

/// `stheno network …`
#[derive(Clone, Debug, Subcommand)]
pub enum NetworkCommand {
    /// Show a network file, the committee on the chain, and how its nodes are.
    Show(NetworkShowArgs),
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
}
