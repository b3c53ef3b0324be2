//! Questions of one moment travel in one batch.
//!
//! A policy with ten leaves would cost ten round trips' worth of requests at every endpoint; JSON-RPC
//! carries them in one. (Multicall3 would do so on the chain, but then the contract that is asked sees
//! another caller than the protocol's, and answers differently at nodes that have it and at nodes that
//! have it not.)
//!
//! What travels together belongs to one snapshot, so nobody's slow or endless call holds up another
//! reader's. An endpoint that takes no batches is asked one by one.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use alloy::rpc::client::{RpcClient, Waiter};
use alloy::rpc::json_rpc::RpcSend;
use alloy::transports::TransportResult;
use futures::channel::oneshot;
use serde_json::value::{RawValue, to_raw_value};

use crate::endpoint::Fault;

/// Most questions in a batch: public endpoints refuse longer ones.
const LONGEST: usize = 100;

/// The questions of one snapshot to one endpoint that wait for each other.
#[derive(Debug, Default)]
pub(crate) struct Gathering(Mutex<Vec<Question>>);

#[derive(Debug)]
struct Question {
    method: &'static str,
    params: Box<RawValue>,
    answer: oneshot::Sender<Result<Box<RawValue>, Fault>>,
}

impl Gathering {
    /// Asks together with whatever else is asked at this moment. `None` if nothing came of the
    /// batch: then the question is to be asked alone.
    pub(crate) async fn ask<P: RpcSend>(
        &self,
        client: &RpcClient,
        method: &'static str,
        params: &P,
    ) -> Option<Result<Box<RawValue>, Fault>> {
        let (answer, own) = oneshot::channel();
        self.questions().push(Question {
            method,
            params: to_raw_value(params).ok()?,
            answer,
        });
        others_had_their_turn().await;
        // Whoever comes back first takes all; if it gives up, the others learn so at once.
        let questions = std::mem::take(&mut *self.questions());
        match questions.len() {
            // One alone is no batch; dropped, it learns so.
            0 | 1 => drop(questions),
            _ => send(client, questions).await,
        }
        own.await.ok()
    }

    fn questions(&self) -> std::sync::MutexGuard<'_, Vec<Question>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets everything that is ready be polled once.
async fn others_had_their_turn() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Sends them; whoever gets no answer asks alone.
async fn send(client: &RpcClient, mut questions: Vec<Question>) {
    while !questions.is_empty() {
        let rest = questions.split_off(questions.len().min(LONGEST));
        let mut batch = client.new_batch();
        let mut waiting = Vec::with_capacity(questions.len());
        for question in questions {
            let waiter: TransportResult<Waiter<Box<RawValue>>> =
                batch.add_call(question.method, &question.params);
            if let Ok(waiter) = waiter {
                waiting.push((waiter, question.answer));
            }
        }
        if batch.send().await.is_ok() {
            for (waiter, answer) in waiting {
                match waiter.await.map_err(Fault::of) {
                    Err(fault) if !fault.is_an_answer() => {}
                    answered => drop(answer.send(answered)),
                }
            }
        }
        questions = rest;
    }
}
