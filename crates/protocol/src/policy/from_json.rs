//! Reading policies as people write them.

mod conditions;
mod zk;

use alloy_dyn_abi::DynSolType;

use conditions::{leaf, place};

use super::{
    Arg, Call, Comparison, Function, Leaf, Placeholder, Policy, PolicyError, Rule, VERSION,
    function::{Names, type_name},
    literal::{address, hex, scalar, small},
    nearest,
    text::{Fault, Kind, Node, parse},
    typing::{check_placeholder, operand_type, type_at},
};
use crate::context::is_name;

const COMBINATIONS: [&str; 4] = ["all", "any", "at_least", "not"];
const CONDITIONS: [&str; 10] = [
    "call",
    "token",
    "balance",
    "time",
    "address",
    "allowlist",
    "subscription",
    "storage",
    "grant",
    "zk",
];

/// Reads a policy's JSON; limits are the caller's to check.
pub(super) fn policy(text: &str) -> Result<Policy, PolicyError> {
    let root = parse(text)?;
    read(&root).map_err(|fault| fault.into_error(text))
}

fn read(root: &Node<'_>) -> Result<Policy, Fault> {
    let fields = root.fields("policy", &["version", "salt", "rule"])?;
    let (node, path) = fields.required("version")?;
    let version = small(node, &path)?;
    if version != VERSION {
        let problem = format!("version {version} is not known, only {VERSION} is");
        return Err(node.fault(&path, problem));
    }
    let salt = fields
        .optional("salt")
        .map(|(node, path)| {
            let bytes = hex(node, &path)?;
            <[u8; 16]>::try_from(bytes.as_slice()).map_err(|_| {
                node.fault(
                    &path,
                    format!("a salt has 16 bytes, this has {}", bytes.len()),
                )
            })
        })
        .transpose()?;
    let (node, _) = fields.required("rule")?;
    Ok(Policy {
        salt,
        rule: rule(node, "rule", false)?,
    })
}

/// `negated` tells whether the rule stands under an odd number of `not`s.
fn rule(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let Kind::Object(members) = &node.kind else {
        return Err(node.expected(path, "a condition as an object with one key"));
    };
    let [(key, body)] = members.as_slice() else {
        let problem = format!(
            "a condition is an object with one key, this has {}; combine several with `all` or `any`",
            members.len()
        );
        return Err(node.fault(path, problem));
    };
    let inside = format!("{path}.{}", key.name);
    match key.name.as_str() {
        "all" => Ok(Rule::All(rules(body, path, "all", negated)?)),
        "any" => Ok(Rule::Any(rules(body, path, "any", negated)?)),
        "at_least" => at_least(body, path, &inside, negated),
        "not" => Ok(Rule::Not(Box::new(rule(body, &inside, !negated)?))),
        "call" => call(body, &inside, negated),
        "token" => conditions::token(body, &inside, negated),
        "balance" => conditions::balance(body, &inside, negated),
        "time" => conditions::time_span(body, &inside, negated),
        "address" => conditions::address_list(body, &inside, negated),
        "allowlist" => conditions::allowlist(body, &inside, negated),
        "subscription" => conditions::subscription(body, &inside, negated),
        "storage" => conditions::storage(body, &inside, negated),
        "grant" => conditions::grant(body, &inside, negated),
        "zk" => zk::zk(body, &inside, negated),
        unknown => {
            let known = COMBINATIONS.iter().chain(&CONDITIONS).copied();
            let hint = match nearest(unknown, known.clone()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
            };
            Err(Fault::new(
                key.at,
                path,
                format!("unknown condition `{unknown}`, {hint}"),
            ))
        }
    }
}

fn rules(node: &Node<'_>, path: &str, name: &str, negated: bool) -> Result<Vec<Rule>, Fault> {
    let items = node.list(path, "a list of conditions")?;
    if items.is_empty() {
        return Err(node.fault(path, format!("`{name}` of nothing: add a condition")));
    }
    items
        .iter()
        .enumerate()
        .map(|(i, item)| rule(item, &format!("{path}.{name}[{i}]"), negated))
        .collect()
}

