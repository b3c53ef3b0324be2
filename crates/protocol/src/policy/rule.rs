//! The tree of a policy.

use alloy_primitives::{Address, B256, Bytes, I256, U256};

use super::{Function, Tier};
use crate::ChainId;

/// A node of the tree.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rule {
    /// All hold; at least one is given.
    All(Vec<Rule>),
    /// At least one holds.
    Any(Vec<Rule>),
    /// At least `k` hold.
    AtLeast {
        /// How many: 1 to as many as there are.
        k: usize,
        /// Of these.
        of: Vec<Rule>,
    },
    /// It does not hold.
    Not(Box<Rule>),
    /// A condition.
    Leaf(Leaf),
}

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
}

/// A call of a view function and what must come of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// Chain that is read.
    pub chain: ChainId,
    /// Confirmations, 0 for finality.
    pub tier: Tier,
    /// The contract.
    pub to: Address,
    /// The function.
    pub function: Function,
    /// One for each input.
    pub args: Vec<Arg>,
    /// Where in the outputs the compared value is: the output's position, then positions inside it.
    pub path: Vec<u32>,
    /// The comparison.
    pub comparison: Comparison,
    /// What it is compared with: one value, or several for `in`.
    ///
    /// Placeholders may be `:reader` and `:item`, never values that the reader chooses.
    pub operands: Vec<Arg>,
}

/// An argument, or a part of one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Arg {
    /// Written in the policy.
    Literal(Scalar),
    /// Filled in at evaluation.
    Placeholder(Placeholder),
    /// Elements of an array, or components of a tuple.
    List(Vec<Arg>),
}

/// What is filled in at evaluation.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub enum Placeholder {
    /// The account's address.
    Reader,
    /// The item asked for.
    Item,
    /// A value of the request's context.
    Named(String),
}

impl std::fmt::Display for Placeholder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reader => f.write_str(":reader"),
            Self::Item => f.write_str(":item"),
            Self::Named(name) => write!(f, ":{name}"),
        }
    }
}

/// A value without parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scalar {
    /// `bool`
    Bool(bool),
    /// `uintN`
    Uint(U256),
    /// `intN`
    Int(I256),
    /// `address`
    Address(Address),
    /// `bytesN`, left-aligned, with its N.
    Word(B256, usize),
    /// `bytes`
    Bytes(Bytes),
    /// `string`
    Text(String),
}

/// How an output is compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`: one of a list.
    In,
    /// `contains`: the output is an array with this element, or a string with this part.
    Contains,
}

impl Comparison {
    /// Every comparison, in the order of its number in the stored form.
    pub const ALL: [Self; 8] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::In,
        Self::Contains,
    ];

    /// The comparison as JSON names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Contains => "contains",
        }
    }
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
            Self::Address(_) => None,
        }
    }

    /// Whether it asks about the reader's account.
    #[must_use]
    pub fn needs_account(&self) -> bool {
        match self {
            Self::Call(call) => call.args.iter().chain(&call.operands).any(Arg::is_reader),
            Self::Token(_) | Self::Balance(_) | Self::Address(_) => true,
            Self::Time(_) => false,
        }
    }
}

impl Arg {
    /// Whether `:reader` is this, or in this.
    fn is_reader(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Placeholder(placeholder) => *placeholder == Placeholder::Reader,
            Self::List(items) => items.iter().any(Self::is_reader),
        }
    }
}

impl Rule {
    /// Every leaf, in order.
    pub fn leaves(&self) -> Box<dyn Iterator<Item = &Leaf> + '_> {
        match self {
            Self::Leaf(leaf) => Box::new(std::iter::once(leaf)),
            Self::Not(rule) => rule.leaves(),
            Self::All(of) | Self::Any(of) | Self::AtLeast { of, .. } => {
                Box::new(of.iter().flat_map(Self::leaves))
            }
        }
    }

    /// Levels of the tree, a lone leaf being one.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::Leaf(_) => 1,
            Self::Not(rule) => 1 + rule.depth(),
            Self::All(of) | Self::Any(of) | Self::AtLeast { of, .. } => {
                1 + of.iter().map(Self::depth).max().unwrap_or(0)
            }
        }
    }
}
