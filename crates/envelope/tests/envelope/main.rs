//! The envelope against vectors, against other libraries, and against an attacker.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod car;
mod hostile;
mod interop;
mod ipfs;
mod keys;
mod manifest;
mod ranges;
mod tamper;
mod threshold;
mod unixfs;
mod unixfs_hostile;
mod vectors;
mod written;

use std::io::Read;
use std::num::NonZeroUsize;

use sha2::{Digest, Sha256};
use stheno_crypto::Cek;
use stheno_envelope::{Decryptor, EnvelopeError, Header};

/// Opens a whole envelope in memory; the output so far comes back on an error too.
fn open(envelope: &[u8], cek: &Cek, sink: &mut Vec<u8>) -> Result<(), EnvelopeError> {
    let mut source = envelope;
    let header = Header::read(&mut source)?;
    Decryptor::new(&header, cek)?
        .threads(NonZeroUsize::MIN)
        .decrypt(source, sink)
        .map(|_| ())
}

/// The byte stream of the vectors: block i is `SHA-256("public/<name>/<i>")`.
fn counter_stream(name: &str, len: usize) -> Vec<u8> {
    let mut stream: Vec<u8> = (0..len.div_ceil(32))
        .flat_map(|i| Sha256::digest(format!("public/{name}/{i}")))
        .collect();
    stream.truncate(len);
    stream
}

/// A source that gives a few bytes at a time.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let step = self.1.min(buffer.len());
        self.0.read(&mut buffer[..step])
    }
}
