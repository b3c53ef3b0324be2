//! ChaCha20 (RFC 8439, section 2.3) on four blocks at once, by the vectors of 128 bits that WebAssembly
//! has. RustCrypto has no backend for them, and its portable one is less than half as fast there.
//!
//! The blocks alone: the stream, Poly1305 and how they are put together stay RustCrypto's. Tests run
//! this natively too, on arrays in the place of vectors.

#[cfg(not(target_family = "wasm"))]
mod arrays;
#[cfg(target_family = "wasm")]
mod simd128;

use cipher::common::{BlockSizeUser, IvSizeUser, KeySizeUser, ParBlocks, ParBlocksSizeUser};
use cipher::consts::{U4, U12, U32, U64};
use cipher::{
    Block, Iv, Key, KeyIvInit, StreamCipherBackend, StreamCipherClosure, StreamCipherCore,
    StreamCipherCoreWrapper, StreamCipherSeekCore,
};
use zeroize::{Zeroize, ZeroizeOnDrop};

#[cfg(not(target_family = "wasm"))]
use arrays::Lanes;
#[cfg(target_family = "wasm")]
use simd128::Lanes;

/// RustCrypto's AEAD over these blocks.
pub(crate) type ChaCha20Poly1305 =
    chacha20poly1305::ChaChaPoly1305<StreamCipherCoreWrapper<ChaCha20>>;

/// "expand 32-byte k".
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// A key, a nonce, and the number of the next block.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct ChaCha20 {
    key: [u32; 8],
    nonce: [u32; 3],
    counter: u32,
}

/// The state of four consecutive blocks: row by row, a word of each in every vector.
type State = [[Lanes; 4]; 4];

impl ChaCha20 {
    fn state(&self) -> State {
        let counters = [0, 1, 2, 3].map(|block| self.counter.wrapping_add(block));
        let [k0, k1, k2, k3, k4, k5, k6, k7] = self.key.map(Lanes::splat);
        let [n0, n1, n2] = self.nonce.map(Lanes::splat);
        [
            CONSTANTS.map(Lanes::splat),
            [k0, k1, k2, k3],
            [k4, k5, k6, k7],
            [Lanes::new(counters), n0, n1, n2],
        ]
    }

    /// Four consecutive blocks, of which `count` are used up.
    ///
    /// Without loops over rows and blocks, which are not unrolled where code is built for size.
    fn next_blocks(&mut self, count: u32) -> [[Lanes; 4]; 4] {
        let start = self.state();
        self.counter = self.counter.wrapping_add(count);
        let mut state = start;
        for _ in 0..10 {
            state = on_diagonals(on_columns(state));
        }
        let ([a, b, c, d], [w, x, y, z]) = (state, start);
        let [a0, a1, a2, a3] = transposed_sum(a, w);
        let [b0, b1, b2, b3] = transposed_sum(b, x);
        let [c0, c1, c2, c3] = transposed_sum(c, y);
        let [d0, d1, d2, d3] = transposed_sum(d, z);
        [
            [a0, b0, c0, d0],
            [a1, b1, c1, d1],
            [a2, b2, c2, d2],
            [a3, b3, c3, d3],
        ]
    }
}

/// A row of each block.
#[inline(always)]
fn transposed_sum([a, b, c, d]: [Lanes; 4], [w, x, y, z]: [Lanes; 4]) -> [Lanes; 4] {
    Lanes::transposed([a.add(w), b.add(x), c.add(y), d.add(z)])
}

#[inline(always)]
fn write(block: &mut Block<ChaCha20>, [a, b, c, d]: [Lanes; 4]) {
    if let ([to_a, to_b, to_c, to_d], []) = block.as_chunks_mut() {
        (*to_a, *to_b) = (a.bytes(), b.bytes());
        (*to_c, *to_d) = (c.bytes(), d.bytes());
    }
}

/// The quarter round (RFC 8439, section 2.1).
#[inline(always)]
fn quarter([mut a, mut b, mut c, mut d]: [Lanes; 4]) -> [Lanes; 4] {
    a = a.add(b);
    d = d.xor_rotated::<16>(a);
    c = c.add(d);
    b = b.xor_rotated::<12>(c);
    a = a.add(b);
    d = d.xor_rotated::<8>(a);
    c = c.add(d);
    b = b.xor_rotated::<7>(c);
    [a, b, c, d]
}

