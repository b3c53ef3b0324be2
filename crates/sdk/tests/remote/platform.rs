//! Bodies in the caller's task, with a platform's AES as a browser has it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, KeyInit, Payload},
};
use futures::{SinkExt, StreamExt, TryStreamExt, io::Cursor, sink, stream};
use stheno::{
    EncryptOptions, Encryption, Error, FileReader, PlatformAes, PlatformKey, PlatformSource,
    Written,
    bounds::BoxFuture,
    crypto::Cek,
    decrypt_body, decrypt_body_with,
    envelope::{ChunkSealer, ChunkSize, Cipher, Decryptor, EnvelopeError, Header},
    source::{Local, Source, SourceError},
};

const CEK: [u8; 32] = [5; 32];
const CHUNK: usize = 4096;
/// More than a run of chunks.
const LARGE: usize = (1 << 20) + CHUNK + 1;
/// So much that the buffer of a whole file grows, twice.
const GROWING: usize = 5 << 20;

/// An implementation that is not the SDK's, and counts its keys and chunks.
#[derive(Default)]
struct Platform {
    keys: AtomicUsize,
    chunks: Arc<AtomicUsize>,
    refuses: bool,
}

struct Key(Aes256Gcm, Arc<AtomicUsize>);

impl PlatformAes for Platform {
    type Key = Key;

    fn import<'a>(&'a self, key: &'a Cek) -> BoxFuture<'a, Result<Key, String>> {
        Box::pin(async move {
            if self.refuses {
                return Err("no".to_owned());
            }
            self.keys.fetch_add(1, Ordering::Relaxed);
            let cipher = Aes256Gcm::new_from_slice(key.expose_secret()).unwrap();
            Ok(Key(cipher, Arc::clone(&self.chunks)))
        })
    }
}

impl PlatformKey for Key {
    type Bytes = Vec<u8>;

    fn seal(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        plaintext: &Vec<u8>,
    ) -> BoxFuture<'static, Result<Vec<u8>, String>> {
        let msg = plaintext.as_slice();
        later(self, self.0.encrypt(&nonce.into(), Payload { msg, aad }))
    }

    fn open(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        sealed: &Vec<u8>,
    ) -> BoxFuture<'static, Result<Vec<u8>, String>> {
        let msg = sealed.as_slice();
        later(self, self.0.decrypt(&nonce.into(), Payload { msg, aad }))
    }
}

/// Later than it was asked, and out of order, as a browser does it.
fn later(
    key: &Key,
    made: Result<Vec<u8>, aes_gcm::Error>,
) -> BoxFuture<'static, Result<Vec<u8>, String>> {
    let waits = 7 * key.1.fetch_add(1, Ordering::Relaxed) % 5;
    Box::pin(async move {
        for _ in 0..waits {
            tokio::task::yield_now().await;
        }
        made.map_err(|error| error.to_string())
    })
}

/// Two copies of an envelope, the first of which may be false.
struct Copies([Local<Vec<u8>>; 2]);

impl Source for Copies {
    fn size(&self) -> u64 {
        self.0[0].size()
    }

    fn fetch(&self, range: std::ops::Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        self.fetch_copy(0, range)
    }

    fn copies(&self) -> Vec<usize> {
        vec![0, 1]
    }

    fn fetch_copy(
        &self,
        copy: usize,
        range: std::ops::Range<u64>,
    ) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        self.0[copy].fetch(range)
    }
}

impl PlatformSource<Vec<u8>> for Copies {}

