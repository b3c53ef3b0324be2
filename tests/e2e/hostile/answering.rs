//! One question: what anvil is asked for it, and what is said of anvil's answer.

use alloy::primitives::{B256, U64, U256, keccak256};
use serde_json::{Value, json};

use super::{
    CHAIN,
    mischief::Mischief,
    nature::{Nature, Place},
    proxy::{number, other_hash},
};

/// So far above the head is a block that was invented.
const ABOVE: u64 = 3;

/// What becomes of a question.
pub(super) enum Step {
    /// This is asked of anvil.
    Ask(Value),
    /// It is answered at once.
    Say(Value),
}

/// The entry of a batch that [`Mischief::WordInOneEntry`] is about: one that reads, another one for
/// every batch.
pub(super) fn lied_about(questions: &[Value], mischief: &[Mischief]) -> usize {
    if !mischief
        .iter()
        .any(|what| matches!(what, Mischief::WordInOneEntry(_)))
    {
        return 0;
    }
    let reads = |asked: &Value| {
        matches!(
            asked["method"].as_str(),
            Some("eth_call" | "eth_getBalance")
        )
    };
    let places: Vec<usize> = (0..questions.len())
        .filter(|at| reads(&questions[*at]))
        .collect();
    let turn = questions
        .first()
        .and_then(|asked| asked["id"].as_u64())
        .unwrap_or(0);
    match places.len() {
        0 => 0,
        many => places[usize::try_from(turn).unwrap() % many],
    }
}

/// What is done to the question at `place`: a lie about one entry is a lie about it, or none.
pub(super) fn told(mischief: &[Mischief], lied_about: usize, place: usize) -> Vec<Mischief> {
    let one = |what: &Mischief| match what {
        Mischief::WordInOneEntry(word) => (place == lied_about).then_some(Mischief::Word(*word)),
        other => Some(other.clone()),
    };
    mischief.iter().filter_map(one).collect()
}

/// What is asked of anvil, or said in its place. Blocks are known here; state is anvil's.
pub(super) fn step(asked: &Value, mischief: &[Mischief], nature: &Nature) -> Step {
    let mut asked = asked.clone();
    match asked["method"].as_str().unwrap_or_default() {
        "eth_chainId" => return Step::Say(json!({ "result": U64::from(CHAIN) })),
        "eth_getBlockByNumber" => {
            let which = asked["params"][0].as_str().unwrap_or_default();
            let block = block(which, mischief, nature).map(|at| nature.block(at));
            return Step::Say(block.map_or_else(|other| other, |block| json!({ "result": block })));
        }
        "eth_getBlockByHash" => {
            let hash = serde_json::from_value(asked["params"][0].clone());
            let found = hash.ok().and_then(|hash| nature.find(hash));
            return Step::Say(json!({ "result": found.map(|at| nature.block(at)) }));
        }
        "eth_call" | "eth_getBalance" | "eth_getCode" => {
            let at = &mut asked["params"][1]["blockHash"];
            for what in mischief {
                match what {
                    Mischief::StateOf(other) => *at = json!(other),
                    // As good as any.
                    Mischief::InventedHead if *at == json!(invented(nature)) => {
                        *at = json!(nature.header(nature.head).hash);
                    }
                    Mischief::OtherBranch => {
                        if let Ok(hash) = serde_json::from_value::<B256>(at.clone()) {
                            *at = json!(other_hash(hash));
                        }
                    }
                    _ => {}
                }
            }
        }
        "eth_getLogs" => {
            if let Some(error) = logs(&mut asked["params"][0], mischief, nature) {
                return Step::Say(error);
            }
        }
        _ => {}
    }
    Step::Ask(asked)
}

/// Anvil's number of the block that is meant, or what is said instead of one.
fn block(which: &str, mischief: &[Mischief], nature: &Nature) -> Result<u64, Value> {
    let mut latest = nature.latest();
    let mut finalized = nature.finalized;
    let above = nature.told(nature.head) + ABOVE;
    let is_above = which == "latest" || number(which) == Some(above);
    for what in mischief {
        match what {
            Mischief::OldHead(blocks) => latest = latest.saturating_sub(*blocks),
            Mischief::LatestIsParent => latest = nature.head.saturating_sub(1),
            Mischief::OldFinal(blocks) => finalized = finalized.saturating_sub(*blocks),
            Mischief::FinalIsHead => finalized = nature.head,
            Mischief::InventedHead if is_above => {
                return Err(json!({ "result": invented_block(nature) }));
            }
            Mischief::Disguise(hash) if is_above => {
                let mut block = nature.block(nature.head);
                block["number"] = json!(U64::from(above));
                block["hash"] = json!(hash);
                return Err(json!({ "result": block }));
            }
            _ => {}
        }
    }
    match which {
        "latest" => Ok(latest),
        "finalized" | "safe" => Ok(finalized.min(latest)),
        "pending" => Ok(nature.head),
        // As Lotus has it.
        "earliest" => Err(error(1, "block param \"earliest\" is not supported")),
        other => {
            let Some(wanted) = number(other) else {
                return Err(error(-32602, "invalid block number"));
            };
            match nature.place(wanted) {
                _ if mischief.contains(&Mischief::NothingButNullRounds) => Err(null_round(wanted)),
                Place::Block(at) => Ok(at),
                Place::NullRound => Err(null_round(wanted)),
                Place::Beyond => Err(json!({ "result": null })),
            }
        }
    }
}

