//! A group whose members prove, by the circuits of the crate and keys for development.

use alloy_primitives::{Bytes, U256};
use stheno_circuits::rand::{SeedableRng, rngs::StdRng};
use stheno_circuits::{
    Attributes, BindingHash, Bounds, Circuit, Depth, Group, Inputs, Leaf, ProvingKey, Range,
    ScopeHash, Secret, Statement, Witness, prove, setup,
};

use super::Proven;

/// Whoever has it proves what he likes: for tests.
const SEED: [u8; 32] = [0x5e; 32];

/// Who is in the tree, each by the seed of his secret.
const MEMBERS: [u8; 3] = [1, 2, 3];

/// A circuit with its key, and the tree of its members.
pub(crate) struct Members {
    key: ProvingKey,
    group: Group,
}

impl Members {
    pub(crate) fn of(circuit: Circuit) -> Self {
        let mut group = Group::new(circuit.depth);
        for who in MEMBERS {
            group.add(leaf(circuit.statement, who)).expect("a new leaf");
        }
        let key = setup(circuit, &SEED);
        Self { key, group }
    }

    pub(crate) fn verifying_key(&self) -> Bytes {
        self.key.verifying_key().to_eip2537().into()
    }

    pub(crate) fn root(&self) -> U256 {
        U256::from_be_bytes(self.group.root().expect("members").to_bytes())
    }

    /// The public inputs between the fourth and the time.
    pub(crate) fn bounds(&self) -> Vec<U256> {
        let ranges = self.statement_bounds().map(|bounds| bounds.ranges);
        let ranges = ranges.iter().flatten();
        let bounds = ranges.flat_map(|range| [range.low, range.high]);
        bounds.map(U256::from).collect()
    }

    /// How many public inputs there are.
    pub(crate) fn inputs(&self) -> usize {
        match self.key.circuit().statement {
            Statement::CredentialV1 => 5 + self.bounds().len(),
            _ => 4,
        }
    }

    pub(crate) fn join(&mut self, who: u8) {
        let leaf = leaf(self.key.circuit().statement, who);
        self.group.add(leaf).expect("a new leaf");
    }

    pub(crate) fn leave(&mut self, who: u8) {
        let leaf = leaf(self.key.circuit().statement, who);
        self.group.remove(&leaf).expect("a member");
    }

    /// A member's proof; with other randomness another one of the same.
    pub(crate) fn prove(&self, who: u8, scope: U256, binding: U256, randomness: u8) -> Proven {
        let statement = self.key.circuit().statement;
        let path = self.group.path(&leaf(statement, who)).expect("a member");
        let scope = ScopeHash::from_bytes(&scope.to_be_bytes()).expect("a scalar");
        let inputs = Inputs {
            root: self.group.root().expect("members"),
            nullifier: secret(who).nullifier(&scope),
            scope,
            binding: BindingHash::from_bytes(&binding.to_be_bytes()).expect("a scalar"),
            bounds: self.statement_bounds(),
        };
        let witness = match statement {
            Statement::CredentialV1 => Witness::credential(secret(who), path, attributes()),
            _ => Witness::member(secret(who), path),
        };
        let mut rng = StdRng::from_seed([randomness; 32]);
        let proof = prove(&self.key, &inputs, &witness, &mut rng, &mut |_| ()).expect("a proof");
        Proven {
            inputs: inputs
                .to_bytes()
                .into_iter()
                .map(U256::from_be_bytes)
                .collect(),
            proof: proof.to_eip2537().into(),
        }
    }

    /// Of age, from anywhere, and the credential is not over.
    fn statement_bounds(&self) -> Option<Bounds> {
        let ranges = [
            Range::ANY,
            Range::at_least(18),
            Range::exactly(7),
            Range::ANY,
        ];
        // After every block of these chains.
        let now = 4_000_000_000;
        (self.key.circuit().statement == Statement::CredentialV1).then_some(Bounds { ranges, now })
    }
}

/// The root of the tree of depth 20 that has no members.
pub(crate) fn empty_root() -> U256 {
    U256::from_be_bytes(stheno_circuits::empty_root(Depth::D20).to_bytes())
}

fn secret(who: u8) -> Secret {
    Secret::from_seed(&[who; 32])
}

fn attributes() -> Attributes {
    Attributes {
        values: [756, 44, 7, 0],
        expiry: u64::MAX,
    }
}

fn leaf(statement: Statement, who: u8) -> Leaf {
    let commitment = secret(who).commitment();
    match statement {
        Statement::CredentialV1 => Leaf::of_credential(&commitment, &attributes()),
        _ => Leaf::of_member(&commitment),
    }
}
