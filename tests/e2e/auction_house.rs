//! The contracts of a sealed-bid auction on a devnet, and what the programs of sellers and bidders do.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::{Provider, ProviderBuilder, RootProvider},
    rpc::types::Filter,
    sol_types::{SolCall, SolConstructor, SolEvent, SolValue},
};
use serde_json::Value;
use stheno::{
    Client, DecryptOptions, Error, ItemId, NetworkFile, Policy, ReleasedKey,
    crypto::{Encapsulation, Identity, ItemKey, NetworkKey, SealSecret, encapsulate},
    timed_release_policy,
};
use stheno_chain::{
    Chain, ChainConfig, HttpOptions, Sender,
    contracts::{
        AccessPassContract as pass, SealedBidAuctionContract as auctions,
        TimedReleaseContract as releases, sealed_bid_auction::ISealedBidAuction::SealedBid,
    },
};
use stheno_cli::devnet::{Devnet, anvil::CHAIN_ID, contracts::pass_price, control::Control};

use crate::someone::Someone;

/// In seconds; the least that the contract allows for its windows.
pub(crate) const DAY: u32 = 24 * 60 * 60;
/// In milliFIL.
pub(crate) const RESERVE: u64 = 1_000;
/// How long bidding is open, in seconds: a few blocks for the bids, and time for a slow machine.
const BIDDING: u64 = 15;

/// The contracts on a devnet, and somebody who does what anybody may.
pub(crate) struct House<'a> {
    pub(crate) devnet: &'a Devnet,
    pub(crate) client: Client,
    pub(crate) network: NetworkFile,
    pub(crate) network_key: NetworkKey,
    pub(crate) policy: Policy,
    pub(crate) keeper: Sender,
    pub(crate) token: Address,
    pub(crate) releases: Address,
    pub(crate) auctions: Address,
}

impl<'a> House<'a> {
    pub(crate) async fn build(devnet: &'a Devnet) -> Self {
        let network = devnet.network().clone();
        let rpc = [devnet.rpc().clone()];
        let client = Client::connect(network.clone(), &rpc).await.unwrap();
        let committee = client.committee(&network.locator()).await.unwrap();
        let keeper = sender(devnet, "auction keeper").await;
        let arguments = releases::constructorCall {
            committee: devnet.contracts().committee,
            committeeId: devnet.contracts().committee_id,
            networkKey_: committee.network_key.to_eip2537().into(),
        };
        let code = [releases::BYTECODE.to_vec(), arguments.abi_encode()].concat();
        let releases = deployed(&keeper, code).await;
        let arguments = auctions::constructorCall {
            releases_: releases,
        };
        let code = [auctions::BYTECODE.to_vec(), arguments.abi_encode()].concat();
        Self {
            devnet,
            client,
            network,
            network_key: committee.network_key,
            policy: timed_release_policy(CHAIN_ID, releases).unwrap(),
            token: devnet.contracts().access_pass,
            releases,
            auctions: deployed(&keeper, code).await,
            keeper,
        }
    }

    pub(crate) async fn people(&self) -> [Sender; 4] {
        let names = [
            "auction seller",
            "auction winner",
            "auction loser",
            "auction noise",
        ];
        let mut people = Vec::new();
        for name in names {
            people.push(sender(self.devnet, name).await);
        }
        people.try_into().unwrap_or_else(|_| unreachable!())
    }

    pub(crate) fn control(&self) -> &Control {
        self.devnet.control()
    }

    pub(crate) fn identity(&self, item: B256) -> Identity {
        Identity::new(
            &self.network.network_id(),
            &self.network_key.fingerprint(),
            &self.policy.digest(),
            &ItemId::from_bytes(item.0),
        )
    }

    pub(crate) async fn item_of(&self, salt: B256) -> B256 {
        let creator = self.keeper.address();
        let call = releases::itemOfCall { creator, salt };
        self.control().view(self.releases, &call).await.unwrap()
    }

    /// The seller buys a pass and auctions it off.
    pub(crate) async fn puts_up(&self, seller: &Sender) -> U256 {
        let buy = pass::buyCall {}.abi_encode().into();
        let bought = seller
            .send(Some(self.token), buy, pass_price())
            .await
            .unwrap();
        let sold: Vec<pass::Transfer> = self.events(self.token, bought.block.number).await;
        let token = sold.last().unwrap().tokenId;
        let approve = pass::approveCall {
            to: self.auctions,
            tokenId: token,
        };
        seller.call(self.token, &approve).await.unwrap();
        let create = auctions::createCall {
            token: self.token,
            tokenId: token,
            reserve: milli(RESERVE).to(),
            biddingEnds: self.now().await + BIDDING,
            keyGrace: DAY,
            openingTime: DAY,
        };
        seller.call(self.auctions, &create).await.unwrap();
        token
    }

    /// What a bidder's program sends for a bid of `amount`.
    pub(crate) async fn sealed(&self, bidder: &Sender, amount: u64, id: &Identity) -> SealedBid {
        let sigma = keccak256(format!("σ of {amount}")).0;
        let (sealed, _) = encapsulate(&self.network_key, id, &sigma);
        let mask = self.mask(bidder.address(), sigma.into());
        let call = auctions::maskOfCall {
            number: U256::ONE,
            bidder: bidder.address(),
            secret: sigma.into(),
        };
        assert_eq!(
            self.control().view(self.auctions, &call).await.unwrap(),
            mask
        );
        SealedBid {
            u: sealed.u_to_eip2537().unwrap().into(),
            v: sealed.v.into(),
            masked: B256::from(milli(amount)) ^ mask,
        }
    }

