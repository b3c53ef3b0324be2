//! Private conditions: proofs in zero knowledge that contracts check, groups, and uses that are recorded.

mod groups;
mod members;
mod simulated;
mod uses;
mod verifier;

use alloy_primitives::{Address, B256, Bytes, U256, uint};
use alloy_sol_types::SolValue;

use stheno_fevm::chain::Chain;
use stheno_fevm::contracts::groth16_verifier::Groth16VerifierContract;
use stheno_fevm::gas::OF_A_PROOF;
use stheno_fevm::people::Person;

/// The order of the groups: public inputs are below it.
const R: U256 = uint!(0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001_U256);
/// For how long a root that was replaced is valid, in seconds.
const WINDOW: u64 = 3_600;
/// Of how many replaced roots.
const HISTORY: u64 = 3;
/// Where the members are found: looked at by nobody.
const STORE: B256 = B256::repeat_byte(0x57);

/// What a verifier is given.
#[derive(Clone)]
pub(crate) struct Proven {
    pub(crate) inputs: Vec<U256>,
    pub(crate) proof: Bytes,
}

/// A verifier for this key: a row of the table.
fn deploy_verifier(chain: &mut Chain, by: &Person, key: &Bytes) -> Address {
    let inputs = (key.len() - 896) / 128 - 1;
    let what = format!("Groth16Verifier, {inputs} inputs");
    let code = &Groth16VerifierContract::BYTECODE;
    chain.deploy_within(
        OF_A_PROOF,
        &what,
        by,
        code,
        &(key.clone(),).abi_encode_params(),
    )
}

/// A group's terms, as the last argument of a constructor.
fn group_terms() -> (U256, U256, U256, U256) {
    let [depth, window, history] = [20, WINDOW, HISTORY].map(U256::from);
    (members::empty_root(), depth, window, history)
}
