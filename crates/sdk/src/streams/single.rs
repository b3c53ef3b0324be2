//! In the caller's task alone, as a browser needs it: a run of chunks at a time.

use futures::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
    future::{join, try_join},
};
use stheno_crypto::Cek;
use stheno_envelope::{
    BodyLayout, ChunkSize, EnvelopeError, Header, MAX_WHOLE_BYTES, cipher::TAG_BYTES,
};
use zeroize::Zeroizing;

use super::check_length;
use crate::{
    Encryption, Error, Written,
    runs::{RunOpener, RunSealer, resize},
};

/// How much is read at once, one chunk at least.
const RUN_BYTES: usize = 1 << 20;

impl Encryption {
    /// [`Encryption::write`] in the caller's task.
    ///
    /// # Errors
    /// As [`Encryption::write`]. Dropped before it is done, it leaves an incomplete output.
    pub async fn write_stream(
        self,
        mut input: impl AsyncRead + Unpin,
        mut output: impl AsyncWrite + Unpin,
    ) -> Result<Written, Error> {
        let (item, announced) = (self.item, self.plaintext_len);
        let (header, sealer) = self.encryptor.into_chunks();
        let sealer = RunSealer::new(&header, sealer);
        let run = match header.cipher().is_chunked() {
            true => whole_chunks(header.chunk_size(), 0),
            false => MAX_WHOLE_BYTES,
        };
        let mut plaintext_len = 0;
        let mut envelope_len = header.as_bytes().len() as u64;
        let mut first = 0;
        let mut ready = header.as_bytes().to_vec();
        let (mut current, mut next) = (Zeroizing::default(), Zeroizing::default());
        fill(&mut input, &mut current, run).await?;
        loop {
            // Whether a run is the last, only the next one tells.
            let write = async { output.write_all(&ready).await.map_err(write_error) };
            try_join(fill(&mut input, &mut next, run), write).await?;
            let last = next.is_empty();
            plaintext_len += current.len() as u64;
            check_length(announced, plaintext_len, last)?;
            if !last && !header.cipher().is_chunked() {
                let limit = MAX_WHOLE_BYTES;
                return Err(EnvelopeError::TooLargeForWhole { limit }.into());
            }
            sealer.seal(first, last, &current, &mut ready)?;
            envelope_len += ready.len() as u64;
            first += (current.len() / header.chunk_size().get()) as u64;
            if last {
                break;
            }
            std::mem::swap(&mut current, &mut next);
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

/// Decrypts the body that follows `header`, in the caller's task; says how many bytes of plaintext
/// there were.
///
/// Every byte written was authenticated, but only `Ok` says that it was all of them.
///
/// # Errors
/// [`Error::Envelope`].
pub async fn decrypt_body(
    header: &Header,
    cek: &Cek,
    mut body: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
) -> Result<u64, Error> {
    let opener = RunOpener::new(header, cek)?;
    let run = match header.cipher().is_chunked() {
        true => whole_chunks(header.chunk_size(), TAG_BYTES),
        false => MAX_WHOLE_BYTES + TAG_BYTES,
    };
    let mut body_len = 0;
    let mut first = 0;
    let mut ready = Zeroizing::new(Vec::new());
    let (mut current, mut next) = (Zeroizing::default(), Zeroizing::default());
    fill(&mut body, &mut current, run).await?;
    let layout = loop {
        let write = async { output.write_all(&ready).await.map_err(write_error) };
        // What has authenticated is written, also when the rest cannot be read.
        let (filled, written) = join(fill(&mut body, &mut next, run), write).await;
        written?;
        filled?;
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
        opener.open(first, last, &current, &mut ready)?;
        if let Some(layout) = layout {
            break layout;
        }
        first += (current.len() / (header.chunk_size().get() + TAG_BYTES)) as u64;
        std::mem::swap(&mut current, &mut next);
    };
    output.write_all(&ready).await.map_err(write_error)?;
    output.flush().await.map_err(write_error)?;
    Ok(layout.plaintext_len())
}

/// As many chunks as fit a run, with `tag` bytes more each.
fn whole_chunks(size: ChunkSize, tag: usize) -> usize {
    (RUN_BYTES / size.get()).max(1) * (size.get() + tag)
}

/// The next `length` bytes, fewer at the end, in the place of what was in `buffer`. It takes memory as
/// bytes arrive.
async fn fill(
    input: &mut (impl AsyncRead + Unpin),
    buffer: &mut Zeroizing<Vec<u8>>,
    length: usize,
) -> Result<(), Error> {
    resize(buffer, length.min(buffer.capacity().max(2 * RUN_BYTES)));
    let mut filled = 0;
    while filled < length {
        if filled == buffer.len() {
            resize(buffer, length.min(2 * filled));
        }
        let room = buffer.get_mut(filled..).unwrap_or_default();
        match input.read(room).await.map_err(EnvelopeError::Read)? {
            0 => break,
            read => filled += read,
        }
    }
    buffer.truncate(filled);
    Ok(())
}

fn write_error(error: std::io::Error) -> Error {
    EnvelopeError::Write(error).into()
}