    pub(crate) fn mask(&self, bidder: Address, secret: B256) -> B256 {
        let kind = "SealedBidMask(bytes32 secret,uint256 chainId,address contract,uint256 auction,address bidder)";
        let parts = (
            keccak256(kind),
            secret,
            U256::from(CHAIN_ID),
            self.auctions,
            U256::ONE,
            bidder,
        );
        keccak256(parts.abi_encode())
    }

    pub(crate) fn bid_call(&self, bid: &SealedBid) -> Bytes {
        auctions::bidCall {
            number: U256::ONE,
            sealedBid: bid.clone(),
        }
        .abi_encode()
        .into()
    }

    pub(crate) fn open_call(&self, number: u32, bid: &SealedBid, secret: [u8; 32]) -> Bytes {
        auctions::openCall {
            number: U256::ONE,
            bidNumber: number,
            sealedBid: bid.clone(),
            secret: secret.into(),
        }
        .abi_encode()
        .into()
    }

    pub(crate) async fn bids(&self, bidder: &Sender, bid: &SealedBid, deposit: u64) {
        let sent = bidder.send(Some(self.auctions), self.bid_call(bid), milli(deposit));
        sent.await.unwrap();
    }

    pub(crate) async fn sends(&self, who: &Sender, to: Address, call: Bytes) {
        who.send(Some(to), call, U256::ZERO).await.unwrap();
    }

    pub(crate) async fn release(&self, item: B256) -> Result<ReleasedKey, Error> {
        let (item, options) = (ItemId::from_bytes(item.0), DecryptOptions::default());
        let locator = self.network.locator();
        self.client
            .release_key(&locator, &self.policy, item, &options)
            .await
    }

    /// An item that is open from the beginning.
    pub(crate) async fn open_item(&self) -> B256 {
        let salt = B256::repeat_byte(0x0e);
        let create = releases::createCall {
            salt,
            opensAt: 1,
            decider: Address::ZERO,
        };
        self.keeper.call(self.releases, &create).await.unwrap();
        self.item_of(salt).await
    }

    /// The key as the contract shows it to everybody.
    pub(crate) async fn published_key(&self, item: B256, id: &Identity) -> ItemKey {
        let key = releases::keyOfCall { item };
        let key = self.control().view(self.releases, &key).await.unwrap();
        ItemKey::from_eip2537(&self.network_key, id, &key).unwrap()
    }

    pub(crate) async fn placed(&self) -> Vec<auctions::BidPlaced> {
        self.events(self.auctions, 0).await
    }

    pub(crate) async fn events<E: SolEvent>(&self, of: Address, from: u64) -> Vec<E> {
        let filter = Filter::new().address(of).event_signature(E::SIGNATURE_HASH);
        let logs = self
            .provider()
            .get_logs(&filter.from_block(from))
            .await
            .unwrap();
        let decode = |log: &alloy::rpc::types::Log| E::decode_log(&log.inner).unwrap().data;
        logs.iter().map(decode).collect()
    }

    pub(crate) async fn now(&self) -> u64 {
        let newest = self
            .provider()
            .get_block(alloy::eips::BlockId::latest())
            .await;
        newest.unwrap().unwrap().header.timestamp
    }

    /// Waits for a block of this time.
    pub(crate) async fn until(&self, time: u64) {
        while self.now().await < time {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub(crate) async fn time_passes(&self, seconds: u32) {
        let provider = self.provider();
        let moved = provider.raw_request::<_, Value>("evm_increaseTime".into(), [seconds]);
        moved.await.unwrap();
        self.control().mine().await.unwrap();
    }

    pub(crate) async fn balance(&self, of: Address) -> U256 {
        self.provider().get_balance(of).await.unwrap()
    }

    pub(crate) fn provider(&self) -> RootProvider {
        ProviderBuilder::default().connect_http(self.devnet.rpc().clone())
    }
}

/// `σ` of a bid as the chain has it, for who has the key.
pub(crate) fn secret_of(key: &ItemKey, bid: &SealedBid) -> Option<SealSecret> {
    let sealed = Encapsulation::from_eip2537(&bid.u, bid.v.0).ok()?;
    key.decapsulate(&sealed)
}

pub(crate) fn milli(fil: u64) -> U256 {
    U256::from(fil) * U256::from(10).pow(U256::from(15))
}

async fn sender(devnet: &Devnet, name: &str) -> Sender {
    let someone = Someone::with_money(devnet, name).await;
    let config = ChainConfig::new(CHAIN_ID, vec![devnet.rpc().clone()]);
    let chain = Chain::connect(config, HttpOptions::default())
        .await
        .unwrap();
    Sender::new(chain, someone.signer)
}

async fn deployed(sender: &Sender, code: Vec<u8>) -> Address {
    let sent = sender.send(None, code.into(), U256::ZERO).await.unwrap();
    sent.created.unwrap()
}
