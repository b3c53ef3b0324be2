//! Which statements there are, and at which depths.
//!
//! A circuit never changes once a key was made for it. A better one gets a new variant here, and
//! the old one stays.

use core::fmt;
use std::str::FromStr;

use crate::{
    relation::Relation,
    spec::{MAX_DEPTH, position},
};

/// What a proof says.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum Statement {
    /// "I am one of this set."
    MembershipV1,
    /// "This issuer gave me attributes within these bounds, and they have not expired."
    CredentialV1,
}

impl Statement {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::MembershipV1, Self::CredentialV1];

    /// Its number and version, as key files have them.
    #[must_use]
    pub const fn code(self) -> (u8, u16) {
        match self {
            Self::MembershipV1 => (1, 1),
            Self::CredentialV1 => (2, 1),
        }
    }

    /// How many public inputs it has.
    #[must_use]
    pub const fn input_count(self) -> usize {
        match self {
            Self::MembershipV1 => position::MEMBERSHIP_COUNT,
            Self::CredentialV1 => position::CREDENTIAL_COUNT,
        }
    }

    const fn name(self) -> (&'static str, u16) {
        match self {
            Self::MembershipV1 => ("membership", 1),
            Self::CredentialV1 => ("credential", 1),
        }
    }
}

/// A tree's depth: 1 to 32.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Depth(u8);

/// No tree has this depth.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a tree of depth {0} is not supported: depths are 1 to {MAX_DEPTH}")]
pub struct DepthError(pub u64);

impl Depth {
    /// A million leaves.
    pub const D20: Self = Self(20);
    /// Four thousand million leaves.
    pub const D32: Self = Self(32);

    /// Takes a depth.
    ///
    /// # Errors
    /// [`DepthError`] for 0 and above [`MAX_DEPTH`].
    pub const fn new(depth: u8) -> Result<Self, DepthError> {
        if depth == 0 || depth > MAX_DEPTH {
            return Err(DepthError(depth as u64));
        }
        Ok(Self(depth))
    }

    /// The number of levels below the root.
    #[must_use]
    pub const fn levels(self) -> u8 {
        self.0
    }

    /// How many leaves fit.
    #[must_use]
    pub const fn capacity(self) -> u64 {
        1 << self.0
    }
}

/// A statement about a tree of one depth: what keys are made for.
///
/// Its text is `membership-20-v1`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Circuit {
    /// What is proven.
    pub statement: Statement,
    /// The depth of the tree.
    pub depth: Depth,
}

/// A circuit's size, which decides over what proving costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shape {
    /// Rows of the constraint system.
    pub constraints: usize,
    /// Public variables, the constant one included.
    pub instance: usize,
    /// Private variables.
    pub witness: usize,
}

impl Circuit {
    /// Membership of a set of up to a million.
    pub const MEMBERSHIP_20: Self = Self::new(Statement::MembershipV1, Depth::D20);
    /// Membership of a set of up to four thousand million.
    pub const MEMBERSHIP_32: Self = Self::new(Statement::MembershipV1, Depth::D32);
    /// A credential of an issuer of up to a million.
    pub const CREDENTIAL_20: Self = Self::new(Statement::CredentialV1, Depth::D20);
    /// A credential of an issuer of up to four thousand million.
    pub const CREDENTIAL_32: Self = Self::new(Statement::CredentialV1, Depth::D32);

    /// The circuits that networks offer keys for.
    pub const OFFERED: [Self; 4] = [
        Self::MEMBERSHIP_20,
        Self::MEMBERSHIP_32,
        Self::CREDENTIAL_20,
        Self::CREDENTIAL_32,
    ];

    /// Any circuit.
    #[must_use]
    pub const fn new(statement: Statement, depth: Depth) -> Self {
        Self { statement, depth }
    }

    /// Its size. Builds the constraint system, in some fifty milliseconds.
    #[must_use]
    pub fn shape(self) -> Shape {
        Relation::of(self).shape
    }
}

impl Shape {
    /// The size of the domain over which the quotient is computed: one row more for each public
    /// variable, up to a power of two.
    #[must_use]
    pub const fn domain(self) -> usize {
        (self.constraints + self.instance).next_power_of_two()
    }
}

impl fmt::Display for Circuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, version) = self.statement.name();
        write!(f, "{name}-{}-v{version}", self.depth.levels())
    }
}

/// Text that names no circuit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no such circuit: expected a name like membership-20-v1 or credential-32-v1")]
pub struct UnknownCircuit;

impl FromStr for Circuit {
    type Err = UnknownCircuit;

    fn from_str(text: &str) -> Result<Self, UnknownCircuit> {
        Statement::ALL
            .into_iter()
            .flat_map(|statement| (1..=MAX_DEPTH).map(move |depth| (statement, Depth(depth))))
            .map(|(statement, depth)| Self::new(statement, depth))
            .find(|circuit| circuit.to_string() == text)
            .ok_or(UnknownCircuit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circuits_are_named_and_found_by_name() {
        assert_eq!(Circuit::MEMBERSHIP_20.to_string(), "membership-20-v1");
        for circuit in Circuit::OFFERED {
            assert_eq!(circuit.to_string().parse(), Ok(circuit));
        }
        for text in [
            "",
            "membership-33-v1",
            "membership-0-v1",
            "membership-20-v2",
        ] {
            assert_eq!(text.parse::<Circuit>(), Err(UnknownCircuit), "{text}");
        }
    }

    #[test]
    fn depths_beyond_what_is_supported_are_refused() {
        assert_eq!(Depth::new(0), Err(DepthError(0)));
        assert_eq!(Depth::new(32), Ok(Depth::D32));
        let error = Depth::new(33).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a tree of depth 33 is not supported: depths are 1 to 32"
        );
    }

    /// Keys are made for exactly these systems; another size is another circuit.
    #[test]
    fn circuits_have_the_size_that_their_keys_have() {
        let sizes = Circuit::OFFERED.map(|circuit| {
            let shape = circuit.shape();
            (
                shape.constraints,
                shape.instance,
                shape.witness,
                shape.domain(),
            )
        });
        assert_eq!(
            sizes,
            [
                (5557, 5, 5576, 8192),
                (8461, 5, 8492, 16384),
                (6705, 14, 6715, 8192),
                (9609, 14, 9631, 16384),
            ]
        );
    }
}
