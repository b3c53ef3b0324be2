//! What provers hold.

use core::fmt;

use ark_bls12_381::{Bls12_381, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{CurveGroup, VariableBaseMSM, pairing::Pairing};
use ark_ff::Zero;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize, Compress, Validate};
use ark_std::rand::{CryptoRng, RngCore};

use super::{
    file::{Development, Header, KeyError, KeyHash, Kind, Role, is_long},
    verifying::VerifyingKey,
};
use crate::{
    circuit::{Circuit, Shape},
    points,
    relation::Relation,
    weights::weight,
};

const G1: u64 = 96;
const G2: u64 = 192;
/// The number of points that follow.
const COUNT: u64 = 8;

/// What proofs of one circuit are made with: some megabytes, no secret.
pub struct ProvingKey {
    header: Header,
    groth16: ark_groth16::ProvingKey<Bls12_381>,
    verifying: VerifyingKey,
    relation: Relation,
}

impl ProvingKey {
    /// Takes the file whose hash is known, and no other. Its points are then taken as they are,
    /// which is fast.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(
        file: &[u8],
        expected: &KeyHash,
        development: Development,
    ) -> Result<Self, KeyError> {
        let got = KeyHash::of(file);
        if got != *expected {
            let want = *expected;
            // Of a file that is not whole its length says more than its hash.
            return Err(
                match Header::parse(file, Role::Proving, Development::Allowed) {
                    Err(error @ KeyError::Length { .. }) => error,
                    _ => KeyError::Hash { want, got },
                },
            );
        }
        Self::parse(file, development, Validate::No)
    }

    /// Takes a file of which nothing is known. Every point is checked, in some seconds, and that both
    /// lists of `B` are of the same values: as one sum, with weights of `rng`, which whoever made the
    /// file must not foresee.
    ///
    /// That the other lists are what they should be nobody can see in a file: [`trial`](crate::trial)
    /// finds most of what is wrong with them, and a known hash all of it. See this crate's README, "A
    /// proving key from anywhere".
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read_unknown(
        file: &[u8],
        development: Development,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, KeyError> {
        let key = Self::parse(file, development, Validate::Yes)?;
        match has_one_b(&key.groth16, rng) {
            true => Ok(key),
            false => Err(KeyError::Parts),
        }
    }

    fn parse(file: &[u8], development: Development, validate: Validate) -> Result<Self, KeyError> {
        let (header, body) = Header::parse(file, Role::Proving, development)?;
        let relation = Relation::of(header.circuit);
        fits(relation.shape, body)?;
        let groth16 = ark_groth16::ProvingKey::deserialize_with_mode(body, Compress::No, validate)
            .map_err(|_| KeyError::Parts)?;
        let key = Self::check(header, groth16, relation)?;
        // The verifying half is checked in any case: it costs next to nothing.
        let verifying = VerifyingKey::read(&key.verifying.to_bytes(), development)?;
        if verifying != key.verifying {
            return Err(KeyError::Parts);
        }
        Ok(key)
    }

    pub(super) fn check(
        header: Header,
        groth16: ark_groth16::ProvingKey<Bls12_381>,
        relation: Relation,
    ) -> Result<Self, KeyError> {
        let verifying = VerifyingKey::check(header, groth16.vk.clone())?;
        // δ of G1 is what blinds a proof: without it, proofs tell whose they are.
        for (name, point) in [
            ("beta of G1", &groth16.beta_g1),
            ("delta of G1", &groth16.delta_g1),
        ] {
            points::check_g1(point).map_err(|error| KeyError::Point { name, error })?;
        }
        if !is_same(&groth16, groth16.beta_g1, groth16.vk.beta_g2) {
            return Err(KeyError::Parts);
        }
        Ok(Self {
            header,
            groth16,
            verifying,
            relation,
        })
    }

    /// The file of this key.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.groth16.uncompressed_size());
        #[allow(clippy::expect_used, reason = "a vector takes whatever is written")]
        self.groth16
            .serialize_uncompressed(&mut body)
            .expect("a key is written");
        self.header.frame(&body)
    }

    /// SHA-256 of the file.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.to_bytes())
    }

    /// What it proves.
    #[must_use]
    pub const fn circuit(&self) -> Circuit {
        self.header.circuit
    }

    /// Where its trapdoor went.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.header.kind
    }

    /// Its other half.
    #[must_use]
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    pub(crate) const fn groth16(&self) -> &ark_groth16::ProvingKey<Bls12_381> {
        &self.groth16
    }

    pub(crate) const fn relation(&self) -> &Relation {
        &self.relation
    }
}

impl fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProvingKey({})", self.circuit())
    }
}

/// Whether two points are one multiple of the key's δ in both groups: `e(one, δ₂) = e(δ₁, other)`. Keys
/// are measured by their own δ, since those of arkworks have generators of their own, which no key names.
fn is_same(key: &ark_groth16::ProvingKey<Bls12_381>, one: G1Affine, other: G2Affine) -> bool {
    Bls12_381::multi_pairing([one, -key.delta_g1], [key.vk.delta_g2, other]).is_zero()
}

/// Whether the lists of `B` in both groups are of the same values. All points are checked already.
fn has_one_b(
    key: &ark_groth16::ProvingKey<Bls12_381>,
    rng: &mut (impl RngCore + CryptoRng),
) -> bool {
    let weights: Vec<Fr> = key.b_g1_query.iter().map(|_| weight(rng)).collect();
    let one = G1Projective::msm(&key.b_g1_query, &weights);
    let other = G2Projective::msm(&key.b_g2_query, &weights);
    match (one, other) {
        (Ok(one), Ok(other)) => is_same(key, one.into_affine(), other.into_affine()),
        _ => false,
    }
}

/// That a body has as many points as the circuit needs, before any is read: a count is what a
/// reader would allocate for, and another one is where a prover would fail.
fn fits(shape: Shape, body: &[u8]) -> Result<(), KeyError> {
    let (inputs, private) = (shape.instance as u64, shape.witness as u64);
    let all = inputs + private;
    let quotient = shape.domain() as u64 - 1;
    // IC, after α, β, γ, δ; A, after β and δ of G1; B in both groups; H; L.
    let lists = [
        (G1 + 3 * G2, inputs, G1),
        (2 * G1, all, G1),
        (0, all, G1),
        (0, all, G2),
        (0, quotient, G1),
        (0, private, G1),
    ];
    let total = lists
        .iter()
        .map(|(before, count, each)| before + COUNT + count * each)
        .sum();
    is_long(body, total)?;
    let mut rest = body;
    for (before, want, each) in lists {
        let skip = |bytes: &mut &[u8], by: u64| {
            let by = usize::try_from(by).map_err(|_| KeyError::Parts)?;
            *bytes = bytes.get(by..).ok_or(KeyError::Parts)?;
            Ok::<_, KeyError>(())
        };
        skip(&mut rest, before)?;
        let count = rest.first_chunk().ok_or(KeyError::Parts)?;
        if u64::from_le_bytes(*count) != want {
            return Err(KeyError::Parts);
        }
        skip(&mut rest, COUNT + want * each)?;
    }
    Ok(())
}
