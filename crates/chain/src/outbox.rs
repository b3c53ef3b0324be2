//! One account's transactions on their way.
//!
//! A transaction is signed once and then only repeated: what was sent and not
//! seen mined is remembered, and sending the same again repeats the very same
//! bytes (or, when fees have outrun it, the same nonce with a higher fee), so
//! that it happens at most once. After a restart nothing is remembered; then
//! the account's pending nonce keeps a second transaction behind the first,
//! and the contracts refuse what is already done.

use std::time::Duration;

use alloy::consensus::{SignableTransaction, TxEip1559};
use alloy::eips::eip2718::Encodable2718;
use alloy::eips::eip2930::AccessList;
use alloy::network::TxSigner;
use alloy::primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use futures::StreamExt;
use futures::lock::Mutex;

use crate::block::BlockRef;
use crate::chain::Chain;
use crate::clock::{Instant, sleep};
use crate::endpoint::Fault;
use crate::error::ChainError;
use crate::question::{Call, CallEnd};
use crate::quote::{Estimate, Fees, Receipt};
use crate::revert::Revert;
use crate::send::{SendError, SendOptions, Sent};

/// Added to estimated gas, in percent: the state may differ when it is mined.
const GAS_MARGIN: u64 = 20;
/// Least rise of the fees, in percent, at which pools take another transaction
/// in place of a pending one (Lotus asks for 25, others for 10).
const REPLACEMENT: u128 = 30;
/// Between two looks for a receipt: at first, and at most.
const LOOK: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// After a nonce was refused, until another is asked for.
const AGAIN: Duration = Duration::from_secs(1);
/// How often a pending transaction is sent again, besides when the chain can be read again.
const REPEAT: Duration = Duration::from_secs(30);

/// One account's transactions.
pub(crate) struct Outbox {
    pub(crate) chain: Chain,
    pub(crate) signer: Box<dyn TxSigner<Signature> + Send + Sync>,
    options: SendOptions,
    queue: Mutex<Queue>,
}

/// What the account has done through this sender.
#[derive(Default)]
struct Queue {
    /// Least nonce not used yet, as far as is known here.
    next: u64,
    /// Sent, and not seen mined.
    pending: Option<Pending>,
}

#[derive(Clone)]
struct Pending {
    order: Order,
    nonce: u64,
    gas: u64,
    fees: Fees,
    /// The newest bytes.
    raw: Bytes,
    /// Of all bytes ever sent for this nonce; the newest is last.
    hashes: Vec<B256>,
}

/// What is to be done.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Order {
    pub(crate) to: Option<Address>,
    pub(crate) data: Bytes,
    pub(crate) value: U256,
    /// The nonce that it must have, where that matters.
    pub(crate) nonce: Option<u64>,
}

impl Outbox {
    pub(crate) fn new(
        chain: Chain,
        signer: Box<dyn TxSigner<Signature> + Send + Sync>,
        options: SendOptions,
    ) -> Self {
        Self {
            chain,
            signer,
            options,
            queue: Mutex::default(),
        }
    }

    /// Sees to it that `order` is mined, after what is pending.
    pub(crate) async fn carry_out(&self, order: Order) -> Result<Sent, SendError> {
        let mut queue = self.queue.lock().await;
        let until = Instant::now() + self.options.patience;
        if let Some(pending) = queue.pending.clone() {
            let end = self.resume(&mut queue, until).await;
            match end {
                // The earlier one was lost or replaced: start afresh.
                Ok(None) => {}
                Ok(Some(mined)) if pending.order == order => {
                    return self.conclude(&mut queue, &pending, mined).await;
                }
                // Somebody gave up waiting for another; it is done with now.
                Ok(Some(_)) => queue.settle(&pending),
                Err(error) => return Err(error),
            }
        }
        loop {
            let pending = self.start(&mut queue, order.clone(), until).await?;
            let mined = self.await_receipt(&pending, until).await?;
            // Somebody else's transaction came in between and made this one dearer.
            if ran_out_of_gas(&pending, &mined.1) && Instant::now() < until {
                queue.settle(&pending);
                continue;
            }
            return self.conclude(&mut queue, &pending, mined).await;
        }
    }

