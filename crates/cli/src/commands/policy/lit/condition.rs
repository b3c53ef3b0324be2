//! One condition.

use serde_json::{Map, Value, json};
use stheno::protocol::ChainId;

use super::{super::with, LitError, chains, fault, test::Test, text};

pub(super) type Fields = Map<String, Value>;

/// Whom Lit called so: the account that signed.
pub(super) const USER: &str = ":userAddress";

/// The rule that asks what this condition asks.
pub(super) fn rule(fields: &Fields, place: &str) -> Result<Value, LitError> {
    match fields.get("conditionType").and_then(Value::as_str) {
        Some("evmBasic" | "evmContract") | None => {}
        Some(other) => {
            let problem = format!("`{other}` conditions are none of an EVM chain");
            return Err(fault(place, problem));
        }
    }
    let name = text(fields, "chain", place)?;
    let chain = chains::id(name).ok_or_else(|| {
        let problem = format!("the chain `{name}` is not known; write its chain id, such as \"1\"");
        fault(place, problem)
    })?;
    let test = Test::read(fields, place)?;
    if fields.contains_key("functionAbi") {
        return function(fields, chain, &test, place);
    }
    let standard = text(fields, "standardContractType", place)?;
    let method = text(fields, "method", place)?;
    let parameters = parameters(fields, place)?;
    let token = |standard, ids: &[&str]| token(fields, chain, standard, ids, &test, place);
    match (standard, method, parameters.as_slice()) {
        ("", "eth_getBalance", [USER, ..]) => test.at_least(
            |min| json!({ "balance": { "chain": chain, "min": min } }),
            place,
        ),
        ("", "", [USER]) => test.equal(
            |address| json!({ "address": { "chain": chain, "in": [address] } }),
            place,
        ),
        ("timestamp", _, ["latest"]) => test.time(chain, place),
        ("ERC20", "balanceOf", [USER]) => token("erc20", &[]),
        ("ERC721", "balanceOf", [USER]) => token("erc721", &[]),
        ("ERC721", "ownerOf", [id]) => {
            let function = "ownerOf(uint256) view returns (address)";
            let call = call(fields, chain, function, json!([id]), place)?;
            test.equal(|owner| returning(&call, &[], "==", json!(owner)), place)
        }
        ("ERC1155", "balanceOf", [USER, id]) => token("erc1155", &[id]),
        ("ERC1155", "balanceOfBatch", [users, ids]) => {
            if users.split(',').any(|user| user.trim() != USER) {
                return Err(fault(place, "a batch of other accounts than the reader's"));
            }
            let ids: Vec<&str> = ids.split(',').map(str::trim).collect();
            token("erc1155", &ids)
        }
        _ => Err(fault(
            place,
            format!(
                "`{standard}` with the method `{method}` has no counterpart in a policy; \
                 ask the contract with a function of its own"
            ),
        )),
    }
}

fn token(
    fields: &Fields,
    chain: ChainId,
    standard: &str,
    ids: &[&str],
    test: &Test<'_>,
    place: &str,
) -> Result<Value, LitError> {
    let contract = text(fields, "contractAddress", place)?;
    let leaf = |min: String| {
        let token = json!({
            "chain": chain, "standard": standard, "contract": contract, "min": min,
        });
        json!({ "token": match ids {
            [] => token,
            ids => with(token, "ids", ids),
        } })
    };
    test.at_least(leaf, place)
}

