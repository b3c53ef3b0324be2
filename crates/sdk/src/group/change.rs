//! A change of a group's root: which it is to be, and whether old roots end with it.

use alloy::{primitives::keccak256, sol_types::SolValue};
use stheno_chain::contracts::{OwnedGroupContract as owned, VotedGroupContract as voted};
use stheno_circuits::{Group, MerkleTree, Root};
use stheno_protocol::{Address, B256, U256};

use super::{
    GroupContractError, GroupDigest, GroupError, GroupState, contract::number, stored::was_file_of,
};

/// A change of a group's root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RootChange {
    /// How many changes there were before: it is made for one state of the group, and for no other.
    pub following: u64,
    /// The new root; none where nobody is a member any more.
    pub root: Option<Root>,
    /// SHA-256 over the group's file, so that members can check that they have the right one.
    pub store: B256,
    /// Whether all roots before end at once.
    pub revoking: bool,
}

/// A root that was published, or was about to be, from the file that one has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownRoot {
    /// The number of the change that made it the contract's.
    pub index: u64,
    /// The root.
    pub root: Option<Root>,
    /// How many places of the tree were given then.
    pub places: u64,
    /// Those of them that were empty. The root does not tell an emptied last place from one that was
    /// never given.
    pub emptied: Vec<u64>,
}

/// What is known of the last change of a contract's root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Known<'a> {
    /// What was noted when roots were published from this file: for this contract, at least one.
    Noted(&'a [KnownRoot]),
    /// No notes: SHA-256 of the file that the change names, where the chain still tells.
    Store(Option<B256>),
}

/// What a keeper says besides.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Wish {
    /// The number of the last change, where another one than the keeper's own is to be replaced.
    pub following: Option<u64>,
    /// Whether old roots end at once. Default: where a member was removed.
    pub revoking: Option<bool>,
}

impl KnownRoot {
    /// That of a group as it is, as a change of this number.
    #[must_use]
    pub fn of(group: &Group, index: u64) -> Self {
        let tree = group.tree();
        let emptied = (0..).zip(tree.leaves()).filter(|(_, leaf)| leaf.is_none());
        Self {
            index,
            root: group.root(),
            places: tree.len(),
            emptied: emptied.map(|(place, _)| place).collect(),
        }
    }

    /// The first place that was empty, or given, then and is not so now: the group is an older one.
    fn place_undone(&self, group: &Group) -> Option<u64> {
        let tree = group.tree();
        let mut emptied = self.emptied.iter().copied();
        let again = emptied.find(|place| tree.leaf(*place).is_some());
        again.or_else(|| (tree.len() < self.places).then_some(tree.len()))
    }

    /// Whether the group is this one, with nothing but new members.
    fn has_grown_to(&self, group: &Group) -> bool {
        let tree = group.tree();
        let before = tree
            .leaves()
            .take(usize::try_from(self.places).unwrap_or(usize::MAX));
        MerkleTree::from_leaves(tree.depth(), before).is_ok_and(|before| before.root() == self.root)
    }
}

impl<'a> Known<'a> {
    /// What was noted of the change that was the contract's last.
    #[must_use]
    pub fn last(self, state: &GroupState) -> Option<&'a KnownRoot> {
        let Self::Noted(known) = self else {
            return None;
        };
        let is_last = |known: &&KnownRoot| (known.index, known.root) == (state.index, state.root);
        known.iter().find(is_last)
    }
}

