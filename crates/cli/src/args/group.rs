//! `stheno group …` and `stheno member …`: members who are not named.

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use stheno::protocol::{Address, ChainId};
use url::Url;

use super::{SenderArgs, TimeArg, consent::SpanArg};

/// `stheno group …`
#[derive(Clone, Debug, Subcommand)]
pub enum GroupCommand {
    /// Make the file of a group without members.
    Create(GroupCreateArgs),
    /// Add members by their commitments, or one with attributes as a credential.
    Add(GroupAddArgs),
    /// Take members out.
    Remove(GroupRemoveArgs),
    /// Print the group's root: what a policy names.
    Root(GroupRootArgs),
    /// Deploy a contract that keeps the group's root, and that you own.
    Deploy(GroupDeployArgs),
    /// Make the file's root the contract's, or approve that where several accounts vote.
    Publish(GroupPublishArgs),
    /// Show a group's file, and what its contract says.
    Show(GroupShowArgs),
}

/// `stheno member …`
#[derive(Clone, Debug, Subcommand)]
pub enum MemberCommand {
    /// Make a member's key, and print the commitment to give to who keeps the group.
    Create(MemberCreateArgs),
    /// Print the commitment of a member's key.
    Commitment(MemberCommitmentArgs),
}

/// Which chain, and how it is reached.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which chain")]
pub struct GroupChainArgs {
    /// A network file, which names its chain and endpoints.
    #[arg(short, long, value_name = "FILE", env = "STHENO_NETWORK")]
    pub network: Option<PathBuf>,

    /// The chain, where there is no network file or it is another one.
    #[arg(long, value_name = "ID")]
    pub chain: Option<ChainId>,

    /// JSON-RPC endpoints of the chain, instead of the network file's. A majority of them must agree.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,
}

/// What `stheno group create` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno group create group.json
  stheno group add group.json 0x…                  # what a member's `stheno member create` printed
  stheno group root group.json

The file is not secret: members need it to prove, and find in it no name. A place in the tree is
given once, to members who left as well; depth 20 has a million of them, depth 32 four thousand.")]
pub struct GroupCreateArgs {
    /// The file.
    pub file: PathBuf,

    /// Levels of the tree: 20 or 32, for which networks offer proofs.
    #[arg(long, value_name = "LEVELS", default_value_t = 20)]
    pub depth: u64,
}

/// What `stheno group add` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno group add group.json 0x… 0x…
  stheno group add group.json --from commitments.txt      # one a line; # begins a comment
  echo 18,0,0,0 > ann.txt                                 # four whole numbers
  stheno group add issued.json 0x… --attributes-from ann.txt --expires 2027-06-30T00:00:00Z \\
         -o credential.json                               # give it to the member

All are added, or none. What attributes mean is yours to say: an age, a country, a level. They come
from a file, since everybody on the machine can read arguments. The group's file has none of them; the
member needs the credential to prove, and you need its leaf to take it back, so keep a copy.")]
pub struct GroupAddArgs {
    /// The group's file.
    pub file: PathBuf,

    /// The members' commitments.
    #[arg(value_name = "COMMITMENT", required_unless_present = "from")]
    pub commitments: Vec<String>,

    /// A file with commitments, one a line; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "commitments")]
    pub from: Option<PathBuf>,

    /// A file with what you say of the member: four whole numbers with commas between them; `-` is
    /// standard input.
    #[arg(
        long,
        value_name = "FILE",
        requires = "output",
        conflicts_with = "from"
    )]
    pub attributes_from: Option<PathBuf>,

    /// Until when that holds: 2027-01-01 (UTC), or 2027-01-01T12:00:00Z. Default: for good.
    #[arg(long, value_name = "TIME", requires = "attributes_from")]
    pub expires: Option<TimeArg>,

    /// Where the credential goes; only you will be able to read it.
    #[arg(
        short,
        long,
        value_name = "FILE",
        requires = "attributes_from",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub output: Option<String>,

    /// Replace the credential's file if it exists.
    #[arg(short, long, requires = "output")]
    pub force: bool,
}

