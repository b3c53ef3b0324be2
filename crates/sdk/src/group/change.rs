//! A change of a group's root: which it is to be, and whether old roots end with it.

use alloy::{primitives::keccak256, sol_types::SolValue};
use stheno_chain::contracts::{OwnedGroupContract as owned, VotedGroupContract as voted};
use stheno_circuits::{Group, MerkleTree, Root};
use stheno_protocol::{Address, B256, U256};

use super::{GroupContractError, GroupDigest, GroupError, GroupState, contract::number};

/// Members that were added last, at most, that are taken out again to find the root on chain: about a
/// second's work.
const MOST_ADDED: usize = 2048;

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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KnownRoot {
    /// The root.
    pub root: Option<Root>,
    /// How many places of the tree were given then.
    pub places: u64,
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
    /// That of a group as it is.
    #[must_use]
    pub fn of(group: &Group) -> Self {
        Self {
            root: group.root(),
            places: group.tree().len(),
        }
    }
}

impl RootChange {
    /// The change that makes a contract's root the group's, or none where it is that already.
    ///
    /// A change that only adds members lets old roots stand for the contract's window, so that proofs on
    /// their way survive. Where one was removed since the root on chain, it is revoking, so that old
    /// roots end at once. That a root on chain is of this group before is found out from the tree, or
    /// from `known`; another one is somebody else's, and is not replaced unasked: whom they added would
    /// be lost, and whom they removed be a member again.
    ///
    /// # Errors
    /// [`GroupContractError::NotFromHere`], [`GroupContractError::Stale`] where the wish names another
    /// change than the last, [`GroupContractError::MustRevoke`], and [`GroupError::Empty`] where there
    /// is nothing to publish.
    pub fn plan(
        group: &Group,
        digest: GroupDigest,
        contract: Address,
        state: &GroupState,
        known: &[KnownRoot],
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
        let recorded = known.iter().find(|known| known.root == state.root);
        let only_adds = root == state.root || index == 0 || has_grown(group, state.root, recorded);
        if !only_adds && recorded.is_none() && wish.following.is_none() {
            return Err(GroupContractError::NotFromHere { contract, index });
        }
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

/// Whether the group had this root, and only got members since.
fn has_grown(group: &Group, root: Option<Root>, recorded: Option<&KnownRoot>) -> bool {
    let tree = group.tree();
    if let Some(recorded) = recorded {
        let before = tree
            .leaves()
            .take(usize::try_from(recorded.places).unwrap_or(usize::MAX));
        return MerkleTree::from_leaves(tree.depth(), before)
            .is_ok_and(|before| before.root() == root);
    }
    let Some(root) = root else {
        // Everybody had been removed; of that the places still tell.
        return tree.leaves().next().is_some_and(|first| first.is_none());
    };
    let mut before = tree.clone();
    let places = (0..tree.len()).rev().take(MOST_ADDED);
    places
        .filter(|place| tree.leaf(*place).is_some())
        .any(|place| before.remove(place).is_ok() && before.root() == Some(root))
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
        RootChange::plan(group, [7; 32], CONTRACT, state, known, wish)
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
        let known = [KnownRoot::of(&group(&[1, 2]))];
        for known in [&known[..], &[]] {
            assert!(!revoking(plan(
                &group(&[1, 2, 3, 4]),
                &published,
                known,
                NO_WISH
            )));
            // Who came and went between two publications was never a member on chain.
            assert!(!revoking(plan(
                &group(&[1, 2, 0, 4]),
                &published,
                known,
                NO_WISH
            )));
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
        let known = [KnownRoot::of(&group(&[1, 2]))];
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
        let known = [KnownRoot::of(&group(&[1]))];
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
        assert!(!revoking(plan(&group(&[0, 2]), &emptied, &[], NO_WISH)));
        // A file from before the lock-down would let everybody in again.
        let refused = plan(&group(&[1, 2]), &emptied, &known, NO_WISH).unwrap_err();
        assert_eq!(refused.code(), "group_stale");
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
