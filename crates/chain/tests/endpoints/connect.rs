//! Which chain do the endpoints serve?

use std::time::Duration;

use stheno_chain::{Chain, ChainError, Chains, ConfigError, HttpOptions};

use crate::double::{Double, Ledger, Reply, config, connect, doubles, error, options, testimony};

fn ledger() -> Ledger {
    Ledger::new(10, 8, &[])
}

#[tokio::test]
async fn connect_fails_when_one_endpoint_serves_another_chain() {
    let all: [Double; 3] = doubles(&ledger()).await;
    all[1].script(|script| script.chain_id = 1);
    let refused = Chain::connect(config(&all, 2), options())
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        ChainError::WrongChain {
            endpoint: all[1].label(),
            expected: 31_415_926,
            found: 1
        }
    );
    assert!(!refused.retryable());
}

#[tokio::test]
async fn connect_succeeds_when_one_of_three_is_down() {
    let all: [Double; 3] = doubles(&ledger()).await;
    all[0].instead("eth_chainId", Reply::Status(503));
    let chain = connect(&all, 2).await;
    assert_eq!(chain.id(), 31_415_926);
}

#[tokio::test]
async fn connect_fails_when_too_few_answer() {
    let all: [Double; 2] = doubles(&ledger()).await;
    all[1].instead("eth_chainId", error(-32000, "warming\nup"));
    let refused = Chain::connect(config(&all, 2), options())
        .await
        .unwrap_err();
    let said = testimony(&refused);
    assert!(said[&all[0].label()].0);
    assert_eq!(
        said[&all[1].label()],
        (false, "error -32000: warming up".to_owned())
    );
    assert!(refused.retryable());
}

#[tokio::test]
async fn endpoint_is_not_heard_when_it_changes_its_chain() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let options = HttpOptions {
        recheck_chain: Duration::ZERO,
        ..options()
    };
    let chain = Chain::connect(config(&all, 2), options).await.unwrap();
    chain.final_head().await.unwrap();
    all[1].script(|script| script.chain_id = 314);
    let refused = chain.final_head().await.unwrap_err();
    let said = &testimony(&refused)[&all[1].label()].1;
    assert!(said.contains("it serves chain 314, not 31415926"), "{said}");
}

#[tokio::test]
async fn endpoint_is_checked_first_when_it_was_silent_at_the_start() {
    let all: [Double; 3] = doubles(&ledger()).await;
    all[2].instead("eth_chainId", Reply::Status(502));
    let chain = connect(&all, 2).await;
    all[2].usual("eth_chainId");
    all[2].script(|script| script.chain_id = 1);
    all[0].instead("eth_getBlockByNumber", Reply::Status(500));
    let refused = chain.final_head().await.unwrap_err();
    let said = &testimony(&refused)[&all[2].label()].1;
    assert!(said.contains("it serves chain 1"), "{said}");
    assert!(all[2].asked("eth_getBlockByNumber").is_empty());
}

#[tokio::test]
async fn connect_fails_when_agreement_would_be_no_majority() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let refused = Chain::connect(config(&all, 1), options())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, ChainError::Config(ConfigError::MinAgree { .. })),
        "{refused}"
    );
}

#[tokio::test]
async fn chains_fail_when_one_is_configured_twice() {
    let all: [Double; 1] = doubles(&ledger()).await;
    let configs = vec![config(&all, 1), config(&all, 1)];
    let refused = Chains::connect(configs, options()).await.unwrap_err();
    assert!(
        matches!(refused, ChainError::Config(ConfigError::ChainTwice { .. })),
        "{refused}"
    );
}

#[tokio::test]
async fn error_shows_no_key_when_an_endpoint_is_unreachable() {
    let all: [Double; 1] = doubles(&ledger()).await;
    let mut config = config(&all, 1);
    // A port that was just free, and nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    config.rpc = vec![
        format!("http://127.0.0.1:{port}/v1/s3cr3t?key=s3cr3t")
            .parse()
            .unwrap(),
    ];
    let refused = Chain::connect(config, options()).await.unwrap_err();
    let words = format!("{refused} {refused:?}");
    assert!(
        words.contains(&format!("http://127.0.0.1:{port}")),
        "{words}"
    );
    assert!(!words.contains("s3cr3t"), "{words}");
}
