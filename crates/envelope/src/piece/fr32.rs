//! FR32 padding: 127 bytes become four 32-byte leaves whose top two bits are zero.
//!
//! The payload is one little-endian stream of bits; every leaf takes 254 of
//! them, so that it is a number below the order of BLS12-381's scalar field.

/// Payload bytes to a block.
pub(super) const PAYLOAD: usize = 127;
/// A block's four leaves, two and two as they are hashed.
pub(super) type Leaves = [[u8; 64]; 2];

/// Spreads a block's payload over its leaves.
pub(super) fn pad(payload: &[u8; PAYLOAD]) -> Leaves {
    let mut words = [0_u64; 17];
    let (whole, rest) = payload.as_chunks::<8>();
    let mut end = [0; 8];
    for (to, from) in end.iter_mut().zip(rest) {
        *to = *from;
    }
    for (word, bytes) in words.iter_mut().zip(whole.iter().chain([&end])) {
        *word = u64::from_le_bytes(*bytes);
    }
    let mut leaves = [[0; 64]; 2];
    let pairs = leaves
        .iter_mut()
        .flat_map(|pair| pair.as_chunks_mut::<32>().0);
    for (index, leaf) in pairs.enumerate() {
        // Leaf k begins at bit 254 k: that is 2 k bits before word 4 k.
        let early = 2 * index;
        let skip = (4 * index).saturating_sub(1);
        let from = words.iter().skip(skip).zip(words.iter().skip(skip + 1));
        for (to, (low, high)) in leaf.as_chunks_mut::<8>().0.iter_mut().zip(from) {
            let word = match early {
                0 => *low,
                _ => *low >> (64 - early) | *high << early,
            };
            *to = word.to_le_bytes();
        }
        leaf[31] &= 0x3f;
    }
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, bit by bit.
    fn by_definition(payload: &[u8; PAYLOAD]) -> [u8; 128] {
        let mut leaves = [0; 128];
        for bit in 0..PAYLOAD * 8 {
            let value = payload[bit / 8] >> (bit % 8) & 1;
            let place = bit / 254 * 256 + bit % 254;
            leaves[place / 8] |= value << (place % 8);
        }
        leaves
    }

    #[test]
    fn pad_follows_the_definition() {
        let patterns: [fn(usize) -> u8; 4] = [
            |_| 0xff,
            |i| i as u8,
            |i| (i as u8).wrapping_mul(167).wrapping_add(89),
            |i| 1 << (i % 8),
        ];
        for pattern in patterns {
            let payload: [u8; PAYLOAD] = std::array::from_fn(pattern);
            assert_eq!(pad(&payload).as_flattened(), by_definition(&payload));
        }
    }
}
