//! What the reader has proven without showing who they are: of which group, and whether the policy means it.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::U256;
use stheno_circuits::Root;

use super::{call_of, odd_reading, returned};
use crate::{
    evaluate::{
        ChainView, Read, Subject,
        outcome::{Obstacle, Outcome},
    },
    policy::{Group, Zk},
    private::{Presentation, Proven},
};

/// `isValid(uint256,uint64)` of `IGroupRoot`.
const IS_VALID: [u8; 4] = [0xeb, 0x45, 0x6c, 0x5d];

pub(super) fn reads(zk: &Zk, subject: &Subject) -> Result<Vec<Read>, Obstacle> {
    let (root, until) = match proven(zk, subject)? {
        Proven::Holds { root, until } => (root, until),
        Proven::Wrong(_) | Proven::Unknown(_) => return Ok(Vec::new()),
    };
    Ok(read(zk, root, *until).into_iter().collect())
}

/// Whether the group's contract has the root, until the request ends.
fn read(zk: &Zk, root: &Root, until: u64) -> Option<Read> {
    let Group::Contract {
        chain,
        tier,
        contract,
    } = zk.group
    else {
        return None;
    };
    let args = vec![
        DynSolValue::Uint(U256::from_be_bytes(root.to_bytes()), 256),
        DynSolValue::Uint(U256::from(until), 64),
    ];
    Some(call_of((chain, tier), contract, &IS_VALID, args))
}

pub(super) fn judge(
    zk: &Zk,
    subject: &Subject,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let (root, until) = match proven(zk, subject)? {
        Proven::Holds { root, until } => (root, *until),
        Proven::Wrong(why) => return Ok(Outcome::known(false, why.clone(), wanted, remedy)),
        Proven::Unknown(why) => return Err(Obstacle::new(why, remedy())),
    };
    let is_the_groups = match (&zk.group, read(zk, root, until)) {
        (Group::Root(wanted), _) => root == wanted,
        (Group::Contract { .. }, None) => return Err(odd_reading()),
        (Group::Contract { .. }, Some(read)) => {
            match returned(view, &read, &[DynSolType::Bool])?.as_slice() {
                [DynSolValue::Bool(valid)] => *valid,
                _ => return Err(odd_reading()),
            }
        }
    };
    let is = if is_the_groups { "is" } else { "is not" };
    let found = format!("the proof is of the root {root}, which {is} the group's");
    Ok(Outcome::known(is_the_groups, found, wanted, || {
        "get the group as it is now, and prove again".to_owned()
    }))
}

fn remedy() -> String {
    "prove it for this very request, with your secret and the group as it is now".to_owned()
}

/// What the proof came to, if there is one, and nobody shows an account beside it.
fn proven<'a>(zk: &Zk, subject: &'a Subject) -> Result<&'a Proven, Obstacle> {
    if subject.account.is_some() {
        return Err(Obstacle::new(
            "an account is given, which would tell who asks",
            "ask without an account, with a proof",
        ));
    }
    subject.proofs.of(zk).ok_or_else(|| {
        let found = match Presentation::of(zk, &subject.context) {
            Ok(_) => "a proof is looked at with its own request alone".to_owned(),
            Err(error) => error.to_string(),
        };
        Obstacle::new(found, remedy())
    })
}
