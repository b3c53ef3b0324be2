//! Writing: from a file and a policy to an envelope.

use std::io::{Read, Write};

use stheno_crypto::{Cek, ItemId, NetworkId, NetworkKey, PolicyDigest};
use stheno_envelope::{
    BaseNonce, ChunkSize, Cipher, Encryptor, Locator, PolicyField, Recipient, ThresholdRecipient,
};
use stheno_protocol::Policy;

use crate::{Error, entropy::fresh};

/// How to encrypt. The default is what most files want.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EncryptOptions {
    /// How the body is encrypted.
    pub cipher: Cipher,
    /// Bytes of plaintext a chunk.
    pub chunk_size: ChunkSize,
    /// The item to encrypt to, instead of a fresh one.
    ///
    /// Whoever may read one file of an item can read every file of that item, for ever.
    pub item: Option<ItemId>,
    /// Puts only the policy's digest into the envelope; readers must then bring the policy.
    pub hide_policy: bool,
    /// The input's length, where it is known: the header then says how many chunks follow, and an
    /// input of another length is an error.
    pub plaintext_len: Option<u64>,
}

impl EncryptOptions {
    /// Encrypts the body in another way than with chunked AES-256-GCM.
    #[must_use]
    pub fn cipher(mut self, cipher: Cipher) -> Self {
        self.cipher = cipher;
        self
    }

    /// Encrypts to a given item. See [`EncryptOptions::item`] for what that means.
    #[must_use]
    pub fn item(mut self, item: ItemId) -> Self {
        self.item = Some(item);
        self
    }

    /// Keeps the policy out of the envelope.
    #[must_use]
    pub fn hide_policy(mut self) -> Self {
        self.hide_policy = true;
        self
    }

    /// Sets the bytes of plaintext a chunk.
    #[must_use]
    pub fn chunk_size(mut self, chunk_size: ChunkSize) -> Self {
        self.chunk_size = chunk_size;
        self
    }

    /// Announces the input's length.
    #[must_use]
    pub fn plaintext_len(mut self, bytes: u64) -> Self {
        self.plaintext_len = Some(bytes);
        self
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Encrypted {
    /// The item that the file was encrypted to.
    pub item: ItemId,
    /// The network whose nodes give out its key.
    pub network: NetworkId,
    /// The policy that they will evaluate.
    pub policy: PolicyDigest,
    /// Bytes that were read.
    pub plaintext_len: u64,
    /// Bytes that were written.
    pub envelope_len: u64,
}

/// Encrypts under a fresh key, and seals the key to whoever the policy lets read.
///
/// `network_key` must be pinned; [`Client`](crate::Client) sees to that.
pub(crate) fn encrypt(
    locator: &Locator,
    network_key: &NetworkKey,
    policy: &Policy,
    input: impl Read + Send,
    output: impl Write + Send,
    options: EncryptOptions,
) -> Result<Encrypted, Error> {
    let item = match options.item {
        Some(item) => item,
        None => ItemId::from_bytes(*fresh()?),
    };
    let cek = Cek::from_bytes(*fresh()?);
    let field = match options.hide_policy {
        false => PolicyField::Bytes(policy.to_cbor()),
        true => PolicyField::Digest(policy.digest()),
    };
    let recipient = ThresholdRecipient::seal(network_key, locator, field, item, &cek, &*fresh()?);
    let encryptor = Encryptor::new(
        stheno_envelope::EncryptOptions {
            cipher: options.cipher,
            chunk_size: options.chunk_size,
            plaintext_len: options.plaintext_len,
            ..Default::default()
        },
        vec![Recipient::Threshold(Box::new(recipient))],
        &cek,
        BaseNonce::from_bytes(*fresh()?),
    )?;
    let written = encryptor.encrypt(input, output)?;
    Ok(Encrypted {
        item,
        network: locator.network(),
        policy: policy.digest(),
        plaintext_len: written.plaintext_len,
        envelope_len: written.total_len(),
    })
}
