//! The key: who agrees on it, and that nodes killed in the middle go on.

use std::time::{Duration, Instant};

use stheno_chain::contracts::CommitteeContract as contract;
use stheno_cli::devnet::{Devnet, Foundation, Options, ceremony::Ceremony};
use stheno_protocol::{NodeState, Status};

use crate::{
    desk::{Desk, noise},
    someone::Someone,
    stage::{self, STHENO},
    trials,
};

trials![
    nodes_report_the_epoch_that_is_on_chain,
    node_killed_after_its_key_goes_on,
    node_killed_after_its_dealing_goes_on,
    node_killed_before_it_confirms_goes_on,
];

async fn nodes_report_the_epoch_that_is_on_chain() {
    let devnet = stage::shared().await;
    let (at, id) = (
        devnet.contracts().committee,
        devnet.contracts().committee_id,
    );
    let call = contract::epochInfoCall {
        committeeId: id,
        epoch: 1,
    };
    let epoch = devnet.control().view(at, &call).await.unwrap();
    assert_eq!((epoch.size, epoch.threshold), (5, 3));
    let call = contract::epochMembersCall {
        committeeId: id,
        epoch: 1,
        first: 1,
        count: 16,
    };
    let members = devnet.control().view(at, &call).await.unwrap();
    for (node, member) in devnet.members().iter().zip(&members) {
        let status = status_of(node.endpoint()).await;
        assert_eq!(status.network, devnet.network().network_id());
        assert_eq!((status.epoch, status.node), (1, node.index()));
        assert_eq!(status.state, NodeState::Serving);
        assert_eq!(member.endpoint, node.endpoint().as_str());
        assert_eq!(member.operator, node.operator().account);
    }
}

async fn node_killed_after_its_key_goes_on() {
    let mut ceremony = Interrupted::begin().await;
    ceremony
        .until("its key", |c| c.progress.keys.bit(VICTIM_BIT))
        .await;
    ceremony.kill_and_restart().await;
    ceremony.foundation.approve().await.unwrap();
    ceremony.ends_with_a_node_that_serves().await;
}

async fn node_killed_after_its_dealing_goes_on() {
    let mut ceremony = Interrupted::begin().await;
    ceremony.foundation.approve().await.unwrap();
    ceremony
        .until("its dealing", |c| c.progress.dealt.bit(VICTIM_BIT))
        .await;
    ceremony.kill_and_restart().await;
    ceremony.ends_with_a_node_that_serves().await;
}

async fn node_killed_before_it_confirms_goes_on() {
    let mut ceremony = Interrupted::begin().await;
    ceremony.foundation.approve().await.unwrap();
    let others = |c: &Ceremony| c.progress.dealt.count_ones() == usize::from(NODES);
    ceremony.until("all dealings", others).await;
    ceremony.foundation.kill_node(VICTIM);
    // It sleeps through Complain and Answer.
    let control = ceremony.foundation.control().clone();
    ceremony.until("Answer", |c| c.info.opens[2] > 0).await;
    let opens = Ceremony::latest(&control, ceremony.foundation.contracts()).await;
    let answer_opens = opens.unwrap().unwrap().info.opens[2];
    while control.head().await.unwrap() < answer_opens {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ceremony.foundation.start_node(VICTIM).unwrap();
    ceremony.ends_with_a_node_that_serves().await;
}

const NODES: u16 = 3;
/// The node that is killed, and its place in bit sets.
const VICTIM: u16 = 2;
const VICTIM_BIT: usize = 1;

/// A ceremony of three nodes, threshold two.
struct Interrupted {
    foundation: Foundation,
}

impl Interrupted {
    async fn begin() -> Self {
        let mut options = Options::with_executable(STHENO);
        (options.nodes, options.threshold) = (NODES, 2);
        let mut foundation = Foundation::lay(options).await.unwrap();
        foundation.propose().await.unwrap();
        Self { foundation }
    }

    /// Waits until the ceremony has come so far.
    async fn until(&self, what: &str, so_far: impl Fn(&Ceremony) -> bool) {
        until(&self.foundation, what, so_far).await;
    }

    async fn kill_and_restart(&mut self) {
        self.foundation.kill_node(VICTIM);
        self.foundation.start_node(VICTIM).unwrap();
    }

    /// The ceremony makes a key, and the victim's share of it is good: it opens a file that cannot
    /// be opened without it.
    async fn ends_with_a_node_that_serves(self) {
        let mut devnet = Devnet::when_ready(self.foundation).await.unwrap();
        let ceremony = Ceremony::latest(devnet.control(), devnet.contracts()).await;
        let ceremony = ceremony.unwrap().unwrap();
        assert_eq!(ceremony.number, 1, "it was this ceremony, not a second one");
        assert_eq!(ceremony.progress.dealt.count_ones(), usize::from(NODES));
        assert_eq!(ceremony.progress.complained.count_ones(), 0);
        assert_eq!(ceremony.progress.confirmed.count_ones(), usize::from(NODES));

        devnet.kill_node(3);
        let desk = Desk::new(&devnet);
        let reader = Someone::with_pass(&devnet, "ceremony").await;
        let original = noise(20, 10_000);
        desk.put("data", &original);
        desk.encrypt("data", "data.fee", &[]).await.expect_done();
        desk.decrypt(&reader, "data.fee", "copy", &[])
            .await
            .expect_done();
        assert!(desk.read("copy") == original);
        devnet.stop().await;
    }
}

async fn status_of(endpoint: &url::Url) -> Status {
    let answer = reqwest::get(endpoint.join("v1/status").unwrap())
        .await
        .unwrap();
    answer.json().await.unwrap()
}

/// Waits until the ceremony has come so far, and gives it as it is then.
pub(crate) async fn until(
    foundation: &Foundation,
    what: &str,
    so_far: impl Fn(&Ceremony) -> bool,
) -> Ceremony {
    let began = Instant::now();
    loop {
        let ceremony = Ceremony::latest(foundation.control(), foundation.contracts()).await;
        let ceremony = ceremony.unwrap().expect("a ceremony was proposed");
        if so_far(&ceremony) {
            return ceremony;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "no {what}: {}",
            ceremony.in_words()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
