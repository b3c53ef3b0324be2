//! Who proves.

use js_sys::{BigUint64Array, Uint8Array};
use stheno_circuits::{
    Attributes, Leaf, Nullifier, Path, ScopeHash, Secret, Witness, spec::ATTRIBUTES,
};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

use crate::{
    bytes::{public, secret},
    error::{Failure, Result},
};

/// A member's secret, and of a credential what its issuer says. Both are wiped by `free`.
#[wasm_bindgen]
pub struct Member {
    secret: Secret,
    /// The values, then the expiry.
    credential: Option<Zeroizing<[u64; ATTRIBUTES + 1]>>,
}

#[wasm_bindgen]
impl Member {
    /// Takes a seed of 32 bytes, and of a credential its four values and its expiry.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: &Uint8Array, credential: Option<BigUint64Array>) -> Result<Self> {
        let seed = secret("a member's seed", seed)?;
        Self::with(Secret::from_seed(&seed), credential)
    }

    /// The same of the secret itself, as a member's key has it: 32 big-endian bytes.
    #[wasm_bindgen(js_name = ofSecret)]
    pub fn of_secret(bytes: &Uint8Array, credential: Option<BigUint64Array>) -> Result<Self> {
        let bytes = secret("a member's secret", bytes)?;
        let secret = Secret::from_bytes(&bytes).map_err(Failure::argument)?;
        Self::with(secret, credential)
    }

    /// The 32 bytes that an issuer or a group's keeper is given.
    #[must_use]
    pub fn commitment(&self) -> Vec<u8> {
        self.secret.commitment().to_bytes().into()
    }

    /// The 32 bytes that stand in the tree.
    #[must_use]
    pub fn leaf(&self) -> Vec<u8> {
        self.own_leaf().to_bytes().into()
    }

    /// The 32 bytes that every proof of this member shows in a scope.
    pub fn nullifier(&self, scope: &[u8]) -> Result<Vec<u8>> {
        let scope = ScopeHash::from_bytes(&public("a scope", scope)?)?;
        Ok(self.shows(&scope).to_bytes().into())
    }
}

impl Member {
    fn with(secret: Secret, credential: Option<BigUint64Array>) -> Result<Self> {
        let credential = credential.as_ref().map(credential_of).transpose()?;
        Ok(Self { secret, credential })
    }

    /// What is shown in a scope.
    pub(crate) fn shows(&self, scope: &ScopeHash) -> Nullifier {
        self.secret.nullifier(scope)
    }

    pub(crate) const fn has_credential(&self) -> bool {
        self.credential.is_some()
    }

    pub(crate) fn own_leaf(&self) -> Leaf {
        let commitment = self.secret.commitment();
        match self.attributes() {
            None => Leaf::of_member(&commitment),
            Some(attributes) => Leaf::of_credential(&commitment, &attributes),
        }
    }

    pub(crate) fn witness(&self, path: Path) -> Witness {
        match self.attributes() {
            None => Witness::member(self.secret.again(), path),
            Some(attributes) => Witness::credential(self.secret.again(), path, attributes),
        }
    }

    pub(crate) fn attributes(&self) -> Option<Attributes> {
        let [v0, v1, v2, v3, expiry] = **self.credential.as_ref()?;
        let values = [v0, v1, v2, v3];
        Some(Attributes { values, expiry })
    }
}

fn credential_of(numbers: &BigUint64Array) -> Result<Zeroizing<[u64; ATTRIBUTES + 1]>> {
    let mut taken = Zeroizing::new([0; ATTRIBUTES + 1]);
    if numbers.length() as usize != taken.len() {
        return Err(Failure::argument(
            "a credential has four attributes and an expiry",
        ));
    }
    numbers.copy_to(&mut *taken);
    Ok(taken)
}
