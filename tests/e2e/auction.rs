//! A sealed-bid auction on a chain: bids that Rust sealed are opened and settled with the key that real
//! nodes gave out and a contract verified.

use alloy::primitives::{B256, U256};
use stheno_chain::{
    SendError,
    contracts::{
        AccessPassContract as pass, SealedBidAuctionContract as auctions,
        TimedReleaseContract as releases,
    },
    publish_call,
};
use stheno_cli::devnet::{Devnet, Options};

use crate::{
    auction_house::{DAY, House, RESERVE, milli, secret_of},
    stage::{STHENO, shared},
    trials,
};

trials![
    sealed_bids_are_opened_and_settled_with_the_committees_key,
    key_that_somebody_decides_on_is_released_and_stored,
];

/// In milliFIL: what is bid, and what is deposited. The third bid is noise.
const WINNER: (u64, u64) = (3_000, 5_000);
const LOSER: (u64, u64) = (2_000, 4_000);
const NOISE_DEPOSIT: u64 = 1_500;

async fn sealed_bids_are_opened_and_settled_with_the_committees_key() {
    // Time will be moved on by a day, which no other test would like.
    let mut options = Options::with_executable(STHENO);
    (options.nodes, options.threshold) = (3, 2);
    let devnet = Devnet::start(options).await.unwrap();
    let house = House::build(&devnet).await;
    let [seller, winner, loser, noise] = house.people().await;

    // The token is put up, and everything that the identity is made of agrees.
    let token = house.puts_up(&seller).await;
    let info = auctions::auctionInfoCall { number: U256::ONE };
    let info = house.control().view(house.auctions, &info).await.unwrap();
    let item = info.item;
    let id = house.identity(item);
    let theirs = releases::identityOfCall { item };
    let theirs = house.control().view(house.releases, &theirs).await.unwrap();
    assert_eq!(theirs, id.as_bytes()[..]);
    let theirs = releases::policyCall {};
    let theirs = house.control().view(house.releases, &theirs).await.unwrap();
    assert_eq!(theirs, house.policy.to_cbor());

    // An item that is open from the beginning, whose key will be the wrong one.
    let other = house.open_item().await;

    // Three bids, one of which nobody will ever open.
    let (best, second) = (
        house.sealed(&winner, WINNER.0, &id),
        house.sealed(&loser, LOSER.0, &id),
    );
    let (best, second) = (best.await, second.await);
    let mut garbage = house.sealed(&noise, NOISE_DEPOSIT, &id).await;
    garbage.v = B256::repeat_byte(0x99);
    house.bids(&loser, &second, LOSER.1).await;
    house.bids(&winner, &best, WINNER.1).await;
    house.bids(&noise, &garbage, NOISE_DEPOSIT).await;

    // Before the time the nodes give nothing out, and the contract takes nothing.
    let error = house.release(item).await.unwrap_err();
    assert!(error.is_denial(), "{error}");
    assert_eq!(error.code(), "condition_not_met", "{error}");
    let early = house.keeper.send(
        Some(house.releases),
        publish_call(item, [0; 128]),
        U256::ZERO,
    );
    refused(early.await, "NotOpenYet");

    house.until(info.biddingEnds).await;
    let late = house.bid_call(&best);
    let late = winner
        .send(Some(house.auctions), late, milli(RESERVE))
        .await;
    refused(late, "BiddingOver");
    let unopened = house.open_call(1, &second, [0; 32]);
    let unopened = house
        .keeper
        .send(Some(house.auctions), unopened, U256::ZERO);
    refused(unopened.await, "KeyNotPublished");

    // After it they give it to everybody. Another item's key is refused, this one's stored once.
    let released = house.release(item).await.unwrap();
    assert_eq!(released.receipts.len(), 2);
    let other = house.release(other).await.unwrap();
    let wrong = house.keeper.send(
        Some(house.releases),
        publish_call(item, other.key.publish()),
        U256::ZERO,
    );
    refused(wrong.await, "WrongKey");
    house
        .sends(&house.keeper, house.releases, released.publish_call())
        .await;
    let again = house
        .keeper
        .send(Some(house.releases), released.publish_call(), U256::ZERO);
    refused(again.await, "AlreadyPublished");

    // From here on the nodes are not needed: whoever reads the chain opens the bids.
    let key = house.published_key(item, &id).await;
    let placed = house.placed().await;
    assert_eq!(placed.len(), 3);
    let mut opened = Vec::new();
    for bid in &placed {
        if let Some(secret) = secret_of(&key, &bid.sealedBid) {
            let call = house.open_call(bid.bid, &bid.sealedBid, *secret.expose_secret());
            house.sends(&house.keeper, house.auctions, call).await;
            opened.push(bid.bid);
        }
    }
    assert_eq!(opened, [1, 2]);
    let guess = house.open_call(3, &garbage, [0x77; 32]);
    let guess = house
        .keeper
        .send(Some(house.auctions), guess, U256::ZERO)
        .await;
    refused(guess, "WrongSecret");

    // The third could still be opened, so it is waited for.
    let settle = auctions::settleCall { number: U256::ONE };
    refused(
        house.keeper.call(house.auctions, &settle).await,
        "NotOverYet",
    );
    house.time_passes(DAY).await;
    house.keeper.call(house.auctions, &settle).await.unwrap();

    // The winner has the token, and everybody what is theirs, to the last unit.
    let owner = pass::ownerOfCall { tokenId: token };
    let owner = house.control().view(house.token, &owner).await.unwrap();
    assert_eq!(owner, winner.address());
    for (bid, who, wanted) in [(1, &loser, LOSER.1), (2, &winner, WINNER.1 - WINNER.0)] {
        let before = house.balance(who.address()).await;
        let refund = auctions::refundCall {
            number: U256::ONE,
            bidNumber: bid,
        };
        house.keeper.call(house.auctions, &refund).await.unwrap();
        assert_eq!(
            house.balance(who.address()).await - before,
            milli(wanted),
            "bid {bid}"
        );
        refused(
            house.keeper.call(house.auctions, &refund).await,
            "NothingToRefund",
        );
    }
    let refund = auctions::refundCall {
        number: U256::ONE,
        bidNumber: 3,
    };
    refused(
        house.keeper.call(house.auctions, &refund).await,
        "NothingToRefund",
    );
    let proceeds = auctions::proceedsCall {
        seller: seller.address(),
    };
    let proceeds = house
        .control()
        .view(house.auctions, &proceeds)
        .await
        .unwrap();
    assert_eq!(proceeds, milli(WINNER.0 + NOISE_DEPOSIT));
    seller
        .call(house.auctions, &auctions::withdrawCall {})
        .await
        .unwrap();
    assert_eq!(house.balance(house.auctions).await, U256::ZERO);
    drop(house);
    devnet.stop().await;
}

/// A decision opens as a time does, on the devnet that the other tests share.
async fn key_that_somebody_decides_on_is_released_and_stored() {
    let devnet = shared().await;
    let house = House::build(&devnet).await;
    let salt = B256::repeat_byte(0xd0);
    let create = releases::createCall {
        salt,
        opensAt: 0,
        decider: house.keeper.address(),
    };
    house.keeper.call(house.releases, &create).await.unwrap();
    let item = house.item_of(salt).await;
    let error = house.release(item).await.unwrap_err();
    assert!(
        error.is_denial() || error.code() == "condition_unknown",
        "{error}"
    );
    house
        .keeper
        .call(house.releases, &releases::decideCall { item })
        .await
        .unwrap();
    let released = house.release(item).await.unwrap();
    house
        .sends(&house.keeper, house.releases, released.publish_call())
        .await;
    let key = house.published_key(item, &house.identity(item)).await;
    assert_eq!(key.publish(), released.key.publish());
}

fn refused<T: std::fmt::Debug>(result: Result<T, SendError>, name: &str) {
    match result {
        Err(SendError::Reverted(revert)) => assert_eq!(revert.name, name, "{revert}"),
        other => panic!("{name} was wanted: {other:?}"),
    }
}
