//! Vectors of WebAssembly.

use std::arch::wasm32::{
    i32x4_shuffle, i64x2_shuffle, u8x16_shuffle, u32x4, u32x4_add, u32x4_shl, u32x4_shr,
    u32x4_splat, u64x2_extract_lane, v128, v128_or, v128_xor,
};

/// Four words.
#[derive(Clone, Copy)]
pub(super) struct Lanes(v128);

impl Lanes {
    #[inline(always)]
    pub(super) fn new([a, b, c, d]: [u32; 4]) -> Self {
        Self(u32x4(a, b, c, d))
    }

    #[inline(always)]
    pub(super) fn splat(word: u32) -> Self {
        Self(u32x4_splat(word))
    }

    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        Self(u32x4_add(self.0, other.0))
    }

    /// `(self ^ other) <<< BITS`.
    #[inline(always)]
    pub(super) fn xor_rotated<const BITS: u32>(self, other: Self) -> Self {
        let x = v128_xor(self.0, other.0);
        // Whole bytes move in one instruction.
        Self(match BITS {
            16 => u8x16_shuffle::<2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13>(x, x),
            8 => u8x16_shuffle::<3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14>(x, x),
            _ => v128_or(u32x4_shl(x, BITS), u32x4_shr(x, 32 - BITS)),
        })
    }

    /// Words that stood in one lane of all four, together.
    #[inline(always)]
    pub(super) fn transposed([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let (low, high) = (
            i32x4_shuffle::<0, 4, 1, 5>(a.0, b.0),
            i32x4_shuffle::<2, 6, 3, 7>(a.0, b.0),
        );
        let (low_too, high_too) = (
            i32x4_shuffle::<0, 4, 1, 5>(c.0, d.0),
            i32x4_shuffle::<2, 6, 3, 7>(c.0, d.0),
        );
        [
            Self(i64x2_shuffle::<0, 2>(low, low_too)),
            Self(i64x2_shuffle::<1, 3>(low, low_too)),
            Self(i64x2_shuffle::<0, 2>(high, high_too)),
            Self(i64x2_shuffle::<1, 3>(high, high_too)),
        ]
    }

    /// Word by word, each with its least byte first.
    #[inline(always)]
    pub(super) fn bytes(self) -> [u8; 16] {
        let [low, high] = [
            u64x2_extract_lane::<0>(self.0),
            u64x2_extract_lane::<1>(self.0),
        ];
        (u128::from(low) | u128::from(high) << 64).to_le_bytes()
    }
}
