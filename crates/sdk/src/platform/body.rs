//! Whole bodies, on their way in and out.

use std::{io, pin::pin};

use futures::{Sink, SinkExt, Stream, StreamExt, TryStreamExt, stream::TryReadyChunksError};
use stheno_crypto::Cek;
use stheno_envelope::{BodyLayout, ChunkOpener, Cipher, EnvelopeError, Header, cipher::TAG_BYTES};

use super::{
    PlatformAes, PlatformBytes, PlatformKey, at_once,
    cut::{Chunk, cut},
};
use crate::{Encryption, Error, Written, streams::check_length};

type Bytes<P> = <<P as PlatformAes>::Key as PlatformKey>::Bytes;

impl Encryption {
    /// [`Encryption::write_stream`] by the platform's AES, for [`Cipher::ChunkedAes256Gcm`] alone.
    /// Gives `output` what is ready, in order.
    ///
    /// # Errors
    /// As [`Encryption::write_stream`], and [`Error::Platform`]; for another cipher, too.
    pub async fn write_with<P: PlatformAes>(
        self,
        input: impl Stream<Item = io::Result<Bytes<P>>> + Unpin,
        mut output: impl Sink<Vec<Bytes<P>>, Error = io::Error> + Unpin,
        platform: &P,
    ) -> Result<Written, Error> {
        let (item, announced) = (self.item, self.plaintext_len);
        let (header, sealer) = self.encryptor.into_chunks();
        let key = imported(platform, &header, &self.cek).await?;
        let size = header.chunk_size().get();
        let start = Bytes::<P>::of(header.as_bytes());
        output.send(vec![start]).await.map_err(write_error)?;
        let mut plaintext_len = 0;
        let mut envelope_len = header.as_bytes().len() as u64;
        let sealed = cut(input, size).map(|chunk| {
            let sealing = chunk.and_then(|Chunk { index, last, bytes }| {
                plaintext_len += bytes.length() as u64;
                check_length(announced, plaintext_len, last)?;
                let nonce = sealer.nonce(index, last)?;
                Ok(key.seal(nonce, sealer.aad(), &bytes))
            });
            async move { sealing?.await.map_err(|why| Error::Platform { why }) }
        });
        let count = |ready: &[Bytes<P>]| {
            envelope_len += ready.iter().map(|part| part.length() as u64).sum::<u64>();
        };
        give(sealed.buffered(at_once(size)), size, &mut output, count).await?;
        Ok(Written {
            item,
            header,
            plaintext_len,
            envelope_len,
        })
    }
}

/// [`decrypt_body`](crate::decrypt_body) by the platform's AES, for [`Cipher::ChunkedAes256Gcm`]
/// alone. Gives `output` what is ready, in order.
///
/// # Errors
/// As [`decrypt_body`](crate::decrypt_body), and [`Error::Platform`]; for another cipher, too.
pub async fn decrypt_body_with<P: PlatformAes>(
    header: &Header,
    cek: &Cek,
    body: impl Stream<Item = io::Result<Bytes<P>>> + Unpin,
    mut output: impl Sink<Vec<Bytes<P>>, Error = io::Error> + Unpin,
    platform: &P,
) -> Result<u64, Error> {
    let opener = ChunkOpener::new(header, cek)?;
    let key = imported(platform, header, cek).await?;
    let size = header.chunk_size().get();
    let mut body_len = 0;
    let mut plaintext_len = 0;
    let opened = cut(body, size + TAG_BYTES).map(|chunk| {
        let opening = chunk.and_then(|chunk| {
            body_len += chunk.bytes.length() as u64;
            if chunk.last {
                // Before the end is given out: no body has just any length.
                plaintext_len = BodyLayout::of_header(header, body_len)?.plaintext_len();
            }
            open(&key, &opener, chunk)
        });
        async { opening?.await }
    });
    give(opened.buffered(at_once(size)), size, &mut output, |_| ()).await?;
    Ok(plaintext_len)
}

/// Has the platform open a chunk; what does not open there is looked at here, for an error that says
/// what is wrong with it.
pub(super) fn open<'a, K: PlatformKey>(
    key: &K,
    opener: &'a ChunkOpener,
    Chunk { index, last, bytes }: Chunk<K::Bytes>,
) -> Result<impl Future<Output = Result<K::Bytes, Error>> + use<'a, K>, Error> {
    if bytes.length() < TAG_BYTES {
        return Err(EnvelopeError::Truncated { index }.into());
    }
    let nonce = opener.nonce(index, last)?;
    let opening = key.open(nonce, opener.aad(), &bytes);
    Ok(async move {
        match opening.await {
            Ok(plaintext) => Ok(plaintext),
            Err(why) => match opener.open(index, last, &bytes.to_vec()) {
                Ok(_) => Err(Error::Platform { why }),
                Err(error) => Err(error.into()),
            },
        }
    })
}

/// Gives the platform a body's key, if the body is of its cipher.
async fn imported<P: PlatformAes>(
    platform: &P,
    header: &Header,
    cek: &Cek,
) -> Result<P::Key, Error> {
    let key = match header.cipher() {
        Cipher::ChunkedAes256Gcm => platform.import(cek).await,
        other => Err(format!("it has AES-256-GCM in chunks alone, not {other}")),
    };
    key.map_err(|why| Error::Platform { why })
}

/// Gives `output` what is ready. What was before a fault is given before it is told.
async fn give<B: PlatformBytes>(
    made: impl Stream<Item = Result<B, Error>>,
    chunk_size: usize,
    output: &mut (impl Sink<Vec<B>, Error = io::Error> + Unpin),
    mut count: impl FnMut(&[B]),
) -> Result<(), Error> {
    let mut made = pin!(made.try_ready_chunks(at_once(chunk_size)));
    loop {
        let (ready, fault) = match made.next().await {
            None => return Ok(()),
            Some(Ok(ready)) => (ready, None),
            Some(Err(TryReadyChunksError(ready, fault))) => (ready, Some(fault)),
        };
        count(&ready);
        output.send(ready).await.map_err(write_error)?;
        if let Some(fault) = fault {
            return Err(fault);
        }
    }
}

fn write_error(error: io::Error) -> Error {
    EnvelopeError::Write(error).into()
}
