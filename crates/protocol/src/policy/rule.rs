//! The tree of a policy.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Address, Bytes, I256, U256};

use crate::{ChainId, Tier};

/// A node of the tree.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rule {
    /// All hold.
    All(Vec<Rule>),
    /// At least one holds.
    Any(Vec<Rule>),
    /// At least `k` hold.
    AtLeast {
        /// How many.
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
    Balance {
        /// Chain that is read.
        chain: ChainId,
        /// Confirmations, 0 for finality.
        tier: Tier,
        /// At least this much, in the smallest unit.
        min: U256,
    },
    /// The block time at the anchor.
    Time {
        /// Chain that is read.
        chain: ChainId,
        /// Confirmations, 0 for finality.
        tier: Tier,
        /// Holds from this second on.
        after: Option<u64>,
        /// Holds until the second before this one.
        before: Option<u64>,
    },
    /// The reader is one of these.
    Address {
        /// The chain on which contract accounts of the list live; without it they do not count.
        chain: Option<ChainId>,
        /// Ascending, distinct.
        list: Vec<Address>,
    },
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
    /// Where in the outputs the compared value is: first the output's position, then positions inside it.
    pub path: Vec<u32>,
    /// The comparison.
    pub comparison: Comparison,
    /// What it is compared with.
    pub operand: Operand,
}

/// A function's name and types.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Types of its inputs.
    pub inputs: Vec<DynSolType>,
    /// Types of its outputs.
    pub outputs: Vec<DynSolType>,
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
    /// `bytes` and `bytesN`
    Bytes(Bytes),
    /// `string`
    Text(String),
}

/// How an output is compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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

/// What an output is compared with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Operand {
    /// One value; a placeholder may be `:reader` or `:item`, never a value that the reader chooses.
    One(Arg),
    /// A list, for `in`.
    List(Vec<Arg>),
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
    /// ERC-1155 only: which ids count.
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
