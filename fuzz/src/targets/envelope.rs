//! Headers, bodies, names of pieces.

use std::{io::Cursor, num::NonZeroUsize, sync::LazyLock};

use stheno_crypto::{Cek, ItemId, KeyShare, NetworkKey, NodeIndex, PolicyDigest};
use stheno_envelope::{
    Aes256KwRecipient, BaseNonce, ChunkSize, Cipher, Decryptor, EncryptOptions, Encryptor, Header,
    Location, Locator, PieceCid, PieceHasher, PolicyField, RangeReader, Recipient, SharedKey,
    ThresholdRecipient, Value, X25519Recipient, X25519Secret,
};

use crate::{Kind, Target, Verdict};

const KEY: [u8; 32] = [0x42; 32];
const PLAINTEXT: usize = 9000;

/// An envelope of every cipher and of every kind of recipient, with its plaintext.
struct Written {
    header: Header,
    body: Vec<u8>,
    plaintext: Vec<u8>,
}

static WRITTEN: LazyLock<Vec<Written>> = LazyLock::new(|| {
    let aes = Cipher::ChunkedAes256Gcm;
    let chacha = Cipher::ChunkedChaCha20Poly1305;
    let location = Location {
        cid: b"cid".to_vec(),
        offset: 500,
        length: 9000,
    };
    [
        (aes, recipients(), PLAINTEXT),
        (chacha, recipients(), PLAINTEXT),
        (Cipher::Aes256Gcm, recipients(), 700),
        (aes, Vec::new(), PLAINTEXT),
        (chacha, Vec::new(), 0),
    ]
    .into_iter()
    .map(|(cipher, recipients, length)| {
        let plaintext: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
        let metadata = [(Value::from("name"), Value::from("talk.mp4"))];
        let options = EncryptOptions {
            cipher,
            chunk_size: ChunkSize::MIN_WRITTEN,
            metadata: Some(Value::Map(metadata.into())),
            plaintext_len: Some(length as u64),
            threads: NonZeroUsize::new(1),
        };
        let nonce = BaseNonce::from_bytes([7, 6, 5, 4, 3, 2, 1, 0xa, 0xb, 0xc, 0xd, 0xe]);
        let encryptor = Encryptor::new(options, recipients, &Cek::from_bytes(KEY), nonce)
            .expect("valid options");
        let mut envelope = Vec::new();
        encryptor
            .encrypt(&plaintext[..], &mut envelope)
            .expect("memory takes everything");
        let mut body = envelope.as_slice();
        let header = Header::read(&mut body).expect("it was just written");
        let header = match cipher {
            // One is detached, so that locations are among the first inputs.
            Cipher::Aes256Gcm => header.detached(&location).expect("it stays small"),
            _ => header,
        };
        Written {
            body: body.to_vec(),
            header,
            plaintext,
        }
    })
    .collect()
});

fn recipients() -> Vec<Recipient> {
    let cek = Cek::from_bytes(KEY);
    let share = KeyShare::from_secret_bytes(NodeIndex::new(1).expect("not 0"), &[7; 32])
        .expect("below the group order");
    let network_key = NetworkKey::from_bytes(&share.public_key().to_bytes()).expect("a point");
    let locator = Locator {
        chain_id: 314,
        contract: [0xcc; 20],
        committee_id: 1,
    };
    let threshold = |policy| {
        let item = ItemId::from_bytes([1; 32]);
        ThresholdRecipient::seal(&network_key, &locator, policy, item, &cek, &[3; 32]).into()
    };
    let reader = X25519Secret::from_bytes([3; 32]).public();
    vec![
        threshold(PolicyField::Bytes(b"a policy".to_vec())),
        threshold(PolicyField::Digest(PolicyDigest::of(b"hidden"))),
        Aes256KwRecipient::wrap(&SharedKey::from_bytes([1; 32]), b"shared", &cek).into(),
        X25519Recipient::wrap(&reader, reader.as_bytes(), &cek, &[4; 32])
            .expect("a good key")
            .into(),
    ]
}

fn headers() -> Vec<Vec<u8>> {
    WRITTEN
        .iter()
        .map(|written| written.header.as_bytes().to_vec())
        .collect()
}

