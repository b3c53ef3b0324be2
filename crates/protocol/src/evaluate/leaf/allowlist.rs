//! A list of accounts of which the policy has the Merkle root, and the reader the proof.
//!
//! The tree is OpenZeppelin's `StandardMerkleTree` of the one type `address`: a leaf is hashed
//! twice, so that no inner node can pass for one; a parent is the hash of its two children in
//! ascending order, so that a proof needs no positions.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, B256, keccak256};

use super::account::own;
use crate::{
    evaluate::{
        Subject, fill,
        outcome::{Obstacle, Outcome},
    },
    policy::{Allowlist, MAX_PROOF_NODES},
};

pub(super) fn judge(
    allowlist: &Allowlist,
    subject: &Subject,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let account = own(subject, allowlist.chain)?;
    let proof = proof(&allowlist.proof, subject)?;
    let root = proof.iter().fold(leaf(account), |node, sibling| {
        let (low, high) = (node.min(*sibling), node.max(*sibling));
        keccak256([low.0, high.0].concat())
    });
    let holds = root == allowlist.root;
    let leads = if holds { "leads" } else { "does not lead" };
    let found = format!("the proof of account {account} {leads} to the root");
    Ok(Outcome::known(holds, found, wanted, || {
        format!(
            "ask with an account of the list, and send its own proof under this root as `{}`",
            allowlist.proof
        )
    }))
}

/// `keccak256(keccak256(abi.encode(account)))`
fn leaf(account: Address) -> B256 {
    keccak256(keccak256(account.into_word()))
}

fn proof(name: &str, subject: &Subject) -> Result<Vec<B256>, Obstacle> {
    let bytes = match fill::named(name, &DynSolType::Bytes, subject)? {
        DynSolValue::Bytes(bytes) => bytes,
        _ => Vec::new(),
    };
    let (nodes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || nodes.len() > MAX_PROOF_NODES {
        return Err(Obstacle::new(
            format!("the proof `{name}` has {} bytes", bytes.len()),
            format!("send 32 bytes for each level of the tree, at most {MAX_PROOF_NODES} levels"),
        ));
    }
    Ok(nodes.iter().copied().map(B256::from).collect())
}
