//! A set of members or credentials: a tree in which no leaf stands twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    circuit::{Depth, DepthError},
    field::{Leaf, Root},
    tree::{MerkleTree, Path, TreeError},
};

/// Why a group was not changed or read.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GroupError {
    /// The leaf is in the group already.
    #[error("the leaf is in the group already, as number {index}")]
    Duplicate {
        /// Its place.
        index: u64,
    },
    /// The leaf is not in the group.
    #[error("the leaf is not in the group")]
    NotThere,
    /// The tree cannot take it.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// No tree has this depth.
    #[error(transparent)]
    Depth(#[from] DepthError),
}

/// A group as its keeper stores it: `{"depth": 20, "leaves": ["0x…", null, …]}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Group {
    tree: MerkleTree,
    places: BTreeMap<Leaf, u64>,
}

impl Group {
    /// A group without members.
    #[must_use]
    pub fn new(depth: Depth) -> Self {
        Self {
            tree: MerkleTree::new(depth),
            places: BTreeMap::new(),
        }
    }

    /// A group of these leaves, with none where one was removed. Each node is hashed once.
    ///
    /// # Errors
    /// [`GroupError::Duplicate`], with the first place of the leaf; [`GroupError::Tree`].
    pub fn from_leaves(
        depth: Depth,
        leaves: impl IntoIterator<Item = Option<Leaf>>,
    ) -> Result<Self, GroupError> {
        let leaves: Vec<Option<Leaf>> = leaves.into_iter().collect();
        let mut places = BTreeMap::new();
        for (index, leaf) in (0..).zip(&leaves) {
            if let Some(leaf) = leaf
                && let Some(index) = places.insert(*leaf, index)
            {
                return Err(GroupError::Duplicate { index });
            }
        }
        let tree = MerkleTree::from_leaves(depth, leaves)?;
        Ok(Self { tree, places })
    }

    /// Its tree.
    #[must_use]
    pub const fn tree(&self) -> &MerkleTree {
        &self.tree
    }

    /// How many leaves are in it now.
    #[must_use]
    pub fn members(&self) -> usize {
        self.places.len()
    }

    /// The place of a leaf, if it is in the group.
    #[must_use]
    pub fn place_of(&self, leaf: &Leaf) -> Option<u64> {
        self.places.get(leaf).copied()
    }

    /// What a policy names; none while nobody is in the group.
    #[must_use]
    pub fn root(&self) -> Option<Root> {
        self.tree.root()
    }

    /// Adds a leaf and returns its place.
    ///
    /// # Errors
    /// [`GroupError::Duplicate`], [`GroupError::Tree`].
    pub fn add(&mut self, leaf: Leaf) -> Result<u64, GroupError> {
        self.is_new(&leaf)?;
        let index = self.tree.append(leaf)?;
        self.places.insert(leaf, index);
        Ok(index)
    }

    /// Puts another leaf in the place of one, such as a credential with new attributes.
    ///
    /// # Errors
    /// [`GroupError::NotThere`], [`GroupError::Duplicate`], [`GroupError::Tree`].
    pub fn replace(&mut self, old: &Leaf, new: Leaf) -> Result<u64, GroupError> {
        let index = self.place(old)?;
        self.is_new(&new)?;
        self.tree.replace(index, new)?;
        self.places.remove(old);
        self.places.insert(new, index);
        Ok(index)
    }

    /// Takes a leaf out: proofs against the new root are over for it.
    ///
    /// # Errors
    /// [`GroupError::NotThere`].
    pub fn remove(&mut self, leaf: &Leaf) -> Result<(), GroupError> {
        self.tree.remove(self.place(leaf)?)?;
        self.places.remove(leaf);
        Ok(())
    }

    /// What a member proves with, until the group changes.
    ///
    /// # Errors
    /// [`GroupError::NotThere`].
    pub fn path(&self, leaf: &Leaf) -> Result<Path, GroupError> {
        Ok(self.tree.path(self.place(leaf)?)?)
    }

    fn place(&self, leaf: &Leaf) -> Result<u64, GroupError> {
        self.place_of(leaf).ok_or(GroupError::NotThere)
    }

    fn is_new(&self, leaf: &Leaf) -> Result<(), GroupError> {
        match self.place_of(leaf) {
            Some(index) => Err(GroupError::Duplicate { index }),
            None => Ok(()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    depth: u8,
    leaves: Vec<Option<Leaf>>,
}

impl TryFrom<Stored> for Group {
    type Error = GroupError;

    fn try_from(stored: Stored) -> Result<Self, GroupError> {
        Self::from_leaves(Depth::new(stored.depth)?, stored.leaves)
    }
}

impl From<Group> for Stored {
    fn from(group: Group) -> Self {
        Self {
            depth: group.tree.depth().levels(),
            leaves: group.tree.leaves().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ark_bls12_381::Fr;

    use super::*;

    fn leaf(number: u64) -> Leaf {
        Leaf(Fr::from(number))
    }

    fn group(leaves: u64) -> Group {
        let mut group = Group::new(Depth::new(4).unwrap());
        for number in 1..=leaves {
            group.add(leaf(number)).unwrap();
        }
        group
    }

    #[test]
    fn duplicate_leaves_are_refused() {
        let mut group = group(3);
        let duplicate = Err(GroupError::Duplicate { index: 1 });
        assert_eq!(group.add(leaf(2)), duplicate);
        assert_eq!(group.replace(&leaf(3), leaf(2)), duplicate);
        let before = group.root();
        group.remove(&leaf(2)).unwrap();
        assert_ne!(group.root(), before);
        assert_eq!(group.add(leaf(2)), Ok(3), "a place is never given twice");
        for error in [
            group.remove(&leaf(9)).unwrap_err(),
            group.path(&leaf(9)).unwrap_err(),
            group.replace(&leaf(9), leaf(10)).unwrap_err(),
        ] {
            assert_eq!(error, GroupError::NotThere);
        }
    }

    #[test]
    fn group_is_stored_and_read_as_json() {
        let mut kept = group(3);
        kept.remove(&leaf(2)).unwrap();
        let json = serde_json::to_string(&kept).unwrap();
        let read: Group = serde_json::from_str(&json).unwrap();
        assert_eq!(read.root(), kept.root());
        assert_eq!(read.path(&leaf(3)), kept.path(&leaf(3)));
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!((read.members(), read.tree().len()), (2, 3));
        let places = [1, 2, 3].map(|number| read.place_of(&leaf(number)));
        assert_eq!(places, [Some(0), None, Some(2)]);

        let three = leaf(3).to_string();
        for (bad, what) in [
            (json.replace("null", &format!("\"{three}\"")), "already"),
            (json.replace("\"depth\":4", "\"depth\":33"), "depth 33"),
            (json.replace("\"depth\":4", "\"depth\":1"), "full"),
            (json.replace(&three, &leaf(0).to_string()), "empty place"),
            (json.replace(&three, &three.replace("0x0", "0xf")), "order"),
        ] {
            let error = serde_json::from_str::<Group>(&bad).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
