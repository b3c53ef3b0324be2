//! What readers and nodes say to each other, as JSON.

use std::sync::LazyLock;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use stheno_protocol::{
    Address, Answer, Authorization, B256, Bytes, ChainHeads, Code, CommitteeView, ContractConsent,
    Delegation, Domain, LeafReport, MemberView, NodeState, Position, Problem, Request, ServedEpoch,
    Session, Status, Truth, signature, siwe::Message,
};

use super::frozen;
use crate::{Kind, Target, Verdict};

const FROZEN: &str = include_str!("../../../tests/vectors/protocol-requests.json");

fn frozen_json(pointer: &str) -> Vec<Vec<u8>> {
    let vectors: Value = serde_json::from_str(FROZEN).unwrap_or_default();
    let found = vectors.pointer(pointer);
    found
        .map(|json| json.to_string().into_bytes())
        .into_iter()
        .collect()
}

fn domain() -> Domain {
    Domain::of_committee(314, Address::repeat_byte(0xcc), 1)
}

/// Parses, writes, parses again: the same value, and the same bytes from then on.
fn parsed<T>(input: &[u8]) -> Result<T, Verdict>
where
    T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug,
{
    let value: T = serde_json::from_slice(input).map_err(Verdict::refused)?;
    let written = serde_json::to_vec(&value).unwrap_or_else(|error| panic!("{error}"));
    let again: T = serde_json::from_slice(&written).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again, value);
    let twice = serde_json::to_vec(&again).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(twice, written);
    Ok(value)
}

/// `POST /v1/shares`.
pub(super) const REQUEST: Target = Target::new(
    "request_json",
    Kind::Text,
    || {
        let mut requests = frozen_json("/request/json");
        // The same with a session and with a delegation.
        for proof in ["/session/0/authorization", "/delegation/0/authorization"] {
            let proofs = frozen_json(proof).into_iter();
            let changed = proofs.filter_map(|proof| {
                let mut request: Value = serde_json::from_slice(requests.first()?).ok()?;
                request["authorization"] = serde_json::from_slice(&proof).ok()?;
                Some(request.to_string().into_bytes())
            });
            let changed: Vec<_> = changed.collect();
            requests.extend(changed);
        }
        requests
    },
    |input| match parsed::<Request>(input) {
        Ok(request) => {
            // Everything that a node does before it reads the chain.
            let domain = domain();
            let _ = request.check_addressee(&domain.network, &[3, 2]);
            let (digest, form) = (request.digest(&domain), request.check_form(1_800_000_000));
            let decoded = request.decode_policy().inspect(|policy| {
                let _ = request.check_policy(policy);
                let _ = request.check_authorization(
                    &domain,
                    request.digest(&domain),
                    policy,
                    1_800_000_000,
                );
            });
            let signed = Request {
                authorization: Authorization::None {},
                ..request.clone()
            };
            assert_eq!(signed.digest(&domain), digest, "a proof signs itself");
            match form.and(decoded.map(drop)) {
                Ok(()) => Verdict::Accepted,
                Err(problem) => Verdict::refused(problem),
            }
        }
        Err(refused) => refused,
    },
)
.memory(256 * 1024, 256);

/// What comes back.
pub(super) const ANSWER: Target = Target::new(
    "answer_json",
    Kind::Text,
    || frozen_json("/receipt/answer"),
    |input| match parsed::<Answer>(input) {
        Ok(answer) => {
            static ASKED: LazyLock<Option<Request>> = LazyLock::new(|| {
                serde_json::from_slice(frozen_json("/request/json").first()?).ok()
            });
            if let Some(request) = &*ASKED {
                let _ = answer.verify(request, &domain(), 2, Address::ZERO);
            }
            Verdict::Accepted
        }
        Err(refused) => refused,
    },
)
.memory(256 * 1024, 256);

/// `GET /v1/status`.
pub(super) const STATUS: Target = Target::new(
    "status_json",
    Kind::Text,
    || {
        let position = Position {
            number: 7,
            hash: B256::repeat_byte(1),
            time: 1_800_000_000,
        };
        let heads = vec![ChainHeads {
            chain_id: 314,
            finalized: Some(position),
            head: None,
        }];
        let status = Status {
            network: domain().network,
            epoch: 1,
            node: 2,
            epochs: vec![ServedEpoch { epoch: 1, node: 2 }],
            state: NodeState::Serving,
            heads,
            version: "0.1.0".to_owned(),
        };
        serde_json::to_vec(&status).into_iter().collect()
    },
    |input| parsed::<Status>(input).map_or_else(|refused| refused, |_| Verdict::Accepted),
)
.memory(64 * 1024, 256);

/// `GET /v1/committee`.
pub(super) const COMMITTEE_VIEW: Target = Target::new(
    "committee_view_json",
    Kind::Text,
    || {
        let member = MemberView {
            index: 1,
            operator: Address::repeat_byte(1),
            identity: Address::repeat_byte(2),
            endpoint: "http://127.0.0.1:8440".to_owned(),
            node_key: Bytes::new(),
        };
        let view = CommitteeView {
            network: domain().network,
            chain_id: 314,
            contract: Address::repeat_byte(0xcc),
            committee_id: 1,
            epoch: 1,
            threshold: 1,
            network_key: Bytes::from(vec![7; 96]),
            members: vec![member],
        };
        serde_json::to_vec(&view).into_iter().collect()
    },
    |input| parsed::<CommitteeView>(input).map_or_else(|refused| refused, |_| Verdict::Accepted),
)
.memory(64 * 1024, 256);

