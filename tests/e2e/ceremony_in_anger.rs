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
    audit::{audit, deviations},
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
    messages_of_strangers_are_refused,
    member_that_never_joins_is_given_up_and_a_ceremony_without_it_succeeds,
];

/// Between blocks, where the puppet has much to say in one phase.
const MANY_MESSAGES: Duration = Duration::from_millis(700);
/// The node that the puppet picks on.
const VICTIM: u16 = 1;

async fn dealer_that_garbles_one_share_stays_when_it_answers() {
    let scene = Scene::set().await;
    let ceremony = scene.deals(garbled).await;
    scene.victim_complains().await;
    scene.puppet.answer(&ceremony, VICTIM).await.unwrap();
    scene.ends_with_qualified(&[1, 2, 3, 4, PUPPET], None).await;
}

async fn dealer_that_garbles_one_share_is_out_when_it_is_silent() {
    let scene = Scene::set().await;
    scene.deals(garbled).await;
    scene.victim_complains().await;
    let blame = Some("unanswered");
    scene.ends_with_qualified(&[1, 2, 3, 4], blame).await;
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
    let blame = Some("wrong_answer");
    scene.ends_with_qualified(&[1, 2, 3, 4], blame).await;
}

async fn member_that_does_nothing_is_done_without() {
    let scene = Scene::set().await;
    let blame = Some("not_dealt");
    scene.ends_with_qualified(&[1, 2, 3, 4], blame).await;
}

async fn false_complaint_is_answered_and_harms_nobody() {
    let scene = Scene::set().await;
    let ceremony = scene.deals(|dealing| dealing).await;
    scene.phase(1, &ceremony).await;
    let complaint = scene.puppet.complain(&scene.foundation, &ceremony, VICTIM);
    complaint.await.unwrap();
    let answered = |c: &Ceremony| c.progress.answered.bit(usize::from(VICTIM) - 1);
    until(&scene.foundation, "answer of the accused", answered).await;
    scene.ends_with_qualified(&[1, 2, 3, 4, PUPPET], None).await;
}

async fn messages_out_of_phase_replayed_or_malformed_are_refused() {
    let scene = Scene::set_at(MANY_MESSAGES).await;
    let (puppet, foundation) = (&scene.puppet, &scene.foundation);
    let ceremony = until(foundation, "timetable", |c| c.state == State::Running).await;
    let dealing = puppet.dealing(foundation, &ceremony).await;
    scene.phase(0, &ceremony).await;
    let early = puppet.complain_about(&ceremony, PUPPET, VICTIM, B256::ZERO);
    refused(early.await, "PhaseNotOpen");
    // Too short and too long, by one share and by more than any committee has.
    for length in [0, dealing.len() - 96, dealing.len() + 96, 100_000] {
        let mut other = dealing.clone();
        other.resize(length, 0);
        refused(puppet.deal(&ceremony, other).await, "BadDealingLength");
    }
    // Signed for another ceremony.
    let elsewhere = puppet.deal_as(&ceremony, PUPPET, B256::repeat_byte(1), dealing.clone());
    refused(elsewhere.await, "WrongSigner");
    puppet.deal(&ceremony, dealing.clone()).await.unwrap();
    refused(puppet.deal(&ceremony, dealing.clone()).await, "AlreadyDone");

    // Anybody may look on meanwhile.
    let said = audit(foundation.contracts(), &[foundation.rpc()], &["--json"]).await;
    let report = said.expect_done().json();
    assert_eq!(
        (&report["agrees"], &report["epoch"]),
        (&true.into(), &serde_json::Value::Null)
    );
    assert_eq!(deviations(&report), [], "nothing is over yet");

    scene.phase(1, &ceremony).await;
    refused(puppet.deal(&ceremony, dealing).await, "PhaseNotOpen");
    let uncalled = puppet.answer(&ceremony, VICTIM).await;
    refused(uncalled, "PhaseNotOpen");
    let invented = puppet.complain_about(&ceremony, PUPPET, VICTIM, B256::ZERO);
    refused(invented.await, "WrongDealingHash");
    scene.phase(2, &ceremony).await;
    let uncalled = puppet.answer(&ceremony, VICTIM).await;
    refused(uncalled, "NoSuchComplaint");
    scene.ends_with_qualified(&[1, 2, 3, 4, PUPPET], None).await;
}

