//! For benchmarks alone, with the feature `bench`: combining shares, without the nodes that gave them.

#[path = "../../crypto/tests/fixture/mod.rs"]
#[allow(
    unused_imports,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "as the tests of the crate have it"
)]
mod fixture;

use fixture::Fixture;
use stheno_crypto::Share;
use wasm_bindgen::prelude::wasm_bindgen;

/// A committee, a capsule, and enough shares to open it, in bytes as they come.
#[wasm_bindgen]
pub struct Combining {
    fixture: Fixture,
    shares: Vec<(stheno_crypto::NodeIndex, Vec<u8>)>,
}

#[wasm_bindgen]
impl Combining {
    /// Of `threshold` shares in a committee of so many nodes.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(threshold: u16, nodes: u16) -> Self {
        let fixture = Fixture::new(nodes, threshold, 1);
        let numbers: Vec<u16> = (1..=threshold).collect();
        let shares = fixture.shares(&numbers);
        let shares = shares
            .iter()
            .map(|share| (share.index(), share.encode().to_vec()));
        Self {
            shares: shares.collect(),
            fixture,
        }
    }

    /// Decodes the shares and opens the capsule; whether it opened.
    #[must_use]
    pub fn run(&self) -> bool {
        let shares = self.shares.iter();
        let shares = shares.map(|(node, bytes)| Share::decode(*node, bytes));
        let shares: Result<Vec<Share>, _> = shares.collect();
        shares.is_ok_and(|shares| self.fixture.opens(&shares))
    }
}
