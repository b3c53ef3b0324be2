//! Randomness from the operating system, the only source that this crate draws from.

use zeroize::Zeroizing;

use crate::Error;

/// `N` fresh bytes, wiped when dropped.
pub(crate) fn fresh<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut()).map_err(|error| Error::Entropy {
        why: error.to_string(),
    })?;
    Ok(bytes)
}
