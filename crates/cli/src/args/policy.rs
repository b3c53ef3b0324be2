//! `stheno policy …`

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use stheno::protocol::{Address, B256, ChainId, U256};
use url::Url;

use super::consent::SpanArg;
use crate::context::{Written, named_value};

/// `stheno policy …`
#[derive(Clone, Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check a policy and say what it means, its digest and what it reads.
    Check(PolicyCheckArgs),
    /// Say what a policy says of a reader now: a tree, with what was found on the chain.
    Explain(PolicyExplainArgs),
    /// Try a policy over recorded answers of chains, as a test of it.
    Test(PolicyTestArgs),
    /// Record what chains answer to a policy now, for `stheno policy test`.
    Record(PolicyRecordArgs),
    /// Write a policy of a common kind.
    New(PolicyNewArgs),
    /// Print the JSON Schema of policies, for editors and other tools.
    #[command(after_help = "\
Example:
  stheno policy schema > policy.schema.json")]
    Schema,
    /// Convert the access control conditions of another network.
    Import(PolicyImportArgs),
}

/// What `stheno policy check` takes.
#[derive(Clone, Debug, Args)]
pub struct PolicyCheckArgs {
    /// The policy, in JSON; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
}

/// What `stheno policy explain` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno policy explain policy.json --reader 0x… --rpc https://api.node.glif.io/rpc/v1
  stheno policy explain policy.json --reader 0x… --node https://node.example")]
pub struct PolicyExplainArgs {
    /// The policy, in JSON; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
    /// JSON-RPC endpoints of the chains that the policy reads.
    #[arg(long, value_name = "URL", required_unless_present = "node")]
    pub rpc: Vec<Url>,
    /// A node of the committee, which explains by its own endpoints.
    #[arg(long, value_name = "URL", conflicts_with = "rpc")]
    pub node: Option<Url>,
    /// The reader.
    #[command(flatten)]
    pub reader: ReaderArgs,
}

/// The reader that a policy is tried with.
#[derive(Clone, Debug, Args)]
pub struct ReaderArgs {
    /// The account.
    #[arg(long, value_name = "ADDRESS")]
    pub reader: Option<Address>,
    /// The account is a contract, of this chain.
    #[arg(long, value_name = "CHAIN", requires = "reader")]
    pub contract_on: Option<ChainId>,
    /// The item, for policies that ask for it (32 bytes of hex).
    #[arg(long, value_name = "HEX")]
    pub item: Option<B256>,
    /// A value that the reader sends along: true, false, a whole number, 0x and hex, or text.
    #[arg(long = "context", value_name = "NAME=VALUE", value_parser = named_value)]
    pub context: Vec<(String, Written)>,
}

/// What `stheno policy test` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
The file names the policy and its cases: who asks, what the chains answer, and whether that is to be
`granted`, `denied` or `unknown`. `stheno policy record` writes one.

Example:
  stheno policy test fixtures.json")]
pub struct PolicyTestArgs {
    /// The fixtures, in JSON; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
}

/// What `stheno policy record` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno policy record policy.json --reader 0x… --rpc https://api.node.glif.io/rpc/v1 > fixtures.json")]
pub struct PolicyRecordArgs {
    /// The policy, in JSON; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
    /// JSON-RPC endpoints of the chains that the policy reads.
    #[arg(long, value_name = "URL", required = true)]
    pub rpc: Vec<Url>,
    /// What the case is called.
    #[arg(long)]
    pub name: Option<String>,
    /// The reader.
    #[command(flatten)]
    pub reader: ReaderArgs,
}

/// What `stheno policy import` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
What of them asks an EVM chain becomes a policy that asks the same. What does not (Solana, Cosmos,
sign-in messages, POAP) is refused by name.

Example:
  stheno policy import --lit conditions.json > policy.json")]
pub struct PolicyImportArgs {
    /// Access control conditions of Lit Protocol, in JSON; `-` is standard input.
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub lit: String,
}

/// What `stheno policy new` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno policy new nft --chain 314 --contract 0x… > policy.json
  stheno policy new token --chain 314 --contract 0x… --min 1000000 --before 2027-06-30T00:00:00Z
  stheno policy new lock --chain 314 --after 2027-01-01T00:00:00Z
  stheno policy new member --chain 314 --contract 0x… --key 0x… > policy.json")]
pub struct PolicyNewArgs {
    /// The kind.
    #[command(subcommand)]
    pub preset: Preset,
}

/// Policies of a common kind.
#[derive(Clone, Debug, Subcommand)]
pub enum Preset {
    /// The reader holds a token of an NFT contract (ERC-721), such as an access pass.
    Nft(NftArgs),
    /// The reader holds fungible tokens (ERC-20).
    Token(TokenArgs),
    /// The reader holds tokens of given ids (ERC-1155).
    Items(ItemsArgs),
    /// The reader has a native balance.
    Balance(BalanceArgs),
    /// The reader is one of these accounts.
    Accounts(AccountsArgs),
    /// Anybody, but not before a time, or not after one.
    Lock(LockArgs),
    /// The reader holds a subscription that has not ended (ERC-721 with ERC-5643).
    Subscription(SubscriptionArgs),
    /// A data set is stored: live, proven lately, paid for.
    Storage(StorageArgs),
    /// A contract of yours decides, by IAccessCondition's `canRead(reader, item, context)`.
    Grant(GrantArgs),
    /// The reader is in a group whose root a contract keeps, and does not say who they are.
    Member(InGroupArgs),
}

