//! Groups of members who are not named: kept in a file, published as a root, joined by a commitment.
//!
//! A member makes a [`MemberKey`] and gives its commitment to whoever keeps the group. The keeper puts
//! the commitment's leaf into a file ([`GroupFile`]), publishes the file, and its root in a policy or in
//! a contract ([`GroupContract`]). Whoever has the file and a member's key proves membership; nobody
//! learns which member it was.
//!
//! ```no_run
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use std::path::Path;
//! use stheno::{circuits::{Depth, Leaf}, group::{GroupFile, MemberKey}};
//!
//! let member = MemberKey::random()?; // the member's own, kept where nobody else reads it
//!
//! let path = Path::new("group.json");
//! GroupFile::create(path, Depth::D20)?;
//! let mut file = GroupFile::open(path)?; // nobody else changes it now
//! file.add(&[Leaf::of_member(&member.commitment())])?;
//! file.save()?;
//! # Ok(()) }
//! ```
//!
//! An issuer of [credentials](Credential) does the same with leaves that have attributes. The file has
//! leaves alone; what an issuer says of a member stands in a `credential.json`, which the member gets
//! and keeps. An issuer who wants to take a credential back keeps its leaf, or a copy.
//!
//! # On chain
//!
//! `OwnedGroup` has one account that changes the root, `VotedGroup` several that agree. A change is
//! planned by [`RootChange::plan`]: it is made for one state of the contract, names the file's SHA-256,
//! and ends old roots at once where a member was removed. [`GroupContract::publish`] asks the chain what
//! is done already, so that the same call goes on after `kill -9`.
//!
//! ```no_run
//! # async fn run(chain: stheno::chain::Chain, contract: stheno::protocol::Address,
//! #     wallet: stheno::Wallet) -> Result<(), Box<dyn std::error::Error>> {
//! use std::path::Path;
//! use stheno::group::{GroupAsStored, GroupContract, Known, RootChange, Wish};
//!
//! let stored = GroupAsStored::read(Path::new("group.json"))?;
//! let contract = GroupContract::new(chain.clone(), contract).at_head();
//! contract.check(&stored.group).await?; // of the same depth
//! let state = contract.state().await?;
//! let (group, address) = (&stored.group, contract.address());
//! let known = Known::Store(contract.last_store(&state).await); // or what `GroupNotes` have
//! let change = RootChange::plan(group, stored.digest, address, &state, known, Wish::default())?;
//! if let Some(change) = change {
//!     contract.publish(&wallet.sender(chain), &change).await?;
//! }
//! # Ok(()) }
//! ```
//!
//! # What it costs
//!
//! Whoever opens a group's file hashes its tree: two nodes for each member, some 70 µs. So a group of
//! 100,000 opens in 7 s, and one more member, or one less, costs little beside that; 100,000 who are
//! added at once take 15 s. A group of a thousand opens in a tenth of a second.
//!
//! # What is checked
//!
//! What a contract says of a root is not what a tree says: that the file's root is the contract's root is
//! the check that one has the contract's members. In a browser there are no files: [`group_from_bytes`]
//! reads what was fetched.
//!
//! What is absent: proofs, and policies that ask for them.

#[cfg(all(feature = "chain", feature = "wallet"))]
mod change;
#[cfg(all(feature = "chain", feature = "wallet"))]
mod contract;
#[cfg(all(feature = "chain", feature = "wallet"))]
mod contract_error;
mod credential;
mod error;
#[cfg(not(target_family = "wasm"))]
mod file;
mod member;
#[cfg(all(feature = "chain", feature = "wallet", not(target_family = "wasm")))]
mod notes;
mod stored;

#[cfg(all(feature = "chain", feature = "wallet"))]
pub use change::{Known, KnownRoot, RootChange, Wish};
#[cfg(all(feature = "chain", feature = "wallet"))]
pub use contract::{GroupContract, GroupState, GroupTerms, Keeper, Published};
#[cfg(all(feature = "chain", feature = "wallet"))]
pub use contract_error::GroupContractError;
pub use credential::Credential;
pub use error::GroupError;
#[cfg(not(target_family = "wasm"))]
pub use file::{GroupAsStored, GroupFile};
pub use member::MemberKey;
#[cfg(all(feature = "chain", feature = "wallet", not(target_family = "wasm")))]
pub use notes::GroupNotes;
pub use stored::{
    GroupDigest, commitment_of, depth_of, group_digest, group_from_bytes, group_to_bytes,
};
