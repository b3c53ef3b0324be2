//! Policies in both forms, contexts, and what contracts return to conditions.

use std::{collections::BTreeMap, sync::LazyLock};

use stheno_protocol::{
    Account, AccountKind, Address, Bytes, Context, ContextValue, I256, ItemId, Policy, Proofs,
    Read, Reading, Subject, Truth, U256, evaluate, reads,
};

use crate::{Kind, Target, Verdict};

const FROZEN: &str = include_str!("../../../tests/vectors/protocol-policies.json");

/// The frozen policies, as they are written.
static WRITTEN: LazyLock<Vec<String>> = LazyLock::new(|| {
    let vectors: serde_json::Value = serde_json::from_str(FROZEN).unwrap_or_default();
    vectors["policies"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|vector| vector["json"].to_string())
        .collect()
});

static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| {
    WRITTEN
        .iter()
        .filter_map(|text| Policy::from_json(text).ok())
        .collect()
});

/// What is true of every policy that was read.
fn understand(policy: &Policy) {
    let cbor = policy.to_cbor();
    assert_eq!(Policy::from_cbor(&cbor).as_ref(), Ok(policy));
    let json = policy.to_json();
    let again = Policy::from_json(&json).unwrap_or_else(|error| panic!("{error}\n{json}"));
    assert_eq!(&again, policy);
    assert_eq!(again.to_json(), json, "the canonical JSON is not");
    assert_eq!(again.digest(), policy.digest());
    // Nothing was read from the chain, so nothing about it can be true.
    let subject = subject();
    let asked = reads(policy, &subject);
    let verdict = evaluate(policy, &subject, &BTreeMap::new());
    assert!(
        asked.is_empty()
            || verdict
                .leaves
                .iter()
                .any(|leaf| leaf.truth == Truth::Unknown),
        "a read is missing, and nothing is unknown"
    );
    for leaf in &verdict.leaves {
        let _ = leaf.to_string();
    }
}

fn subject() -> Subject {
    let mut context = Context::default();
    for name in ["a", "n", "edition", "rail", "subscription"] {
        let _ = context.insert(name, ContextValue::Uint(U256::from(7)));
    }
    for name in ["proof", "p", "ticket"] {
        let _ = context.insert(name, ContextValue::Bytes(vec![7; 64].into()));
    }
    Subject {
        account: Some(Account {
            address: Address::repeat_byte(0xaa),
            chain: 314,
            kind: AccountKind::Key,
        }),
        item: ItemId::from_bytes([1; 32]),
        context,
        proofs: Proofs::default(),
    }
}

