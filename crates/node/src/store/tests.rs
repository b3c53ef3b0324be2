use alloy::primitives::{Address, B256, Bytes, FixedBytes, LogData};
use stheno_chain::BlockRef;
use stheno_protocol::{ItemId, PolicyDigest, Receipt, SignedReceipt};

use super::*;

fn log(ceremony: u64, block: u64, index: u64) -> StoredLog {
    let byte = u8::try_from(block + index).unwrap();
    StoredLog {
        ceremony,
        block,
        index,
        data: LogData::new_unchecked(
            vec![B256::repeat_byte(byte), B256::repeat_byte(1)],
            Bytes::from(vec![byte; 100]),
        ),
    }
}

fn receipt(byte: u8) -> SignedReceipt {
    SignedReceipt {
        body: Receipt {
            epoch: 1,
            node: 1,
            request_digest: B256::repeat_byte(byte),
            policy_digest: PolicyDigest::from_bytes([2; 32]),
            items: vec![ItemId::from_bytes([3; 32])],
            account: Address::repeat_byte(4),
            reader_key: FixedBytes::repeat_byte(5),
            anchors: vec![],
            shares_digest: B256::repeat_byte(6),
            time: 1_700_000_000,
        },
        signature: Bytes::from(vec![7; 65]),
    }
}

async fn kept_receipts(store: &Store) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM receipt")
        .fetch_one(&store.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn store_remembers_logs_and_position_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.followed_to().await.unwrap(), None);
    let logs = [log(1, 10, 0), log(1, 9, 4), log(1, 10, 1), log(2, 11, 0)];
    let up_to = BlockRef {
        number: 12,
        hash: B256::repeat_byte(8),
    };
    store.append_logs(&logs, up_to).await.unwrap();
    store.close().await;

    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.followed_to().await.unwrap(), Some(up_to));
    assert_eq!(store.ceremonies().await.unwrap(), [1, 2]);
    let kept = store.ceremony_logs(1).await.unwrap();
    assert_eq!(kept, [log(1, 9, 4), log(1, 10, 0), log(1, 10, 1)]);
    store.forget_logs().await.unwrap();
    assert!(store.ceremonies().await.unwrap().is_empty());
    assert_eq!(store.followed_to().await.unwrap(), None);
    store.close().await;
}

#[tokio::test]
async fn journal_keeps_the_first_message_of_a_step() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("node.db")).await.unwrap();
    let scope = B256::repeat_byte(1);
    let (first, second) = (Bytes::from_static(b"first"), Bytes::from_static(b"second"));
    assert_eq!(
        store.journal(&scope, "deal", &first, 1).await.unwrap(),
        first
    );
    assert_eq!(
        store.journal(&scope, "deal", &second, 2).await.unwrap(),
        first
    );
    assert_eq!(
        store.journal(&scope, "confirm", &second, 2).await.unwrap(),
        second
    );
    assert_eq!(store.journalled(&B256::ZERO, "deal").await.unwrap(), None);
    store.close().await;
}

#[tokio::test]
async fn receipt_is_on_disk_when_keep_returns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = Store::open(&path).await.unwrap();
    store.receipts().keep(&receipt(1)).await.unwrap();
    // What a crash would leave: the files as they are now, without a clean close.
    let crashed = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), crashed.path().join(entry.file_name())).unwrap();
    }
    let recovered = Store::open(&crashed.path().join("node.db")).await.unwrap();
    assert_eq!(kept_receipts(&recovered).await, 1);
    let json: String = sqlx::query_scalar("SELECT receipt FROM receipt")
        .fetch_one(&recovered.pool)
        .await
        .unwrap();
    let read: SignedReceipt = serde_json::from_str(&json).unwrap();
    assert_eq!(read, receipt(1));
    recovered.close().await;
    store.close().await;
}

#[tokio::test]
async fn receipts_of_many_callers_are_all_kept_and_none_after_close() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = Store::open(&path).await.unwrap();
    let writes = (0..600_u32).map(|i| {
        let receipts = store.receipts().clone();
        async move { receipts.keep(&receipt(i.to_le_bytes()[0])).await }
    });
    for result in futures::future::join_all(writes).await {
        result.unwrap();
    }
    assert_eq!(kept_receipts(&store).await, 600);
    store.close().await;
    let refused = store.receipts().keep(&receipt(1)).await;
    assert!(matches!(refused, Err(StoreError::Stopped)), "{refused:?}");
}

#[tokio::test]
async fn store_refuses_a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    std::fs::write(&path, vec![b'x'; 4096]).unwrap();
    assert!(matches!(
        Store::open(&path).await,
        Err(StoreError::Database(_) | StoreError::Migration(_))
    ));
}
