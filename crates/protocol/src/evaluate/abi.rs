//! Strict ABI decoding: the canonical encoding of the declared outputs, or nothing.
//!
//! Not alloy's decoder, because what is decoded comes from contracts that an
//! attacker writes: alloy follows offsets wherever they point, so that a few
//! hundred bytes that refer to themselves can stand for gigabytes. Here every
//! offset must be the one that `abi.encode` writes, work and memory are linear
//! in the return data, and dirty or missing bytes are never read as a value.
//! Tests compare it with alloy's: same values, nothing else accepted.

use alloy_dyn_abi::DynSolType;
use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, B256, I256, U256};

use crate::policy::{
    head_words,
    typing::{fits_int, fits_uint},
};

const WORD: usize = 32;

/// The values of `types`, if `data` is exactly their canonical encoding.
pub(super) fn decode(types: &[DynSolType], data: &[u8]) -> Option<Vec<DynSolValue>> {
    let types: Vec<&DynSolType> = types.iter().collect();
    let (values, size) = sequence(&types, data)?;
    (size == data.len()).then_some(values)
}

/// Values side by side: their heads, then the tails of the dynamic ones, in order, without gaps.
fn sequence(types: &[&DynSolType], data: &[u8]) -> Option<(Vec<DynSolValue>, usize)> {
    let mut tail = types
        .iter()
        .map(|ty| head_words(ty))
        .sum::<usize>()
        .checked_mul(WORD)?;
    if data.len() < tail {
        return None;
    }
    let mut at = 0;
    let mut values = Vec::with_capacity(types.len());
    for ty in types {
        let (value, head) = if ty.is_dynamic() {
            if length(data.get(at..)?)? != tail {
                return None;
            }
            let (value, size) = dynamic(ty, data.get(tail..)?)?;
            tail += size;
            (value, WORD)
        } else {
            fixed(ty, data.get(at..)?)?
        };
        at += head;
        values.push(value);
    }
    Some((values, tail))
}

/// A value of a dynamic type, with its size.
fn dynamic(ty: &DynSolType, data: &[u8]) -> Option<(DynSolValue, usize)> {
    match ty {
        DynSolType::Bytes => {
            let (bytes, size) = packed(data)?;
            Some((DynSolValue::Bytes(bytes.to_vec()), size))
        }
        DynSolType::String => {
            let (bytes, size) = packed(data)?;
            let text = std::str::from_utf8(bytes).ok()?;
            Some((DynSolValue::String(text.to_owned()), size))
        }
        DynSolType::Array(of) => {
            let count = length(data)?;
            let rest = data.get(WORD..)?;
            // Every element takes up a word or more; checked before anything is allocated.
            if count > rest.len() / WORD {
                return None;
            }
            let (values, size) = sequence(&vec![&**of; count], rest)?;
            Some((DynSolValue::Array(values), WORD + size))
        }
        _ => parts(ty, data),
    }
}

/// A value of a static type, with its size.
fn fixed(ty: &DynSolType, data: &[u8]) -> Option<(DynSolValue, usize)> {
    if let DynSolType::Tuple(_) | DynSolType::FixedArray(..) = ty {
        return parts(ty, data);
    }
    let word = B256::try_from(data.get(..WORD)?).ok()?;
    let value = match ty {
        DynSolType::Bool => match U256::from_be_bytes(word.0).try_into() {
            Ok(0_u8) => DynSolValue::Bool(false),
            Ok(1_u8) => DynSolValue::Bool(true),
            _ => return None,
        },
        DynSolType::Uint(bits) => {
            let value = U256::from_be_bytes(word.0);
            fits_uint(value, *bits).then_some(DynSolValue::Uint(value, *bits))?
        }
        DynSolType::Int(bits) => {
            let value = I256::from_be_bytes(word.0);
            fits_int(value, *bits).then_some(DynSolValue::Int(value, *bits))?
        }
        DynSolType::Address => {
            let address = Address::from_word(word);
            (address.into_word() == word).then_some(DynSolValue::Address(address))?
        }
        DynSolType::FixedBytes(size) => {
            let padding = word.get(*size..)?;
            padding
                .iter()
                .all(|byte| *byte == 0)
                .then_some(DynSolValue::FixedBytes(word, *size))?
        }
        _ => return None,
    };
    Some((value, WORD))
}

/// A tuple or a fixed array, static or not.
fn parts(ty: &DynSolType, data: &[u8]) -> Option<(DynSolValue, usize)> {
    match ty {
        DynSolType::Tuple(types) => {
            let (values, size) = sequence(&types.iter().collect::<Vec<_>>(), data)?;
            Some((DynSolValue::Tuple(values), size))
        }
        DynSolType::FixedArray(of, count) => {
            let (values, size) = sequence(&vec![&**of; *count], data)?;
            Some((DynSolValue::FixedArray(values), size))
        }
        _ => None,
    }
}

/// Bytes behind their length, padded with zeros to a whole word.
fn packed(data: &[u8]) -> Option<(&[u8], usize)> {
    let len = length(data)?;
    let padded = len.checked_next_multiple_of(WORD)?;
    let body = data.get(WORD..)?.get(..padded)?;
    let (bytes, padding) = body.split_at_checked(len)?;
    padding
        .iter()
        .all(|byte| *byte == 0)
        .then_some((bytes, WORD + padded))
}

