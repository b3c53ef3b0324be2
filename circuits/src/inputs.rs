//! The public inputs of a proof: what prover and verifier agree on.

use ark_bls12_381::Fr;
use serde::{Deserialize, Serialize};

use crate::{
    circuit::Statement,
    field::{self, BindingHash, FieldError, Nullifier, Root, ScopeHash},
    spec::{ATTRIBUTES, position},
};

/// Bytes that are not the public inputs of a statement.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InputsError {
    /// Too few or too many.
    #[error("expected {want} public inputs, got {got}")]
    Count {
        /// How many this statement has.
        want: usize,
        /// How many were given.
        got: usize,
    },
    /// An input is not an element of the field, whose every element has one spelling.
    #[error("public input {position} is not below the order of the field")]
    NotBelowOrder {
        /// Its position.
        position: usize,
    },
    /// A bound or a time is more than 64 bits wide.
    #[error("public input {position} does not fit in 64 bits")]
    NotU64 {
        /// Its position.
        position: usize,
    },
}

/// The values that an attribute may have: from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The lowest.
    pub low: u64,
    /// The highest.
    pub high: u64,
}

impl Range {
    /// Any value.
    pub const ANY: Self = Self {
        low: 0,
        high: u64::MAX,
    };

    /// One value alone.
    #[must_use]
    pub const fn exactly(value: u64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// A value or more.
    #[must_use]
    pub const fn at_least(low: u64) -> Self {
        Self { low, ..Self::ANY }
    }

    /// A value or less.
    #[must_use]
    pub const fn at_most(high: u64) -> Self {
        Self { high, ..Self::ANY }
    }
}

/// What a credential must be, and when it must be valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// A range for each attribute.
    pub ranges: [Range; ATTRIBUTES],
    /// Unix seconds. A credential is valid up to its expiry and at that second.
    pub now: u64,
}

/// The public inputs of a proof, in the order of [`position`].
///
/// A verifier computes each of them: the root and the bounds from the policy, the scope and the
/// binding from the request. The nullifier alone is the prover's word.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The tree.
    pub root: Root,
    /// What the prover's secret shows in the scope.
    pub nullifier: Nullifier,
    /// Where the nullifier is unique.
    pub scope: ScopeHash,
    /// What the proof is for.
    pub binding: BindingHash,
    /// Of a credential; none for a plain membership.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
}

impl Inputs {
    /// The statement that has these inputs.
    #[must_use]
    pub const fn statement(&self) -> Statement {
        match self.bounds {
            None => Statement::MembershipV1,
            Some(_) => Statement::CredentialV1,
        }
    }

