//! A key ceremony with a member that cheats: four honest nodes and a [`Puppet`], threshold three.
//!
//! Each test ends by opening a file with exactly three of the nodes, the victim
//! of the cheat among them: a wrong share would not open it.

use std::time::Duration;

use alloy::primitives::{B256, U256};
use stheno_chain::{contracts::CommitteeContract as contract, send::SendError};
use stheno_cli::devnet::{
    Devnet, Foundation, Options,
    ceremony::{Ceremony, State},
    pace::Pace,
};

use crate::{
    ceremony::until,
    desk::{Desk, noise},
    puppet::{PUPPET, Puppet},
    someone::Someone,
    stage::STHENO,
    trials,
};

trials![
    dealer_that_garbles_one_share_stays_when_it_answers,
    dealer_that_garbles_one_share_is_out_when_it_is_silent,
    dealer_that_answers_with_a_wrong_share_is_out,
    member_that_does_nothing_is_done_without,
    false_complaint_is_answered_and_harms_nobody,
    messages_out_of_phase_replayed_or_malformed_are_refused,
];

/// The node that the puppet picks on.
const VICTIM: u16 = 1;

async fn dealer_that_garbles_one_share_stays_when_it_answers() {
    let scene = Scene::set().await;
    let ceremony = scene.deals(garbled).await;
    scene.victim_complains().await;
    scene.puppet.answer(&ceremony, VICTIM).await.unwrap();
    scene.ends_with_qualified(&[1, 2, 3, 4, PUPPET]).await;
}

async fn dealer_that_garbles_one_share_is_out_when_it_is_silent() {
    let scene = Scene::set().await;
    scene.deals(garbled).await;
    scene.victim_complains().await;
    scene.ends_with_qualified(&[1, 2, 3, 4]).await;
}

async fn dealer_that_answers_with_a_wrong_share_is_out() {
    let scene = Scene::set().await;
    let ceremony = scene.deals(garbled).await;
    scene.victim_complains().await;
    let wrong = B256::with_last_byte(1);
    scene
        .puppet
        .answer_with(&ceremony, VICTIM, wrong)
        .await
        .unwrap();
    scene.ends_with_qualified(&[1, 2, 3, 4]).await;
}

async fn member_that_does_nothing_is_done_without() {
    let scene = Scene::set().await;
    scene.ends_with_qualified(&[1, 2, 3, 4]).await;
}

async fn false_complaint_is_answered_and_harms_nobody() {
    let scene = Scene::set().await;
    let ceremony = scene.deals(|dealing| dealing).await;
    scene.phase(1, &ceremony).await;
    let complaint = scene.puppet.complain(&scene.foundation, &ceremony, VICTIM);
    complaint.await.unwrap();
    let answered = |c: &Ceremony| c.progress.answered.bit(usize::from(VICTIM) - 1);
    until(&scene.foundation, "answer of the accused", answered).await;
    scene.ends_with_qualified(&[1, 2, 3, 4, PUPPET]).await;
}

async fn messages_out_of_phase_replayed_or_malformed_are_refused() {
    let scene = Scene::set().await;
    let (puppet, foundation) = (&scene.puppet, &scene.foundation);
    let ceremony = scene.deals(|dealing| dealing).await;
    let dealing = puppet.dealing(foundation, &ceremony).await;
    refused(puppet.deal(&ceremony, dealing.clone()).await, "AlreadyDone");
    let early = puppet.complain(foundation, &ceremony, VICTIM).await;
    refused(early, "PhaseNotOpen");

    scene.phase(1, &ceremony).await;
    refused(puppet.deal(&ceremony, dealing).await, "PhaseNotOpen");
    let uncalled = puppet.answer(&ceremony, VICTIM).await;
    refused(uncalled, "PhaseNotOpen");
    scene.phase(2, &ceremony).await;
    let uncalled = puppet.answer(&ceremony, VICTIM).await;
    refused(uncalled, "NoSuchComplaint");
    scene.ends_with_qualified(&[1, 2, 3, 4, PUPPET]).await;
}

