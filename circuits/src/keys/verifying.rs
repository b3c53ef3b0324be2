//! What verifiers hold.

use core::fmt;

use ark_bls12_381::{Bls12_381, G2Affine};
use ark_ec::AffineRepr;

use super::file::{Development, HEADER_BYTES, Header, KeyError, KeyHash, Kind, Role, is_long};
use crate::{
    circuit::{Circuit, Statement},
    points::{self, PointError},
};

const G1: usize = 48;
const G2: usize = 96;
/// α, β, γ, δ and the number of points that follow.
const FIXED: usize = G1 + 3 * G2 + 8;

/// What proofs of one circuit are verified with.
///
/// However it came about, it has been checked: its points are what they should be, and β, γ and δ
/// are such that the equation means something.
#[derive(Clone, PartialEq)]
pub struct VerifyingKey {
    header: Header,
    groth16: ark_groth16::VerifyingKey<Bls12_381>,
}

/// A verifying key with what depends on it alone computed: two Miller loops and a pairing.
#[derive(Clone)]
pub struct PreparedVerifyingKey {
    pub(crate) circuit: Circuit,
    pub(crate) groth16: ark_groth16::PreparedVerifyingKey<Bls12_381>,
    kind: Kind,
    hash: KeyHash,
}

impl VerifyingKey {
    /// Takes the file of a key. Everything about it is checked, always.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(file: &[u8], development: Development) -> Result<Self, KeyError> {
        let (header, body) = Header::parse(file, Role::Verifying, development)?;
        let points = header.circuit.statement.input_count() + 1;
        let groth16 = parse(body, points)?;
        Self::check(header, groth16)
    }

    /// How many bytes the file of a statement's key has.
    #[must_use]
    pub const fn file_bytes(statement: Statement) -> usize {
        HEADER_BYTES + FIXED + G1 * (statement.input_count() + 1)
    }

    /// The file of this key.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.header.frame(&points::compressed(&self.groth16))
    }

    /// SHA-256 of the file.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.to_bytes())
    }

    /// What it verifies.
    #[must_use]
    pub const fn circuit(&self) -> Circuit {
        self.header.circuit
    }

    /// Where its trapdoor went.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.header.kind
    }

    /// What verifying takes.
    #[must_use]
    pub fn prepare(&self) -> PreparedVerifyingKey {
        PreparedVerifyingKey {
            circuit: self.circuit(),
            groth16: self.groth16.clone().into(),
            kind: self.kind(),
            hash: self.hash(),
        }
    }

    /// As Ethereum's precompiles take it (EIP-2537): α 128, β, γ, δ 256 bytes each, then 128 for
    /// the constant and for each public input.
    #[must_use]
    pub fn to_eip2537(&self) -> Vec<u8> {
        let key = &self.groth16;
        let mut bytes = points::g1_eip2537(&key.alpha_g1).to_vec();
        for point in [&key.beta_g2, &key.gamma_g2, &key.delta_g2] {
            bytes.extend(points::g2_eip2537(point));
        }
        for point in &key.gamma_abc_g1 {
            bytes.extend(points::g1_eip2537(point));
        }
        bytes
    }

    /// The checks beyond those of single points.
    pub(super) fn check(
        header: Header,
        groth16: ark_groth16::VerifyingKey<Bls12_381>,
    ) -> Result<Self, KeyError> {
        let points = [
            ("gamma", groth16.gamma_g2),
            ("delta", groth16.delta_g2),
            ("beta", groth16.beta_g2),
            ("generator", G2Affine::generator()),
        ];
        for (at, (one, point)) in points.iter().enumerate() {
            for (other, another) in points.iter().skip(at + 1) {
                // A point and its negative have one `x`, and nobody else has it.
                if point.x == another.x {
                    let (one, other) = (*one, *other);
                    return Err(KeyError::ProvesAnything { one, other });
                }
            }
        }
        let header = Header {
            role: Role::Verifying,
            ..header
        };
        Ok(Self { header, groth16 })
    }
}

impl PreparedVerifyingKey {
    /// What it verifies.
    #[must_use]
    pub const fn circuit(&self) -> Circuit {
        self.circuit
    }

    /// Where its trapdoor went.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// SHA-256 of the key's file.
    #[must_use]
    pub const fn hash(&self) -> KeyHash {
        self.hash
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({}, {})", self.circuit(), self.hash())
    }
}

impl fmt::Debug for PreparedVerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedVerifyingKey({}, {})", self.circuit, self.hash)
    }
}

/// arkworks' compressed form, of which every byte is looked at.
fn parse(body: &[u8], points: usize) -> Result<ark_groth16::VerifyingKey<Bls12_381>, KeyError> {
    let wrong_length = || is_long(body, (FIXED + points * G1) as u64);
    let (Some((alpha, rest)), true) = (body.split_first_chunk::<G1>(), body.len() >= FIXED) else {
        return Err(wrong_length().err().unwrap_or(KeyError::Parts));
    };
    let bad = |name| move |error| KeyError::Point { name, error };
    let mut rest = rest;
    let mut g2 = |name| -> Result<G2Affine, KeyError> {
        let (point, after) = rest.split_first_chunk::<G2>().ok_or(KeyError::Parts)?;
        rest = after;
        points::g2(point).map_err(bad(name))
    };
    let (beta, gamma, delta) = (g2("beta")?, g2("gamma")?, g2("delta")?);
    let (count, rest) = rest.split_first_chunk().ok_or(KeyError::Parts)?;
    let count = u64::from_le_bytes(*count);
    if count != points as u64 {
        return Err(KeyError::Inputs {
            want: points as u64 - 1,
            got: count.saturating_sub(1),
        });
    }
    wrong_length()?;
    let inputs: Result<Vec<_>, PointError> = rest.as_chunks().0.iter().map(points::g1).collect();
    Ok(ark_groth16::VerifyingKey {
        alpha_g1: points::g1(alpha).map_err(bad("alpha"))?,
        beta_g2: beta,
        gamma_g2: gamma,
        delta_g2: delta,
        gamma_abc_g1: inputs.map_err(bad("ic"))?,
    })
}
