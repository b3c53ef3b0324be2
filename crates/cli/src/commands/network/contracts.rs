//! The contracts of a network: what creates each, and whether what stands at an address is it.

use alloy::sol_types::SolConstructor;
use serde::{Deserialize, Serialize};
use stheno::{
    chain::contracts::{
        AccessRegistryContract as registry, CatalogueContract as catalogue,
        CommitteeContract as committee, EscrowContract as escrow, PayPerAccessContract as sale,
    },
    protocol::{Address, Bytes},
};

/// A contract of a network.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Contract {
    /// Committees and the channel of their ceremonies.
    Committee,
    /// Terms of access that their owners edit.
    AccessRegistry,
    /// Sells items and collections, paid at once.
    PayPerAccess,
    /// Sells them against a guarantee that they stay stored.
    Escrow,
    /// What is for sale.
    Catalogue,
}

/// What contracts are told about others when they are made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Neighbours {
    /// The registry.
    pub registry: Address,
    /// PDPVerifier.
    pub pdp_verifier: Address,
}

impl Contract {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Committee => "Committee",
            Self::AccessRegistry => "AccessRegistry",
            Self::PayPerAccess => "PayPerAccess",
            Self::Escrow => "Escrow",
            Self::Catalogue => "Catalogue",
        }
    }

    /// The code that creates it, with the constructor's arguments.
    pub fn init_code(self, about: Neighbours) -> Bytes {
        let registry_ = about.registry;
        let (code, arguments) = match self {
            Self::Committee => (&committee::BYTECODE, Vec::new()),
            Self::AccessRegistry => (&registry::BYTECODE, Vec::new()),
            Self::PayPerAccess => (
                &sale::BYTECODE,
                sale::constructorCall { registry_ }.abi_encode(),
            ),
            Self::Escrow => (
                &escrow::BYTECODE,
                escrow::constructorCall {
                    registry_,
                    verifier_: about.pdp_verifier,
                }
                .abi_encode(),
            ),
            Self::Catalogue => (
                &catalogue::BYTECODE,
                catalogue::constructorCall { registry_ }.abi_encode(),
            ),
        };
        [code.as_ref(), &arguments].concat().into()
    }

    /// Whether this code is the contract's. Immutable values, such as a registry's address, are holes
    /// in what the compiler gives, and are asked for besides.
    pub fn is(self, code: &[u8]) -> bool {
        let template: &[u8] = match self {
            Self::Committee => &committee::DEPLOYED_BYTECODE,
            Self::AccessRegistry => &registry::DEPLOYED_BYTECODE,
            Self::PayPerAccess => &sale::DEPLOYED_BYTECODE,
            Self::Escrow => &escrow::DEPLOYED_BYTECODE,
            Self::Catalogue => &catalogue::DEPLOYED_BYTECODE,
        };
        let has_holes = !matches!(self, Self::Committee | Self::AccessRegistry);
        let fits = |(found, byte): (&u8, &u8)| found == byte || (has_holes && *byte == 0);
        code.len() == template.len() && code.iter().zip(template).all(fits)
    }

    /// Whether it is told a registry.
    pub fn has_registry(self) -> bool {
        matches!(self, Self::PayPerAccess | Self::Escrow | Self::Catalogue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_is_known_by_its_code() {
        let code = registry::DEPLOYED_BYTECODE.to_vec();
        assert!(Contract::AccessRegistry.is(&code));
        assert!(!Contract::Committee.is(&code));
        assert!(!Contract::AccessRegistry.is(&code[1..]));
        let mut other = code.clone();
        other[100] ^= 1;
        assert!(!Contract::AccessRegistry.is(&other));

        // The registry's address stands in a hole.
        let mut sold = sale::DEPLOYED_BYTECODE.to_vec();
        let hole = sold.windows(32).position(|window| window == [0; 32]);
        sold[hole.unwrap() + 31] = 7;
        assert!(Contract::PayPerAccess.is(&sold));
        sold[0] ^= 1;
        assert!(!Contract::PayPerAccess.is(&sold));
    }

    #[test]
    fn init_code_ends_with_what_the_contract_is_told() {
        let about = Neighbours {
            registry: Address::repeat_byte(1),
            pdp_verifier: Address::repeat_byte(2),
        };
        let code = Contract::Escrow.init_code(about);
        assert!(code.ends_with(&[2; 20]));
        assert_eq!(code.len(), escrow::BYTECODE.len() + 64);
    }
}
