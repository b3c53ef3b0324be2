//! The committee's keys: the network key, the nodes' public keys and their secret shares.

use core::{fmt, num::NonZeroU16};

use zeroize::Zeroizing;

use crate::{DecodeError, Identity, KeyFingerprint, ReaderKey, Share};

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

macro_rules! public_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct $name(pub(crate) ark_bls12_381::G2Affine);

        impl $name {
            /// Decodes 96 compressed bytes.
            ///
            /// # Errors
            /// [`DecodeError`] on anything but the canonical encoding of a point of the
            /// prime-order subgroup other than the identity.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
                todo!()
            }

            /// The 96 compressed bytes.
            #[must_use]
            pub fn to_bytes(&self) -> [u8; 96] {
                todo!()
            }

            /// Decodes the 256 bytes of EIP-2537.
            ///
            /// # Errors
            /// As [`Self::from_bytes`].
            pub fn from_eip2537(bytes: &[u8]) -> Result<Self, DecodeError> {
                todo!()
            }

            /// The 256 bytes of EIP-2537.
            #[must_use]
            pub fn to_eip2537(&self) -> [u8; 256] {
                todo!()
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
    /// SHA-256 of the compressed key.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        todo!()
    }
}

impl NodePublicKey {
    /// Checks that whoever made `proof` over `message` knows the secret of this key.
    #[must_use]
    pub fn verify_proof(&self, message: &[u8; 32], proof: &PossessionProof) -> bool {
        todo!()
    }
}

/// A Schnorr proof of knowledge of a node's key share, over a 32-byte message: `R ‖ z`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PossessionProof([u8; 128]);

impl PossessionProof {
    /// Takes the 128 bytes; they are judged by [`NodePublicKey::verify_proof`].
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 128]) -> Self {
        Self(bytes)
    }

    /// The 128 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 128] {
        &self.0
    }
}

/// A node's secret: its index `i` and its share `s_i` of the network's key.
pub struct KeyShare {
    index: NodeIndex,
    secret: Zeroizing<[u8; 32]>,
}

impl KeyShare {
    /// Restores a share from the vault.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are zero or not below the group order.
    pub fn from_secret_bytes(index: NodeIndex, bytes: &[u8; 32]) -> Result<Self, DecodeError> {
        todo!()
    }

    /// The secret scalar, 32 bytes big-endian: for the vault only.
    #[must_use]
    pub fn expose_secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.secret.clone()
    }

    /// This node's index.
    #[must_use]
    pub fn index(&self) -> NodeIndex {
        self.index
    }

    /// `X_i = s_i·P2`.
    #[must_use]
    pub fn public_key(&self) -> NodePublicKey {
        todo!()
    }

    /// Makes this node's re-encryption share of one identity's key for one reader.
    #[must_use]
    pub fn share(
        &self,
        epoch: u64,
        id: &Identity,
        reader: &ReaderKey,
        seed: &[u8; 32],
        entropy: &[u8; 32],
    ) -> Share {
        todo!()
    }

    /// Proves possession of this share over `message`.
    #[must_use]
    pub fn prove(&self, message: &[u8; 32], entropy: &[u8; 32]) -> PossessionProof {
        todo!()
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
