//! Why an envelope could not be written or read.

use std::io;

/// Why an envelope could not be written or read.
///
/// Messages hold no secret. Nothing past the fault has been written to the sink.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The header is not a FEE header, or not one that this version reads.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The options or recipients make no envelope.
    #[error("cannot make the envelope: {problem}")]
    Unwritable {
        /// What is wrong with them.
        problem: String,
    },
    /// The key commitment in the header does not match the key.
    #[error("the key does not belong to this envelope")]
    WrongKey,
    /// A chunk did not authenticate: wrong key, or the file was changed, cut or reordered.
    #[error("chunk {index} does not authenticate: the file is damaged or the key is wrong")]
    Chunk {
        /// Index of the chunk, from 0.
        index: u64,
    },
    /// The body ends before its final chunk is complete.
    #[error("the file is cut short in chunk {index}")]
    Truncated {
        /// Index of the chunk in which it ends.
        index: u64,
    },
    /// Bytes follow the final chunk.
    #[error("bytes follow the final chunk {index}: something was appended to the file")]
    Appended {
        /// Index of the final chunk.
        index: u64,
    },
    /// The header declares another number of chunks than the body has.
    #[error("the header declares {declared} chunks, the body has {found}")]
    ChunkCount {
        /// What the header says.
        declared: u64,
        /// What the body has, or a lower bound of it.
        found: u64,
    },
    /// A chunk index is 32 bits wide.
    #[error("the file needs more than 2^32 chunks; use a larger chunk size")]
    TooManyChunks,
    /// Algorithm 3 holds the whole file in memory, so it is limited.
    #[error(
        "a file under algorithm 3 may have at most {limit} bytes; use a chunked cipher for larger ones"
    )]
    TooLargeForWhole {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The input has not the length that was announced.
    #[error(
        "the input has {found} bytes instead of the announced {declared}; did it change while it was read?"
    )]
    LengthChanged {
        /// What was announced.
        declared: u64,
        /// What was read, or a lower bound of it.
        found: u64,
    },
    /// The file has no such range.
    #[error("the range {start}..{end} is not within the file, which has {size} bytes")]
    OutOfRange {
        /// First byte of the range.
        start: u64,
        /// The byte after its last.
        end: u64,
        /// Bytes of the file, authenticated.
        size: u64,
    },
    /// The recipient cannot be opened with this key, or was tampered with.
    #[error("this key does not open the recipient")]
    Unwrap,
    /// Reading the input failed.
    #[error("cannot read the input")]
    Read(#[source] io::Error),
    /// Writing the output failed.
    #[error("cannot write the output")]
    Write(#[source] io::Error),
}

/// Why a header was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HeaderError {
    /// The file does not begin like an envelope.
    #[error("this is not a Filecoin Encryption Envelope")]
    NotAnEnvelope,
    /// The file ends inside the header.
    #[error("the file ends inside the header")]
    Truncated,
    /// The header is larger than [`MAX_HEADER_BYTES`](crate::header::MAX_HEADER_BYTES).
    #[error("the header is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The bytes are not the strict CBOR that an envelope must be.
    #[error("{problem} at byte {offset} of the header")]
    Cbor {
        /// What is wrong.
        problem: &'static str,
        /// Where, from the start of the envelope.
        offset: usize,
    },
    /// The CBOR is well formed, but a field is missing or has another form.
    #[error("{0}")]
    Field(&'static str),
    /// The body's algorithm is none that this version reads.
    #[error("body algorithm {0} is not supported")]
    UnsupportedCipher(i64),
    /// The list of recipients is longer than is read.
    #[error("the header has {found} recipients, more than {limit}")]
    TooManyRecipients {
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A recipient is malformed.
    #[error("recipient {index} {problem}")]
    Recipient {
        /// Its place, from 0.
        index: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}
