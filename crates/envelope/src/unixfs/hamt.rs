//! Which place of a sharded folder a name has.
//!
//! A shard has 256 places; a name's place at depth `i` is byte `i` of its
//! MurmurHash3 (x64, 128 bits, of which the first 64 count, big-endian).

/// Places of a shard.
pub(super) const FANOUT: u64 = 256;
/// Multicodec of the hash.
pub(super) const HASH_TYPE: u64 = 0x22;
/// How deep a folder can be sharded: the hash has so many bytes.
pub(super) const MAX_DEPTH: usize = 8;

/// The places of a name, from the root down.
pub(super) fn places(name: &str) -> [u8; MAX_DEPTH] {
    // Reading from memory cannot fail.
    let hash = murmur3::murmur3_x64_128(&mut name.as_bytes(), 0).unwrap_or_default();
    (hash as u64).to_be_bytes()
}

/// What stands in front of a name, or alone before a shard below.
pub(super) fn label(place: u8) -> String {
    format!("{place:02X}")
}

/// Which places are taken, as a shard says it: big-endian, without zeros in front.
pub(super) fn taken(places: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut bits = [0_u8; FANOUT as usize / 8];
    for place in places {
        let byte = bits.len() - 1 - usize::from(place) / 8;
        if let Some(byte) = bits.get_mut(byte) {
            *byte |= 1 << (place % 8);
        }
    }
    let zeros = bits.iter().take_while(|byte| **byte == 0).count();
    bits.get(zeros..).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_hash_that_everybody_uses() {
        // MurmurHash3_x64_128("hello") begins with cbd8a7b341bd9b02.
        assert_eq!(places("hello"), 0xcbd8_a7b3_41bd_9b02_u64.to_be_bytes());
        assert_eq!(label(0), "00");
        assert_eq!(label(0xcb), "CB");
    }

    #[test]
    fn taken_places_are_bits_from_the_right() {
        assert_eq!(taken([0, 8, 9].into_iter()), [0b11, 0b1]);
        assert_eq!(taken([255].into_iter()).len(), 32);
        assert!(taken(std::iter::empty()).is_empty());
    }
}
