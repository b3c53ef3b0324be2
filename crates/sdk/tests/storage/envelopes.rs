//! An envelope that is a piece, read by ranges from several copies: there the chunk's tag decides.

use std::sync::Arc;

use stheno::{
    Error, FileReader,
    crypto::Cek,
    envelope::{BaseNonce, EncryptOptions, Encryptor, Header},
    storage::{Copies, Store},
};

use crate::{
    Piece, cid_of,
    double::{Double, Fault, Route},
    server,
};

fn envelope() -> (Vec<u8>, Piece) {
    let plaintext = Piece::new(1, 1_000_000).bytes;
    let mut bytes = Vec::new();
    let nonce = BaseNonce::from_bytes([3; 12]);
    Encryptor::new(EncryptOptions::default(), Vec::new(), &cek(), nonce)
        .unwrap()
        .encrypt(plaintext.as_slice(), &mut bytes)
        .unwrap();
    let cid = cid_of(&bytes);
    (plaintext, Piece { cid, bytes })
}

fn cek() -> Cek {
    Cek::from_bytes([7; 32])
}

fn reader(piece: &Piece, stores: Vec<Arc<dyn Store>>) -> FileReader<Copies> {
    let header = Header::read(&mut piece.bytes.as_slice()).unwrap();
    FileReader::new(&header, &cek(), Copies::new(piece.cid, stores)).unwrap()
}

#[tokio::test]
async fn range_is_read_from_the_next_copy_when_a_tag_does_not_fit() {
    let (plaintext, piece) = envelope();
    for fault in [
        Fault::OtherBytes,
        Fault::NoRange,
        Fault::Status(404),
        Fault::CutAfter(9),
    ] {
        let (liar, honest) = (Double::with(&[&piece]), Double::with(&[&piece]));
        liar.always(Route::Read, fault.clone());
        let stores: Vec<Arc<dyn Store>> = vec![Arc::new(server(&liar)), Arc::new(server(&honest))];
        let mut file = reader(&piece, stores);
        let range = file.read_range(400_000..600_000).await.unwrap();
        assert!(*range == plaintext[400_000..600_000], "{fault:?}");
        assert!(liar.count(Route::Read) > 0);
        // Who lied once is asked last.
        let before = liar.count(Route::Read);
        let range = file.read_range(0..1000).await.unwrap();
        assert!(*range == plaintext[..1000]);
        assert_eq!(liar.count(Route::Read), before, "{fault:?}");
    }
}

#[tokio::test]
async fn range_fails_when_no_copy_has_it_and_the_error_names_the_last() {
    let (_, piece) = envelope();
    let (liar, gone) = (Double::with(&[&piece]), Double::start());
    liar.always(Route::Read, Fault::OtherBytes);
    let stores: Vec<Arc<dyn Store>> = vec![Arc::new(server(&gone)), Arc::new(server(&liar))];
    let read = reader(&piece, stores).read_range(0..1000).await;
    assert!(matches!(read, Err(Error::Envelope(_))), "{read:?}");

    let stores: Vec<Arc<dyn Store>> = vec![Arc::new(server(&gone))];
    let error = reader(&piece, stores)
        .read_range(0..1000)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "not_stored");
    assert!(error.to_string().contains(server(&gone).name()), "{error}");
    let error = reader(&piece, Vec::new()).read_range(0..1000).await;
    assert_eq!(error.unwrap_err().code(), "source_unreadable");
}
