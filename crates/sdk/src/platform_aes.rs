//! AES-256-GCM that the platform has, as an argument: a browser's WebCrypto, which is many times
//! faster than WebAssembly and answers later.
//!
//! Nonces, framing and what a failure means stay this crate's: the platform only does the cipher.

use std::{fmt, sync::Arc};

use futures::future::try_join_all;
use stheno_crypto::Cek;
use stheno_envelope::{
    ChunkOpener, ChunkSealer, Cipher, EnvelopeError, Header, MAX_WHOLE_BYTES,
    cipher::{NONCE_BYTES, TAG_BYTES},
};
use zeroize::Zeroizing;

use crate::{
    Error,
    bounds::{BoxFuture, Shareable},
};

/// A platform's AES-256-GCM.
pub trait PlatformAes: Shareable {
    /// Takes a key; what becomes of it later is the platform's affair.
    ///
    /// # Errors
    /// In words.
    fn import<'a>(&'a self, key: &'a Cek) -> BoxFuture<'a, Result<Arc<dyn PlatformKey>, String>>;
}

/// A key in a platform's hands.
pub trait PlatformKey: Shareable {
    /// Seals `plaintext` into `sealed`, which is 16 bytes longer.
    ///
    /// # Errors
    /// In words.
    fn seal<'a>(
        &'a self,
        nonce: [u8; NONCE_BYTES],
        aad: &'a [u8],
        plaintext: &'a [u8],
        sealed: &'a mut [u8],
    ) -> BoxFuture<'a, Result<(), String>>;

    /// Opens `sealed` into `plaintext`, which is 16 bytes shorter. What was written is without
    /// meaning after an error.
    ///
    /// # Errors
    /// In words, for a forgery too.
    fn open<'a>(
        &'a self,
        nonce: [u8; NONCE_BYTES],
        aad: &'a [u8],
        sealed: &'a [u8],
        plaintext: &'a mut [u8],
    ) -> BoxFuture<'a, Result<(), String>>;
}

/// Seals runs of chunks, by the platform where it has the cipher.
pub(crate) struct RunSealer {
    sealer: ChunkSealer,
    chunk_size: usize,
    platform: Option<Arc<dyn PlatformKey>>,
}

/// Opens runs of chunks, by the platform where it has the cipher.
pub(crate) struct RunOpener {
    opener: ChunkOpener,
    chunk_size: usize,
    cipher: Cipher,
    platform: Option<Arc<dyn PlatformKey>>,
}

/// The platform's key for a body, where it has the cipher. Algorithm 3, the whole file as one chunk, is
/// for small files and stays here.
async fn imported(
    cipher: Cipher,
    cek: &Cek,
    aes: Option<&dyn PlatformAes>,
) -> Result<Option<Arc<dyn PlatformKey>>, Error> {
    match aes {
        Some(aes) if cipher == Cipher::ChunkedAes256Gcm => {
            let key = aes.import(cek).await;
            key.map(Some).map_err(|why| Error::Platform { why })
        }
        _ => Ok(None),
    }
}

impl RunSealer {
    pub(crate) async fn new(
        header: &Header,
        sealer: ChunkSealer,
        cek: &Cek,
        aes: Option<&dyn PlatformAes>,
    ) -> Result<Self, Error> {
        Ok(Self {
            sealer,
            chunk_size: match header.cipher().is_chunked() {
                true => header.chunk_size().get(),
                false => MAX_WHOLE_BYTES,
            },
            platform: imported(header.cipher(), cek, aes).await?,
        })
    }

    /// Seals consecutive chunks, of which `first` is the first; `last`: whether the body ends with
    /// them. All but the last chunk of a body are full; an empty run is one empty chunk.
    pub(crate) async fn seal(
        &self,
        first: u64,
        last: bool,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let count = plaintext.len().div_ceil(self.chunk_size).max(1);
        let mut sealed = vec![0; plaintext.len() + count * TAG_BYTES];
        let mut rest = plaintext;
        let mut spaces = sealed.as_mut_slice();
        let mut places = Vec::with_capacity(count);
        for at in 0..count {
            let (chunk, after) = rest.split_at(self.chunk_size.min(rest.len()));
            let (space, left) = spaces.split_at_mut(chunk.len() + TAG_BYTES);
            (rest, spaces) = (after, left);
            places.push((first + at as u64, last && at + 1 == count, chunk, space));
        }
        match &self.platform {
            None => {
                for (index, last, chunk, space) in places {
                    self.sealer.seal(index, last, chunk, space)?;
                }
            }
            Some(key) => {
                let sealing = places
                    .into_iter()
                    .map(|(index, last, chunk, space)| async move {
                        let nonce = self.sealer.nonce(index, last)?;
                        let sealing = key.seal(nonce, self.sealer.aad(), chunk, space);
                        sealing.await.map_err(|why| Error::Platform { why })
                    });
                try_join_all(sealing).await?;
            }
        }
        Ok(sealed)
    }
}

impl RunOpener {
    pub(crate) fn new(header: &Header, cek: &Cek) -> Result<Self, Error> {
        Ok(Self {
            opener: ChunkOpener::new(header, cek)?,
            chunk_size: header.chunk_size().get(),
            cipher: header.cipher(),
            platform: None,
        })
    }

    /// Lets the platform open what it can.
    pub(crate) async fn import(&mut self, cek: &Cek, aes: &dyn PlatformAes) -> Result<(), Error> {
        self.platform = imported(self.cipher, cek, Some(aes)).await?;
        Ok(())
    }

    /// Opens consecutive chunks, of which `first` is the first; `last`: whether the body ends with
    /// them, which is checked too.
    pub(crate) async fn open(
        &self,
        first: u64,
        last: bool,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        if !self.cipher.is_chunked() {
            return Ok(self.opener.open(first, last, sealed)?);
        }
        let stride = self.chunk_size + TAG_BYTES;
        let count = sealed.len().div_ceil(stride).max(1);
        let cut = |index| EnvelopeError::Truncated { index };
        let size = sealed.len().checked_sub(count * TAG_BYTES);
        let mut plaintext = Zeroizing::new(vec![0; size.ok_or(cut(first))?]);
        let (mut rest, mut space) = (sealed, plaintext.as_mut_slice());
        let mut places = Vec::with_capacity(count);
        for at in 0..count {
            let index = first + at as u64;
            let (chunk, after) = rest.split_at(stride.min(rest.len()));
            let size = chunk.len().checked_sub(TAG_BYTES).ok_or(cut(index))?;
            let (opened, left) = space.split_at_mut_checked(size).ok_or(cut(index))?;
            (rest, space) = (after, left);
            places.push((index, last && at + 1 == count, chunk, opened));
        }
        let Some(key) = &self.platform else {
            for (index, last, sealed, space) in places {
                self.opener.open_into(index, last, sealed, space)?;
            }
            return Ok(plaintext);
        };
        let opening = places
            .into_iter()
            .map(|(index, last, sealed, chunk)| async move {
                let nonce = self.opener.nonce(index, last)?;
                match key.open(nonce, self.opener.aad(), sealed, chunk).await {
                    Ok(()) => Ok(()),
                    // Once more here, for an error that says what is wrong with it.
                    Err(why) => match self.opener.open(index, last, sealed) {
                        Ok(_) => Err(Error::Platform { why }),
                        Err(error) => Err(error.into()),
                    },
                }
            });
        try_join_all(opening).await?;
        Ok(plaintext)
    }
}

impl fmt::Debug for RunOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOpener")
            .field("opener", &self.opener)
            .field("platform", &self.platform.is_some())
            .finish()
    }
}
