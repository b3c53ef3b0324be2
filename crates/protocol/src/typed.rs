//! Every EIP-712 type of the protocol, in one place.
//!
//! The type strings are frozen: Rust, Solidity and JavaScript must agree on
//! them byte for byte (SPEC.md "Signatures", `tests/vectors/protocol-eip712.json`).
//! Field names are Solidity's, therefore not snake case.

use alloy_primitives::B256;
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

/// What is signed for `message` under `domain`: EIP-712's `\x19\x01 ‖ separator ‖ struct hash`, hashed.
#[must_use]
pub fn digest(message: &impl SolStruct, domain: &Domain) -> B256 {
    message.eip712_signing_hash(&domain.eip712())
}
