//! What opens an envelope: keys of one's own, or a wallet for a committee. Shared by `decrypt`,
//! `unwrap` and `rewrap`.

use std::path::PathBuf;

use clap::{Args, builder::NonEmptyStringValueParser};

use super::AskerArgs;

use crate::context::{Written, named_value};

/// The keys to open an envelope with.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What opens it")]
pub struct OpeningArgs {
    /// A file with your X25519 secret key, from `stheno keygen`; no committee is asked if it opens.
    #[arg(short, long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,

    /// A file with a shared symmetric key, in 64 hex digits.
    #[arg(long, value_name = "FILE")]
    pub shared_key: Vec<PathBuf>,

    /// A file with the file's own key, in 64 hex digits.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["identity", "shared_key"])]
    pub cek_file: Option<PathBuf>,

    /// Who asks the committee.
    #[command(flatten)]
    pub asker: AskerArgs,

    /// Keep the receipts of the nodes that gave shares in this file, for `stheno receipt verify`:
    /// what each of them signed for having released, to whom and when. Without a committee there
    /// are none, and there is no such file.
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub receipts: Option<String>,

    /// A value for the policy's placeholders: true, false, a whole number, 0x and hex, or text.
    #[arg(long = "context", value_name = "NAME=VALUE", value_parser = named_value)]
    pub context: Vec<(String, Written)>,

    /// How long to wait for a right that is not final yet, or for nodes that ask to wait.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub wait: u64,
}
