//! Recovering who signed a digest, strictly: one signer, one signature form.

use alloy_primitives::{Address, B256, Signature, eip191_hash_message};
use stheno_crypto::engine;

/// Length of an `r ‖ s ‖ v` signature.
pub const SIGNATURE_BYTES: usize = 65;

/// Why a signature was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignatureError {
    /// Not 65 bytes.
    #[error("a signature is 65 bytes (r, s, v), this has {0}")]
    Length(usize),
    /// `v` is neither 27 nor 28.
    #[error("the last byte of a signature is 27 or 28, this is {0}")]
    RecoveryId(u8),
    /// `s` lies in the upper half of the group order, so the signature has a twin.
    #[error("the signature's s is in the upper half of the order; normalise it to the lower half")]
    HighS,
    /// No public key signs this digest so.
    #[error("no key can have made this signature")]
    Unrecoverable,
    /// Not 64 bytes, as P-256 and Ed25519 have.
    #[error("a signature of P-256 or Ed25519 is 64 bytes, this has {0}")]
    DelegateLength(usize),
    /// The key that was named did not sign this digest.
    #[error("not made by {0} for this request")]
    NotByDelegate(String),
    /// Somebody else signed.
    #[error("signed by {found}, expected {expected}")]
    WrongSigner {
        /// Who should have signed.
        expected: Address,
        /// Who signed this digest, or what a signature of another digest looks like.
        found: Address,
    },
}

/// The address whose key signed `digest`.
///
/// Accepts exactly `r ‖ s ‖ v` with low `s` and `v` of 27 or 28, as Solidity's
/// `ECDSA` does.
///
/// # Errors
/// [`SignatureError`] for any other form.
pub fn recover(digest: B256, signature: &[u8]) -> Result<Address, SignatureError> {
    let bytes: &[u8; SIGNATURE_BYTES] = signature
        .try_into()
        .map_err(|_| SignatureError::Length(signature.len()))?;
    let v = bytes[SIGNATURE_BYTES - 1];
    if !matches!(v, 27 | 28) {
        return Err(SignatureError::RecoveryId(v));
    }
    let parsed = Signature::from_raw_array(bytes).map_err(|_| SignatureError::RecoveryId(v))?;
    if parsed.normalize_s().is_some() {
        return Err(SignatureError::HighS);
    }
    let signer = engine::bytes_of("recover", &[digest.as_slice(), bytes], || {
        let signer = parsed.recover_address_from_prehash(&digest).ok()?;
        Some(signer.to_vec())
    });
    signer
        .and_then(|signer| Address::try_from(signer.as_slice()).ok())
        .ok_or(SignatureError::Unrecoverable)
}

/// The address whose key signed `message` by EIP-191, as wallets sign text.
///
/// As [`recover`], and takes `v` of 0 and 1 for 27 and 28, since some wallets
/// write it so under text.
///
/// # Errors
/// [`SignatureError`] for any other form.
pub fn recover_message(message: &str, signature: &[u8]) -> Result<Address, SignatureError> {
    let digest = eip191_hash_message(message);
    match signature {
        [rs @ .., v @ (0 | 1)] if rs.len() == SIGNATURE_BYTES - 1 => {
            let spelled = [rs, &[*v + 27]].concat();
            recover(digest, &spelled)
        }
        _ => recover(digest, signature),
    }
}

/// Checks that `signer` signed `digest`.
///
/// # Errors
/// [`SignatureError`]; [`SignatureError::WrongSigner`] when it is well formed but another's.
pub fn verify(digest: B256, signature: &[u8], signer: Address) -> Result<(), SignatureError> {
    let found = recover(digest, signature)?;
    if found == signer {
        Ok(())
    } else {
        Err(SignatureError::WrongSigner {
            expected: signer,
            found,
        })
    }
}
