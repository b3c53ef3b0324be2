//! RFC 9380's `hash_to_field` into the scalars, with SHA-256 and `L = 48`.
//!
//! Not arkworks' own: it pads the first block to `L` bytes, and not to those of a block of
//! SHA-256, so that what it computes for this field is not the standard's.

use ark_bls12_381::Fr;
use ark_ff::PrimeField;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// One element, uniform but for 2^-128, from the tag and the message. RFC 9380 §5.2.
pub(crate) fn hash_to_field(tag: &str, message: &[u8]) -> Fr {
    Fr::from_be_bytes_mod_order(&expand_message::<48>(tag.as_bytes(), message)[..])
}

/// RFC 9380 §5.3.1. `dst` is below 256 bytes, `N` at most 255 blocks of 32 bytes.
#[allow(
    clippy::cast_possible_truncation,
    reason = "dst and N are small constants of this crate"
)]
fn expand_message<const N: usize>(dst: &[u8], message: &[u8]) -> Zeroizing<[u8; N]> {
    const {
        assert!(N <= 255 * 32);
    }
    let dst_length = [dst.len() as u8];

    // b_0 = H(Z_pad ‖ msg ‖ I2OSP(N, 2) ‖ I2OSP(0, 1) ‖ DST_prime)
    let first: Zeroizing<[u8; 32]> = Zeroizing::new(
        Sha256::new_with_prefix([0; 64])
            .chain_update(message)
            .chain_update((N as u16).to_be_bytes())
            .chain_update([0])
            .chain_update(dst)
            .chain_update(dst_length)
            .finalize()
            .into(),
    );

    // b_i = H((b_0 xor b_(i-1)) ‖ I2OSP(i, 1) ‖ DST_prime), where b_1 takes b_0 alone
    let mut out = Zeroizing::new([0; N]);
    let mut previous = Zeroizing::new([0; 32]);
    for (block, counter) in out.chunks_mut(32).zip(1u8..) {
        for (byte, first) in previous.iter_mut().zip(first.iter()) {
            *byte ^= first;
        }
        *previous = Sha256::new_with_prefix(&previous[..])
            .chain_update([counter])
            .chain_update(dst)
            .chain_update(dst_length)
            .finalize()
            .into();
        for (out, byte) in block.iter_mut().zip(previous.iter()) {
            *out = *byte;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9380 appendix K.1, DST `QUUX-V01-CS02-with-expander-SHA256-128`.
    #[test]
    fn expansion_matches_rfc_9380() {
        let dst = b"QUUX-V01-CS02-with-expander-SHA256-128";
        assert_eq!(
            hex::encode(&expand_message::<32>(dst, b"abc")[..]),
            "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"
        );
        assert_eq!(
            hex::encode(&expand_message::<128>(dst, b"")[..]),
            "af84c27ccfd45d41914fdff5df25293e221afc53d8ad2ac06d5e3e29485dadbe\
             e0d121587713a3e0dd4d5e69e93eb7cd4f5df4cd103e188cf60cb02edc3edf18\
             eda8576c412b18ffb658e3dd6ec849469b979d444cf7b26911a08e63cf31f9dc\
             c541708d3491184472c2c29bb749d4286b004ceb5ee6b9a7fa5b646c993f0ced"
        );
    }
}
