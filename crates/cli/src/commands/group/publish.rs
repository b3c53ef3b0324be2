//! `stheno group publish`: the file's root becomes the contract's.

use serde_json::{Value, json};
use stheno::{
    chain::Chain,
    group::{
        GroupAsStored, GroupContract, GroupNotes, Known, KnownRoot, Published, RootChange, Wish,
    },
};

use super::{file::with_state, reach::connect};
use crate::{
    args::GroupPublishArgs,
    commands::access::{sender, sent_json},
    failure::Failure,
    progress::Progress,
    say,
};

/// Runs the command. The chain is asked what is done already, so that it goes on after any end.
///
/// # Errors
/// What keeps the root from being changed.
pub(super) async fn run(args: &GroupPublishArgs, as_json: bool) -> Result<(), Failure> {
    let stored = GroupAsStored::read(&args.file)?;
    let mut notes = GroupNotes::beside(&args.file)?;
    let chain = connect(&args.chain).await?;
    let contract = GroupContract::new(chain.clone(), args.contract).at_head();
    contract.check(&stored.group).await?;
    let state = contract.state().await?;
    let noted = notes.known(chain.id(), args.contract);
    let known = match noted.is_empty() {
        true => Known::Store(contract.last_store(&state).await),
        false => Known::Noted(&noted),
    };
    let planned = RootChange::plan(
        &stored.group,
        stored.digest,
        args.contract,
        &state,
        known,
        wish(args),
    )?;
    // What is there now; it was noted, or has the file's root.
    let last = known.last(&state).cloned();
    let Some(change) = planned else {
        let last = last.unwrap_or_else(|| KnownRoot::of(&stored.group, state.index));
        notes.put(chain.id(), args.contract, &[last])?;
        tell(args, &stored, None, state.index, as_json);
        return Ok(());
    };
    // What may be on chain when this is killed: the root that is there, and the one that is sent.
    let ours = KnownRoot::of(&stored.group, change.following + 1);
    let either: Vec<KnownRoot> = last.into_iter().chain([ours.clone()]).collect();
    notes.put(chain.id(), args.contract, &either)?;
    let published = send(args, chain.clone(), &contract, &change, as_json).await?;
    if published.is_made {
        notes.put(chain.id(), args.contract, &[ours])?;
    }
    let index = match published.is_made {
        true => change.following + 1,
        false => change.following,
    };
    tell(args, &stored, Some((&change, &published)), index, as_json);
    Ok(())
}

fn wish(args: &GroupPublishArgs) -> Wish {
    Wish {
        following: args.following,
        revoking: match (args.revoke, args.keep_old_roots) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        },
    }
}

async fn send(
    args: &GroupPublishArgs,
    chain: Chain,
    contract: &GroupContract,
    change: &RootChange,
    as_json: bool,
) -> Result<Published, Failure> {
    let sender = sender(chain, &args.sender)?;
    let progress = Progress::new(as_json);
    progress.step("waiting for the transaction to be mined");
    let published = contract.publish(&sender, change).await;
    progress.finish();
    Ok(published?)
}

fn tell(
    args: &GroupPublishArgs,
    stored: &GroupAsStored,
    done: Option<(&RootChange, &Published)>,
    index: u64,
    as_json: bool,
) {
    let root = stored.group.root().map(|root| root.to_string());
    let root = root.unwrap_or_else(|| "none: nobody is in it".to_owned());
    let mut text = format!("root        {root}\nchange      {index}\n");
    let mut object = json!({
        "contract": args.contract,
        "index": index,
        "already": done.is_none_or(|(_, published)| published.sent.is_none()),
        "published": done.is_none_or(|(_, published)| published.is_made),
        "revoking": done.map(|(change, _)| change.revoking),
        "approvals": done.and_then(|(_, published)| published.approvals),
    });
    match done {
        None => text += "state       was published before\n",
        Some((change, published)) => {
            text += match change.revoking {
                true => "old roots   end at once\n",
                false => "old roots   stay valid for the contract's window\n",
            };
            if let Some(count) = published.approvals {
                text += &format!("approvals   {count}\n");
            }
            if !published.is_made {
                text += "state       other voters have to approve it\n";
            }
            let sent = published.sent.as_ref().map(sent_json);
            if let (Some(fields), Some(Value::Object(sent))) = (object.as_object_mut(), sent) {
                fields.extend(sent);
            }
        }
    }
    say::result(
        as_json,
        &text,
        &with_state(object, &stored.group, &stored.digest),
    );
}
