//! A proof and its bytes.

use core::fmt;

use ark_bls12_381::Bls12_381;
use serde::{Deserialize, Serialize};

use crate::points::{self, PointError};

/// Bytes of a proof.
pub const PROOF_BYTES: usize = 192;

/// Bytes that are no proof.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProofError {
    /// Too few or too many.
    #[error("a proof has {PROOF_BYTES} bytes, got {0}")]
    Length(usize),
    /// The text is not `0x` and hexadecimal digits.
    #[error("expected 0x and hexadecimal digits")]
    Text,
    /// One of its three points is none.
    #[error("the proof's point {name} is bad: {error}")]
    Point {
        /// `A`, `B` or `C`.
        name: char,
        /// What it is instead.
        error: PointError,
    },
}

/// A proof, of points that are what they should be; whether it is true is the verifier's to say.
///
/// Never tell two proofs apart by their bytes: everybody can make another valid proof out of a
/// valid one. What is unique is the nullifier.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Proof(pub(crate) ark_groth16::Proof<Bls12_381>);

impl Proof {
    /// Takes `A ‖ B ‖ C`, compressed: 48, 96 and 48 bytes.
    ///
    /// # Errors
    /// [`ProofError::Point`].
    pub fn from_bytes(bytes: &[u8; PROOF_BYTES]) -> Result<Self, ProofError> {
        let (a, rest) = bytes.split_first_chunk().ok_or(ProofError::Length(0))?;
        let (b, rest) = rest.split_first_chunk().ok_or(ProofError::Length(0))?;
        let c = rest.first_chunk().ok_or(ProofError::Length(0))?;
        let point = |name| move |error| ProofError::Point { name, error };
        Ok(Self(ark_groth16::Proof {
            a: points::g1(a).map_err(point('A'))?,
            b: points::g2(b).map_err(point('B'))?,
            c: points::g1(c).map_err(point('C'))?,
        }))
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        let mut bytes = [0; PROOF_BYTES];
        let written = [
            points::compressed(&self.0.a),
            points::compressed(&self.0.b),
            points::compressed(&self.0.c),
        ];
        for (out, byte) in bytes.iter_mut().zip(written.concat()) {
            *out = byte;
        }
        bytes
    }

    /// As Ethereum's precompiles take it (EIP-2537): `A` 128, `B` 256, `C` 128 bytes.
    #[must_use]
    pub fn to_eip2537(&self) -> Vec<u8> {
        [
            &points::g1_eip2537(&self.0.a)[..],
            &points::g2_eip2537(&self.0.b),
            &points::g1_eip2537(&self.0.c),
        ]
        .concat()
    }
}

impl TryFrom<&[u8]> for Proof {
    type Error = ProofError;

    fn try_from(bytes: &[u8]) -> Result<Self, ProofError> {
        let bytes = bytes
            .try_into()
            .map_err(|_| ProofError::Length(bytes.len()))?;
        Self::from_bytes(bytes)
    }
}

impl TryFrom<String> for Proof {
    type Error = ProofError;

    fn try_from(text: String) -> Result<Self, ProofError> {
        let digits = text.strip_prefix("0x").ok_or(ProofError::Text)?;
        let bytes = hex::decode(digits).map_err(|_| ProofError::Text)?;
        Self::try_from(&bytes[..])
    }
}

impl From<Proof> for String {
    fn from(proof: Proof) -> Self {
        proof.to_string()
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
