//! The same typed data through two encoders: `sol!` types, and the type strings of SPEC.md
//! read by alloy's dynamic EIP-712 as any wallet would read them.

use alloy_dyn_abi::TypedData;
use serde_json::{Value, json};
use stheno_protocol::{
    Address, B256, Domain,
    typed::{self, Typed},
};

use crate::hex;

pub fn domain() -> Domain {
    Domain::of_committee(
        314,
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
            .parse::<Address>()
            .unwrap(),
        7,
    )
}

/// A vector of `message`, whose JSON form is `fields`, with the type string as SPEC.md has it.
pub fn vector<T: Typed>(message: &T, type_string: &str, fields: &Value) -> Value {
    assert_eq!(T::eip712_encode_type(), type_string);
    let digest = typed::digest(message, &domain());
    let data = typed_data(type_string, fields);
    let independent: TypedData = serde_json::from_value(data.clone()).unwrap();
    assert_eq!(
        independent.eip712_signing_hash().unwrap(),
        digest,
        "{type_string}"
    );
    json!({
        "type": type_string,
        "typeHash": hex(message.eip712_type_hash()),
        "typedData": data,
        "structHash": hex(message.eip712_hash_struct()),
        "digest": hex(digest),
    })
}

/// What a wallet signs that is handed this JSON.
pub fn wallet_hash(typed_data: Value) -> B256 {
    let data: TypedData = serde_json::from_value(typed_data).unwrap();
    data.eip712_signing_hash().unwrap()
}

/// What `eth_signTypedData_v4` takes, its types parsed from the type string.
fn typed_data(type_string: &str, fields: &Value) -> Value {
    let mut types = serde_json::Map::new();
    let mut primary = None;
    for part in type_string.split_terminator(')') {
        let (name, members) = part.split_once('(').unwrap();
        primary.get_or_insert(name);
        let members: Vec<Value> = members
            .split(',')
            .map(|member| {
                let (ty, name) = member.split_once(' ').unwrap();
                json!({ "name": name, "type": ty })
            })
            .collect();
        types.insert(name.to_owned(), members.into());
    }
    let domain_type = [
        ("name", "string"),
        ("version", "string"),
        ("chainId", "uint256"),
        ("verifyingContract", "address"),
        ("salt", "bytes32"),
    ]
    .map(|(name, ty)| json!({ "name": name, "type": ty }));
    types.insert("EIP712Domain".to_owned(), domain_type.to_vec().into());
    let domain = domain();
    json!({
        "types": types,
        "primaryType": primary.unwrap(),
        "domain": {
            "name": "Stheno",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": domain.contract,
            "salt": domain.network.to_string(),
        },
        "message": fields,
    })
}

pub fn domain_vector() -> Value {
    let domain = domain();
    json!({
        "chainId": domain.chain_id,
        "contract": domain.contract,
        "committeeId": 7,
        "networkId": domain.network.to_string(),
        "separator": hex(domain.separator()),
    })
}
