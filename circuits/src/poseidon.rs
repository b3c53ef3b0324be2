//! Poseidon over the scalars of BLS12-381: `t = 3`, `α = 5`, `R_F = 8`, `R_P = 57`.
//!
//! The published instance `poseidonperm_x5_255_3`. Permutation, gadget and the generator of the
//! constants are arkworks'; here is how they are used. The generator runs once in a process, on
//! first use (a few milliseconds); a test holds what it yields to a hash and to the published answer.

use std::sync::OnceLock;

use ark_bls12_381::Fr;
use ark_crypto_primitives::sponge::{
    CryptographicSponge, DuplexSpongeMode, FieldBasedCryptographicSponge,
    constraints::CryptographicSpongeVar,
    poseidon::{
        PoseidonConfig, PoseidonSponge, constraints::PoseidonSpongeVar, find_poseidon_ark_and_mds,
    },
};
use ark_r1cs_std::fields::{FieldVar, fp::FpVar};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use zeroize::Zeroize;

use crate::spec::Domain;

const FULL_ROUNDS: usize = 8;
const PARTIAL_ROUNDS: usize = 57;
const ALPHA: u64 = 5;
const RATE: usize = 2;
const CAPACITY: usize = 1;
const WIDTH: usize = RATE + CAPACITY;

/// What has absorbed its whole rate and permutes before it gives anything.
const ABSORBED: DuplexSpongeMode = DuplexSpongeMode::Absorbing {
    next_absorb_index: RATE,
};

/// Hashes two elements for one purpose.
pub(crate) fn hash(domain: Domain, [x, y]: [Fr; 2]) -> Fr {
    let [_, digest, _] = permute([Fr::from(domain as u8), x, y]);
    digest
}

/// The same in a constraint system.
pub(crate) fn hash_gadget(
    cs: &ConstraintSystemRef<Fr>,
    domain: Domain,
    [x, y]: [FpVar<Fr>; 2],
) -> Result<FpVar<Fr>, SynthesisError> {
    let mut sponge = PoseidonSpongeVar::new(cs.clone(), config());
    sponge.state = vec![FpVar::constant(Fr::from(domain as u8)), x, y];
    sponge.mode = ABSORBED;
    let mut squeezed = sponge.squeeze_field_elements(1)?;
    squeezed.pop().ok_or(SynthesisError::AssignmentMissing)
}

fn permute(mut state: [Fr; WIDTH]) -> [Fr; WIDTH] {
    let mut sponge = PoseidonSponge::new(config());
    sponge.state.copy_from_slice(&state);
    sponge.mode = ABSORBED;
    sponge.squeeze_native_field_elements(0);
    state.copy_from_slice(&sponge.state);
    sponge.state.zeroize();
    state
}

fn config() -> &'static PoseidonConfig<Fr> {
    static CONFIG: OnceLock<PoseidonConfig<Fr>> = OnceLock::new();
    CONFIG.get_or_init(|| {
        let (constants, matrix) =
            find_poseidon_ark_and_mds(255, RATE, FULL_ROUNDS as u64, PARTIAL_ROUNDS as u64, 0);
        PoseidonConfig::new(
            FULL_ROUNDS,
            PARTIAL_ROUNDS,
            ALPHA,
            matrix,
            constants,
            RATE,
            CAPACITY,
        )
    })
}

#[cfg(test)]
mod tests {
    use ark_ff::PrimeField;
    use ark_r1cs_std::{GR1CSVar, alloc::AllocVar};
    use ark_relations::gr1cs::ConstraintSystem;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::field::to_bytes;

    /// `test_vectors.txt` of IAIK's hadeshash, `poseidonperm_x5_255_3`.
    #[test]
    fn permutation_gives_the_published_answer() {
        let answer =
            permute([0u8, 1, 2].map(Fr::from)).map(|element| hex::encode(to_bytes(&element)));
        assert_eq!(
            answer,
            [
                "28ce19420fc246a05553ad1e8c98f5c9d67166be2c18e9e4cb4b4e317dd2a78a",
                "51f3e312c95343a896cfd8945ea82ba956c1118ce9b9859b6ea56637b4b1ddc4",
                "3b2b69139b235626a0bfb56c9527ae66a7bf486ad8c11c14d1da0c69bbe0f79a",
            ]
        );
    }

    /// SHA-256 of all 195 round constants, by rounds, then the matrix by rows; 32 bytes each,
    /// big-endian. That of what hadeshash prints in `poseidonperm_x5_255_3.sage`.
    #[test]
    fn constants_have_the_known_hash() {
        let mut hash = Sha256::new();
        for row in config().ark.iter().chain(&config().mds) {
            row.iter()
                .for_each(|element| hash.update(to_bytes(element)));
        }
        assert_eq!(hex::encode(hash.finalize()), CONSTANTS_HASH);
        assert_eq!((config().ark.len(), config().mds.len()), (65, 3));
    }

    const CONSTANTS_HASH: &str = "0f2b0f1a2bdef1fde256a8d2e60770e3a759b97e05f8cd66e18d149c5db727af";

    fn element() -> impl Strategy<Value = Fr> {
        any::<[u8; 48]>().prop_map(|bytes| Fr::from_be_bytes_mod_order(&bytes))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn gadget_computes_what_the_native_hash_does(x in element(), y in element(), domain in 0usize..5) {
            let domain = Domain::ALL[domain];
            let cs = ConstraintSystem::new_ref();
            let witness = |value| FpVar::new_witness(cs.clone(), || Ok(value)).unwrap();
            let digest = hash_gadget(&cs, domain, [witness(x), witness(y)]).unwrap();
            prop_assert_eq!(digest.value().unwrap(), hash(domain, [x, y]));
            prop_assert!(cs.is_satisfied().unwrap());
        }
    }

    #[test]
    fn domains_and_order_and_every_element_matter() {
        let [x, y] = [3u8, 4].map(Fr::from);
        let mut seen = std::collections::BTreeSet::new();
        for domain in Domain::ALL {
            for pair in [[x, y], [y, x], [x, x], [x, Fr::from(0u8)]] {
                assert!(seen.insert(hash(domain, pair)), "{domain:?}");
            }
        }
    }
}
