//! One target for each decoder, by crate.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a target reports, and first inputs are fixed"
)]

mod ceremony;
mod chain;
mod circuits;
mod crypto;
mod envelope;
mod messages;
mod node;
mod policy;
mod sdk;
mod storage;

use crate::Target;

/// All of them.
pub const TARGETS: &[Target] = &[
    crypto::G1,
    crypto::G2,
    crypto::G2_EIP2537,
    crypto::SCALAR,
    crypto::CEREMONY_KEY,
    crypto::SHARE,
    crypto::COMBINED_SHARE,
    crypto::CAPSULE,
    crypto::ITEM_KEY,
    crypto::ENCAPSULATION,
    crypto::DEALING,
    crypto::HEX_NAMES,
    circuits::ZK_PROOF,
    circuits::ZK_PRESENTATION,
    circuits::ZK_INPUTS,
    circuits::ZK_VERIFYING_KEY,
    circuits::ZK_GROUP,
    envelope::HEADER,
    envelope::DETACHED_HEADER,
    envelope::BODY,
    envelope::RANGE,
    envelope::PIECE_CID,
    envelope::PIECE_CID_TEXT,
    storage::CAR,
    storage::CAR_BLOCKS,
    storage::UNIXFS_NODE,
    storage::MANIFEST,
    storage::MANIFEST_STREAM,
    storage::PATHS,
    storage::LINK,
    policy::POLICY_CBOR,
    policy::POLICY_JSON,
    policy::CONTEXT_CBOR,
    policy::EVALUATE,
    messages::REQUEST,
    messages::ANSWER,
    messages::STATUS,
    messages::COMMITTEE_VIEW,
    messages::PROBLEM,
    messages::SIGNATURE,
    messages::SIWE,
    messages::SESSION,
    messages::DELEGATION,
    messages::ERC6492,
    chain::ABI_RETURNS,
    chain::REVERT,
    chain::RPC_ANSWERS,
    ceremony::EVENT,
    ceremony::CEREMONY_LOG,
    node::CONFIG,
    node::VAULT,
    node::STORE,
    sdk::NETWORK_FILE,
    sdk::KEYSTORE,
    sdk::PRIVATE_KEY,
];

/// What the repository's frozen vectors say, by JSON pointer; none where it is no string.
fn frozen(vectors: &str, pointer: &str) -> Option<Vec<u8>> {
    let json: serde_json::Value = serde_json::from_str(vectors).ok()?;
    hex::decode(json.pointer(pointer)?.as_str()?.strip_prefix("0x")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_names_of_their_own_and_first_inputs_that_are_accepted() {
        let mut names = std::collections::BTreeSet::new();
        for target in TARGETS {
            assert!(names.insert(target.name), "{} twice", target.name);
            let corpus = (target.corpus)();
            assert!(!corpus.is_empty(), "{}", target.name);
            assert_eq!(
                (target.run)(&corpus[0]),
                crate::Verdict::Accepted,
                "{}",
                target.name
            );
            for input in &corpus {
                assert!(input.len() <= target.longest, "{}", target.name);
            }
        }
    }
}
