//! Private conditions, as people write them.

use stheno_circuits::{Circuit, KeyHash, Range, Root, Statement, spec::ATTRIBUTES};

use super::conditions::{leaf, named, place};
use crate::policy::{
    Group, Leaf, Rule, Zk,
    literal::{address, hex, small},
    text::{Fault, Fields, Node},
};

pub(super) fn zk(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let known = [
        "circuit",
        "key",
        "root",
        "chain",
        "group",
        "attributes",
        "period",
        "proof",
        "finality",
    ];
    let fields = node.fields(path, &known)?;
    let (name, name_path) = fields.required("circuit")?;
    let circuit: Circuit = name
        .text(&name_path, "the name of a circuit")?
        .parse()
        .map_err(|error| name.fault(&name_path, format!("{error}")))?;
    let (key, key_path) = fields.required("key")?;
    let key = KeyHash::from_bytes(word(key, &key_path)?);
    let attributes = match (fields.optional("attributes"), circuit.statement) {
        (Some((node, path)), _) => Some(attributes(node, &path)?),
        (None, Statement::CredentialV1) => Some([Range::ANY; ATTRIBUTES]),
        (None, _) => None,
    };
    let period = fields.optional("period");
    let period = period.map(|(node, path)| small(node, &path)).transpose()?;
    let zk = Zk {
        circuit,
        key,
        group: group(node, path, &fields)?,
        period,
        attributes,
        proof: named(fields.required("proof")?)?,
    };
    leaf(node, &fields, negated, Leaf::Zk(zk))
}

/// `root`, or `chain` and `group`.
fn group(node: &Node<'_>, path: &str, fields: &Fields<'_, '_>) -> Result<Group, Fault> {
    let of_a_contract = ["chain", "group", "finality"];
    let named = of_a_contract.map(|name| fields.optional(name).is_some());
    match (fields.optional("root"), named.contains(&true)) {
        (Some((node, path)), false) => {
            let root = Root::from_bytes(&word(node, &path)?);
            let root = root.map_err(|error| node.fault(&path, error.to_string()))?;
            Ok(Group::Root(root))
        }
        (None, true) => {
            let (chain, tier) = place(fields)?;
            let (contract, contract_path) = fields.required("group")?;
            Ok(Group::Contract {
                chain,
                tier,
                contract: address(contract, &contract_path)?,
            })
        }
        (Some((node, path)), true) => Err(node.fault(
            &path,
            "a group is named by its `root`, or by `chain` and `group`, a contract; not by both",
        )),
        (None, false) => Err(node.fault(
            path,
            "which group? give its `root`, or `chain` and `group`, the contract that keeps its root",
        )),
    }
}

/// `[{">=": 18}, {}, {"==": 3}]`: of each attribute in turn; those that are left out may be anything.
fn attributes(node: &Node<'_>, path: &str) -> Result<[Range; ATTRIBUTES], Fault> {
    let items = node.list(path, "a list of comparisons, one for each attribute")?;
    if items.len() > ATTRIBUTES {
        let problem = format!(
            "a credential has {ATTRIBUTES} attributes, not {}",
            items.len()
        );
        return Err(node.fault(path, problem));
    }
    let mut ranges = [Range::ANY; ATTRIBUTES];
    for (at, (item, range)) in items.iter().zip(&mut ranges).enumerate() {
        *range = comparisons(item, &format!("{path}[{at}]"))?;
    }
    Ok(ranges)
}

fn comparisons(node: &Node<'_>, path: &str) -> Result<Range, Fault> {
    let fields = node.fields(path, &["==", ">=", "<="])?;
    let end = |name| {
        let field = fields.optional(name);
        field.map(|(node, path)| small(node, &path)).transpose()
    };
    match (end("==")?, end(">=")?, end("<=")?) {
        (Some(value), None, None) => Ok(Range::exactly(value)),
        (None, low, high) => Ok(Range {
            low: low.unwrap_or(Range::ANY.low),
            high: high.unwrap_or(Range::ANY.high),
        }),
        (Some(_), ..) => {
            Err(node.fault(path, "`==` stands alone; with `>=` and `<=` leave it out"))
        }
    }
}

fn word(node: &Node<'_>, path: &str) -> Result<[u8; 32], Fault> {
    let bytes = hex(node, path)?;
    <[u8; 32]>::try_from(bytes.as_slice())
        .map_err(|_| node.fault(path, format!("expected 32 bytes, found {}", bytes.len())))
}
