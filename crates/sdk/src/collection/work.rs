//! Which work a run is: only the same is gone on with.

use std::{fs, path::Path};

use sha2::{Digest, Sha256};

use super::{options::CollectionOptions, seal::Sealer};
use crate::SealTo;

/// All that decides what an envelope is: what was begun with other readers is not gone on with.
pub(super) fn digest(
    folder: &Path,
    version: u64,
    options: &CollectionOptions,
    sealer: &Sealer<'_>,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut put = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    put(folder.as_os_str().as_encoded_bytes());
    put(&version.to_be_bytes());
    put(&options.limits.min.to_be_bytes());
    put(&options.limits.max.to_be_bytes());
    put(&[u8::from(options.cids)]);
    let encrypt = sealer.options;
    put(encrypt.cipher.to_string().as_bytes());
    put(&(encrypt.chunk_size.get() as u64).to_be_bytes());
    put(&[u8::from(encrypt.hide_policy)]);
    put(format!("{:?}", encrypt.metadata).as_bytes());
    put(encrypt
        .item
        .map(|item| *item.as_bytes())
        .unwrap_or_default()
        .as_slice());
    for to in sealer.to.iter().chain(&encrypt.also_to) {
        match to {
            SealTo::Network { network, policy } => {
                put(b"network");
                put(network.file().network_id().as_bytes());
                put(policy.digest().as_bytes());
            }
            SealTo::X25519(key) => {
                put(b"x25519");
                put(key.as_bytes());
            }
            SealTo::Shared(key) => {
                put(b"shared");
                put(&key.id());
            }
        }
    }
    hash.finalize().into()
}
