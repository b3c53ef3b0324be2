//! Pieces into data sets: what is sent, what is waited for, what is never sent twice.

use stheno::storage::{Adding, StorageFault};

use crate::{
    Piece,
    double::{Double, Fault, Route, transaction},
    hasty_provider, provider,
};

/// Stands for what a payer signed.
const SIGNED: [u8; 4] = [0xde, 0xad, 0xbe, 0xef];

fn pieces(count: u64) -> Vec<stheno::envelope::PieceCid> {
    (0..count).map(|seed| Piece::new(seed, 200).cid).collect()
}

#[tokio::test]
async fn data_set_is_made_with_what_the_payer_signed() {
    let double = Double::start();
    let store = provider(&double);
    let keeper = "0xAD28BBF18A72f728Ed816D07F5a1d7Ec40D68b5e"
        .parse()
        .unwrap();
    let pieces = pieces(2);
    let adding = store
        .create_data_set(keeper, &pieces, &SIGNED)
        .await
        .unwrap();
    assert_eq!(adding.transaction.to_string(), transaction());
    assert_eq!(adding.data_set, None);
    let (first, second) = (pieces[0].to_string(), pieces[1].to_string());
    let expected = serde_json::json!({
        "recordKeeper": "0xAD28BBF18A72f728Ed816D07F5a1d7Ec40D68b5e",
        "pieces": [
            { "pieceCid": first, "subPieces": [{ "subPieceCid": first }] },
            { "pieceCid": second, "subPieces": [{ "subPieceCid": second }] },
        ],
        "extraData": "0xdeadbeef",
    });
    let sent = double.desk().added[0].clone();
    // Addresses are compared without their checksum's case.
    assert_eq!(
        sent.to_string().to_lowercase(),
        expected.to_string().to_lowercase()
    );

    let added = store.added(&adding).await.unwrap();
    assert_eq!((added.data_set, added.pieces), (7, vec![0, 1]));
    // The one that landed.
    assert_eq!(
        added.transaction.to_string(),
        format!("0x{}", "22".repeat(32))
    );
    assert_eq!(double.count(Route::Created), 2);
}

#[tokio::test]
async fn pieces_are_added_to_a_data_set_that_is_there() {
    let double = Double::start();
    let store = provider(&double);
    let adding = store.add_pieces(7, &pieces(3), &SIGNED).await.unwrap();
    assert_eq!(adding.data_set, Some(7));
    let added = store.added(&adding).await.unwrap();
    assert_eq!((added.data_set, added.pieces), (7, vec![0, 1, 2]));
    assert_eq!(double.count(Route::Created), 0);
}

#[tokio::test]
async fn request_that_may_have_reached_the_chain_is_never_repeated() {
    for fault in [Fault::Status(500), Fault::Status(503), Fault::Silence] {
        let double = Double::start();
        double.always(Route::Add, fault);
        let store = hasty_provider(&double);
        let error = store.add_pieces(7, &pieces(1), &SIGNED).await.unwrap_err();
        assert!(error.to_string().contains("at data set 7: "), "{error}");
        assert_eq!(double.count(Route::Add), 1);
    }
    let double = Double::start();
    double.next(Route::Add, &[Fault::Busy(0), Fault::Busy(0)]);
    let store = provider(&double);
    store.add_pieces(7, &pieces(1), &SIGNED).await.unwrap();
    assert_eq!(double.count(Route::Add), 3);
}

#[tokio::test]
async fn transaction_that_the_chain_rejects_is_named() {
    let double = Double::start();
    let store = provider(&double);
    double.desk().rejects = true;
    let adding = store.add_pieces(7, &pieces(1), &SIGNED).await.unwrap();
    let rejected = StorageFault::Rejected {
        transaction: transaction(),
    };
    assert_eq!(*store.added(&adding).await.unwrap_err().fault, rejected);
    let new = Adding {
        data_set: None,
        ..adding
    };
    assert_eq!(*store.added(&new).await.unwrap_err().fault, rejected);
}

#[tokio::test]
async fn transaction_that_does_not_land_is_waited_for_no_longer_than_asked() {
    let double = Double::start();
    let store = hasty_provider(&double);
    let adding = store.add_pieces(7, &pieces(1), &SIGNED).await.unwrap();
    double.always(Route::Added, Fault::Status(404));
    let error = store.added(&adding).await.unwrap_err();
    assert_eq!(error.code(), "storage_unconfirmed");
    assert!(double.count(Route::Added) > 2);
}

#[tokio::test]
async fn answer_without_a_transaction_is_refused() {
    let double = Double::start();
    double.always(Route::Add, Fault::Location("/pdp/data-sets/7".to_owned()));
    let error = provider(&double).add_pieces(7, &pieces(1), &SIGNED).await;
    assert_eq!(error.unwrap_err().code(), "source_contradicts_itself");
}

#[tokio::test]
async fn more_pieces_than_a_provider_adds_at_once_are_refused_here() {
    let double = Double::start();
    let store = provider(&double);
    for count in [0, 41] {
        let error = store.add_pieces(7, &pieces(count), &SIGNED).await;
        assert_eq!(error.unwrap_err().code(), "batch_size");
    }
    assert!(double.desk().seen.is_empty());
    store.add_pieces(7, &pieces(40), &SIGNED).await.unwrap();
}