/// When a policy holds, besides what it asks.
#[derive(Clone, Debug, Args)]
pub struct SpanArgs {
    /// From this time on, such as 2027-01-01T00:00:00Z, by the chain's blocks.
    #[arg(long, value_name = "TIME")]
    pub after: Option<String>,
    /// Until this time.
    #[arg(long, value_name = "TIME")]
    pub before: Option<String>,
}

/// What `stheno policy new nft` takes.
#[derive(Clone, Debug, Args)]
pub struct NftArgs {
    /// Chain id, such as 314 for Filecoin.
    #[arg(long)]
    pub chain: ChainId,
    /// The contract.
    #[arg(long)]
    pub contract: Address,
    /// How many, at least.
    #[arg(long, default_value = "1")]
    pub min: U256,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}

/// What `stheno policy new token` takes.
#[derive(Clone, Debug, Args)]
pub struct TokenArgs {
    /// Chain id, such as 314 for Filecoin.
    #[arg(long)]
    pub chain: ChainId,
    /// The contract.
    #[arg(long)]
    pub contract: Address,
    /// How many, at least, in the token's smallest unit.
    #[arg(long)]
    pub min: U256,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}

/// What `stheno policy new items` takes.
#[derive(Clone, Debug, Args)]
pub struct ItemsArgs {
    /// Chain id, such as 314 for Filecoin.
    #[arg(long)]
    pub chain: ChainId,
    /// The contract.
    #[arg(long)]
    pub contract: Address,
    /// An id that counts; several are added up.
    #[arg(long = "id", required = true, value_name = "ID")]
    pub ids: Vec<U256>,
    /// How many, at least.
    #[arg(long, default_value = "1")]
    pub min: U256,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}

/// What `stheno policy new balance` takes.
#[derive(Clone, Debug, Args)]
pub struct BalanceArgs {
    /// Chain id, such as 314 for Filecoin.
    #[arg(long)]
    pub chain: ChainId,
    /// How much, at least, in the smallest unit (attoFIL, wei).
    #[arg(long)]
    pub min: U256,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}

/// What `stheno policy new accounts` takes.
#[derive(Clone, Debug, Args)]
pub struct AccountsArgs {
    /// The accounts.
    #[arg(required = true, value_name = "ADDRESS")]
    pub accounts: Vec<Address>,
    /// The chain on which those that are contracts live, and whose time counts.
    #[arg(long)]
    pub chain: Option<ChainId>,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}

/// What `stheno policy new lock` takes.
#[derive(Clone, Debug, Args)]
pub struct LockArgs {
    /// The chain whose time counts.
    #[arg(long)]
    pub chain: ChainId,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}

/// What `stheno policy new subscription` takes.
#[derive(Clone, Debug, Args)]
pub struct SubscriptionArgs {
    /// Chain id, such as 314 for Filecoin.
    #[arg(long)]
    pub chain: ChainId,
    /// The contract.
    #[arg(long)]
    pub contract: Address,
    /// The subscription's token id; left out, the reader names the one he holds, as `subscription`.
    #[arg(long)]
    pub id: Option<U256>,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}

/// What `stheno policy new storage` takes.
#[derive(Clone, Debug, Args)]
pub struct StorageArgs {
    /// Chain id: 314 for Filecoin, 314159 for its testnet; others need --verifier.
    #[arg(long)]
    pub chain: ChainId,
    /// The data set's id.
    #[arg(long)]
    pub data_set: U256,
    /// It was proven within so many epochs (of 30 seconds).
    #[arg(long, value_name = "EPOCHS")]
    pub proven_within: Option<u64>,
    /// PDPVerifier, where the chain has no known one.
    #[arg(long, value_name = "ADDRESS")]
    pub verifier: Option<Address>,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}

/// What `stheno policy new grant` takes.
#[derive(Clone, Debug, Args)]
pub struct GrantArgs {
    /// Chain id, such as 314 for Filecoin.
    #[arg(long)]
    pub chain: ChainId,
    /// The contract.
    #[arg(long)]
    pub contract: Address,
    /// The reader sends it a byte string of this name.
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}

/// What `stheno policy new member` takes.
#[derive(Clone, Debug, Args)]
pub struct InGroupArgs {
    /// Chain id, such as 314 for Filecoin.
    #[arg(long)]
    pub chain: ChainId,
    /// The contract that keeps the group's root, from `stheno group deploy`.
    #[arg(long)]
    pub contract: Address,
    /// The hash of the verifying key.
    #[arg(long, value_name = "HASH")]
    pub key: B256,
    /// The depth of the group's tree: 20 or 32.
    #[arg(long, value_name = "LEVELS", default_value_t = 20)]
    pub depth: u8,
    /// For how long a member shows nodes the same nullifier, such as 30d. Default: always.
    #[arg(long, value_name = "TIME")]
    pub period: Option<SpanArg>,
    /// When.
    #[command(flatten)]
    pub span: SpanArgs,
}