/// Policies as envelopes carry them.
pub(super) const POLICY_CBOR: Target = Target::new(
    "policy_cbor",
    Kind::Cbor,
    || POLICIES.iter().map(Policy::to_cbor).collect(),
    |input| match Policy::from_cbor(input) {
        Ok(policy) => {
            assert_eq!(policy.to_cbor(), input, "another spelling of a policy");
            understand(&policy);
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.memory(512 * 1024, 512);

/// Policies as people write them.
pub(super) const POLICY_JSON: Target = Target::new(
    "policy_json",
    Kind::Text,
    || {
        let pretty = POLICIES.iter().map(|policy| policy.to_json().into_bytes());
        let written = WRITTEN.iter().map(|text| text.clone().into_bytes());
        written.chain(pretty).collect()
    },
    |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return Verdict::refused("not text");
        };
        match Policy::from_json(text) {
            Ok(policy) => {
                understand(&policy);
                Verdict::Accepted
            }
            Err(error) => Verdict::refused(error),
        }
    },
)
.memory(512 * 1024, 512);

/// Values for placeholders.
pub(super) const CONTEXT_CBOR: Target = Target::new(
    "context_cbor",
    Kind::Cbor,
    || {
        let mut context = Context::default();
        for (name, value) in [
            ("edition", ContextValue::Uint(U256::from(7))),
            ("offset", ContextValue::Negative(I256::MINUS_ONE)),
            ("proof", ContextValue::Bytes(vec![0xde, 0xad].into())),
            ("memo", ContextValue::Text("gold".into())),
            ("live", ContextValue::Bool(true)),
            ("big", ContextValue::Uint(U256::MAX)),
            ("least", ContextValue::Negative(I256::MIN)),
        ] {
            let _ = context.insert(name, value);
        }
        vec![context.to_cbor(), Context::default().to_cbor()]
    },
    |input| match Context::from_cbor(input) {
        Ok(context) => {
            assert_eq!(context.to_cbor(), input, "another spelling of a context");
            let mut built = Context::default();
            for (name, value) in context.iter() {
                assert_eq!(built.insert(name, value.clone()), Ok(()));
            }
            assert_eq!(built, context);
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.memory(128 * 1024, 256)
.longest(5000);

/// Policies of one call each, with what the function returns and whether a value passes.
const CALLS: &[(&str, &str)] = &[
    ("bool", r#"{"==":true}"#),
    ("uint8", r#"{">=":"3"}"#),
    ("int8", r#"{">=":"-3"}"#),
    ("bytes4", r#"{"in":["0x01020304","0x00000000"]}"#),
    ("address", r#"{"==":":reader"}"#),
    ("string", r#"{"contains":"gold"}"#),
    ("bytes", r#"{"==":"0x0102"}"#),
    ("address[]", r#"{"contains":":reader"}"#),
    ("uint256[]", r#"{"contains":"7"}"#),
    ("string[]", r#"{"contains":"gold"}"#),
    (
        "bool live, (address to, (uint256 amount, string memo)[] parts) rail",
        r#"{"path":["rail","parts",0,"memo"],"contains":"gold"}"#,
    ),
    (
        "(bytes32[2] a, uint16[] b)[] list",
        r#"{"path":["list",0,"b",1],">":"5"}"#,
    ),
];

static CALLING: LazyLock<Vec<Policy>> = LazyLock::new(|| {
    CALLS
        .iter()
        .filter_map(|(outputs, test)| {
            let text = format!(
                r#"{{"version":1,"rule":{{"call":{{"chain":314,"to":"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359","function":"f() view returns ({outputs})","args":[],"returns":{test}}}}}}}"#
            );
            Policy::from_json(&text).ok()
        })
        .collect()
});

/// Canonical return data that passes, for each of [`CALLS`].
fn passing() -> Vec<Vec<u8>> {
    use alloy_dyn_abi::DynSolValue as V;
    let uint = |value: u64| V::Uint(U256::from(value), 256);
    let reader = V::Address(Address::repeat_byte(0xaa));
    let gold = V::String("gold".into());
    let returned: Vec<Vec<V>> = vec![
        vec![V::Bool(true)],
        vec![uint(3)],
        vec![uint(3)],
        vec![V::FixedBytes(
            alloy::primitives::b256!(
                "0x0102030400000000000000000000000000000000000000000000000000000000"
            ),
            4,
        )],
        vec![reader.clone()],
        vec![gold.clone()],
        vec![V::Bytes(vec![1, 2])],
        vec![V::Array(vec![uint(1), reader.clone()])],
        vec![V::Array(vec![uint(1), uint(7)])],
        vec![V::Array(vec![gold.clone(), V::String("tin".into())])],
        vec![
            V::Bool(true),
            V::Tuple(vec![reader, V::Array(vec![V::Tuple(vec![uint(1), gold])])]),
        ],
        vec![V::Array(vec![V::Tuple(vec![
            V::FixedArray(vec![uint(1), uint(2)]),
            V::Array(vec![uint(1), uint(6)]),
        ])])],
    ];
    (0_u8..)
        .zip(returned)
        .map(|(which, values)| [vec![which], V::Tuple(values).abi_encode_params()].concat())
        .collect()
}

/// What a contract returns to a condition; the first byte says to which.
pub(super) const EVALUATE: Target = Target::new("evaluate", Kind::Bytes, passing, |input| {
    let Some((which, returned)) = input.split_first() else {
        return Verdict::refused("empty");
    };
    let Some(policy) = CALLING.get(usize::from(*which)) else {
        return Verdict::refused("no such policy");
    };
    let subject = subject();
    let answer = |read: Read| (read, Ok(Reading::Bytes(Bytes::copy_from_slice(returned))));
    let view: BTreeMap<_, _> = reads(policy, &subject).into_iter().map(answer).collect();
    let verdict = evaluate(policy, &subject, &view);
    match verdict.truth {
        Truth::Unknown => Verdict::refused(&verdict.leaves[0].found),
        Truth::True | Truth::False => {
            // An independent decoder agrees that this is one value, in its one spelling.
            let stheno_protocol::policy::Rule::Leaf(leaf) = policy.rule() else {
                panic!("a policy of one call");
            };
            let stheno_protocol::policy::Leaf::Call(call) = leaf else {
                panic!("a policy of one call");
            };
            let types = call.function.outputs().to_vec();
            let tuple = alloy_dyn_abi::DynSolType::Tuple(types);
            let value = tuple
                .abi_decode_params(returned)
                .unwrap_or_else(|error| panic!("judged what is no value: {error}"));
            assert_eq!(value.abi_encode_params(), returned, "not the one spelling");
            if verdict.truth == Truth::True {
                Verdict::Accepted
            } else {
                Verdict::refused(format!("false: {}", CALLS[usize::from(*which)].0))
            }
        }
    }
})
.memory(256 * 1024, 256);
