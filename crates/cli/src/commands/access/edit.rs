//! `stheno access set`, `roles`, `transfer` and `accept`: what an owner changes.

use serde_json::json;
use stheno::access::{AccessError, Changes, Roles, Terms};

use super::{create::merged, reach::connect, terms};
use crate::{
    args::{AccessAcceptArgs, AccessRolesArgs, AccessSetArgs, AccessTransferArgs},
    failure::Failure,
    say,
};

/// Runs `stheno access set`.
///
/// # Errors
/// What keeps the terms from being set.
pub(super) async fn set(args: &AccessSetArgs, as_json: bool) -> Result<(), Failure> {
    let terms = terms::wished(&args.terms)?.ok_or_else(|| {
        Failure::new("usage", "no terms are given").hint(
            "give --terms FILE, or --open, --granted, --holds-erc721 CONTRACT and so on, or --nobody",
        )
    })?;
    let changes = Changes::new().set_terms(args.id, terms.as_ref())?;
    let reached = connect(&args.registry).await?;
    let sender = reached.sender(&args.sender)?;
    let newest = reached.registry.clone().at_head();
    // A period that has its collection's terms can get equal ones of its own.
    let found = newest.resource(args.id).await?;
    let same = found.collection.is_none() && newest.terms(args.id).await? == terms;
    let sent = match same {
        true => None,
        false => Some(reached.send(&sender, &changes, as_json).await?),
    };
    let mut text = terms::text("terms", terms.as_ref());
    if same {
        text += "state       they were these before\n";
    }
    let object = json!({
        "id": args.id,
        "terms": Terms::to_json(terms.as_ref()),
        "already": same,
    });
    say::result(as_json, &text, &merged(object, sent.as_ref()));
    Ok(())
}

/// Runs `stheno access roles`.
///
/// # Errors
/// What keeps the roles from being set or shown.
pub(super) async fn roles(args: &AccessRolesArgs, as_json: bool) -> Result<(), Failure> {
    let reached = connect(&args.registry).await?;
    let newest = reached.registry.clone().at_head();
    let found = newest.resource(args.id).await?;
    let (roles, sent) = match args.roles.as_slice() {
        [] => (newest.roles(args.id, args.account).await?, None),
        some => {
            let roles = some.iter().fold(Roles::NONE, |all, role| all | *role);
            let changes = Changes::new().set_roles(args.id, args.account, roles)?;
            let sender = reached.sender(&args.sender)?;
            (roles, Some(reached.send(&sender, &changes, as_json).await?))
        }
    };
    let owns = found.owner == args.account;
    let mut text = format!("account     {}\nroles       {roles}\n", args.account);
    if owns {
        text += "            owns it, and may do all\n";
    }
    let object = json!({
        "id": args.id,
        "account": args.account,
        "roles": roles.names(),
        "owner": owns,
    });
    say::result(as_json, &text, &merged(object, sent.as_ref()));
    Ok(())
}

/// Runs `stheno access transfer`.
///
/// # Errors
/// What keeps the ownership from being offered.
pub(super) async fn transfer(args: &AccessTransferArgs, as_json: bool) -> Result<(), Failure> {
    let changes = Changes::new().transfer_ownership(args.id, args.to)?;
    let reached = connect(&args.registry).await?;
    let sender = reached.sender(&args.sender)?;
    let sent = reached.send(&sender, &changes, as_json).await?;
    let text = match args.to {
        Some(to) => format!("offered     to {to}, who has to accept it\n"),
        None => "offered     to nobody any more\n".to_owned(),
    };
    let object = json!({ "id": args.id, "offeredTo": args.to });
    say::result(as_json, &text, &merged(object, Some(&sent)));
    Ok(())
}

/// Runs `stheno access accept`.
///
/// # Errors
/// What keeps the ownership from being accepted.
pub(super) async fn accept(args: &AccessAcceptArgs, as_json: bool) -> Result<(), Failure> {
    let reached = connect(&args.registry).await?;
    let sender = reached.sender(&args.sender)?;
    let newest = reached.registry.clone().at_head();
    let found = newest.resource(args.id).await?;
    let me = sender.address();
    let sent = match found.pending_owner {
        Some(pending) if pending == me => {
            let changes = Changes::new().accept_ownership(args.id);
            Some(reached.send(&sender, &changes, as_json).await?)
        }
        _ if found.owner == me => None,
        _ => {
            let error = AccessError::NotAllowed {
                id: args.id,
                account: me,
                role: Roles::NONE,
            };
            return Err(Failure::new(
                error.code(),
                format_args!("{} was not offered to account {me}", args.id),
            )
            .hint(format_args!(
                "its owner {} offers it by `stheno access transfer`",
                found.owner
            )));
        }
    };
    let mut text = format!("owner       {me}\n");
    if sent.is_none() {
        text += "state       was so before\n";
    }
    let object = json!({ "id": args.id, "owner": me, "already": sent.is_none() });
    say::result(as_json, &text, &merged(object, sent.as_ref()));
    Ok(())
}