fn at_least(node: &Node<'_>, path: &str, inside: &str, negated: bool) -> Result<Rule, Fault> {
    let fields = node.fields(inside, &["k", "of"])?;
    let (of, _) = fields.required("of")?;
    let of = rules(of, path, "at_least", negated)?;
    let (node, path) = fields.required("k")?;
    let k = small(node, &path)?;
    match usize::try_from(k) {
        Ok(k) if (1..=of.len()).contains(&k) => Ok(Rule::AtLeast { k, of }),
        _ => Err(node.fault(
            &path,
            format!(
                "`k` is 1 to the number of conditions, {}, not {k}",
                of.len()
            ),
        )),
    }
}

fn call(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let known = ["chain", "to", "function", "args", "returns", "finality"];
    let fields = node.fields(path, &known)?;
    let (chain, tier) = place(&fields)?;
    let (to, to_path) = fields.required("to")?;
    let to = address(to, &to_path)?;
    let (declared, function_path) = fields.required("function")?;
    let text = declared.text(
        &function_path,
        "a declaration such as \"balanceOf(address) view returns (uint256)\"",
    )?;
    let (function, names) = Function::from_declaration(text)
        .map_err(|problem| declared.fault(&function_path, problem))?;
    let args = match fields.optional("args") {
        Some((node, path)) => arguments(node, &path, function.inputs())?,
        None if function.inputs().is_empty() => Vec::new(),
        None => {
            let problem = format!("`args` is missing: {}", count(function.inputs().len()));
            return Err(node.fault(path, problem));
        }
    };
    let (returns, returns_path) = fields.required("returns")?;
    let (output, comparison, operands) = test(returns, &returns_path, &function, &names)?;
    leaf(
        node,
        &fields,
        negated,
        Leaf::Call(Box::new(Call {
            chain,
            tier,
            to,
            function,
            args,
            path: output,
            comparison,
            operands,
        })),
    )
}

type Test = (Vec<u32>, Comparison, Vec<Arg>);

/// `{"path": [...], "==": value}`
fn test(node: &Node<'_>, path: &str, function: &Function, names: &Names) -> Result<Test, Fault> {
    let comparisons = Comparison::ALL.map(Comparison::as_str);
    let mut known = vec!["path"];
    known.extend(comparisons);
    let fields = node.fields(path, &known)?;
    let output = match fields.optional("path") {
        Some((node, path)) => steps(node, &path, function, names)?,
        None if function.outputs().len() == 1 => vec![0],
        None => {
            let problem = format!(
                "the function has {} outputs: choose one with `path`, such as [0]",
                function.outputs().len()
            );
            return Err(node.fault(path, problem));
        }
    };
    let given: Vec<Comparison> = Comparison::ALL
        .into_iter()
        .filter(|comparison| fields.optional(comparison.as_str()).is_some())
        .collect();
    let [comparison] = given.as_slice() else {
        let problem = if given.is_empty() {
            format!("a comparison is missing: {}", comparisons.join(" "))
        } else {
            "one comparison each; combine two `call` conditions with `all`".to_owned()
        };
        return Err(node.fault(path, problem));
    };
    let ty = type_at(function, &output).map_err(|problem| node.fault(path, problem))?;
    let (value, value_path) = fields.required(comparison.as_str())?;
    let ty = operand_type(*comparison, ty).map_err(|problem| value.fault(&value_path, problem))?;
    let operands = match comparison {
        Comparison::In => {
            let items = value.list(&value_path, "a list of values")?;
            if items.is_empty() {
                return Err(value.fault(&value_path, "`in` of nothing: add a value"));
            }
            items
                .iter()
                .enumerate()
                .map(|(i, item)| argument(item, &format!("{value_path}[{i}]"), ty, false))
                .collect::<Result<_, _>>()?
        }
        _ => vec![argument(value, &value_path, ty, false)?],
    };
    Ok((output, *comparison, operands))
}