impl RootChange {
    /// The change that makes a contract's root the group's, or none where it is that already.
    ///
    /// A change that only adds members lets old roots stand for the contract's window, so that proofs on
    /// their way survive. Where one was removed since the root on chain, it is revoking, so that old
    /// roots end at once. That the last change was made from this file is told by `known`: by its number
    /// and root, or by the digest that it names. The root alone does not tell: with the last member
    /// removed it is the one from before they came. Another change is somebody else's, or an older file
    /// is at hand, and it is not replaced unasked: whom they added would be lost, and whom they removed
    /// be a member again.
    ///
    /// # Errors
    /// [`GroupContractError::NotFromHere`], [`GroupContractError::Unrecorded`],
    /// [`GroupContractError::OlderFile`], [`GroupContractError::Stale`] where the wish names another
    /// change than the last, [`GroupContractError::MustRevoke`], and [`GroupError::Empty`] where there
    /// is nothing to publish.
    pub fn plan(
        group: &Group,
        digest: GroupDigest,
        contract: Address,
        state: &GroupState,
        known: Known<'_>,
        wish: Wish,
    ) -> Result<Option<Self>, GroupContractError> {
        let (root, index) = (group.root(), state.index);
        if root.is_none() && index == 0 {
            return Err(GroupError::Empty.into());
        }
        if root == state.root && wish.revoking != Some(true) {
            return Ok(None);
        }
        if let Some(following) = wish.following.filter(|following| *following != index) {
            return Err(GroupContractError::Stale {
                contract,
                following,
                index,
            });
        }
        let only_adds = match only_adds(group, contract, state, known) {
            Err(_) if wish.following.is_some() => false,
            told => told?,
        };
        let revoking = match (root, wish.revoking) {
            (None, Some(false)) => return Err(GroupContractError::MustRevoke),
            (None, _) => true,
            (Some(_), wish) => wish.unwrap_or(!only_adds),
        };
        Ok(Some(Self {
            following: index,
            root,
            store: digest.into(),
            revoking,
        }))
    }

    /// What voters call it.
    #[must_use]
    pub fn proposal(&self) -> B256 {
        keccak256(owned::RootChange::from(self).abi_encode())
    }

    fn number(&self) -> U256 {
        self.root.as_ref().map(number).unwrap_or_default()
    }
}

/// Whether the last change was made from this file, which only got members since.
fn only_adds(
    group: &Group,
    contract: Address,
    state: &GroupState,
    known: Known<'_>,
) -> Result<bool, GroupContractError> {
    let index = state.index;
    if index == 0 || group.root() == state.root {
        return Ok(true);
    }
    match (known, known.last(state)) {
        (_, Some(last)) => match last.place_undone(group) {
            Some(place) => Err(GroupContractError::OlderFile {
                contract,
                index,
                place,
            }),
            None => Ok(last.has_grown_to(group)),
        },
        (Known::Noted(_), None) => Err(GroupContractError::NotFromHere { contract, index }),
        (Known::Store(Some(store)), None) if was_file_of(group, &store) => Ok(true),
        (Known::Store(_), None) => Err(GroupContractError::Unrecorded { contract, index }),
    }
}

impl From<&RootChange> for owned::RootChange {
    fn from(change: &RootChange) -> Self {
        Self {
            following: change.following,
            root: change.number(),
            store: change.store,
            revoking: change.revoking,
        }
    }
}

impl From<&RootChange> for voted::RootChange {
    fn from(change: &RootChange) -> Self {
        Self {
            following: change.following,
            root: change.number(),
            store: change.store,
            revoking: change.revoking,
        }
    }
}

#[cfg(test)]
mod tests {
    use stheno_chain::Block;
    use stheno_circuits::{Depth, Leaf};

    use super::*;
    use crate::group::{group_digest, group_to_bytes};

    const CONTRACT: Address = Address::repeat_byte(1);

    fn leaf(number: u8) -> Leaf {
        let mut bytes = [0; 32];
        bytes[31] = number;
        Leaf::from_bytes(&bytes).unwrap()
    }

    fn group(leaves: &[u8]) -> Group {
        let leaves = leaves.iter().map(|number| match number {
            0 => None,
            number => Some(leaf(*number)),
        });
        Group::from_leaves(Depth::new(5).unwrap(), leaves).unwrap()
    }

    fn state(index: u64, group: &Group) -> GroupState {
        GroupState {
            block: Block {
                chain_id: 314,
                number: 9,
                hash: B256::ZERO,
                time: 0,
                parent: B256::ZERO,
            },
            index,
            root: group.root(),
        }
    }

