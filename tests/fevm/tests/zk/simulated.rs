//! A key whose secrets are known, and so proofs of whatever inputs: for circuits wider than ours.
//!
//! To a verifier such a proof is as good as any. Points are multiples of the generators, by the chain's own precompiles.

use alloy_primitives::{Address, Bytes, U256};

use stheno_fevm::chain::{BLOCK_GAS, Chain};
use stheno_fevm::contracts::double;
use stheno_fevm::contracts::doubles::FilecoinProbe::askCall;
use stheno_fevm::people::{Person, precompile};
use stheno_fevm::vectors::{self, bytes};

use super::{Proven, R};

const ALPHA: u64 = 3;
const BETA: u64 = 5;
const GAMMA: u64 = 7;
const DELTA: u64 = 11;
/// What a proof's randomness would be.
const A: u64 = 17;
const B: u64 = 19;

/// A key for so many inputs, and a proof of some.
pub(crate) fn key_and_proof(chain: &mut Chain, by: &Person, count: u64) -> (Bytes, Proven) {
    let inputs: Vec<U256> = (0..count).map(|n| R - U256::from(n * n + 1)).collect();
    let mut points = Points::new(chain, by);
    let mut key = points.g1(U256::from(ALPHA)).to_vec();
    for factor in [BETA, GAMMA, DELTA] {
        key.extend(points.g2(U256::from(factor)));
    }
    for place in 0..=count {
        key.extend(points.g1(ic(place)));
    }
    let a = points.g1(U256::from(A));
    let b = points.g2(U256::from(B));
    let c = points.g1(c_of(&inputs));
    let proof = [&a[..], &b, &c].concat().into();
    (key.into(), Proven { inputs, proof })
}

/// `(A·B − α·β − γ·(IC₀ + Σ xᵢ·ICᵢ)) / δ`.
fn c_of(inputs: &[U256]) -> U256 {
    let terms = (1..).zip(inputs);
    let statement = terms.fold(ic(0), |sum, (place, input)| {
        sum.add_mod(input.mul_mod(ic(place), R), R)
    });
    let taken = U256::from(ALPHA * BETA).add_mod(statement.mul_mod(U256::from(GAMMA), R), R);
    let rest = U256::from(A * B).add_mod(R - taken, R);
    let inverse = U256::from(DELTA).inv_mod(R).expect("a prime order");
    rest.mul_mod(inverse, R)
}

fn ic(place: u64) -> U256 {
    U256::from(13 + place * place)
}

struct Points<'a> {
    chain: &'a mut Chain,
    by: &'a Person,
    probe: Address,
    generators: [Bytes; 2],
}

impl<'a> Points<'a> {
    fn new(chain: &'a mut Chain, by: &'a Person) -> Self {
        let probe = chain.deploy_double(by, &double("FilecoinProbe", "FilecoinProbe"));
        let onchain = vectors::read("tests/vectors/crypto-onchain.json");
        let keys = onchain["openedKeys"].as_array().expect("a list");
        let mut keys = keys.iter().filter(|case| case["name"] == "the generator");
        let g1 = bytes(&keys.next().expect("its case")["key"]);
        let g2 = bytes(&vectors::read("contracts/test/vectors/g2.json")["points"][0]);
        Self {
            chain,
            by,
            probe,
            generators: [g1, g2],
        }
    }

    fn g1(&mut self, factor: U256) -> Bytes {
        self.times(0, 0x0c, factor)
    }

    fn g2(&mut self, factor: U256) -> Bytes {
        self.times(1, 0x0e, factor)
    }

    fn times(&mut self, generator: usize, sum: u8, factor: U256) -> Bytes {
        let question = [&self.generators[generator][..], &factor.to_be_bytes::<32>()].concat();
        let ask = askCall {
            target: precompile(sum),
            gasLimit: U256::from(BLOCK_GAS),
            question: question.into(),
        };
        let asked = self.chain.look(self.by, self.probe, &ask);
        assert!(asked.done && !asked.answer.is_empty());
        asked.answer
    }
}
