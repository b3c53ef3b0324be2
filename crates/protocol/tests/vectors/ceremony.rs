//! Ceremony: digests of terms and messages, transcript, keys' root, timetable.

use alloy_primitives::{hex::FromHex, keccak256};
use alloy_sol_types::SolStruct as _;
use serde_json::{Value, json};
use stheno_crypto::{KeyShare, NodeIndex, NodePublicKey};
use stheno_protocol::{
    Address, B256, Bytes, U256,
    ceremony::{
        Accusation, Answer, Approval, CeremonyKey, CeremonyKind, CeremonyTerms, Complaint,
        Confirmation, Dealing, Extension, Member, Message, Phase, Refresh, Registration,
        RevealedShare, Timetable, Transcript, Windows, key_leaf, keys_root, merkle_proof,
        verify_key,
    },
};

use crate::{
    eip712::{domain, domain_vector, vector},
    frozen, hex,
};

const WINDOWS: Windows = Windows {
    deal: 4,
    complain: 5,
    answer: 6,
    confirm: 7,
    margin: 3,
    consent_delay: 20,
};

fn member(byte: u8) -> Member {
    Member {
        operator: Address::repeat_byte(byte),
        identity: Address::repeat_byte(byte + 0x80),
    }
}

fn terms() -> CeremonyTerms {
    CeremonyTerms {
        network: domain().network,
        number: 2,
        kind: CeremonyKind::Reshare,
        threshold: 2,
        members: vec![member(1), member(2), member(3)],
        dealers: vec![member(1), member(4)],
        windows: WINDOWS,
    }
}

fn ceremony_keys() -> [B256; 3] {
    [0x31, 0x32, 0x33].map(B256::repeat_byte)
}

/// Public keys of the secrets 1, 2, …
fn node_keys(n: u16) -> Vec<NodePublicKey> {
    (1..=n)
        .map(|i| {
            let secret = U256::from(i).to_be_bytes();
            KeyShare::from_secret_bytes(NodeIndex::new(i).unwrap(), &secret)
                .unwrap()
                .public_key()
        })
        .collect()
}

