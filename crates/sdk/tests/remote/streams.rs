//! Whole files through asynchronous streams.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, io::Cursor};
use stheno::{
    Client, DecryptOptions, EncryptOptions, Error, Policy, Wallet, envelope::EnvelopeError,
    read_header, testing::Committee,
};

use super::Sealed;

const POLICY: &str =
    r#"{ "version": 1, "rule": { "balance": { "chain": 31415926, "min": "1" } } }"#;

fn reader(committee: &Committee) -> Wallet {
    let wallet = Wallet::random().unwrap();
    committee.chain().set_balance(wallet.address(), 1);
    committee.chain().finalize();
    wallet
}

async fn encrypt(client: &Client, plaintext: &[u8]) -> Vec<u8> {
    let policy = Policy::from_json(POLICY).unwrap();
    let mut sealed = Cursor::new(Vec::new());
    let written = client
        .encrypt_stream(&policy, plaintext, &mut sealed, EncryptOptions::default())
        .await
        .unwrap();
    assert_eq!(written.plaintext_len, plaintext.len() as u64);
    sealed.into_inner()
}

/// On a runtime of one thread: the work has its own.
#[tokio::test(flavor = "current_thread")]
async fn streams_carry_a_file_there_and_back() {
    let committee = Committee::new(2, 3).unwrap();
    let client = committee.client();
    let wallet = reader(&committee);
    for bytes in [0, 1, 300_000, 5_000_000] {
        let plaintext = Sealed::new(bytes, Default::default()).plaintext;
        let sealed = encrypt(&client, &plaintext).await;
        let mut opened = Cursor::new(Vec::new());
        let options = DecryptOptions::default();
        client
            .decrypt_stream(&wallet, sealed.as_slice(), &mut opened, &options)
            .await
            .unwrap();
        assert!(opened.into_inner() == plaintext, "{bytes}");
    }
}

/// A stream that fails after what it has.
struct Fails<R>(R);

impl<R: AsyncRead + Unpin> AsyncRead for Fails<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.0).poll_read(cx, buffer) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::Error::other("the line is dead"))),
            read => read,
        }
    }
}

/// A stream that takes so many bytes.
struct Full(usize);

impl AsyncWrite for Full {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = self.0.min(bytes.len());
        self.0 -= taken;
        Poll::Ready(match taken {
            0 => Err(io::ErrorKind::StorageFull.into()),
            taken => Ok(taken),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn streams_report_the_faults_of_either_side() {
    let committee = Committee::new(2, 3).unwrap();
    let client = committee.client();
    let wallet = reader(&committee);
    let plaintext = Sealed::new(5_000_000, Default::default()).plaintext;
    let sealed = encrypt(&client, &plaintext).await;
    let options = DecryptOptions::default();

    let broken = Fails(&sealed[..1_000_000]);
    let error = client
        .decrypt_stream(&wallet, broken, Full(usize::MAX), &options)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Envelope(EnvelopeError::Read(_))),
        "{error}"
    );
    assert!(error.to_string().contains("the line is dead"), "{error}");

    let error = client
        .decrypt_stream(&wallet, sealed.as_slice(), Full(1_000_000), &options)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Envelope(EnvelopeError::Write(error))
            if error.kind() == io::ErrorKind::StorageFull),
        "{error}"
    );

    let error = client
        .decrypt_stream(&wallet, &sealed[..1_000_000], Full(usize::MAX), &options)
        .await
        .unwrap_err();
    // What is there of the last chunk is no chunk.
    let cut = matches!(error, Error::Envelope(EnvelopeError::Chunk { index: 3 }));
    assert!(cut, "{error}");

    // A fault in the middle ends it, though the input would go on for ever.
    let mut damaged = sealed.clone();
    damaged[2_000_000] ^= 1;
    let endless = damaged.as_slice().chain(futures::io::repeat(0));
    let error = client
        .decrypt_stream(&wallet, endless, Full(usize::MAX), &options)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Envelope(EnvelopeError::Chunk { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn header_is_read_with_what_follows_it() {
    let sealed = Sealed::new(10_000, Default::default());
    let mut source = sealed.envelope.as_slice();
    let (header, rest) = read_header(&mut source).await.unwrap();
    assert_eq!([header.as_bytes(), &rest, source].concat(), sealed.envelope);
    let mut cut = &sealed.envelope[..50];
    assert!(read_header(&mut cut).await.is_err());
}