    /// Signs and sends a new transaction.
    async fn start(
        &self,
        queue: &mut Queue,
        order: Order,
        until: Instant,
    ) -> Result<Pending, SendError> {
        loop {
            let pending = self.prepare(queue, order.clone()).await?;
            queue.pending = Some(pending.clone());
            match self.broadcast(&pending).await {
                Ok(()) => return Ok(pending),
                // The endpoints asked for the nonce lag behind the others, or
                // another process uses the account.
                Err(SendError::NotAccepted(words))
                    if words.to_lowercase().contains("nonce") && Instant::now() < until =>
                {
                    queue.pending = None;
                    sleep(AGAIN).await;
                }
                Err(error) => {
                    queue.pending = None;
                    return Err(error);
                }
            }
        }
    }

    /// Everything up to the signature.
    async fn prepare(&self, queue: &Queue, order: Order) -> Result<Pending, SendError> {
        let (quorum, account) = (self.chain.quorum(), self.signer.address());
        let (balance, fees, nonce) = futures::try_join!(
            quorum.median("the balance", |endpoint| async move {
                endpoint.balance_now(account).await
            }),
            quorum.fees(),
            quorum.nonce(account),
        )?;
        let next = nonce.max(queue.next);
        if let Some(meant) = order.nonce
            && meant != next
        {
            return Err(SendError::Nonce {
                account,
                meant,
                next,
            });
        }
        self.check_fees(&fees)?;
        let short = |need: U256| SendError::Funds {
            account,
            balance,
            need,
        };
        if balance < order.value {
            return Err(short(order.value));
        }
        let gas = self.gas(&order).await?;
        let need = U256::from(gas) * U256::from(fees.max) + order.value;
        if balance < need {
            return Err(short(need));
        }
        let mut pending = Pending {
            order,
            nonce: next,
            gas,
            fees,
            raw: Bytes::new(),
            hashes: Vec::new(),
        };
        self.sign(&mut pending).await?;
        Ok(pending)
    }

    async fn gas(&self, order: &Order) -> Result<u64, SendError> {
        match self.chain.quorum().estimate(&self.call(order)).await? {
            Estimate::Gas(gas) => Ok(gas.saturating_add(gas / 100 * GAS_MARGIN)),
            Estimate::Reverts(data) => Err(SendError::Reverted(Revert::decode(data))),
        }
    }

