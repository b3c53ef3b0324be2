//! Terms: what it takes to read, as a tree.

use std::fmt;

use serde::{Deserialize, Serialize};
use stheno_protocol::{Address, B256, U256};

use super::json::amount;

/// Most terms of an item, those that combine others included.
pub const MAX_TERMS: usize = 16;

/// What it takes to read. No terms at all, `Option::None` where terms are optional: nobody reads.
///
/// In JSON: `"open"`, `"granted"`, `{"listed": ROOT}`, `{"holds20": {"contract", "min"}}`,
/// `{"holds721": {"contract", "min"}}`, `{"holds1155": {"contract", "id", "min"}}`,
/// `{"paid": ADDRESS}`, `{"condition": ADDRESS}`, `{"all": […]}` and `{"any": […]}`. Amounts are
/// decimal text, in the token's smallest unit; `min` is 1 when it is left out.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Terms {
    /// Nothing: everybody reads.
    Open,
    /// A grant that has not ended, of the item or its collection.
    Granted,
    /// To be in a list, shown by a Merkle proof in the request's context. The root is that of a
    /// policy's `allowlist` leaf.
    Listed(B256),
    /// A balance of an ERC-20 token.
    Holds20 {
        /// The token.
        contract: Address,
        /// The least that does, in its smallest unit.
        #[serde(default = "amount::one", with = "amount")]
        min: U256,
    },
    /// A number of ERC-721 tokens.
    Holds721 {
        /// Their contract.
        contract: Address,
        /// The least that does.
        #[serde(default = "amount::one", with = "amount")]
        min: U256,
    },
    /// A balance of one ERC-1155 token.
    Holds1155 {
        /// Its contract.
        contract: Address,
        /// Its id.
        #[serde(with = "amount")]
        id: U256,
        /// The least that does.
        #[serde(default = "amount::one", with = "amount")]
        min: U256,
    },
    /// A payment to this sale, for the item or its collection.
    Paid(Address),
    /// What any other `IAccessCondition` says.
    Condition(Address),
    /// All of them.
    All(Vec<Self>),
    /// At least one of them.
    Any(Vec<Self>),
}

/// Terms that no registry takes, or that are none.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TermsError {
    /// The text is not the JSON of terms.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What was expected.
        message: String,
    },
    /// There are more than [`MAX_TERMS`].
    #[error(
        "there are {count} terms, those that combine others included, and at most {MAX_TERMS} go"
    )]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A combination of nothing.
    #[error("`{combination}` of nothing")]
    Empty {
        /// `all` or `any`.
        combination: &'static str,
    },
    /// A contract's address is zero.
    #[error("the contract of `{term}` is the zero address")]
    ZeroAddress {
        /// The term's name in JSON.
        term: &'static str,
    },
    /// The root of a list is zero.
    #[error("the root of `listed` is zero")]
    ZeroRoot,
    /// Everybody has at least nothing.
    #[error("`min` of `{term}` is zero, which everybody has")]
    ZeroMin {
        /// The term's name in JSON.
        term: &'static str,
    },
    /// What a chain gave is no tree of terms.
    #[error("term {position} of the registry's list does not fit: {why}")]
    Malformed {
        /// From 0.
        position: usize,
        /// What does not fit.
        why: &'static str,
    },
}

impl Terms {
    /// Checks what the registry would refuse, as far as that needs no chain.
    ///
    /// # Errors
    /// [`TermsError`].
    pub fn check(&self) -> Result<(), TermsError> {
        let count = self.count();
        if count > MAX_TERMS {
            return Err(TermsError::TooMany { count });
        }
        self.check_fields()
    }

    /// How many terms there are, those that combine others included.
    pub fn count(&self) -> usize {
        1 + self.parts().iter().map(Self::count).sum::<usize>()
    }

