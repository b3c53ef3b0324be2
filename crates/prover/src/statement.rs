//! What is proven.

use std::rc::Rc;

use stheno_circuits::{
    BindingHash, Bounds, Circuit, Group, Inputs, Range, Root, ScopeHash, spec::ATTRIBUTES,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    bytes::public,
    error::{Failure, Result},
    member::Member,
};

/// A group whose tree is hashed: nothing of it is secret.
#[wasm_bindgen]
pub struct KnownGroup {
    group: Rc<Group>,
    root: Root,
}

#[wasm_bindgen]
impl KnownGroup {
    /// Takes the JSON text of a group.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Result<Self> {
        let group: Group = serde_json::from_str(text).map_err(Failure::bad_group)?;
        let root = group.root();
        Ok(Self {
            root: root.ok_or_else(|| Failure::bad_group("nobody is in it"))?,
            group: Rc::new(group),
        })
    }

    /// Its root, 32 bytes.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        self.root.to_bytes().into()
    }

    /// The levels of its tree.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn depth(&self) -> u8 {
        self.group.tree().depth().levels()
    }

    /// Fails as a proof would: where the member's leaf is not in it, or the credential is not within the bounds,
    /// as [`KnownGroup::statement`] takes them. Takes no key, and no time.
    pub fn check(&self, member: &Member, bounds: Option<Vec<u64>>) -> Result<()> {
        let bounds = bounds.as_deref().map(bounds_of).transpose()?;
        self.group.path(&member.own_leaf())?;
        match (member.attributes(), &bounds) {
            (Some(attributes), Some(bounds)) => Ok(attributes.check(bounds)?),
            _ => Ok(()),
        }
    }

    /// "One of this group", for the 32 bytes each of a scope and of a binding; and of a credential nine numbers as
    /// the public inputs have them: `low` and `high` of each attribute, then Unix seconds.
    pub fn statement(
        &self,
        scope: &[u8],
        binding: &[u8],
        bounds: Option<Vec<u64>>,
    ) -> Result<Statement> {
        Ok(Statement {
            group: Rc::clone(&self.group),
            root: self.root,
            scope: ScopeHash::from_bytes(&public("a scope", scope)?)?,
            binding: BindingHash::from_bytes(&public("a binding", binding)?)?,
            bounds: bounds.as_deref().map(bounds_of).transpose()?,
        })
    }
}

/// "One of this group, in this scope, for this binding": nothing of it is secret.
#[wasm_bindgen]
pub struct Statement {
    pub(crate) group: Rc<Group>,
    root: Root,
    scope: ScopeHash,
    binding: BindingHash,
    bounds: Option<Bounds>,
}

impl Statement {
    /// The circuit that proves this.
    pub(crate) fn circuit(&self, inputs: &Inputs) -> Circuit {
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
