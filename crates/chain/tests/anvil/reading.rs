//! Blocks and calls.

use alloy::primitives::{Address, B256, Bytes, U256, bytes};
use alloy::sol_types::{SolCall, SolValue};
use stheno_chain::contracts::{AccessPassContract as Pass, CommitteeContract as Committees};
use stheno_chain::{AnchorError, ChainError, Locator, Sender, read_committee};
use stheno_protocol::Unknown;

use crate::process::{Anvil, CHAIN, account, deploy_pass};

#[tokio::test]
async fn call_sees_the_state_of_its_block() {
    let anvil = Anvil::start();
    let chain = anvil.chain().await;
    let sender = Sender::new(chain.clone(), account(0));
    let pass = deploy_pass(&sender).await;
    let before = chain.head().await.unwrap();
    let buy = Pass::buyCall {}.abi_encode();
    let sent = sender.send(Some(pass), buy.into(), U256::from(1000)).await;
    let after = sent.unwrap().block;
    let holder = sender.address();
    let balance = Bytes::from(Pass::balanceOfCall { owner: holder }.abi_encode());
    for (block, want) in [(before.hash, 0_u64), (after.hash, 1)] {
        let found = chain.call(block, pass, balance.clone()).await.unwrap();
        assert_eq!(found, U256::from(want).abi_encode());
    }
    let price = chain.read(after.hash, pass, &Pass::priceCall {}).await;
    assert_eq!(price.unwrap(), U256::from(1000));
    let rich = chain.balance(after.hash, holder).await.unwrap();
    assert!(rich > U256::from(1000));
}

#[tokio::test]
async fn call_is_unknown_for_every_reason_that_anvil_has() {
    let anvil = Anvil::start();
    let chain = anvil.chain().await;
    let sender = Sender::new(chain.clone(), account(0));
    // Init code that leaves the given code: PUSH… PUSH0 MSTORE, RETURN its end.
    let deploy = |code: Bytes| {
        let mut init = vec![0x5f + code.len() as u8];
        init.extend(&code);
        init.extend([
            0x5f,
            0x52,
            0x60,
            code.len() as u8,
            0x60,
            32 - code.len() as u8,
            0xf3,
        ]);
        let sender = sender.clone();
        async move {
            let sent = sender.send(None, init.into(), U256::ZERO).await.unwrap();
            sent.created.unwrap()
        }
    };
    let reverts = deploy(bytes!("5f5ffd")).await;
    let aborts = deploy(bytes!("fe")).await;
    let empty = deploy(bytes!("5f5ff3")).await;
    // Memory that no gas buys.
    let thirsty = deploy(bytes!("63ffffffff5151")).await;
    let too_long = deploy(bytes!("6140015ff3")).await;
    let at = chain.head().await.unwrap().hash;
    let nobody = Address::repeat_byte(0x77);
    for (to, want) in [
        (reverts, Err(Unknown::Reverted)),
        (aborts, Err(Unknown::Reverted)),
        (empty, Ok(Bytes::new())),
        (thirsty, Err(Unknown::OutOfGas)),
        (too_long, Err(Unknown::TooLong)),
        (nobody, Err(Unknown::NoCode)),
    ] {
        assert_eq!(chain.call(at, to, Bytes::new()).await, want, "{to}");
    }
    let elsewhere = chain.call(B256::repeat_byte(1), empty, Bytes::new()).await;
    assert!(matches!(elsewhere, Err(Unknown::Rpc(_))), "{elsewhere:?}");
}

#[tokio::test]
async fn anchor_passes_at_the_final_head_and_fails_after_a_reorganisation() {
    let anvil = Anvil::start();
    let chain = anvil.chain().await;
    anvil.command("anvil_mine", serde_json::json!([20])).await;
    let last = chain.final_head().await.unwrap();
    let head = chain.head().await.unwrap();
    assert!(last.number < head.number && last.number + 10 > head.number);
    let found = chain.check_anchor(&last.anchor(0), last.time).await;
    assert_eq!(found.unwrap(), last);
    let fresh = chain.head().await.unwrap();
    let early = chain.check_anchor(&fresh.anchor(0), last.time).await;
    assert!(matches!(early, Err(AnchorError::NotDeepEnough { .. })));
    anvil
        .command("anvil_reorg", serde_json::json!([10, []]))
        .await;
    let gone = chain.check_anchor(&last.anchor(0), last.time).await;
    assert!(matches!(gone, Err(AnchorError::NotCanonical { .. })));
    let call = chain.call(last.hash, Address::ZERO, Bytes::new()).await;
    assert!(matches!(call, Err(Unknown::Rpc(_))), "{call:?}");
}

#[tokio::test]
async fn committee_has_no_epoch_when_it_was_only_just_created() {
    let anvil = Anvil::start();
    let chain = anvil.chain().await;
    let sender = Sender::new(chain.clone(), account(0));
    let code = Committees::BYTECODE.clone();
    let sent = sender.send(None, code, U256::ZERO).await.unwrap();
    let contract = sent.created.unwrap();
    let create = Committees::createCommitteeCall {
        windows: Committees::Windows {
            deal: 4,
            complain: 4,
            answer: 4,
            confirm: 4,
            margin: 3,
            consentDelay: 0,
        },
        devnet: true,
    };
    sender.call(contract, &create).await.unwrap();
    let at = chain.head().await.unwrap();
    let mut locator = Locator {
        chain_id: CHAIN,
        contract,
        committee_id: 1,
    };
    let claimed = Committees::networkIdCall { committeeId: 1 };
    let claimed = chain.read(at.hash, contract, &claimed).await.unwrap();
    assert_eq!(claimed.0, *locator.network().as_bytes());
    let found = read_committee(&chain, &locator, Some(at)).await;
    assert!(
        matches!(found, Err(ChainError::NoEpoch { .. })),
        "{found:?}"
    );
    locator.committee_id = 2;
    let refused = read_committee(&chain, &locator, Some(at))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("UnknownCommittee"),
        "{refused}"
    );
}