    fn call<'a>(&self, order: &'a Order) -> Call<'a> {
        Call {
            from: self.signer.address(),
            to: order.to,
            data: &order.data,
            value: order.value,
            gas: None,
        }
    }

    fn check_fees(&self, fees: &Fees) -> Result<(), SendError> {
        match self.options.max_fee_per_gas {
            Some(limit) if fees.max > limit => Err(SendError::Fees {
                asked: fees.max,
                limit,
            }),
            _ => Ok(()),
        }
    }

    async fn sign(&self, pending: &mut Pending) -> Result<(), SendError> {
        let mut transaction = TxEip1559 {
            chain_id: self.chain.id(),
            nonce: pending.nonce,
            gas_limit: pending.gas,
            max_fee_per_gas: pending.fees.max,
            max_priority_fee_per_gas: pending.fees.priority,
            to: pending.order.to.map_or(TxKind::Create, TxKind::Call),
            value: pending.order.value,
            access_list: AccessList::default(),
            input: pending.order.data.clone(),
        };
        let signature = self
            .signer
            .sign_transaction(&mut transaction)
            .await
            .map_err(|error| SendError::Signer(error.to_string()))?;
        let signed = transaction.into_signed(signature);
        pending.raw = signed.encoded_2718().into();
        pending.hashes.push(*signed.hash());
        Ok(())
    }

    /// Gives the transaction to every endpoint. An endpoint that was silent may
    /// have taken it; only if all refuse has it not been sent.
    async fn broadcast(&self, pending: &Pending) -> Result<(), SendError> {
        let mut answers = self
            .chain
            .quorum()
            .ask_all(|endpoint| async move { endpoint.broadcast(&pending.raw).await });
        let mut refused = Vec::new();
        let mut asked = 0;
        while let Some((endpoint, answer)) = answers.next().await {
            asked += 1;
            if let Err(Fault::Error { code, message, .. }) = answer
                && !known_already(&message)
            {
                refused.push(format!("{}: {message} ({code})", endpoint.label));
            }
        }
        match refused.len() == asked {
            true => Err(SendError::NotAccepted(refused.join("; "))),
            false => Ok(()),
        }
    }

    /// Continues what is pending: its receipt, or `None` if it can no longer
    /// happen, another having taken its nonce.
    async fn resume(
        &self,
        queue: &mut Queue,
        until: Instant,
    ) -> Result<Option<(B256, Receipt)>, SendError> {
        let Some(mut pending) = queue.pending.clone() else {
            return Ok(None);
        };
        if let Some(mined) = self.receipt(&pending).await? {
            return Ok(Some(mined));
        }
        let fees = self.chain.quorum().fees().await?;
        if fees.max > pending.fees.max {
            pending.fees = raised(&pending.fees, &fees);
            self.check_fees(&pending.fees)?;
            self.sign(&mut pending).await?;
            queue.pending = Some(pending.clone());
        }
        if let Err(refusal) = self.broadcast(&pending).await {
            // Refused because it was mined after all, or because its nonce was
            // used by another.
            if let Some(mined) = self.receipt(&pending).await? {
                return Ok(Some(mined));
            }
            let nonce = self.chain.quorum().nonce(self.signer.address()).await?;
            if nonce <= pending.nonce {
                return Err(refusal);
            }
            queue.settle(&pending);
            return Ok(None);
        }
        self.await_receipt(&pending, until).await.map(Some)
    }

    async fn await_receipt(
        &self,
        pending: &Pending,
        until: Instant,
    ) -> Result<(B256, Receipt), SendError> {
        let mut pause = LOOK.0;
        let mut repeated = Instant::now();
        let mut unreadable = false;
        loop {
            // Endpoints differ for a while after a block; that is no reason to stop.
            let receipt = self.receipt(pending).await;
            if let Ok(Some(mined)) = receipt {
                return Ok(mined);
            }
            // An endpoint that restarts forgets what waited there.
            let returned = unreadable && receipt.is_ok();
            unreadable = receipt.is_err();
            if Instant::now() >= until {
                return Err(SendError::Pending {
                    hash: pending.hashes.last().copied().unwrap_or_default(),
                    waited: self.options.patience,
                });
            }
            if returned || repeated.elapsed() >= REPEAT {
                repeated = Instant::now();
                // Refused or not: the receipt decides.
                let _ = self.broadcast(pending).await;
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(LOOK.1);
        }
    }

    async fn receipt(&self, pending: &Pending) -> Result<Option<(B256, Receipt)>, ChainError> {
        for hash in pending.hashes.iter().rev() {
            if let Some(receipt) = self.chain.quorum().receipt(*hash).await? {
                return Ok(Some((*hash, receipt)));
            }
        }
        Ok(None)
    }

    async fn conclude(
        &self,
        queue: &mut Queue,
        pending: &Pending,
        (hash, receipt): (B256, Receipt),
    ) -> Result<Sent, SendError> {
        queue.settle(pending);
        let block = BlockRef {
            number: receipt.block_number.to(),
            hash: receipt.block_hash,
        };
        match receipt.succeeded() {
            true => Ok(Sent {
                hash,
                block,
                gas_used: receipt.gas_used.to(),
                created: receipt
                    .contract_address
                    .filter(|_| pending.order.to.is_none()),
            }),
            false => Err(SendError::Reverted(
                self.why(&pending.order, block.hash).await,
            )),
        }
    }

    /// A receipt does not say why; the same call at its block does, most times.
    async fn why(&self, order: &Order, at: B256) -> Revert {
        let call = self.call(order);
        let end = self
            .chain
            .quorum()
            .agree("why it reverted", |endpoint| async move {
                endpoint.call(at, &call).await
            })
            .await;
        Revert::decode(match end {
            Ok(CallEnd::Reverted(data)) => data,
            _ => Bytes::new(),
        })
    }
}

impl Queue {
    fn settle(&mut self, pending: &Pending) {
        self.next = self.next.max(pending.nonce + 1);
        self.pending = None;
    }
}

/// Whether a transaction failed for lack of gas: a failure that used it up, save the 64th that a
/// contract holds back from those that it calls.
fn ran_out_of_gas(pending: &Pending, receipt: &Receipt) -> bool {
    let used: u64 = receipt.gas_used.to();
    !receipt.succeeded() && used >= pending.gas - pending.gas / 32
}

/// Fees of today, and high enough above the old ones to replace them.
fn raised(old: &Fees, new: &Fees) -> Fees {
    let raise = |fee: u128| fee.saturating_mul(100 + REPLACEMENT) / 100 + 1;
    Fees {
        max: new.max.max(raise(old.max)),
        priority: new.priority.max(raise(old.priority)),
    }
}

/// Whether an endpoint refuses a transaction because it has it.
fn known_already(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "already known",
        "already imported",
        "already exists",
        "known transaction",
        "already in mempool",
    ]
    .iter()
    .any(|words| message.contains(words))
}
