//! Proofs in zero knowledge, what they are verified with and against, and groups.

use std::sync::LazyLock;

use stheno_circuits::{
    Development, Group, Inputs, PROOF_BYTES, PreparedVerifyingKey, Proof, Statement, VerifyError,
    VerifyingKey, verify,
};

use stheno_protocol::Presentation;

use super::frozen;
use crate::{Kind, Target, Verdict};

const VECTORS: &str = include_str!("../../../tests/vectors/circuits.json");

/// A proof that holds, of each statement, with its key and its inputs.
fn known(statement: usize, name: &str) -> Vec<u8> {
    frozen(VECTORS, &format!("/proofs/{statement}/{name}")).expect("the vectors have it")
}

fn known_inputs(statement: usize) -> Vec<u8> {
    let bytes =
        (0..13).filter_map(|at| frozen(VECTORS, &format!("/proofs/{statement}/inputs/{at}")));
    bytes.flatten().collect()
}

fn inputs(statement: Statement, bytes: &[u8]) -> Result<Inputs, String> {
    let (words, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        return Err("no whole words".to_owned());
    }
    Inputs::from_bytes(statement, words).map_err(|error| error.to_string())
}

static KEY: LazyLock<PreparedVerifyingKey> = LazyLock::new(|| {
    let key = VerifyingKey::read(&known(0, "verifyingKey"), Development::Allowed);
    key.expect("the vectors' key is sound").prepare()
});

/// Whatever else than the frozen bytes reads as a proof does not hold: nobody makes one by luck.
pub(super) const ZK_PROOF: Target = Target::new(
    "zk_proof",
    Kind::Bytes,
    || {
        vec![
            known(0, "proof"),
            known(1, "proof"),
            vec![0xc0; PROOF_BYTES],
        ]
    },
    |input| {
        let Ok(bytes) = input.try_into() else {
            return Verdict::refused("another length");
        };
        let proof = match Proof::from_bytes(bytes) {
            Ok(proof) => proof,
            Err(error) => return Verdict::refused(error),
        };
        assert_eq!(proof.to_bytes(), *bytes, "another spelling of a proof");
        let statement = Statement::MembershipV1;
        let inputs = inputs(statement, &known_inputs(0)).expect("the vectors' inputs are sound");
        match verify(&KEY, &inputs, &proof) {
            Ok(()) => {
                assert_eq!(input, known(0, "proof"), "a proof was forged");
                Verdict::Accepted
            }
            Err(error) => {
                assert!(matches!(error, VerifyError::Invalid), "{error}");
                Verdict::refused(error)
            }
        }
    },
)
.longest(PROOF_BYTES + 8)
.memory(1 << 20, 64)
.cost(60);

/// A proof as it stands in a request: root, nullifier, proof, key.
pub(super) const ZK_PRESENTATION: Target = Target::new(
    "zk_presentation",
    Kind::Bytes,
    || {
        [0, 1]
            .map(|statement| {
                let inputs = known_inputs(statement);
                let head = inputs.get(..64).unwrap_or_default();
                [
                    head,
                    &known(statement, "proof"),
                    &known(statement, "verifyingKey"),
                ]
                .concat()
            })
            .into()
    },
    |input| match Presentation::from_bytes(input) {
        Ok(presentation) => {
            assert_eq!(presentation.to_bytes(), input, "another spelling");
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
);

/// Public inputs, as words.
pub(super) const ZK_INPUTS: Target = Target::new(
    "zk_inputs",
    Kind::Bytes,
    || vec![known_inputs(1), known_inputs(0)],
    |input| {
        let read = inputs(Statement::CredentialV1, input);
        match read.or_else(|_| inputs(Statement::MembershipV1, input)) {
            Ok(inputs) => {
                assert_eq!(
                    inputs.to_bytes().concat(),
                    input,
                    "another spelling of inputs"
                );
                Verdict::Accepted
            }
            Err(why) => Verdict::refused(why),
        }
    },
)
.longest(600);

/// Files of verifying keys.
pub(super) const ZK_VERIFYING_KEY: Target = Target::new(
    "zk_verifying_key",
    Kind::Bytes,
    || vec![known(0, "verifyingKey"), known(1, "verifyingKey")],
    |input| match VerifyingKey::read(input, Development::Allowed) {
        Ok(key) => {
            assert_eq!(key.to_bytes(), input, "another spelling of a key");
            let refused = VerifyingKey::read(input, Development::Refused);
            assert_eq!(
                refused.is_err(),
                key.kind() == stheno_circuits::Kind::Development
            );
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(2048)
.cost(20);

/// Groups, as their keepers store them.
pub(super) const ZK_GROUP: Target = Target::new(
    "zk_group",
    Kind::Text,
    || {
        let vectors: serde_json::Value = serde_json::from_str(VECTORS).expect("JSON");
        let group = vectors.pointer("/tree/group").expect("the vectors have it");
        vec![group.to_string().into_bytes()]
    },
    |input| match serde_json::from_slice::<Group>(input) {
        Ok(group) => {
            let again = serde_json::to_string(&group).expect("a group can be written");
            let read: Group = serde_json::from_str(&again).expect("what was written can be read");
            assert_eq!(read.root(), group.root());
            for leaf in group.tree().leaves().flatten() {
                let path = group.path(&leaf).expect("a member has a path");
                assert_eq!(Some(path.root(&leaf)), group.root());
            }
            Verdict::Accepted
        }
        // Without what it quotes and where, which make a kind of refusal of every input.
        Err(error) => {
            let error = error.to_string();
            let words = error.split(['`', '"', ':']).next().unwrap_or_default();
            Verdict::refused(words.split(" at line").next().unwrap_or_default())
        }
    },
)
.longest(1024)
.memory(64 * 1024, 1024)
.cost(40);
