//! Recorded answers of chains, and what a policy is to say over them: the form of the file.
//!
//! ```json
//! { "policy": "policy.json",
//!   "cases": [
//!     { "name": "a holder may read", "expect": "granted", "reader": "0x…",
//!       "answers": [
//!         { "chain": 314, "to": "0x…", "call": "balanceOf(address) view returns (uint256)",
//!           "args": ["0x…"], "returns": ["1"] },
//!         { "chain": 314, "balanceOf": "0x…", "balance": "1000000000000000000" },
//!         { "chain": 314, "time": "2027-01-01T00:00:00Z" },
//!         { "chain": 314, "number": 5000000 } ] } ] }
//! ```
//!
//! A call can be written in bytes too, as `policy record` writes it: `data` and `returns` in hex.
//! `fails` in place of `returns` is `reverted`, `no contract`, `out of gas`, `too long` or
//! `unreadable`.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy_dyn_abi::{DynSolType, DynSolValue, FunctionExt, JsonAbiExt, Specifier};
use alloy_json_abi::{Function, Param};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stheno::protocol::{
    Account, AccountKind, ChainId, Context, ItemId, Policy, Proofs, Read, Reading, Subject, Truth,
    Unknown,
};

use crate::context::{Written, value};

/// A file of fixtures.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixtures {
    /// The policy, or the name of its file, beside this one.
    pub policy: Value,
    /// What is tried.
    pub cases: Vec<Case>,
}

/// A reader, what chains answer, and what the policy is to say.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// What it is called.
    pub name: String,
    /// What the policy is to say.
    pub expect: Expect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reader: Option<Address>,
    /// The reader is a contract, of this chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contract_on: Option<ChainId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    item: Option<B256>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    context: BTreeMap<String, Value>,
    #[serde(default)]
    answers: Vec<Answer>,
}

/// What a policy can say.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// The reader may.
    Granted,
    /// He may not.
    Denied,
    /// Something could not be told, and he may not either.
    Unknown,
}

impl From<Truth> for Expect {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Self::Granted,
            Truth::False => Self::Denied,
            Truth::Unknown => Self::Unknown,
        }
    }
}

impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        })
    }
}

/// One thing that a chain says. All fields are optional in the form; [`Answer::reading`] says which
/// go together.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Answer {
    chain: ChainId,
    #[serde(default, skip_serializing_if = "is_zero")]
    confirmations: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    args: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Bytes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returns: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fails: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    balance_of: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    balance: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(confirmations: &u64) -> bool {
    *confirmations == 0
}

/// What was recorded.
pub type Readings = BTreeMap<Read, Result<Reading, Unknown>>;

impl Case {
    /// The case that `readings` are of.
    pub(super) fn recorded(
        name: String,
        expect: Expect,
        subject: &Subject,
        readings: &Readings,
    ) -> Self {
        let answers = readings.iter().map(|(read, found)| Answer::of(read, found));
        let context = subject.context.iter();
        let account = subject.account;
        let item = B256::from(*subject.item.as_bytes());
        Self {
            name,
            expect,
            reader: account.map(|account| account.address),
            contract_on: account
                .filter(|account| account.kind == AccountKind::Contract)
                .map(|account| account.chain),
            item: Some(item).filter(|item| !item.is_zero()),
            context: context
                .map(|(name, value)| (name.to_owned(), Written(value.clone()).to_json()))
                .collect(),
            answers: answers.collect(),
        }
    }

