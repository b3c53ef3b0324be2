//! What a node would tell the machine of its chain: the same in every run, so that a message takes the same gas.

use alloy_primitives::keccak256;
use cid::Cid;
use cid::multihash::Multihash;
use fvm::externs::{Chain, Consensus, Externs, Rand};
use fvm_ipld_encoding::DAG_CBOR;
use fvm_shared::IDENTITY_HASH;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::ConsensusFault;

/// A chain without blocks: its randomness and its tipsets are made of the epoch alone.
#[derive(Clone, Copy, Debug)]
pub struct ChainOfEpochs;

impl Externs for ChainOfEpochs {}

impl Rand for ChainOfEpochs {
    fn get_chain_randomness(&self, round: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        Ok(keccak256(round.to_be_bytes()).0)
    }

    fn get_beacon_randomness(&self, round: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        Ok(keccak256(round.to_be_bytes()).0)
    }
}

impl Consensus for ChainOfEpochs {
    fn verify_consensus_fault(
        &self,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> anyhow::Result<(Option<ConsensusFault>, i64)> {
        Ok((None, 0))
    }
}

impl Chain for ChainOfEpochs {
    fn get_tipset_cid(&self, epoch: ChainEpoch) -> anyhow::Result<Cid> {
        let digest = Multihash::wrap(IDENTITY_HASH, &epoch.to_be_bytes())?;
        Ok(Cid::new_v1(DAG_CBOR, digest))
    }
}
