//! Writing: from a file and a policy to an envelope.

use std::io::{Read, Write};

use std::sync::Arc;

use stheno_crypto::{Cek, ItemId, NetworkId, PolicyDigest};
use stheno_envelope::{
    BaseNonce, ChunkSize, Cipher, Encryptor, EnvelopeError, Header, ReadAt, Recipient, Value,
    WriteAt,
};

use crate::{
    Error,
    entropy::fresh,
    seal_to::{SealTo, item_or_fresh},
};

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
    /// Who else will be able to open the file.
    pub also_to: Vec<SealTo>,
    /// A map of the application's, stored in the clear and unauthenticated.
    pub metadata: Option<Value>,
    /// The content-encryption key, instead of a fresh one. One key, one file.
    pub cek: Option<Arc<Cek>>,
}

impl EncryptOptions {
    /// Lets somebody else open the file as well.
    #[must_use]
    pub fn also_to(mut self, to: SealTo) -> Self {
        self.also_to.push(to);
        self
    }

    /// Puts a map of the application's into the header, in the clear and unauthenticated.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Encrypts under a key that comes from elsewhere. It must not be used for another file.
    #[must_use]
    pub fn cek(mut self, cek: Cek) -> Self {
        self.cek = Some(Arc::new(cek));
        self
    }

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

/// An envelope that was written by [`encrypt_to`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Written {
    /// The item that the file was sealed to, where a committee is among the recipients.
    pub item: Option<ItemId>,
    /// The header as it was written.
    pub header: Header,
    /// Bytes that were read.
    pub plaintext_len: u64,
    /// Bytes that were written.
    pub envelope_len: u64,
}

/// Encrypts to any recipients, and to those of [`EncryptOptions::also_to`]. Asks nobody.
///
/// # Errors
/// As [`Encryption::prepare`] and [`Encryption::write`].
pub fn encrypt_to(
    recipients: &[SealTo],
    input: impl Read + Send,
    output: impl Write + Send,
    options: EncryptOptions,
) -> Result<Written, Error> {
    Encryption::prepare(recipients, options)?.write(input, output)
}

/// An envelope whose header is laid down, and whose body is not written yet.
#[derive(Debug)]
pub struct Encryption {
    pub(crate) encryptor: Encryptor,
    pub(crate) item: Option<ItemId>,
    pub(crate) cek: Cek,
    /// The announced length.
    pub(crate) plaintext_len: Option<u64>,
}

impl Encryption {
    /// Seals a key to all recipients, those of [`EncryptOptions::also_to`] included.
    ///
    /// With no recipients at all [`EncryptOptions::cek`] must be given, and is the only way to open
    /// the file, for ever: such an envelope takes no recipients later either.
    ///
    /// # Errors
    /// [`Error::NoRecipient`] with neither recipient nor key; [`Error::ItemNeeded`] without an item
    /// under a policy that asks the network's registry about it; [`Error::Envelope`] when the options
    /// make no envelope.
    pub fn prepare(recipients: &[SealTo], options: EncryptOptions) -> Result<Self, Error> {
        let everybody = || recipients.iter().chain(&options.also_to);
        let fresh_cek;
        let cek: &Cek = match &options.cek {
            Some(cek) => cek,
            None if everybody().next().is_none() => return Err(Error::NoRecipient),
            None => {
                fresh_cek = Cek::from_bytes(*fresh()?);
                &fresh_cek
            }
        };
        let item = item_or_fresh(options.item, everybody())?;
        let sealed: Result<Vec<Recipient>, Error> = everybody()
            .map(|to| to.seal(cek, &item, options.hide_policy))
            .collect();
        let has_network = everybody().any(SealTo::is_network);
        let encryptor = Encryptor::new(
            stheno_envelope::EncryptOptions {
                cipher: options.cipher,
                chunk_size: options.chunk_size,
                plaintext_len: options.plaintext_len,
                metadata: options.metadata,
                ..Default::default()
            },
            sealed?,
            cek,
            BaseNonce::from_bytes(*fresh()?),
        )?;
        Ok(Self {
            encryptor,
            item: has_network.then_some(item),
            cek: Cek::from_bytes(*cek.expose_secret()),
            plaintext_len: options.plaintext_len,
        })
    }

    /// The header that will be written.
    pub fn header(&self) -> &Header {
        self.encryptor.header()
    }

    /// The item that the file is sealed to, where a committee is among the recipients.
    pub fn item(&self) -> Option<&ItemId> {
        self.item.as_ref()
    }

    /// Bytes that the envelope will have, where the input's length was announced.
    pub fn envelope_len(&self) -> Option<u64> {
        self.encryptor.envelope_len()
    }

    /// Encrypts `input` to its end. Blocks the thread while it streams.
    ///
    /// # Errors
    /// [`Error::Envelope`] when reading or writing fails, or the input has another length than was
    /// announced. What was written is then incomplete.
    pub fn write(
        self,
        input: impl Read + Send,
        output: impl Write + Send,
    ) -> Result<Written, Error> {
        self.written(|encryptor| encryptor.encrypt(input, output))
    }

    /// [`Encryption::write`] from a source that can be read anywhere, such as a file: faster, since
    /// cores read at once.
    ///
    /// # Errors
    /// As [`Encryption::write`].
    pub fn write_at(
        self,
        input: &impl ReadAt,
        output: impl Write + Send,
    ) -> Result<Written, Error> {
        self.written(|encryptor| encryptor.encrypt_at(input, output))
    }

    /// [`Encryption::write_at`] into a sink that takes bytes anywhere, such as a file: faster
    /// still, since cores write at once.
    ///
    /// # Errors
    /// As [`Encryption::write`]. What was written then may have gaps.
    pub fn write_file(self, input: &impl ReadAt, output: &impl WriteAt) -> Result<Written, Error> {
        self.written(|encryptor| encryptor.encrypt_to_file(input, output))
    }

    fn written(
        self,
        write: impl FnOnce(Encryptor) -> Result<stheno_envelope::Encrypted, EnvelopeError>,
    ) -> Result<Written, Error> {
        let header = self.encryptor.header().clone();
        let written = write(self.encryptor)?;
        Ok(Written {
            item: self.item,
            header,
            plaintext_len: written.plaintext_len,
            envelope_len: written.total_len(),
        })
    }
}