    /// Each input as 32 big-endian bytes, in order.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<[u8; 32]> {
        self.elements().iter().map(field::to_bytes).collect()
    }

    /// Takes each input as 32 big-endian bytes, in order.
    ///
    /// # Errors
    /// [`InputsError`].
    pub fn from_bytes(statement: Statement, inputs: &[[u8; 32]]) -> Result<Self, InputsError> {
        let want = statement.input_count();
        let count = |got| InputsError::Count { want, got };
        if inputs.len() != want {
            return Err(count(inputs.len()));
        }
        let element = |position: usize| {
            let bytes = inputs.get(position).ok_or(count(inputs.len()))?;
            field::from_bytes(bytes).map_err(|error| match error {
                FieldError::NotBelowOrder | FieldError::Text => {
                    InputsError::NotBelowOrder { position }
                }
            })
        };
        let number = |position: usize| {
            let bytes = field::to_bytes(&element(position)?);
            match bytes.split_last_chunk() {
                Some((zeros, number)) if zeros.iter().all(|byte| *byte == 0) => {
                    Ok(u64::from_be_bytes(*number))
                }
                _ => Err(InputsError::NotU64 { position }),
            }
        };
        let bounds = match statement {
            Statement::MembershipV1 => None,
            Statement::CredentialV1 => {
                let mut ranges = [Range::ANY; ATTRIBUTES];
                for ((range, low), high) in ranges.iter_mut().zip(position::LOW).zip(position::HIGH)
                {
                    *range = Range {
                        low: number(low)?,
                        high: number(high)?,
                    };
                }
                let now = number(position::NOW)?;
                Some(Bounds { ranges, now })
            }
        };
        Ok(Self {
            root: Root(element(position::ROOT)?),
            nullifier: Nullifier(element(position::NULLIFIER)?),
            scope: ScopeHash(element(position::SCOPE)?),
            binding: BindingHash(element(position::BINDING)?),
            bounds,
        })
    }

    /// In the order of [`position`], which a test holds.
    pub(crate) fn elements(&self) -> Vec<Fr> {
        let mut elements = vec![self.root.0, self.nullifier.0, self.scope.0, self.binding.0];
        if let Some(bounds) = &self.bounds {
            for range in &bounds.ranges {
                elements.extend([Fr::from(range.low), Fr::from(range.high)]);
            }
            elements.push(Fr::from(bounds.now));
        }
        elements
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential() -> Inputs {
        let range = |low| Range { low, high: low + 1 };
        Inputs {
            root: Root(Fr::from(100)),
            nullifier: Nullifier(Fr::from(101)),
            scope: ScopeHash(Fr::from(102)),
            binding: BindingHash(Fr::from(103)),
            bounds: Some(Bounds {
                ranges: [range(104), range(106), range(108), range(110)],
                now: 112,
            }),
        }
    }

    #[test]
    fn inputs_stand_at_their_named_positions() {
        let elements = credential().elements();
        let at = |position: usize| elements[position] - Fr::from(100);
        assert_eq!(elements.len(), position::CREDENTIAL_COUNT);
        assert_eq!(at(position::ROOT), Fr::from(0));
        assert_eq!(at(position::NULLIFIER), Fr::from(1));
        assert_eq!(at(position::SCOPE), Fr::from(2));
        assert_eq!(at(position::BINDING), Fr::from(3));
        for (number, low, high) in [(0, 4, 5), (1, 6, 7), (2, 8, 9), (3, 10, 11)] {
            assert_eq!((position::LOW[number], position::HIGH[number]), (low, high));
            assert_eq!(at(low), Fr::from(low as u64));
            assert_eq!(at(high), Fr::from(high as u64));
        }
        assert_eq!(at(position::NOW), Fr::from(12));
    }

    #[test]
    fn inputs_have_one_spelling_and_one_count() {
        let inputs = credential();
        let statement = Statement::CredentialV1;
        let bytes = inputs.to_bytes();
        assert_eq!(Inputs::from_bytes(statement, &bytes), Ok(inputs.clone()));
        let json = serde_json::to_string(&inputs).unwrap();
        assert_eq!(serde_json::from_str::<Inputs>(&json).unwrap(), inputs);

        let mut longer = bytes.clone();
        longer.push([0; 32]);
        for (wrong, got) in [(&longer[..], 14), (&bytes[..12], 12), (&[][..], 0)] {
            let error = Err(InputsError::Count { want: 13, got });
            assert_eq!(Inputs::from_bytes(statement, wrong), error);
        }
        let error = Err(InputsError::Count { want: 4, got: 13 });
        assert_eq!(Inputs::from_bytes(Statement::MembershipV1, &bytes), error);

        for position in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[position] = [0xff; 32];
            let error = Err(InputsError::NotBelowOrder { position });
            assert_eq!(Inputs::from_bytes(statement, &wrong), error);
            wrong[position] = [0; 32];
            wrong[position][23] = 1;
            let read = Inputs::from_bytes(statement, &wrong);
            match position {
                0..4 => assert!(read.is_ok()),
                _ => assert_eq!(read, Err(InputsError::NotU64 { position })),
            }
        }
    }
}
