//! What an endpoint answers, and what a contract returns through it.
//!
//! A made-up endpoint stands where HTTP would: it puts the input's bytes into a JSON-RPC response,
//! which the chain reader takes apart as it does every other.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, Bytes, U256, hex},
    rpc::{
        json_rpc::{RequestPacket, ResponsePacket},
        types::Filter,
    },
    sol_types::{Panic, Revert as RevertText, SolCall, SolError},
    transports::{BoxTransport, TransportError, TransportFut},
};
use serde_json::{json, value::RawValue};
use stheno_chain::{
    Chain, ChainConfig, Cursor, HttpOptions, Locator, LogFollower, Revert,
    contracts::{AccessPassContract as Pass, CommitteeContract as Contract},
    read_committee,
};
use stheno_crypto::{KeyShare, NodeIndex, NodePublicKey};
use stheno_protocol::ceremony::keys_root;
use tokio::runtime::Runtime;

use crate::{Kind, Target, Verdict};

const CHAIN: u64 = 31_415_926;
const CONTRACT: Address = Address::repeat_byte(0xcc);
const LOCATOR: Locator = Locator {
    chain_id: CHAIN,
    contract: CONTRACT,
    committee_id: 1,
};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime of one thread")
});

/// By method, and calls by the function's selector: the JSON of the result, or `{"error": …}`.
type Answers = BTreeMap<String, Box<RawValue>>;

/// The made-up endpoint.
#[derive(Clone)]
struct Endpoint(Arc<Answers>);

impl Endpoint {
    fn answer(&self, request: &RequestPacket) -> Result<ResponsePacket, TransportError> {
        let RequestPacket::Single(request) = request else {
            panic!("one question at a time");
        };
        let mut name = request.method().to_owned();
        if name == "eth_call" {
            let text = request.serialized().get();
            let data = text.split_once("\"data\":\"").map_or("", |(_, data)| data);
            name = data.get(..10).unwrap_or_default().to_owned();
        }
        let id = serde_json::to_string(request.id()).unwrap_or_default();
        let found = self.0.get(&name).map_or("null", |raw| raw.get());
        let body = match found.strip_prefix("{\"error\":") {
            Some(rest) => format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{rest}"#),
            None => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{found}}}"#),
        };
        serde_json::from_str(&body).map_err(|error| TransportError::deser_err(error, ""))
    }
}

impl tower::Service<RequestPacket> for Endpoint {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        let answer = self.answer(&request);
        Box::pin(async move { answer })
    }
}

async fn chain(answers: Answers) -> Result<Chain, String> {
    let config = ChainConfig {
        min_agree: 1,
        ..ChainConfig::new(CHAIN, Vec::new())
    };
    let endpoint = BoxTransport::new(Endpoint(Arc::new(answers)));
    let transports = vec![("made-up".to_owned(), endpoint)];
    let options = HttpOptions {
        timeout: Duration::from_secs(5),
        ..HttpOptions::default()
    };
    Chain::over(config, transports, options)
        .await
        .map_err(|error| error.to_string())
}

fn raw(json: &serde_json::Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(json).unwrap_or_else(|error| panic!("{error}"))
}