/// Flips a bit of the share that is sealed for the victim.
fn garbled(mut dealing: Vec<u8>) -> Vec<u8> {
    // Shares are the last 5 × 80 bytes.
    let first = dealing.len() - 5 * 80;
    dealing[first + usize::from(VICTIM - 1) * 80 + 60] ^= 1;
    dealing
}

fn refused<T: std::fmt::Debug>(result: Result<T, SendError>, name: &str) {
    match result {
        Err(SendError::Reverted(revert)) => assert_eq!(revert.name, name),
        other => panic!("expected {name}: {other:?}"),
    }
}

/// Four nodes and a puppet, in a ceremony that has just started.
struct Scene {
    foundation: Foundation,
    puppet: Puppet,
}

impl Scene {
    async fn set() -> Self {
        let mut options = Options::with_executable(STHENO);
        (options.nodes, options.threshold) = (4, 3);
        // Nodes are waited for; the puppet must be quick enough.
        options.pace = Pace::Attended(Duration::from_millis(400));
        let mut foundation = Foundation::lay(options).await.unwrap();
        let puppet = Puppet::register(&foundation).await;
        foundation.propose_with(&[puppet.account()]).await.unwrap();
        let proposed = until(&foundation, "proposal", |_| true).await;
        puppet.post_key(&proposed).await;
        let approvable = |c: &Ceremony| c.state == State::Approval;
        let ceremony = until(&foundation, "ceremony keys", approvable).await;
        puppet.approve(&ceremony).await;
        foundation.approve().await.unwrap();
        Self { foundation, puppet }
    }

    /// The puppet deals, after `spoil` had its way.
    async fn deals(&self, spoil: fn(Vec<u8>) -> Vec<u8>) -> Ceremony {
        let running = |c: &Ceremony| c.state == State::Running;
        let ceremony = until(&self.foundation, "timetable", running).await;
        let dealing = self.puppet.dealing(&self.foundation, &ceremony).await;
        self.phase(0, &ceremony).await;
        self.puppet.deal(&ceremony, spoil(dealing)).await.unwrap();
        ceremony
    }

    /// Waits for the block before which a phase (Deal 0, Complain 1, …) opens.
    async fn phase(&self, number: usize, ceremony: &Ceremony) {
        let opens = ceremony.info.opens[number];
        while self.foundation.control().head().await.unwrap() + 1 < opens {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The victim notices, and Answer opens.
    async fn victim_complains(&self) {
        let complained = |c: &Ceremony| c.progress.complained.bit(usize::from(VICTIM) - 1);
        let ceremony = until(&self.foundation, "complaint", complained).await;
        assert_eq!(
            ceremony.progress.complained.count_ones(),
            1,
            "nobody else complains"
        );
        self.phase(2, &ceremony).await;
    }

    /// The ceremony makes a key from exactly these dealers, and the victim's share of it is good.
    async fn ends_with_qualified(self, dealers: &[u16]) {
        let committee = self.foundation.contracts().committee;
        let mut devnet = Devnet::when_ready(self.foundation).await.unwrap();
        let call = contract::epochInfoCall {
            committeeId: 1,
            epoch: 1,
        };
        let epoch = devnet.control().view(committee, &call).await.unwrap();
        let mut expected = U256::ZERO;
        for dealer in dealers {
            expected.set_bit(usize::from(*dealer) - 1, true);
        }
        assert_eq!(epoch.qualified, expected);

        devnet.kill_node(4);
        let desk = Desk::new(&devnet);
        let reader = Someone::with_pass(&devnet, "anger").await;
        let original = noise(30, 10_000);
        desk.put("data", &original);
        desk.encrypt("data", "data.fee", &[]).await.expect_done();
        desk.decrypt(&reader, "data.fee", "copy", &[])
            .await
            .expect_done();
        assert!(desk.read("copy") == original);
        devnet.stop().await;
    }
}
