//! Who sent a wrong share. SPEC.md §6.
//!
//! Each point's subgroup is checked singly; the pairing equations are checked for many shares at
//! once, with 128-bit weights, and by halves where the sum does not come out.

use std::collections::BTreeMap;

use ark_bls12_381::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use sha2::{Digest, Sha256};

use crate::{NodeIndex, NodePublicKey, ReaderKey, Share, committee::Request, engine, labels};

/// Shares, by what could be found out about each.
#[derive(Default)]
pub(crate) struct Examined<'a> {
    /// Both equations hold.
    pub(crate) proven: Vec<&'a Share>,
    /// What can be checked without the node's public key holds.
    pub(crate) unproven: Vec<&'a Share>,
    /// Who sent something else.
    pub(crate) culprits: Vec<NodeIndex>,
}

/// Examines every share.
pub(crate) fn examine<'a>(
    request: &Request<'a>,
    reader: &ReaderKey,
    node_keys: &BTreeMap<NodeIndex, NodePublicKey>,
) -> Examined<'a> {
    let mut examined = Examined::default();
    let mut candidates = Vec::new();
    for share in request.shares {
        match share.checked_c2() {
            Ok(c2) => candidates.push(Candidate {
                share,
                c2,
                node: node_keys.get(&share.index()).map(|key| key.0),
                weights: [Fr::default(); 2],
            }),
            Err(_) => examined.culprits.push(share.index()),
        }
    }
    weigh(&mut candidates, request, reader);
    let equations = Equations {
        reader: -reader.0,
        identity: -request.id.point(),
    };
    equations.sort_out(&candidates, &mut examined);
    examined
}

struct Candidate<'a> {
    share: &'a Share,
    c2: G2Affine,
    node: Option<G2Affine>,
    weights: [Fr; 2],
}

/// Two 128-bit weights a share, fixed only once every share and key is.
fn weigh(candidates: &mut [Candidate<'_>], request: &Request<'_>, reader: &ReaderKey) {
    let mut transcript = Sha256::new();
    transcript.update(request.id.as_bytes());
    transcript.update(reader.to_bytes());
    for candidate in candidates.iter() {
        transcript.update(candidate.share.index().get().to_be_bytes());
        transcript.update(candidate.share.encode());
    }
    let transcript = transcript.finalize();
    for candidate in candidates {
        let index = candidate.share.index().get().to_be_bytes();
        let hash =
            labels::SHARE_WEIGHTS.sha256(&[request.weights_seed, transcript.as_slice(), &index]);
        candidate.weights = split_weights(&hash);
    }
}

/// A hash as two 128-bit numbers.
pub(crate) fn split_weights(hash: &[u8; 32]) -> [Fr; 2] {
    let (high, low) = hash.split_at(16);
    [high, low].map(|half| {
        Fr::from(
            half.iter()
                .fold(0u128, |number, &byte| number << 8 | u128::from(byte)),
        )
    })
}

/// `e(C1,P2) = e(P1,C2)` and, where `X_i` is known, `e(C3,P2) = e(B,C2)·e(Q,X_i)`.
struct Equations {
    /// `−B`
    reader: G1Affine,
    /// `−Q`
    identity: G1Affine,
}

impl Equations {
    fn sort_out<'a>(&self, candidates: &[Candidate<'a>], examined: &mut Examined<'a>) {
        if self.hold(candidates) {
            for candidate in candidates {
                match candidate.node {
                    Some(_) => examined.proven.push(candidate.share),
                    None => examined.unproven.push(candidate.share),
                }
            }
        } else if let [culprit] = candidates {
            examined.culprits.push(culprit.share.index());
        } else {
            let (left, right) = candidates.split_at(candidates.len() / 2);
            self.sort_out(left, examined);
            self.sort_out(right, examined);
        }
    }

    /// Both equations of every candidate, weighted and summed:
    /// `e(Σ w·C1 + w'·C3, P2) · e(−P1, Σ w·C2) · e(−B, Σ w'·C2) · e(−Q, Σ w'·X) = 1`.
    fn hold(&self, candidates: &[Candidate<'_>]) -> bool {
        let engine = engine::active();
        let known = || candidates.iter().filter_map(|c| Some((c, c.node?)));

        let (mut g1, mut g1_weights) = (Vec::new(), Vec::new());
        for candidate in candidates {
            g1.push(candidate.share.c1);
            g1_weights.push(candidate.weights[0]);
        }
        for (candidate, _) in known() {
            g1.push(candidate.share.c3);
            g1_weights.push(candidate.weights[1]);
        }
        let (c2, c2_weights): (Vec<_>, Vec<_>) =
            candidates.iter().map(|c| (c.c2, c.weights[0])).unzip();
        let (known_c2, known_weights): (Vec<_>, Vec<_>) =
            known().map(|(c, _)| (c.c2, c.weights[1])).unzip();
        let nodes: Vec<_> = known().map(|(_, node)| node).collect();

        engine.pairing_product_is_one(&[
            (engine.g1_msm(&g1, &g1_weights), G2Affine::generator()),
            (-G1Affine::generator(), engine.g2_msm(&c2, &c2_weights)),
            (self.reader, engine.g2_msm(&known_c2, &known_weights)),
            (self.identity, engine.g2_msm(&nodes, &known_weights)),
        ])
    }
}