    fn plan(
        group: &Group,
        state: &GroupState,
        known: &[KnownRoot],
        wish: Wish,
    ) -> Result<Option<RootChange>, GroupContractError> {
        let known = Known::Noted(known);
        RootChange::plan(group, [7; 32], CONTRACT, state, known, wish)
    }

    /// The same without notes, where the last change names the file of `published`.
    fn plan_without_notes(
        group: &Group,
        index: u64,
        published: &Group,
    ) -> Result<Option<RootChange>, GroupContractError> {
        let digest = group_digest(&group_to_bytes(published));
        let (state, known) = (state(index, published), Known::Store(Some(digest.into())));
        RootChange::plan(group, [7; 32], CONTRACT, &state, known, NO_WISH)
    }

    fn revoking(planned: Result<Option<RootChange>, GroupContractError>) -> bool {
        planned.unwrap().unwrap().revoking
    }

    const NO_WISH: Wish = Wish {
        following: None,
        revoking: None,
    };

    #[test]
    fn change_revokes_where_a_member_was_removed_and_not_where_some_were_added() {
        let none = state(0, &group(&[]));
        let first = plan(&group(&[1, 2]), &none, &[], NO_WISH).unwrap().unwrap();
        assert_eq!((first.following, first.revoking), (0, false));
        assert_eq!(
            (first.root, first.store),
            (group(&[1, 2]).root(), B256::repeat_byte(7))
        );

        let published = state(1, &group(&[1, 2]));
        assert_eq!(plan(&group(&[1, 2]), &published, &[], NO_WISH), Ok(None));
        let known = [KnownRoot::of(&group(&[1, 2]), 1)];
        // Who came and went between two publications was never a member on chain.
        for grown in [group(&[1, 2, 3, 4]), group(&[1, 2, 0, 4])] {
            assert!(!revoking(plan(&grown, &published, &known, NO_WISH)));
            let planned = plan_without_notes(&grown, 1, &group(&[1, 2]));
            assert!(!revoking(planned));
        }
        let removed = group(&[1, 0, 3]);
        assert!(revoking(plan(&removed, &published, &known, NO_WISH)));
        let kept = Wish {
            revoking: Some(false),
            ..NO_WISH
        };
        assert!(!revoking(plan(&removed, &published, &known, kept)));
    }

    #[test]
    fn change_of_somebody_else_is_not_replaced_unasked() {
        let theirs = state(4, &group(&[1, 2, 9]));
        let ours = group(&[1, 2, 3]);
        let known = [KnownRoot::of(&group(&[1, 2]), 1)];
        let refused = plan(&ours, &theirs, &known, NO_WISH).unwrap_err();
        assert_eq!(refused.code(), "group_stale");
        assert!(matches!(
            refused,
            GroupContractError::NotFromHere { index: 4, .. }
        ));
        let following = |following| Wish {
            following: Some(following),
            ..NO_WISH
        };
        let late = plan(&ours, &theirs, &known, following(3)).unwrap_err();
        assert!(matches!(
            late,
            GroupContractError::Stale {
                following: 3,
                index: 4,
                ..
            }
        ));
        // Whom they added is lost, so what they said ends.
        assert!(revoking(plan(&ours, &theirs, &known, following(4))));
    }

    #[test]
    fn group_that_was_emptied_has_no_root_any_more() {
        let published = state(1, &group(&[1]));
        let known = [KnownRoot::of(&group(&[1]), 1)];
        let empty = group(&[0]);
        let change = plan(&empty, &published, &known, NO_WISH).unwrap().unwrap();
        assert_eq!((change.root, change.revoking), (None, true));
        assert_eq!(owned::RootChange::from(&change).root, U256::ZERO);
        let kept = Wish {
            revoking: Some(false),
            ..NO_WISH
        };
        let refused = plan(&empty, &published, &known, kept);
        assert_eq!(refused, Err(GroupContractError::MustRevoke));
        let none = state(0, &empty);
        let refused = plan(&empty, &none, &[], NO_WISH).unwrap_err();
        assert_eq!(refused.code(), "group_empty");

        let emptied = state(2, &empty);
        assert_eq!(plan(&empty, &emptied, &[], NO_WISH), Ok(None));
        assert!(!revoking(plan_without_notes(&group(&[0, 2]), 2, &empty)));
        // A file from before the lock-down would let everybody in again.
        let old = group(&[1, 2]);
        let refused = plan(&old, &emptied, &known, NO_WISH).unwrap_err();
        assert_eq!(refused.code(), "group_stale");
        for emptied in [empty, group(&[])] {
            let refused = plan_without_notes(&old, 2, &emptied).unwrap_err();
            assert_eq!(refused.code(), "group_stale");
        }
    }

