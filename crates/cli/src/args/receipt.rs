//! `stheno receipt …`

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use stheno::protocol::Address;
use url::Url;

/// `stheno receipt …`
#[derive(Clone, Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Check what nodes signed for having released: receipts, answers, exports.
    Verify(ReceiptVerifyArgs),
}

/// What `stheno receipt verify` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno decrypt data.fee --rpc https://api.node.glif.io/rpc/v1 --keystore me.json \\
         --receipts data.receipts -o data
  stheno receipt verify data.receipts --rpc https://api.node.glif.io/rpc/v1

  A node's export and the next one; they must follow on each other:
    stheno receipt verify receipts-1.ndjson receipts-2.ndjson --rpc https://api.node.glif.io/rpc/v1

  Without the chain, for a node whose identity address is known:
    stheno receipt verify receipt.json --network network.json --identity 0x…

A file is a receipt, an answer of a node, a reader's file of receipts, or a node's export. Each
receipt must be signed by who is that member of that epoch on the chain; shares of an answer must be
those that were signed for; the receipts of an export must be an unbroken row. Exit code 0: all is
well; 2: something is wrong, each fault with its file, line and number.")]
pub struct ReceiptVerifyArgs {
    /// The files; `-` is standard input.
    #[arg(required = true, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub files: Vec<String>,

    /// The network file: which network a receipt is of that does not say so, its endpoints, and to
    /// refuse every other network.
    #[arg(short, long, value_name = "FILE")]
    pub network: Option<PathBuf>,

    /// JSON-RPC endpoints of the committee's chain.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,

    /// The address that must have signed everything; no chain is asked then.
    #[arg(long, value_name = "ADDRESS")]
    pub identity: Option<Address>,
}
