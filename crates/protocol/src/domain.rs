//! The EIP-712 domain: which committee, on which chain, a signature is for.

use std::sync::LazyLock;

use alloy_primitives::{Address, B256, Keccak256, U256, keccak256};
use alloy_sol_types::Eip712Domain;
use stheno_crypto::NetworkId;

use crate::ChainId;

/// Domain name of every signature of this protocol.
pub const NAME: &str = "Stheno";
/// Domain version of every signature of this protocol.
pub const VERSION: &str = "1";

/// The type of the domain.
pub(crate) const TYPE: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)";

/// The words of the separator that are the same for every committee: type, name and version.
static FIXED: LazyLock<[B256; 3]> =
    LazyLock::new(|| [TYPE, NAME, VERSION].map(|text| keccak256(text.as_bytes())));

/// The committee that signatures are bound to. SPEC.md "Signatures".
///
/// The salt of the EIP-712 domain is the network id, so a signature for one
/// committee means nothing to another, even in the same contract.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Domain {
    /// Chain that carries the Committee contract.
    pub chain_id: ChainId,
    /// The Committee contract.
    pub contract: Address,
    /// The committee in that contract.
    pub network: NetworkId,
}

impl Domain {
    /// The domain of committee `committee_id` in `contract` on `chain_id`.
    #[must_use]
    pub fn of_committee(chain_id: ChainId, contract: Address, committee_id: u64) -> Self {
        Self {
            chain_id,
            contract,
            network: NetworkId::derive(chain_id, &contract.into_array(), committee_id),
        }
    }

    /// The domain as alloy's signers take it.
    #[must_use]
    pub fn eip712(&self) -> Eip712Domain {
        Eip712Domain::new(
            Some(NAME.into()),
            Some(VERSION.into()),
            Some(U256::from(self.chain_id)),
            Some(self.contract),
            Some(B256::from(*self.network.as_bytes())),
        )
    }

    /// The EIP-712 domain separator.
    #[must_use]
    pub fn separator(&self) -> B256 {
        let mut fields = Keccak256::new();
        for word in &*FIXED {
            fields.update(word);
        }
        fields.update(B256::from(U256::from(self.chain_id)));
        fields.update(self.contract.into_word());
        fields.update(self.network.as_bytes());
        fields.finalize()
    }
}
