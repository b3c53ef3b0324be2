//! What a node answers to requests that no SDK makes.
//!
//! Every case starts from a request that is granted, and changes one thing.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy::signers::SignerSync;
use serde_json::{Value, json};
use stheno_cli::devnet::{Devnet, anvil::CHAIN_ID};
use stheno_crypto::ReaderSecret;
use stheno_protocol::{
    Account, AccountKind, Anchor, Answer, Authorization, B256, Context, Domain, ItemId, Policy,
    Problem, Request, Status,
};

use crate::{someone::Someone, stage, trials};

trials![
    request_is_granted_when_nothing_is_wrong,
    request_is_malformed_with_bad_hex_or_wrong_lengths,
    request_is_malformed_when_fields_are_missing_unknown_or_of_another_type,
    request_is_refused_with_a_reader_key_that_is_no_point,
    request_is_refused_outside_its_time,
    request_is_refused_without_the_accounts_signature,
    request_is_refused_for_another_network_or_epoch,
    request_is_refused_with_bad_items,
    request_is_refused_with_anchors_that_do_not_fit,
    request_is_refused_with_a_policy_that_is_none,
    request_is_refused_when_its_body_is_too_large,
    request_naming_an_identity_is_malformed,
    replayed_request_gets_the_same_answer,
    request_for_256_items_gets_a_share_of_each,
];

async fn request_is_granted_when_nothing_is_wrong() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "granted").await;
    let request = asker.request();
    let (status, body) = asker.post(&asker.signed(request.clone())).await;
    assert_eq!(status, 200, "{body}");
    let answer: Answer = serde_json::from_value(body).unwrap();
    assert_eq!(answer.shares.len(), 1);
    assert_eq!(answer.shares[0].len(), stheno_crypto::SHARE_BYTES);
    assert_eq!((answer.node, answer.epoch), (1, request.epoch));
}

async fn request_is_malformed_with_bad_hex_or_wrong_lengths() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "bad hex").await;
    let good = asker.signed(asker.request());
    let cases = [
        ("/network", "0x12"),
        ("/network", "network"),
        ("/policy", "0xzz"),
        ("/policy", "0xabc"),
        ("/items/0", "0x00"),
        ("/readerKey", "0x1234"),
        ("/readerKey", "12"),
        ("/nonce", "0x"),
        ("/context", "0x0"),
        ("/account", "0x70997970C51812dc3A010C7d01b50e0d17dc79"),
        ("/anchors/0/hash", "0xffff"),
        ("/authorization/signature", "0xnothex"),
    ];
    for (field, bad) in cases {
        let mut body = good.clone();
        let place = body.pointer_mut(field);
        *place.unwrap_or_else(|| panic!("no {field} in {good}")) = json!(bad);
        asker.expect(&body, 400, "malformed").await;
    }
}

async fn request_is_malformed_when_fields_are_missing_unknown_or_of_another_type() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "fields").await;
    let good = asker.signed(asker.request());
    for field in good.as_object().unwrap().keys() {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        let (status, answer) = asker.post(&body).await;
        // An account may be left out by leaving out its fields; then its signature is out of place.
        assert!((400..500).contains(&status), "{field}: {status} {answer}");
    }
    let mut body = good.clone();
    body["surprise"] = json!(1);
    asker.expect(&body, 400, "malformed").await;
    let mut body = good.clone();
    body["epoch"] = json!("one");
    asker.expect(&body, 400, "malformed").await;
    let mut body = good.clone();
    body["expiresAt"] = json!(-1);
    asker.expect(&body, 400, "malformed").await;
    for text in ["", "{", "[]", "null", "\u{0}"] {
        let (status, answer) = asker.post_text(text.to_owned()).await;
        assert_eq!(
            (status, code(&answer)),
            (400, "malformed"),
            "{text:?}: {answer}"
        );
    }
}

async fn request_is_refused_with_a_reader_key_that_is_no_point() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "no point").await;
    // x = 1 has no y on the curve; the point at infinity is no key; x ≥ p is not canonical.
    let mut off_curve = [0_u8; 48];
    off_curve[0] = 0x80;
    off_curve[47] = 1;
    let mut infinity = [0_u8; 48];
    infinity[0] = 0xc0;
    for bad in [off_curve, infinity, [0xff; 48], [0; 48]] {
        let mut request = asker.request();
        request.reader_key = bad.into();
        let body = asker.signed(request);
        asker.expect(&body, 400, "bad_reader_key").await;
    }
}

