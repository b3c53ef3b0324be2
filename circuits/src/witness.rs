//! What a prover knows, and whether it proves what they want to prove.

use core::fmt;

use zeroize::Zeroize;

use crate::{
    circuit::{Circuit, Statement},
    field::Leaf,
    inputs::{Bounds, Inputs},
    secret::{Attributes, Secret},
    tree::{Path, empty_root},
};

/// Why nothing can be proven: the statement is not true of this witness, or not this circuit's.
///
/// The messages say which part of the statement fails, and no secret.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StatementError {
    /// The inputs are those of another statement than the key's.
    #[error("the key is for {circuit}, whose public inputs are others than these")]
    OtherInputs {
        /// What the key is for.
        circuit: Circuit,
    },
    /// A credential without attributes, or a plain membership with some.
    #[error("the key is for {circuit}, whose witness is of another kind than this")]
    OtherWitness {
        /// What the key is for.
        circuit: Circuit,
    },
    /// The path belongs to a tree of another depth.
    #[error("the path has {got} siblings, the key is for {circuit}")]
    Depth {
        /// What the key is for.
        circuit: Circuit,
        /// How many siblings the path has.
        got: usize,
    },
    /// No such place in a tree of this depth.
    #[error("the path begins at a place that no tree of its depth has")]
    Place,
    /// The root is that of a tree without leaves.
    #[error("the root is that of an empty tree")]
    EmptyTree,
    /// The leaf is not in the tree, or no longer, or the path is an old one.
    #[error("the path does not lead from this secret's leaf to the root")]
    NotInTree,
    /// The nullifier is another secret's or another scope's.
    #[error("the nullifier is not the one of this secret in this scope")]
    Nullifier,
    /// An attribute is too low.
    #[error("attribute {attribute} is below the bound")]
    Below {
        /// Its number, from 0.
        attribute: usize,
    },
    /// An attribute is too high.
    #[error("attribute {attribute} is above the bound")]
    Above {
        /// Its number, from 0.
        attribute: usize,
    },
    /// The credential's last second is over.
    #[error("the credential has expired")]
    Expired,
}

/// What a prover knows and does not show.
pub struct Witness {
    pub(crate) secret: Secret,
    pub(crate) path: Path,
    pub(crate) attributes: Option<Attributes>,
}

impl Witness {
    /// Of a member of a plain set.
    #[must_use]
    pub const fn member(secret: Secret, path: Path) -> Self {
        Self {
            secret,
            path,
            attributes: None,
        }
    }

    /// Of the holder of a credential.
    #[must_use]
    pub const fn credential(secret: Secret, path: Path, attributes: Attributes) -> Self {
        Self {
            secret,
            path,
            attributes: Some(attributes),
        }
    }

    /// Checks natively what the circuit will enforce.
    pub(crate) fn check(&self, circuit: Circuit, inputs: &Inputs) -> Result<(), StatementError> {
        if inputs.statement() != circuit.statement {
            return Err(StatementError::OtherInputs { circuit });
        }
        let commitment = self.secret.commitment();
        let leaf = match (circuit.statement, &self.attributes) {
            (Statement::MembershipV1, None) => Leaf::of_member(&commitment),
            (Statement::CredentialV1, Some(attributes)) => {
                if let Some(bounds) = &inputs.bounds {
                    attributes.check(bounds)?;
                }
                Leaf::of_credential(&commitment, attributes)
            }
            _ => return Err(StatementError::OtherWitness { circuit }),
        };
        let got = self.path.siblings.len();
        if got != usize::from(circuit.depth.levels()) {
            return Err(StatementError::Depth { circuit, got });
        }
        if self.path.index >= circuit.depth.capacity() {
            return Err(StatementError::Place);
        }
        if inputs.root == empty_root(circuit.depth) {
            return Err(StatementError::EmptyTree);
        }
        if self.path.root(&leaf) != inputs.root {
            return Err(StatementError::NotInTree);
        }
        if self.secret.nullifier(&inputs.scope) != inputs.nullifier {
            return Err(StatementError::Nullifier);
        }
        Ok(())
    }
}

impl Attributes {
    /// Checks that they are within bounds, and true still.
    ///
    /// # Errors
    /// [`StatementError::Below`], [`StatementError::Above`], [`StatementError::Expired`].
    pub fn check(&self, bounds: &Bounds) -> Result<(), StatementError> {
        for (attribute, (value, range)) in self.values.iter().zip(&bounds.ranges).enumerate() {
            if *value < range.low {
                return Err(StatementError::Below { attribute });
            }
            if *value > range.high {
                return Err(StatementError::Above { attribute });
            }
        }
        if self.expiry < bounds.now {
            return Err(StatementError::Expired);
        }
        Ok(())
    }
}

/// Which leaf is the prover's, and what an issuer says of them, is what a proof hides.
impl Drop for Witness {
    fn drop(&mut self) {
        self.path.index.zeroize();
        for sibling in &mut self.path.siblings {
            sibling.0.zeroize();
        }
        if let Some(attributes) = &mut self.attributes {
            attributes.values.zeroize();
            attributes.expiry.zeroize();
        }
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness(<redacted>)")
    }
}