/// A refusal, as a reader reads it.
pub(super) const PROBLEM: Target = Target::new(
    "problem_json",
    Kind::Text,
    || {
        let leaf = LeafReport {
            path: "all[0].balance".to_owned(),
            truth: Truth::False,
            what: "has at least 1".to_owned(),
            found: "balance 0".to_owned(),
            remedy: "have 1".to_owned(),
            negated: false,
            blocking: true,
            transient: false,
        };
        let full = Problem::new(Code::ConditionNotMet, "no")
            .with_leaves(vec![leaf])
            .with_retry_after(3)
            .with_blocks_to_wait(7);
        [full, Problem::new(Code::Expired, "late")]
            .iter()
            .filter_map(|problem| serde_json::to_vec(problem).ok())
            .collect()
    },
    |input| match parsed::<Problem>(input) {
        Ok(problem) => {
            let _ = problem.to_string();
            Verdict::Accepted
        }
        Err(refused) => refused,
    },
)
.memory(64 * 1024, 256);

/// Signatures of requests, receipts and ceremony messages.
pub(super) const SIGNATURE: Target = Target::new(
    "signature",
    Kind::Bytes,
    || {
        ["/request/signature", "/receipt/signature"]
            .iter()
            .filter_map(|pointer| frozen(FROZEN, pointer))
            .collect()
    },
    |input| {
        let digest = B256::repeat_byte(7);
        match signature::recover(digest, input) {
            Ok(signer) => {
                assert_eq!(signature::verify(digest, input, signer), Ok(()));
                // One signer, one form: the twin with the other half of s is refused.
                let order = alloy::primitives::U256::from_be_bytes(
                    alloy::primitives::b256!(
                        "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
                    )
                    .0,
                );
                let mut twin = input.to_vec();
                let s = alloy::primitives::U256::from_be_slice(&input[32..64]);
                twin[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
                twin[64] = 55 - twin[64];
                assert!(signature::recover(digest, &twin).is_err(), "a twin");
                Verdict::Accepted
            }
            Err(error) => Verdict::refused(error),
        }
    },
)
.longest(100)
.cost(2);

/// An EIP-4361 message of whatever purpose.
pub(super) const SIWE: Target = Target::new(
    "siwe_message",
    Kind::Text,
    || {
        let with_all = "https://u@example.com:80 wants you to sign in with your Ethereum account:\n\
            0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n\nHello.\n\nURI: ipfs://[::1]/a?b#c\n\
            Version: 1\nChain ID: 314\nNonce: 12341234\nIssued At: 2026-11-23T00:00:00Z\n\
            Expiration Time: 2026-11-23T01:00:00.5-02:00\nNot Before: 2026-11-23T00:00:01Z\n\
            Request ID: some_id\nResources:\n- urn:example:1\n- https://example.com/%20";
        vec![with_all.as_bytes().to_vec()]
    },
    |input| match std::str::from_utf8(input)
        .map_err(Verdict::refused)
        .and_then(|text| text.parse::<Message>().map_err(Verdict::refused))
    {
        Ok(message) => {
            assert_eq!(message.to_string().as_bytes(), input, "another spelling");
            let _ = message.is_valid_at(1_800_000_000);
            Verdict::Accepted
        }
        Err(refused) => refused,
    },
);

/// The message of a session.
pub(super) const SESSION: Target = Target::new(
    "session_message",
    Kind::Text,
    || {
        let vectors: Value = serde_json::from_str(FROZEN).unwrap_or_default();
        let sessions = vectors["session"].as_array().into_iter().flatten();
        sessions
            .filter_map(|session| session["authorization"]["message"].as_str())
            .map(|text| text.as_bytes().to_vec())
            .collect()
    },
    |input| {
        let text = String::from_utf8_lossy(input);
        let session = (text.parse::<Message>().map_err(Verdict::refused))
            .and_then(|message| Session::of_message(&message).map_err(Verdict::refused));
        match session {
            Ok(session) => {
                let message = session.to_message().unwrap_or_else(|e| panic!("{e}"));
                assert_eq!(Session::of_message(&message), Ok(session.clone()));
                match session.check_times(1_800_000_000) {
                    Ok(()) => Verdict::Accepted,
                    Err(problem) => Verdict::refused(problem),
                }
            }
            Err(refused) => refused,
        }
    },
);

/// What an account signs to let another key ask.
pub(super) const DELEGATION: Target = Target::new(
    "delegation_json",
    Kind::Text,
    || frozen_json("/delegation/0/authorization/delegation"),
    |input| match parsed::<Delegation>(input) {
        Ok(delegation) => match delegation.check_form(1_800_000_000) {
            Ok(()) => Verdict::Accepted,
            Err(problem) => Verdict::refused(problem),
        },
        Err(refused) => refused,
    },
)
.memory(64 * 1024, 256);

/// A contract account's signature, perhaps wrapped.
pub(super) const ERC6492: Target = Target::new(
    "erc6492_signature",
    Kind::Bytes,
    || {
        let word = |last: u8| {
            let mut word = [0; 32];
            word[31] = last;
            word
        };
        // Factory, offsets of its call data and of the signature, both of one word.
        let words = [
            word(7),
            word(96),
            word(160),
            word(32),
            word(1),
            word(32),
            word(2),
        ];
        vec![
            [words.concat(), [0x64, 0x92].repeat(16)].concat(),
            vec![27; 65],
        ]
    },
    |input| {
        let signature = Bytes::copy_from_slice(input);
        match ContractConsent::new(Address::repeat_byte(1), 314, B256::ZERO, &signature) {
            Ok(asked) => {
                let _ = (asked.read(), asked.read_before_it_exists());
                Verdict::Accepted
            }
            Err(problem) => Verdict::refused(problem),
        }
    },
);
