//! What is proven.

use stheno_circuits::{
    BindingHash, Bounds, Circuit, Group, Inputs, Range, Root, ScopeHash, spec::ATTRIBUTES,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    bytes::public,
    error::{Failure, Result},
    member::Member,
};

/// "One of this group, in this scope, for this binding": nothing of it is secret.
#[wasm_bindgen]
pub struct Statement {
    pub(crate) group: Group,
    root: Root,
    scope: ScopeHash,
    binding: BindingHash,
    bounds: Option<Bounds>,
}

#[wasm_bindgen]
impl Statement {
    /// Takes the JSON text of a group, whose tree is hashed; the 32 bytes each of a scope and of a
    /// binding; and of a credential nine numbers as the public inputs have them: `low` and `high` of
    /// each attribute, then Unix seconds.
    #[wasm_bindgen(constructor)]
    pub fn new(
        group: &str,
        scope: &[u8],
        binding: &[u8],
        bounds: Option<Vec<u64>>,
    ) -> Result<Self> {
        let scope = ScopeHash::from_bytes(&public("a scope", scope)?)?;
        let binding = BindingHash::from_bytes(&public("a binding", binding)?)?;
        let bounds = bounds.as_deref().map(bounds_of).transpose()?;
        let group: Group = serde_json::from_str(group).map_err(Failure::bad_group)?;
        let root = group.root();
        Ok(Self {
            root: root.ok_or_else(|| Failure::bad_group("nobody is in it"))?,
            group,
            scope,
            binding,
            bounds,
        })
    }

    /// The group's root, 32 bytes.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        self.root.to_bytes().into()
    }

    /// The levels of the group's tree.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn depth(&self) -> u8 {
        self.group.tree().depth().levels()
    }

    /// Fails as a proof would: where the member's leaf is not in the group, or the credential is not within
    /// the bounds. Takes no key, and no time.
    pub fn check(&self, member: &Member) -> Result<()> {
        self.group.path(&member.own_leaf())?;
        match (member.attributes(), &self.bounds) {
            (Some(attributes), Some(bounds)) => Ok(attributes.check(bounds)?),
            _ => Ok(()),
        }
    }
}

impl Statement {
    /// The circuit that proves this.
    pub(crate) const fn circuit(&self, inputs: &Inputs) -> Circuit {
        Circuit::new(inputs.statement(), self.group.tree().depth())
    }

    /// As a member makes it.
    pub(crate) fn inputs(&self, member: &Member) -> Inputs {
        Inputs {
            root: self.root,
            nullifier: member.shows(&self.scope),
            scope: self.scope,
            binding: self.binding,
            bounds: self.bounds,
        }
    }
}

fn bounds_of(numbers: &[u64]) -> Result<Bounds> {
    // An odd number of them: the time is what the pairs leave over.
    let (ends, rest) = numbers.as_chunks::<2>();
    let ends: Option<&[[u64; 2]; ATTRIBUTES]> = ends.try_into().ok();
    let (Some(ends), [now]) = (ends, rest) else {
        return Err(Failure::argument(
            "bounds are a lowest and a highest for each of four attributes, and the time",
        ));
    };
    let ranges = ends.map(|[low, high]| Range { low, high });
    Ok(Bounds { ranges, now: *now })
}
