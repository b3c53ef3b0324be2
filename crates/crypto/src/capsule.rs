//! The capsule: a content key sealed to an identity. SPEC.md §4.
//!
//! Boneh–Franklin with the Fujisaki–Okamoto transform: whoever opens recomputes `U`, so a capsule
//! that was changed, or a wrong key, is noticed before anything comes out.

use core::fmt;

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::{
    DecodeError, Identity, NetworkKey, SealSecret, encoding, engine, labels, scalar::SecretScalar,
};

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

/// The first half of a capsule: it comes before the wrap, because the header that contains it is
/// the wrap's associated data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Encapsulation {
    /// `U = ρ·P2`, compressed.
    pub u: [u8; 96],
    /// `V = σ ⊕ HKDF(Z)`.
    pub v: [u8; 32],
}

/// Encapsulates `sigma`, 32 fresh random bytes, to an identity.
///
/// The caller has checked that `id` names this very key (see [`NetworkKey::fingerprint`]).
#[must_use]
pub fn encapsulate(to: &NetworkKey, id: &Identity, sigma: &[u8; 32]) -> (Encapsulation, Kek) {
    let engine = engine::active();
    let rho = capsule_scalar(sigma, id);
    let u = encoding::g2_to_compressed(&engine.g2_mul(&G2Affine::generator(), &rho));
    let point = Zeroizing::new(engine.g1_mul(&id.point(), &rho));
    let v = masked(sigma, &point, &to.0, id, &u);
    let kek = Kek::derive(sigma, id, &u, &v);
    (Encapsulation { u, v: *v }, kek)
}

impl Encapsulation {
    /// Decodes `U` as EIP-2537 writes it, as contracts hold it, beside `V`.
    ///
    /// # Errors
    /// [`DecodeError`] on anything but 256 bytes of a canonical point of the subgroup, not the identity.
    pub fn from_eip2537(u: &[u8], v: [u8; 32]) -> Result<Self, DecodeError> {
        let u = encoding::g2_from_eip2537(u)?;
        let u = encoding::g2_to_compressed(&u);
        Ok(Self { u, v })
    }

    /// The 256 bytes of `U` as EIP-2537 writes them, for contracts; `V` is taken as it is.
    ///
    /// # Errors
    /// [`DecodeError`] when `u` is no point; [`encapsulate`] makes none such.
    pub fn u_to_eip2537(&self) -> Result<[u8; 256], DecodeError> {
        encoding::g2_from_compressed(&self.u).map(|u| encoding::g2_to_eip2537(&u))
    }

    /// `σ`, which the identity's key takes the mask from, if `U = ρ·P2` says that it is.
    ///
    /// Bytes of `U` that are no point are replaced by one, as when a capsule is opened.
    pub(crate) fn secret(&self, id: &Identity, key: &G1Affine) -> Option<SealSecret> {
        let (sigma, same) = unmasked(&self.u, &self.v, id, key);
        bool::from(same).then(|| SealSecret::new(sigma))
    }
}

/// The key-encryption key that belongs to one [`Encapsulation`]; it wraps once.
pub struct Kek(Zeroizing<[u8; 32]>);

impl Kek {
    fn derive(sigma: &[u8; 32], id: &Identity, u: &[u8; 96], v: &[u8; 32]) -> Self {
        Self(labels::SEAL_KEK.hkdf(sigma, &[id.as_bytes(), u, v]))
    }

    /// Wraps a content key under `aad`: ChaCha20-Poly1305 with nonce 0, for the key is used once.
    #[must_use]
    pub fn wrap(self, aad: &[u8], cek: &Cek) -> [u8; 48] {
        let sealed = self.cipher().encrypt(
            &[0; 12].into(),
            Payload {
                msg: cek.expose_secret(),
                aad,
            },
        );
        #[allow(
            clippy::expect_used,
            reason = "the cipher fails above 256 GiB; these are 32 bytes and a 16-byte tag"
        )]
        sealed
            .ok()
            .and_then(|sealed| sealed.try_into().ok())
            .expect("32 bytes seal to 48")
    }

    fn unwrap(&self, aad: &[u8], wrapped: &[u8; 48]) -> Option<Cek> {
        let payload = Payload { msg: wrapped, aad };
        let opened = Zeroizing::new(self.cipher().decrypt(&[0; 12].into(), payload).ok()?);
        let bytes = opened.as_slice().try_into().ok()?;
        Some(Cek::from_bytes(bytes))
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new((&*self.0).into())
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kek(<redacted>)")
    }
}

/// A content key sealed to an identity: `U ‖ V ‖ wrapped`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capsule {
    /// `U = ρ·P2`, compressed.
    pub u: [u8; 96],
    /// `V = σ ⊕ HKDF(Z)`.
    pub v: [u8; 32],
    /// The content key under the key-encryption key, with its tag.
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

    /// Opens with the identity's key `K = s·Q`.
    ///
    /// Does the same work whatever is wrong. Bytes of `U` that are no point, as anybody can see,
    /// are replaced by one, and fail at the comparison with `ρ·P2` like every other change.
    pub(crate) fn open(&self, id: &Identity, aad: &[u8], key: &G1Affine) -> Option<Cek> {
        let (sigma, same) = unmasked(&self.u, &self.v, id, key);
        let opened = Kek::derive(&sigma, id, &self.u, &self.v).unwrap(aad, &self.wrapped);
        opened.filter(|_| same.into())
    }
}

/// What `V` hides from all but the key, and whether it is the `σ` that `U` was made from.
fn unmasked(
    u: &[u8; 96],
    v: &[u8; 32],
    id: &Identity,
    key: &G1Affine,
) -> (Zeroizing<[u8; 32]>, Choice) {
    let point = encoding::g2_from_compressed(u).unwrap_or_else(|_| G2Affine::generator());
    let sigma = masked(v, key, &point, id, u);
    let rho = capsule_scalar(&sigma, id);
    let expected = engine::active().g2_mul(&G2Affine::generator(), &rho);
    let same = encoding::g2_to_compressed(&expected).ct_eq(u);
    (sigma, same)
}

/// `ρ = hash_to_field(σ ‖ id)`.
fn capsule_scalar(sigma: &[u8; 32], id: &Identity) -> SecretScalar {
    SecretScalar::derive(labels::SEAL_SCALAR, &[sigma, id.as_bytes()])
}

/// `bytes ⊕ HKDF(e(p, q))`: makes `V` from `σ`, and `σ` from `V`.
fn masked(
    bytes: &[u8; 32],
    p: &G1Affine,
    q: &G2Affine,
    id: &Identity,
    u: &[u8; 96],
) -> Zeroizing<[u8; 32]> {
    let z = engine::active().pairing(p, q);
    let mut mask = labels::SEAL_MASK.hkdf(&z[..], &[id.as_bytes(), u]);
    for (mask, byte) in mask.iter_mut().zip(bytes) {
        *mask ^= byte;
    }
    mask
}