    /// Who asks.
    ///
    /// # Errors
    /// A value of the context that cannot be one.
    pub fn subject(&self) -> Result<Subject, String> {
        let mut context = Context::default();
        for (name, json) in &self.context {
            let text = match json {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            context
                .insert(name, value(&text)?.0)
                .map_err(|error| error.to_string())?;
        }
        let account = self.reader.map(|address| Account {
            address,
            chain: self.contract_on.unwrap_or(1),
            kind: match self.contract_on {
                Some(_) => AccountKind::Contract,
                None => AccountKind::Key,
            },
        });
        Ok(Subject {
            account,
            item: ItemId::from_bytes(self.item.unwrap_or_default().0),
            context,
            proofs: Proofs::default(),
        })
    }

    /// What the chains say.
    ///
    /// # Errors
    /// The answer that cannot be one, by its place in the list; or one that is given twice.
    pub fn readings(&self) -> Result<Readings, String> {
        let mut readings = Readings::new();
        for (place, answer) in self.answers.iter().enumerate() {
            let at = |fault: String| format!("answers[{place}]: {fault}");
            let (read, found) = answer.reading().map_err(at)?;
            if readings.insert(read, found).is_some() {
                return Err(at("the same question is answered twice".to_owned()));
            }
        }
        Ok(readings)
    }
}

impl Answer {
    fn of(read: &Read, found: &Result<Reading, Unknown>) -> Self {
        let (chain, confirmations) = read.place();
        let mut answer = Self {
            chain,
            confirmations,
            ..Self::default()
        };
        match read {
            Read::Call { to, data, .. } => {
                answer.to = Some(*to);
                answer.data = Some(data.clone());
            }
            Read::Balance { of, .. } => answer.balance_of = Some(*of),
            Read::BlockTime { .. } | Read::BlockNumber { .. } => {}
        }
        match found {
            Ok(Reading::Bytes(bytes)) => answer.returns = Some(bytes.to_string().into()),
            Ok(Reading::Balance(balance)) => answer.balance = Some(balance.to_string().into()),
            Ok(Reading::Time(time)) => answer.time = Some((*time).into()),
            Ok(Reading::Number(number)) => answer.number = Some(*number),
            Err(unknown) => answer.fails = Some(name(unknown).to_owned()),
        }
        answer
    }

    fn reading(&self) -> Result<(Read, Result<Reading, Unknown>), String> {
        let (chain, tier) = (self.chain, self.confirmations);
        let failed = self.fails.as_deref().map(unknown).transpose()?;
        match (self.to, self.balance_of, &self.time, self.number) {
            (Some(to), None, None, None) => {
                let (data, returned) = self.bytes()?;
                let read = Read::Call {
                    chain,
                    tier,
                    to,
                    data,
                };
                let found = match (returned, failed) {
                    (Some(bytes), None) => Ok(Reading::Bytes(bytes)),
                    (None, Some(unknown)) => Err(unknown),
                    _ => return Err("a call either `returns` or `fails`".to_owned()),
                };
                Ok((read, found))
            }
            (None, Some(of), None, None) => {
                let found = match (&self.balance, failed) {
                    (Some(balance), None) => Ok(Reading::Balance(uint(balance)?)),
                    (None, Some(unknown)) => Err(unknown),
                    _ => return Err("with `balanceOf` stands a `balance`, or `fails`".to_owned()),
                };
                Ok((Read::Balance { chain, tier, of }, found))
            }
            (None, None, Some(time), None) => {
                let found = Ok(Reading::Time(seconds(time)?));
                Ok((Read::BlockTime { chain, tier }, found))
            }
            (None, None, None, Some(number)) => Ok((
                Read::BlockNumber { chain, tier },
                Ok(Reading::Number(number)),
            )),
            _ => Err(
                "an answer has one of `to` (a call), `balanceOf`, `time` and `number`".to_owned(),
            ),
        }
    }