fn messages(context: B256) -> Vec<(Value, Option<u8>, u16, B256)> {
    fn entry<T: Message>(message: &T, ty: &str, fields: Value) -> (Value, Option<u8>, u16, B256) {
        (
            vector(message, ty, &fields),
            T::KIND.map(|kind| kind as u8),
            message.sender(),
            message.struct_hash(),
        )
    }
    let hash = keccak256(b"dealing");
    let network_key = Bytes::from_hex("ab".repeat(256)).unwrap();
    vec![
        entry(
            &Registration {
                operator: Address::repeat_byte(1),
                identity: Address::repeat_byte(0x81),
                endpoint: "https://node.example".into(),
                metadata: "{\"name\":\"ä\"}".into(),
            },
            "Registration(address operator,address identity,string endpoint,string metadata)",
            json!({
                "operator": Address::repeat_byte(1),
                "identity": Address::repeat_byte(0x81),
                "endpoint": "https://node.example",
                "metadata": "{\"name\":\"ä\"}",
            }),
        ),
        entry(
            &CeremonyKey {
                ceremony: 2,
                proposal: terms().proposal(),
                member: 3,
                key: B256::repeat_byte(0x33),
            },
            "CeremonyKey(uint64 ceremony,bytes32 proposal,uint16 member,bytes32 key)",
            json!({
                "ceremony": 2,
                "proposal": terms().proposal(),
                "member": 3,
                "key": B256::repeat_byte(0x33),
            }),
        ),
        entry(
            &Approval {
                ceremony: 2,
                context,
            },
            "Approval(uint64 ceremony,bytes32 context)",
            json!({ "ceremony": 2, "context": context }),
        ),
        entry(
            &Dealing {
                context,
                dealer: 1,
                dealingHash: hash,
            },
            "Dealing(bytes32 context,uint16 dealer,bytes32 dealingHash)",
            json!({ "context": context, "dealer": 1, "dealingHash": hash }),
        ),
        entry(
            &Complaint {
                context,
                receiver: 3,
                accusations: vec![
                    Accusation {
                        dealer: 1,
                        dealingHash: hash,
                    },
                    Accusation {
                        dealer: 2,
                        dealingHash: B256::repeat_byte(9),
                    },
                ],
            },
            "Complaint(bytes32 context,uint16 receiver,Accusation[] accusations)Accusation(uint16 dealer,bytes32 dealingHash)",
            json!({
                "context": context,
                "receiver": 3,
                "accusations": [
                    { "dealer": 1, "dealingHash": hash },
                    { "dealer": 2, "dealingHash": B256::repeat_byte(9) },
                ],
            }),
        ),
        entry(
            &Answer {
                context,
                dealer: 1,
                shares: vec![RevealedShare {
                    receiver: 3,
                    share: B256::repeat_byte(0x0f),
                }],
            },
            "Answer(bytes32 context,uint16 dealer,RevealedShare[] shares)RevealedShare(uint16 receiver,bytes32 share)",
            json!({
                "context": context,
                "dealer": 1,
                "shares": [{ "receiver": 3, "share": B256::repeat_byte(0x0f) }],
            }),
        ),
        entry(
            &Confirmation {
                context,
                receiver: 2,
                qualified: U256::from(3),
                networkKey: network_key.clone(),
                keysRoot: keys_root(&node_keys(3)),
                proof: vec![1, 2, 3].into(),
            },
            "Confirmation(bytes32 context,uint16 receiver,uint256 qualified,bytes networkKey,bytes32 keysRoot,bytes proof)",
            json!({
                "context": context,
                "receiver": 2,
                "qualified": "3",
                "networkKey": network_key,
                "keysRoot": keys_root(&node_keys(3)),
                "proof": "0x010203",
            }),
        ),
        entry(
            &Extension {
                context,
                phase: Phase::Complain as u8,
                member: 2,
                round: 1,
            },
            "Extension(bytes32 context,uint8 phase,uint16 member,uint8 round)",
            json!({ "context": context, "phase": 1, "member": 2, "round": 1 }),
        ),
        entry(
            &Refresh {
                ceremony: 2,
                context,
            },
            "Refresh(uint64 ceremony,bytes32 context)",
            json!({ "ceremony": 2, "context": context }),
        ),
    ]
}

#[test]
fn ceremony_digests_are_frozen() {
    let terms = terms();
    let context = terms.context(&ceremony_keys());
    let mut transcript = Transcript::start(context);
    let mut hashes = vec![hex(transcript.hash())];
    let messages: Vec<Value> = messages(context)
        .into_iter()
        .map(|(mut vector, kind, sender, struct_hash)| {
            if let Some(kind) = kind {
                let before = transcript.hash();
                transcript.absorb_hash(kind_of(kind), sender, struct_hash);
                assert_eq!(
                    transcript.hash(),
                    running_hash(before, kind, sender, struct_hash)
                );
                hashes.push(hex(transcript.hash()));
                vector["kind"] = kind.into();
                vector["sender"] = sender.into();
            }
            vector
        })
        .collect();
    let mut timetable = Timetable::new(1000, &WINDOWS);
    let plain = json!({ "opens": timetable.opens, "closes": timetable.closes });
    timetable.extend(Phase::Complain, &WINDOWS);
    let members = |of: &[Member]| -> Value {
        of.iter()
            .map(|m| json!({ "operator": m.operator, "identity": m.identity }))
            .collect()
    };
    let roots = [1, 2, 3, 5, 8].map(keys_root_vector);
    frozen(
        "protocol-ceremony.json",
        &json!({
            "domain": domain_vector(),
            "terms": {
                "ceremony": terms.number,
                "kind": terms.kind as u8,
                "threshold": terms.threshold,
                "members": members(&terms.members),
                "dealers": members(&terms.dealers),
                "windows": WINDOWS,
                "proposal": terms.proposal(),
                "ceremonyKeys": ceremony_keys(),
                "context": context,
            },
            "messages": messages,
            "transcript": hashes,
            "timetable": {
                "start": 1000,
                "windows": WINDOWS,
                "phases": plain,
                "afterOneExtensionOfComplain": { "opens": timetable.opens, "closes": timetable.closes },
            },
            "keysRoot": roots,
        }),
    );
}

