//! One condition: what it reads, and what it makes of the reading.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Bytes, U256};

use super::{AccountKind, ChainView, RETURN_CAP, Read, Reading, Subject, Truth, abi, fill, words};
use crate::policy::{
    AddressList, Balance, Call, Comparison, Leaf, Time, Token, TokenStandard, time_text, typing,
};

/// What became of a leaf.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) truth: Truth,
    pub(super) found: String,
    /// Unknown for a reason that can pass.
    pub(super) transient: bool,
}

impl Outcome {
    fn known(holds: bool, found: String) -> Self {
        Self {
            truth: holds.into(),
            found,
            transient: false,
        }
    }

    const fn unknown(found: String) -> Self {
        Self {
            truth: Truth::Unknown,
            found,
            transient: false,
        }
    }
}

/// What `leaf` has to read for `subject`; none where nothing is, or something is missing.
pub(super) fn read(leaf: &Leaf, subject: &Subject) -> Option<Read> {
    match leaf {
        Leaf::Call(call) => call_read(call, subject).ok(),
        Leaf::Token(token) => token_read(token, subject).ok(),
        Leaf::Balance(balance) => balance_read(balance, subject).ok(),
        Leaf::Time(time) => Some(time_read(time)),
        Leaf::Address(_) => None,
    }
}

/// Judges `leaf` for `subject`.
pub(super) fn judge(leaf: &Leaf, subject: &Subject, view: &impl ChainView) -> Outcome {
    match leaf {
        Leaf::Call(call) => fetch(view, call_read(call, subject), |reading| {
            judge_call(call, subject, &reading)
        }),
        Leaf::Token(token) => fetch(view, token_read(token, subject), |reading| {
            judge_token(token, &reading)
        }),
        Leaf::Balance(balance) => fetch(view, balance_read(balance, subject), |reading| {
            let Reading::Balance(found) = reading else {
                return odd_reading();
            };
            Outcome::known(found >= balance.min, format!("balance {found}"))
        }),
        Leaf::Time(time) => fetch(view, Ok(time_read(time)), |reading| {
            let Reading::Time(now) = reading else {
                return odd_reading();
            };
            let begun = time.after.is_none_or(|after| now >= after);
            let lasting = time.before.is_none_or(|before| now < before);
            Outcome::known(begun && lasting, format!("block time {}", time_text(now)))
        }),
        Leaf::Address(addresses) => judge_address(addresses, subject),
    }
}

fn fetch(
    view: &impl ChainView,
    read: Result<Read, String>,
    judge: impl FnOnce(Reading) -> Outcome,
) -> Outcome {
    let read = match read {
        Ok(read) => read,
        Err(missing) => return Outcome::unknown(missing),
    };
    match view.read(&read) {
        Ok(reading) => judge(reading),
        Err(unknown) => Outcome {
            truth: Truth::Unknown,
            found: unknown.to_string(),
            transient: unknown.transient(),
        },
    }
}

fn odd_reading() -> Outcome {
    Outcome::unknown("the reading is of another kind than was asked for".to_owned())
}

/// Return data within the cap and decodable, or why not.
fn outputs(reading: &Reading, types: &[DynSolType]) -> Result<Vec<DynSolValue>, Outcome> {
    let Reading::Bytes(data) = reading else {
        return Err(odd_reading());
    };
    if data.len() > RETURN_CAP {
        return Err(Outcome::unknown(super::Unknown::TooLong.to_string()));
    }
    if data.is_empty() {
        return Err(Outcome::unknown(
            "the call returned nothing; is there a contract with this function?".to_owned(),
        ));
    }
    abi::decode(types, data).ok_or_else(|| {
        Outcome::unknown(format!(
            "the call returned {} bytes that are not the declared outputs",
            data.len()
        ))
    })
}

fn call_read(call: &Call, subject: &Subject) -> Result<Read, String> {
    let values = call
        .args
        .iter()
        .zip(call.function.inputs())
        .map(|(arg, ty)| fill::value(arg, ty, subject, call.chain))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Read::Call {
        chain: call.chain,
        tier: call.tier,
        to: call.to,
        data: call_data(call.function.selector().as_slice(), values),
    })
}

fn call_data(selector: &[u8], args: Vec<DynSolValue>) -> Bytes {
    let mut data = selector.to_vec();
    data.extend(DynSolValue::Tuple(args).abi_encode_params());
    data.into()
}

fn judge_call(call: &Call, subject: &Subject, reading: &Reading) -> Outcome {
    let outputs = match outputs(reading, call.function.outputs()) {
        Ok(outputs) => outputs,
        Err(outcome) => return outcome,
    };
    let mut values = outputs.as_slice();
    let mut value = None;
    for step in &call.path {
        let Some(next) = values.get(*step as usize) else {
            return Outcome::unknown(format!(
                "the array has {} elements, none at position {step}",
                values.len()
            ));
        };
        values = parts(next);
        value = Some(next);
    }
    let ty = typing::type_at(&call.function, &call.path)
        .and_then(|ty| typing::operand_type(call.comparison, ty));
    let (Some(value), Ok(ty)) = (value, ty) else {
        return Outcome::unknown("the policy is not well typed".to_owned());
    };
    let operands = call
        .operands
        .iter()
        .map(|arg| fill::value(arg, ty, subject, call.chain))
        .collect::<Result<Vec<_>, _>>();
    match operands {
        Ok(operands) => match compare(call.comparison, value, &operands) {
            Some(holds) => Outcome::known(holds, format!("returned {}", words::value(value))),
            None => Outcome::unknown("the policy is not well typed".to_owned()),
        },
        Err(missing) => Outcome::unknown(missing),
    }
}

