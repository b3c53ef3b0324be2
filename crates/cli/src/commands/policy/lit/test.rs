//! What a condition expects of the answer: Lit's `returnValueTest`.

use serde_json::{Value, json};
use stheno::protocol::{ChainId, U256, policy::time_text};

use super::{
    super::with,
    LitError,
    condition::{Fields, USER},
    fault, text,
};

pub(super) struct Test<'a> {
    pub(super) key: Option<&'a str>,
    pub(super) comparator: &'a str,
    pub(super) value: &'a str,
}

impl<'a> Test<'a> {
    pub(super) fn read(fields: &'a Fields, place: &str) -> Result<Self, LitError> {
        let test = fields.get("returnValueTest").and_then(Value::as_object);
        let test = test.ok_or_else(|| fault(place, "`returnValueTest` is missing"))?;
        Ok(Self {
            key: test.get("key").and_then(Value::as_str),
            comparator: text(test, "comparator", place)?,
            value: text(test, "value", place)?,
        })
    }

    pub(super) fn unknown(&self, place: &str) -> LitError {
        let problem = format!("the comparator `{}` does not fit here", self.comparator);
        fault(place, problem)
    }

    /// Every comparison of a number, said with "at least".
    pub(super) fn at_least(
        &self,
        leaf: impl Fn(String) -> Value,
        place: &str,
    ) -> Result<Value, LitError> {
        let value = self.number(place)?;
        let impossible = || fault(place, "this holds for nobody");
        let above = || value.checked_add(U256::ONE).ok_or_else(impossible);
        // At least nothing is no condition, and a policy has no word for it.
        let least = |min: U256| match min.is_zero() {
            true => Err(fault(place, "this holds for everybody; leave it out")),
            false => Ok(leaf(min.to_string())),
        };
        let below = |min: U256| match min.is_zero() {
            true => Err(impossible()),
            false => Ok(json!({ "not": leaf(min.to_string()) })),
        };
        match self.comparator {
            ">=" => least(value),
            ">" => least(above()?),
            "<" => below(value),
            "<=" => below(above()?),
            "=" | "==" if value.is_zero() => below(U256::ONE),
            "=" | "==" => Ok(json!({ "all": [least(value)?, below(above()?)?] })),
            "!=" | "!==" if value.is_zero() => least(U256::ONE),
            "!=" | "!==" => Ok(json!({ "any": [below(value)?, least(above()?)?] })),
            _ => Err(self.unknown(place)),
        }
    }

    /// A comparison of an address.
    pub(super) fn equal(
        &self,
        leaf: impl Fn(&str) -> Value,
        place: &str,
    ) -> Result<Value, LitError> {
        let value = match self.value {
            USER => ":reader",
            other => other,
        };
        match self.comparator {
            "=" | "==" => Ok(leaf(value)),
            "!=" | "!==" => Ok(json!({ "not": leaf(value) })),
            _ => Err(self.unknown(place)),
        }
    }

    /// A comparison of the block's time, in Unix seconds.
    pub(super) fn time(&self, chain: ChainId, place: &str) -> Result<Value, LitError> {
        let value = u64::try_from(self.number(place)?).ok();
        let seconds = |add: u64| {
            let time = value.and_then(|time| time.checked_add(add));
            // The last second that RFC 3339 can write.
            let time = time.filter(|time| *time <= 253_402_300_799);
            let time = time.ok_or_else(|| fault(place, "this time is out of range"))?;
            Ok(time_text(time))
        };
        let (end, at) = match self.comparator {
            ">=" => ("after", seconds(0)?),
            ">" => ("after", seconds(1)?),
            "<" => ("before", seconds(0)?),
            "<=" => ("before", seconds(1)?),
            _ => return Err(self.unknown(place)),
        };
        Ok(json!({ "time": with(json!({ "chain": chain }), end, at) }))
    }

    fn number(&self, place: &str) -> Result<U256, LitError> {
        U256::from_str_radix(self.value, 10)
            .map_err(|_| fault(place, format!("`{}` is no whole number", self.value)))
    }
}
