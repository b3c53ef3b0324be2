//! RFC 9380's `expand_message_xmd` with SHA-256, from which every scalar and point is hashed.
//!
//! Here once for both engines: arkworks brings its own over another generation of `digest`,
//! blst's takes one contiguous message.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Expands the concatenated `parts` to `N` uniform bytes, RFC 9380 §5.3.1.
///
/// `dst` is below 256 bytes, `N` at most 255 blocks of 32 bytes.
#[must_use]
#[allow(
    clippy::cast_possible_truncation,
    reason = "dst and N are small constants of whoever calls"
)]
pub fn expand_message<const N: usize>(dst: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; N]> {
    const {
        assert!(N <= 255 * 32);
    }
    let dst_length = [dst.len() as u8];

    // b_0 = H(Z_pad ‖ msg ‖ I2OSP(N, 2) ‖ I2OSP(0, 1) ‖ DST_prime)
    let mut hash = Sha256::new_with_prefix([0; 64]);
    parts.iter().for_each(|part| hash.update(part));
    hash.update((N as u16).to_be_bytes());
    hash.update([0]);
    hash.update(dst);
    hash.update(dst_length);
    let first: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());

    // b_i = H((b_0 xor b_(i-1)) ‖ I2OSP(i, 1) ‖ DST_prime), where b_1 takes b_0 alone
    let mut out = Zeroizing::new([0; N]);
    let mut previous = Zeroizing::new([0; 32]);
    for (block, counter) in out.chunks_mut(32).zip(1u8..) {
        for (byte, first) in previous.iter_mut().zip(first.iter()) {
            *byte ^= first;
        }
        let mut hash = Sha256::new_with_prefix(&previous[..]);
        hash.update([counter]);
        hash.update(dst);
        hash.update(dst_length);
        *previous = hash.finalize().into();
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
        let expanded = expand_message::<32>(dst, &[b"ab", b"", b"c"]);
        assert_eq!(
            hex::encode(&expanded[..]),
            "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"
        );
        let expanded = expand_message::<128>(dst, &[b""]);
        assert_eq!(
            hex::encode(&expanded[..]),
            "af84c27ccfd45d41914fdff5df25293e221afc53d8ad2ac06d5e3e29485dadbe\
             e0d121587713a3e0dd4d5e69e93eb7cd4f5df4cd103e188cf60cb02edc3edf18\
             eda8576c412b18ffb658e3dd6ec849469b979d444cf7b26911a08e63cf31f9dc\
             c541708d3491184472c2c29bb749d4286b004ceb5ee6b9a7fa5b646c993f0ced"
        );
    }
}