/// An endpoint's answers to every question there is, as one JSON object.
pub(super) const RPC_ANSWERS: Target = Target::new(
    "rpc_answers",
    Kind::Text,
    || {
        let block = |number: u64| {
            json!({
                "number": format!("{number:#x}"),
                "hash": B256::repeat_byte(number as u8),
                "parentHash": B256::repeat_byte(number as u8 - 1),
                "timestamp": "0x6553f100",
            })
        };
        let log = json!({
            "address": CONTRACT, "topics": [B256::repeat_byte(1)], "data": "0x01",
            "blockNumber": "0x9", "blockHash": B256::repeat_byte(9), "blockTimestamp": "0x6553f100",
            "transactionHash": B256::repeat_byte(2), "transactionIndex": "0x0", "logIndex": "0x0",
            "removed": false,
        });
        let mut answers = json!({
            "eth_chainId": format!("{CHAIN:#x}"),
            "eth_getBlockByNumber": block(9),
            "eth_getBlockByHash": block(9),
            "eth_getBalance": "0x1bc16d674ec80000",
            "eth_getCode": "0x6001",
            "eth_getLogs": [log],
        });
        for (name, _, returned) in views() {
            answers[selector(name)] = json!(hex::encode_prefixed(returned));
        }
        let mut reverting = answers.clone();
        reverting[selector("epochInfo")] = json!({"error": {
            "code": 3, "message": "execution reverted", "data": "0x08c379a0",
        }});
        let mut null_round = answers.clone();
        null_round["eth_getBlockByNumber"] = json!({"error": {
            "code": 12, "message": "requested epoch was a null round (9)",
        }});
        [answers, reverting, null_round]
            .iter()
            .map(|answers| answers.to_string().into_bytes())
            .collect()
    },
    |input| {
        let answers: Answers = match serde_json::from_slice(input) {
            Ok(answers) => answers,
            Err(error) => return Verdict::refused(error),
        };
        RUNTIME.block_on(async {
            let chain = match chain(answers).await {
                Ok(chain) => chain,
                Err(error) => return Verdict::refused(error),
            };
            let at = B256::repeat_byte(9);
            let _ = chain.head().await;
            let _ = chain.confirmed(5).await;
            let _ = chain.balance(at, CONTRACT).await;
            let _ = chain.code(at, CONTRACT).await;
            let mut follower = LogFollower::new(chain.clone(), Filter::new(), Cursor::From(9));
            let polled = follower.poll().await;
            match read_committee(&chain, &LOCATOR, None).await {
                Ok(committee) => {
                    assert_eq!(committee.members.len(), 1);
                    assert_eq!(committee.network, LOCATOR.network());
                }
                Err(error) => return Verdict::refused(error),
            }
            match polled {
                Ok(_) => Verdict::Accepted,
                Err(error) => Verdict::refused(error),
            }
        })
    },
)
.memory(512 * 1024, 256)
.cost(10);

/// The bytes that a view returns, through the whole way that they take; the first byte says which.
pub(super) const ABI_RETURNS: Target = Target::new(
    "abi_returns",
    Kind::Bytes,
    || {
        let known = (0_u8..).zip(views());
        known
            .map(|(which, (_, _, returned))| [vec![which], returned].concat())
            .collect()
    },
    |input| {
        static VIEWS: LazyLock<Vec<View>> = LazyLock::new(views);
        let Some((which, returned)) = input.split_first() else {
            return Verdict::refused("empty");
        };
        let Some((name, read, _)) = VIEWS.get(usize::from(*which)) else {
            return Verdict::refused("no such view");
        };
        let answers = [
            ("eth_chainId".to_owned(), raw(&json!(format!("{CHAIN:#x}")))),
            (selector(name), raw(&json!(hex::encode_prefixed(returned)))),
        ];
        RUNTIME.block_on(async {
            let chain = chain(answers.into())
                .await
                .unwrap_or_else(|error| panic!("{error}"));
            match read(chain).await {
                Ok(again) => {
                    // Else bytes that refer to themselves could stand for many more.
                    assert_eq!(again, returned, "{name}: another spelling");
                    Verdict::Accepted
                }
                Err(error) => Verdict::refused(error),
            }
        })
    },
)
.memory(128 * 1024, 64)
.cost(3);