    /// Who stood last is removed, and the root is the one from before they came; a copy in which they
    /// still stand looks like that group with one more.
    #[test]
    fn stale_copy_does_not_let_in_who_was_removed() {
        let [with, without] = [group(&[1, 2, 9]), group(&[1, 2, 0])];
        assert_eq!(without.root(), group(&[1, 2]).root());
        let removed = state(2, &without);
        let published = |index, group: &Group| KnownRoot::of(group, index);

        // A copy with its notes from before the removal.
        let notes = [published(1, &with)];
        let refused = plan(&with, &removed, &notes, NO_WISH).unwrap_err();
        let expected = GroupContractError::NotFromHere {
            contract: CONTRACT,
            index: 2,
        };
        assert_eq!(refused, expected);
        // Notes of the very root, which was the contract's once.
        let notes = [published(0, &group(&[1, 2])), published(1, &with)];
        let refused = plan(&with, &removed, &notes, NO_WISH).unwrap_err();
        assert_eq!(refused, expected);
        // A copy without notes, whether or not the chain still names the file.
        let refused = plan_without_notes(&with, 2, &without).unwrap_err();
        assert!(matches!(refused, GroupContractError::Unrecorded { .. }));
        let known = Known::Store(None);
        let refused = RootChange::plan(&with, [7; 32], CONTRACT, &removed, known, NO_WISH);
        assert_eq!(refused.unwrap_err().code(), "group_stale");
        // A backup of the group's file beside the notes of today; and a shorter one.
        let notes = [published(2, &without)];
        for (old, place) in [
            (with.clone(), 2),
            (group(&[1, 2, 9, 4]), 2),
            (group(&[7]), 1),
        ] {
            let refused = plan(&old, &removed, &notes, NO_WISH).unwrap_err();
            let expected = GroupContractError::OlderFile {
                contract: CONTRACT,
                index: 2,
                place,
            };
            assert_eq!(refused, expected);
        }
        // The file from which it was removed goes on, with its notes and without.
        let next = group(&[1, 2, 0, 4]);
        assert!(!revoking(plan(&next, &removed, &notes, NO_WISH)));
        assert!(!revoking(plan_without_notes(&next, 2, &without)));
        // Who means it says so.
        let meant = Wish {
            following: Some(2),
            ..NO_WISH
        };
        assert!(revoking(plan(&with, &removed, &notes, meant)));
    }

    #[test]
    fn old_roots_can_be_ended_while_the_root_stays() {
        let members = group(&[1, 2]);
        let wish = Wish {
            revoking: Some(true),
            ..NO_WISH
        };
        let change = plan(&members, &state(3, &members), &[], wish)
            .unwrap()
            .unwrap();
        assert_eq!((change.following, change.revoking), (3, true));
        assert_eq!(change.root, members.root());
    }

    #[test]
    fn proposal_is_named_as_the_contract_does() {
        let change = RootChange {
            following: 1,
            root: group(&[1]).root(),
            store: B256::repeat_byte(2),
            revoking: true,
        };
        let words = [
            B256::with_last_byte(1),
            B256::from(number(&change.root.unwrap())),
            B256::repeat_byte(2),
            B256::with_last_byte(1),
        ];
        assert_eq!(change.proposal(), keccak256(words.concat()));
    }
}