#[inline(always)]
fn on_columns([a, b, c, d]: State) -> State {
    let [
        [a0, b0, c0, d0],
        [a1, b1, c1, d1],
        [a2, b2, c2, d2],
        [a3, b3, c3, d3],
    ] = [
        quarter([a[0], b[0], c[0], d[0]]),
        quarter([a[1], b[1], c[1], d[1]]),
        quarter([a[2], b[2], c[2], d[2]]),
        quarter([a[3], b[3], c[3], d[3]]),
    ];
    [
        [a0, a1, a2, a3],
        [b0, b1, b2, b3],
        [c0, c1, c2, c3],
        [d0, d1, d2, d3],
    ]
}

/// Diagonals are the columns of rows that are moved by their number.
#[inline(always)]
fn on_diagonals([a, [b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]]: State) -> State {
    let moved = [a, [b1, b2, b3, b0], [c2, c3, c0, c1], [d3, d0, d1, d2]];
    let [a, [b1, b2, b3, b0], [c2, c3, c0, c1], [d3, d0, d1, d2]] = on_columns(moved);
    [a, [b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]]
}

impl KeySizeUser for ChaCha20 {
    type KeySize = U32;
}

impl IvSizeUser for ChaCha20 {
    type IvSize = U12;
}

impl BlockSizeUser for ChaCha20 {
    type BlockSize = U64;
}

impl ParBlocksSizeUser for ChaCha20 {
    type ParBlocksSize = U4;
}

impl KeyIvInit for ChaCha20 {
    fn new(key: &Key<Self>, iv: &Iv<Self>) -> Self {
        Self {
            key: words(key),
            nonce: words(iv),
            counter: 0,
        }
    }
}

fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

impl StreamCipherCore for ChaCha20 {
    fn remaining_blocks(&self) -> Option<usize> {
        (u32::MAX - self.counter).try_into().ok()
    }

    fn process_with_backend(&mut self, f: impl StreamCipherClosure<BlockSize = U64>) {
        f.call(self);
    }
}

impl StreamCipherSeekCore for ChaCha20 {
    type Counter = u32;

    fn get_block_pos(&self) -> u32 {
        self.counter
    }

    fn set_block_pos(&mut self, position: u32) {
        self.counter = position;
    }
}

impl StreamCipherBackend for ChaCha20 {
    fn gen_ks_block(&mut self, block: &mut Block<Self>) {
        let [first, ..] = self.next_blocks(1);
        write(block, first);
    }

    fn gen_par_ks_blocks(&mut self, blocks: &mut ParBlocks<Self>) {
        let [a, b, c, d] = self.next_blocks(4);
        let [to_a, to_b, to_c, to_d] = &mut blocks.0;
        write(to_a, a);
        write(to_b, b);
        write(to_c, c);
        write(to_d, d);
    }
}

#[cfg(test)]
mod tests {
    use cipher::{StreamCipher, StreamCipherSeek};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stream_is_that_of_the_other_implementation(
            key: [u8; 32],
            nonce: [u8; 12],
            start in prop_oneof![0..5_000_u64, Just(64 * 0xffff_fff0)],
            length in 0..700_usize,
        ) {
            let (mut ours, mut theirs) = (vec![0; length], vec![0; length]);
            let mut cipher = StreamCipherCoreWrapper::<ChaCha20>::new(&key.into(), &nonce.into());
            cipher.seek(start);
            cipher.apply_keystream(&mut ours);
            let mut cipher = chacha20::ChaCha20::new(&key.into(), &nonce.into());
            cipher.seek(start);
            cipher.apply_keystream(&mut theirs);
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn stream_ends_where_its_counter_does() {
        let mut cipher = StreamCipherCoreWrapper::<ChaCha20>::new(&[1; 32].into(), &[2; 12].into());
        cipher.seek(64 * u64::from(u32::MAX) - 64);
        assert!(cipher.try_apply_keystream(&mut [0; 64]).is_ok());
        assert!(cipher.try_apply_keystream(&mut [0; 65]).is_err());
    }
}
