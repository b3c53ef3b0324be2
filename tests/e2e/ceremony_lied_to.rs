//! Endpoints that lie to one node each: signatures and the running hash catch it, and the node does
//! nothing until it hears the truth.

use std::{
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::{
    primitives::{B256, Bytes, U256},
    rpc::types::Log,
    sol_types::{SolCall, SolEvent},
};
use serde_json::Value;
use stheno_chain::contracts::CommitteeContract as contract;
use stheno_cli::devnet::{
    Devnet, Foundation, Options,
    ceremony::{Ceremony, State},
};

use crate::{
    ceremony::until,
    desk::{Desk, noise},
    gate::{Gate, Question, operator},
    someone::Someone,
    stage::STHENO,
    trials,
};

trials![nodes_that_are_lied_to_do_nothing_and_go_on_with_the_truth];

const NODES: u16 = 5;
/// It is shown another key for node 4 than node 4 posted.
const MISLED_ABOUT_A_KEY: u16 = 1;
/// It is shown a complaint that nobody made.
const ACCUSED: u16 = 2;
/// It is not shown the dealing of node 5.
const KEPT_IN_THE_DARK: u16 = 3;

async fn nodes_that_are_lied_to_do_nothing_and_go_on_with_the_truth() {
    let mut options = Options::with_executable(STHENO);
    (options.nodes, options.threshold) = (NODES, 3);
    let mut foundation = Foundation::lay(options).await.unwrap();
    let mut gates = Vec::new();
    for node in [MISLED_ABOUT_A_KEY, ACCUSED, KEPT_IN_THE_DARK] {
        gates.push(Gate::of_node(&foundation, node).await);
    }
    let [misled, accused, in_the_dark] = <[Arc<Gate>; 3]>::try_from(gates.clone()).ok().unwrap();
    misled.set_lie(show_another_key);
    in_the_dark.set_lie(hide_a_dealing);
    foundation.propose().await.unwrap();
    for gate in &gates {
        gate.is_used().await;
        // The operators look at the chain themselves.
        gate.configure(operator(&foundation, gate.node), false);
    }
    foundation.approve().await.unwrap();

    let running = |c: &Ceremony| c.state == State::Running;
    let ceremony = until(&foundation, "timetable", running).await;
    let by_others = |c: &Ceremony| c.progress.dealt.count_ones() == 4;
    until(&foundation, "dealings", by_others).await;
    let call = contract::dealingHashCall {
        committeeId: 1,
        ceremony: 1,
        dealer: ACCUSED,
    };
    let at = foundation.contracts().committee;
    let hash = foundation.control().view(at, &call).await.unwrap();
    let (opens, closes) = (ceremony.info.opens[1], ceremony.info.closes[1]);
    accused.set_lie(invented_complaint(opens..closes, hash));

    // Whoever was shown another key does not deal with it.
    while foundation.control().head().await.unwrap() < ceremony.info.closes[0] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let dealt = until(&foundation, "dealings", |_| true)
        .await
        .progress
        .dealt;
    assert_eq!(dealt, members(&[2, 3, 4, 5]));
    assert!(misled.sent_of(contract::dealCall::SELECTOR).is_empty());
    said(&foundation, MISLED_ABOUT_A_KEY, "cannot have written").await;
    said(&foundation, KEPT_IN_THE_DARK, "cannot have written").await;
    misled.tell_the_truth();
    in_the_dark.tell_the_truth();

    said(
        &foundation,
        ACCUSED,
        "passed over a message of 4 for Complain",
    )
    .await;
    // The phase Answer is over, and nobody has answered what nobody complained about.
    let opens_confirm = ceremony.info.opens[3];
    while foundation.control().head().await.unwrap() < opens_confirm {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(accused.sent_of(contract::answerCall::SELECTOR).is_empty());
    let progress = until(&foundation, "progress", |_| true).await.progress;
    assert_eq!(progress.complained, U256::ZERO);
    accused.tell_the_truth();
    good_shares(foundation).await;
}

/// Everybody has a good share, made of the dealings that were there: a file opens with those
/// three who were lied to.
async fn good_shares(foundation: Foundation) {
    let mut devnet = Devnet::when_ready(foundation).await.unwrap();
    let call = contract::epochInfoCall {
        committeeId: 1,
        epoch: 1,
    };
    let at = devnet.contracts().committee;
    let epoch = devnet.control().view(at, &call).await.unwrap();
    assert_eq!(epoch.qualified, members(&[2, 3, 4, 5]));
    devnet.kill_node(4);
    devnet.kill_node(5);
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "lied to").await;
    desk.put("data", noise(70, 10_000));
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let said = desk.decrypt(&reader, "data.fee", "copy", &[]).await;
    said.expect_done();
    assert!(desk.read("copy") == noise(70, 10_000));
    devnet.stop().await;
}

pub(crate) fn show_another_key(asked: &Question<'_>, answer: &mut Value) {
    change_logs(asked, answer, |logs| {
        for log in logs {
            let Ok(mut event) = contract::CeremonyKeyPosted::decode_log(&log.inner) else {
                continue;
            };
            if event.data.member == 4 {
                // A good point, and another than node 4 signed for.
                event.data.key = B256::with_last_byte(9);
                log.inner.data = event.data.encode_log_data();
            }
        }
    });
}

pub(crate) fn hide_a_dealing(asked: &Question<'_>, answer: &mut Value) {
    change_logs(asked, answer, |logs| {
        logs.retain(|log| {
            let part = contract::DealingPart::decode_log(&log.inner);
            let posted = contract::DealingPosted::decode_log(&log.inner);
            let dealer = part.map(|event| event.data.dealer);
            let dealer = dealer.or_else(|_| posted.map(|event| event.data.dealer));
            dealer.ok() != Some(5)
        });
    });
}

/// Node 4 complains about the dealing of node 2, with a signature that is not its own, in a block
/// of the phase that the endpoint has just shown.
fn invented_complaint(
    phase: Range<u64>,
    dealing: B256,
) -> impl Fn(&Question<'_>, &mut Value) + Send + Sync {
    let shown = Mutex::new(None::<(u64, B256)>);
    move |asked, answer| {
        if asked.method.starts_with("eth_getBlockBy") {
            let hash = answer["hash"].as_str().and_then(|hash| hash.parse().ok());
            let block = number(&answer["number"]).zip(hash);
            let in_phase = block.filter(|(number, _)| phase.contains(number));
            let mut shown = shown.lock().unwrap();
            *shown = shown.or(in_phase);
        }
        let range = &asked.params[0];
        let range = number(&range["fromBlock"]).zip(number(&range["toBlock"]));
        let (Some((from, to)), Some((number, hash))) = (range, *shown.lock().unwrap()) else {
            return;
        };
        if !(from..=to).contains(&number) {
            return;
        }
        let address = &asked.params[0]["address"];
        let address = address.get(0).unwrap_or(address);
        let address = address.as_str().unwrap().parse().unwrap();
        let accusation = contract::Accusation {
            dealer: ACCUSED,
            dealingHash: dealing,
        };
        let complaint = contract::Complained {
            committeeId: 1,
            ceremony: 1,
            receiver: 4,
            part: 0,
            parts: 1,
            accusations: vec![accusation],
            signature: Bytes::from_static(&[0x1b; 65]),
        };
        change_logs(asked, answer, |logs| {
            logs.push(Log {
                inner: alloy::primitives::Log {
                    address,
                    data: complaint.encode_log_data(),
                },
                block_hash: Some(hash),
                block_number: Some(number),
                transaction_hash: Some(B256::repeat_byte(7)),
                transaction_index: Some(900),
                log_index: Some(900),
                ..Log::default()
            });
        });
    }
}

pub(crate) fn change_logs(
    asked: &Question<'_>,
    answer: &mut Value,
    change: impl FnOnce(&mut Vec<Log>),
) {
    if asked.method != "eth_getLogs" || !answer.is_array() {
        return;
    }
    let mut logs: Vec<Log> = serde_json::from_value(answer.take()).unwrap();
    change(&mut logs);
    *answer = serde_json::to_value(logs).unwrap();
}

fn number(quantity: &Value) -> Option<u64> {
    u64::from_str_radix(quantity.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn members(indices: &[u16]) -> U256 {
    let mut set = U256::ZERO;
    for index in indices {
        set.set_bit(usize::from(*index) - 1, true);
    }
    set
}

/// Waits until a node's log has these words.
async fn said(foundation: &Foundation, node: u16, words: &str) {
    let log = operator(foundation, node).log();
    for _ in 0..1_500 {
        if std::fs::read_to_string(&log).unwrap().contains(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "node {node} did not say `{words}`:\n{}",
        std::fs::read_to_string(&log).unwrap()
    );
}
