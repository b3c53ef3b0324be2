//! `stheno group create`, `remove` and `root`: what needs no chain.

use serde_json::{Value, json};
use stheno::{
    circuits::{Depth, Group, Leaf},
    group::{GroupAsStored, GroupDigest, GroupError, GroupFile, commitment_of, depth_of},
};

use crate::{
    args::{GroupCreateArgs, GroupRemoveArgs, GroupRootArgs},
    failure::Failure,
    say,
};

/// Runs `stheno group create`.
///
/// # Errors
/// When there is a file of this name, or it cannot be made.
pub(super) fn create(args: &GroupCreateArgs, as_json: bool) -> Result<(), Failure> {
    let depth = depth_of(args.depth)?;
    GroupFile::create(&args.file, depth)?;
    if ![Depth::D20, Depth::D32].contains(&depth) {
        say::note("note: networks offer proofs about groups of depth 20 and 32 alone");
    }
    let (levels, capacity) = (depth.levels(), depth.capacity());
    let text = format!("depth       {levels}, for {capacity} members\n");
    let object = json!({ "file": args.file, "depth": levels, "capacity": capacity });
    say::result(as_json, &text, &object);
    Ok(())
}

/// Runs `stheno group remove`.
///
/// # Errors
/// When somebody is not in the group; nobody is removed then.
pub(super) fn remove(args: &GroupRemoveArgs, as_json: bool) -> Result<(), Failure> {
    let mut file = GroupFile::open(&args.file)?;
    let leaves: Result<Vec<Leaf>, GroupError> = args
        .members
        .iter()
        .map(|member| leaf_of(file.group(), member))
        .collect();
    let leaves = leaves?;
    file.remove(&leaves)?;
    let group = file.group().clone();
    let digest = file.save()?;
    let mut text = format!("removed     {}\n", leaves.len());
    text += &state_text(&group);
    if !as_json {
        say::note("note: on chain it is a member until `stheno group publish`");
    }
    let object = json!({ "removed": leaves });
    say::result(as_json, &text, &with_state(object, &group, &digest));
    Ok(())
}

/// Runs `stheno group root`.
///
/// # Errors
/// When nobody is in the group.
pub(super) fn root(args: &GroupRootArgs, as_json: bool) -> Result<(), Failure> {
    let stored = GroupAsStored::read(&args.file)?;
    let root = stored.group.root().ok_or(GroupError::Empty)?;
    let object = with_state(json!({}), &stored.group, &stored.digest);
    say::result(as_json, &root.to_string(), &object);
    Ok(())
}

/// The leaf that a member is named by, or whose commitment it is.
fn leaf_of(group: &Group, named: &str) -> Result<Leaf, GroupError> {
    let commitment = commitment_of(named)?;
    let leaf: Option<Leaf> = named.parse().ok();
    let leaves = leaf.into_iter().chain([Leaf::of_member(&commitment)]);
    let mut leaves = leaves.filter(|leaf| group.place_of(leaf).is_some());
    leaves.next().ok_or_else(|| GroupError::NotAMember {
        named: named.to_owned(),
    })
}

/// How a group is, for people.
pub(super) fn state_text(group: &Group) -> String {
    let members = group.members();
    let root = group.root().map(|root| root.to_string());
    let root = root.unwrap_or_else(|| "none: nobody is in it".to_owned());
    format!("members     {members}\nroot        {root}\n")
}

/// The object, with how a group is.
pub(super) fn with_state(mut object: Value, group: &Group, digest: &GroupDigest) -> Value {
    let state = json!({
        "depth": group.tree().depth().levels(),
        "members": group.members(),
        "places": group.tree().len(),
        "root": group.root(),
        "sha256": hex::encode(digest),
    });
    if let (Some(fields), Value::Object(state)) = (object.as_object_mut(), state) {
        fields.extend(state);
    }
    object
}
