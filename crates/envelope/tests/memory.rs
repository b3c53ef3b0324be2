//! Memory does not grow with the file. A program of its own, since it looks at
//! the whole process. `STHENO_MEMORY_MIB` sets another size than 128 MiB,
//! `STHENO_MEMORY_FILES` another number of files in a manifest than 100,000.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![cfg(target_os = "linux")]

use std::io::Read;

use stheno_crypto::Cek;
use stheno_envelope::car::{CarLimits, CarReader, read_file};
use stheno_envelope::manifest::{
    Entry, Extraction, FileSystem, ManifestHeader, ManifestReader, ManifestWriter, Naming,
    SafePath, StoredEnvelope,
};
use stheno_envelope::unixfs::{FileDag, FileVerifier, Profile};
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
    // One after the other, since the peak is that of the whole process.
    car_is_written_and_verified(len);
    manifest_is_written_and_read();
}

/// A file to a CAR, through a pipe, and back.
fn car_is_written_and_verified(len: u64) {
    let source = || std::io::repeat(0x5a).take(len);
    let dag = FileDag::scan(Profile::V1_2025, &mut source()).unwrap();
    let (read_end, write_end) = std::io::pipe().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| dag.write_car(&mut source(), write_end).unwrap());
        let source = std::io::BufReader::new(read_end);
        let mut car = CarReader::new(source, CarLimits::default()).unwrap();
        let mut verifier = FileVerifier::new(dag.root().cid).expect_size(len);
        let read = read_file(&mut car, &mut verifier, &mut std::io::sink()).unwrap();
        assert_eq!(read, len);
        assert_eq!(car.offset(), dag.car_len());
    });
    let peak = peak_mib();
    println!("CAR: {} MiB with a peak of {peak} MiB", len >> 20);
    assert!(peak < 64, "{peak} MiB");
}

/// Very many small files, through a pipe; then a place for each where names may clash.
fn manifest_is_written_and_read() {
    let files =
        std::env::var("STHENO_MEMORY_FILES").map_or(100_000, |files| files.parse().unwrap());
    let entry = |number: u64| Entry {
        path: SafePath::new(format!(
            "folder {}/file {number:07}.csv",
            number / 1000 + 1000
        ))
        .unwrap(),
        size: 700,
        media_type: Some("text/csv".to_owned()),
        sha256: [3; 32],
        header_sha256: [6; 32],
        modified: Some(1_790_000_000),
        item: None,
        envelope: StoredEnvelope {
            len: 1016,
            header_len: 300,
            chunk_size: Some(ChunkSize::DEFAULT),
            cid: Some(dag_root()),
            parts: Vec::new(),
            hints: Vec::new(),
        },
    };
    let header = ManifestHeader {
        network: None,
        collection: "many".to_owned(),
        version: 1,
        previous: None,
        created: 1_790_000_000,
        hints: Vec::new(),
        entries: files,
    };
    let (read_end, write_end) = std::io::pipe().unwrap();
    std::thread::scope(|scope| {
        let written = scope.spawn(|| {
            let sink = std::io::BufWriter::new(write_end);
            let mut writer = ManifestWriter::new(sink, header).unwrap();
            for number in 0..files {
                writer.push(&entry(number)).unwrap();
            }
            writer.finish().unwrap().0
        });
        let mut reader = ManifestReader::new(read_end).unwrap();
        let mut read = 0;
        while let Some(found) = reader.next_entry().unwrap() {
            assert_eq!(found, entry(read));
            read += 1;
        }
        assert_eq!(read, files);
        assert_eq!(reader.finish().unwrap(), written.join().unwrap());
    });
    let peak = peak_mib();
    println!("manifest: {files} files with a peak of {peak} MiB");
    assert!(peak < 64, "{peak} MiB");
    let mut extraction = Extraction::new(FileSystem::ANY, Naming::AsItStands);
    for number in 0..files {
        let path = entry(number).path;
        assert_eq!(extraction.place(&path).unwrap(), path.as_str());
    }
    let peak = peak_mib();
    println!("names: {files} files with a peak of {peak} MiB");
    assert!(peak < 128, "{peak} MiB");
}

/// Some CID.
fn dag_root() -> stheno_envelope::Cid {
    let dag = FileDag::scan(Profile::V1_2025, &mut &b"gorgon"[..]).unwrap();
    dag.root().cid
}
