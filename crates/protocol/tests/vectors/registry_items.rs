//! Ids of an access registry. Foundry reads the same file (`contracts/test/ProtocolVectors.t.sol`).

use serde_json::{Value, json};
use stheno_protocol::{Address, B256, collection_id, item_id, period_id};

use crate::frozen;

/// Chain, bytes that registry, owner, salt and seed repeat, number of the period.
const CASES: [(u64, [u8; 4], u64); 5] = [
    (1, [0x11, 0x22, 0x33, 0x44], 1),
    (314, [0x55, 0x66, 0x00, 0xff], 2),
    (314_159, [0xfe, 0x01, 0x80, 0x00], 255),
    (31_415_926, [0x9c, 0xd3, 0x1a, 0x77], 65_536),
    (
        9_007_199_254_740_991,
        [0xaa, 0xbb, 0xcc, 0xdd],
        u32::MAX as u64 + 1,
    ),
];

fn ids(case: &(u64, [u8; 4], u64)) -> Value {
    let (chain, [registry, owner, salt, seed], number) = *case;
    let [registry, owner] = [registry, owner].map(Address::repeat_byte);
    let [salt, seed] = [salt, seed].map(B256::repeat_byte);
    let collection = collection_id(chain, registry, owner, salt);
    json!({
        "chain": chain,
        "registry": registry,
        "owner": owner,
        "salt": salt,
        "item": item_id(chain, registry, owner, salt).to_string(),
        "collection": collection,
        "number": number,
        "seed": seed,
        "period": period_id(chain, registry, collection, number, seed).to_string(),
    })
}

#[test]
fn registry_item_bytes_are_frozen() {
    let cases: Vec<Value> = CASES.iter().map(ids).collect();
    frozen("protocol-registry-items.json", &json!({ "ids": cases }));
}
