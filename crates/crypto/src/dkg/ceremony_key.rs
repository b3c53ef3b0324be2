//! Members' X25519 keys, and the sealing of shares to them: HPKE, RFC 9180. SPEC.md §9.2.

use core::{convert::Infallible, fmt};

use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable,
    aead::ChaCha20Poly1305,
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
    rand_core::{TryCryptoRng, TryRng},
    setup_sender_with_rng, single_shot_open, single_shot_seal_with_rng,
};
use zeroize::Zeroizing;

use crate::{DecodeError, encoding, engine, identity::write_hex};

/// Length of a sealed share: encapsulated key, ciphertext, tag.
pub(super) const SEALED_BYTES: usize = 32 + 32 + 16;

/// A member's X25519 public key, made for one ceremony.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CeremonyKey([u8; 32]);

impl CeremonyKey {
    /// Decodes 32 bytes, little-endian as in RFC 7748.
    ///
    /// # Errors
    /// [`DecodeError::Length`]; [`DecodeError::NonCanonical`] from 2^255 − 19 on;
    /// [`DecodeError::LowOrder`] for a point that would make the shared secret public.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let key = Self(*encoding::sized(bytes)?);
        let mut modulus = [0xff; 32];
        modulus[0] = 0xed;
        modulus[31] = 0x7f;
        if !key.0.iter().rev().lt(modulus.iter().rev()) {
            return Err(DecodeError::NonCanonical);
        }
        // A clamped scalar is a multiple of the cofactor and not of the order, so encapsulation
        // fails, at a shared secret of zero, for exactly the points of low order.
        let point = key.hpke()?;
        let mode = OpModeS::<X25519HkdfSha256>::Base;
        engine::bytes_of("encapsulates", &[&key.0], || {
            let drawn = &mut Drawn(&[1; 32]);
            setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, _>(&mode, &point, &[], drawn)
                .ok()
                .map(|_| Vec::new())
        })
        .ok_or(DecodeError::LowOrder)?;
        Ok(key)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    fn hpke(&self) -> Result<<X25519HkdfSha256 as Kem>::PublicKey, DecodeError> {
        Deserializable::from_bytes(&self.0).map_err(|_| DecodeError::NonCanonical)
    }

    /// Seals a share, `enc ‖ ciphertext ‖ tag`. The ephemeral key is RFC 9180's
    /// `DeriveKeyPair(ephemeral)`.
    pub(super) fn seal(
        &self,
        info: &[u8],
        aad: &[u8],
        share: &[u8; 32],
        ephemeral: Zeroizing<[u8; 32]>,
    ) -> [u8; SEALED_BYTES] {
        let sealed = self.hpke().ok().and_then(|key| {
            let input = [&self.0[..], info, aad, share, &ephemeral[..]];
            engine::bytes_of("seal", &input, || {
                let (enc, ciphertext) =
                    single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                        &OpModeS::Base,
                        &key,
                        info,
                        share,
                        aad,
                        &mut Drawn(&ephemeral),
                    )
                    .ok()?;
                Some([&enc.to_bytes()[..], &ciphertext].concat())
            })
        });
        #[allow(
            clippy::expect_used,
            reason = "HPKE refuses keys of low order, which `from_bytes` does not let through, \
                      and messages above 256 GiB"
        )]
        let sealed = sealed.expect("a checked key seals");
        let mut bytes = [0; SEALED_BYTES];
        bytes.copy_from_slice(&sealed);
        bytes
    }
}

impl fmt::Debug for CeremonyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

/// A member's X25519 secret key, made for one ceremony.
pub struct CeremonySecret {
    secret: <X25519HkdfSha256 as Kem>::PrivateKey,
    public: CeremonyKey,
}

impl CeremonySecret {
    /// Derives the key from 32 fresh random bytes: RFC 9180's `DeriveKeyPair`.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let (secret, public) = X25519HkdfSha256::derive_keypair(seed);
        let mut bytes = [0; 32];
        public.write_exact(&mut bytes);
        Self {
            secret,
            public: CeremonyKey(bytes),
        }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> CeremonyKey {
        self.public
    }

