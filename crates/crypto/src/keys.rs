//! The committee's keys: the network key, the nodes' public keys and their secret shares.

use core::{fmt, num::NonZeroU16};

use ark_bls12_381::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    DecodeError, Identity, KeyFingerprint, ReaderKey, Share, encoding, engine,
    identity::write_hex,
    labels,
    scalar::{self, SecretScalar},
    schnorr::{self, PROOF_BYTES},
};

/// Which node of a committee: `1..=n`, the point at which the sharing polynomial is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(NonZeroU16);

impl NodeIndex {
    /// Takes an index from 1 on.
    ///
    /// # Errors
    /// [`DecodeError::IndexZero`].
    pub fn new(index: u16) -> Result<Self, DecodeError> {
        NonZeroU16::new(index)
            .map(Self)
            .ok_or(DecodeError::IndexZero)
    }

    /// The index as a number, never 0.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A public key in G2.
macro_rules! public_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(pub(crate) G2Affine);

        impl $name {
            /// Decodes 96 compressed bytes.
            ///
            /// # Errors
            /// [`DecodeError`] on anything but the canonical encoding of a point of the
            /// prime-order subgroup other than the identity.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
                encoding::g2_from_compressed(bytes).map(Self)
            }

            /// The 96 compressed bytes.
            #[must_use]
            pub fn to_bytes(&self) -> [u8; 96] {
                encoding::g2_to_compressed(&self.0)
            }

            /// Decodes the 256 bytes in which contracts hold a key, EIP-2537.
            ///
            /// # Errors
            /// As [`Self::from_bytes`].
            pub fn from_eip2537(bytes: &[u8]) -> Result<Self, DecodeError> {
                encoding::g2_from_eip2537(bytes).map(Self)
            }

            /// The 256 bytes in which contracts hold a key, EIP-2537.
            #[must_use]
            pub fn to_eip2537(&self) -> [u8; 256] {
                encoding::g2_to_eip2537(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.to_bytes())
            }
        }
    };
}

public_key! {
    /// The committee's public key `PK = s·P2`; it survives every reshare.
    NetworkKey
}

public_key! {
    /// One node's public key `X_i = s_i·P2`.
    NodePublicKey
}

impl NetworkKey {
    /// SHA-256 of the compressed key: what a writer pins, and what an identity names.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::from_bytes(Sha256::digest(self.to_bytes()).into())
    }
}

impl NodePublicKey {
    /// Whether whoever made `proof` over `message` knows the key share of this key, SPEC.md §7.
    #[must_use]
    pub fn verify_proof(&self, message: &[u8; 32], proof: &PossessionProof) -> bool {
        schnorr::verify(&self.0, &proof.0, |commitment| {
            possession_challenge(self, message, commitment)
        })
    }
}

/// A Schnorr proof of possession of a key share, over a 32-byte message: `R ‖ z`, SPEC.md §7.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PossessionProof([u8; PROOF_BYTES]);

impl PossessionProof {
    /// Takes the 128 bytes; [`NodePublicKey::verify_proof`] judges them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; PROOF_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 128 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; PROOF_BYTES] {
        &self.0
    }
}

impl fmt::Debug for PossessionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

/// A node's secret: its share `s_i` of the network's key.
pub struct KeyShare {
    index: NodeIndex,
    secret: SecretScalar,
}

impl KeyShare {
    /// Restores a share from the vault.
    ///
    /// # Errors
    /// [`DecodeError::NonCanonical`] from the group order on, [`DecodeError::ZeroScalar`].
    pub fn from_secret_bytes(index: NodeIndex, bytes: &[u8; 32]) -> Result<Self, DecodeError> {
        Self::from_scalar(index, SecretScalar::from_canonical(bytes)?)
    }

    pub(crate) fn from_scalar(index: NodeIndex, secret: SecretScalar) -> Result<Self, DecodeError> {
        if secret.is_zero() {
            return Err(DecodeError::ZeroScalar);
        }
        Ok(Self { index, secret })
    }

    /// The secret scalar, 32 bytes big-endian: for the vault only.
    #[must_use]
    pub fn expose_secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.secret.as_bytes().clone()
    }

    pub(crate) fn scalar(&self) -> &SecretScalar {
        &self.secret
    }

    /// This node's index `i`.
    #[must_use]
    pub fn index(&self) -> NodeIndex {
        self.index
    }

    /// `X_i = s_i·P2`.
    #[must_use]
    pub fn public_key(&self) -> NodePublicKey {
        NodePublicKey(engine::active().g2_mul(&G2Affine::generator(), &self.secret))
    }

    /// Makes this node's part of one identity's key, encrypted to one reader, SPEC.md §5.
    ///
    /// `seed` is a secret that the vault keeps, `entropy` is fresh from the operating system.
    /// The mask is hashed from both and from everything that the share is about, so that it
    /// differs between items and readers even where the system's randomness repeats.
    #[must_use]
    pub fn share(
        &self,
        epoch: u64,
        id: &Identity,
        reader: &ReaderKey,
        seed: &[u8; 32],
        entropy: &[u8; 32],
    ) -> Share {
        let mask = SecretScalar::derive(
            labels::SHARE_MASK,
            &[
                seed,
                &epoch.to_be_bytes(),
                &self.index.get().to_be_bytes(),
                id.as_bytes(),
                &reader.to_bytes(),
                entropy,
            ],
        );
        let engine = engine::active();
        let c1 = engine.g1_mul(&G1Affine::generator(), &mask);
        let c2 = engine.g2_mul(&G2Affine::generator(), &mask);
        let c3 = engine.g1_mul_pair((&reader.0, &mask), (&id.point(), &self.secret));
        Share::new(self.index, c1, c3, encoding::g2_to_compressed(&c2))
    }

    /// Proves possession of this share over `message`; `entropy` is 32 fresh random bytes.
    #[must_use]
    pub fn prove(&self, message: &[u8; 32], entropy: &[u8; 32]) -> PossessionProof {
        let nonce = SecretScalar::derive(
            labels::POSSESSION_NONCE,
            &[&self.secret.as_bytes()[..], entropy, message],
        );
        let public = self.public_key();
        PossessionProof(schnorr::prove(&self.secret, &nonce, |commitment| {
            possession_challenge(&public, message, commitment)
        }))
    }
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyShare")
            .field("index", &self.index)
            .field("secret", &"<redacted>")
            .finish()
    }
}

fn possession_challenge(public: &NodePublicKey, message: &[u8; 32], commitment: &[u8]) -> Fr {
    scalar::hash_to_field(
        labels::POSSESSION_CHALLENGE,
        &[&public.to_bytes(), message, commitment],
    )
}
