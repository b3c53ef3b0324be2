//! What terms came to for one reader.

use serde_json::{Value, json};
use stheno_chain::contracts::AccessRegistryContract::Term;
use stheno_protocol::{Address, Truth};

use super::{
    postfix,
    terms::{Terms, TermsError},
};

/// A term, what it came to, and the same of the terms below it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Judged {
    /// The term, with all that is below it.
    pub terms: Terms,
    /// What it came to. Unknown: a contract that is asked failed, or a list's proof was not shown.
    pub truth: Truth,
    /// Of the terms below it, in their order.
    pub parts: Vec<Self>,
}

impl Judged {
    /// Pairs a registry's list with what it said of each.
    pub(super) fn pair(list: &[Term], truths: &[u8]) -> Result<Option<Self>, TermsError> {
        let malformed = |position, why| TermsError::Malformed { position, why };
        if list.len() != truths.len() {
            return Err(malformed(
                truths.len(),
                "it says something of another number",
            ));
        }
        let Some(root) = postfix::decode(list)? else {
            return Ok(None);
        };
        let mut truths = truths.iter().enumerate();
        Self::take(&root, &mut truths).map(Some)
    }

    fn take<'a>(
        terms: &Terms,
        truths: &mut impl Iterator<Item = (usize, &'a u8)>,
    ) -> Result<Self, TermsError> {
        let parts = terms.parts().iter().map(|part| Self::take(part, truths));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let malformed = |position, why| TermsError::Malformed { position, why };
        let (position, truth) = truths
            .next()
            .ok_or_else(|| malformed(0, "nothing is said"))?;
        Ok(Self {
            terms: terms.clone(),
            truth: truth_of(*truth).ok_or_else(|| malformed(position, "its truth is none"))?,
            parts,
        })
    }

    /// What it would come to, were `sale` paid: in Kleene's strong logic, as in the contract.
    pub fn after_payment_to(&self, sale: Address) -> Truth {
        let parts = || self.parts.iter().map(|part| part.after_payment_to(sale));
        match &self.terms {
            Terms::Paid(paid) if *paid == sale => Truth::True,
            Terms::All(_) => Truth::all(parts()),
            Terms::Any(_) => Truth::any(parts()),
            _ => self.truth,
        }
    }

    /// A line for each term, indented by how deep it stands: `✓` holds, `✗` does not, `?` unknown.
    pub fn lines(&self) -> Vec<String> {
        let sign = match self.truth {
            Truth::True => '✓',
            Truth::False => '✗',
            Truth::Unknown => '?',
        };
        let mut lines = vec![format!("{sign} {}", self.terms)];
        for part in &self.parts {
            lines.extend(part.lines().iter().map(|line| format!("  {line}")));
        }
        lines
    }

    /// The same for scripts.
    pub fn to_json(&self) -> Value {
        let mut object = json!({ "term": self.terms.name(), "truth": self.truth });
        if let Some(fields) = object.as_object_mut() {
            match self.parts.is_empty() {
                true => fields.insert("says".to_owned(), self.terms.to_string().into()),
                false => {
                    let parts = self.parts.iter().map(Self::to_json);
                    fields.insert("of".to_owned(), parts.collect())
                }
            };
        }
        object
    }
}

/// `Truth` of `contracts/src/types/AccessTypes.sol`.
pub(super) fn truth_of(number: u8) -> Option<Truth> {
    match number {
        0 => Some(Truth::False),
        1 => Some(Truth::True),
        2 => Some(Truth::Unknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truths_go_with_the_terms_that_they_are_of() {
        let terms = Terms::All(vec![
            Terms::Any(vec![Terms::Granted, Terms::Open]),
            Terms::Granted,
        ]);
        let list = postfix::encode(&terms);
        let judged = Judged::pair(&list, &[0, 1, 1, 2, 2]).unwrap().unwrap();
        assert_eq!(
            judged.lines(),
            [
                "? all of",
                "  ✓ any of",
                "    ✗ has a grant that has not ended",
                "    ✓ open to everybody",
                "  ? has a grant that has not ended",
            ]
        );
        assert_eq!(judged.to_json()["of"][0]["of"][1]["truth"], "true");
        assert!(Judged::pair(&list, &[0, 1, 1, 2]).is_err());
        assert!(Judged::pair(&list, &[0, 1, 1, 2, 3]).is_err());
        assert_eq!(Judged::pair(&[], &[]), Ok(None));
    }

    const SALE: Address = Address::repeat_byte(1);

    fn judged(terms: &Terms, truths: &[u8]) -> Judged {
        let judged = Judged::pair(&postfix::encode(terms), truths);
        judged.unwrap().unwrap()
    }

    #[test]
    fn payment_suffices_when_it_is_one_of_the_ways() {
        let terms = Terms::Any(vec![Terms::Granted, Terms::Paid(SALE)]);
        assert!(terms.asks_for_payment_to(SALE));
        assert!(!terms.asks_for_payment_to(Address::repeat_byte(2)));
        let no = judged(&terms, &[0, 0, 0]);
        assert_eq!(
            (no.truth, no.after_payment_to(SALE)),
            (Truth::False, Truth::True)
        );
        assert_eq!(no.after_payment_to(Address::repeat_byte(2)), Truth::False);
        let granted = judged(&terms, &[1, 0, 1]);
        assert_eq!(granted.after_payment_to(SALE), Truth::True);
    }

    #[test]
    fn payment_does_not_suffice_when_something_else_is_asked_too() {
        let terms = Terms::All(vec![Terms::Granted, Terms::Paid(SALE)]);
        let no = judged(&terms, &[0, 0, 0]);
        assert_eq!(no.after_payment_to(SALE), Truth::False);
        let unknown = judged(&terms, &[2, 0, 0]);
        assert_eq!(unknown.after_payment_to(SALE), Truth::Unknown);
    }
}