fn parts(value: &DynSolValue) -> &[DynSolValue] {
    match value {
        DynSolValue::Tuple(values)
        | DynSolValue::Array(values)
        | DynSolValue::FixedArray(values) => values,
        _ => &[],
    }
}

/// None where the types do not fit, which reading the policy rules out.
fn compare(comparison: Comparison, value: &DynSolValue, operands: &[DynSolValue]) -> Option<bool> {
    let (first, _) = operands.split_first()?;
    let order = || match (value, first) {
        (DynSolValue::Uint(a, _), DynSolValue::Uint(b, _)) => Some(a.cmp(b)),
        (DynSolValue::Int(a, _), DynSolValue::Int(b, _)) => Some(a.cmp(b)),
        _ => None,
    };
    let same_type = |other: &DynSolValue| value.as_type() == other.as_type();
    match comparison {
        Comparison::Equal => same_type(first).then(|| value == first),
        Comparison::NotEqual => same_type(first).then(|| value != first),
        Comparison::In => operands
            .iter()
            .all(same_type)
            .then(|| operands.contains(value)),
        Comparison::Less => Some(order()?.is_lt()),
        Comparison::LessOrEqual => Some(order()?.is_le()),
        Comparison::Greater => Some(order()?.is_gt()),
        Comparison::GreaterOrEqual => Some(order()?.is_ge()),
        Comparison::Contains => match (value, first) {
            (DynSolValue::String(text), DynSolValue::String(part)) => Some(text.contains(part)),
            (DynSolValue::Array(items) | DynSolValue::FixedArray(items), _) => {
                Some(items.contains(first))
            }
            _ => None,
        },
    }
}

/// `balanceOf(address)` of ERC-20 and ERC-721.
const BALANCE_OF: [u8; 4] = [0x70, 0xa0, 0x82, 0x31];
/// `balanceOf(address,uint256)` of ERC-1155.
const BALANCE_OF_ID: [u8; 4] = [0x00, 0xfd, 0xd5, 0x8e];
/// `balanceOfBatch(address[],uint256[])` of ERC-1155.
const BALANCE_OF_BATCH: [u8; 4] = [0x4e, 0x12, 0x73, 0xf4];

fn token_read(token: &Token, subject: &Subject) -> Result<Read, String> {
    let holder = DynSolValue::Address(fill::reader(subject, token.chain)?);
    let data = match token.standard {
        TokenStandard::Erc20 | TokenStandard::Erc721 => call_data(&BALANCE_OF, vec![holder]),
        TokenStandard::Erc1155 => {
            let ids = token
                .ids
                .iter()
                .map(|id| fill::value(id, &DynSolType::Uint(256), subject, token.chain))
                .collect::<Result<Vec<_>, _>>()?;
            // The same id twice would count one token twice.
            if (1..ids.len()).any(|i| ids.iter().take(i).any(|id| ids.get(i) == Some(id))) {
                return Err("a token id is given twice".to_owned());
            }
            match <[DynSolValue; 1]>::try_from(ids) {
                Ok([id]) => call_data(&BALANCE_OF_ID, vec![holder, id]),
                Err(ids) => call_data(
                    &BALANCE_OF_BATCH,
                    vec![
                        DynSolValue::Array(vec![holder; ids.len()]),
                        DynSolValue::Array(ids),
                    ],
                ),
            }
        }
    };
    Ok(Read::Call {
        chain: token.chain,
        tier: token.tier,
        to: token.contract,
        data,
    })
}

fn judge_token(token: &Token, reading: &Reading) -> Outcome {
    let batch = token.ids.len() > 1;
    let word = DynSolType::Uint(256);
    let types = if batch {
        [DynSolType::Array(Box::new(word))]
    } else {
        [word]
    };
    let outputs = match outputs(reading, &types) {
        Ok(outputs) => outputs,
        Err(outcome) => return outcome,
    };
    let balances = match outputs.as_slice() {
        [DynSolValue::Array(balances)] if balances.len() == token.ids.len() => balances.as_slice(),
        [DynSolValue::Array(balances)] => {
            return Outcome::unknown(format!(
                "the call returned {} balances for {} ids",
                balances.len(),
                token.ids.len()
            ));
        }
        single => single,
    };
    // Beyond 256 bits is at least any minimum.
    let sum = balances
        .iter()
        .filter_map(DynSolValue::as_uint)
        .fold(U256::ZERO, |sum, (balance, _)| sum.saturating_add(balance));
    Outcome::known(sum >= token.min, format!("balance {sum}"))
}

fn balance_read(balance: &Balance, subject: &Subject) -> Result<Read, String> {
    Ok(Read::Balance {
        chain: balance.chain,
        tier: balance.tier,
        of: fill::reader(subject, balance.chain)?,
    })
}

const fn time_read(time: &Time) -> Read {
    Read::BlockTime {
        chain: time.chain,
        tier: time.tier,
    }
}

fn judge_address(addresses: &AddressList, subject: &Subject) -> Outcome {
    let Some(account) = subject.account else {
        return Outcome::unknown("no account is given".to_owned());
    };
    let address = match (account.kind, addresses.chain) {
        (AccountKind::Key, _) => Ok(account.address),
        (AccountKind::Contract, Some(chain)) => fill::reader(subject, chain),
        (AccountKind::Contract, None) => Err(format!(
            "the account is a contract on chain {}, and the list names no chain",
            account.chain
        )),
    };
    match address {
        Ok(address) => Outcome::known(
            addresses.list.binary_search(&address).is_ok(),
            format!("account {address}"),
        ),
        Err(why) => Outcome::unknown(why),
    }
}
