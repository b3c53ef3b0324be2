//! Whether a payment is all that stands between a reader and an item.

use alloy_primitives::U256;
use stheno_chain::contracts::AccessRegistryContract::Term;
use stheno_protocol::{Address, Truth};

/// Of `Ask` in contracts/src/types/AccessTypes.sol.
const GRANTED: u8 = 1;
const PAID: u8 = 6;
const ALL: u8 = 8;
const ANY: u8 = 9;

/// What the terms come to: now, and once `sale` is paid.
///
/// `now` is what the registry says of each term, in postfix order as the terms; the two are of one
/// block. Kleene's strong logic, as in the contract. Unknown for what is no tree.
pub(super) fn with_payment(terms: &[Term], now: &[u8], sale: Address) -> (Truth, Truth) {
    let judged = |paid: bool| judge(terms, now, paid.then_some(sale));
    (judged(false), judged(true))
}

/// Whether the terms ask for a payment to `sale` at all.
pub(super) fn ask_for(terms: &[Term], sale: Address) -> bool {
    terms
        .iter()
        .any(|term| term.ask == PAID && term.target == sale)
}

fn judge(terms: &[Term], now: &[u8], paid: Option<Address>) -> Truth {
    if terms.is_empty() || terms.len() != now.len() {
        return Truth::Unknown;
    }
    let mut stack: Vec<Truth> = Vec::with_capacity(terms.len());
    for (term, now) in terms.iter().zip(now) {
        let ask = term.ask;
        let truth = match ask {
            ALL | ANY => {
                let Some(first) = stack.len().checked_sub(term.parts.into()) else {
                    return Truth::Unknown;
                };
                let parts = stack.split_off(first);
                match ask {
                    ALL => Truth::all(parts),
                    _ => Truth::any(parts),
                }
            }
            PAID if paid == Some(term.target) => Truth::True,
            _ => truth(*now),
        };
        stack.push(truth);
    }
    match stack.as_slice() {
        [root] => *root,
        _ => Truth::Unknown,
    }
}

/// A truth of the contract.
fn truth(code: u8) -> Truth {
    match code {
        0 => Truth::False,
        1 => Truth::True,
        _ => Truth::Unknown,
    }
}

/// Terms that let read whom the owner granted it, and who paid `sale`.
pub(super) fn granted_or_paid(sale: Address) -> Vec<Term> {
    let leaf = |ask, target| Term {
        ask,
        parts: 0,
        target,
        id: U256::ZERO,
        least: U256::ZERO,
    };
    let granted = leaf(GRANTED, Address::ZERO);
    let paid = leaf(PAID, sale);
    let any = Term {
        parts: 2,
        ..leaf(ANY, Address::ZERO)
    };
    vec![granted, paid, any]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALE: Address = Address::repeat_byte(1);

    #[test]
    fn payment_suffices_when_it_is_one_of_the_ways() {
        let terms = granted_or_paid(SALE);
        assert!(ask_for(&terms, SALE));
        assert!(!ask_for(&terms, Address::repeat_byte(2)));
        let no = [0, 0, 0];
        assert_eq!(with_payment(&terms, &no, SALE), (Truth::False, Truth::True));
        let other = with_payment(&terms, &no, Address::repeat_byte(2));
        assert_eq!(other, (Truth::False, Truth::False));
        // Granted already.
        let granted = with_payment(&terms, &[1, 0, 1], SALE);
        assert_eq!(granted, (Truth::True, Truth::True));
    }

    #[test]
    fn payment_does_not_suffice_when_something_else_is_asked_too() {
        let mut terms = granted_or_paid(SALE);
        terms[2].ask = ALL;
        let two = with_payment(&terms, &[0, 0, 0], SALE);
        assert_eq!(two, (Truth::False, Truth::False));
        let unknown = with_payment(&terms, &[2, 0, 0], SALE);
        assert_eq!(unknown.1, Truth::Unknown);
    }

    #[test]
    fn terms_that_are_no_tree_are_unknown() {
        let terms = granted_or_paid(SALE);
        assert_eq!(with_payment(&[], &[], SALE).1, Truth::Unknown);
        assert_eq!(with_payment(&terms, &[1, 1], SALE).1, Truth::Unknown);
        assert_eq!(with_payment(&terms[..2], &[1, 1], SALE).1, Truth::Unknown);
        assert_eq!(with_payment(&terms[2..], &[1], SALE).1, Truth::Unknown);
    }
}
