//! Transactions: at once, again, after a restart, and in vain.

use std::time::Duration;

use alloy::primitives::U256;
use alloy::sol_types::SolCall;
use serde_json::json;
use stheno_chain::contracts::AccessPassContract as Pass;
use stheno_chain::{SendError, SendOptions, Sender};

use crate::process::{Anvil, account, deploy_pass};

fn buy() -> alloy::primitives::Bytes {
    Pass::buyCall {}.abi_encode().into()
}

#[tokio::test]
async fn transactions_all_happen_when_sent_at_once_and_after_a_restart() {
    let anvil = Anvil::start();
    let chain = anvil.chain().await;
    let sender = Sender::new(chain.clone(), account(0));
    let other = Sender::new(chain.clone(), account(1));
    let pass = deploy_pass(&sender).await;
    let price = U256::from(1000);
    let sends = (0..3).flat_map(|_| {
        [&sender, &other].map(|sender| async { sender.send(Some(pass), buy(), price).await })
    });
    for sent in futures::future::join_all(sends).await {
        sent.unwrap();
    }
    // A new process knows nothing of the old one's nonces.
    let restarted = Sender::new(chain.clone(), account(0));
    let sent = restarted.send(Some(pass), buy(), price).await.unwrap();
    let owner = sender.address();
    let holds = Pass::balanceOfCall { owner };
    let balance = chain.read(sent.block.hash, pass, &holds).await.unwrap();
    assert_eq!(balance, U256::from(4));
}

#[tokio::test]
async fn contract_is_created_at_the_nonce_that_was_said_or_not_at_all() {
    let anvil = Anvil::start();
    let sender = Sender::new(anvil.chain().await, account(0));
    let code = stheno_chain::contracts::AccessRegistryContract::BYTECODE.clone();
    let nonces = sender.nonces().await.unwrap();
    assert_eq!(nonces.mined, nonces.next);
    let next = nonces.next;
    for other in [next + 1, next + 7] {
        let refused = sender.create_at(other, code.clone()).await;
        assert!(
            matches!(refused, Err(SendError::Nonce { meant, next: found, .. })
                if meant == other && found == next),
            "{refused:?}"
        );
    }
    let sent = sender.create_at(next, code.clone()).await.unwrap();
    assert_eq!(sent.created, Some(sender.address().create(next)));
    // A new process that does not know that it was sent does not send it again.
    let restarted = Sender::new(anvil.chain().await, account(0));
    let again = restarted.create_at(next, code).await;
    assert!(matches!(again, Err(SendError::Nonce { .. })), "{again:?}");
    assert_eq!(restarted.nonces().await.unwrap().mined, next + 1);
}

#[tokio::test]
async fn transaction_names_the_contract_s_error_when_refused() {
    let anvil = Anvil::start();
    let sender = Sender::new(anvil.chain().await, account(0));
    let pass = deploy_pass(&sender).await;
    let cheap = sender.send(Some(pass), buy(), U256::from(999)).await;
    let Err(SendError::Reverted(revert)) = cheap else {
        panic!("{cheap:?}");
    };
    assert_eq!(revert.name, "WrongPayment");
    assert_eq!(revert.detail, "paid: 999, price: 1000");
    let stranger = Sender::new(anvil.chain().await, account(1));
    let reprice = Pass::setPriceCall {
        newPrice: U256::from(5),
    };
    let refused = stranger.call(pass, &reprice).await;
    let words = refused.unwrap_err().to_string();
    assert!(words.contains("OwnableUnauthorizedAccount"), "{words}");
    sender.call(pass, &reprice).await.unwrap();
}

#[tokio::test]
async fn transaction_says_why_when_the_state_changed_before_it_was_mined() {
    let anvil = Anvil::start();
    let owner = Sender::new(anvil.chain().await, account(0));
    let buyer = Sender::new(anvil.chain().await, account(1));
    let pass = deploy_pass(&owner).await;
    anvil.command("evm_setIntervalMining", json!([0])).await;
    // Both are estimated before either is mined.
    let reprice = Pass::setPriceCall {
        newPrice: U256::from(5),
    };
    let raise = owner.call(pass, &reprice);
    let late = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        buyer.send(Some(pass), buy(), U256::from(1000)).await
    };
    let mine = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        anvil.command("evm_mine", json!([])).await;
    };
    let (raised, late, ()) = tokio::join!(raise, late, mine);
    raised.unwrap();
    let Err(SendError::Reverted(revert)) = late else {
        panic!("{late:?}");
    };
    assert_eq!(revert.to_string(), "WrongPayment(paid: 1000, price: 5)");
}

#[tokio::test]
async fn transaction_happens_once_when_sent_again_while_pending() {
    let anvil = Anvil::start();
    let chain = anvil.chain().await;
    let pass = deploy_pass(&Sender::new(chain.clone(), account(0))).await;
    let options = SendOptions {
        patience: Duration::from_secs(1),
        max_fee_per_gas: None,
    };
    let sender = Sender::with_options(chain.clone(), account(1), options);
    let price = U256::from(1000);
    anvil.command("evm_setIntervalMining", json!([0])).await;
    let waited = sender.send(Some(pass), buy(), price).await;
    let Err(SendError::Pending { hash, .. }) = waited else {
        panic!("{waited:?}");
    };
    let again = sender.send(Some(pass), buy(), price).await;
    assert!(matches!(again, Err(SendError::Pending { .. })), "{again:?}");
    anvil.command("evm_mine", json!([])).await;
    let sent = sender.send(Some(pass), buy(), price).await.unwrap();
    assert_eq!(sent.hash, hash);
    let owner = sender.address();
    let holds = Pass::balanceOfCall { owner };
    let balance = chain.read(sent.block.hash, pass, &holds).await.unwrap();
    assert_eq!(balance, U256::from(1));
}
