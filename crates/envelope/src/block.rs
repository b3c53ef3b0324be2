//! Blocks: bytes, and the CID that they must hash to.

use cid::{Cid, multihash::Multihash};
use sha2::{Digest, Sha256};

/// Multicodec of bytes without structure.
pub(crate) const RAW: u64 = 0x55;
/// Multicodec of dag-pb, in which UnixFS keeps its nodes.
pub(crate) const DAG_PB: u64 = 0x70;
/// Multihash of SHA-256, the one that is read and written.
const SHA2_256: u64 = 0x12;

/// The largest block that is read: 2 MiB, which is what IPFS nodes pass on.
pub const MAX_BLOCK_BYTES: usize = 2 << 20;
/// Bytes of a CID of version 1 over SHA-256, with a codec below 128.
pub(crate) const CID_BYTES: u64 = 36;

/// Why bytes are not the block that was asked for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BlockError {
    /// The bytes are others than the CID names.
    #[error("the block is not {cid}: its bytes have another hash")]
    Other {
        /// What was asked for.
        cid: Cid,
    },
    /// The CID names its block by a hash that is not read.
    #[error("block {cid} is named by hash function {code:#x}; only SHA-256 is read")]
    UnknownHash {
        /// What was asked for.
        cid: Cid,
        /// The multihash code.
        code: u64,
    },
    /// The block is larger than is read.
    #[error("block {cid} has {len} bytes, more than {limit}")]
    TooLarge {
        /// What was asked for.
        cid: Cid,
        /// Bytes that it has.
        len: u64,
        /// The limit.
        limit: u64,
    },
}

/// Checks that bytes are the block that a CID names.
///
/// # Errors
/// [`BlockError`].
pub fn check_block(cid: &Cid, bytes: &[u8]) -> Result<(), BlockError> {
    readable(cid)?;
    if bytes.len() > MAX_BLOCK_BYTES {
        return Err(BlockError::TooLarge {
            cid: *cid,
            len: bytes.len() as u64,
            limit: MAX_BLOCK_BYTES as u64,
        });
    }
    if cid.hash().digest() != Sha256::digest(bytes).as_slice() {
        return Err(BlockError::Other { cid: *cid });
    }
    Ok(())
}

/// Refuses a CID whose block could not be checked.
pub(crate) fn readable(cid: &Cid) -> Result<(), BlockError> {
    let hash = cid.hash();
    if hash.code() != SHA2_256 || usize::from(hash.size()) != 32 {
        return Err(BlockError::UnknownHash {
            cid: *cid,
            code: hash.code(),
        });
    }
    Ok(())
}

/// The CID of a block: version 1, SHA-256.
#[allow(clippy::expect_used, reason = "32 bytes fit into 64")]
pub(crate) fn name(codec: u64, bytes: &[u8]) -> Cid {
    let hash = Multihash::wrap(SHA2_256, &Sha256::digest(bytes)).expect("32 bytes fit into 64");
    Cid::new_v1(codec, hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_is_checked_against_its_name() {
        let cid = name(RAW, b"gorgon");
        assert_eq!(cid.encoded_len() as u64, CID_BYTES);
        assert_eq!(check_block(&cid, b"gorgon"), Ok(()));
        assert_eq!(
            check_block(&cid, b"gorgons"),
            Err(BlockError::Other { cid })
        );
    }

    #[test]
    fn block_is_refused_under_another_hash_function_and_above_the_limit() {
        // An identity hash, which names bytes by themselves, and a short SHA-256.
        for (code, digest) in [(0, &b"gorgon"[..]), (SHA2_256, &[0; 20])] {
            let cid = Cid::new_v1(RAW, Multihash::wrap(code, digest).unwrap());
            let refused = check_block(&cid, b"gorgon");
            assert_eq!(refused, Err(BlockError::UnknownHash { cid, code }));
        }
        let large = vec![0; MAX_BLOCK_BYTES + 1];
        let cid = name(RAW, &large);
        assert!(matches!(
            check_block(&cid, &large),
            Err(BlockError::TooLarge { .. })
        ));
    }
}
