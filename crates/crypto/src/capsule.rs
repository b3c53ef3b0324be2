//! The capsule: a content key sealed to an identity.

use core::fmt;

use zeroize::Zeroizing;

use crate::{Identity, NetworkKey};

/// A content-encryption key: the 32 bytes under which one file is encrypted.
pub struct Cek(Zeroizing<[u8; 32]>);

impl Cek {
    /// Takes 32 fresh random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key, for the cipher.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Cek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cek(<redacted>)")
    }
}

/// The public half of a capsule, made before the key is wrapped, so that the header which
/// contains it can be the wrap's associated data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Encapsulation {
    /// `U = ρ·P2`, compressed.
    pub u: [u8; 96],
    /// `V = σ ⊕ HKDF(Z)`.
    pub v: [u8; 32],
}

/// The key-encryption key that belongs to one [`Encapsulation`]; it wraps once.
pub struct Kek(Zeroizing<[u8; 32]>);

impl Kek {
    /// Wraps a content key under `aad`.
    #[must_use]
    pub fn wrap(self, aad: &[u8], cek: &Cek) -> [u8; 48] {
        todo!()
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kek(<redacted>)")
    }
}

/// Encapsulates `sigma`, 32 fresh random bytes, to an identity.
#[must_use]
pub fn encapsulate(to: &NetworkKey, id: &Identity, sigma: &[u8; 32]) -> (Encapsulation, Kek) {
    todo!()
}

/// A content key sealed to an identity: `U ‖ V ‖ wrapped`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capsule {
    /// `U = ρ·P2`, compressed.
    pub u: [u8; 96],
    /// `V = σ ⊕ HKDF(Z)`.
    pub v: [u8; 32],
    /// The wrapped content key with its tag.
    pub wrapped: [u8; 48],
}

impl Capsule {
    /// Seals `cek` to `id` under `aad`; `sigma` is 32 fresh random bytes.
    #[must_use]
    pub fn seal(to: &NetworkKey, id: &Identity, aad: &[u8], cek: &Cek, sigma: &[u8; 32]) -> Self {
        let (Encapsulation { u, v }, kek) = encapsulate(to, id, sigma);
        let wrapped = kek.wrap(aad, cek);
        Self { u, v, wrapped }
    }
}
