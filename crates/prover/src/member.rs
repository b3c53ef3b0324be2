//! Who proves.

use js_sys::{BigUint64Array, Uint8Array};
use stheno_circuits::{Attributes, Leaf, Path, ScopeHash, Secret, Witness, spec::ATTRIBUTES};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

use crate::{
    bytes::{public, secret},
    error::{Failure, Result},
};

/// A member's seed, and of a credential what its issuer says. Both are wiped by `free`.
#[wasm_bindgen]
pub struct Member {
    seed: Zeroizing<[u8; 32]>,
    /// The values, then the expiry.
    credential: Option<Zeroizing<[u64; ATTRIBUTES + 1]>>,
}

#[wasm_bindgen]
impl Member {
    /// Takes 32 bytes, and of a credential its four values and its expiry.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: &Uint8Array, credential: Option<BigUint64Array>) -> Result<Self> {
        Ok(Self {
            seed: secret("a member's seed", seed)?,
            credential: credential.as_ref().map(credential_of).transpose()?,
        })
    }

    /// The 32 bytes that an issuer or a group's keeper is given.
    #[must_use]
    pub fn commitment(&self) -> Vec<u8> {
        self.secret().commitment().to_bytes().into()
    }

    /// The 32 bytes that stand in the tree.
    #[must_use]
    pub fn leaf(&self) -> Vec<u8> {
        self.own_leaf().to_bytes().into()
    }

    /// The 32 bytes that every proof of this member shows in a scope.
    pub fn nullifier(&self, scope: &[u8]) -> Result<Vec<u8>> {
        let scope = ScopeHash::from_bytes(&public("a scope", scope)?)?;
        Ok(self.secret().nullifier(&scope).to_bytes().into())
    }
}

impl Member {
    pub(crate) fn secret(&self) -> Secret {
        Secret::from_seed(&self.seed)
    }

    pub(crate) const fn has_credential(&self) -> bool {
        self.credential.is_some()
    }

    pub(crate) fn own_leaf(&self) -> Leaf {
        let commitment = self.secret().commitment();
        match self.attributes() {
            None => Leaf::of_member(&commitment),
            Some(attributes) => Leaf::of_credential(&commitment, &attributes),
        }
    }

    pub(crate) fn witness(&self, path: Path) -> Witness {
        match self.attributes() {
            None => Witness::member(self.secret(), path),
            Some(attributes) => Witness::credential(self.secret(), path, attributes),
        }
    }

    fn attributes(&self) -> Option<Attributes> {
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
