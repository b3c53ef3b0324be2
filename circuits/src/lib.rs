//! Conditions that a reader proves without showing who they are.
//!
//! A group's keeper or an issuer keeps a Merkle tree; a policy names its root. A reader proves in
//! zero knowledge (Groth16 on BLS12-381) that they own a leaf of it, for one request, and shows a
//! nullifier: the same for the same secret and scope, and nothing about who it is. What is proven
//! stands in [`spec`]; the derivation, the formats and the reasons in this crate's `README.md`.
//!
//! # Layout
//!
//! | | |
//! |---|---|
//! | [`spec`] | the statements on paper: hashes, constants, positions of public inputs |
//! | [`Circuit`], [`Statement`], [`Depth`] | which circuits there are |
//! | [`Secret`], [`Attributes`] | what a member keeps, what an issuer says of them |
//! | [`Group`], [`MerkleTree`], [`Path`] | the set |
//! | [`Scope`], [`Binding`] | where a nullifier is unique, what a proof is for |
//! | [`Inputs`], [`Witness`] | what is shown, and what is not |
//! | [`ProvingKey`], [`VerifyingKey`], [`setup`](fn@setup), [`trial`](fn@trial) | keys and their files |
//! | [`prove`](fn@prove), [`verify`](fn@verify), [`verify_batch`] | proofs |
//!
//! # What is absent
//!
//! Files, networks, clocks and sources of randomness: callers bring bytes and an
//! [`rand::RngCore`]. Policies: what a condition asks for, its callers say. Ceremonies: a key of
//! [`Kind::Ceremony`] is read here, and made elsewhere.
//!
//! # Example
//!
//! ```
//! use stheno_circuits::{rand::{SeedableRng, rngs::StdRng}, *};
//!
//! // A small tree, so that this is quick; networks offer the circuits of `Circuit::OFFERED`.
//! let depth = Depth::new(4)?;
//! let key = setup(Circuit::new(Statement::MembershipV1, depth), &[0; 32]);
//!
//! // The member keeps the secret, the group's keeper gets its commitment.
//! let secret = Secret::from_seed(&[1; 32]);
//! let leaf = Leaf::of_member(&secret.commitment());
//! let mut group = Group::new(depth);
//! group.add(leaf)?;
//!
//! let scope = Scope {
//!     network: stheno_crypto::NetworkId::from_bytes([2; 32]),
//!     policy: stheno_crypto::PolicyDigest::of(b"a policy"),
//!     period: 0,
//! };
//! let binding = Binding {
//!     network: scope.network,
//!     epoch: 1,
//!     items: vec![stheno_crypto::ItemId::from_bytes([3; 32])],
//!     reader_key: [4; 48],
//!     anchors: vec![],
//!     expires_at: 1_800_000_000,
//! };
//! let inputs = Inputs {
//!     root: group.root().ok_or("nobody is in the group")?,
//!     nullifier: secret.nullifier(&scope.to_field()),
//!     scope: scope.to_field(),
//!     binding: binding.to_field(),
//!     bounds: None,
//! };
//! let witness = Witness::member(secret, group.path(&leaf)?);
//! let mut rng = StdRng::from_seed([5; 32]); // an example: bring one that nobody can predict
//! let proof = prove(&key, &inputs, &witness, &mut rng, &mut |_| ())?;
//!
//! verify(&key.verifying_key().prepare(), &inputs, &proof)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod circuit;
mod constraints;
mod field;
#[cfg(test)]
mod frozen;
mod group;
mod inputs;
mod keys;
mod labels;
mod points;
mod poseidon;
mod proof;
mod prove;
mod relation;
mod scope;
mod secret;
pub mod spec;
mod tree;
mod trial;
mod verify;
mod weights;
mod witness;
mod xmd;

pub use ark_std::rand;
pub use circuit::{Circuit, Depth, DepthError, Shape, Statement, UnknownCircuit};
pub use field::{BindingHash, Commitment, FieldError, Leaf, Node, Nullifier, Root, ScopeHash};
pub use group::{Group, GroupError};
pub use inputs::{Bounds, Inputs, InputsError, Range};
pub use keys::{
    Development, KeyError, KeyHash, Kind, PreparedVerifyingKey, ProvingKey, VerifyingKey, setup,
};
pub use points::PointError;
pub use proof::{PROOF_BYTES, Proof, ProofError};
pub use prove::{Phase, ProveError, prove};
pub use scope::{Anchor, Binding, Scope};
pub use secret::{Attributes, Secret, SecretError};
pub use tree::{MerkleTree, Path, TreeError, empty_root};
pub use trial::trial;
pub use verify::{BatchError, VerifyError, verify, verify_batch};
pub use witness::{StatementError, Witness};
