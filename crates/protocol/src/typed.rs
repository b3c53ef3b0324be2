//! Every EIP-712 type of the protocol, in one place.
//!
//! The type strings are frozen: Rust, Solidity and JavaScript must agree on
//! them byte for byte (SPEC.md "Signatures", `tests/vectors/protocol-eip712.json`).
//! Field names are Solidity's, therefore not snake case.

use std::sync::LazyLock;

use alloy_primitives::{B256, Keccak256, keccak256};
use alloy_sol_types::{SolStruct, sol};

use crate::domain::Domain;

sol! {
    /// A member joins a committee's registry. Signed by the identity key.
    #[derive(Debug, PartialEq, Eq)]
    struct Registration {
        address operator;
        address identity;
        string endpoint;
        string metadata;
    }

    /// A member's X25519 key for one ceremony. Signed by the identity key.
    #[derive(Debug, PartialEq, Eq)]
    struct CeremonyKey {
        uint64 ceremony;
        bytes32 proposal;
        uint16 member;
        bytes32 key;
    }

    /// An operator consents to a ceremony. Signed by the operator key.
    #[derive(Debug, PartialEq, Eq)]
    struct Approval {
        uint64 ceremony;
        bytes32 context;
    }

    /// A node consents to new shares for an unchanged committee. Signed by the identity key.
    #[derive(Debug, PartialEq, Eq)]
    struct Refresh {
        uint64 ceremony;
        bytes32 context;
    }

    /// A dealer deals; `dealingHash` is the keccak-256 of the dealing's bytes.
    #[derive(Debug, PartialEq, Eq)]
    struct Dealing {
        bytes32 context;
        uint16 dealer;
        bytes32 dealingHash;
    }

    /// One dealer whose dealing gave the complaining receiver no good share.
    #[derive(Debug, PartialEq, Eq)]
    struct Accusation {
        uint16 dealer;
        bytes32 dealingHash;
    }

    /// A receiver's complaints, all at once.
    #[derive(Debug, PartialEq, Eq)]
    struct Complaint {
        bytes32 context;
        uint16 receiver;
        Accusation[] accusations;
    }

    /// A share that a dealer reveals because its receiver complained.
    #[derive(Debug, PartialEq, Eq)]
    struct RevealedShare {
        uint16 receiver;
        bytes32 share;
    }

    /// A dealer's answers, all at once.
    #[derive(Debug, PartialEq, Eq)]
    struct Answer {
        bytes32 context;
        uint16 dealer;
        RevealedShare[] shares;
    }

    /// A receiver confirms the outcome; `networkKey` is EIP-2537's 256 bytes.
    #[derive(Debug, PartialEq, Eq)]
    struct Confirmation {
        bytes32 context;
        uint16 receiver;
        uint256 qualified;
        bytes networkKey;
        bytes32 keysRoot;
        bytes proof;
    }

    /// A member wants the current phase to last one window longer.
    #[derive(Debug, PartialEq, Eq)]
    struct Extension {
        bytes32 context;
        uint8 phase;
        uint16 member;
        uint8 round;
    }

    /// A block, by number and hash, at which conditions are read.
    #[derive(Debug, PartialEq, Eq)]
    struct Anchor {
        uint64 chainId;
        uint64 confirmations;
        uint64 number;
        bytes32 blockHash;
    }

    /// A reader asks for shares. Signed by the account's key.
    #[derive(Debug, PartialEq, Eq)]
    struct Request {
        uint64 epoch;
        address account;
        uint64 accountChain;
        uint8 accountKind;
        bytes32 policyDigest;
        bytes32[] items;
        bytes readerKey;
        Anchor[] anchors;
        uint64 issuedAt;
        uint64 expiresAt;
        bytes32 nonce;
        bytes context;
    }

    /// A contract of an application, in the scope of a delegation.
    #[derive(Debug, PartialEq, Eq)]
    struct Application {
        uint64 chainId;
        address contractAddress;
    }

    /// An account lets another key ask for it, within a scope. Signed by the account.
    #[derive(Debug, PartialEq, Eq)]
    struct Delegation {
        address account;
        uint64 accountChain;
        uint8 accountKind;
        string delegate;
        bytes32[] policies;
        bytes32[] items;
        Application[] contracts;
        uint64 notBefore;
        uint64 expiresAt;
        bytes32 nonce;
    }

    /// A node says what it released. Signed by the node's identity key.
    #[derive(Debug, PartialEq, Eq)]
    struct Receipt {
        uint64 epoch;
        uint16 node;
        bytes32 requestDigest;
        bytes32 policyDigest;
        bytes32[] items;
        address account;
        bytes readerKey;
        Anchor[] anchors;
        bytes32 sharesDigest;
        uint64 time;
    }
}

/// A type of the protocol, with its type hash computed once: the type's text is long, and a node
/// hashes two messages for each request.
pub trait Typed: SolStruct {
    /// EIP-712's `typeHash`: the keccak-256 of the type's text, those of its parts behind it.
    fn type_hash() -> B256;
}

