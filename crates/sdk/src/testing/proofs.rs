//! Proofs of private conditions, verified as nodes of a devnet do: keys for development are taken.

use stheno_circuits::{Development, Proof, VerifyingKey, verify};
use stheno_protocol::{
    Policy, Presentation, Proofs, Proven, Request,
    private::{Task, tasks},
};

/// What the proofs of a request came to.
pub(super) fn verified(request: &Request, policy: &Policy) -> Proofs {
    let mut proofs = Proofs::default();
    for task in tasks(request, policy) {
        let proven = look_at(&task, request).unwrap_or_else(Proven::Unknown);
        proofs.insert(task.leaf, proven);
    }
    proofs
}

fn look_at(task: &Task<'_>, request: &Request) -> Result<Proven, String> {
    let presentation =
        Presentation::of(task.leaf, &request.context).map_err(|error| error.to_string())?;
    let key = VerifyingKey::read(&presentation.key, Development::Allowed)
        .map_err(|error| error.to_string())?;
    if key.circuit() != task.leaf.circuit {
        return Err(format!("the key is for {}", key.circuit()));
    }
    let proof = Proof::from_bytes(&presentation.proof).map_err(|error| error.to_string())?;
    let inputs = task.inputs(presentation.root, presentation.nullifier);
    Ok(match verify(&key.prepare(), &inputs, &proof) {
        Ok(()) => Proven::Holds {
            root: presentation.root,
            until: request.expires_at,
        },
        Err(error) => Proven::Wrong(error.to_string()),
    })
}