/// Turns told numbers into anvil's; the error where an endpoint refuses.
fn logs(filter: &mut Value, mischief: &[Mischief], nature: &Nature) -> Option<Value> {
    let mut ends = [0; 2];
    for (end, field) in ends.iter_mut().zip(["fromBlock", "toBlock"]) {
        let named = filter[field].as_str().unwrap_or("latest").to_owned();
        let told = match named.as_str() {
            "latest" => nature.told(nature.latest()),
            other => match number(other) {
                Some(number) => number,
                None => return Some(error(1, &format!("`{other}` is not supported in filters"))),
            },
        };
        *end = told;
    }
    let [from, to] = ends;
    for what in mischief {
        if let Mischief::LogCap(most) = what
            && to.saturating_sub(from) >= *most
        {
            return Some(error(-32005, &format!("block range exceeds {most}")));
        }
    }
    // The first block at or above `from`, the last at or below `to`.
    let mut first = 0;
    while nature.told(first) < from && first < nature.head {
        first += 1;
    }
    let mut last = nature.head;
    while nature.told(last) > to && last > 0 {
        last -= 1;
    }
    if nature.told(first) < from || nature.told(last) > to || last < first {
        return Some(json!({ "result": [] }));
    }
    filter["fromBlock"] = json!(U64::from(first));
    filter["toBlock"] = json!(U64::from(last));
    None
}

/// Makes of anvil's answer what is said.
pub(super) fn finish(asked: &Value, answer: &mut Value, mischief: &[Mischief], nature: &Nature) {
    if mischief.contains(&Mischief::Errors) {
        *answer = error(-32603, "internal error");
        return;
    }
    let method = asked["method"].as_str().unwrap_or_default();
    let is_block = matches!(method, "eth_getBlockByNumber" | "eth_getBlockByHash");
    if method == "eth_getLogs"
        && let Some(Value::Array(logs)) = answer.get_mut("result")
    {
        logs.iter_mut().for_each(|log| nature.renumber(log));
    }
    for what in mischief {
        match what {
            Mischief::OtherChain if method == "eth_chainId" => {
                *answer = json!({ "result": "0x1" });
            }
            Mischief::OtherTop(blocks) if is_block => {
                let top = nature.told(nature.latest().saturating_sub(*blocks));
                let result = &answer["result"];
                if result["number"]
                    .as_str()
                    .and_then(number)
                    .is_some_and(|told| told > top)
                {
                    let hash = serde_json::from_value(result["hash"].clone()).unwrap();
                    answer["result"]["hash"] = json!(other_hash(hash));
                }
            }
            Mischief::OtherBranch if is_block && answer["result"].is_object() => {
                for field in ["hash", "parentHash"] {
                    let hash = serde_json::from_value(answer["result"][field].clone());
                    if let Ok(hash) = hash {
                        answer["result"][field] = json!(other_hash(hash));
                    }
                }
            }
            Mischief::Word(word) if method == "eth_call" => {
                *answer = json!({ "result": B256::from(*word) });
            }
            Mischief::Word(word) if method == "eth_getBalance" => {
                *answer = json!({ "result": word });
            }
            Mischief::Reverts if method == "eth_call" => {
                *answer = error(3, "execution reverted");
            }
            Mischief::WrongTypes => {
                let result = match is_block {
                    true => json!([true]),
                    false => json!({ "surprise": U256::MAX }),
                };
                *answer = json!({ "result": result });
            }
            _ => {}
        }
    }
}

/// The hash of the block that was invented.
fn invented(nature: &Nature) -> B256 {
    keccak256(nature.head.to_be_bytes())
}

fn invented_block(nature: &Nature) -> Value {
    json!({
        "number": U64::from(nature.told(nature.head) + ABOVE),
        "hash": invented(nature),
        "parentHash": B256::repeat_byte(0x77),
        "timestamp": U64::from(1_900_000_000_u64),
    })
}

fn null_round(number: u64) -> Value {
    error(12, &format!("requested epoch was a null round ({number})"))
}

fn error(code: i64, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}
