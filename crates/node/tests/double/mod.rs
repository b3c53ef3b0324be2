//! A chain that answers JSON-RPC from memory, and a committee on it: what a node sees, under the
//! test's control.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "shared by tests, not all of which use everything"
)]

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::{
    primitives::{Address, B256, Bytes, FixedBytes, Signature, U64, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolValue},
};
use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use stheno_chain::contracts::committee::CommitteeContract as contract;
use stheno_crypto::{ItemId, KeyShare, NetworkKey, NodeIndex, NodePublicKey, ReaderSecret};
use stheno_node::{
    Config, Server, ServerError,
    data_dir::DataDir,
    vault::{UnlockSecret, Vault},
};
use stheno_protocol::{
    Account, AccountKind, Anchor, Authorization, Context, Domain, Policy, Request,
    ceremony::keys_root,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub const CHAIN_ID: u64 = 31_415_926;
pub const COMMITTEE: Address = Address::repeat_byte(0xc0);
pub const PASS: Address = Address::repeat_byte(0xa5);
/// A contract that keeps a group's root.
pub const GROUP: Address = Address::repeat_byte(0x96);
const FINALITY: u64 = 2;

sol! {
    function balanceOf(address owner) view returns (uint256);
    function isValid(uint256 root, uint64 time) view returns (bool);
    function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4);
}

/// What the chain says, changeable while it runs.
#[derive(Clone)]
pub struct Ledger {
    pub head: u64,
    /// How many passes an account has, from a block on.
    pub passes: Vec<(u64, Address, u64)>,
    /// Calls made by policies, heads not counted.
    pub policy_calls: usize,
    /// All JSON-RPC requests.
    pub requests: usize,
    /// The head cannot be read.
    pub headless: bool,
    /// Answers to policies' calls come this late.
    pub delay: Duration,
    pub identities: Vec<Address>,
    pub keys: Vec<NodePublicKey>,
    pub network_key: NetworkKey,
    /// When block 0 was made, in Unix seconds; a block follows every second.
    pub start: u64,
    /// Answers to everything come this late.
    pub slow: Duration,
    pub chain_id: u64,
    /// Contract wallets: from a block on, the key whose signatures they accept; none for nobody's.
    pub wallets: Vec<(u64, Address, Option<Address>)>,
    /// Roots of the group: until which second they are valid, as a block on says it; 0 for never.
    pub roots: Vec<(u64, U256, u64)>,
    /// The active epoch, 1 or 2.
    pub epoch: u64,
}

#[derive(Clone)]
pub struct FakeChain {
    pub ledger: Arc<Mutex<Ledger>>,
    pub address: SocketAddr,
}

impl FakeChain {
    /// A committee of three, any two of whom open; node 2 is the one under test.
    pub async fn start(identity: Address) -> Self {
        let keys: Vec<_> = (1..=3).map(|index| key_share(index).public_key()).collect();
        let network_key = scalar_key(CONSTANT).public_key();
        let ledger = Ledger {
            head: 1_000,
            passes: Vec::new(),
            policy_calls: 0,
            requests: 0,
            headless: false,
            delay: Duration::ZERO,
            identities: vec![
                Address::repeat_byte(0x11),
                identity,
                Address::repeat_byte(0x33),
            ],
            keys,
            network_key: NetworkKey::from_bytes(&network_key.to_bytes()).unwrap(),
            start: now() - 1_000,
            slow: Duration::ZERO,
            chain_id: CHAIN_ID,
            wallets: Vec::new(),
            roots: Vec::new(),
            epoch: 1,
        };
        Self::serve(ledger).await
    }

    /// Another endpoint of the same chain, which then goes its own ways.
    pub async fn twin(&self) -> Self {
        let ledger = self.lock().clone();
        Self::serve(ledger).await
    }

    /// Another chain, whose blocks are made at the same times.
    pub async fn neighbour(&self, chain_id: u64) -> Self {
        let mut ledger = self.lock().clone();
        ledger.chain_id = chain_id;
        Self::serve(ledger).await
    }

