//! Conditions: the leaves of a policy's tree.

use alloy_primitives::{Address, B256, U256};
use stheno_circuits::{Circuit, KeyHash, Range, Root, spec::ATTRIBUTES};

use super::{Arg, Call, Tier};
use crate::ChainId;

/// A condition.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Leaf {
    /// A view function's output compares so.
    Call(Box<Call>),
    /// The reader holds tokens.
    Token(Token),
    /// The reader's native balance.
    Balance(Balance),
    /// The block time at the anchor.
    Time(Time),
    /// The reader is one of these.
    Address(AddressList),
    /// The reader is on a list of which the policy has the Merkle root.
    Allowlist(Allowlist),
    /// The reader holds a subscription that has not ended.
    Subscription(Subscription),
    /// A data set is stored, proven, paid for.
    Storage(Storage),
    /// A contract says that the reader may read the item.
    Grant(Grant),
    /// The reader proves to be in a group without showing who they are.
    Zk(Zk),
}

/// Tokens that the reader must hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// Chain that is read.
    pub chain: ChainId,
    /// Confirmations, 0 for finality.
    pub tier: Tier,
    /// The token contract.
    pub contract: Address,
    /// Its standard.
    pub standard: TokenStandard,
    /// At least this many, in the token's smallest unit; summed over the ids.
    pub min: U256,
    /// ERC-1155 only, where there is at least one: the ids that count.
    pub ids: Vec<Arg>,
}

/// A token standard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenStandard {
    /// Fungible.
    Erc20,
    /// Non-fungible.
    Erc721,
    /// Many kinds in one contract, by id.
    Erc1155,
}

impl TokenStandard {
    /// The number of its ERC.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Erc20 => 20,
            Self::Erc721 => 721,
            Self::Erc1155 => 1155,
        }
    }

    /// The standard as JSON names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erc20 => "erc20",
            Self::Erc721 => "erc721",
            Self::Erc1155 => "erc1155",
        }
    }

    pub(super) const ALL: [Self; 3] = [Self::Erc20, Self::Erc721, Self::Erc1155];
}

/// A native balance that the reader must have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Balance {
    /// Chain that is read.
    pub chain: ChainId,
    /// Confirmations, 0 for finality.
    pub tier: Tier,
    /// At least this much, in the smallest unit.
    pub min: U256,
}

/// A span of block time; at least one end is given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Time {
    /// Chain that is read.
    pub chain: ChainId,
    /// Confirmations, 0 for finality.
    pub tier: Tier,
    /// Holds from this second on, Unix time.
    pub after: Option<u64>,
    /// Holds until the second before this one, Unix time.
    pub before: Option<u64>,
}

/// Accounts that may read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AddressList {
    /// The chain on which contract accounts of the list live; without it they do not count.
    pub chain: Option<ChainId>,
    /// Ascending, distinct.
    pub list: Vec<Address>,
}

/// Accounts that may read, as the root of a Merkle tree: OpenZeppelin's `StandardMerkleTree` of
/// the one type `address`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Allowlist {
    /// The chain on which contract accounts of the list live; without it they do not count.
    pub chain: Option<ChainId>,
    /// The root.
    pub root: B256,
    /// Name of the context value that has the reader's proof: 32 bytes for each level, from the leaf up.
    pub proof: String,
}

/// A subscription by ERC-5643: a token that its owner renews.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subscription {
    /// Chain that is read.
    pub chain: ChainId,
    /// Confirmations, 0 for finality.
    pub tier: Tier,
    /// The contract, ERC-721 and ERC-5643 in one.
    pub contract: Address,
    /// Id of the token: a literal or a placeholder. Whoever chooses it, the reader must own it.
    pub token: Arg,
}

/// A data set of Filecoin Onchain Cloud.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Storage {
    /// Chain that is read.
    pub chain: ChainId,
    /// Confirmations, 0 for finality.
    pub tier: Tier,
    /// The PDPVerifier.
    pub verifier: Address,
    /// Number of the data set, which must be live.
    pub data_set: U256,
    /// At most so many epochs ago it was proven.
    pub proven_within: Option<u64>,
    /// Who pays for it.
    pub paid: Option<Paid>,
}