fn kind_of(kind: u8) -> stheno_protocol::ceremony::MessageKind {
    use stheno_protocol::ceremony::MessageKind::{Answer, Complain, Confirm, Deal, Extend};
    [Deal, Complain, Answer, Confirm, Extend][usize::from(kind) - 1]
}

/// The contract's formula, word by word.
fn running_hash(before: B256, kind: u8, sender: u16, struct_hash: B256) -> B256 {
    let mut words = before.to_vec();
    words.extend(U256::from(kind).to_be_bytes::<32>());
    words.extend(U256::from(sender).to_be_bytes::<32>());
    words.extend(struct_hash);
    keccak256(words)
}

fn keys_root_vector(n: u16) -> Value {
    let keys = node_keys(n);
    let root = keys_root(&keys);
    let proofs: Vec<Vec<B256>> = (1..=n)
        .map(|i| {
            let key = &keys[usize::from(i) - 1];
            let proof = merkle_proof(&keys, i).unwrap();
            assert!(verify_key(root, i, key, &proof));
            assert!(!verify_key(root, i + 1, key, &proof));
            proof
        })
        .collect();
    assert_eq!(merkle_proof(&keys, 0), None);
    assert_eq!(merkle_proof(&keys, n + 1), None);
    json!({
        "keys": keys.iter().map(|key| hex(key.to_bytes())).collect::<Vec<_>>(),
        "leaves": keys.iter().zip(1..).map(|(key, i)| key_leaf(i, key)).collect::<Vec<_>>(),
        "root": root,
        "proofs": proofs,
    })
}

/// The proposal's digest again, its ABI encoding written out by hand.
#[test]
fn proposal_is_the_keccak_of_its_abi_encoding() {
    let terms = terms();
    let word = |n: u64| U256::from(n).to_be_bytes::<32>().to_vec();
    let list = |members: &[Member]| {
        let mut words = word(members.len() as u64);
        for member in members {
            words.extend(member.operator.into_word());
            words.extend(member.identity.into_word());
        }
        words
    };
    // Six words for the windows, which are static and stand in the head.
    let head = 32 * (4 + 2 + 6);
    let members = list(&terms.members);
    let mut encoded = terms.network.as_bytes().to_vec();
    encoded.extend(word(2));
    encoded.extend(word(1));
    encoded.extend(word(2));
    encoded.extend(word(head));
    encoded.extend(word(head + members.len() as u64));
    for window in [4, 5, 6, 7, 3, 20] {
        encoded.extend(word(window));
    }
    encoded.extend(members);
    encoded.extend(list(&terms.dealers));
    assert_eq!(terms.proposal(), keccak256(encoded));

    let mut encoded = terms.proposal().to_vec();
    encoded.extend(word(64));
    encoded.extend(word(3));
    for key in ceremony_keys() {
        encoded.extend(key);
    }
    assert_eq!(terms.context(&ceremony_keys()), keccak256(encoded));
}

/// The contract has the same type strings, to the letter.
#[test]
fn type_strings_are_those_of_the_contract() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../contracts/src/libraries/MessageHashes.sol"
    );
    let source = std::fs::read_to_string(path).unwrap();
    let strings = [
        Registration::eip712_encode_type(),
        CeremonyKey::eip712_encode_type(),
        Approval::eip712_encode_type(),
        Refresh::eip712_encode_type(),
        Dealing::eip712_encode_type(),
        Accusation::eip712_encode_type(),
        Complaint::eip712_encode_type(),
        RevealedShare::eip712_encode_type(),
        Answer::eip712_encode_type(),
        Confirmation::eip712_encode_type(),
        Extension::eip712_encode_type(),
        domain().eip712().encode_type().into(),
    ];
    for string in strings {
        assert!(source.contains(&format!("\"{string}\"")), "{string}");
    }
}