    async fn serve(ledger: Ledger) -> Self {
        let ledger = Arc::new(Mutex::new(ledger));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/", post(answer))
            .with_state(Arc::clone(&ledger));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { ledger, address }
    }

    pub fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    pub fn anchor(&self, number: u64) -> Anchor {
        Anchor {
            chain_id: self.lock().chain_id,
            confirmations: 0,
            number,
            hash: hash(number),
        }
    }

    pub fn final_anchor(&self) -> Anchor {
        let number = self.lock().head - FINALITY;
        self.anchor(number)
    }
}

pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn hash(number: u64) -> B256 {
    keccak256(number.to_be_bytes())
}

const CONSTANT: u64 = 1_000_003;

fn scalar_key(secret: u64) -> KeyShare {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&secret.to_be_bytes());
    KeyShare::from_secret_bytes(NodeIndex::new(1).unwrap(), &bytes).unwrap()
}

/// Share of the polynomial `1000003 + 77 x`.
pub fn key_share(index: u16) -> KeyShare {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&(CONSTANT + 77 * u64::from(index)).to_be_bytes());
    KeyShare::from_secret_bytes(NodeIndex::new(index).unwrap(), &bytes).unwrap()
}

pub fn context() -> B256 {
    B256::repeat_byte(0xce)
}

/// Of the ceremony of this number, which made the epoch of this number.
fn context_of(number: u64) -> B256 {
    match number {
        1 => context(),
        _ => B256::repeat_byte(0xcf),
    }
}

pub fn domain() -> Domain {
    Domain::of_committee(CHAIN_ID, COMMITTEE, 1)
}

async fn answer(
    State(ledger): State<Arc<Mutex<Ledger>>>,
    Json(request): Json<Value>,
) -> Json<Value> {
    match request {
        Value::Array(batch) => {
            let answers = batch.iter().map(|request| answer_one(&ledger, request));
            Json(futures::future::join_all(answers).await.into())
        }
        request => Json(answer_one(&ledger, &request).await),
    }
}

async fn answer_one(ledger: &Mutex<Ledger>, request: &Value) -> Value {
    let method = request["method"].as_str().unwrap().to_owned();
    let params = request["params"].clone();
    let (answer, delay) = {
        let mut ledger = ledger.lock().unwrap();
        ledger.requests += 1;
        let is_policy = method == "eth_call" && params[0]["to"] == json!(PASS);
        ledger.policy_calls += usize::from(is_policy);
        let delay = if is_policy {
            ledger.delay
        } else {
            Duration::ZERO
        };
        let delay = delay + ledger.slow;
        (ledger.answer(&method, &params), delay)
    };
    tokio::time::sleep(delay).await;
    let mut reply = json!({ "jsonrpc": "2.0", "id": request["id"] });
    match answer {
        Ok(result) => reply["result"] = result,
        Err(message) => reply["error"] = json!({ "code": -32_000, "message": message }),
    }
    reply
}

impl Ledger {
    fn answer(&self, method: &str, params: &Value) -> Result<Value, String> {
        match method {
            "eth_chainId" => Ok(json!(U64::from(self.chain_id))),
            "eth_getBlockByNumber" => self.block(&params[0]),
            "eth_getLogs" => Ok(json!([])),
            "eth_getBalance" => Ok(json!(U256::ZERO)),
            "eth_getCode" => {
                let number = self.number_of(&params[1])?;
                let of: Address = serde_json::from_value(params[0].clone()).unwrap();
                let is_made = self.wallet(number, of).is_some();
                let is_contract = is_made || matches!(of, PASS | COMMITTEE | GROUP);
                Ok(json!(if is_contract { "0x00" } else { "0x" }))
            }
            "eth_call" => {
                let number = self.number_of(&params[1])?;
                let to: Address = serde_json::from_value(params[0]["to"].clone()).unwrap();
                let data: Bytes = serde_json::from_value(params[0]["input"].clone()).unwrap();
                let answer = match to {
                    PASS => self.balance_of(number, &data),
                    COMMITTEE => self.committee(&data),
                    GROUP => self.is_valid_root(number, &data),
                    _ => self.is_valid_signature(number, to, &data),
                };
                Ok(json!(Bytes::from(answer?)))
            }
            other => Err(format!("{other} is not known here")),
        }
    }