/// A path of positions and names as positions alone.
fn steps(
    node: &Node<'_>,
    path: &str,
    function: &Function,
    names: &Names,
) -> Result<Vec<u32>, Fault> {
    let items = node.list(
        path,
        "a list of positions and names, such as [0, \"amount\"]",
    )?;
    if items.is_empty() {
        return Err(node.fault(path, "a path begins with the position or name of an output"));
    }
    let mut steps = Vec::new();
    let mut names = Some(names);
    let mut numbered = false;
    for (i, item) in items.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let step = match &item.kind {
            Kind::Text(name) => {
                let here = names.filter(|_| !numbered);
                let found = here.and_then(|names| names.find(name));
                found
                    .and_then(|found| u32::try_from(found).ok())
                    .ok_or_else(|| {
                        let known: Vec<&str> = here.map(|n| n.all().collect()).unwrap_or_default();
                        let hint = match nearest(name, known.iter().copied()) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None if known.is_empty() => {
                                "the declaration names nothing here, give its position".to_owned()
                            }
                            None => format!("known here: {}", known.join(", ")),
                        };
                        item.fault(&path, format!("nothing is called `{name}`, {hint}"))
                    })?
            }
            _ => u32::try_from(small(item, &path)?)
                .map_err(|_| item.fault(&path, "a position does not fit in 32 bits"))?,
        };
        steps.push(step);
        let ty = type_at(function, &steps).map_err(|problem| item.fault(&path, problem))?;
        // An element of an array has the names that were declared for the array.
        if !numbered {
            names = names.and_then(|names| names.inside(step as usize));
        }
        numbered = matches!(ty, DynSolType::Array(_) | DynSolType::FixedArray(..));
    }
    Ok(steps)
}

fn arguments(node: &Node<'_>, path: &str, types: &[DynSolType]) -> Result<Vec<Arg>, Fault> {
    let items = node.list(path, "a list of arguments")?;
    if items.len() != types.len() {
        let problem = format!("{}, {} given", count(types.len()), items.len());
        return Err(node.fault(path, problem));
    }
    items
        .iter()
        .zip(types)
        .enumerate()
        .map(|(i, (item, ty))| argument(item, &format!("{path}[{i}]"), ty, true))
        .collect()
}

fn count(inputs: usize) -> String {
    match inputs {
        1 => "the function takes 1 argument".to_owned(),
        n => format!("the function takes {n} arguments"),
    }
}

fn argument(node: &Node<'_>, path: &str, ty: &DynSolType, chosen: bool) -> Result<Arg, Fault> {
    if let Some(placeholder) = placeholder(node, path)? {
        check_placeholder(&placeholder, ty, chosen).map_err(|problem| node.fault(path, problem))?;
        return Ok(Arg::Placeholder(placeholder));
    }
    let types: Vec<&DynSolType> = match ty {
        DynSolType::Tuple(types) => types.iter().collect(),
        DynSolType::FixedArray(of, size) => vec![of; *size],
        DynSolType::Array(of) => {
            let items = node.list(path, "a list")?;
            vec![of; items.len()]
        }
        _ => return scalar(node, path, ty).map(Arg::Literal),
    };
    let items = node.list(path, &format!("a list for {}", type_name(ty)))?;
    if items.len() != types.len() {
        let problem = format!(
            "{} has {} parts, {} given",
            type_name(ty),
            types.len(),
            items.len()
        );
        return Err(node.fault(path, problem));
    }
    items
        .iter()
        .zip(types)
        .enumerate()
        .map(|(i, (item, ty))| argument(item, &format!("{path}[{i}]"), ty, chosen))
        .collect::<Result<_, _>>()
        .map(Arg::List)
}

/// `:name`; a string that is meant to begin with a colon is written with two.
fn placeholder(node: &Node<'_>, path: &str) -> Result<Option<Placeholder>, Fault> {
    let Kind::Text(text) = &node.kind else {
        return Ok(None);
    };
    match text.strip_prefix(':') {
        None => Ok(None),
        Some(rest) if rest.starts_with(':') => Ok(None),
        Some("reader") => Ok(Some(Placeholder::Reader)),
        Some("item") => Ok(Some(Placeholder::Item)),
        Some(name) if is_name(name) => Ok(Some(Placeholder::Named(name.to_owned()))),
        Some(_) => Err(node.fault(
            path,
            format!("`{text}` is not a placeholder: after the colon comes a letter, then up to 31 letters, digits or _; a text that begins with a colon is written with two"),
        )),
    }
}