/// The first word as a length or offset.
fn length(data: &[u8]) -> Option<usize> {
    U256::from_be_slice(data.get(..WORD)?).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn types() -> impl Strategy<Value = Vec<DynSolType>> {
        let simple = prop_oneof![
            Just(DynSolType::Bool),
            Just(DynSolType::Address),
            Just(DynSolType::Bytes),
            Just(DynSolType::String),
            (1_usize..=32).prop_map(|n| DynSolType::Uint(8 * n)),
            (1_usize..=32).prop_map(|n| DynSolType::Int(8 * n)),
            (1_usize..=32).prop_map(DynSolType::FixedBytes),
        ];
        let nested = simple.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|ty| DynSolType::Array(Box::new(ty))),
                (inner.clone(), 1_usize..4)
                    .prop_map(|(ty, n)| DynSolType::FixedArray(Box::new(ty), n)),
                proptest::collection::vec(inner, 1..4).prop_map(DynSolType::Tuple),
            ]
        });
        proptest::collection::vec(nested, 1..4)
    }

    fn value(ty: &DynSolType, seed: &mut u64) -> DynSolValue {
        let mut next = || {
            *seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *seed >> 33
        };
        match ty {
            DynSolType::Bool => DynSolValue::Bool(next() % 2 == 1),
            DynSolType::Address => {
                DynSolValue::Address(Address::left_padding_from(&next().to_be_bytes()))
            }
            DynSolType::Uint(bits) => {
                DynSolValue::Uint(U256::MAX >> (256 - (1 + next() as usize % bits)), *bits)
            }
            DynSolType::Int(bits) => {
                let magnitude = I256::from_raw(U256::MAX >> (257 - (1 + next() as usize % bits)));
                let value = if next() % 2 == 0 {
                    magnitude
                } else {
                    !magnitude
                };
                DynSolValue::Int(value, *bits)
            }
            DynSolType::FixedBytes(size) => {
                let bytes = vec![next() as u8; *size];
                DynSolValue::FixedBytes(B256::right_padding_from(&bytes), *size)
            }
            DynSolType::Bytes => DynSolValue::Bytes(vec![next() as u8; next() as usize % 70]),
            DynSolType::String => DynSolValue::String("ü".repeat(next() as usize % 40)),
            DynSolType::Array(of) => {
                let count = next() % 4;
                DynSolValue::Array((0..count).map(|_| value(of, seed)).collect())
            }
            DynSolType::FixedArray(of, count) => {
                DynSolValue::FixedArray((0..*count).map(|_| value(of, seed)).collect())
            }
            DynSolType::Tuple(types) => {
                DynSolValue::Tuple(types.iter().map(|ty| value(ty, seed)).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #[test]
        fn what_alloy_encodes_is_decoded(types in types(), mut seed in any::<u64>()) {
            let values: Vec<DynSolValue> = types.iter().map(|ty| value(ty, &mut seed)).collect();
            let data = DynSolValue::Tuple(values.clone()).abi_encode_params();
            prop_assert_eq!(decode(&types, &data), Some(values));
            for cut in (0..data.len()).step_by(7) {
                prop_assert_eq!(decode(&types, &data[..cut]), None);
            }
            let longer = [data.as_slice(), &[0; 32]].concat();
            prop_assert_eq!(decode(&types, &longer), None);
        }

        #[test]
        fn what_is_decoded_is_canonical(
            types in types(),
            mut seed in any::<u64>(),
            flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
        ) {
            let values: Vec<DynSolValue> = types.iter().map(|ty| value(ty, &mut seed)).collect();
            let mut data = DynSolValue::Tuple(values).abi_encode_params();
            for (at, bit) in flips {
                let at = at.index(data.len());
                data[at] ^= 1 << bit;
            }
            if let Some(values) = decode(&types, &data) {
                prop_assert_eq!(DynSolValue::Tuple(values).abi_encode_params(), data);
            }
        }
    }

    #[test]
    fn dirty_words_are_not_values() {
        let word = |last: u8, first: u8| {
            let mut word = [0; 32];
            word[0] = first;
            word[31] = last;
            word
        };
        for (ty, data) in [
            (DynSolType::Bool, word(2, 0)),
            (DynSolType::Bool, word(1, 1)),
            (DynSolType::Uint(8), word(1, 1)),
            (DynSolType::Int(8), word(0x80, 0)),
            (DynSolType::Address, word(1, 1)),
            (DynSolType::FixedBytes(4), word(1, 1)),
        ] {
            assert_eq!(decode(std::slice::from_ref(&ty), &data), None, "{ty}");
        }
        assert_eq!(decode(&[DynSolType::Bool], &[]), None);
        assert_eq!(decode(&[DynSolType::Bool], &[0; 31]), None);
    }

    #[test]
    fn self_referring_arrays_are_refused_at_once() {
        // Offset 0 points at the outer array itself, at every level.
        let nested = (0..5).fold(DynSolType::Uint(8), |ty, _| DynSolType::Array(Box::new(ty)));
        let mut data = vec![0_u8; 16 * 1024];
        for word in data.chunks_mut(32) {
            word[30] = 1;
        }
        assert_eq!(decode(std::slice::from_ref(&nested), &data), None);
        let mut huge = vec![0_u8; 64];
        huge[31] = 32;
        huge[32..64].fill(0xff);
        assert_eq!(decode(&[nested], &huge), None);
        assert_eq!(decode(&[DynSolType::Bytes], &huge), None);
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        let mut data =
            DynSolValue::Tuple(vec![DynSolValue::String("aa".into())]).abi_encode_params();
        data[64] = 0xff;
        assert_eq!(decode(&[DynSolType::String], &data), None);
        assert!(decode(&[DynSolType::Bytes], &data).is_some());
    }
}