fn plaintext(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

fn encryption(cipher: Cipher, announced: Option<u64>) -> Encryption {
    let mut options = EncryptOptions::default()
        .cipher(cipher)
        .chunk_size(ChunkSize::MIN_WRITTEN)
        .cek(Cek::from_bytes(CEK));
    options.plaintext_len = announced;
    Encryption::prepare(&[], options).unwrap()
}

async fn sealed(cipher: Cipher, file: &[u8]) -> (Header, Vec<u8>) {
    let mut envelope = Cursor::new(Vec::new());
    let written = encryption(cipher, Some(file.len() as u64))
        .write_stream(file, &mut envelope)
        .await
        .unwrap();
    checked(written, envelope.into_inner(), file)
}

/// By the platform, to which bytes come in parts that are no chunks.
async fn sealed_with(aes: &Platform, file: &[u8], part: usize) -> (Header, Vec<u8>) {
    let parts: Vec<_> = file.chunks(part).map(|part| Ok(part.to_vec())).collect();
    let mut envelope = Vec::new();
    let output = sink::unfold(
        &mut envelope,
        |envelope: &mut Vec<u8>, parts: Vec<Vec<u8>>| async {
            envelope.extend(Iterator::flatten(Vec::into_iter(parts)));
            Ok(envelope)
        },
    );
    let written = encryption(Cipher::default(), Some(file.len() as u64))
        .write_with(stream::iter(parts), Box::pin(output), aes)
        .await
        .unwrap();
    checked(written, envelope, file)
}

fn checked(written: Written, envelope: Vec<u8>, file: &[u8]) -> (Header, Vec<u8>) {
    assert_eq!(written.plaintext_len, file.len() as u64);
    assert_eq!(written.envelope_len, envelope.len() as u64);
    (written.header, envelope)
}

async fn opened(header: &Header, body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut output = Cursor::new(Vec::new());
    let length = decrypt_body(header, &Cek::from_bytes(CEK), body, &mut output).await?;
    assert_eq!(length, output.get_ref().len() as u64);
    Ok(output.into_inner())
}

/// What came, and how it ended.
async fn opened_with(
    aes: &Platform,
    header: &Header,
    body: &[u8],
    part: usize,
) -> (Vec<u8>, Result<u64, Error>) {
    let parts: Vec<_> = body.chunks(part).map(|part| Ok(part.to_vec())).collect();
    let mut plain = Vec::new();
    let output = sink::unfold(
        &mut plain,
        |plain: &mut Vec<u8>, parts: Vec<Vec<u8>>| async {
            plain.extend(Iterator::flatten(Vec::into_iter(parts)));
            Ok(plain)
        },
    );
    let (cek, body) = (Cek::from_bytes(CEK), stream::iter(parts));
    let ended = decrypt_body_with(header, &cek, body, Box::pin(output), aes).await;
    (plain, ended)
}

/// By the SDK's other way, on threads.
fn opened_on_threads(header: &Header, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let decryptor = Decryptor::new(header, &Cek::from_bytes(CEK)).unwrap();
    decryptor.decrypt(body, &mut plain).unwrap();
    plain
}

const LENGTHS: [usize; 8] = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 1 << 20, LARGE, GROWING];

#[tokio::test]
async fn bodies_in_the_callers_task_are_those_of_threads() {
    for cipher in [
        Cipher::ChunkedAes256Gcm,
        Cipher::ChunkedChaCha20Poly1305,
        Cipher::Aes256Gcm,
    ] {
        for len in LENGTHS {
            let file = plaintext(len);
            let (header, envelope) = sealed(cipher, &file).await;
            let body = &envelope[header.as_bytes().len()..];
            assert!(opened_on_threads(&header, body) == file, "{cipher} {len}");
            assert!(
                opened(&header, body).await.unwrap() == file,
                "{cipher} {len}"
            );
        }
    }
}

#[tokio::test]
async fn bodies_by_the_platform_are_those_of_threads() {
    for len in LENGTHS {
        for part in [1 << 20, CHUNK, CHUNK + 5, 1000] {
            let file = plaintext(len);
            let platform = Platform::default();
            let (header, envelope) = sealed_with(&platform, &file, part).await;
            let body = &envelope[header.as_bytes().len()..];
            assert!(opened_on_threads(&header, body) == file, "{len} {part}");
            let (plain, ended) = opened_with(&platform, &header, body, part).await;
            assert_eq!(ended.unwrap(), len as u64);
            assert!(plain == file, "{len} {part}");
            let chunks = platform.chunks.load(Ordering::Relaxed);
            assert_eq!(chunks, 2 * len.div_ceil(CHUNK).max(1), "{len} {part}");
            assert_eq!(platform.keys.load(Ordering::Relaxed), 2);
        }
    }
}