async fn request_is_refused_outside_its_time() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "times").await;
    let now = now();
    let cases = [
        (now - 400, now - 100, "expired"),
        (now + 200, now + 300, "from_future"),
        (now, now + 301, "bad_times"),
        (now, now - 1, "bad_times"),
    ];
    for (issued_at, expires_at, code) in cases {
        let mut request = asker.request();
        (request.issued_at, request.expires_at) = (issued_at, expires_at);
        asker.expect(&asker.signed(request), 400, code).await;
    }
}

async fn request_is_refused_without_the_accounts_signature() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "signature").await;
    let thief = Someone::with_money(&devnet, "signature thief").await;

    // Somebody else's signature, for an account that has a pass.
    let mut request = asker.request();
    let signature = thief
        .signer
        .sign_hash_sync(&request.digest(&asker.domain))
        .unwrap();
    request.authorization = wallet(signature.as_bytes().to_vec());
    asker
        .expect(&to_json(&request), 401, "signature_invalid")
        .await;

    // A signature of another request: any field changed after signing.
    let mut body = asker.signed(asker.request());
    body["items"][0] = json!(B256::repeat_byte(9));
    asker.expect(&body, 401, "signature_invalid").await;

    // A form that has a twin, and one byte too few.
    let request = asker.request();
    let signature = asker
        .reader
        .signer
        .sign_hash_sync(&request.digest(&asker.domain))
        .unwrap();
    for bad in [signature.as_bytes()[..64].to_vec(), vec![0; 65]] {
        let mut request = request.clone();
        request.authorization = wallet(bad);
        asker
            .expect(&to_json(&request), 401, "signature_invalid")
            .await;
    }

    let mut request = asker.request();
    request.authorization = Authorization::None {};
    asker
        .expect(&to_json(&request), 401, "authorization_missing")
        .await;

    let mut request = asker.request();
    request.account = None;
    request.authorization = Authorization::None {};
    asker
        .expect(&to_json(&request), 401, "account_required")
        .await;
}

async fn request_is_refused_for_another_network_or_epoch() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "network").await;
    let mut request = asker.request();
    request.network = stheno_protocol::NetworkId::from_bytes([7; 32]);
    asker
        .expect(&asker.signed(request), 400, "wrong_network")
        .await;
    for epoch in [0, 2, u64::MAX] {
        let mut request = asker.request();
        request.epoch = epoch;
        asker
            .expect(&asker.signed(request), 409, "wrong_epoch")
            .await;
    }
}

async fn request_is_refused_with_bad_items() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "items").await;
    let many: Vec<ItemId> = (0..=256_u16).map(item).collect();
    for items in [vec![], vec![item(1), item(1)], many] {
        let mut request = asker.request();
        request.items = items;
        asker.expect(&asker.signed(request), 400, "bad_items").await;
    }
}

async fn request_is_refused_with_anchors_that_do_not_fit() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "anchors").await;
    let good = asker.request().anchors[0];
    let forms = [
        vec![],
        vec![good, good],
        vec![Anchor {
            chain_id: 1,
            ..good
        }],
        vec![Anchor {
            confirmations: 3,
            ..good
        }],
    ];
    for anchors in forms {
        let mut request = asker.request();
        request.anchors = anchors;
        asker
            .expect(&asker.signed(request), 400, "bad_anchors")
            .await;
    }
    let mut request = asker.request();
    request.anchors = vec![Anchor {
        hash: B256::repeat_byte(7),
        ..good
    }];
    asker
        .expect(&asker.signed(request), 409, "anchor_unknown")
        .await;
}

async fn request_is_refused_with_a_policy_that_is_none() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "policy").await;
    let canonical = asker.request().policy;
    let mut trailing = canonical.to_vec();
    trailing.push(0);
    for policy in [vec![], vec![0xff], vec![0xa0], trailing] {
        let mut request = asker.request();
        request.policy = policy.into();
        asker
            .expect(&asker.signed(request), 400, "invalid_policy")
            .await;
    }
}

async fn request_is_refused_when_its_body_is_too_large() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "too large").await;
    let mut body = asker.signed(asker.request());
    body["context"] = json!(format!("0x{}", "00".repeat(200_000)));
    asker.expect(&body, 413, "too_large").await;
}

/// Invariant 7: a node derives the identity from the policy that it evaluated.
async fn request_naming_an_identity_is_malformed() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "identity").await;
    for field in ["identity", "policyDigest", "id"] {
        let mut body = asker.signed(asker.request());
        body[field] = json!(B256::repeat_byte(1));
        asker.expect(&body, 400, "malformed").await;
    }
}

async fn replayed_request_gets_the_same_answer() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "replay").await;
    let body = asker.signed(asker.request());
    let (first, second) = (asker.post(&body).await, asker.post(&body).await);
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!(first, second);
}

