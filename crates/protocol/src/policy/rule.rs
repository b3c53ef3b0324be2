//! The tree of a policy.

use alloy_primitives::{Address, B256, Bytes, I256, U256};

use super::{Function, Leaf, Tier};
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

impl Arg {
    /// Whether `:reader` is this, or in this.
    pub(super) fn is_reader(&self) -> bool {
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
