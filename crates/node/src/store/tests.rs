use alloy::primitives::{Address, B256, Bytes, FixedBytes, LogData};
use stheno_chain::{BlockRef, Locator};
use stheno_protocol::{ItemId, PolicyDigest, Receipt, ReceiptTip, SignedReceipt};

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

fn owner() -> Owner {
    Owner {
        committee: Locator {
            chain_id: 314,
            contract: Address::repeat_byte(0xc0),
            committee_id: 1,
        },
        identity: Address::repeat_byte(0xd0),
    }
}

/// The end of the row, every link of which is computed here from the receipts.
async fn checked_row(path: &Path) -> ReceiptTip {
    let mut archive = ReceiptArchive::open(path).await.unwrap();
    let mut tip = ReceiptTip::default();
    for line in archive.page(0, i64::MAX as u64, u32::MAX).await.unwrap() {
        let digest = line.receipt.body.digest(&owner().committee.domain());
        tip = tip.then(&digest, &line.receipt.signature);
        assert_eq!((line.sequence, line.link), (tip.sequence, tip.link));
    }
    assert_eq!(archive.last().await.unwrap(), tip);
    archive.close().await.unwrap();
    tip
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
    let store = Store::open(&path, &owner()).await.unwrap();
    assert_eq!(store.followed_to().await.unwrap(), None);
    let logs = [log(1, 10, 0), log(1, 9, 4), log(1, 10, 1), log(2, 11, 0)];
    let up_to = BlockRef {
        number: 12,
        hash: B256::repeat_byte(8),
    };
    store.append_logs(&logs, up_to).await.unwrap();
    store.close().await;

    let store = Store::open(&path, &owner()).await.unwrap();
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
    let store = Store::open(&folder.path().join("node.db"), &owner())
        .await
        .unwrap();
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
    let store = Store::open(&path, &owner()).await.unwrap();
    store.receipts().keep(&receipt(1)).await.unwrap();
    // What a crash would leave: the files as they are now, without a clean close.
    let crashed = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), crashed.path().join(entry.file_name())).unwrap();
    }
    let recovered = Store::open(&crashed.path().join("node.db"), &owner())
        .await
        .unwrap();
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
    let store = Store::open(&path, &owner()).await.unwrap();
    let writes = (0..600_u32).map(|i| {
        let receipts = store.receipts().clone();
        async move { receipts.keep(&receipt(i.to_le_bytes()[0])).await }
    });
    for result in futures::future::join_all(writes).await {
        result.unwrap();
    }
    assert_eq!(kept_receipts(&store).await, 600);
    assert_eq!(checked_row(&path).await.sequence, 600);
    store.close().await;
    let refused = store.receipts().keep(&receipt(1)).await;
    assert!(matches!(refused, Err(StoreError::Stopped)), "{refused:?}");
}

#[tokio::test]
async fn store_refuses_a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    std::fs::write(&path, vec![b'x'; 4096]).unwrap();
    let error = Store::open(&path, &owner()).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("node.db"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), [b'x'; 4096]);
}

#[tokio::test]
async fn store_refuses_a_journal_that_was_cut_at_any_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = Store::open(&path, &owner()).await.unwrap();
    let call = Bytes::from(vec![7; 30_000]);
    let scope = B256::repeat_byte(1);
    store.journal(&scope, "deal", &call, 1).await.unwrap();
    store.close().await;
    let whole = std::fs::read(&path).unwrap();
    for length in (1..whole.len() / 4096).map(|pages| pages * 4096 - 100) {
        // Nothing is beside it: what was in the write-ahead log is in the file.
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = Store::open(&path, &owner()).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Corrupt { .. }),
            "{length}: {error}"
        );
        for beside in ["node.db-wal", "node.db-shm"] {
            let _ = std::fs::remove_file(folder.path().join(beside));
        }
    }
    std::fs::write(&path, &whole).unwrap();
    let store = Store::open(&path, &owner()).await.unwrap();
    assert_eq!(store.journalled(&scope, "deal").await.unwrap(), Some(call));
    store.close().await;
}

