//! `stheno group show`: a group's file, and what its contract says of it.

use serde_json::{Value, json};
use stheno::{
    circuits::Group,
    group::{GroupAsStored, GroupContract, GroupState, GroupTerms, Keeper},
    protocol::Address,
};

use super::{
    file::{state_text, with_state},
    reach::connect,
};
use crate::{args::GroupShowArgs, consent::moment, failure::Failure, say};

/// Runs the command.
///
/// # Errors
/// When the file is no group, or the chain cannot be read.
pub(super) async fn run(args: &GroupShowArgs, as_json: bool) -> Result<(), Failure> {
    let stored = GroupAsStored::read(&args.file)?;
    let group = &stored.group;
    let depth = group.tree().depth();
    let mut text = format!(
        "depth       {}\nplaces      {} of {}\n{}sha256      {}\n",
        depth.levels(),
        group.tree().len(),
        depth.capacity(),
        state_text(group),
        hex::encode(stored.digest),
    );
    let mut object = with_state(json!({ "file": args.file }), group, &stored.digest);
    let mut more = Vec::new();
    if let Some(contract) = args.contract {
        let (words, told) = on_chain(args, contract, group).await?;
        text += &words;
        more.push(("contract", told));
    }
    if args.members {
        let (words, told) = members(group);
        text += &words;
        more.push(("leaves", told));
    }
    if let Some(fields) = object.as_object_mut() {
        let more = more.into_iter();
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    say::result(as_json, &text, &object);
    Ok(())
}

fn members(group: &Group) -> (String, Value) {
    let leaves = (0u64..).zip(group.tree().leaves());
    let leaves = leaves.filter_map(|(place, leaf)| Some((place, leaf?)));
    let (mut text, mut list) = (String::from("\n"), Vec::new());
    for (place, leaf) in leaves {
        text += &format!("{place:<12}{leaf}\n");
        list.push(json!({ "place": place, "leaf": leaf }));
    }
    (text, list.into())
}

/// What the contract says, and whether the file's root is valid there.
async fn on_chain(
    args: &GroupShowArgs,
    address: Address,
    group: &Group,
) -> Result<(String, Value), Failure> {
    let contract = GroupContract::new(connect(&args.chain).await?, address);
    let contract = match args.head {
        true => contract.at_head(),
        false => contract,
    };
    let terms = contract.check(group).await?;
    let state = contract.state().await?;
    let keeper = contract.keeper().await?;
    let until = match group.root() {
        Some(root) => contract.valid_until(&root).await?,
        None => 0,
    };
    let validity = validity(group, &state, until);
    let text =
        contract_text(address, &terms, &state, &keeper) + &format!("file        {validity}\n");
    let object = json!({
        "address": address,
        "chain": contract.chain_id(),
        "index": state.index,
        "root": state.root,
        "window": terms.window,
        "history": terms.history,
        "keeper": keeper_json(&keeper),
        "block": state.block.number,
        "fileIsPublished": group.root() == state.root,
        "fileValidUntil": until,
    });
    Ok((text, object))
}

fn validity(group: &Group, state: &GroupState, until: u64) -> String {
    match (group.root(), until) {
        (root, _) if root == state.root => "is what was published last".to_owned(),
        (_, until) if until > state.block.time => {
            format!("was replaced, and is valid until {}", moment(until))
        }
        (_, 0) => "is not published, or its root ended".to_owned(),
        (_, until) => format!("was replaced, and ended {}", moment(until)),
    }
}

fn contract_text(
    address: Address,
    terms: &GroupTerms,
    state: &GroupState,
    keeper: &Keeper,
) -> String {
    let root = state.root.map(|root| root.to_string());
    let mut text = format!(
        "\ncontract    {address}\nchange      {}\nits root    {}\nwindow      {} s, and {} roots\n",
        state.index,
        root.unwrap_or_else(|| "none".to_owned()),
        terms.window,
        terms.history,
    );
    match keeper {
        Keeper::Owner(owner) if owner.is_zero() => {
            text += "owner       nobody: it stays as it is\n";
        }
        Keeper::Owner(owner) => text += &format!("owner       {owner}\n"),
        Keeper::Voters { threshold, voters } => {
            text += &format!("voters      {threshold} of {}\n", voters.len());
            for voter in voters {
                text += &format!("            {voter}\n");
            }
        }
    }
    text
}

fn keeper_json(keeper: &Keeper) -> Value {
    match keeper {
        Keeper::Owner(owner) => json!({ "owner": owner }),
        Keeper::Voters { threshold, voters } => {
            json!({ "threshold": threshold, "voters": voters })
        }
    }
}