/// A payment rail that has not ended, and whose payer has the funds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paid {
    /// The FilecoinPay contract.
    pub pay: Address,
    /// Number of the rail.
    pub rail: U256,
    /// Whom the rail draws from.
    pub payer: Address,
    /// The token that it draws.
    pub token: Address,
}

/// What a contract says by `IAccessCondition.canRead(reader, item, context)`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// Chain that is read.
    pub chain: ChainId,
    /// Confirmations, 0 for finality.
    pub tier: Tier,
    /// The contract: a registry of grants, or any other that implements the interface.
    pub registry: Address,
    /// Name of the context value that it is given as `context`; nothing without one.
    pub context: Option<String>,
}

/// What a reader proves in zero knowledge: that they own a leaf of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Zk {
    /// What is proven, and its version.
    pub circuit: Circuit,
    /// The verifying key, by its hash.
    pub key: KeyHash,
    /// The group.
    pub group: Group,
    /// Seconds for which a nullifier stays the same; without, it does for ever.
    pub period: Option<u64>,
    /// Of a credential: in which range each attribute must be.
    pub attributes: Option<[Range; ATTRIBUTES]>,
    /// Name of the context value that has the reader's proof.
    pub proof: String,
}

/// A group, as a policy names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Group {
    /// By its root: it never changes.
    Root(Root),
    /// By a contract that keeps its root (`IGroupRoot`).
    Contract {
        /// Chain that is read.
        chain: ChainId,
        /// Confirmations, 0 for finality.
        tier: Tier,
        /// The contract.
        contract: Address,
    },
}

impl Leaf {
    /// The condition's name in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Token(_) => "token",
            Self::Balance(_) => "balance",
            Self::Time(_) => "time",
            Self::Address(_) => "address",
            Self::Allowlist(_) => "allowlist",
            Self::Subscription(_) => "subscription",
            Self::Storage(_) => "storage",
            Self::Grant(_) => "grant",
            Self::Zk(_) => "zk",
        }
    }

    /// Chain and tier that are read; none where nothing is.
    #[must_use]
    pub const fn place(&self) -> Option<(ChainId, Tier)> {
        match self {
            Self::Call(call) => Some((call.chain, call.tier)),
            Self::Token(token) => Some((token.chain, token.tier)),
            Self::Balance(balance) => Some((balance.chain, balance.tier)),
            Self::Time(time) => Some((time.chain, time.tier)),
            Self::Subscription(body) => Some((body.chain, body.tier)),
            Self::Storage(body) => Some((body.chain, body.tier)),
            Self::Grant(body) => Some((body.chain, body.tier)),
            Self::Zk(body) => match body.group {
                Group::Contract { chain, tier, .. } => Some((chain, tier)),
                Group::Root(_) => None,
            },
            Self::Address(_) | Self::Allowlist(_) => None,
        }
    }

    /// The contracts that it reads. The scopes of sessions and delegations go by them, so a leaf
    /// names every contract whose answer can matter to it.
    #[must_use]
    pub fn contracts(&self) -> Vec<(ChainId, Address)> {
        match self {
            Self::Call(call) => vec![(call.chain, call.to)],
            Self::Token(token) => vec![(token.chain, token.contract)],
            Self::Subscription(body) => vec![(body.chain, body.contract)],
            Self::Storage(body) => {
                let paid = body.paid.as_ref().map(|paid| paid.pay);
                let contracts = std::iter::once(body.verifier).chain(paid);
                contracts.map(|contract| (body.chain, contract)).collect()
            }
            Self::Grant(body) => vec![(body.chain, body.registry)],
            Self::Zk(body) => match body.group {
                Group::Contract {
                    chain, contract, ..
                } => vec![(chain, contract)],
                Group::Root(_) => Vec::new(),
            },
            Self::Balance(_) | Self::Time(_) | Self::Address(_) | Self::Allowlist(_) => Vec::new(),
        }
    }

    /// Whether it asks about the reader's account.
    #[must_use]
    pub fn needs_account(&self) -> bool {
        match self {
            Self::Call(call) => call.args.iter().chain(&call.operands).any(Arg::is_reader),
            Self::Token(_)
            | Self::Balance(_)
            | Self::Address(_)
            | Self::Allowlist(_)
            | Self::Subscription(_)
            | Self::Grant(_) => true,
            Self::Time(_) | Self::Storage(_) | Self::Zk(_) => false,
        }
    }
}