    /// The terms below a combination; none for the others.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::All(parts) | Self::Any(parts) => parts,
            _ => &[],
        }
    }

    /// The term's name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Listed(_) => "listed",
            Self::Holds20 { .. } => "holds20",
            Self::Holds721 { .. } => "holds721",
            Self::Holds1155 { .. } => "holds1155",
            Self::Paid(_) => "paid",
            Self::Condition(_) => "condition",
            Self::All(_) => "all",
            Self::Any(_) => "any",
        }
    }

    /// The contract that is asked, if one is.
    pub fn contract(&self) -> Option<Address> {
        match self {
            Self::Holds20 { contract, .. }
            | Self::Holds721 { contract, .. }
            | Self::Holds1155 { contract, .. }
            | Self::Paid(contract)
            | Self::Condition(contract) => Some(*contract),
            _ => None,
        }
    }

    /// Whether a grant counts for something in them.
    pub fn asks_for_a_grant(&self) -> bool {
        *self == Self::Granted || self.parts().iter().any(Self::asks_for_a_grant)
    }

    /// Whether a payment to this sale counts for something in them.
    pub fn asks_for_payment_to(&self, sale: Address) -> bool {
        *self == Self::Paid(sale)
            || self
                .parts()
                .iter()
                .any(|part| part.asks_for_payment_to(sale))
    }

    fn check_fields(&self) -> Result<(), TermsError> {
        let term = self.name();
        if self.contract() == Some(Address::ZERO) {
            return Err(TermsError::ZeroAddress { term });
        }
        match self {
            Self::Listed(root) if root.is_zero() => Err(TermsError::ZeroRoot),
            Self::Holds20 { min, .. }
            | Self::Holds721 { min, .. }
            | Self::Holds1155 { min, .. }
                if min.is_zero() =>
            {
                Err(TermsError::ZeroMin { term })
            }
            Self::All(parts) | Self::Any(parts) if parts.is_empty() => {
                Err(TermsError::Empty { combination: term })
            }
            _ => self.parts().iter().try_for_each(Self::check_fields),
        }
    }
}

/// One line, without what is below a combination.
impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open to everybody"),
            Self::Granted => f.write_str("has a grant that has not ended"),
            Self::Listed(root) => write!(f, "is in the list with root {root}"),
            Self::Holds20 { contract, min } => {
                write!(f, "holds at least {min} of ERC-20 {contract}")
            }
            Self::Holds721 { contract, min } => {
                write!(f, "holds at least {min} of ERC-721 {contract}")
            }
            Self::Holds1155 { contract, id, min } => {
                write!(f, "holds at least {min} of ERC-1155 {contract}, id {id}")
            }
            Self::Paid(sale) => write!(f, "has paid at {sale}"),
            Self::Condition(contract) => write!(f, "is let in by contract {contract}"),
            Self::All(_) => f.write_str("all of"),
            Self::Any(_) => f.write_str("any of"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: Address = Address::repeat_byte(7);

    #[test]
    fn terms_are_checked_before_anything_is_sent() {
        let fault = |terms: Terms| terms.check().unwrap_err();
        assert_eq!(
            fault(Terms::Paid(Address::ZERO)),
            TermsError::ZeroAddress { term: "paid" }
        );
        assert_eq!(fault(Terms::Listed(B256::ZERO)), TermsError::ZeroRoot);
        let nothing = Terms::Holds20 {
            contract: TOKEN,
            min: U256::ZERO,
        };
        assert_eq!(
            fault(Terms::Any(vec![Terms::Granted, nothing])),
            TermsError::ZeroMin { term: "holds20" }
        );
        assert_eq!(
            fault(Terms::All(vec![Terms::Any(Vec::new())])),
            TermsError::Empty { combination: "any" }
        );
    }

    #[test]
    fn sixteen_terms_go_and_seventeen_do_not() {
        let of = |leaves: usize| Terms::Any(vec![Terms::Granted; leaves]);
        assert_eq!(of(15).check(), Ok(()));
        assert_eq!(of(16).check(), Err(TermsError::TooMany { count: 17 }));
    }
}
