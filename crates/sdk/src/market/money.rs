//! Amounts as people write them, in FIL and in the tokens of a network file.

use std::fmt;

use alloy_primitives::{U256, utils::format_units};
use stheno_protocol::Address;

use super::MarketError;
use crate::NetworkFile;

/// The token that stands for the chain's own currency.
pub const FIL: Address = Address::ZERO;
/// Digits behind the point of a FIL.
const FIL_DECIMALS: u8 = 18;
/// Most digits of an amount that is read.
const MAX_DIGITS: usize = 78;

/// An amount in the smallest unit of a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Money {
    /// The ERC-20 token; [`FIL`] for the chain's own currency.
    pub token: Address,
    /// How much.
    pub units: U256,
}

/// What amounts can be told in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Currencies(Vec<Currency>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Currency {
    name: String,
    token: Address,
    decimals: u8,
}

impl Currencies {
    /// FIL alone.
    pub fn fil() -> Self {
        Self(vec![Currency {
            name: "fil".to_owned(),
            token: FIL,
            decimals: FIL_DECIMALS,
        }])
    }

    /// FIL and the tokens of a network.
    pub fn of(network: &NetworkFile) -> Self {
        let mut all = Self::fil();
        let tokens = network.tokens.iter().map(|(name, token)| Currency {
            name: name.to_lowercase(),
            token: token.address,
            decimals: token.decimals,
        });
        all.0.extend(tokens);
        all
    }

    /// Reads an amount, such as `5usdfc` or `0.25 FIL`. It is exact, or an error.
    ///
    /// # Errors
    /// [`MarketError::BadAmount`].
    pub fn parse(&self, text: &str) -> Result<Money, MarketError> {
        let bad = |why: String| MarketError::BadAmount {
            text: text.to_owned(),
            why,
        };
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (digits, name) = text.split_at(end.unwrap_or(text.len()));
        let name = name.trim().to_lowercase();
        let currency = self.0.iter().find(|currency| currency.name == name);
        let currency = currency.ok_or_else(|| bad(format!("it is in none of {self}")))?;
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let decimals = usize::from(currency.decimals);
        if whole.is_empty() || part.contains('.') || digits.ends_with('.') {
            return Err(bad("its number is none".to_owned()));
        }
        if part.len() > decimals {
            return Err(bad(format!(
                "{name} has {decimals} digits behind the point"
            )));
        }
        let units = format!("{whole}{part:0<decimals$}");
        let units = (units.len() <= MAX_DIGITS)
            .then(|| units.parse::<U256>().ok())
            .flatten();
        Ok(Money {
            token: currency.token,
            units: units.ok_or_else(|| bad("it is too large".to_owned()))?,
        })
    }

    /// An amount as people read it. Of a token that is not known here the smallest units are told,
    /// since its own word for what they are worth is not to be trusted.
    pub fn show(&self, money: Money) -> String {
        let known = self.0.iter().find(|one| one.token == money.token);
        let told = known.and_then(|one| {
            let text = format_units(money.units, one.decimals).ok()?;
            let text = match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.'),
                false => &text,
            };
            Some(format!("{text} {}", one.name.to_uppercase()))
        });
        told.unwrap_or_else(|| {
            format!(
                "{} smallest units of token {}, which the network file does not name",
                money.units, money.token
            )
        })
    }
}

impl fmt::Display for Currencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|one| one.name.as_str()).collect();
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DOLLAR: Address = Address::repeat_byte(7);

    fn currencies() -> Currencies {
        let mut all = Currencies::fil();
        all.0.push(Currency {
            name: "usdfc".to_owned(),
            token: DOLLAR,
            decimals: 6,
        });
        all
    }

    #[test]
    fn amount_is_read_to_the_last_digit() {
        let all = currencies();
        let fil = all.parse("0.000000000000000001fil").unwrap();
        assert_eq!((fil.token, fil.units), (FIL, U256::from(1)));
        let dollars = all.parse(" 5.25 USDFC ").unwrap();
        assert_eq!(
            (dollars.token, dollars.units),
            (DOLLAR, U256::from(5_250_000))
        );
        assert_eq!(all.show(dollars), "5.25 USDFC");
        assert_eq!(all.show(all.parse("100usdfc").unwrap()), "100 USDFC");
        assert_eq!(all.show(all.parse("0usdfc").unwrap()), "0 USDFC");
    }

    #[test]
    fn amount_is_refused_when_it_is_not_exact_or_not_one() {
        for bad in [
            "",
            "5",
            "usdfc",
            ".5fil",
            "5.fil",
            "1.2.3fil",
            "-5fil",
            "5eur",
            "0.0000001usdfc",
            "1e3fil",
            "５fil",
        ] {
            let error = currencies().parse(bad).unwrap_err();
            assert!(matches!(error, MarketError::BadAmount { .. }), "{bad}");
        }
        let huge = format!("{}fil", "9".repeat(78));
        assert!(currencies().parse(&huge).is_err());
    }

    #[test]
    fn amount_of_a_token_that_is_not_named_is_told_in_units() {
        let shown = currencies().show(Money {
            token: Address::repeat_byte(9),
            units: U256::from(5),
        });
        assert!(
            shown.contains("5 smallest units") && shown.contains("0x0909"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn amount_reads_back_as_it_is_shown(units in any::<u128>(), dollar in any::<bool>()) {
            let all = currencies();
            let token = if dollar { DOLLAR } else { FIL };
            let money = Money { token, units: U256::from(units) };
            prop_assert_eq!(all.parse(&all.show(money)).unwrap(), money);
        }
    }
}
