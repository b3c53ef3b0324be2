//! What the qualified dealings come to. SPEC.md §9.4.

use std::collections::BTreeSet;

use ark_bls12_381::{Fr, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::One;

use super::{DealtShare, VerifiedDealing};
use crate::{
    DecodeError, KeyShare, NetworkKey, NodeIndex, NodePublicKey, engine, lagrange,
    scalar::SecretScalar,
};

/// Which ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Makes a network's key: the dealings are added.
    First,
    /// Hands a network's key to a new membership: the dealings are interpolated at 0, over exactly
    /// as many old members as the old threshold says.
    Reshare,
}

impl Kind {
    /// `QUAL`: of the dealers whose dealings stand, those that count. `need` is the new threshold
    /// in a first ceremony, where all count, and the old one in a reshare, where exactly the first
    /// `need` by index do, since interpolation needs one agreed set.
    ///
    /// `None` when there are fewer than `need`.
    #[must_use]
    pub fn qualified(self, standing: &BTreeSet<NodeIndex>, need: u16) -> Option<Vec<NodeIndex>> {
        let need = usize::from(need);
        if standing.len() < need {
            return None;
        }
        let count = match self {
            Self::First => standing.len(),
            Self::Reshare => need,
        };
        Some(standing.iter().copied().take(count).collect())
    }

    /// What each dealing is multiplied with.
    fn coefficients(self, dealers: &[NodeIndex]) -> Vec<Fr> {
        match self {
            Self::First => vec![Fr::one(); dealers.len()],
            Self::Reshare => lagrange::at_zero(dealers),
        }
    }
}

/// What a ceremony makes, as everybody can compute it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The committee's key. After a reshare the caller compares it with the one before.
    pub network_key: NetworkKey,
    /// The members' keys; the key of index `i` is at position `i − 1`.
    pub node_keys: Vec<NodePublicKey>,
}

/// Computes the outcome from the dealings of `QUAL` (see [`Kind::qualified`]), silent members'
/// keys included.
///
/// # Errors
/// [`OutcomeError`].
pub fn outcome(
    kind: Kind,
    qualified: &[(NodeIndex, &VerifiedDealing)],
    receivers: u16,
) -> Result<Outcome, OutcomeError> {
    let (_, first) = qualified.first().ok_or(OutcomeError::Empty)?;
    for (dealer, dealing) in qualified {
        let fits = dealing.dealer == *dealer
            && dealing.context == first.context
            && dealing.commitments().len() == first.commitments().len()
            && dealing.receivers() == usize::from(receivers)
            && (kind == Kind::First || dealing.reshares);
        if !fits {
            return Err(OutcomeError::Foreign { dealer: *dealer });
        }
    }
    let dealers: Vec<_> = qualified.iter().map(|(dealer, _)| *dealer).collect();
    check_distinct(&dealers)?;

    // Everything is linear, so the dealings are combined first: A'_k = Σ λ_d·A_{d,k}.
    let engine = engine::active();
    let mut rows: Vec<_> = qualified
        .iter()
        .map(|(_, dealing)| dealing.commitments().iter())
        .collect();
    let columns: Vec<Vec<G2Affine>> = first
        .commitments()
        .iter()
        .map(|_| {
            rows.iter_mut()
                .filter_map(Iterator::next)
                .copied()
                .collect()
        })
        .collect();
    let commitments = match kind {
        Kind::First => engine.g2_sums(&columns),
        Kind::Reshare => interpolated(&columns, &dealers),
    };

    let key = |point: G2Affine| {
        if point.is_zero() {
            Err(OutcomeError::Identity)
        } else {
            Ok(point)
        }
    };
    let network_key = *commitments.first().ok_or(OutcomeError::Empty)?;
    Ok(Outcome {
        network_key: NetworkKey(key(network_key)?),
        node_keys: engine
            .g2_polynomial_values(&commitments, receivers)
            .into_iter()
            .map(|point| key(point).map(NodePublicKey))
            .collect::<Result<_, _>>()?,
    })
}

/// `Σ λ_d·A_d` of each column, which has a point for each dealer.
fn interpolated(columns: &[Vec<G2Affine>], dealers: &[NodeIndex]) -> Vec<G2Affine> {
    let engine = engine::active();
    let lagrange::Signed { weights, scale } = lagrange::signed_at_zero(dealers);
    let scale = scale.map(SecretScalar::from);
    let (by, negative): (Vec<_>, Vec<_>) = weights.into_iter().unzip();
    columns
        .iter()
        .map(|column| {
            let points: Vec<G2Affine> = column
                .iter()
                .zip(&negative)
                .map(|(point, negative)| if *negative { -*point } else { *point })
                .collect();
            let sum = engine.g2_msm(&points, &by);
            match &scale {
                Some(scale) => engine.g2_mul(&sum, scale),
                None => sum,
            }
        })
        .collect()
}

/// Puts the shares that `me` received from the dealers of `QUAL` together to its key share.
///
/// The caller compares [`KeyShare::public_key`] with the outcome's.
///
/// # Errors
/// [`OutcomeError`].
pub fn combine_shares(
    kind: Kind,
    me: NodeIndex,
    shares: &[(NodeIndex, DealtShare)],
) -> Result<KeyShare, OutcomeError> {
    let (_, first) = shares.first().ok_or(OutcomeError::Empty)?;
    for (dealer, share) in shares {
        let fits =
            share.dealer == *dealer && share.receiver == me && share.context == first.context;
        if !fits {
            return Err(OutcomeError::Foreign { dealer: *dealer });
        }
    }
    let dealers: Vec<_> = shares.iter().map(|(dealer, _)| *dealer).collect();
    check_distinct(&dealers)?;

    let zero = SecretScalar::from(0);
    let sum = shares.iter().zip(kind.coefficients(&dealers)).fold(
        zero,
        |sum, ((_, share), coefficient)| {
            share.secret.mul_add(&SecretScalar::from(coefficient), &sum)
        },
    );
    KeyShare::from_scalar(me, sum).map_err(|_: DecodeError| OutcomeError::Identity)
}

fn check_distinct(dealers: &[NodeIndex]) -> Result<(), OutcomeError> {
    let mut seen = BTreeSet::new();
    match dealers.iter().find(|dealer| !seen.insert(**dealer)) {
        Some(&dealer) => Err(OutcomeError::DuplicateDealer { dealer }),
        None => Ok(()),
    }
}

/// Why dealings or shares could not be put together.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OutcomeError {
    /// Nothing was given.
    #[error("there is no qualified dealing")]
    Empty,
    /// One dealer appears twice.
    #[error("dealer {dealer} appears twice")]
    DuplicateDealer {
        /// Who.
        dealer: NodeIndex,
    },
    /// A dealing or share belongs to another ceremony, dealer, receiver, threshold or size, or in
    /// a reshare its constant was not compared with the dealer's key.
    #[error("what dealer {dealer} dealt does not belong to this outcome")]
    Foreign {
        /// Who.
        dealer: NodeIndex,
    },
    /// A key came out as the identity, which happens by chance never.
    #[error("a key came out as the identity")]
    Identity,
}
