//! Conditions but `call`, as people write them.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Address, B256, U256};

use super::{argument, placeholder};
use crate::{
    ChainId,
    policy::{
        AddressList, Allowlist, Balance, Grant, Leaf, MAX_CONFIRMATIONS, Paid, Placeholder, Rule,
        Storage, Subscription, Tier, Time, Token, TokenStandard, filecoin, leaf_check,
        literal::{address, hex, small, time, uint},
        nearest,
        text::{Fault, Fields, Kind, Node},
    },
};

pub(super) fn token(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let known = ["chain", "standard", "contract", "min", "ids", "finality"];
    let fields = node.fields(path, &known)?;
    let (chain, tier) = place(&fields)?;
    let (contract, contract_path) = fields.required("contract")?;
    let contract = address(contract, &contract_path)?;
    let (written, standard_path) = fields.required("standard")?;
    let names = TokenStandard::ALL.map(TokenStandard::as_str);
    let text = written.text(&standard_path, "a token standard")?;
    let standard = TokenStandard::ALL
        .into_iter()
        .find(|standard| standard.as_str() == text)
        .ok_or_else(|| {
            let hint = match nearest(text, names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known are {}", names.join(", ")),
            };
            written.fault(&standard_path, format!("unknown standard `{text}`, {hint}"))
        })?;
    let min = match fields.optional("min") {
        Some((node, path)) => uint(node, &path)?,
        None if standard == TokenStandard::Erc20 => {
            return Err(node.fault(
                path,
                "`min` is missing: how much must be held, in the token's smallest unit",
            ));
        }
        None => U256::ONE,
    };
    let ids = match fields.optional("ids") {
        Some((node, path)) => node
            .list(&path, "a list of token ids")?
            .iter()
            .enumerate()
            .map(|(i, id)| argument(id, &format!("{path}[{i}]"), &DynSolType::Uint(256), true))
            .collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    leaf(
        node,
        &fields,
        negated,
        Leaf::Token(Token {
            chain,
            tier,
            contract,
            standard,
            min,
            ids,
        }),
    )
}

pub(super) fn balance(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let fields = node.fields(path, &["chain", "min", "finality"])?;
    let (chain, tier) = place(&fields)?;
    let (min, min_path) = fields.required("min")?;
    let min = uint(min, &min_path)?;
    leaf(
        node,
        &fields,
        negated,
        Leaf::Balance(Balance { chain, tier, min }),
    )
}

pub(super) fn time_span(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let fields = node.fields(path, &["chain", "after", "before", "finality"])?;
    let (chain, tier) = place(&fields)?;
    let end = |name| {
        fields
            .optional(name)
            .map(|(node, path)| time(node, &path))
            .transpose()
    };
    let (after, before) = (end("after")?, end("before")?);
    leaf(
        node,
        &fields,
        negated,
        Leaf::Time(Time {
            chain,
            tier,
            after,
            before,
        }),
    )
}

pub(super) fn address_list(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let fields = node.fields(path, &["in", "chain"])?;
    let chain = fields.optional("chain").map(chain_id).transpose()?;
    let (items, items_path) = fields.required("in")?;
    let mut list = Vec::new();
    for (i, item) in items
        .list(&items_path, "a list of addresses")?
        .iter()
        .enumerate()
    {
        let path = format!("{items_path}[{i}]");
        let address = address(item, &path)?;
        if list.contains(&address) {
            return Err(item.fault(&path, format!("{address} stands here twice")));
        }
        list.push(address);
    }
    list.sort_unstable();
    leaf(
        node,
        &fields,
        negated,
        Leaf::Address(AddressList { chain, list }),
    )
}

pub(super) fn allowlist(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let fields = node.fields(path, &["root", "proof", "chain"])?;
    let chain = fields.optional("chain").map(chain_id).transpose()?;
    let (root, root_path) = fields.required("root")?;
    let bytes = hex(root, &root_path)?;
    let root = B256::try_from(bytes.as_slice()).map_err(|_| {
        root.fault(
            &root_path,
            format!("a root has 32 bytes, this has {}", bytes.len()),
        )
    })?;
    let proof = named(fields.required("proof")?)?;
    leaf(
        node,
        &fields,
        negated,
        Leaf::Allowlist(Allowlist { chain, root, proof }),
    )
}

pub(super) fn subscription(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let fields = node.fields(path, &["chain", "contract", "token", "finality"])?;
    let (chain, tier) = place(&fields)?;
    let (contract, contract_path) = fields.required("contract")?;
    let contract = address(contract, &contract_path)?;
    let (token, token_path) = fields.required("token")?;
    let token = argument(token, &token_path, &DynSolType::Uint(256), true)?;
    leaf(
        node,
        &fields,
        negated,
        Leaf::Subscription(Subscription {
            chain,
            tier,
            contract,
            token,
        }),
    )
}

pub(super) fn storage(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let known = [
        "chain",
        "verifier",
        "dataSet",
        "provenWithin",
        "paid",
        "finality",
    ];
    let fields = node.fields(path, &known)?;
    let (chain, tier) = place(&fields)?;
    let verifier = contract(&fields, "verifier", filecoin::pdp_verifier(chain), chain)?;
    let (data_set, data_set_path) = fields.required("dataSet")?;
    let data_set = uint(data_set, &data_set_path)?;
    let proven_within = fields
        .optional("provenWithin")
        .map(|(node, path)| small(node, &path))
        .transpose()?;
    let paid = fields
        .optional("paid")
        .map(|(node, path)| paid(node, &path, chain))
        .transpose()?;
    leaf(
        node,
        &fields,
        negated,
        Leaf::Storage(Storage {
            chain,
            tier,
            verifier,
            data_set,
            proven_within,
            paid,
        }),
    )
}

fn paid(node: &Node<'_>, path: &str, chain: ChainId) -> Result<Paid, Fault> {
    let fields = node.fields(path, &["pay", "rail", "payer", "token"])?;
    let pay = contract(&fields, "pay", filecoin::filecoin_pay(chain), chain)?;
    let (rail, rail_path) = fields.required("rail")?;
    let (payer, payer_path) = fields.required("payer")?;
    let (token, token_path) = fields.required("token")?;
    Ok(Paid {
        pay,
        rail: uint(rail, &rail_path)?,
        payer: address(payer, &payer_path)?,
        token: address(token, &token_path)?,
    })
}

/// A contract that need not be named where the network has it.
fn contract(
    fields: &Fields<'_, '_>,
    name: &str,
    known: Option<Address>,
    chain: ChainId,
) -> Result<Address, Fault> {
    match (fields.optional(name), known) {
        (Some((node, path)), _) => address(node, &path),
        (None, Some(known)) => Ok(known),
        (None, None) => Err(Fault::new(
            fields.at,
            fields.path,
            format!(
                "`{name}` is missing: no contract is known on chain {chain}, only on 314 and 314159"
            ),
        )),
    }
}

pub(super) fn grant(node: &Node<'_>, path: &str, negated: bool) -> Result<Rule, Fault> {
    let fields = node.fields(path, &["chain", "registry", "context", "finality"])?;
    let (chain, tier) = place(&fields)?;
    let (registry, registry_path) = fields.required("registry")?;
    let registry = address(registry, &registry_path)?;
    let context = fields.optional("context").map(named).transpose()?;
    leaf(
        node,
        &fields,
        negated,
        Leaf::Grant(Grant {
            chain,
            tier,
            registry,
            context,
        }),
    )
}

/// The name of a context value, written `:name`.
pub(super) fn named((node, path): (&Node<'_>, String)) -> Result<String, Fault> {
    match placeholder(node, &path)? {
        Some(Placeholder::Named(name)) => Ok(name),
        _ => Err(node.fault(
            &path,
            "expected the name of a context value, such as \":proof\"",
        )),
    }
}

/// The leaf, if its values are sensible; otherwise an error at the field that is not.
pub(super) fn leaf(
    node: &Node<'_>,
    fields: &Fields<'_, '_>,
    negated: bool,
    leaf: Leaf,
) -> Result<Rule, Fault> {
    match leaf_check(&leaf, negated) {
        Ok(()) => Ok(Rule::Leaf(leaf)),
        Err((field, problem)) => Err(match fields.optional(field) {
            Some((node, path)) => node.fault(&path, problem),
            None => node.fault(fields.path, problem),
        }),
    }
}

pub(super) fn place(fields: &Fields<'_, '_>) -> Result<(u64, Tier), Fault> {
    let chain = chain_id(fields.required("chain")?)?;
    let tier = match fields.optional("finality") {
        Some((node, path)) => finality(node, &path)?,
        None => 0,
    };
    Ok((chain, tier))
}

fn chain_id((node, path): (&Node<'_>, String)) -> Result<u64, Fault> {
    match small(node, &path)? {
        0 => Err(node.fault(
            &path,
            "0 is not a chain id; Filecoin is 314, calibration 314159",
        )),
        chain => Ok(chain),
    }
}

/// `"finalized"` or `{"confirmations": k}`
fn finality(node: &Node<'_>, path: &str) -> Result<Tier, Fault> {
    match &node.kind {
        Kind::Text(text) if text == "finalized" => Ok(0),
        Kind::Object(_) => {
            let fields = node.fields(path, &["confirmations"])?;
            let (node, path) = fields.required("confirmations")?;
            match small(node, &path)? {
                0 => Err(node.fault(
                    &path,
                    "at least 1 confirmation; for finality write \"finalized\"",
                )),
                tier if tier > MAX_CONFIRMATIONS => {
                    Err(node.fault(&path, format!("at most {MAX_CONFIRMATIONS} confirmations")))
                }
                tier => Ok(tier),
            }
        }
        _ => Err(node.fault(path, "expected \"finalized\" or {\"confirmations\": k}")),
    }
}
