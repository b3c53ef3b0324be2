//! Files behind real HTTP servers, honest and lying: what is fetched, what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod downloads;
mod lies;
mod platform;
mod proving_keys;
mod reading;
mod server;
mod serving;
mod streams;

use std::time::Duration;

use stheno::{
    crypto::Cek,
    envelope::{BaseNonce, ChunkSize, Cipher, EncryptOptions, Encryptor},
    source::HttpOptions,
};

/// A file and its envelope.
struct Sealed {
    plaintext: Vec<u8>,
    envelope: Vec<u8>,
}

/// Bytes of the default chunk, sealed.
const CHUNK: u64 = (256 << 10) + 16;

impl Sealed {
    fn new(bytes: usize, chunk_size: ChunkSize) -> Self {
        let plaintext: Vec<u8> = (0..bytes as u64)
            .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8)
            .collect();
        let options = EncryptOptions {
            cipher: Cipher::ChunkedChaCha20Poly1305,
            chunk_size,
            plaintext_len: Some(bytes as u64),
            ..EncryptOptions::default()
        };
        let mut envelope = Vec::new();
        Encryptor::new(options, Vec::new(), &cek(), BaseNonce::from_bytes([3; 12]))
            .unwrap()
            .encrypt(plaintext.as_slice(), &mut envelope)
            .unwrap();
        Self {
            plaintext,
            envelope,
        }
    }

    /// Twelve chunks of the default size and a bit.
    fn of_3_mib() -> Self {
        Self::new((3 << 20) + 1000, ChunkSize::DEFAULT)
    }
}

fn cek() -> Cek {
    Cek::from_bytes([7; 32])
}

/// As patient as ever, but quick.
fn quick() -> HttpOptions {
    HttpOptions::default()
        .pause(Duration::from_millis(1))
        .stall(Duration::from_secs(20))
}
