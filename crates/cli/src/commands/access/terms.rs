//! From the command line to terms.

use stheno::access::{AccessError, Terms};

use crate::{args::TermsArgs, failure::Failure, input};

/// The terms that were asked for; `None` where nothing was said of them.
///
/// # Errors
/// When they are none, or the registry would refuse them.
pub(super) fn wished(args: &TermsArgs) -> Result<Option<Option<Terms>>, Failure> {
    if let Some(path) = &args.terms {
        let text = input::text(path)?;
        let terms = Terms::from_json(&text).map_err(|error| {
            let fault = format!("{}: {error}", path.display());
            let error = AccessError::from(error);
            Failure::new(error.code(), fault).hint(error.hint())
        })?;
        return Ok(Some(terms));
    }
    if args.nobody {
        return Ok(Some(None));
    }
    let mut any = short(args);
    let terms = match any.len() {
        0 => return Ok(None),
        1 => any.remove(0),
        _ => Terms::Any(any),
    };
    terms.check().map_err(AccessError::from)?;
    Ok(Some(Some(terms)))
}

fn short(args: &TermsArgs) -> Vec<Terms> {
    let mut any = Vec::new();
    any.extend(args.open.then_some(Terms::Open));
    any.extend(args.granted.then_some(Terms::Granted));
    any.extend(args.holds_erc20.iter().map(|of| Terms::Holds20 {
        contract: of.contract,
        min: of.min,
    }));
    any.extend(args.holds_erc721.iter().map(|of| Terms::Holds721 {
        contract: of.contract,
        min: of.min,
    }));
    any.extend(args.holds_erc1155.iter().map(|of| Terms::Holds1155 {
        contract: of.contract,
        id: of.id,
        min: of.min,
    }));
    any.extend(args.paid.iter().map(|sale| Terms::Paid(*sale)));
    any.extend(args.listed.iter().map(|root| Terms::Listed(*root)));
    any.extend(args.condition.iter().map(|of| Terms::Condition(*of)));
    any
}

/// Terms for people, a line each, under `heading`.
pub(super) fn text(heading: &str, terms: Option<&Terms>) -> String {
    let lines = match terms {
        None => vec!["nobody reads".to_owned()],
        Some(terms) => lines(terms),
    };
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let heading = if number == 0 { heading } else { "" };
        text += &format!("{heading:<12}{line}\n");
    }
    text
}

fn lines(terms: &Terms) -> Vec<String> {
    let mut lines = vec![terms.to_string()];
    for part in terms.parts() {
        lines.extend(self::lines(part).iter().map(|line| format!("  {line}")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use stheno::protocol::{Address, U256};

    use super::*;

    #[test]
    fn several_short_terms_are_any_of_them() {
        let contract = Address::repeat_byte(7);
        let args = TermsArgs {
            granted: true,
            paid: vec![contract],
            ..TermsArgs::default()
        };
        let terms = wished(&args).unwrap().unwrap().unwrap();
        assert_eq!(
            terms,
            Terms::Any(vec![Terms::Granted, Terms::Paid(contract)])
        );
        assert_eq!(
            text("terms", Some(&terms)),
            format!(
                "terms       any of\n{0:12}  has a grant that has not ended\n{0:12}  has paid at {contract}\n",
                ""
            )
        );

        let one = TermsArgs {
            open: true,
            ..TermsArgs::default()
        };
        assert_eq!(wished(&one).unwrap(), Some(Some(Terms::Open)));
        assert_eq!(wished(&TermsArgs::default()).unwrap(), None);
        let nobody = TermsArgs {
            nobody: true,
            ..TermsArgs::default()
        };
        assert_eq!(wished(&nobody).unwrap(), Some(None));
    }

    #[test]
    fn terms_that_the_registry_would_refuse_are_refused_here() {
        let args = TermsArgs {
            holds_erc20: vec![crate::args::HoldingArg {
                contract: Address::repeat_byte(7),
                min: U256::ZERO,
            }],
            ..TermsArgs::default()
        };
        let failure = wished(&args).unwrap_err();
        assert!(failure.to_string().contains("holds20"), "{failure}");
    }
}