/// Somebody who signs well, but is not who the message says, or not a member at all.
async fn messages_of_strangers_are_refused() {
    let scene = Scene::set_at(MANY_MESSAGES).await;
    let (puppet, foundation) = (&scene.puppet, &scene.foundation);
    let ceremony = until(foundation, "timetable", |c| c.state == State::Running).await;
    let context = ceremony.info.context;
    let dealing = puppet.dealing(foundation, &ceremony).await;
    scene.phase(0, &ceremony).await;
    // In the name of another, before that one has dealt: nodes see that the phase is open a block
    // later than who knows beforehand.
    for (dealer, name) in [
        (VICTIM, "WrongSigner"),
        (0, "BadIndex"),
        (6, "BadIndex"),
        (u16::MAX, "BadIndex"),
    ] {
        let dealt = puppet.deal_as(&ceremony, dealer, context, dealing.clone());
        refused(dealt.await, name);
    }
    puppet.deal(&ceremony, dealing).await.unwrap();
    scene.phase(1, &ceremony).await;
    let hash = puppet.dealing_hash(foundation, &ceremony, VICTIM).await;
    for (receiver, name) in [(VICTIM + 1, "WrongSigner"), (6, "BadIndex")] {
        let complaint = puppet.complain_about(&ceremony, receiver, VICTIM, hash);
        refused(complaint.await, name);
    }
    scene.ends_with_qualified(&[1, 2, 3, 4, PUPPET], None).await;
}

/// Without its key nothing begins; when its time is over, anybody may close the ceremony.
async fn member_that_never_joins_is_given_up_and_a_ceremony_without_it_succeeds() {
    let mut options = Options::with_executable(STHENO);
    (options.nodes, options.threshold) = (3, 3);
    let mut foundation = Foundation::lay(options).await.unwrap();
    let puppet = Puppet::register(&foundation).await;
    foundation.propose_with(&[puppet.account()]).await.unwrap();
    let keys = |c: &Ceremony| c.progress.keys.count_ones() == 3;
    let ceremony = until(&foundation, "the others' keys", keys).await;
    assert_eq!(ceremony.state, State::Keys);
    refused(puppet.fail(&ceremony).await, "NotFailed");
    let closes = ceremony.info.proposedAt + 100;
    while foundation.control().head().await.unwrap() < closes {
        foundation.control().mine().await.unwrap();
    }
    puppet.fail(&ceremony).await.unwrap();

    foundation.propose().await.unwrap();
    let keys = |c: &Ceremony| c.number == 2 && c.state == State::Approval;
    until(&foundation, "ceremony keys", keys).await;
    foundation.approve().await.unwrap();
    let devnet = Devnet::when_ready(foundation).await.unwrap();
    let last = Ceremony::latest(devnet.control(), devnet.contracts()).await;
    assert_eq!(last.unwrap().unwrap().number, 2);

    let said = audit(
        devnet.contracts(),
        &[devnet.rpc()],
        &["--json", "--ceremony", "1"],
    )
    .await;
    let report = said.expect_done().json();
    assert_eq!(
        (&report["agrees"], &report["state"]),
        (&true.into(), &"failed".into())
    );
    let blamed = [("receiver".to_owned(), 4, "no_key".to_owned())];
    assert_eq!(deviations(&report), blamed, "{report}");
    // The one that made the epoch is the one that is meant.
    let said = audit(devnet.contracts(), &[devnet.rpc()], &["--json"]).await;
    let report = said.expect_done().json();
    assert_eq!(
        (&report["ceremony"], &report["state"]),
        (&2.into(), &"active".into())
    );
    assert_eq!(deviations(&report), []);
    devnet.stop().await;
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
        Self::set_at(Duration::from_millis(400)).await
    }

    /// With a block every so often, once the nodes have said what they have to say; the puppet must
    /// be quick enough.
    async fn set_at(interval: Duration) -> Self {
        let mut options = Options::with_executable(STHENO);
        (options.nodes, options.threshold) = (4, 3);
        options.pace = Pace::Attended(interval);
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

    /// The ceremony makes a key from exactly these dealers, and the victim's share of it is good. An
    /// audit names the puppet, for this as a dealer, and for its silence as a receiver.
    async fn ends_with_qualified(self, dealers: &[u16], blame: Option<&str>) {
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

        let said = audit(devnet.contracts(), &[devnet.rpc()], &["--json"]).await;
        let report = said.expect_done().json();
        assert_eq!(report["agrees"], true);
        assert_eq!(report["qualified"], serde_json::json!(dealers));
        let blamed = blame.map(|fault| ("dealer", fault));
        let blamed = blamed.into_iter().chain([("receiver", "not_confirmed")]);
        let blamed: Vec<_> = blamed
            .map(|(side, fault)| (side.to_owned(), 5, fault.to_owned()))
            .collect();
        assert_eq!(deviations(&report), blamed, "{report}");

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
