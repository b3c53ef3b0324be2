//! Random trees under random faults: no fault ever turns into a grant.

use proptest::prelude::*;

use super::*;
use crate::policy::{Balance, Leaf, Rule};

/// A tree over `n` balance leaves, leaf `i` asking for `i + 1` on chain `i + 1`.
fn rules(n: usize) -> impl Strategy<Value = Rule> {
    let leaf = (0..n).prop_map(|i| {
        Rule::Leaf(Leaf::Balance(Balance {
            chain: i as u64 + 1,
            tier: 0,
            min: U256::from(i + 1),
        }))
    });
    leaf.prop_recursive(5, 24, 4, |inner| {
        let some = proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some.clone().prop_map(Rule::All),
            some.clone().prop_map(Rule::Any),
            (some, any::<prop::sample::Index>()).prop_map(|(of, k)| Rule::AtLeast {
                k: k.index(of.len()) + 1,
                of
            }),
            inner.prop_map(|rule| Rule::Not(Box::new(rule))),
        ]
    })
}

/// The rule's meaning in plain two-valued logic.
fn meaning(rule: &Rule, holds: &dyn Fn(&Leaf) -> bool) -> bool {
    match rule {
        Rule::All(of) => of.iter().all(|rule| meaning(rule, holds)),
        Rule::Any(of) => of.iter().any(|rule| meaning(rule, holds)),
        Rule::AtLeast { k, of } => of.iter().filter(|rule| meaning(rule, holds)).count() >= *k,
        Rule::Not(rule) => !meaning(rule, holds),
        Rule::Leaf(leaf) => holds(leaf),
    }
}

fn position(leaf: &Leaf) -> usize {
    match leaf {
        Leaf::Balance(balance) => balance.chain as usize - 1,
        other => panic!("{other:?}"),
    }
}

const LEAVES: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Answer {
    Holds,
    Fails,
    Fault(u8),
}

fn answers() -> impl Strategy<Value = [Answer; LEAVES]> {
    prop::array::uniform5(prop_oneof![
        2 => Just(Answer::Holds),
        2 => Just(Answer::Fails),
        3 => (0_u8..7).prop_map(Answer::Fault),
    ])
}

fn view(answers: &[Answer]) -> View {
    let mut view = View::new();
    for (i, answer) in answers.iter().enumerate() {
        let reading = match answer {
            Answer::Holds => Ok(Reading::Balance(U256::from(i + 1))),
            Answer::Fails => Ok(Reading::Balance(U256::from(i))),
            Answer::Fault(0) => Err(Unknown::Reverted),
            Answer::Fault(1) => Err(Unknown::NoCode),
            Answer::Fault(2) => Err(Unknown::OutOfGas),
            Answer::Fault(3) => Err(Unknown::TooLong),
            Answer::Fault(4) => Err(Unknown::Rpc("down".to_owned())),
            Answer::Fault(5) => Ok(Reading::Bytes(vec![0xff; 32].into())),
            // Not in the snapshot at all.
            Answer::Fault(_) => continue,
        };
        view.insert(
            Read::Balance {
                chain: i as u64 + 1,
                tier: 0,
                of: READER,
            },
            reading,
        );
    }
    view
}

/// All ways in which the faulty leaves could have come out.
fn completions(answers: [Answer; LEAVES]) -> impl Iterator<Item = [bool; LEAVES]> {
    (0_u32..1 << LEAVES).filter_map(move |bits| {
        let mut holds = [false; LEAVES];
        for (i, answer) in answers.iter().enumerate() {
            holds[i] = bits >> i & 1 == 1;
            let fits = match answer {
                Answer::Holds => holds[i],
                Answer::Fails => !holds[i],
                Answer::Fault(_) => true,
            };
            if !fits {
                return None;
            }
        }
        Some(holds)
    })
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("STHENO_PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(4_000))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_fault_ever_turns_into_a_grant(rule in rules(LEAVES), answers in answers()) {
        let Ok(policy) = Policy::new(rule, None) else {
            return Ok(());
        };
        let verdict = evaluate(&policy, &subject(), &view(&answers));
        let results: Vec<bool> = completions(answers)
            .map(|holds| meaning(policy.rule(), &|leaf| holds[position(leaf)]))
            .collect();
        // A grant holds whatever the faulty leaves would have said; so does a plain denial.
        match verdict.truth {
            Truth::True => prop_assert!(results.iter().all(|granted| *granted)),
            Truth::False => prop_assert!(results.iter().all(|granted| !granted)),
            Truth::Unknown => prop_assert!(answers.iter().any(|a| matches!(a, Answer::Fault(_)))),
        }
        prop_assert_eq!(verdict.granted(), verdict.truth == Truth::True);
        // Without faults the verdict is the plain meaning.
        if let [only] = results.as_slice() {
            prop_assert_eq!(verdict.truth, Truth::from(*only));
        }
        // A refusal names who is to blame, and a grant nobody.
        prop_assert_eq!(verdict.failing().count() == 0, verdict.granted());
    }

    #[test]
    fn learning_more_never_takes_back_a_grant(
        rule in rules(LEAVES),
        answers in answers(),
        later in prop::array::uniform5(any::<bool>()),
    ) {
        let Ok(policy) = Policy::new(rule, None) else {
            return Ok(());
        };
        let mut known = answers;
        for (answer, holds) in known.iter_mut().zip(later) {
            if matches!(answer, Answer::Fault(_)) {
                *answer = if holds { Answer::Holds } else { Answer::Fails };
            }
        }
        let before = evaluate(&policy, &subject(), &view(&answers)).truth;
        let after = evaluate(&policy, &subject(), &view(&known)).truth;
        prop_assert!(before == Truth::Unknown || before == after);
    }
}

#[test]
fn logic_is_kleenes() {
    use Truth::{False, True, Unknown};
    let all = [True, False, Unknown];
    for a in all {
        assert_eq!(!!a, a);
        for b in all {
            let and = Truth::all([a, b]);
            let or = Truth::any([a, b]);
            assert_eq!(and, Truth::all([b, a]));
            assert_eq!(!and, Truth::any([!a, !b]), "De Morgan");
            assert_eq!(or, Truth::at_least(1, [a, b]));
            assert_eq!(and, Truth::at_least(2, [a, b]));
            assert_eq!(and == True, a == True && b == True);
            assert_eq!(and == False, a == False || b == False);
            assert_eq!(or == True, a == True || b == True);
            assert_eq!(or == False, a == False && b == False);
        }
    }
    assert_eq!(!Unknown, Unknown);
    assert_eq!(Truth::at_least(2, [True, Unknown, Unknown]), Unknown);
    assert_eq!(Truth::at_least(2, [True, Unknown, True]), True);
    assert_eq!(Truth::at_least(3, [True, Unknown, False]), False);
}
