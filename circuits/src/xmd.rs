//! RFC 9380's `hash_to_field` into the scalars, with SHA-256 and `L = 48`.
//!
//! Not arkworks' own: it pads the first block to `L` bytes, and not to those of a block of
//! SHA-256, so that what it computes for this field is not the standard's.

use ark_bls12_381::Fr;
use ark_ff::PrimeField;
use stheno_crypto::expand_message;

/// One element, uniform but for 2^-128, from the tag and the message. RFC 9380 §5.2.
pub(crate) fn hash_to_field(tag: &str, message: &[u8]) -> Fr {
    Fr::from_be_bytes_mod_order(&expand_message::<48>(tag.as_bytes(), &[message])[..])
}
