//! Conditions and values in words, for refusals that people understand.

use alloy_dyn_abi::DynSolValue;

use crate::{
    policy::{
        AddressList, Allowlist, Arg, Balance, Call, Comparison, Grant, Leaf, Scalar, Storage,
        Subscription, Time, Token, TokenStandard, time_text,
    },
    wire,
};

/// Most characters of a value that is shown.
const MAX_SHOWN: usize = 120;

/// The condition in words.
pub(super) fn leaf(leaf: &Leaf) -> String {
    let mut text = match leaf {
        Leaf::Call(body) => call(body, false),
        Leaf::Token(body) => format!("holds at least {} {}", body.min, tokens(body)),
        Leaf::Balance(Balance { chain, min, .. }) => {
            format!("has a native balance of at least {min} on chain {chain}")
        }
        Leaf::Time(body) => time(body),
        Leaf::Address(body) => address(body),
        Leaf::Allowlist(body) => allowlist(body),
        Leaf::Subscription(body) => format!("owns {}, which has not ended", subscribed(body)),
        Leaf::Storage(body) => storage(body),
        Leaf::Grant(body) => grant(body),
        Leaf::Zk(body) => body.in_words(),
    };
    if let Some((_, tier @ 1..)) = leaf.place() {
        text.push_str(&format!(" (at {tier} confirmations)"));
    }
    text
}

/// What a call must come to, or, `negated`, must not.
pub(super) fn call(call: &Call, negated: bool) -> String {
    let args: Vec<String> = call.args.iter().map(arg).collect();
    let part = match (call.path.as_slice(), call.function.outputs().len()) {
        ([0], 1) => String::new(),
        (path, _) => format!("output {} of ", steps(path)),
    };
    let operand = match call.operands.as_slice() {
        [one] if call.comparison != Comparison::In => arg(one),
        list => format!("[{}]", list.iter().map(arg).collect::<Vec<_>>().join(", ")),
    };
    let verb = match (call.comparison, negated) {
        (Comparison::Equal, false) | (Comparison::NotEqual, true) => "is",
        (Comparison::NotEqual, false) | (Comparison::Equal, true) => "is not",
        (Comparison::Less, false) | (Comparison::GreaterOrEqual, true) => "is less than",
        (Comparison::LessOrEqual, false) | (Comparison::Greater, true) => "is at most",
        (Comparison::Greater, false) | (Comparison::LessOrEqual, true) => "is more than",
        (Comparison::GreaterOrEqual, false) | (Comparison::Less, true) => "is at least",
        (Comparison::In, false) => "is one of",
        (Comparison::In, true) => "is none of",
        (Comparison::Contains, false) => "contains",
        (Comparison::Contains, true) => "does not contain",
    };
    format!(
        "{part}{}({}) of {} on chain {} {verb} {}",
        call.function.name(),
        args.join(", "),
        call.to,
        call.chain,
        shorten(&operand)
    )
}

fn steps(path: &[u32]) -> String {
    let steps: Vec<String> = path.iter().map(u32::to_string).collect();
    steps.join(".")
}

/// Which tokens count, without how many.
pub(super) fn tokens(token: &Token) -> String {
    let ids: Vec<String> = token.ids.iter().map(arg).collect();
    let of = match (token.standard, ids.as_slice()) {
        (TokenStandard::Erc1155, [id]) => format!("id {id} of "),
        (TokenStandard::Erc1155, ids) => format!("ids {} of ", shorten(&ids.join(", "))),
        _ => String::new(),
    };
    format!(
        "of {of}ERC-{} {} on chain {}",
        token.standard.number(),
        token.contract,
        token.chain
    )
}

fn time(time: &Time) -> String {
    let span = match (time.after, time.before) {
        (Some(after), Some(before)) => format!(
            "from {} until before {}",
            time_text(after),
            time_text(before)
        ),
        (Some(after), None) => format!("{} or later", time_text(after)),
        (None, Some(before)) => format!("before {}", time_text(before)),
        (None, None) => "any time".to_owned(),
    };
    format!("the block time on chain {} is {span}", time.chain)
}

fn address(addresses: &AddressList) -> String {
    let on = match addresses.chain {
        Some(chain) => format!(" on chain {chain}"),
        None => String::new(),
    };
    match addresses.list.as_slice() {
        [one] => format!("is the account {one}{on}"),
        list => format!("is one of {} listed accounts{on}", list.len()),
    }
}

fn allowlist(allowlist: &Allowlist) -> String {
    let on = match allowlist.chain {
        Some(chain) => format!(" on chain {chain}"),
        None => String::new(),
    };
    format!(
        "is an account{on} of the list with the root {}, by the proof :{}",
        allowlist.root, allowlist.proof
    )
}

/// Which subscription.
pub(super) fn subscribed(subscription: &Subscription) -> String {
    format!(
        "subscription {} of {} on chain {}",
        arg(&subscription.token),
        subscription.contract,
        subscription.chain
    )
}

fn storage(storage: &Storage) -> String {
    let mut text = format!(
        "data set {} of {} on chain {} is live",
        storage.data_set, storage.verifier, storage.chain
    );
    if let Some(epochs) = storage.proven_within {
        text.push_str(&format!(", proven within {epochs} epochs"));
    }
    if let Some(paid) = &storage.paid {
        text.push_str(&format!(
            ", and paid by rail {} of {}, which draws {} from {}",
            paid.rail, paid.pay, paid.token, paid.payer
        ));
    }
    text
}

fn grant(grant: &Grant) -> String {
    let context = match &grant.context {
        Some(name) => format!(" for :{name}"),
        None => String::new(),
    };
    format!(
        "{} on chain {} lets the reader read this item{context}",
        grant.registry, grant.chain
    )
}

fn arg(arg: &Arg) -> String {
    match arg {
        Arg::Placeholder(placeholder) => placeholder.to_string(),
        Arg::List(items) => {
            let items: Vec<String> = items.iter().map(self::arg).collect();
            format!("[{}]", items.join(", "))
        }
        Arg::Literal(scalar) => match scalar {
            Scalar::Bool(value) => value.to_string(),
            Scalar::Uint(value) => value.to_string(),
            Scalar::Int(value) => value.to_string(),
            Scalar::Address(address) => address.to_string(),
            Scalar::Word(word, size) => wire::text(word.get(..*size).unwrap_or_default()),
            Scalar::Bytes(bytes) => shorten(&wire::text(bytes)),
            Scalar::Text(text) => shorten(&format!("{text:?}")),
        },
    }
}

/// A value in words; control characters of a contract's text are escaped.
pub(super) fn value(value: &DynSolValue) -> String {
    let list = |items: &[DynSolValue]| {
        // More could not be shown, so no more is written.
        let items: Vec<String> = items.iter().take(MAX_SHOWN).map(self::value).collect();
        format!("[{}]", items.join(", "))
    };
    shorten(&match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::FixedBytes(word, size) => wire::text(word.get(..*size).unwrap_or_default()),
        DynSolValue::Bytes(bytes) => wire::text(bytes.get(..MAX_SHOWN).unwrap_or(bytes)),
        DynSolValue::String(text) => format!("{:?}", shorten(text)),
        DynSolValue::Array(items) | DynSolValue::FixedArray(items) | DynSolValue::Tuple(items) => {
            list(items)
        }
        _ => "something else".to_owned(),
    })
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
