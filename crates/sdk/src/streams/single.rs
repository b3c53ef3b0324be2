//! In the caller's task alone, as a browser needs it: a run of chunks at a time.

use futures::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
    future::{join, try_join},
};
use stheno_crypto::Cek;
use stheno_envelope::{BodyLayout, ChunkSize, EnvelopeError, Header, MAX_WHOLE_BYTES};
use zeroize::Zeroizing;

use crate::{
    Encryption, Error, Written,
    platform_aes::{PlatformAes, RunOpener, RunSealer},
};

/// How much is read at once, one chunk at least.
const RUN_BYTES: usize = 1 << 20;
/// Bytes of a chunk's tag.
const TAG: usize = 16;

impl Encryption {
    /// [`Encryption::write`] in the caller's task, with the platform's AES where there is one.
    ///
    /// # Errors
    /// As [`Encryption::write`], and [`Error::Platform`]. Dropped before it is done, it leaves an
    /// incomplete output.
    pub async fn write_stream(
        self,
        mut input: impl AsyncRead + Unpin,
        mut output: impl AsyncWrite + Unpin,
        aes: Option<&dyn PlatformAes>,
    ) -> Result<Written, Error> {
        let (item, announced) = (self.item, self.plaintext_len);
        let (header, sealer) = self.encryptor.into_chunks();
        let sealer = RunSealer::new(&header, sealer, &self.cek, aes).await?;
        let run = match header.cipher().is_chunked() {
            true => whole_chunks(header.chunk_size(), 0),
            false => MAX_WHOLE_BYTES,
        };
        let mut plaintext_len = 0;
        let mut envelope_len = header.as_bytes().len() as u64;
        let mut first = 0;
        let mut ready = header.as_bytes().to_vec();
        let mut current = fill(&mut input, run).await?;
        loop {
            // Whether a run is the last, only the next one tells.
            let write = async { output.write_all(&ready).await.map_err(write_error) };
            let (next, ()) = try_join(fill(&mut input, run), write).await?;
            let last = next.is_empty();
            plaintext_len += current.len() as u64;
            check_length(announced, plaintext_len, last)?;
            if !last && !header.cipher().is_chunked() {
                let limit = MAX_WHOLE_BYTES;
                return Err(EnvelopeError::TooLargeForWhole { limit }.into());
            }
            ready = sealer.seal(first, last, &current).await?;
            envelope_len += ready.len() as u64;
            first += (current.len() / header.chunk_size().get()) as u64;
            if last {
                break;
            }
            current = next;
        }
        output.write_all(&ready).await.map_err(write_error)?;
        output.flush().await.map_err(write_error)?;
        Ok(Written {
            item,
            header,
            plaintext_len,
            envelope_len,
        })
    }
}

/// Decrypts the body that follows `header`, in the caller's task, with the platform's AES where there
/// is one; says how many bytes of plaintext there were.
///
/// Every byte written was authenticated, but only `Ok` says that it was all of them.
///
/// # Errors
/// [`Error::Envelope`], [`Error::Platform`].
pub async fn decrypt_body(
    header: &Header,
    cek: &Cek,
    mut body: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
    aes: Option<&dyn PlatformAes>,
) -> Result<u64, Error> {
    let mut opener = RunOpener::new(header, cek)?;
    if let Some(aes) = aes {
        opener.import(cek, aes).await?;
    }
    let run = match header.cipher().is_chunked() {
        true => whole_chunks(header.chunk_size(), TAG),
        false => MAX_WHOLE_BYTES + TAG,
    };
    let mut body_len = 0;
    let mut first = 0;
    let mut ready = Zeroizing::new(Vec::new());
    let mut current = fill(&mut body, run).await?;
    let layout = loop {
        let write = async { output.write_all(&ready).await.map_err(write_error) };
        // What has authenticated is written, also when the rest cannot be read.
        let (next, written) = join(fill(&mut body, run), write).await;
        written?;
        let next = next?;
        let last = next.is_empty();
        body_len += current.len() as u64;
        if !last && !header.cipher().is_chunked() {
            let limit = MAX_WHOLE_BYTES;
            return Err(EnvelopeError::TooLargeForWhole { limit }.into());
        }
        // Before the last run is given out: no body has just any length.
        let layout = match last {
            true => Some(BodyLayout::of_header(header, body_len)?),
            false => None,
        };
        ready = opener.open(first, last, &current).await?;
        if let Some(layout) = layout {
            break layout;
        }
        first += (current.len() / (header.chunk_size().get() + TAG)) as u64;
        current = next;
    };
    output.write_all(&ready).await.map_err(write_error)?;
    output.flush().await.map_err(write_error)?;
    Ok(layout.plaintext_len())
}

/// As many chunks as fit a run, with `tag` bytes more each.
fn whole_chunks(size: ChunkSize, tag: usize) -> usize {
    (RUN_BYTES / size.get()).max(1) * (size.get() + tag)
}

/// The next `length` bytes; fewer at the end. Takes memory as bytes arrive, and what it outgrows is wiped.
async fn fill(
    input: &mut (impl AsyncRead + Unpin),
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(vec![0; length.min(2 * RUN_BYTES)]);
    let mut filled = 0;
    while filled < length {
        if filled == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; length.min(2 * filled)]);
            for (to, from) in larger.iter_mut().zip(bytes.iter()) {
                *to = *from;
            }
            bytes = larger;
        }
        let room = bytes.get_mut(filled..).unwrap_or_default();
        match input.read(room).await.map_err(EnvelopeError::Read)? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn write_error(error: std::io::Error) -> Error {
    EnvelopeError::Write(error).into()
}

fn check_length(announced: Option<u64>, found: u64, last: bool) -> Result<(), EnvelopeError> {
    match announced {
        Some(declared) if found > declared || (last && found != declared) => {
            Err(EnvelopeError::LengthChanged { declared, found })
        }
        _ => Ok(()),
    }
}
