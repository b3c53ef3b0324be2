//! What encrypted folders take: `add`, `ls`, `put`, `get`, and `encrypt` of a folder.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, builder::NonEmptyStringValueParser};
use stheno::collection::Place;
use url::Url;

use super::{CipherArg, CommitteeArgs, GatewayArgs, OpeningArgs, RecipientArgs};
use crate::size::Size;

/// How a folder is taken.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Folders")]
pub struct FolderArgs {
    /// One fresh item for all files, instead of one each: readers ask once for all of them. Whoever
    /// may read one file of an item can read all of them, for ever.
    #[arg(long)]
    pub one_item: bool,

    /// Leave out, with a word on each, what is no file: links, pipes, what cannot be read, names that
    /// are no text. Without it they are an error.
    #[arg(long)]
    pub skip: bool,

    /// What the collection is called, inside of the manifest; else as the folder.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: Option<String>,

    /// The largest piece, where a provider takes less than 1065353216 bytes. Larger envelopes are cut.
    #[arg(long, value_name = "SIZE")]
    pub max_piece: Option<Size>,
}

/// What `stheno add` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno add more/ --to sealed -i owner.key --policy policy.json --network network.json

A file with the path of one that is there takes its place in the new version, unless its bytes are
the same. What is stored is not written to: `manifest-1.fee` stays beside `manifest-2.fee`.")]
pub struct AddArgs {
    /// The folder with the files to add.
    pub folder: PathBuf,

    /// The encrypted folder that `stheno encrypt` or `stheno get` wrote.
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,

    /// How the bodies of the new envelopes are encrypted.
    #[arg(long, value_enum, default_value_t)]
    pub cipher: CipherArg,

    /// Bytes of plaintext a chunk, of the new envelopes.
    #[arg(long, value_name = "BYTES")]
    pub chunk_size: Option<u32>,

    /// Write the encrypted folder, as it is in the new version, as a CARv1 besides, and print its root
    /// CID. Blocks of the version before are in it again, under the same CIDs.
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub car: Option<String>,

    /// JSON-RPC endpoints, of the chains of old and new committees.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,

    /// How the folder is taken.
    #[command(flatten)]
    pub taking: FolderArgs,

    /// Who may read what is added, and the new manifest.
    #[command(flatten)]
    pub recipients: RecipientArgs,

    /// What opens the manifest.
    #[command(flatten)]
    pub opening: OpeningArgs,

    /// The policy that the manifest's envelope hides, where a committee opens it.
    #[arg(long, value_name = "FILE", help_heading = "What opens it")]
    pub hidden_policy: Option<PathBuf>,
}

/// What `stheno ls` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno ls sealed -i owner.key
  stheno ls sealed/manifest-1.fee --rpc https://api.node.glif.io/rpc/v1 --keystore me.json --json
  stheno ls ipfs://bafybei… --gateway https://gateway.example -i owner.key")]
pub struct LsArgs {
    /// The encrypted folder, its manifest, a link, or where either is in IPFS: ipfs://CID, or
    /// https://GATEWAY/ipfs/CID.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub manifest: String,

    /// Where the manifest's pieces are, to be tried before what the link says.
    #[arg(long, value_name = "PLACE")]
    pub from: Vec<Place>,

    /// Which IPFS gateways are asked.
    #[command(flatten)]
    pub gateways: GatewayArgs,

    /// Which committee is asked, and how it is reached.
    #[command(flatten)]
    pub committee: CommitteeArgs,

    /// What opens it.
    #[command(flatten)]
    pub opening: OpeningArgs,
}

/// What `stheno put` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno put sealed --to pdp+https://pdp.example --to /mnt/backup    # prints a link
  stheno put data.csv.fee --to pdp+https://pdp.example --dry-run --price 2.5

The link names the pieces and the places, and no secret: who follows it must pass the policy. Killed
at any point, the same command goes on. A provider keeps a piece that no data set takes for two hours
or so; adding pieces to a data set is paid for on the chain and is not done here.")]
pub struct PutArgs {
    /// The encrypted folder, or an envelope.
    pub path: PathBuf,

    /// Where it goes: a folder, or pdp+https://HOST for a PDP provider. Give several for copies.
    #[arg(long, value_name = "PLACE", required = true)]
    pub to: Vec<Place>,

    /// Pieces that pass at once.
    #[arg(long, value_name = "NUMBER", default_value = "4")]
    pub parallel: NonZeroUsize,

    /// Say how many pieces and bytes there are, and what they cost, and store nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// What a place asks for a TiB and month, in any currency, for the cost.
    #[arg(long, value_name = "AMOUNT", value_parser = price)]
    pub price: Option<f64>,

    /// The largest piece, where a provider takes less than 1065353216 bytes.
    #[arg(long, value_name = "SIZE")]
    pub max_piece: Option<Size>,
}

/// What `stheno get` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno get 'stheno:collection/bafk…?at=…' -o sealed --rpc https://… --keystore me.json
  stheno get 'stheno:file/bafk…?at=…' -o data.csv.fee
  stheno get sealed/manifest-2.fee --from pdp+https://pdp.example -o sealed -i owner.key
  stheno get ipfs://bafybei… --gateway https://a.example --gateway https://b.example -o sealed \\
         -i owner.key

Every piece is compared with its PieceCID, and what comes from an IPFS gateway block by block with its
CIDs. A place that fails or lies is named, and the next one is tried. Killed at any point, the same command goes on. What comes is encrypted as it is stored; what
opens the manifest is needed to know which pieces belong to a folder.")]
pub struct GetArgs {
    /// A link, an encrypted folder or its manifest, or where one of them or a file is in IPFS:
    /// ipfs://CID/PATH, or https://GATEWAY/ipfs/CID/PATH.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub what: String,

    /// Where it goes: a folder; of a link to a file, or a file in IPFS, the file.
    #[arg(short, long, value_name = "PATH")]
    pub output: PathBuf,

    /// Of a collection fetch this file's pieces alone. May be given several times.
    #[arg(long = "file", value_name = "NAME")]
    pub names: Vec<String>,

    /// Where pieces are, to be tried before what link and manifest say: a folder, https://HOST/PATH,
    /// pdp+https://HOST, https://GATEWAY/ipfs/CID or ipfs://CID. May be given several times.
    #[arg(long, value_name = "PLACE")]
    pub from: Vec<Place>,

    /// Which IPFS gateways are asked.
    #[command(flatten)]
    pub gateways: GatewayArgs,

    /// Pieces that pass at once.
    #[arg(long, value_name = "NUMBER", default_value = "4")]
    pub parallel: NonZeroUsize,

    /// Say how many pieces and bytes there are, and fetch none but the manifest's.
    #[arg(long)]
    pub dry_run: bool,

    /// Which committee is asked, and how it is reached.
    #[command(flatten)]
    pub committee: CommitteeArgs,

    /// What opens the manifest.
    #[command(flatten)]
    pub opening: OpeningArgs,
}

/// An amount of money: finite, and not below nothing.
fn price(text: &str) -> Result<f64, String> {
    let amount: f64 = text
        .parse()
        .map_err(|_| format!("`{text}` is no amount, such as 2.5"))?;
    match amount.is_finite() && amount >= 0.0 {
        true => Ok(amount),
        false => Err(format!("`{text}` is no amount, such as 2.5")),
    }
}
