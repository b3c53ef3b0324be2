//! Why a policy was refused.

/// A place in a text, counted from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What a policy can have too much of.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Limit {
    /// Bytes of canonical CBOR.
    #[error("bytes")]
    Bytes,
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
    #[error("the policy has {found} {limit}, at most {allowed} are allowed")]
    Limit {
        /// Which limit.
        limit: Limit,
        /// How many are allowed.
        allowed: usize,
        /// How many there are.
        found: usize,
    },
    /// Not deterministic CBOR.
    #[error("the stored policy is malformed at byte {offset}: {message}")]
    Malformed {
        /// Where.
        offset: usize,
        /// What is wrong.
        message: String,
    },
}
