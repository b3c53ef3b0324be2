//! `stheno prove …`: keys and trials of private conditions.

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use stheno::circuits::Circuit;
use url::Url;

use super::MemberArgs;

/// `stheno prove …`
#[derive(Clone, Debug, Subcommand)]
pub enum ProveCommand {
    /// Make a pair of keys for development, and print the hash that a policy names.
    Keys(ProveKeysArgs),
    /// Prove what a policy asks, for nobody: whether you could, and how long it takes.
    Try(ProveTryArgs),
}

/// What `stheno prove keys` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno prove keys keys/ --circuit membership-20-v1

Writes HASH.proving, for members, and HASH.verifying. The hash is what a policy names as its `key`.

Such keys are for development alone: whoever has the seed that they are made from can prove anything.
They are marked, and nodes refuse them unless their configuration says development = true. For a
network in earnest a ceremony makes them, of which one honest participant is enough.")]
pub struct ProveKeysArgs {
    /// The folder that the files go to.
    pub folder: PathBuf,

    /// What is proven: membership or credential, the depth of the group's tree, the version.
    #[arg(long, value_name = "NAME", default_value = "membership-20-v1")]
    pub circuit: Circuit,

    /// Make the keys from the 64 hex digits in this file, the same on every machine. Default: from
    /// random ones, which are forgotten.
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
}

/// What `stheno prove try` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno prove try policy.json --member member.key --group group.json --proving-keys keys/

As much is proven as reading takes, and no more. No node is asked. A group that a contract keeps is looked up
with --rpc; without, the only group that could be it is taken for it. To read a file, give the same to `stheno decrypt`.")]
pub struct ProveTryArgs {
    /// The policy, as JSON; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub policy: String,

    /// A JSON-RPC endpoint of the chain on which a contract keeps the policy's group; of each chain one or more.
    #[arg(long, value_name = "URL")]
    pub rpc: Vec<Url>,

    /// Who proves.
    #[command(flatten)]
    pub member: MemberArgs,
}
