//! The reader that a policy is tried with.

use stheno::{
    Policy,
    protocol::{Account, AccountKind, ItemId, Proofs, Subject},
};

use crate::{args::ReaderArgs, context, failure::Failure};

/// Who asks, for what, with which values.
///
/// # Errors
/// No account where `policy` asks about one; values that a request cannot carry.
pub(super) fn subject(policy: &Policy, args: &ReaderArgs) -> Result<Subject, Failure> {
    let account = args.reader.map(|address| Account {
        address,
        chain: args.contract_on.unwrap_or(1),
        kind: match args.contract_on {
            Some(_) => AccountKind::Contract,
            None => AccountKind::Key,
        },
    });
    if policy.requires_account() && account.is_none() {
        let fault = "the policy asks about the reader's account";
        return Err(Failure::new("usage", fault).hint("give --reader ADDRESS"));
    }
    let item = args.item.map_or([0; 32], |item| item.0);
    Ok(Subject {
        account,
        item: ItemId::from_bytes(item),
        context: context::context(&args.context)?,
        proofs: Proofs::default(),
    })
}
