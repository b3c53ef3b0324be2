//! Receipts, in groups: one commit for all that wait.
//!
//! A durable commit costs 150 µs whatever it holds. So one task writes; while
//! it commits, the next receipts queue up and share the next commit. A caller
//! goes on when its receipt is on disk, and not before.

use sqlx::{QueryBuilder, Sqlite, SqlitePool};
use stheno_protocol::SignedReceipt;
use tokio::sync::{mpsc, oneshot};

use super::{StoreError, integer};

/// Most receipts of one commit.
const GROUP: usize = 256;
/// Most receipts that wait; more make their requests wait.
const QUEUE: usize = 4_096;

/// The writer of receipts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ReceiptLog {
    queue: mpsc::Sender<Job>,
}

#[derive(Debug)]
enum Job {
    Write(Row, oneshot::Sender<Result<(), StoreError>>),
    Stop(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Row {
    time: i64,
    account: [u8; 20],
    request_digest: [u8; 32],
    json: String,
}

impl ReceiptLog {
    pub(super) fn start(pool: SqlitePool) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(write_groups(pool, jobs));
        Self { queue }
    }

    /// Keeps a receipt; durable when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; then it is not known to be kept, and nothing may be released.
    pub async fn keep(&self, receipt: &SignedReceipt) -> Result<(), StoreError> {
        let row = Row {
            time: integer(receipt.body.time)?,
            account: receipt.body.account.into_array(),
            request_digest: receipt.body.request_digest.0,
            json: serde_json::to_string(receipt)
                .map_err(|_| StoreError::Damaged("a receipt that is no JSON"))?,
        };
        let (done, written) = oneshot::channel();
        self.queue
            .send(Job::Write(row, done))
            .await
            .map_err(|_| StoreError::Stopped)?;
        written.await.map_err(|_| StoreError::Stopped)?
    }

    /// Writes what is queued, then ends.
    pub(super) async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.queue.send(Job::Stop(done)).await.is_ok() {
            let _ = stopped.await;
        }
    }
}

async fn write_groups(pool: SqlitePool, mut jobs: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(GROUP);
    while jobs.recv_many(&mut group, GROUP).await > 0 {
        let mut rows = Vec::with_capacity(group.len());
        let mut waiting = Vec::with_capacity(group.len());
        let mut stop = None;
        for job in group.drain(..) {
            match job {
                Job::Write(row, done) => {
                    rows.push(row);
                    waiting.push(done);
                }
                Job::Stop(done) => stop = Some(done),
            }
        }
        let result = write(&pool, rows).await;
        if let Err(error) = &result {
            tracing::error!(%error, receipts = waiting.len(), "receipts could not be written");
        }
        let failed = result.is_err();
        for done in waiting {
            let answer = if failed {
                Err(StoreError::Damaged("receipts could not be written"))
            } else {
                Ok(())
            };
            // A caller that went away does not matter: its receipt is kept.
            let _ = done.send(answer);
        }
        if let Some(done) = stop {
            jobs.close();
            let _ = done.send(());
        }
    }
}

async fn write(pool: &SqlitePool, rows: Vec<Row>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut insert = QueryBuilder::<Sqlite>::new(
        "INSERT INTO receipt (time, account, request_digest, receipt) ",
    );
    insert.push_values(rows, |mut values, row| {
        values
            .push_bind(row.time)
            .push_bind(row.account.to_vec())
            .push_bind(row.request_digest.to_vec())
            .push_bind(row.json);
    });
    insert.build().execute(pool).await?;
    Ok(())
}
