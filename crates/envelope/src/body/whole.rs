//! Algorithm 3: the whole file as one piece of AES-256-GCM (RFC 9053 §4.1).
//!
//! Nothing of it may be released before all of it authenticated, so the file
//! stands in memory, and therefore its size is limited.

use std::io::{Read, Write};

use super::{Body, Buffer, room};
use crate::EnvelopeError;
use crate::aead::Forged;
use crate::cipher::TAG_BYTES;

/// The largest file under algorithm 3: 64 MiB.
pub const MAX_WHOLE_BYTES: usize = 64 << 20;

/// Seals everything in `source`; says how many bytes it had.
pub(crate) fn seal(
    body: &Body,
    source: impl Read,
    mut sink: impl Write,
) -> Result<usize, EnvelopeError> {
    let mut file = read_all(source, MAX_WHOLE_BYTES)?;
    let tag = body
        .key
        .seal_in_place(body.nonce.as_bytes(), &body.aad, &mut file);
    sink.write_all(&file)
        .and_then(|()| sink.write_all(&tag))
        .and_then(|()| sink.flush())
        .map_err(EnvelopeError::Write)?;
    Ok(file.len())
}

/// Reads and opens everything in `source`.
pub(crate) fn open(body: &Body, source: impl Read) -> Result<Buffer, EnvelopeError> {
    let mut file = read_all(source, MAX_WHOLE_BYTES + TAG_BYTES)?;
    let Some((rest, tag)) = file.split_last_chunk_mut::<TAG_BYTES>() else {
        return Err(EnvelopeError::Truncated { index: 0 });
    };
    body.key
        .open_in_place(body.nonce.as_bytes(), &body.aad, rest, tag)
        .map_err(|Forged| EnvelopeError::Chunk { index: 0 })?;
    let length = rest.len();
    file.truncate(length);
    Ok(file)
}

/// Reads to the end, taking memory as bytes arrive.
fn read_all(mut source: impl Read, limit: usize) -> Result<Buffer, EnvelopeError> {
    const FIRST: usize = 64 << 10;
    let mut file = Buffer::default();
    let mut filled = 0;
    loop {
        if filled > limit {
            return Err(EnvelopeError::TooLargeForWhole {
                limit: MAX_WHOLE_BYTES,
            });
        }
        let end = if filled == file.len() {
            (2 * filled).clamp(FIRST, limit + 1)
        } else {
            file.len()
        };
        let space = room(&mut file, end).get_mut(filled..).unwrap_or_default();
        match source.read(space) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(EnvelopeError::Read(error)),
        }
    }
    file.truncate(filled);
    Ok(file)
}