async fn request_for_256_items_gets_a_share_of_each() {
    let devnet = stage::shared().await;
    let asker = Asker::with_pass(&devnet, "256 items").await;
    let mut request = asker.request();
    request.items = (0..256_u16).map(item).collect();
    let (status, body) = asker.post(&asker.signed(request.clone())).await;
    assert_eq!(status, 200, "{body}");
    let answer: Answer = serde_json::from_value(body).unwrap();
    let identity = devnet.network().nodes[0].identity.unwrap();
    answer.verify(&request, &asker.domain, 1, identity).unwrap();
    let index = stheno_crypto::NodeIndex::new(1).unwrap();
    let shares: std::collections::BTreeSet<_> = answer.shares.iter().collect();
    assert_eq!(shares.len(), 256, "each item has a share of its own");
    for share in shares {
        stheno_crypto::Share::decode(index, share).unwrap();
    }

    request.items.push(item(256));
    asker.expect(&asker.signed(request), 400, "bad_items").await;
}

/// A reader with a pass, who knows what node 1 says of itself.
pub(crate) struct Asker {
    pub(crate) http: reqwest::Client,
    pub(crate) url: url::Url,
    pub(crate) domain: Domain,
    status: Status,
    policy: Policy,
    reader: Someone,
}

impl Asker {
    pub(crate) async fn with_pass(devnet: &Devnet, name: &str) -> Self {
        let reader = Someone::with_pass(devnet, &format!("bad requests: {name}")).await;
        let node = devnet.members()[0].endpoint();
        let http = reqwest::Client::new();
        let status = http
            .get(node.join("v1/status").unwrap())
            .send()
            .await
            .unwrap();
        let contracts = devnet.contracts();
        Self {
            http,
            url: node.join("v1/reencrypt").unwrap(),
            domain: Domain::of_committee(CHAIN_ID, contracts.committee, contracts.committee_id),
            status: status.json().await.unwrap(),
            policy: Policy::from_json(&devnet.pass_policy()).unwrap(),
            reader,
        }
    }

    /// A request that would be granted, were it signed.
    pub(crate) fn request(&self) -> Request {
        let heads = self
            .status
            .heads
            .iter()
            .find(|heads| heads.chain_id == CHAIN_ID);
        let anchor = heads.unwrap().finalized.unwrap();
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce).unwrap();
        Request {
            network: self.domain.network,
            epoch: self.status.epoch,
            account: Some(Account {
                address: self.reader.signer.address(),
                chain: CHAIN_ID,
                kind: AccountKind::Key,
            }),
            policy: self.policy.to_cbor().into(),
            items: vec![item(1)],
            reader_key: ReaderSecret::from_seed(&nonce).public().to_bytes().into(),
            anchors: vec![Anchor {
                chain_id: CHAIN_ID,
                confirmations: 0,
                number: anchor.number,
                hash: anchor.hash,
            }],
            issued_at: now(),
            expires_at: now() + 120,
            nonce: nonce.into(),
            context: Context::default(),
            authorization: Authorization::None {},
        }
    }

    pub(crate) fn signed(&self, mut request: Request) -> Value {
        let digest = request.digest(&self.domain);
        let signature = self.reader.signer.sign_hash_sync(&digest).unwrap();
        request.authorization = wallet(signature.as_bytes().to_vec());
        to_json(&request)
    }

    pub(crate) async fn post(&self, body: &Value) -> (u16, Value) {
        self.post_text(body.to_string()).await
    }

    async fn post_text(&self, body: String) -> (u16, Value) {
        let request = self.http.post(self.url.clone()).body(body);
        let answer = request
            .header("content-type", "application/json")
            .send()
            .await;
        let answer = answer.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    /// Insists on a problem with this status and code, whole and helpful.
    async fn expect(&self, body: &Value, status: u16, code: &str) {
        let (given, answer) = self.post(body).await;
        assert_eq!(
            (given, self::code(&answer)),
            (status, code),
            "{answer}\nfor {body}"
        );
        let problem: Problem = serde_json::from_value(answer).unwrap();
        assert_eq!(problem.status, status);
        assert!(problem.detail.len() > 10, "{problem:?}");
        assert_eq!(problem.retryable, problem.code.retryable(), "{problem:?}");
    }
}

fn to_json(request: &Request) -> Value {
    serde_json::to_value(request).unwrap()
}

fn code(answer: &Value) -> &str {
    answer["code"].as_str().unwrap_or("")
}

fn wallet(signature: Vec<u8>) -> Authorization {
    Authorization::Wallet {
        signature: signature.into(),
    }
}

fn item(number: u16) -> ItemId {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    ItemId::from_bytes(bytes)
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