#[tokio::test]
async fn ranges_are_opened_by_the_platform() {
    let file = plaintext(3 * LARGE);
    let (header, envelope) = sealed(Cipher::default(), &file).await;
    let platform = Platform::default();
    let cek = Cek::from_bytes(CEK);
    let mut changed = envelope.clone();
    changed[header.as_bytes().len() + 5 * (CHUNK + 16)] ^= 1;
    let copies = [changed, envelope].map(|copy| Local::new(copy).unwrap());
    let mut reader = FileReader::new(&header, &cek, Copies(copies)).unwrap();
    let key = Arc::new(platform.import(&cek).await.unwrap());
    assert_eq!(reader.size_with(&key).await.unwrap(), file.len() as u64);
    assert_eq!(platform.chunks.load(Ordering::Relaxed), 1);
    for range in [
        0..0,
        0..1,
        1..2,
        4095..4097,
        4096..8192,
        5000..900_000,
        0..3 * LARGE,
    ] {
        let wanted = range.start as u64..range.end as u64;
        let parts = reader.stream_range_with(wanted, &key).await.unwrap();
        let parts: Vec<_> = parts.try_collect().await.unwrap();
        assert!(parts.concat().concat() == file[range.clone()], "{range:?}");
    }
    assert!(platform.chunks.load(Ordering::Relaxed) > 3 * LARGE / CHUNK);
    let end = file.len() as u64;
    for beyond in [0..end + 1, end + 1..end + 2] {
        let refused = reader.stream_range_with(beyond, &key).await.map(drop);
        assert!(matches!(
            refused,
            Err(Error::Envelope(EnvelopeError::OutOfRange { .. }))
        ));
    }
}

#[tokio::test]
async fn range_ends_at_what_does_not_open() {
    let file = plaintext(3 * LARGE);
    let (header, mut envelope) = sealed(Cipher::default(), &file).await;
    // In the second run.
    let wrong = (2 << 20) / CHUNK + 3;
    envelope[header.as_bytes().len() + wrong * (CHUNK + 16)] ^= 1;
    let copies = [envelope.clone(), envelope].map(|copy| Local::new(copy).unwrap());
    let cek = Cek::from_bytes(CEK);
    let mut reader = FileReader::new(&header, &cek, Copies(copies)).unwrap();
    let key = Arc::new(Platform::default().import(&cek).await.unwrap());
    let range = 0..file.len() as u64;
    let mut parts = Box::pin(reader.stream_range_with(range, &key).await.unwrap());
    let first = parts.next().await.unwrap().unwrap().concat();
    assert!(first == file[..2 << 20]);
    let failed = parts.next().await.unwrap().unwrap_err();
    let is_told =
        matches!(failed, Error::Envelope(EnvelopeError::Chunk { index }) if index == wrong as u64);
    assert!(is_told, "{failed}");
}

#[tokio::test]
async fn what_does_not_open_by_the_platform_is_told_as_what_it_is() {
    let platform = Platform::default();
    let file = plaintext(3 * CHUNK);
    let (header, envelope) = sealed(Cipher::default(), &file).await;
    let body = envelope[header.as_bytes().len()..].to_vec();
    let stride = CHUNK + 16;
    let mut changed = body.clone();
    changed[stride] ^= 1;
    let (plain, ended) = opened_with(&platform, &header, &changed, 999).await;
    let failed = ended.unwrap_err();
    assert!(
        matches!(failed, Error::Envelope(EnvelopeError::Chunk { index: 1 })),
        "{failed}"
    );
    assert!(plain == file[..CHUNK]);
    for cut in [0, 15, stride, stride + 7, body.len() - 1] {
        let (plain, ended) = opened_with(&platform, &header, &body[..cut], 999).await;
        let failed = ended.unwrap_err();
        assert!(matches!(failed, Error::Envelope(_)), "{cut}: {failed}");
        assert!(file.starts_with(&plain));
    }
    let longer = [body.as_slice(), &[0; 20]].concat();
    let (_, ended) = opened_with(&platform, &header, &longer, 999).await;
    assert!(ended.is_err());
}

