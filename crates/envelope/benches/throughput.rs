//! How fast envelopes are written and read: `cargo bench -p stheno-envelope`.
//!
//! A file of 1 GiB (`STHENO_BENCH_MIB` sets another size) is read from the page
//! cache, and what comes out is thrown away. Five runs of each; the median counts.
#![allow(clippy::print_stdout, clippy::expect_used, missing_docs)]

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use stheno_crypto::Cek;
use stheno_envelope::{
    BaseNonce, Cipher, Decryptor, EncryptOptions, Encryptor, Header, PieceHasher, ReadAt,
};

const RUNS: usize = 5;

fn main() {
    let mib = std::env::var("STHENO_BENCH_MIB")
        .ok()
        .and_then(|mib| mib.parse().ok())
        .unwrap_or(1024_u64);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let mut plain = File::options()
        .create_new(true)
        .read(true)
        .write(true)
        .open(folder.path().join("plain"))
        .expect("a temporary file");
    let block: Vec<u8> = (0..1_u32 << 18)
        .flat_map(|i| i.wrapping_mul(0x9e37_79b9).to_le_bytes())
        .collect();
    for _ in 0..mib {
        plain.write_all(&block).expect("room for the file");
    }
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    println!("{mib} MiB, {cores} cores, median of {RUNS}\n");

    report("copy, 256 KiB pieces", mib, || {
        let mut piece = vec![0; 256 << 10];
        plain.rewind().expect("a file");
        while plain.read(&mut piece).expect("a file") > 0 {}
    });
    let counts = if cores.get() > 1 {
        vec![NonZeroUsize::MIN, cores]
    } else {
        vec![cores]
    };
    for cipher in [Cipher::ChunkedAes256Gcm, Cipher::ChunkedChaCha20Poly1305] {
        let mut sealed = File::options()
            .create_new(true)
            .read(true)
            .write(true)
            .open(folder.path().join(cipher.to_string()))
            .expect("a temporary file");
        encrypt(cipher, cores, &plain, &mut sealed);
        for threads in counts.iter().copied() {
            report(&format!("encrypt {cipher}, {threads} threads"), mib, || {
                encrypt(cipher, threads, &plain, io::sink());
            });
            report(&format!("decrypt {cipher}, {threads} threads"), mib, || {
                decrypt(threads, &mut sealed);
            });
        }
    }
    for threads in counts {
        report(&format!("PieceCID, {threads} threads"), mib, || {
            let mut hasher = PieceHasher::new(Some(threads));
            let mut piece = vec![0; 256 << 10];
            plain.rewind().expect("a file");
            loop {
                let read = plain.read(&mut piece).expect("a file");
                if read == 0 {
                    break;
                }
                hasher.update(piece.get(..read).unwrap_or_default());
            }
            hasher.finish().expect("a piece");
        });
    }
}

fn encrypt(cipher: Cipher, threads: NonZeroUsize, plain: &File, sink: impl Write + Send) {
    let options = EncryptOptions {
        cipher,
        threads: Some(threads),
        ..EncryptOptions::default()
    };
    let cek = Cek::from_bytes([7; 32]);
    Encryptor::new(options, Vec::new(), &cek, BaseNonce::from_bytes([1; 12]))
        .and_then(|encryptor| encryptor.encrypt_at(plain, sink))
        .expect("an envelope");
}

fn decrypt(threads: NonZeroUsize, sealed: &mut File) {
    sealed.rewind().expect("a file");
    let header = Header::read(sealed).expect("an envelope");
    let body = header.as_bytes().len() as u64..sealed.size().expect("a file");
    Decryptor::new(&header, &Cek::from_bytes([7; 32]))
        .and_then(|decryptor| {
            decryptor
                .threads(threads)
                .decrypt_at(sealed, body, io::sink())
        })
        .expect("the file");
}

/// Runs what is named on the command line: any part of a name, or all.
fn report(what: &str, mib: u64, mut run: impl FnMut()) {
    let mut asked = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with("--"));
    if asked.next().is_some_and(|name| !what.contains(&name)) {
        return;
    }
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let median = times.get(RUNS / 2).copied().unwrap_or_default();
    let rate = mib as f64 * (1 << 20) as f64 / median.as_secs_f64() / 1e9;
    println!(
        "{what:<44} {rate:6.2} GB/s  {:8.1} ms",
        median.as_secs_f64() * 1e3
    );
}
