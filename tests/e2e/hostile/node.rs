//! The node that is asked, and what it is told of the chain.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use stheno_node::Config;

use super::{
    CHAIN,
    double::{Home, Node},
    proxy::Proxy,
    world::Shape,
};

/// How long the node waits for an endpoint, in milliseconds.
const ANSWER_MS: u64 = 1_500;
/// How long what a node heard of the chain's head is good for the next question, counted from when it
/// asked: as often as it is configured to look.
pub(super) const HEAD_TTL: Duration = Duration::from_millis(50);

/// How often a node is started before that is given up.
const ATTEMPTS: u32 = 6;

/// What a node is told of the chain behind the proxy; on its committee's own chain nothing happens.
pub(super) fn configured(
    home: &Home,
    proxy: &Proxy,
    shape: Shape,
    min_agree: Option<usize>,
) -> Config {
    let rpc: Vec<String> = (0..shape.endpoints)
        .map(|caller| format!("\"{}\"", proxy.url(caller)))
        .collect();
    let min_agree = min_agree.map_or_else(String::new, |many| format!("min_agree = {many}\n"));
    let sections = format!(
        "[[chain]]\nchain_id = {CHAIN}\nrpc = [{}]\n{min_agree}poll_ms = {}\n\
         answer_ms = {ANSWER_MS}\n\
         [limits]\nip_items_per_minute = 1000000000\naccount_items_per_minute = 1000000",
        rpc.join(", "),
        HEAD_TTL.as_millis(),
    );
    let mut config = home.config("", &sections);
    // Nothing happens on the committee's own chain.
    config.chains[0].poll_ms = 1_000;
    config
}

/// A node that is ready. On a machine that has other things to do, its endpoints can be too slow at
/// first.
pub(super) async fn served(proxy: &Proxy, shape: Shape, min_agree: Option<usize>) -> Node {
    let mut attempts = 1..ATTEMPTS;
    loop {
        let ready = AssertUnwindSafe(once(proxy, shape, min_agree)).catch_unwind();
        match (ready.await, attempts.next()) {
            (Ok(node), _) => return node,
            (Err(panic), None) => std::panic::resume_unwind(panic),
            (Err(_), Some(attempt)) => eprintln!("hostile: no node is ready, {attempt} times"),
        }
    }
}

async fn once(proxy: &Proxy, shape: Shape, min_agree: Option<usize>) -> Node {
    let home = Home::new().await;
    let config = configured(&home, proxy, shape, min_agree);
    let node = home.run_as(config).await;
    node.until_ready().await;
    node
}
