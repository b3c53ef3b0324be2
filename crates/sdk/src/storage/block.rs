//! Blocks, and the check of a block by its CID.

use std::sync::Arc;

use cid::Cid;
use sha2::{Digest, Sha256};

use super::{StorageError, StorageFault, error::At};
use crate::bounds::{BoxFuture, Shareable};

/// The largest block that is taken: 2 MiB, the most that IPFS implementations exchange.
pub const MAX_BLOCK_BYTES: usize = 2 << 20;

/// Multihash code of sha2-256.
const SHA2_256: u64 = 0x12;
/// Multihash code of bytes that are their own name.
const IDENTITY: u64 = 0x00;

/// Where blocks are to be had by their CID. What comes is verified; whoever walks a DAG takes this.
pub trait Blocks: Shareable {
    /// What errors call it, such as `gateway https://gateway.example`. Without secrets.
    fn name(&self) -> &str;

    /// Fetches a block of at most [`MAX_BLOCK_BYTES`], and verifies it by its CID.
    fn block<'a>(&'a self, cid: &'a Cid) -> BoxFuture<'a, Result<Vec<u8>, StorageError>>;
}

/// A block from the first copy that gives it. At every other the next is tried.
///
/// # Errors
/// One for each that was tried; none if there is no copy.
pub async fn fetch_block(
    copies: &[Arc<dyn Blocks>],
    cid: &Cid,
) -> Result<Vec<u8>, Vec<StorageError>> {
    let mut tried = Vec::new();
    for copy in copies {
        match copy.block(cid).await {
            Ok(block) => return Ok(block),
            Err(error) => tried.push(error),
        }
    }
    Err(tried)
}

/// Compares a block with its CID: sha2-256, or bytes that are their own name.
///
/// # Errors
/// [`StorageFault::OtherBytes`], [`StorageFault::UnknownHash`].
pub fn check_block(cid: &Cid, block: &[u8]) -> Result<(), StorageFault> {
    let named = cid.hash();
    let good = match named.code() {
        SHA2_256 => Sha256::digest(block).as_slice() == named.digest(),
        IDENTITY => block == named.digest(),
        code => return Err(StorageFault::UnknownHash { code }),
    };
    if good {
        return Ok(());
    }
    Err(StorageFault::OtherBytes {
        found: None,
        len: block.len() as u64,
    })
}

impl From<&Cid> for At {
    fn from(cid: &Cid) -> Self {
        Self::Block(cid.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ipfs add --raw-leaves` of "hello world\n".
    const HELLO: &str = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4";

    #[test]
    fn block_fits_its_cid_and_no_other_bytes_do() {
        let cid: Cid = HELLO.parse().unwrap();
        check_block(&cid, b"hello world\n").unwrap();
        for other in [&b""[..], b"hello world", b"hello world\n\n"] {
            let fault = check_block(&cid, other).unwrap_err();
            assert!(matches!(fault, StorageFault::OtherBytes { .. }), "{fault}");
        }
    }

    #[test]
    fn identity_block_is_its_own_name() {
        // CIDv1, raw, identity, "abc".
        let cid = Cid::try_from(&[1, 0x55, 0, 3, b'a', b'b', b'c'][..]).unwrap();
        check_block(&cid, b"abc").unwrap();
        assert!(check_block(&cid, b"abd").is_err());
    }

    #[test]
    fn block_with_another_hash_is_not_taken_on_trust() {
        // The same name with sha1's code.
        let mut bytes = vec![1, 0x55, 0x11, 20];
        bytes.extend([0; 20]);
        let cid = Cid::try_from(bytes.as_slice()).unwrap();
        assert_eq!(
            check_block(&cid, b""),
            Err(StorageFault::UnknownHash { code: 0x11 })
        );
    }
}