    /// A call's data, and what it returns.
    fn bytes(&self) -> Result<(Bytes, Option<Bytes>), String> {
        let Some(call) = &self.call else {
            let data = self.data.clone();
            let data = data.ok_or("a call has `call` and `args`, or `data`")?;
            let returned = self.returns.as_ref().map(raw).transpose()?;
            return Ok((data, returned));
        };
        let function = Function::parse(call).map_err(|error| format!("call: {error}"))?;
        let given = self.args.as_deref().unwrap_or_default();
        let args = typed("args", &function.inputs, given)?;
        let data = function.abi_encode_input(&args);
        let data = data.map_err(|error| format!("args: {error}"))?;
        let returned = match &self.returns {
            None => None,
            Some(text @ Value::String(_)) => Some(raw(text)?),
            Some(Value::Array(values)) => {
                let values = typed("returns", &function.outputs, values)?;
                let bytes = function.abi_encode_output(&values);
                Some(bytes.map_err(|error| format!("returns: {error}"))?.into())
            }
            Some(_) => return Err("`returns` is a list of values, or hex".to_owned()),
        };
        Ok((data.into(), returned))
    }
}

fn typed(what: &str, params: &[Param], values: &[Value]) -> Result<Vec<DynSolValue>, String> {
    if params.len() != values.len() {
        let (wanted, found) = (params.len(), values.len());
        return Err(format!("{what}: {wanted} are declared, {found} given"));
    }
    let coerced = params.iter().zip(values).map(|(param, value)| {
        let kind = param
            .resolve()
            .map_err(|error| format!("{what}: {error}"))?;
        let text = written(&kind, value);
        let value = kind.coerce_str(&text);
        value.map_err(|error| format!("{what}: `{text}` is no {kind}: {error}"))
    });
    coerced.collect()
}

/// The value as alloy reads values: lists in brackets, tuples in parentheses.
fn written(kind: &DynSolType, value: &Value) -> String {
    match (kind, value) {
        (DynSolType::Tuple(kinds), Value::Array(parts)) => {
            let parts = kinds
                .iter()
                .zip(parts)
                .map(|(kind, part)| written(kind, part));
            format!("({})", parts.collect::<Vec<_>>().join(","))
        }
        (DynSolType::Array(kind) | DynSolType::FixedArray(kind, _), Value::Array(parts)) => {
            let parts = parts.iter().map(|part| written(kind, part));
            format!("[{}]", parts.collect::<Vec<_>>().join(","))
        }
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

fn raw(text: &Value) -> Result<Bytes, String> {
    let text = text.as_str().ok_or("without `call`, `returns` is hex")?;
    text.parse()
        .map_err(|error| format!("returns: `{text}` is no hex: {error}"))
}

fn uint(value: &Value) -> Result<U256, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    U256::from_str_radix(&text, 10).map_err(|_| format!("`{text}` is no whole number"))
}

fn seconds(value: &Value) -> Result<u64, String> {
    let bad = || format!("{value} is no time: give seconds since 1970, or 2027-01-01T00:00:00Z");
    match value {
        Value::String(text) => {
            let time: jiff::Timestamp = text.parse().map_err(|_| bad())?;
            u64::try_from(time.as_second()).map_err(|_| bad())
        }
        other => other.as_u64().ok_or_else(bad),
    }
}

fn unknown(name: &str) -> Result<Unknown, String> {
    let failures = [
        ("reverted", Unknown::Reverted),
        ("no contract", Unknown::NoCode),
        ("out of gas", Unknown::OutOfGas),
        ("too long", Unknown::TooLong),
        ("unreadable", Unknown::Rpc("the fixture says so".to_owned())),
    ];
    let names = failures.each_ref().map(|(name, _)| format!("`{name}`"));
    let found = failures.into_iter().find(|(known, _)| *known == name);
    found
        .map(|(_, unknown)| unknown)
        .ok_or_else(|| format!("`{name}` is no failure; there are {}", names.join(", ")))
}

fn name(unknown: &Unknown) -> &'static str {
    match unknown {
        Unknown::Reverted => "reverted",
        Unknown::NoCode => "no contract",
        Unknown::OutOfGas => "out of gas",
        Unknown::TooLong => "too long",
        _ => "unreadable",
    }
}

/// What the policy asks for and the case does not answer.
pub(super) fn unanswered(policy: &Policy, subject: &Subject, readings: &Readings) -> Vec<String> {
    let wanted = stheno::protocol::reads(policy, subject);
    let missing = wanted.iter().filter(|read| !readings.contains_key(read));
    missing
        .map(|read| {
            let question = Answer::of(read, &Err(Unknown::Missing));
            let question = Answer {
                fails: None,
                ..question
            };
            let mut json = serde_json::to_value(question).unwrap_or_default();
            let answer = match read {
                Read::Call { .. } => ("returns", "0x…"),
                Read::Balance { .. } => ("balance", "…"),
                Read::BlockTime { .. } => ("time", "…"),
                Read::BlockNumber { .. } => ("number", "…"),
            };
            if let Some(fields) = json.as_object_mut() {
                fields.insert(answer.0.to_owned(), answer.1.into());
            }
            json.to_string()
        })
        .collect()
}
