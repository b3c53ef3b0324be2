//! Who asks a committee: a wallet, a contract that it owns, a session, or a delegate.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use stheno::{
    circuits::KeyHash,
    private::Place,
    protocol::{Address, ChainId},
};

/// A wallet, and the account that it is for.
#[derive(Clone, Debug, Default, Args)]
pub struct WalletArgs {
    /// An encrypted Ethereum keystore with the wallet's key.
    #[arg(long, value_name = "FILE", env = "STHENO_KEYSTORE")]
    pub keystore: Option<PathBuf>,

    /// The account, where it is a contract that accepts what the wallet signs (EIP-1271).
    #[arg(long, value_name = "ADDRESS")]
    pub account: Option<Address>,

    /// The chain that this contract lives on; it is nobody elsewhere.
    #[arg(long, value_name = "CHAIN", requires = "account")]
    pub account_chain: Option<ChainId>,
}

/// Who asks a committee. A wallet may be there for something else besides.
#[derive(Clone, Debug, Default, Args)]
#[command(group(ArgGroup::new("who").args(["account", "session", "delegation", "key"])))]
pub struct AskerArgs {
    /// A wallet.
    #[command(flatten)]
    pub wallet: WalletArgs,

    /// A session, from `stheno session new`; no wallet is needed while it lasts.
    #[arg(long, value_name = "FILE")]
    pub session: Option<PathBuf>,

    /// A delegation, from `stheno delegation new`: you ask for the account that granted it.
    #[arg(long, value_name = "FILE")]
    pub delegation: Option<PathBuf>,

    /// The key that the delegation is for, from `stheno keygen --asking`. Default: the wallet's.
    #[arg(long, value_name = "FILE", requires = "delegation")]
    pub asking_key: Option<PathBuf>,

    /// A member, who shows no account.
    #[command(flatten)]
    pub member: MemberArgs,
}

/// Somebody who proves a right without showing who they are.
#[derive(Clone, Debug, Default, Args)]
pub struct MemberArgs {
    /// Your member's key, from `stheno member create`: you prove to be in a group, and show no account.
    #[arg(long = "member", value_name = "FILE", requires = "group")]
    pub key: Option<PathBuf>,

    /// The file of a group that you are in, as it is now.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub group: Vec<PathBuf>,

    /// A credential that its issuer gave you.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub credential: Vec<PathBuf>,

    // Neither of these `requires` the key: what the environment says would miss it in every other command.
    /// Where proving keys are: folders, or servers'; several with commas between them.
    #[arg(
        long,
        value_name = "FOLDER|URL",
        env = "STHENO_PROVING_KEYS",
        value_delimiter = ','
    )]
    pub proving_keys: Vec<Place>,

    /// SHA-256 of the proving key's file, as whoever runs the network publishes it: no other is taken.
    #[arg(
        long,
        value_name = "HASH",
        env = "STHENO_PROVING_KEY_HASH",
        value_delimiter = ','
    )]
    pub proving_key_hash: Vec<KeyHash>,
}

impl MemberArgs {
    /// The files of which one can be standard input.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.key.iter().chain(&self.credential)
    }
}
