//! What `stheno sell` and `stheno buy` take.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, builder::NonEmptyStringValueParser};
use stheno::{collection::Place, protocol::Address};
use url::Url;

use super::{CipherArg, OpeningArgs, SenderArgs, consent::SpanArg};
use crate::size::Size;

/// What `stheno sell` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno sell data/ --price 5usdfc --to pdp+https://pdp.example -o sealed --network network.json \\
         --keystore me.json

The folder is encrypted to an item that only this account can register, stored, registered with the
terms \"whom the owner grants it, or who paid\", priced, and listed. Then the link is printed. Killed at
any point, the same command goes on: nothing is encrypted, stored or paid for twice. `sale.json` in the
encrypted folder says which item it is; keep the folder, and the plaintext.

Run again with another price it changes the price. `stheno access` edits who else may read.")]
pub struct SellArgs {
    /// The folder to sell.
    pub folder: PathBuf,

    /// What it costs, in FIL or in a token of the network file: 5usdfc, 0.25fil.
    #[arg(long, value_name = "AMOUNT")]
    pub price: String,

    /// Where it is stored: a folder, or pdp+https://HOST for a PDP provider. Give several for copies.
    #[arg(long, value_name = "PLACE", required = true)]
    pub to: Vec<Place>,

    /// Where buyers fetch it, if by another address than it was stored by: https://HOST/PATH.
    #[arg(long, value_name = "PLACE")]
    pub at: Vec<Place>,

    /// The folder for the encrypted folder.
    #[arg(short, long, value_name = "FOLDER", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// What it is called in the catalogue, for everybody to see; else as the folder.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub title: Option<String>,

    /// A licence, in a file, that buyers accept by their signature. Its SHA-256 goes on the chain.
    #[arg(long, value_name = "FILE")]
    pub licence: Option<PathBuf>,

    /// How long a purchase lasts, such as 30d. What was read meanwhile stays read. Else for good.
    #[arg(long, value_name = "SPAN")]
    pub lasts: Option<SpanArg>,

    /// Who is paid: an account, or a `Splitter`. Else the seller.
    #[arg(long, value_name = "ADDRESS")]
    pub payee: Option<Address>,

    /// The data set of the storage proofs, as PDPVerifier numbers it.
    #[arg(long, value_name = "NUMBER")]
    pub data_set: Option<u64>,

    /// Let the owner of this X25519 public key read, whatever becomes of the network.
    #[arg(long, value_name = "KEY")]
    pub also_to: Vec<String>,

    /// How the bodies are encrypted.
    #[arg(long, value_enum, default_value_t)]
    pub cipher: CipherArg,

    /// Leave out, with a word on each, what is no file.
    #[arg(long)]
    pub skip: bool,

    /// The largest piece, where a provider takes less than 1065353216 bytes.
    #[arg(long, value_name = "SIZE")]
    pub max_piece: Option<Size>,

    /// Pieces that pass at once.
    #[arg(long, value_name = "NUMBER", default_value = "4")]
    pub parallel: NonZeroUsize,

    /// The network file: whose nodes judge, and where its market is.
    #[arg(short, long, value_name = "FILE", env = "STHENO_NETWORK")]
    pub network: PathBuf,

    /// JSON-RPC endpoints of its chain, instead of the network file's.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,

    /// Who sells.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno buy` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno buy 'stheno:sale/314/0x…/0x…/bafk…?at=…' -o data --network network.json --keystore me.json
  stheno buy 'stheno:sale/…' --dry-run --network network.json     # shows what it takes, and stops

Before it asks, it has made certain that what is stored is what is listed, that the files are sealed to
what is sold, that paying is all it takes, and that the call does what is shown. With --yes it does not
ask; then the contract that sells must be the network's, or the one named by --seller.

Interrupted after paying, the same command goes on: who may read already does not pay again.")]
pub struct BuyArgs {
    /// The link that `stheno sell` printed.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub link: String,

    /// The folder for what was bought. Without it nothing is fetched and decrypted.
    #[arg(short, long, value_name = "FOLDER", value_parser = NonEmptyStringValueParser::new())]
    pub output: Option<String>,

    /// Pay without asking.
    #[arg(short, long)]
    pub yes: bool,

    /// Show what it takes, and pay nothing.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,

    /// Pay at most this, such as 5usdfc.
    #[arg(long, value_name = "AMOUNT")]
    pub most: Option<String>,

    /// Accept the licence with this text, by a signature of the reader.
    #[arg(long, value_name = "FILE")]
    pub accept_licence: Option<PathBuf>,

    /// Trust this contract to sell, though the network file does not name it.
    #[arg(long, value_name = "ADDRESS")]
    pub seller: Option<Address>,

    /// Buy for another account, which reads by itself.
    #[arg(long = "for", value_name = "ADDRESS", conflicts_with = "output")]
    pub reader: Option<Address>,

    /// Do not pay, but write a purchase into this file that somebody else can send, with
    /// `stheno relay`: signed, with a permit of its price. Whoever pays in a token needs no FIL.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "dry_run"],
          value_parser = NonEmptyStringValueParser::new())]
    pub sign: Option<String>,

    /// How long the signed purchase may be sent.
    #[arg(long, value_name = "SPAN", default_value = "1h", requires = "sign")]
    pub sign_for: SpanArg,

    /// Where it is stored, to be tried before what the link says.
    #[arg(long, value_name = "PLACE")]
    pub from: Vec<Place>,

    /// The network file: whose contracts may be paid. Without it every contract is a stranger.
    #[arg(short, long, value_name = "FILE", env = "STHENO_NETWORK")]
    pub network: Option<PathBuf>,

    /// JSON-RPC endpoints, instead of the network file's.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,

    /// Who pays and reads, and how.
    #[command(flatten)]
    pub opening: OpeningArgs,
}

/// What `stheno relay` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno buy 'stheno:sale/…' --sign purchase.json --network network.json --keystore buyer.json
  stheno relay purchase.json --rpc https://api.node.glif.io/rpc/v1 --keystore relayer.json

The relayer pays the gas. It can change nothing, and pays nothing else.")]
pub struct RelayArgs {
    /// The file that `stheno buy --sign` wrote.
    pub purchase: PathBuf,

    /// JSON-RPC endpoints of the purchase's chain.
    #[arg(
        long,
        value_name = "URL",
        env = "STHENO_RPC",
        value_delimiter = ',',
        required = true
    )]
    pub rpc: Vec<Url>,

    /// Who sends it, and pays the gas.
    #[command(flatten)]
    pub sender: SenderArgs,
}
