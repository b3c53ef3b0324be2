//! Terms as the registry keeps them: a list in postfix order, combinations behind their parts.

use stheno_chain::contracts::AccessRegistryContract::Term;
use stheno_protocol::{Address, B256, U256};

use super::terms::{Terms, TermsError};

/// `Ask` of `contracts/src/types/AccessTypes.sol`, in its order.
mod ask {
    pub(super) const OPEN: u8 = 0;
    pub(super) const GRANTED: u8 = 1;
    pub(super) const LISTED: u8 = 2;
    pub(super) const HOLDS_20: u8 = 3;
    pub(super) const HOLDS_721: u8 = 4;
    pub(super) const HOLDS_1155: u8 = 5;
    pub(super) const PAID: u8 = 6;
    pub(super) const CONDITION: u8 = 7;
    pub(super) const ALL: u8 = 8;
    pub(super) const ANY: u8 = 9;
}

/// The list of terms that were [checked](Terms::check).
pub(super) fn encode(terms: &Terms) -> Vec<Term> {
    let mut list = Vec::with_capacity(terms.count());
    push(terms, &mut list);
    list
}

/// The tree that a list stands for; `None` of an empty list.
pub(super) fn decode(list: &[Term]) -> Result<Option<Terms>, TermsError> {
    if list.len() > super::MAX_TERMS {
        return Err(TermsError::TooMany { count: list.len() });
    }
    let mut stack = Vec::new();
    for (position, term) in list.iter().enumerate() {
        let malformed = |why| TermsError::Malformed { position, why };
        let parts = stack
            .len()
            .checked_sub(usize::from(term.parts))
            .map(|first| stack.split_off(first))
            .ok_or_else(|| malformed("it combines more than there is"))?;
        let terms = read(term, parts).ok_or_else(|| malformed("it asks for nothing known"))?;
        // A field that its term does not have is not passed over in silence.
        if encode_one(&terms) != *term {
            return Err(malformed("its fields are not those of what it asks for"));
        }
        terms.check()?;
        stack.push(terms);
    }
    let root = stack.pop();
    match stack.is_empty() {
        true => Ok(root),
        false => Err(TermsError::Malformed {
            position: list.len(),
            why: "there are several trees",
        }),
    }
}

fn push(terms: &Terms, list: &mut Vec<Term>) {
    terms.parts().iter().for_each(|part| push(part, list));
    list.push(encode_one(terms));
}

fn encode_one(terms: &Terms) -> Term {
    let mut term = Term {
        ask: ask::OPEN,
        // At most 16 terms.
        parts: u8::try_from(terms.parts().len()).unwrap_or(u8::MAX),
        target: terms.contract().unwrap_or(Address::ZERO),
        id: U256::ZERO,
        least: U256::ZERO,
    };
    term.ask = match terms {
        Terms::Open => ask::OPEN,
        Terms::Granted => ask::GRANTED,
        Terms::Listed(root) => {
            term.id = U256::from_be_bytes(root.0);
            ask::LISTED
        }
        Terms::Holds20 { min, .. } => {
            term.least = *min;
            ask::HOLDS_20
        }
        Terms::Holds721 { min, .. } => {
            term.least = *min;
            ask::HOLDS_721
        }
        Terms::Holds1155 { id, min, .. } => {
            (term.id, term.least) = (*id, *min);
            ask::HOLDS_1155
        }
        Terms::Paid(_) => ask::PAID,
        Terms::Condition(_) => ask::CONDITION,
        Terms::All(_) => ask::ALL,
        Terms::Any(_) => ask::ANY,
    };
    term
}

fn read(term: &Term, parts: Vec<Terms>) -> Option<Terms> {
    let (contract, min, id) = (term.target, term.least, term.id);
    Some(match term.ask {
        ask::OPEN => Terms::Open,
        ask::GRANTED => Terms::Granted,
        ask::LISTED => Terms::Listed(B256::from(id)),
        ask::HOLDS_20 => Terms::Holds20 { contract, min },
        ask::HOLDS_721 => Terms::Holds721 { contract, min },
        ask::HOLDS_1155 => Terms::Holds1155 { contract, id, min },
        ask::PAID => Terms::Paid(contract),
        ask::CONDITION => Terms::Condition(contract),
        ask::ALL => Terms::All(parts),
        ask::ANY => Terms::Any(parts),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trees() -> impl Strategy<Value = Terms> {
        let contract = || any::<[u8; 20]>().prop_map(Address::from);
        let number = || any::<[u8; 32]>().prop_map(U256::from_be_bytes);
        let leaf = prop_oneof![
            Just(Terms::Open),
            Just(Terms::Granted),
            any::<[u8; 32]>().prop_map(|root| Terms::Listed(root.into())),
            (contract(), number()).prop_map(|(contract, min)| Terms::Holds20 { contract, min }),
            (contract(), number()).prop_map(|(contract, min)| Terms::Holds721 { contract, min }),
            (contract(), number(), number()).prop_map(|(contract, id, min)| Terms::Holds1155 {
                contract,
                id,
                min
            }),
            contract().prop_map(Terms::Paid),
            contract().prop_map(Terms::Condition),
        ];
        let tree = leaf.prop_recursive(4, 24, 5, |inner| {
            let parts = || prop::collection::vec(inner.clone(), 1..5);
            prop_oneof![parts().prop_map(Terms::All), parts().prop_map(Terms::Any)]
        });
        tree.prop_filter("within the limits", |terms| terms.check().is_ok())
    }

    proptest! {
        #[test]
        fn terms_survive_the_registrys_form_and_json(terms in trees()) {
            let list = encode(&terms);
            prop_assert_eq!(list.len(), terms.count());
            let text = Terms::to_json(Some(&terms)).to_string();
            let terms = Some(terms);
            prop_assert_eq!(&decode(&list).unwrap(), &terms);
            prop_assert_eq!(&Terms::from_json(&text).unwrap(), &terms);
        }

        #[test]
        fn list_is_a_tree_or_refused(list in prop::collection::vec(
            (0_u8..12, 0_u8..4, any::<bool>(), 0_u8..2, 0_u8..2), 0..18,
        )) {
            let list: Vec<Term> = list
                .into_iter()
                .map(|(ask, parts, target, id, least)| Term {
                    ask,
                    parts,
                    target: Address::repeat_byte(u8::from(target)),
                    id: U256::from(id),
                    least: U256::from(least),
                })
                .collect();
            if let Ok(terms) = decode(&list) {
                prop_assert_eq!(terms.map_or(Vec::new(), |terms| encode(&terms)), list);
            }
        }
    }

    #[test]
    fn combinations_stand_behind_their_parts() {
        let terms = Terms::All(vec![
            Terms::Any(vec![Terms::Granted, Terms::Paid(Address::repeat_byte(1))]),
            Terms::Open,
        ]);
        let asks: Vec<(u8, u8)> = encode(&terms).iter().map(|t| (t.ask, t.parts)).collect();
        assert_eq!(asks, [(1, 0), (6, 0), (9, 2), (0, 0), (8, 2)]);
    }

    #[test]
    fn list_is_refused_when_it_is_no_single_tree() {
        let list = encode(&Terms::All(vec![Terms::Granted, Terms::Open]));
        assert_eq!(decode(&[]), Ok(None));
        for broken in [&list[..2], &list[1..], &list[2..]] {
            assert!(decode(broken).is_err(), "{broken:?}");
        }
        let mut strange = list.clone();
        strange[0].least = U256::from(1);
        assert!(decode(&strange).is_err());
        strange[0].least = U256::ZERO;
        strange[0].ask = 10;
        assert!(decode(&strange).is_err());
    }
}