/// Reads a view and encodes what came of it again.
type Reader = fn(Chain) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>>>>;
type View = (&'static str, Reader, Vec<u8>);

fn read<C: SolCall>(chain: Chain) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>>>> {
    Box::pin(async move {
        // Arguments of zeros: the endpoint does not look at them.
        let call = C::abi_decode_raw(&[0; 1024]).map_err(|error| error.to_string())?;
        let returned = chain.read(B256::ZERO, CONTRACT, &call).await;
        returned
            .map(|returned| C::abi_encode_returns(&returned))
            .map_err(|error| error.to_string())
    })
}

/// Every view whose answer has a form that can be wrong, with an answer.
fn views() -> Vec<View> {
    let key = node_key();
    let info = Contract::MemberInfo {
        operator: Address::repeat_byte(1),
        identity: Address::repeat_byte(2),
        endpoint: "http://127.0.0.1:8440".to_owned(),
        metadata: "{}".to_owned(),
    };
    let windows = Contract::Windows {
        deal: 4,
        complain: 5,
        answer: 6,
        confirm: 7,
        margin: 3,
        consentDelay: 20,
    };
    let committee = Contract::CommitteeInfo {
        owner: Address::repeat_byte(1),
        windows,
        epoch: 1,
        ceremony: 1,
        running: 0,
        members: 1,
        devnet: true,
    };
    let epoch = Contract::EpochInfo {
        ceremony: 1,
        threshold: 1,
        size: 1,
        activatedAt: 5,
        context: B256::repeat_byte(3),
        qualified: U256::from(1),
        networkKey: key.to_bytes().into(),
        keysRoot: keys_root(std::slice::from_ref(&key)),
    };
    let member = Contract::Member {
        operator: Address::repeat_byte(1),
        identity: Address::repeat_byte(2),
    };
    let network = B256::from(*LOCATOR.network().as_bytes());
    let keys: Vec<Bytes> = vec![key.to_bytes().into()];
    macro_rules! view {
        ($name:literal, $call:ty, $returned:expr) => {
            (
                $name,
                read::<$call> as Reader,
                <$call>::abi_encode_returns($returned),
            )
        };
    }
    vec![
        view!("committee", Contract::committeeCall, &committee),
        view!("epochInfo", Contract::epochInfoCall, &epoch),
        view!(
            "epochMembers",
            Contract::epochMembersCall,
            &vec![info.clone()]
        ),
        view!("epochKeys", Contract::epochKeysCall, &keys),
        view!("networkId", Contract::networkIdCall, &network),
        view!("memberOf", Contract::memberOfCall, &info),
        view!(
            "ceremonyMembers",
            Contract::ceremonyMembersCall,
            &vec![member]
        ),
        view!("ceremonyKeys", Contract::ceremonyKeysCall, &vec![network]),
        view!("tokenURI", Pass::tokenURICall, &"a token".to_owned()),
    ]
}

fn selector(name: &str) -> String {
    let selector = match name {
        "committee" => Contract::committeeCall::SELECTOR,
        "epochInfo" => Contract::epochInfoCall::SELECTOR,
        "epochMembers" => Contract::epochMembersCall::SELECTOR,
        "epochKeys" => Contract::epochKeysCall::SELECTOR,
        "networkId" => Contract::networkIdCall::SELECTOR,
        "memberOf" => Contract::memberOfCall::SELECTOR,
        "ceremonyMembers" => Contract::ceremonyMembersCall::SELECTOR,
        "ceremonyKeys" => Contract::ceremonyKeysCall::SELECTOR,
        "tokenURI" => Pass::tokenURICall::SELECTOR,
        other => panic!("{other} has no selector here"),
    };
    hex::encode_prefixed(selector)
}

fn node_key() -> NodePublicKey {
    let index = NodeIndex::new(1).expect("not 0");
    KeyShare::from_secret_bytes(index, &[7; 32])
        .expect("below the group order")
        .public_key()
}

/// What a call reverted with.
pub(super) const REVERT: Target = Target::new(
    "revert",
    Kind::Bytes,
    || {
        let texts = [RevertText::from("no"), RevertText::from("äöü\n")];
        let wrong = Pass::WrongPayment {
            paid: U256::from(1),
            price: U256::from(2),
        };
        let mut known: Vec<_> = texts.iter().map(SolError::abi_encode).collect();
        known.push(Panic::from(0x11).abi_encode());
        known.push(Contract::AlreadyDone { index: 3 }.abi_encode());
        known.push(wrong.abi_encode());
        known
    },
    |input| {
        let revert = Revert::decode(Bytes::copy_from_slice(input));
        assert_eq!(revert.data.as_ref(), input);
        let shown = revert.to_string();
        assert!(!shown.contains(['\n', '\r', '\u{1b}']), "{shown:?}");
        if revert.name == "unnamed" {
            Verdict::refused("unnamed")
        } else {
            Verdict::Accepted
        }
    },
);