/// Only the empty file ends with an empty chunk, whoever sealed it.
#[tokio::test]
async fn body_that_ends_with_an_empty_chunk_is_none() {
    let cek = Cek::from_bytes(CEK);
    let header = encryption(Cipher::default(), None).header().clone();
    let sealer = ChunkSealer::new(&header, &cek).unwrap();
    let mut body = vec![0; CHUNK + 32];
    let (full, empty) = body.split_at_mut(CHUNK + 16);
    sealer.seal(0, false, &plaintext(CHUNK), full).unwrap();
    sealer.seal(1, true, &[], empty).unwrap();
    let mut output = Cursor::new(Vec::new());
    let failed = decrypt_body(&header, &cek, body.as_slice(), &mut output).await;
    assert!(failed.is_err());
    assert!(output.into_inner().is_empty());
    // By the platform the chunk before it, which is in order, has been given out.
    let (plain, ended) = opened_with(&Platform::default(), &header, &body, 999).await;
    assert!(ended.is_err());
    assert!(plain.is_empty() || plain == plaintext(CHUNK));
}

#[tokio::test]
async fn platform_that_takes_no_key_is_told() {
    let platform = Platform {
        refuses: true,
        ..Platform::default()
    };
    let failed = encryption(Cipher::default(), None)
        .write_with(
            stream::empty(),
            Box::pin(sink::drain().sink_map_err(never)),
            &platform,
        )
        .await
        .unwrap_err();
    assert_eq!(failed.code(), "platform_failed");
}

/// A header that names one cipher must not stand before a body in another.
#[tokio::test]
async fn platform_is_not_asked_for_other_ciphers() {
    for cipher in [Cipher::ChunkedChaCha20Poly1305, Cipher::Aes256Gcm] {
        let (header, envelope) = sealed(cipher, b"text").await;
        let platform = Platform::default();
        let body = &envelope[header.as_bytes().len()..];
        let (plain, ended) = opened_with(&platform, &header, body, 999).await;
        assert_eq!(ended.unwrap_err().code(), "platform_failed");
        let mut made = Vec::new();
        let output = sink::unfold(&mut made, |made: &mut Vec<u8>, parts: Vec<Vec<u8>>| async {
            made.extend(Iterator::flatten(Vec::into_iter(parts)));
            Ok(made)
        });
        let failed = encryption(cipher, None)
            .write_with(stream::empty(), Box::pin(output), &platform)
            .await
            .unwrap_err();
        assert_eq!(failed.code(), "platform_failed");
        assert!(plain.is_empty() && made.is_empty());
        assert_eq!(platform.keys.load(Ordering::Relaxed), 0);
    }
}

fn never(never: std::convert::Infallible) -> std::io::Error {
    match never {}
}

#[tokio::test]
async fn input_of_another_length_than_announced_makes_no_envelope() {
    for (announced, len) in [(10, 9), (10, 11), (0, 1), (LARGE as u64, LARGE - 1)] {
        let mut envelope = Cursor::new(Vec::new());
        let file = plaintext(len);
        let failed = encryption(Cipher::default(), Some(announced))
            .write_stream(file.as_slice(), &mut envelope)
            .await
            .unwrap_err();
        let parts = stream::iter([Ok(file.clone())]);
        let with = encryption(Cipher::default(), Some(announced))
            .write_with(
                parts,
                Box::pin(sink::drain().sink_map_err(never)),
                &Platform::default(),
            )
            .await
            .unwrap_err();
        assert_eq!(with.to_string(), failed.to_string());
        let changed = EnvelopeError::LengthChanged {
            declared: 0,
            found: 0,
        };
        let Error::Envelope(found) = &failed else {
            panic!("{failed}");
        };
        assert_eq!(
            std::mem::discriminant(found),
            std::mem::discriminant(&changed),
            "{announced} {len}"
        );
    }
}