macro_rules! typed {
    ($($name:ident),+ $(,)?) => {$(
        impl Typed for $name {
            fn type_hash() -> B256 {
                static HASH: LazyLock<B256> = LazyLock::new(|| keccak256($name::eip712_encode_type().as_bytes()));
                *HASH
            }
        }
    )+};
}

typed!(
    Registration,
    CeremonyKey,
    Approval,
    Refresh,
    Dealing,
    Complaint,
    Answer,
    Confirmation,
    Extension,
    Request,
    Delegation,
    Receipt,
);

/// What is signed for `message` under `domain`: EIP-712's `\x19\x01 ‖ separator ‖ struct hash`, hashed.
#[must_use]
pub fn digest<M: Typed>(message: &M, domain: &Domain) -> B256 {
    let mut fields = Keccak256::new();
    fields.update(M::type_hash());
    fields.update(message.eip712_encode_data());
    let mut signed = Keccak256::new();
    signed.update([0x19, 0x01]);
    signed.update(domain.separator());
    signed.update(fields.finalize());
    signed.finalize()
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use stheno_crypto::NetworkId;

    use super::*;

    #[test]
    fn digest_is_the_one_that_the_library_computes_without_shortcuts() {
        let domain = Domain {
            chain_id: 314,
            contract: Address::repeat_byte(3),
            network: NetworkId::from_bytes([4; 32]),
        };
        let anchor = Anchor {
            chainId: 1,
            confirmations: 2,
            number: 3,
            blockHash: B256::repeat_byte(4),
        };
        let accusation = Accusation {
            dealer: 5,
            dealingHash: B256::repeat_byte(6),
        };
        let revealed = RevealedShare {
            receiver: 7,
            share: B256::repeat_byte(8),
        };
        let application = Application {
            chainId: 9,
            contractAddress: Address::repeat_byte(10),
        };
        same(
            &Registration {
                operator: Address::repeat_byte(1),
                identity: Address::repeat_byte(2),
                endpoint: "e".into(),
                metadata: "m".into(),
            },
            &domain,
        );
        same(
            &CeremonyKey {
                ceremony: 1,
                proposal: B256::repeat_byte(2),
                member: 3,
                key: B256::repeat_byte(4),
            },
            &domain,
        );
        same(
            &Approval {
                ceremony: 1,
                context: B256::repeat_byte(2),
            },
            &domain,
        );
        same(
            &Refresh {
                ceremony: 1,
                context: B256::repeat_byte(2),
            },
            &domain,
        );
        same(
            &Dealing {
                context: B256::repeat_byte(1),
                dealer: 2,
                dealingHash: B256::repeat_byte(3),
            },
            &domain,
        );
        same(
            &Complaint {
                context: B256::repeat_byte(1),
                receiver: 2,
                accusations: vec![accusation.clone(), accusation],
            },
            &domain,
        );
        same(
            &Answer {
                context: B256::repeat_byte(1),
                dealer: 2,
                shares: vec![revealed],
            },
            &domain,
        );
        same(
            &Confirmation {
                context: B256::repeat_byte(1),
                receiver: 2,
                qualified: U256::from(3),
                networkKey: vec![4; 256].into(),
                keysRoot: B256::repeat_byte(5),
                proof: vec![6; 128].into(),
            },
            &domain,
        );
        same(
            &Extension {
                context: B256::repeat_byte(1),
                phase: 2,
                member: 3,
                round: 4,
            },
            &domain,
        );
        same(
            &Request {
                epoch: 1,
                account: Address::repeat_byte(2),
                accountChain: 3,
                accountKind: 1,
                policyDigest: B256::repeat_byte(4),
                items: vec![B256::repeat_byte(5); 3],
                readerKey: vec![6; 48].into(),
                anchors: vec![anchor.clone(), anchor.clone()],
                issuedAt: 7,
                expiresAt: 8,
                nonce: B256::repeat_byte(9),
                context: vec![10].into(),
            },
            &domain,
        );
        same(
            &Delegation {
                account: Address::repeat_byte(1),
                accountChain: 2,
                accountKind: 1,
                delegate: "d".into(),
                policies: vec![B256::repeat_byte(3)],
                items: vec![],
                contracts: vec![application],
                notBefore: 4,
                expiresAt: 5,
                nonce: B256::repeat_byte(6),
            },
            &domain,
        );
        same(
            &Receipt {
                epoch: 1,
                node: 2,
                requestDigest: B256::repeat_byte(3),
                policyDigest: B256::repeat_byte(4),
                items: vec![B256::repeat_byte(5)],
                account: Address::repeat_byte(6),
                readerKey: vec![7; 48].into(),
                anchors: vec![anchor],
                sharesDigest: B256::repeat_byte(8),
                time: 9,
            },
            &domain,
        );
    }

    fn same<M: Typed>(message: &M, domain: &Domain) {
        let expected = message.eip712_signing_hash(&domain.eip712());
        assert_eq!(digest(message, domain), expected, "{}", M::NAME);
    }
}
