//! Readers of a committee that changes: one who reads all the time, one who does not look again.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use stheno::{
    Client, NetworkFile, Wallet,
    bounds::BoxFuture,
    clock::SystemClock,
    ledger::{Committee, Ledger, LedgerError, RpcLedger},
    transport::HttpTransport,
};
use stheno_cli::devnet::Devnet;
use stheno_envelope::Locator;
use stheno_protocol::{ChainId, Position};
use tokio::task::JoinHandle;

use crate::someone::Someone;

/// A client of the SDK that reads one file again and again.
pub(crate) struct Reading {
    stop: Arc<AtomicBool>,
    task: JoinHandle<u32>,
}

impl Reading {
    pub(crate) fn begin(
        devnet: &Devnet,
        who: &Someone,
        envelope: Vec<u8>,
        original: Vec<u8>,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let client = Client::for_reading(std::slice::from_ref(devnet.rpc())).unwrap();
        let wallet = Wallet::from_private_key(&who.key()).unwrap();
        let task = tokio::spawn(async move {
            let mut reads = 0;
            while !stopped.load(Ordering::SeqCst) {
                let mut copy = Vec::new();
                let read = client
                    .decrypt(&wallet, envelope.as_slice(), &mut copy)
                    .await;
                if let Err(error) = read {
                    panic!("read {reads} failed: {error}");
                }
                assert!(copy == original);
                reads += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            reads
        });
        Self { stop, task }
    }

    pub(crate) async fn end(self) -> u32 {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap()
    }
}

/// A reader who read the committee once and never again.
pub(crate) struct Stale {
    client: Client,
}

struct StaleLedger {
    live: RpcLedger,
    committee: Mutex<Option<Committee>>,
}

impl Ledger for StaleLedger {
    fn committee<'a>(
        &'a self,
        locator: &'a Locator,
    ) -> BoxFuture<'a, Result<Committee, LedgerError>> {
        Box::pin(async move {
            let known = self.committee.lock().unwrap().clone();
            if let Some(known) = known {
                return Ok(known);
            }
            let read = self.live.committee(locator).await?;
            *self.committee.lock().unwrap() = Some(read.clone());
            Ok(read)
        })
    }

    fn block_at(
        &self,
        chain: ChainId,
        number: u64,
    ) -> BoxFuture<'_, Result<Option<Position>, LedgerError>> {
        self.live.block_at(chain, number)
    }
}

impl Stale {
    pub(crate) async fn read(devnet: &Devnet) -> Self {
        let ledger = StaleLedger {
            live: RpcLedger::new([devnet.rpc().clone()]),
            committee: Mutex::new(None),
        };
        let client = Client::new(ledger, HttpTransport::new().unwrap(), SystemClock);
        let network = NetworkFile::load(devnet.network_path()).unwrap();
        let tuning = stheno::Tuning {
            patience: Duration::from_secs(2),
            finality_patience: Duration::from_secs(2),
            ..stheno::Tuning::default()
        };
        // Pinning reads the committee for the first and last time.
        let client = client.with_tuning(tuning).pin(network).await.unwrap();
        Self { client }
    }

    pub(crate) async fn opens(
        &self,
        who: &Someone,
        envelope: &[u8],
    ) -> Result<Vec<u8>, stheno::Error> {
        let wallet = Wallet::from_private_key(&who.key()).unwrap();
        let mut copy = Vec::new();
        self.client.decrypt(&wallet, envelope, &mut copy).await?;
        Ok(copy)
    }
}