    /// The number of the block that EIP-1898 names.
    fn number_of(&self, at: &Value) -> Result<u64, String> {
        let at: B256 = serde_json::from_value(at["blockHash"].clone()).unwrap();
        let mut numbers = (0..=self.head).rev();
        let found = numbers.find(|number| hash(*number) == at);
        found.ok_or_else(|| "unknown block".to_owned())
    }

    /// What is known of a contract wallet at a block, once it is made: its owner, if it has one.
    fn wallet(&self, number: u64, address: Address) -> Option<Option<Address>> {
        let mut known = self.wallets.iter();
        let last = known.rfind(|(from, wallet, _)| *from <= number && *wallet == address);
        last.map(|(_, _, owner)| *owner)
    }

    fn is_valid_signature(
        &self,
        number: u64,
        wallet: Address,
        data: &[u8],
    ) -> Result<Vec<u8>, String> {
        let Some(owner) = self.wallet(number, wallet) else {
            return Ok(Vec::new());
        };
        let call = isValidSignatureCall::abi_decode(data).map_err(|e| e.to_string())?;
        let signer = Signature::try_from(call.signature.as_ref())
            .and_then(|signature| signature.recover_address_from_prehash(&call.hash))
            .map_err(|_| "execution reverted: no signature")?;
        let magic = match Some(signer) == owner {
            true => isValidSignatureCall::SELECTOR,
            false => [0xff; 4],
        };
        Ok(B256::right_padding_from(&magic).to_vec())
    }

    fn block(&self, which: &Value) -> Result<Value, String> {
        let number = match which.as_str().unwrap() {
            "latest" if self.headless => return Err("no head today".to_owned()),
            "latest" => self.head,
            "finalized" => self.head - FINALITY,
            number => u64::from_str_radix(number.trim_start_matches("0x"), 16).unwrap(),
        };
        if number > self.head {
            return Ok(Value::Null);
        }
        Ok(json!({
            "number": U64::from(number),
            "hash": hash(number),
            "parentHash": hash(number - 1),
            "timestamp": U64::from(self.start + number),
        }))
    }

    fn balance_of(&self, number: u64, data: &[u8]) -> Result<Vec<u8>, String> {
        let call = balanceOfCall::abi_decode(data).map_err(|e| e.to_string())?;
        let last = self
            .passes
            .iter()
            .rfind(|(from, of, _)| *from <= number && *of == call.owner);
        Ok(U256::from(last.map_or(0, |(_, _, count)| *count)).abi_encode())
    }

    fn is_valid_root(&self, number: u64, data: &[u8]) -> Result<Vec<u8>, String> {
        let call = isValidCall::abi_decode(data).map_err(|e| e.to_string())?;
        let last = self
            .roots
            .iter()
            .rfind(|(from, root, _)| *from <= number && *root == call.root);
        Ok(last
            .is_some_and(|(_, _, until)| call.time <= *until)
            .abi_encode())
    }

