//! PieceCIDs of what a page has.

use stheno::envelope::PieceHasher;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::error::Failure;

/// Hashes bytes as they pass.
#[wasm_bindgen]
pub struct PieceHash(PieceHasher);

#[wasm_bindgen]
impl PieceHash {
    /// Of nothing yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self(PieceHasher::new(None))
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The PieceCID.
    ///
    /// # Errors
    /// `bad_argument` when there is nothing, or too much, for a piece.
    pub fn finish(self) -> Result<String, JsValue> {
        let piece = self.0.finish();
        let piece = piece.map_err(|error| Failure::argument(error.to_string()))?;
        Ok(piece.to_string())
    }
}

impl Default for PieceHash {
    fn default() -> Self {
        Self::new()
    }
}
