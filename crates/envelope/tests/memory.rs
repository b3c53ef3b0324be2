//! Memory does not grow with the file. A program of its own, since it looks at
//! the whole process. `STHENO_MEMORY_MIB` sets another size than 128 MiB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![cfg(target_os = "linux")]

use std::io::Read;

use stheno_crypto::Cek;
use stheno_envelope::{
    BaseNonce, ChunkSize, Cipher, Decryptor, EncryptOptions, Encryptor, Header, PieceReader,
};

/// The most memory that this process ever had, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    peak.split_whitespace()
        .next()
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

#[test]
fn memory_stays_under_64_mib_for_any_size() {
    let mib = std::env::var("STHENO_MEMORY_MIB").map_or(128, |mib| mib.parse().unwrap());
    let len = mib << 20;
    // Encrypting, hashing the piece and decrypting at once, through a pipe.
    for (cipher, chunk) in [
        (Cipher::ChunkedAes256Gcm, ChunkSize::DEFAULT),
        (Cipher::ChunkedChaCha20Poly1305, ChunkSize::MIN_WRITTEN),
    ] {
        let options = EncryptOptions {
            cipher,
            chunk_size: chunk,
            ..EncryptOptions::default()
        };
        let cek = Cek::from_bytes([7; 32]);
        let nonce = BaseNonce::from_bytes([1; 12]);
        let (read_end, write_end) = std::io::pipe().unwrap();
        std::thread::scope(|scope| {
            let encryptor = Encryptor::new(options, Vec::new(), &cek, nonce).unwrap();
            scope.spawn(move || {
                let plaintext = std::io::repeat(0x5a).take(len);
                encryptor.encrypt(plaintext, write_end).unwrap();
            });
            let mut source = PieceReader::new(read_end, None);
            let header = Header::read(&mut source).unwrap();
            let decrypted = Decryptor::new(&header, &cek)
                .unwrap()
                .decrypt(&mut source, std::io::sink())
                .unwrap();
            assert_eq!(decrypted.plaintext_len, len);
            let (piece, _) = source.finish().unwrap();
            assert_eq!(
                piece.payload_len(),
                header.as_bytes().len() as u64 + decrypted.ciphertext_len
            );
        });
        let peak = peak_mib();
        println!("{cipher}: {mib} MiB with a peak of {peak} MiB");
        assert!(peak < 64, "{peak} MiB");
    }
}
