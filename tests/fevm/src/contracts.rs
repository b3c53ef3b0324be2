//! Calls and bytecode of what is deployed.
//!
//! What is shipped comes from the artefacts that the Rust crates embed; doubles and probes from `contracts/out`, where
//! `forge build` puts them, and `make test-fevm` calls it.

#![allow(
    missing_docs,
    clippy::too_many_arguments,
    reason = "generated; documented in the contracts"
)]

use alloy_primitives::{Bytes, hex};

use crate::vectors;

/// The registry of committees and the channel of their ceremonies.
pub mod committee {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        CommitteeContract,
        "../../crates/chain/abi/Committee.json"
    );
}

/// The EIP-712 types that members and operators sign, written down once more.
pub mod signed {
    alloy_sol_types::sol! {
        struct Registration { address operator; address identity; string endpoint; string metadata; }
        struct CeremonyKey { uint64 ceremony; bytes32 proposal; uint16 member; bytes32 key; }
        struct Approval { uint64 ceremony; bytes32 context; }
        struct Dealing { bytes32 context; uint16 dealer; bytes32 dealingHash; }
        struct Accusation { uint16 dealer; bytes32 dealingHash; }
        struct Complaint { bytes32 context; uint16 receiver; Accusation[] accusations; }
        struct RevealedShare { uint16 receiver; bytes32 share; }
        struct Answer { bytes32 context; uint16 dealer; RevealedShare[] shares; }
        struct Confirmation {
            bytes32 context;
            uint16 receiver;
            uint256 qualified;
            bytes networkKey;
            bytes32 keysRoot;
            bytes proof;
        }
    }
}

/// Terms of access that can be edited.
pub mod access_registry {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        AccessRegistryContract,
        "../../crates/chain/abi/AccessRegistry.json"
    );
}

/// A sale of items and collections.
pub mod pay_per_access {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        PayPerAccessContract,
        "../../crates/chain/abi/PayPerAccess.json"
    );
}

/// A pass to read with a price, and nothing else.
pub mod access_pass {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        AccessPassContract,
        "../../crates/chain/abi/AccessPass.json"
    );
}

/// A pass to read all that was sealed to it.
pub mod data_pass {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        DataPassContract,
        "../../crates/chain/abi/DataPass.json"
    );
}

/// A pass with an end.
pub mod subscription {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        SubscriptionContract,
        "../../crates/chain/abi/Subscription.json"
    );
}

/// A sale that is paid when the storage proof held.
pub mod escrow {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        EscrowContract,
        "../../crates/chain/abi/Escrow.json"
    );
}

/// The payee for many.
pub mod splitter {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        SplitterContract,
        "../../crates/chain/abi/Splitter.json"
    );
}

/// What is for sale.
pub mod catalogue {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        CatalogueContract,
        "../../crates/chain/abi/Catalogue.json"
    );
}

/// What buyers sign, written down once more.
pub mod bought {
    alloy_sol_types::sol! {
        struct Purchase {
            bytes32 item;
            address reader;
            address payer;
            address token;
            uint256 price;
            bytes32 licence;
            uint256 nonce;
            uint256 deadline;
        }
        struct Permit { address owner; address spender; uint256 value; uint256 nonce; uint256 deadline; }
    }
}

/// Keys that become public.
pub mod timed_release {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        TimedReleaseContract,
        "../../crates/chain/abi/TimedRelease.json"
    );
}

/// Proofs of one circuit.
pub mod groth16_verifier {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        Groth16VerifierContract,
        "../../crates/chain/abi/Groth16Verifier.json"
    );
}

/// A group whose owner changes the root.
pub mod owned_group {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        OwnedGroupContract,
        "../../crates/chain/abi/OwnedGroup.json"
    );
}

/// A group whose root is changed by a vote.
pub mod voted_group {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        VotedGroupContract,
        "../../crates/chain/abi/VotedGroup.json"
    );
}

/// Uses, each member once for an item and a period.
pub mod nullifiers {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        NullifiersContract,
        "../../crates/chain/abi/Nullifiers.json"
    );
}

/// What stands in `contracts/test/support` alone.
pub mod doubles {
    alloy_sol_types::sol! {
        #[derive(Debug, PartialEq, Eq)]
        enum Verdict { Undecided, Valid, Invalid }

        #[derive(Debug)]
        struct ReencryptionShare { bytes c1; bytes c2; bytes c3; }

        interface MeasuredVerifier {
            function openedKey(bytes identity, bytes networkKey, bytes key) external view returns (Verdict);
            function reencryptionShare(bytes identity, bytes signer, bytes readerKey, ReencryptionShare share)
                external view returns (Verdict);
        }

        interface Coin {
            function mint(address to, uint256 amount) external;
            function approve(address spender, uint256 amount) external returns (bool);
            function balanceOf(address account) external view returns (uint256);
        }

        interface Reentrant {
            function act(address target, uint256 value, bytes data, bytes question) external payable;
            function called() external view returns (bool);
            function succeeded() external view returns (bool);
            function answer() external view returns (bytes);
        }

        interface PdpVerifierDouble {
            function put(uint256 setId, bool live, uint256 lastProvenEpoch) external;
        }

        #[derive(Debug, PartialEq, Eq)]
        enum Truth { False, True, Unknown }

        #[derive(Debug, PartialEq, Eq)]
        enum Pairing { Nothing, Failure, NotOne, One }

        #[derive(Debug)]
        interface FilecoinProbe {
            function sender() external view returns (address sender_, address origin);
            function chain() external view returns (uint256 id, uint256 number, uint256 time, uint256 gasLimit);
            function code(address account) external view returns (uint256 length, bytes32 hash);
            function keepable(address account) external pure;
            function yesOrNo(address target, bytes question) external view returns (Truth);
            function atLeast(address target, bytes question, uint256 least) external view returns (Truth);
            function isValid(address signer, bytes32 digest, bytes signature) external view returns (bool);
            function ask(address target, uint256 gasLimit, bytes question)
                external view returns (bool done, bytes answer, uint256 used);
            function pairingCheck(uint256 gasLimit, bytes pairs) external view returns (Pairing);
            function point(bytes identity) external view returns (bool answered, bytes point_);
            function emitBytes(uint256 length) external;
            function keep(bytes32 value) external returns (bytes32 before);
        }
    }
}

/// The bytecode of a contract of `contracts/test/support`.
///
/// # Panics
/// If `forge build` did not make it.
#[must_use]
pub fn double(file: &str, name: &str) -> Bytes {
    let artefact = vectors::read(&format!("contracts/out/{file}.sol/{name}.json"));
    let code = artefact["bytecode"]["object"].as_str().expect("bytecode");
    hex::decode(code).expect("linked bytecode").into()
}