    /// Opens a sealed share.
    pub(super) fn open(
        &self,
        info: &[u8],
        aad: &[u8],
        sealed: &[u8; SEALED_BYTES],
    ) -> Option<Zeroizing<[u8; 32]>> {
        let (enc, ciphertext) = sealed.split_at(32);
        let enc = Deserializable::from_bytes(enc).ok()?;
        // The public half stands for the secret one.
        let input = [&self.public.0[..], info, aad, sealed];
        let opened = engine::bytes_of("open", &input, || {
            single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeR::Base,
                &self.secret,
                &enc,
                info,
                ciphertext,
                aad,
            )
            .ok()
        });
        let opened = Zeroizing::new(opened?);
        Some(Zeroizing::new(opened.as_slice().try_into().ok()?))
    }
}

impl fmt::Debug for CeremonySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CeremonySecret(<redacted>)")
    }
}

/// HPKE draws the 32 bytes of its ephemeral key from a generator; this one gives it ours, once.
struct Drawn<'a>(&'a [u8; 32]);

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        hpke::rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        hpke::rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        assert_eq!(out.len(), 32, "HPKE draws an X25519 key's bytes, once");
        out.copy_from_slice(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn array<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 9180 appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base.
    #[test]
    fn suite_matches_rfc_9180() {
        let secret = CeremonySecret::from_seed(&array(
            "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df",
        ));
        assert_eq!(
            hex::encode(secret.public().to_bytes()),
            "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"
        );
        let ephemeral = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
        let (enc, ciphertext) =
            single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &secret.public().hpke().unwrap(),
                b"Ode on a Grecian Urn",
                b"Beauty is truth, truth beauty",
                b"Count-0",
                &mut Drawn(&array(ephemeral)),
            )
            .unwrap();
        assert_eq!(
            hex::encode(enc.to_bytes()),
            "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
        );
        assert_eq!(
            hex::encode(ciphertext),
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db\
             21993c62ce81883d2dd1b51a28"
        );
    }

    /// The points of order 1, 2, 4 and 8 of the curve and its twist, by their u.
    #[test]
    fn small_order_keys_are_refused() {
        for (u, error) in [
            (
                "0000000000000000000000000000000000000000000000000000000000000000",
                DecodeError::LowOrder,
            ),
            (
                "0100000000000000000000000000000000000000000000000000000000000000",
                DecodeError::LowOrder,
            ),
            (
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                DecodeError::LowOrder,
            ),
            (
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                DecodeError::LowOrder,
            ),
            (
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                DecodeError::LowOrder,
            ),
            (
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                DecodeError::NonCanonical,
            ),
            (
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                DecodeError::NonCanonical,
            ),
            (
                "0900000000000000000000000000000000000000000000000000000000000080",
                DecodeError::NonCanonical,
            ),
        ] {
            assert_eq!(CeremonyKey::from_bytes(&array::<32>(u)), Err(error), "{u}");
        }
        assert_eq!(
            CeremonyKey::from_bytes(&[9; 31]),
            Err(DecodeError::Length { want: 32, got: 31 })
        );
    }

    #[test]
    fn sealed_share_opens_only_as_it_was_sealed() {
        let secret = CeremonySecret::from_seed(&[1; 32]);
        let key = CeremonyKey::from_bytes(&secret.public().to_bytes()).unwrap();
        let seal = || key.seal(b"info", b"aad", &[7; 32], Zeroizing::new([2; 32]));
        let sealed = seal();
        assert_eq!(sealed, seal());
        assert_eq!(*secret.open(b"info", b"aad", &sealed).unwrap(), [7; 32]);

        assert!(secret.open(b"other", b"aad", &sealed).is_none());
        assert!(secret.open(b"info", b"other", &sealed).is_none());
        assert!(
            CeremonySecret::from_seed(&[3; 32])
                .open(b"info", b"aad", &sealed)
                .is_none()
        );
        for bit in 0..8 * SEALED_BYTES {
            // The top bit of the encapsulated key is ignored by X25519, but bound by HPKE.
            let mut changed = sealed;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(secret.open(b"info", b"aad", &changed).is_none(), "{bit}");
        }
    }
}
