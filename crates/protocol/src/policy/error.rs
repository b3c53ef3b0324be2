//! Why a policy was refused.

use super::{MAX_BYTES, MAX_DEPTH, MAX_IDS, MAX_LEAVES, MAX_LITERAL_BYTES, MAX_PRIVATE};
use crate::Code;

/// A place in a text, counted from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl Position {
    /// The place of byte `offset` in `text`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What a policy can have too much of.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// Bytes of its CBOR.
    Bytes,
    /// Leaves.
    Leaves,
    /// Private conditions that differ.
    Private,
    /// Levels of the tree, the leaves' included.
    Depth,
    /// Bytes of a literal or of an entry of a literal list.
    LiteralBytes,
    /// Token ids of a leaf.
    Ids,
}

impl Limit {
    /// How many are allowed.
    #[must_use]
    pub const fn allowed(self) -> usize {
        match self {
            Self::Bytes => MAX_BYTES,
            Self::Leaves => MAX_LEAVES,
            Self::Private => MAX_PRIVATE,
            Self::Depth => MAX_DEPTH,
            Self::LiteralBytes => MAX_LITERAL_BYTES,
            Self::Ids => MAX_IDS,
        }
    }

    /// What is counted.
    const fn what(self) -> &'static str {
        match self {
            Self::Bytes => "bytes as CBOR",
            Self::Leaves => "leaves",
            Self::Private => "different `zk` conditions",
            Self::Depth => "levels",
            Self::LiteralBytes => "bytes in a literal",
            Self::Ids => "token ids in a leaf",
        }
    }

    pub(super) const fn check(self, found: usize) -> Result<(), PolicyError> {
        if found > self.allowed() {
            return Err(PolicyError::Limit { limit: self, found });
        }
        Ok(())
    }
}

/// Why a policy was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON.
    #[error("{position}: {message}")]
    Syntax {
        /// Where.
        position: Position,
        /// What is wrong.
        message: String,
    },
    /// JSON, or CBOR, but not a policy.
    #[error("{}{path}: {problem}", .position.map(|p| format!("{p}: ")).unwrap_or_default())]
    At {
        /// Where in the tree, such as `rule.all[0].token.min`.
        path: String,
        /// Where in the text, for JSON.
        position: Option<Position>,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// Over a limit.
    #[error("the policy has {found} {}, at most {} are allowed", .limit.what(), .limit.allowed())]
    Limit {
        /// Which limit.
        limit: Limit,
        /// How many there are.
        found: usize,
    },
    /// Some part of it can never hold, whoever asks.
    #[error("{path}: {problem}")]
    Unsatisfiable {
        /// Where in the tree.
        path: String,
        /// Which two conditions exclude each other, and the remedy.
        problem: String,
    },
    /// Not deterministic CBOR.
    #[error("the stored policy is not canonical: {message} at byte {offset}")]
    Malformed {
        /// Where.
        offset: usize,
        /// What is wrong.
        message: String,
    },
}

impl PolicyError {
    /// The code by which nodes refuse it.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Limit { .. } => Code::PolicyLimit,
            Self::Unsatisfiable { .. } => Code::UnsatisfiablePolicy,
            Self::Syntax { .. } | Self::At { .. } | Self::Malformed { .. } => Code::InvalidPolicy,
        }
    }

    /// Where in the text, for errors in JSON that have one place.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match self {
            Self::Syntax { position, .. } => Some(*position),
            Self::At { position, .. } => *position,
            Self::Limit { .. } | Self::Unsatisfiable { .. } | Self::Malformed { .. } => None,
        }
    }
}
