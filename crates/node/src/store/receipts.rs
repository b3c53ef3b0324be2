//! Receipts, in groups: one commit for all that wait.
//!
//! A durable commit costs 150 µs of processor time whatever it holds. So one
//! task writes; while it commits, the next receipts queue up and share the next
//! commit, and it gives those that are announced a moment to come. A caller goes
//! on when its receipt is on disk, and not before.
//!
//! Receipts are numbered and linked in the order in which they are written
//! (SPEC.md "Receipts in a row"). Only what was committed moves the end of the
//! row; after a failure it is read again, since nobody knows what was written.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy::primitives::B256;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqlitePool};
use stheno_protocol::{Domain, ReceiptTip, SignedReceipt};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{StoreError, integer, receipt_archive::tip_of};

/// Most receipts of one commit.
const GROUP: usize = 256;
/// Most receipts that wait; more make their requests wait.
const QUEUE: usize = 4_096;

/// Receipts for which a commit waits no longer.
const ENOUGH: usize = 32;
/// Longest that a receipt waits for announced ones, to share their commit.
const PATIENCE: Duration = Duration::from_millis(10);

/// The writer of receipts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ReceiptLog {
    queue: mpsc::Sender<Job>,
    domain: Domain,
    announced: Arc<AtomicUsize>,
}

/// A receipt that is kept soon, or not at all: dropped when that is known.
#[derive(Debug)]
#[must_use = "an announcement ends when it is dropped"]
pub struct Announcement(Arc<AtomicUsize>);

impl Drop for Announcement {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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
    digest: B256,
    signature: Vec<u8>,
}

impl ReceiptLog {
    /// Starts the writer where the row ends.
    ///
    /// # Errors
    /// [`StoreError::Receipt`] when the last receipt is not what was kept.
    pub(super) async fn start(pool: SqlitePool, domain: Domain) -> Result<Self, StoreError> {
        let tip = checked_tip(&pool, &domain).await?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let announced = Arc::<AtomicUsize>::default();
        let jobs = Jobs {
            queue: jobs,
            announced: Arc::clone(&announced),
        };
        tokio::spawn(write_groups(pool, domain, tip, jobs));
        Ok(Self {
            queue,
            domain,
            announced,
        })
    }

    /// Says that a receipt is under way. Those that are kept meanwhile wait for it, a moment.
    pub fn announce(&self) -> Announcement {
        self.announced.fetch_add(1, Ordering::Relaxed);
        Announcement(Arc::clone(&self.announced))
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
            digest: receipt.body.digest(&self.domain),
            signature: receipt.signature.to_vec(),
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

/// What the writer is given.
struct Jobs {
    queue: mpsc::Receiver<Job>,
    announced: Arc<AtomicUsize>,
}

impl Jobs {
    /// The next ones, and those that come within a moment, while more are announced than are here.
    /// Tells whether there are any.
    async fn gather(&mut self, group: &mut Vec<Job>) -> bool {
        if self.queue.recv_many(group, GROUP).await == 0 {
            return false;
        }
        let until = Instant::now() + PATIENCE;
        while group.len() < self.announced.load(Ordering::Relaxed).min(ENOUGH) {
            match timeout_at(until, self.queue.recv_many(group, ENOUGH)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        true
    }
}

async fn write_groups(pool: SqlitePool, domain: Domain, tip: ReceiptTip, mut jobs: Jobs) {
    // None: a commit failed, and perhaps not wholly.
    let mut tip = Some(tip);
    let mut group = Vec::with_capacity(GROUP);
    while jobs.gather(&mut group).await {
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
        if !rows.is_empty() {
            let written = write(&pool, &domain, tip, rows).await;
            if let Err(error) = &written {
                tracing::error!(%error, receipts = waiting.len(), "receipts could not be written");
            }
            tip = written.ok();
        }
        for done in waiting {
            let answer = match tip {
                Some(_) => Ok(()),
                None => Err(StoreError::Damaged("receipts could not be written")),
            };
            // A caller that went away does not matter: its receipt is kept.
            let _ = done.send(answer);
        }
        if let Some(done) = stop {
            jobs.queue.close();
            let _ = done.send(());
        }
    }
}

/// Writes all of `rows` behind `tip`, or none; gives the new end.
async fn write(
    pool: &SqlitePool,
    domain: &Domain,
    tip: Option<ReceiptTip>,
    rows: Vec<Row>,
) -> Result<ReceiptTip, StoreError> {
    let mut tip = match tip {
        Some(tip) => tip,
        None => checked_tip(pool, domain).await?,
    };
    let mut linked = Vec::with_capacity(rows.len());
    for row in rows {
        tip = tip.then(&row.digest, &row.signature);
        linked.push((integer(tip.sequence)?, tip.link, row));
    }
    // One statement is one transaction.
    let mut insert = QueryBuilder::<Sqlite>::new(
        "INSERT INTO receipt (sequence, link, time, account, request_digest, receipt) ",
    );
    insert.push_values(linked, |mut values, (sequence, link, row)| {
        values
            .push_bind(sequence)
            .push_bind(link.to_vec())
            .push_bind(row.time)
            .push_bind(row.account.to_vec())
            .push_bind(row.request_digest.to_vec())
            .push_bind(row.json);
    });
    insert.build().execute(pool).await?;
    Ok(tip)
}

/// Where the row ends, its last receipt checked against its own link and the one before.
async fn checked_tip(pool: &SqlitePool, domain: &Domain) -> Result<ReceiptTip, StoreError> {
    let rows =
        sqlx::query("SELECT sequence, link, receipt FROM receipt ORDER BY sequence DESC LIMIT 2")
            .fetch_all(pool)
            .await?;
    let Some(last) = rows.first() else {
        return Ok(ReceiptTip::default());
    };
    let tip = tip_of(last)?;
    let sequence = tip.sequence;
    let before = rows.get(1).map_or(Ok(ReceiptTip::default()), tip_of)?;
    if before.sequence.checked_add(1) != Some(sequence) {
        let why = "follows none, though one was kept before it";
        return Err(StoreError::Receipt { sequence, why });
    }
    let receipt = receipt_of(sequence, last.try_get(2)?)?;
    match before.then(&receipt.body.digest(domain), &receipt.signature) == tip {
        true => Ok(tip),
        false => Err(StoreError::Receipt {
            sequence,
            why: "is not the one that its link is of",
        }),
    }
}

/// A receipt as it was written.
pub(super) fn receipt_of(sequence: u64, json: &str) -> Result<SignedReceipt, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::Receipt {
        sequence,
        why: "is no receipt",
    })
}