#[tokio::test]
async fn store_refuses_a_journal_from_the_future() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = Store::open(&path, &owner()).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations \
                 (version, description, success, checksum, execution_time) \
                 VALUES (77, 'what is to come', TRUE, x'00', 0)";
    sqlx::query(newer).execute(&store.pool).await.unwrap();
    store.close().await;
    let error = Store::open(&path, &owner()).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { format: 77, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("update the program"), "{error}");
}

#[tokio::test]
async fn row_of_receipts_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    for round in 1..=3 {
        let store = Store::open(&path, &owner()).await.unwrap();
        store.receipts().keep(&receipt(round)).await.unwrap();
        // Beside a store that is open, and one that is closed.
        assert_eq!(checked_row(&path).await.sequence, u64::from(round));
        store.close().await;
        assert_eq!(checked_row(&path).await.sequence, u64::from(round));
    }
}

#[tokio::test]
async fn row_of_receipts_has_no_gap_after_a_write_that_failed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = Store::open(&path, &owner()).await.unwrap();
    store.receipts().keep(&receipt(1)).await.unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON receipt \
                BEGIN SELECT RAISE(ABORT, 'no room'); END";
    sqlx::query(full).execute(&store.pool).await.unwrap();
    for _ in 0..2 {
        store.receipts().keep(&receipt(2)).await.unwrap_err();
    }
    assert_eq!(checked_row(&path).await.sequence, 1);
    let room = sqlx::query("DROP TRIGGER full").execute(&store.pool);
    room.await.unwrap();
    store.receipts().keep(&receipt(3)).await.unwrap();
    assert_eq!(checked_row(&path).await.sequence, 2);
    store.close().await;
}

#[tokio::test]
async fn store_refuses_to_go_on_behind_a_receipt_that_was_changed() {
    for (change, words) in [
        (
            "UPDATE receipt SET receipt = replace(receipt, '\"epoch\":1', '\"epoch\":2') WHERE sequence = 3",
            "receipt 3 is not the one",
        ),
        (
            "UPDATE receipt SET link = zeroblob(32) WHERE sequence = 2",
            "receipt 3 is not the one",
        ),
        (
            "DELETE FROM receipt WHERE sequence = 2",
            "receipt 3 follows none",
        ),
        (
            "UPDATE receipt SET receipt = '{}' WHERE sequence = 3",
            "receipt 3 is no receipt",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.db");
        let store = Store::open(&path, &owner()).await.unwrap();
        for number in 1..=3 {
            store.receipts().keep(&receipt(number)).await.unwrap();
        }
        let changed = sqlx::query(change).execute(&store.pool).await.unwrap();
        assert_eq!(changed.rows_affected(), 1, "{change}");
        store.close().await;
        let error = Store::open(&path, &owner()).await.unwrap_err().to_string();
        assert!(error.contains(words), "{change}: {error}");
        assert!(error.contains("backup"), "{error}");
    }
}

#[tokio::test]
async fn store_is_refused_to_another_node_and_for_another_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    Store::open(&path, &owner()).await.unwrap().close().await;
    let mut other = owner();
    other.committee.committee_id = 2;
    let thief = Owner {
        identity: Address::ZERO,
        ..owner()
    };
    for stranger in [other, thief] {
        let error = Store::open(&path, &stranger).await.unwrap_err();
        assert!(matches!(error, StoreError::OtherOwner { .. }), "{error}");
        assert!(error.to_string().contains("data_dir"), "{error}");
    }
    let mut archive = ReceiptArchive::open(&path).await.unwrap();
    assert_eq!(archive.owner().await.unwrap(), Some(owner()));
    assert_eq!(archive.last().await.unwrap(), ReceiptTip::default());
    Store::open(&path, &owner()).await.unwrap().close().await;
}

#[tokio::test]
async fn marks_are_kept_through_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let (one, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let store = Store::open(&path, &owner()).await.unwrap();
    store.canary_has_opened(&one, 7).await.unwrap();
    store.canary_has_opened(&one, 8).await.unwrap();
    store.note_erasure(&other, 9).await.unwrap();
    store.close().await;
    let store = Store::open(&path, &owner()).await.unwrap();
    assert!(store.is_canary_opened(&one).await.unwrap());
    assert!(!store.is_canary_opened(&other).await.unwrap());
    assert_eq!(store.erasures().await.unwrap(), [other].into());
    store.close().await;
}
