//! That the rows say what the native statements say, and that each of them is needed.
//!
//! **Each row is needed.** The rows have an order in which each has a variable of its own, its
//! pivot, that stands in none before it. (It is found by peeling: a variable that stands in one
//! row alone makes that row the last; without it the next one is found.) So one takes an
//! assignment that satisfies everything, changes the pivot of a row so that the row fails, and
//! then goes on through the later rows, repairing each by its own pivot. What comes out violates
//! that row and no other: no row follows from the rest, and without it the system would take an
//! assignment that it refuses.
//!
//! **Nothing is left open.** Every row has its pivot; the variables that are no pivot are then the
//! choices that a prover has. They are counted: the secret, the siblings, scope and binding.
//! (Bits are chosen as well; their pivots are bound by rows of degree two.)

use ark_bls12_381::Fr;
use ark_ff::{AdditiveGroup, Field, UniformRand};
use ark_std::rand::{Rng, SeedableRng};
use rand_chacha_of_arkworks::ChaCha20Rng;

use super::*;
use crate::{
    circuit::Depth,
    field::{BindingHash, Leaf, Node, Nullifier, Root, ScopeHash},
    inputs::{Bounds, Range},
    relation::{Relation, assign},
    secret::{Attributes, Secret},
    tree::{Path, empty_root},
    witness::StatementError,
};

type Row = Vec<(Fr, usize)>;

fn circuit(statement: Statement, depth: u8) -> Circuit {
    Circuit::new(statement, Depth::new(depth).unwrap())
}

