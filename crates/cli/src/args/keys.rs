//! What `keygen`, `unwrap` and `rewrap` take.

use std::path::PathBuf;

use clap::{Args, builder::NonEmptyStringValueParser};
use url::Url;

use super::{CommitteeArgs, KeyTypeArg, OpeningArgs, RecipientArgs};

/// What `stheno keygen` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno keygen -o owner.key                     # prints stheno1…
  stheno encrypt data.csv --policy policy.json --network network.json \\
         --also-to stheno1… -o data.csv.fee
  stheno decrypt data.csv.fee -i owner.key -o data.csv

The secret key never leaves its file, which only you can read. Keep a copy where it survives this
machine: with it a file opens even when no network is left.")]
pub struct KeygenArgs {
    /// Where the secret key goes.
    #[arg(
        short,
        long,
        value_name = "FILE",
        required_unless_present = "public",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub output: Option<String>,

    /// Print the public key of the secret key in this file, and make nothing.
    #[arg(short = 'y', long, value_name = "FILE", conflicts_with_all = ["output", "symmetric", "asking", "force"])]
    pub public: Option<PathBuf>,

    /// Make a symmetric key (64 hex digits) for --shared-key or --cek-file instead.
    #[arg(long)]
    pub symmetric: bool,

    /// Make a key that asks for somebody else's account, once they name it in a delegation, and
    /// print the public key to give them.
    #[arg(long, conflicts_with = "symmetric")]
    pub asking: bool,

    /// The kind of that key.
    #[arg(long, value_enum, default_value_t, requires = "asking")]
    pub key_type: KeyTypeArg,

    /// Replace the file if it exists. The key in it is then lost.
    #[arg(short, long)]
    pub force: bool,
}

/// What `stheno unwrap` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno unwrap data.csv.fee --rpc https://api.node.glif.io/rpc/v1 --keystore me.json \\
         --cek-out data.cek
  stheno decrypt data.csv.fee --cek-file data.cek -o data.csv

Whoever has the key can read the file and forge another under it. The output is 64 hex digits,
which every tool for this format takes.")]
pub struct UnwrapArgs {
    /// The envelope, or its header alone; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,

    /// Where the file's key goes; only you will be able to read it. `-` is standard output.
    #[arg(short = 'o', long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub cek_out: String,

    /// Which committee is asked, and how it is reached.
    #[command(flatten)]
    pub committee: CommitteeArgs,

    /// Replace the output if it exists.
    #[arg(short, long)]
    pub force: bool,

    /// What opens it.
    #[command(flatten)]
    pub opening: OpeningArgs,
}

/// What `stheno rewrap` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  Add a second network and the owner's key, opening with a key that the envelope knows:
    stheno rewrap data.fee -i owner.key --network second.json --policy policy.json -o new.fee

  Take recipient 2 away (`stheno inspect` numbers them); needs no key:
    stheno rewrap data.fee --remove 2 -o new.fee

  Give others a header of their own for a blob that stays where it is stored:
    stheno rewrap data.fee -i owner.key --also-to stheno1… --detached bafkzcib… -o for-them.fee
    stheno decrypt for-them.fee --body data.fee -i them.key -o data

The ciphertext is copied as it is, and not read with --detached. Whoever could open the file before
may have kept its key: to lock a reader out, encrypt again.")]
pub struct RewrapArgs {
    /// The envelope, or its header alone; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,

    /// Where the envelope goes; `-` is standard output.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// Take this recipient away, numbered as `stheno inspect` does, from 1.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub remove: Vec<u16>,

    /// Take every recipient away that the envelope has.
    #[arg(long, conflicts_with = "remove")]
    pub replace: bool,

    /// Write the header alone, for ciphertext that is stored already as the object with this CID.
    #[arg(long, value_name = "CID", conflicts_with = "body")]
    pub detached: Option<String>,

    /// Where in that object the ciphertext begins, if not where it begins in the envelope.
    #[arg(long, value_name = "BYTES", requires = "detached")]
    pub offset: Option<u64>,

    /// The stored object that a detached header names: the envelope becomes whole again.
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,

    /// JSON-RPC endpoints, of the chains of old and new committees.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,

    /// Replace the output if it exists.
    #[arg(short, long)]
    pub force: bool,

    /// Who may read from now on.
    #[command(flatten)]
    pub to: RecipientArgs,

    /// What opens it.
    #[command(flatten)]
    pub opening: OpeningArgs,

    /// The policy that the envelope hides, where a committee opens it.
    #[arg(long, value_name = "FILE", help_heading = "What opens it")]
    pub hidden_policy: Option<PathBuf>,
}