    fn committee(&self, data: &[u8]) -> Result<Vec<u8>, String> {
        let selector: [u8; 4] = data[..4].try_into().unwrap();
        // Of what is asked about, where that is the last argument.
        let number = data
            .last_chunk()
            .map_or(0, |last| u64::from_be_bytes(*last));
        match selector {
            contract::committeeCall::SELECTOR => {
                let info = contract::CommitteeInfo {
                    owner: Address::repeat_byte(1),
                    windows: contract::Windows {
                        deal: 4,
                        complain: 4,
                        answer: 4,
                        confirm: 4,
                        margin: 3,
                        consentDelay: 0,
                    },
                    epoch: self.epoch,
                    ceremony: self.epoch,
                    running: 0,
                    members: 3,
                    devnet: true,
                };
                Ok(info.abi_encode())
            }
            contract::networkIdCall::SELECTOR => Ok(domain().network.as_bytes().to_vec()),
            contract::ceremonyInfoCall::SELECTOR => Ok(contract::CeremonyInfo {
                kind: 0,
                state: 4,
                threshold: 2,
                size: 3,
                oldThreshold: 0,
                dealers: 3,
                fromEpoch: 0,
                proposer: Address::repeat_byte(1),
                proposal: B256::ZERO,
                context: context_of(number),
                proposedAt: 900,
                consentCloses: 1_000,
                start: 910,
                opens: [910, 917, 924, 931],
                closes: [914, 921, 928, 935],
                transcript: B256::ZERO,
            }
            .abi_encode()),
            contract::epochInfoCall::SELECTOR => Ok(contract::EpochInfo {
                ceremony: number,
                threshold: 2,
                size: 3,
                activatedAt: 940,
                context: context_of(number),
                qualified: U256::from(7),
                networkKey: self.network_key.to_bytes().to_vec().into(),
                keysRoot: keys_root(&self.keys),
            }
            .abi_encode()),
            contract::epochMembersCall::SELECTOR => {
                let members: Vec<_> = (0_u8..)
                    .zip(&self.identities)
                    .map(|(at, identity)| contract::MemberInfo {
                        operator: Address::repeat_byte(0x70 + at),
                        identity: *identity,
                        endpoint: "http://127.0.0.1:1/".to_owned(),
                        metadata: String::new(),
                    })
                    .collect();
                Ok(members.abi_encode())
            }
            contract::epochKeysCall::SELECTOR => {
                let keys: Vec<Bytes> = self
                    .keys
                    .iter()
                    .map(|key| key.to_bytes().to_vec().into())
                    .collect();
                Ok(keys.abi_encode())
            }
            other => Err(format!("call {} is not known here", hex::encode(other))),
        }
    }
}

/// A node with its files, before it runs.
pub struct Home {
    pub folder: tempfile::TempDir,
    pub chain: FakeChain,
    /// Further endpoints of the chain; all must agree.
    pub twins: Vec<FakeChain>,
}

impl Home {
    /// Node 2 of the committee, with its share.
    pub async fn new() -> Self {
        Self::with_share(key_share(2)).await
    }

    pub async fn with_share(share: KeyShare) -> Self {
        Self::made(&[(1, share)]).await
    }

    /// Node 2 while two epochs are served, of which the active one is 2.
    pub async fn in_two_epochs() -> Self {
        let home = Self::made(&[(1, key_share(2)), (2, key_share(2))]).await;
        home.chain.lock().epoch = 2;
        home
    }

    /// A member whose vault has no share, as after a backup from before the ceremony.
    pub async fn without_share() -> Self {
        Self::made(&[]).await
    }

