//! Bodies in the caller's task, with a platform's AES as a browser has it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, KeyInit, Payload},
};
use futures::io::Cursor;
use stheno::{
    EncryptOptions, Encryption, Error, FileReader, PlatformAes, PlatformKey,
    bounds::BoxFuture,
    crypto::Cek,
    decrypt_body,
    envelope::{ChunkSealer, ChunkSize, Cipher, Decryptor, EnvelopeError, Header},
    source::Local,
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
    fn import<'a>(&'a self, key: &'a Cek) -> BoxFuture<'a, Result<Arc<dyn PlatformKey>, String>> {
        Box::pin(async move {
            if self.refuses {
                return Err("no".to_owned());
            }
            self.keys.fetch_add(1, Ordering::Relaxed);
            let cipher = Aes256Gcm::new_from_slice(key.expose_secret()).unwrap();
            let key: Arc<dyn PlatformKey> = Arc::new(Key(cipher, Arc::clone(&self.chunks)));
            Ok(key)
        })
    }
}

impl PlatformKey for Key {
    fn seal<'a>(
        &'a self,
        nonce: [u8; 12],
        aad: &'a [u8],
        plaintext: &'a [u8],
        sealed: &'a mut [u8],
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            // Later than it was asked, and out of order, as a browser does it.
            tokio::task::yield_now().await;
            self.1.fetch_add(1, Ordering::Relaxed);
            let payload = Payload {
                msg: plaintext,
                aad,
            };
            let made = self.0.encrypt(&nonce.into(), payload);
            sealed.copy_from_slice(&made.map_err(|error| error.to_string())?);
            Ok(())
        })
    }

    fn open<'a>(
        &'a self,
        nonce: [u8; 12],
        aad: &'a [u8],
        sealed: &'a [u8],
        plaintext: &'a mut [u8],
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.1.fetch_add(1, Ordering::Relaxed);
            let payload = Payload { msg: sealed, aad };
            let made = self.0.decrypt(&nonce.into(), payload);
            plaintext.copy_from_slice(&made.map_err(|error| error.to_string())?);
            Ok(())
        })
    }
}

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

async fn sealed(cipher: Cipher, file: &[u8], aes: Option<&dyn PlatformAes>) -> (Header, Vec<u8>) {
    let mut envelope = Cursor::new(Vec::new());
    let written = encryption(cipher, Some(file.len() as u64))
        .write_stream(file, &mut envelope, aes)
        .await
        .unwrap();
    let envelope = envelope.into_inner();
    assert_eq!(written.plaintext_len, file.len() as u64);
    assert_eq!(written.envelope_len, envelope.len() as u64);
    (written.header, envelope)
}

async fn opened(
    header: &Header,
    body: &[u8],
    aes: Option<&dyn PlatformAes>,
) -> Result<Vec<u8>, Error> {
    let mut output = Cursor::new(Vec::new());
    let length = decrypt_body(header, &Cek::from_bytes(CEK), body, &mut output, aes).await?;
    assert_eq!(length, output.get_ref().len() as u64);
    Ok(output.into_inner())
}

#[tokio::test]
async fn bodies_are_the_same_with_and_without_a_platform() {
    for cipher in [
        Cipher::ChunkedAes256Gcm,
        Cipher::ChunkedChaCha20Poly1305,
        Cipher::Aes256Gcm,
    ] {
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 1 << 20, LARGE, GROWING] {
            let file = plaintext(len);
            for platform in [None, Some(Platform::default())] {
                let aes = platform.as_ref().map(|aes| aes as &dyn PlatformAes);
                let (header, envelope) = sealed(cipher, &file, aes).await;
                let body = &envelope[header.as_bytes().len()..];
                // By the SDK's other way, on threads.
                let mut plain = Vec::new();
                let decryptor = Decryptor::new(&header, &Cek::from_bytes(CEK)).unwrap();
                decryptor.decrypt(body, &mut plain).unwrap();
                assert!(plain == file, "{cipher} {len}");
                assert!(
                    opened(&header, body, aes).await.unwrap() == file,
                    "{cipher} {len}"
                );
                if let Some(platform) = &platform {
                    let chunks = platform.chunks.load(Ordering::Relaxed);
                    let wanted = match cipher {
                        Cipher::ChunkedAes256Gcm => 2 * len.div_ceil(CHUNK).max(1),
                        _ => 0,
                    };
                    assert_eq!(chunks, wanted, "{cipher} {len}");
                }
            }
        }
    }
}

#[tokio::test]
async fn ranges_are_opened_by_the_platform() {
    let file = plaintext(LARGE);
    let (header, envelope) = sealed(Cipher::default(), &file, None).await;
    let platform = Platform::default();
    let cek = Cek::from_bytes(CEK);
    let reader = FileReader::new(&header, &cek, Local::new(envelope).unwrap()).unwrap();
    let mut reader = reader.with_aes(&cek, &platform).await.unwrap();
    for range in [0..1, 1..2, 4095..4097, 5000..900_000, 0..LARGE] {
        let parts = reader
            .stream_range(range.start as u64..range.end as u64)
            .await
            .unwrap();
        let parts: Vec<_> = futures::StreamExt::collect(parts).await;
        let read: Vec<u8> = parts
            .into_iter()
            .flat_map(|part| part.unwrap().to_vec())
            .collect();
        assert!(read == file[range.clone()], "{range:?}");
    }
    assert!(platform.chunks.load(Ordering::Relaxed) > LARGE / CHUNK);
}

#[tokio::test]
async fn what_does_not_open_by_the_platform_is_told_as_what_it_is() {
    let platform = Platform::default();
    let file = plaintext(3 * CHUNK);
    let (header, envelope) = sealed(Cipher::default(), &file, Some(&platform)).await;
    let body = envelope[header.as_bytes().len()..].to_vec();
    let stride = CHUNK + 16;
    let mut changed = body.clone();
    changed[stride] ^= 1;
    let failed = opened(&header, &changed, Some(&platform))
        .await
        .unwrap_err();
    assert!(
        matches!(failed, Error::Envelope(EnvelopeError::Chunk { index: 1 })),
        "{failed}"
    );
    for cut in [0, 15, stride, body.len() - 1] {
        let failed = opened(&header, &body[..cut], Some(&platform))
            .await
            .unwrap_err();
        assert!(matches!(failed, Error::Envelope(_)), "{cut}: {failed}");
    }
    let longer = [body.as_slice(), &[0; 20]].concat();
    assert!(opened(&header, &longer, Some(&platform)).await.is_err());
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
    let failed = decrypt_body(&header, &cek, body.as_slice(), &mut output, None).await;
    assert!(failed.is_err());
    assert!(output.into_inner().is_empty());
}

#[tokio::test]
async fn platform_that_takes_no_key_is_told() {
    let platform = Platform {
        refuses: true,
        ..Platform::default()
    };
    let mut envelope = Cursor::new(Vec::new());
    let failed = encryption(Cipher::default(), None)
        .write_stream(&b"text"[..], &mut envelope, Some(&platform))
        .await
        .unwrap_err();
    assert_eq!(failed.code(), "platform_failed");
}

#[tokio::test]
async fn input_of_another_length_than_announced_makes_no_envelope() {
    for (announced, len) in [(10, 9), (10, 11), (0, 1), (LARGE as u64, LARGE - 1)] {
        let mut envelope = Cursor::new(Vec::new());
        let file = plaintext(len);
        let failed = encryption(Cipher::default(), Some(announced))
            .write_stream(file.as_slice(), &mut envelope, None)
            .await
            .unwrap_err();
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