/// A header in front of a body, with everything in it: recipients, locators, metadata, location.
pub(super) const HEADER: Target = Target::new("header", Kind::Cbor, headers, |input| {
    let mut rest = input;
    match Header::read(&mut rest) {
        Ok(header) => {
            let read = input.len() - rest.len();
            assert_eq!(
                Some(header.as_bytes()),
                input.get(..read),
                "kept in other bytes than were read"
            );
            understand(&header);
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    }
})
.memory(64 * 1024, 256);

/// A header that stands alone.
pub(super) const DETACHED_HEADER: Target = Target::new(
    "detached_header",
    Kind::Cbor,
    headers,
    |input| match Header::from_bytes(input) {
        Ok(header) => {
            assert_eq!(header.as_bytes(), input);
            understand(&header);
            let attached = header.attached().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(attached.location(), None);
            let location = Location {
                cid: vec![1, 2, 3],
                offset: 7,
                length: u64::MAX - 7,
            };
            if let Ok(detached) = attached.detached(&location) {
                assert_eq!(detached.location(), Some(&location));
                assert_eq!(detached.recipients(), header.recipients());
            }
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.memory(64 * 1024, 256);

/// What holds for every header that was read.
fn understand(header: &Header) {
    let again = Header::from_bytes(header.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.recipients(), header.recipients());
    assert_eq!(again.location(), header.location());
    if !header.recipients().is_empty() {
        let same = header
            .with_recipients(header.recipients().to_vec())
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(same.as_bytes(), header.as_bytes(), "a rewrap changes bytes");
    }
    for recipient in header.recipients() {
        match recipient {
            Recipient::Threshold(recipient) => {
                assert_eq!(recipient.network(), recipient.locator().network());
                let _ = (recipient.aad(), recipient.policy().digest());
            }
            Recipient::Aes256Kw(recipient) => {
                let _ = recipient.unwrap(&SharedKey::from_bytes([1; 32]));
            }
            Recipient::X25519(recipient) => {
                let _ = recipient.unwrap(&X25519Secret::from_bytes([3; 32]));
            }
            _ => {}
        }
    }
    // Whatever the header says of the body: no more memory than the body takes.
    if let Ok(decryptor) = Decryptor::new(header, &Cek::from_bytes(KEY)) {
        let one = NonZeroUsize::MIN;
        let _ = decryptor
            .threads(one)
            .decrypt(&[0_u8; 40][..], std::io::sink());
    }
}

/// A body under a header that is right; the first byte says which.
pub(super) const BODY: Target = Target::new(
    "body",
    Kind::Bytes,
    || {
        let bodies = (0_u8..).zip(WRITTEN.iter());
        bodies
            .map(|(which, written)| [&[which][..], &written.body].concat())
            .collect()
    },
    |input| {
        let Some((written, body)) = chosen(input) else {
            return Verdict::refused("no such envelope");
        };
        let mut plaintext = Vec::new();
        let cek = Cek::from_bytes(KEY);
        let opened = Decryptor::new(&written.header, &cek)
            .map(|decryptor| decryptor.threads(NonZeroUsize::MIN))
            .and_then(|decryptor| decryptor.decrypt(body, &mut plaintext));
        match opened {
            Ok(opened) => {
                assert_eq!(body, written.body, "another body opens");
                assert!(plaintext == written.plaintext);
                assert_eq!(opened.plaintext_len, plaintext.len() as u64);
                Verdict::Accepted
            }
            Err(error) => {
                assert!(body != written.body, "{error}");
                assert!(
                    written.plaintext.starts_with(&plaintext),
                    "something was written that was not encrypted"
                );
                Verdict::refused(error)
            }
        }
    },
)
// The pipeline takes a batch of chunks at a time, whatever the length of the file.
.memory(512 * 1024, 64)
.cost(2);

/// The same body, read in parts: what is read is what was written, and its end is known for sure.
pub(super) const RANGE: Target = Target::new(
    "range",
    Kind::Bytes,
    || (BODY.corpus)(),
    |input| {
        let Some((written, body)) = chosen(input) else {
            return Verdict::refused("no such envelope");
        };
        let cek = Cek::from_bytes(KEY);
        let mut reader = match RangeReader::new(&written.header, &cek, Cursor::new(body)) {
            Ok(reader) => reader,
            Err(error) => return Verdict::refused(error),
        };
        for range in [0..10, 4090..4100, 8000..9000] {
            let mut part = Vec::new();
            let asked = written.plaintext.get(range.start..range.end);
            let copied = reader.copy_range(range.start as u64..range.end as u64, &mut part);
            if copied.is_ok() {
                assert_eq!(Some(&part[..]), asked, "a part that was not encrypted");
            }
        }
        match reader.size() {
            Ok(size) => {
                assert_eq!(size, written.plaintext.len() as u64);
                Verdict::Accepted
            }
            Err(error) => Verdict::refused(error),
        }
    },
)
.memory(256 * 1024, 64);

fn chosen(input: &[u8]) -> Option<(&'static Written, &[u8])> {
    let (which, body) = input.split_first()?;
    Some((WRITTEN.get(usize::from(*which))?, body))
}

fn pieces() -> Vec<PieceCid> {
    [127, 128, 1, 4096, 1_000_000]
        .into_iter()
        .filter_map(|length| {
            let mut hasher = PieceHasher::new(NonZeroUsize::new(1));
            hasher.update(&vec![7; length]);
            hasher.finish().ok()
        })
        .collect()
}

/// The binary name of a piece.
pub(super) const PIECE_CID: Target = Target::new(
    "piece_cid",
    Kind::Bytes,
    || pieces().iter().map(PieceCid::to_bytes).collect(),
    |input| match PieceCid::from_bytes(input) {
        Ok(piece) => {
            assert_eq!(piece.to_bytes(), input, "another spelling of a name");
            assert_eq!(piece.to_string().parse(), Ok(piece));
            let _ = (piece.payload_len(), piece.padding());
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(100);

/// The name of a piece as text.
pub(super) const PIECE_CID_TEXT: Target = Target::new(
    "piece_cid_text",
    Kind::Text,
    || {
        pieces()
            .iter()
            .map(|piece| piece.to_string().into_bytes())
            .collect()
    },
    |input| match String::from_utf8_lossy(input).parse::<PieceCid>() {
        Ok(piece) => {
            assert_eq!(piece.to_string().as_bytes(), input, "another spelling");
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(200);
