//! A proving key, and what is made with it.

use std::hint::black_box;

use js_sys::{Function, Uint8Array};
use rand_chacha_of_arkworks::ChaCha20Rng;
use stheno_circuits::{
    Circuit, Development, KeyError, KeyHash, Phase, ProvingKey, prove, rand::SeedableRng, trial,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    bytes::{public, secret},
    error::{Failure, Result},
    member::Member,
    statement::Statement,
};

/// What proofs of one circuit are made with.
#[wasm_bindgen]
pub struct Key {
    key: ProvingKey,
    hash: KeyHash,
}

#[wasm_bindgen]
impl Key {
    /// Takes the file with this SHA-256, and no other.
    pub fn pinned(file: Vec<u8>, hash: &[u8], development: bool) -> Result<Self> {
        let hash = KeyHash::from_bytes(public("a key's hash", hash)?);
        let key = ProvingKey::read(&file, &hash, allowed(development))?;
        Ok(Self { key, hash })
    }

    /// The same where what verifies its proofs is known, too, and `hashes` are several, one behind the other.
    pub fn known(
        file: Vec<u8>,
        verifying: &[u8],
        hashes: &[u8],
        development: bool,
    ) -> Result<Self> {
        let hash = KeyHash::of(&file);
        let known = hashes.chunks(32).any(|known| known == hash.as_bytes());
        let want = match known {
            true => hash,
            // Refused as the first one's impostor.
            false => {
                KeyHash::from_bytes(public("a key's hash", hashes.get(..32).unwrap_or(hashes))?)
            }
        };
        let key = ProvingKey::read(&file, &want, allowed(development))?;
        Self::verified_by(key, hash, verifying)
    }

    /// Takes a file of which is known what verifies its proofs alone: the SHA-256 of the verifying key's
    /// file. Every point is checked, in ten to twenty seconds, and a trial proof is made and verified.
    /// `random` is 32 bytes that whoever made the file could not predict.
    pub fn checked(
        file: Vec<u8>,
        verifying: &[u8],
        random: &Uint8Array,
        development: bool,
    ) -> Result<Self> {
        let mut rng = ChaCha20Rng::from_seed(*secret("the randomness", random)?);
        let key = ProvingKey::read_unknown(&file, allowed(development), &mut rng)?;
        let key = Self::verified_by(key, KeyHash::of(&file), verifying)?;
        trial(&key.key, &mut rng)?;
        Ok(key)
    }

    /// What it proves: `membership-20-v1`.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn circuit(&self) -> String {
        self.key.circuit().to_string()
    }

    /// SHA-256 of its file.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn hash(&self) -> String {
        self.hash.to_string()
    }

    /// SHA-256 of the file of its other half, by which verifiers pin it.
    #[wasm_bindgen(getter, js_name = verifyingHash)]
    #[must_use]
    pub fn verifying_hash(&self) -> String {
        self.key.verifying_key().hash().to_string()
    }

    /// The file of its other half, which verifiers are given.
    #[wasm_bindgen(js_name = verifyingFile)]
    #[must_use]
    pub fn verifying_file(&self) -> Vec<u8> {
        self.key.verifying_key().to_bytes()
    }

    /// Proves: root 32, nullifier 32, proof 192 bytes. `random` is 32 bytes that nobody can predict,
    /// for this proof alone; `progress` is told the name of each phase before it begins.
    pub fn prove(
        &self,
        statement: &Statement,
        member: &Member,
        random: &Uint8Array,
        progress: &Function,
    ) -> Result<Vec<u8>> {
        let inputs = statement.inputs(member);
        fits(self.key.circuit(), statement.circuit(&inputs))?;
        if inputs.bounds.is_some() != member.has_credential() {
            return Err(Failure::argument(
                "bounds are of a credential: give its attributes with them, or neither",
            ));
        }
        let path = statement.group.path(&member.own_leaf())?;
        let witness = member.witness(path);
        let mut rng = ChaCha20Rng::from_seed(*secret("the randomness", random)?);
        let mut tell = |phase| {
            // What a listener throws is no fault of the proof.
            let _ = progress.call1(&JsValue::NULL, &name(phase).into());
        };
        let proof = prove(&self.key, &inputs, &witness, &mut rng, &mut tell);
        // It does not wipe itself, and whoever has its state knows how the proof was blinded.
        rng = ChaCha20Rng::from_seed([0; 32]);
        black_box(&mut rng);
        let (root, nullifier) = (inputs.root.to_bytes(), inputs.nullifier.to_bytes());
        Ok([&root[..], &nullifier, &proof?.to_bytes()].concat())
    }
}

impl Key {
    fn verified_by(key: ProvingKey, hash: KeyHash, verifying: &[u8]) -> Result<Self> {
        let want = KeyHash::from_bytes(public("a key's hash", verifying)?);
        let got = key.verifying_key().hash();
        if got != want {
            return Err(KeyError::Hash { want, got }.into());
        }
        Ok(Self { key, hash })
    }
}

fn fits(key: Circuit, statement: Circuit) -> Result<()> {
    if key == statement {
        return Ok(());
    }
    Err(Failure::other_circuit(format!(
        "the key is for {key}, and what is to be proven takes {statement}"
    )))
}

const fn allowed(development: bool) -> Development {
    if development {
        Development::Allowed
    } else {
        Development::Refused
    }
}

const fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Check => "check",
        Phase::Assign => "assign",
        Phase::Prove => "prove",
        Phase::Verify => "verify",
    }
}