/// What `stheno group remove` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno group remove group.json 0x…
  stheno group publish group.json --contract 0x… --network network.json --keystore me.json

Until the new root is published a member who was removed is one still, and so is whoever reads under
a policy that names the old root.")]
pub struct GroupRemoveArgs {
    /// The group's file.
    pub file: PathBuf,

    /// The members' leaves or commitments; of a credential its leaf.
    #[arg(required = true, value_name = "LEAF|COMMITMENT")]
    pub members: Vec<String>,
}

/// What `stheno group root` takes.
#[derive(Clone, Debug, Args)]
pub struct GroupRootArgs {
    /// The group's file.
    pub file: PathBuf,
}

/// What `stheno group deploy` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno group deploy group.json --network network.json --keystore me.json
  stheno group publish group.json --contract 0x… --network network.json --keystore me.json

It can be killed at any point and run again: what it is about to send stands in FILE.deployment
before, and what is there is not deployed twice.")]
pub struct GroupDeployArgs {
    /// The group's file: the contract is for groups of its depth.
    pub file: PathBuf,

    /// For how long a root that was replaced is valid still, so that proofs on their way survive a
    /// change. A change after a removal ends old roots at once all the same.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub window: SpanArg,

    /// How many replaced roots are valid at most.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    pub history: u32,

    /// Which chain.
    #[command(flatten)]
    pub chain: GroupChainArgs,

    /// Who sends it, and owns the contract.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno group publish` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno group publish group.json --contract 0x… --network network.json --keystore me.json

Where members were only added, old roots stay valid for the contract's window. Where one was removed
they end at once, and members need the new file. A root that somebody else published, and that this
file never had, is not replaced: whom they added would be lost. To replace it all the same, name their
change with --following.

What was published is kept in FILE.published. The same command again does nothing.")]
pub struct GroupPublishArgs {
    /// The group's file.
    pub file: PathBuf,

    /// The contract that keeps the group's root.
    #[arg(long, value_name = "ADDRESS")]
    pub contract: Address,

    /// End all old roots at once, though nobody was removed, or though the root stays.
    #[arg(long, conflicts_with = "keep_old_roots")]
    pub revoke: bool,

    /// Let old roots stand for the contract's window, though somebody was removed: until then they
    /// prove to be members still.
    #[arg(long)]
    pub keep_old_roots: bool,

    /// The number of the contract's last change, where another one than yours is to be replaced.
    #[arg(long, value_name = "NUMBER")]
    pub following: Option<u64>,

    /// Which chain.
    #[command(flatten)]
    pub chain: GroupChainArgs,

    /// Who sends it.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno group show` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno group show group.json --members
  stheno group show group.json --contract 0x… --network network.json")]
pub struct GroupShowArgs {
    /// The group's file.
    pub file: PathBuf,

    /// List the leaves with their places.
    #[arg(long)]
    pub members: bool,

    /// The contract that keeps the group's root: say whether the file's root is valid there.
    #[arg(long, value_name = "ADDRESS")]
    pub contract: Option<Address>,

    /// Read the newest block, instead of the newest final one.
    #[arg(long, requires = "contract")]
    pub head: bool,

    /// Which chain.
    #[command(flatten)]
    pub chain: GroupChainArgs,
}

/// What `stheno member create` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno member create -o member.key               # prints 0x…, for who keeps the group

Whoever has the file is the member, and nobody can give you another one: keep a copy. The commitment
is no secret, but names you to whoever has it and the group's file.")]
pub struct MemberCreateArgs {
    /// Where the key goes; only you will be able to read it.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// Replace the file if it exists. The key in it is then lost.
    #[arg(short, long)]
    pub force: bool,
}

/// What `stheno member commitment` takes.
#[derive(Clone, Debug, Args)]
pub struct MemberCommitmentArgs {
    /// The member's key.
    pub key: PathBuf,
}