/// A function of the contract's own.
fn function(
    fields: &Fields,
    chain: ChainId,
    test: &Test<'_>,
    place: &str,
) -> Result<Value, LitError> {
    let name = text(fields, "functionName", place)?;
    let (inputs, outputs) = (
        parts(fields, "inputs", place)?,
        parts(fields, "outputs", place)?,
    );
    let declared = format!(
        "{name}({}) view returns ({})",
        types(inputs, place)?,
        types(outputs, place)?
    );
    let given = fields.get("functionParams").and_then(Value::as_array);
    let given = given.ok_or_else(|| fault(place, "`functionParams` is no list"))?;
    if given.len() != inputs.len() {
        let (values, inputs) = (given.len(), inputs.len());
        let problem = format!("`functionParams` has {values} values for {inputs} inputs");
        return Err(fault(place, problem));
    }
    let args: Result<Vec<_>, _> = given
        .iter()
        .zip(inputs)
        .map(|(value, input)| argument(value, &type_of(input, place)?, place))
        .collect();
    let call = call(fields, chain, &declared, json!(args?), place)?;
    let at = match test.key.filter(|key| !key.is_empty()) {
        None => 0,
        Some(key) => outputs
            .iter()
            .position(|output| output.get("name").and_then(Value::as_str) == Some(key))
            .or_else(|| key.parse().ok())
            .ok_or_else(|| fault(place, format!("no output is called `{key}`")))?,
    };
    let output = outputs
        .get(at)
        .ok_or_else(|| fault(place, format!("the function has no output {at}")))?;
    let path: &[usize] = if outputs.len() > 1 { &[at] } else { &[] };
    let value = operand(test.value, &type_of(output, place)?, place)?;
    let positive = |comparison| returning(&call, path, comparison, value.clone());
    Ok(match test.comparator {
        "=" | "==" | "===" => positive("=="),
        "!=" | "!==" => positive("!="),
        "contains" => positive("contains"),
        "!contains" => json!({ "not": positive("contains") }),
        "<" | "<=" | ">" | ">=" => positive(test.comparator),
        _ => return Err(test.unknown(place)),
    })
}

fn call(
    fields: &Fields,
    chain: ChainId,
    function: &str,
    args: Value,
    place: &str,
) -> Result<Value, LitError> {
    let to = text(fields, "contractAddress", place)?;
    Ok(json!({ "chain": chain, "to": to, "function": function, "args": args }))
}

fn returning(call: &Value, path: &[usize], comparison: &str, value: Value) -> Value {
    let mut returns = Map::new();
    if !path.is_empty() {
        returns.insert("path".to_owned(), json!(path));
    }
    returns.insert(comparison.to_owned(), value);
    json!({ "call": with(call.clone(), "returns", returns) })
}

/// Inputs or outputs of the function.
fn parts<'a>(fields: &'a Fields, side: &str, place: &str) -> Result<&'a [Value], LitError> {
    let abi = fields.get("functionAbi").and_then(|abi| abi.get(side));
    let list = abi.and_then(Value::as_array).map(Vec::as_slice);
    list.ok_or_else(|| fault(place, format!("`functionAbi.{side}` is no list")))
}

fn types(parts: &[Value], place: &str) -> Result<String, LitError> {
    let types: Result<Vec<_>, _> = parts.iter().map(|part| type_of(part, place)).collect();
    Ok(types?.join(", "))
}

/// The type of an input or output, tuples written out.
fn type_of(part: &Value, place: &str) -> Result<String, LitError> {
    let ty = part.get("type").and_then(Value::as_str);
    let ty = ty.ok_or_else(|| fault(place, "an input or output has no type"))?;
    let Some(arrays) = ty.strip_prefix("tuple") else {
        return Ok(ty.to_owned());
    };
    let components = part.get("components").and_then(Value::as_array);
    let components = components.ok_or_else(|| fault(place, "a tuple has no components"))?;
    Ok(format!("({}){arrays}", types(components, place)?))
}

/// Lit wrote every argument as text.
fn argument(value: &Value, ty: &str, place: &str) -> Result<Value, LitError> {
    match value {
        Value::Array(items) => {
            let ty = ty.rsplit_once('[').map_or(ty, |(element, _)| element);
            let items: Result<Vec<_>, _> = items.iter().map(|i| argument(i, ty, place)).collect();
            Ok(json!(items?))
        }
        Value::String(text) if text != USER && text.starts_with(':') => {
            let problem = format!("`{text}` is filled in by Lit alone");
            Err(fault(place, problem))
        }
        Value::String(text) => operand(text, ty, place),
        other => Ok(other.clone()),
    }
}

fn operand(text: &str, ty: &str, place: &str) -> Result<Value, LitError> {
    match (ty, text) {
        (_, USER) => Ok(json!(":reader")),
        ("bool", "true") => Ok(json!(true)),
        ("bool", "false") => Ok(json!(false)),
        ("bool", other) => Err(fault(place, format!("`{other}` is neither true nor false"))),
        _ => Ok(json!(text)),
    }
}

fn parameters<'a>(fields: &'a Fields, place: &str) -> Result<Vec<&'a str>, LitError> {
    let list = fields.get("parameters").and_then(Value::as_array);
    let texts = list.and_then(|list| list.iter().map(Value::as_str).collect());
    texts.ok_or_else(|| fault(place, "`parameters` is no list of texts"))
}
