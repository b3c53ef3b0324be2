//! What the vectors of WebAssembly do, on arrays: for tests elsewhere.

/// Four words.
#[derive(Clone, Copy)]
pub(super) struct Lanes([u32; 4]);

impl Lanes {
    pub(super) fn new(words: [u32; 4]) -> Self {
        Self(words)
    }

    pub(super) fn splat(word: u32) -> Self {
        Self([word; 4])
    }

    pub(super) fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            self.0[lane].wrapping_add(other.0[lane])
        }))
    }

    /// `(self ^ other) <<< BITS`.
    pub(super) fn xor_rotated<const BITS: u32>(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            (self.0[lane] ^ other.0[lane]).rotate_left(BITS)
        }))
    }

    /// Words that stood in one lane of all four, together.
    pub(super) fn transposed(rows: [Self; 4]) -> [Self; 4] {
        std::array::from_fn(|lane| Self(rows.map(|row| row.0[lane])))
    }

    /// Word by word, each with its least byte first.
    pub(super) fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (to, word) in bytes.as_chunks_mut().0.iter_mut().zip(self.0) {
            *to = word.to_le_bytes();
        }
        bytes
    }
}
