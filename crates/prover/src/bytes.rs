//! Byte strings of a fixed length.

use js_sys::Uint8Array;
use zeroize::Zeroizing;

use crate::error::{Failure, Result};

/// Copies bytes that are no secret.
pub(crate) fn public<const N: usize>(what: &str, bytes: &[u8]) -> Result<[u8; N]> {
    let wrong = |_| wrong_length(what, N, bytes.len());
    bytes.try_into().map_err(wrong)
}

/// Copies a secret straight to where it is wiped. The array is the caller's to wipe.
pub(crate) fn secret<const N: usize>(what: &str, array: &Uint8Array) -> Result<Zeroizing<[u8; N]>> {
    let length = array.length() as usize;
    if length != N {
        return Err(wrong_length(what, N, length));
    }
    let mut bytes = Zeroizing::new([0; N]);
    array.copy_to(&mut *bytes);
    Ok(bytes)
}

fn wrong_length(what: &str, want: usize, got: usize) -> Failure {
    Failure::argument(format!("{what} has {want} bytes, not {got}"))
}