    async fn made(shares: &[(u64, KeyShare)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(&folder.path().join("data"));
        data_dir.create().unwrap();
        let source = stheno_node::config::Unlock::KeyFile(folder.path().join("vault.key"));
        let secret = UnlockSecret::prepare(&source).unwrap();
        let vault = Vault::create(&data_dir.vault(), &secret).unwrap();
        for (number, share) in shares {
            vault.keep_share(&context_of(*number), share).unwrap();
        }
        let chain = FakeChain::start(vault.address()).await;
        let twins = Vec::new();
        Self {
            folder,
            chain,
            twins,
        }
    }

    /// Its configuration, with `more` TOML at the top and sections at the end.
    pub fn config(&self, top: &str, sections: &str) -> Config {
        let endpoints = std::iter::once(&self.chain).chain(&self.twins);
        let endpoints: Vec<_> = endpoints
            .map(|endpoint| format!("\"http://{}/\"", endpoint.address))
            .collect();
        let text = format!(
            "listen = \"127.0.0.1:0\"\n{top}\n\
             [network]\nchain_id = {CHAIN_ID}\ncontract = \"{COMMITTEE}\"\ncommittee_id = 1\n\
             [[chain]]\nchain_id = {CHAIN_ID}\nrpc = [{}]\npoll_ms = 50\n\
             [vault]\nkey_file = \"vault.key\"\n{sections}\n",
            endpoints.join(", ")
        );
        let path: PathBuf = self.folder.path().join("node.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path).unwrap()
    }

    pub async fn run(self) -> Node {
        self.run_with("", "").await
    }

    pub async fn run_with(self, top: &str, sections: &str) -> Node {
        let config = self.config(top, sections);
        self.run_as(config).await
    }

    pub async fn run_as(self, config: Config) -> Node {
        let server = Server::bind(config).await.unwrap();
        let url = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        Node {
            home: self,
            url,
            http: reqwest::Client::new(),
            stop: Some(stop),
            task,
        }
    }
}

/// A node that runs.
pub struct Node {
    pub home: Home,
    pub url: String,
    pub http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    pub task: JoinHandle<Result<(), ServerError>>,
}

impl Node {
    pub async fn serving() -> Self {
        let node = Home::new().await.run().await;
        node.until_ready().await;
        node
    }

    pub async fn until_ready(&self) {
        for _ in 0..200 {
            if self.get("/ready").await.0 == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not ready: {:?}", self.get("/ready").await);
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self
            .http
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    pub async fn post(&self, body: &Value) -> (u16, Value) {
        self.post_to("/v1/reencrypt", body).await
    }

    pub async fn post_to(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .http
            .post(format!("{}{path}", self.url))
            .json(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    /// The code with which a request is refused; `ok` when it is not.
    pub async fn code(&self, body: &Value) -> String {
        let (status, answer) = self.post(body).await;
        match status {
            200 => "ok".to_owned(),
            _ => answer["code"].as_str().unwrap().to_owned(),
        }
    }

    pub fn tell_to_stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    pub async fn stop(mut self) -> Home {
        self.tell_to_stop();
        self.task.await.unwrap().unwrap();
        self.home
    }
}

/// A reader with a wallet.
pub struct Reader {
    pub wallet: PrivateKeySigner,
    pub secret: ReaderSecret,
}

impl Reader {
    pub fn new() -> Self {
        Self {
            wallet: PrivateKeySigner::from_slice(&[0x42; 32]).unwrap(),
            secret: ReaderSecret::from_seed(&[0x43; 32]),
        }
    }

    /// An honest request for some items, not yet signed.
    pub fn request(&self, chain: &FakeChain, items: usize) -> Request {
        let (mut nonce, now) = ([0; 32], now());
        getrandom::fill(&mut nonce).unwrap();
        Request {
            network: domain().network,
            epoch: 1,
            account: Some(Account {
                address: self.wallet.address(),
                chain: CHAIN_ID,
                kind: AccountKind::Key,
            }),
            policy: policy().to_cbor().into(),
            items: (0..items).map(item).collect(),
            reader_key: FixedBytes(self.secret.public().to_bytes()),
            anchors: vec![chain.final_anchor()],
            issued_at: now,
            expires_at: now + 120,
            nonce: B256::from(nonce),
            context: Context::default(),
            authorization: Authorization::None {},
        }
    }

    /// The JSON of a request, signed as it is.
    pub fn signed(&self, mut request: Request) -> Value {
        let signature = self
            .wallet
            .sign_hash_sync(&request.digest(&domain()))
            .unwrap();
        request.authorization = Authorization::Wallet {
            signature: signature.as_bytes().into(),
        };
        serde_json::to_value(&request).unwrap()
    }

    /// The honest request with a change, signed after it.
    pub fn changed(&self, chain: &FakeChain, change: impl FnOnce(&mut Request)) -> Value {
        let mut request = self.request(chain, 1);
        change(&mut request);
        self.signed(request)
    }
}

pub fn item(number: usize) -> ItemId {
    ItemId::from_bytes(keccak256(number.to_be_bytes()).0)
}

/// Holds an access pass.
pub fn policy() -> Policy {
    let text = json!({
        "version": 1,
        "rule": { "token": {
            "chain": CHAIN_ID, "standard": "erc721", "contract": PASS, "min": "1",
        } },
    });
    Policy::from_json(&text.to_string()).unwrap()
}