/// Something true, drawn at random: bounds at, around and far from the attributes.
fn statement(circuit: Circuit, rng: &mut ChaCha20Rng) -> (Inputs, Witness) {
    let depth = circuit.depth;
    let secret = Secret::from_seed(&rng.r#gen());
    let path = Path {
        index: rng.gen_range(0..depth.capacity()),
        siblings: (0..depth.levels()).map(|_| Node(Fr::rand(rng))).collect(),
    };
    let commitment = secret.commitment();
    let (leaf, bounds, attributes) = match circuit.statement {
        Statement::MembershipV1 => (Leaf::of_member(&commitment), None, None),
        Statement::CredentialV1 => {
            let attributes = Attributes {
                values: rng.r#gen(),
                expiry: rng.r#gen(),
            };
            let mut below = |value: u64| match rng.gen_range(0..3) {
                0 => value,
                1 => 0,
                _ => rng.gen_range(0..=value),
            };
            let ranges = attributes.values.map(|value| Range {
                low: below(value),
                high: u64::MAX - below(u64::MAX - value),
            });
            let now = below(attributes.expiry);
            let leaf = Leaf::of_credential(&commitment, &attributes);
            (leaf, Some(Bounds { ranges, now }), Some(attributes))
        }
    };
    let scope = ScopeHash(Fr::rand(rng));
    let inputs = Inputs {
        root: path.root(&leaf),
        nullifier: secret.nullifier(&scope),
        scope,
        binding: BindingHash(Fr::rand(rng)),
        bounds,
    };
    let witness = Witness {
        secret,
        path,
        attributes,
    };
    (inputs, witness)
}

/// A relation and values that satisfy it.
struct System {
    relation: Relation,
    assignment: Vec<Fr>,
}

impl System {
    fn of(circuit: Circuit, rng: &mut ChaCha20Rng) -> Self {
        let (inputs, witness) = statement(circuit, rng);
        let relation = Relation::of(circuit);
        let assignment = assign(circuit, &inputs, &witness).unwrap().to_vec();
        assert!(relation.is_satisfied(&assignment), "{circuit}");
        Self {
            relation,
            assignment,
        }
    }

    fn rows(&self) -> usize {
        self.relation.shape.constraints
    }
}

fn row(system: &System, at: usize) -> [&Row; 3] {
    [0, 1, 2].map(|matrix| &system.relation.matrices[matrix][at])
}

fn value(row: &Row, assignment: &[Fr]) -> Fr {
    row.iter().map(|(by, at)| assignment[*at] * by).sum()
}

fn holds(rows: [&Row; 3], assignment: &[Fr]) -> bool {
    let [a, b, c] = rows.map(|row| value(row, assignment));
    a * b == c
}

/// Rows in an order in which each has a pivot that stands in none before it.
fn triangle(system: &System) -> Vec<(usize, usize)> {
    let mut standing = vec![Vec::new(); system.assignment.len()];
    for at in 0..system.rows() {
        for (_, variable) in row(system, at).into_iter().flatten() {
            let rows: &mut Vec<usize> = &mut standing[*variable];
            if *variable != 0 && rows.last() != Some(&at) {
                rows.push(at);
            }
        }
    }
    let mut left: Vec<usize> = standing.iter().map(Vec::len).collect();
    let mut peeled = vec![false; system.rows()];
    let mut order = Vec::new();
    let mut single: Vec<usize> = (0..left.len()).filter(|at| left[*at] == 1).collect();
    let mut postponed = Vec::new();
    while let Some((variable, last_resort)) = (single.pop().map(|variable| (variable, false)))
        .or_else(|| postponed.pop().map(|variable| (variable, true)))
    {
        let Some(&at) = standing[variable].iter().find(|at| !peeled[**at]) else {
            continue;
        };
        // What a row defines is its pivot: one can solve for it whatever the other values are.
        // Rows that define nothing compare, and wait until there are no others.
        let [a, b, c] = row(system, at);
        let defined = c.iter().map(|(_, variable)| *variable).find(|variable| {
            let is = |row: &Row| row.iter().any(|(_, other)| other == variable);
            *variable != 0 && left[*variable] == 1 && !is(a) && !is(b)
        });
        if defined.is_none() && !last_resort {
            postponed.push(variable);
            continue;
        }
        order.push((at, defined.unwrap_or(variable)));
        peeled[at] = true;
        let mut variables: Vec<usize> =
            [a, b, c].into_iter().flatten().map(|(_, at)| *at).collect();
        variables.sort_unstable();
        variables.dedup();
        for variable in variables.into_iter().filter(|variable| *variable != 0) {
            left[variable] -= 1;
            if left[variable] == 1 {
                single.push(variable);
            }
        }
    }
    order.reverse();
    order
}

/// A row as a function of one variable: its three factors' constants and slopes.
fn factors(rows: [&Row; 3], pivot: usize, assignment: &[Fr]) -> [(Fr, Fr); 3] {
    rows.map(|row| {
        let slope = row
            .iter()
            .filter(|(_, at)| *at == pivot)
            .map(|(by, _)| by)
            .sum::<Fr>();
        (value(row, assignment) - slope * assignment[pivot], slope)
    })
}

/// Gives the pivot the value with which its row holds.
fn solve(rows: [&Row; 3], pivot: usize, assignment: &mut [Fr]) {
    let [(a0, a1), (b0, b1), (c0, c1)] = factors(rows, pivot, assignment);
    // (a0 + a1 x)(b0 + b1 x) = c0 + c1 x, of which a1 b1 x² is nothing.
    assert_eq!(a1 * b1, Fr::ZERO, "the row is of degree two in its pivot");
    let slope = a1 * b0 + a0 * b1 - c1;
    assignment[pivot] = (c0 - a0 * b0) * slope.inverse().expect("the row depends on its pivot");
}

/// Gives the pivot a value with which its row fails.
fn violate(rows: [&Row; 3], pivot: usize, assignment: &mut [Fr]) {
    let right = assignment[pivot];
    for wrong in [right + Fr::ONE, Fr::from(2)] {
        assignment[pivot] = wrong;
        if !holds(rows, assignment) {
            return;
        }
    }
    panic!("no value of the pivot violates the row");
}

/// Violates every `step`th row alone.
fn assert_rows_are_needed(circuit: Circuit, step: usize) {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let system = System::of(circuit, &mut rng);

    let order = triangle(&system);
    assert_eq!(
        order.len(),
        system.rows(),
        "{circuit}: every row has a pivot"
    );
    let choices = system.assignment.len() - 1 - order.len();
    let levels = usize::from(circuit.depth.levels());
    assert_eq!(
        choices,
        1 + levels + 2,
        "{circuit}: secret, siblings, scope and binding"
    );

    for (at, (violated, pivot)) in order.iter().enumerate().step_by(step) {
        let mut assignment = system.assignment.clone();
        violate(row(&system, *violated), *pivot, &mut assignment);
        for (later, pivot) in &order[at + 1..] {
            let rows = row(&system, *later);
            if !holds(rows, &assignment) {
                solve(rows, *pivot, &mut assignment);
            }
        }
        // A sample of the rows before, which cannot have changed, and all rows for a few.
        let failing = (0..system.rows())
            .filter(|row| *row % 61 == at % 61 || step > 1)
            .filter(|at| !holds(row(&system, *at), &assignment))
            .all(|row| row == *violated);
        assert!(failing, "{circuit}: only row {violated} fails");
        assert!(!holds(row(&system, *violated), &assignment));
    }
}

#[test]
fn every_row_is_needed() {
    assert_rows_are_needed(circuit(Statement::MembershipV1, 2), 1);
    assert_rows_are_needed(circuit(Statement::CredentialV1, 1), 1);
}

#[test]
fn rows_of_the_offered_circuits_are_needed() {
    for circuit in Circuit::OFFERED {
        assert_rows_are_needed(circuit, 331);
    }
}

#[test]
fn assignments_with_any_wrong_value_are_refused() {
    let mut rng = ChaCha20Rng::from_seed([2; 32]);
    let circuit = circuit(Statement::CredentialV1, 2);
    let system = System::of(circuit, &mut rng);
    let mut rows_of = vec![Vec::new(); system.assignment.len()];
    for at in 0..system.rows() {
        for (_, variable) in row(&system, at).into_iter().flatten() {
            rows_of[*variable].push(at);
        }
    }
    let mut assignment = system.assignment.clone();
    for case in 0..10_000 {
        // Each variable at least twice, then two at once at random.
        let mut wrong = vec![1 + case % (assignment.len() - 1)];
        if case >= 2 * assignment.len() {
            wrong.push(rng.gen_range(1..assignment.len()));
        }
        for at in &wrong {
            let right = system.assignment[*at];
            let others = [
                Fr::rand(&mut rng),
                right + Fr::ONE,
                Fr::ZERO,
                Fr::ONE - right,
            ];
            assignment[*at] = others[case % 4];
            if assignment[*at] == right {
                assignment[*at] += Fr::from(2);
            }
        }
        let refused = wrong
            .iter()
            .flat_map(|at| &rows_of[*at])
            .any(|at| !holds(row(&system, *at), &assignment));
        assert!(refused, "variables {wrong:?}");
        for at in wrong {
            assignment[at] = system.assignment[at];
        }
    }
}

/// One way to make a true statement false, if this one can be made so.
fn falsify(
    kind: u32,
    circuit: Circuit,
    (inputs, witness): (&mut Inputs, &mut Witness),
    rng: &mut ChaCha20Rng,
) -> Option<StatementError> {
    let at = rng.gen_range(0..ATTRIBUTES);
    let height = rng.gen_range(0..usize::from(circuit.depth.levels()));
    Some(match kind {
        0 => {
            witness.secret = Secret::from_seed(&rng.r#gen());
            StatementError::NotInTree
        }
        1 => {
            witness.path.index ^= 1 << height;
            StatementError::NotInTree
        }
        2 => {
            witness.path.siblings[height].0 += Fr::rand(rng);
            StatementError::NotInTree
        }
        3 => {
            inputs.root = Root(Fr::rand(rng));
            StatementError::NotInTree
        }
        4 => {
            inputs.nullifier = Nullifier(Fr::rand(rng));
            StatementError::Nullifier
        }
        5 => {
            inputs.scope = ScopeHash(Fr::rand(rng));
            StatementError::Nullifier
        }
        6 => {
            let value = &mut witness.attributes.as_mut()?.values[at];
            let range = inputs.bounds?.ranges[at];
            let right = *value;
            *value = rng.gen_range(range.low..=range.high);
            if *value == right {
                return None;
            }
            StatementError::NotInTree
        }
        7 => {
            let expiry = &mut witness.attributes.as_mut()?.expiry;
            let right = *expiry;
            *expiry = rng.gen_range(inputs.bounds?.now..=u64::MAX);
            if *expiry == right {
                return None;
            }
            StatementError::NotInTree
        }
        8 => {
            let value = witness.attributes.as_ref()?.values[at];
            let range = &mut inputs.bounds.as_mut()?.ranges[at];
            range.low = value.checked_add(1 + rng.gen_range(0..2u64))?;
            range.high = u64::MAX;
            StatementError::Below { attribute: at }
        }
        9 => {
            let value = witness.attributes.as_ref()?.values[at];
            let range = &mut inputs.bounds.as_mut()?.ranges[at];
            range.high = value.checked_sub(1 + rng.gen_range(0..2u64))?;
            range.low = 0;
            StatementError::Above { attribute: at }
        }
        _ => {
            let expiry = witness.attributes.as_ref()?.expiry;
            inputs.bounds.as_mut()?.now = expiry.checked_add(1 + rng.gen_range(0..2u64))?;
            StatementError::Expired
        }
    })
}

#[test]
fn system_takes_what_the_native_check_takes_and_nothing_else() {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    let circuits = [
        circuit(Statement::MembershipV1, 1),
        circuit(Statement::CredentialV1, 2),
        circuit(Statement::CredentialV1, 3),
    ]
    .map(|circuit| (circuit, Relation::of(circuit)));
    let mut refused = [0; 11];
    let mut case = 0;
    while refused.iter().sum::<u32>() < 2_500 {
        let (circuit, relation) = &circuits[case % 3];
        let takes = |inputs: &Inputs, witness: &Witness| {
            relation.is_satisfied(&assign(*circuit, inputs, witness).unwrap())
        };
        let (mut inputs, mut witness) = statement(*circuit, &mut rng);
        assert_eq!(witness.check(*circuit, &inputs), Ok(()));
        if case % 16 == 0 {
            assert!(takes(&inputs, &witness));
        }
        case += 1;
        let kind = rng.gen_range(0..11);
        let parts = (&mut inputs, &mut witness);
        let Some(error) = falsify(kind, *circuit, parts, &mut rng) else {
            continue;
        };
        assert_eq!(witness.check(*circuit, &inputs), Err(error), "kind {kind}");
        assert!(!takes(&inputs, &witness), "kind {kind}");
        refused[kind as usize] += 1;
    }
    assert!(refused.iter().all(|count| *count > 60), "{refused:?}");
}

#[test]
fn bounds_are_inclusive_and_reach_both_ends() {
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    let circuit = circuit(Statement::CredentialV1, 1);
    let relation = Relation::of(circuit);
    let cases = [
        (0, Range::ANY, true),
        (u64::MAX, Range::ANY, true),
        (0, Range::exactly(0), true),
        (u64::MAX, Range::exactly(u64::MAX), true),
        (7, Range::exactly(7), true),
        (7, Range::at_least(7), true),
        (7, Range::at_most(7), true),
        (6, Range::at_least(7), false),
        (8, Range::at_most(7), false),
        (0, Range::exactly(u64::MAX), false),
        (u64::MAX, Range::exactly(0), false),
        (7, Range { low: 8, high: 6 }, false),
    ];
    let times = [
        (0, 0, true),
        (5, 5, true),
        (5, 6, false),
        (u64::MAX, u64::MAX, true),
        (0, u64::MAX, false),
    ];
    let (mut inputs, mut witness) = statement(circuit, &mut rng);
    let commitment = witness.secret.commitment();
    let mut check = |value, range, expiry, now, fine: bool| {
        let attributes = Attributes {
            values: [value; ATTRIBUTES],
            expiry,
        };
        let leaf = Leaf::of_credential(&commitment, &attributes);
        inputs.root = witness.path.root(&leaf);
        inputs.bounds = Some(Bounds {
            ranges: [range; ATTRIBUTES],
            now,
        });
        witness.attributes = Some(attributes);
        let assignment = assign(circuit, &inputs, &witness).unwrap();
        let taken = relation.is_satisfied(&assignment);
        assert_eq!(taken, fine, "{value} {range:?} {expiry} {now}");
        assert_eq!(witness.check(circuit, &inputs).is_ok(), fine);
    };
    for (value, range, fine) in cases {
        check(value, range, 9, 9, fine);
    }
    for (expiry, now, fine) in times {
        check(1, Range::ANY, expiry, now, fine);
    }
}

#[test]
fn witness_of_another_circuit_is_refused_in_words() {
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    let member = circuit(Statement::MembershipV1, 3);
    let (inputs, witness) = statement(member, &mut rng);
    let credential = circuit(Statement::CredentialV1, 3);
    let (bounded, holder) = statement(credential, &mut rng);

    let check = |witness: &Witness, circuit, inputs| {
        witness.check(circuit, inputs).unwrap_err().to_string()
    };
    assert_eq!(
        check(&witness, member, &bounded),
        "the key is for membership-3-v1, whose public inputs are others than these"
    );
    assert_eq!(
        check(&holder, member, &inputs),
        "the key is for membership-3-v1, whose witness is of another kind than this"
    );
    assert_eq!(
        check(&witness, circuit(Statement::MembershipV1, 4), &inputs),
        "the path has 3 siblings, the key is for membership-4-v1"
    );
    let mut beyond = statement(member, &mut rng).1;
    beyond.path.index = 8;
    assert_eq!(
        check(&beyond, member, &inputs),
        "the path begins at a place that no tree of its depth has"
    );
    let empty = Inputs {
        root: empty_root(member.depth),
        ..inputs
    };
    assert_eq!(
        check(&witness, member, &empty),
        "the root is that of an empty tree"
    );
    assert_eq!(format!("{witness:?}"), "Witness(<redacted>)");
}
