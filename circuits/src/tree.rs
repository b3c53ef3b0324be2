//! The tree of a set: sparse, appended to, changed in place.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ark_bls12_381::Fr;
use serde::{Deserialize, Serialize};

use crate::{
    circuit::Depth,
    field::{Leaf, Node, Root},
    spec::{self, EMPTY_LEAF, MAX_DEPTH},
};

/// Why a tree was not changed or read.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TreeError {
    /// There was never a leaf at this place.
    #[error("there is no leaf {index}, the tree has had {len}")]
    NoSuchLeaf {
        /// The place asked for.
        index: u64,
        /// How many places were given so far.
        len: u64,
    },
    /// Every place was given.
    #[error("the tree is full with {capacity} leaves")]
    Full {
        /// How many leaves fit.
        capacity: u64,
    },
    /// A leaf that reads as no leaf.
    #[error("the leaf is that of an empty place")]
    EmptyLeaf,
}

/// The hashes of a tree whose leaves stand at places 0, 1, 2 and so on; a place is never given twice.
///
/// A change costs one hash for each level.
#[derive(Clone, Debug)]
pub struct MerkleTree {
    depth: Depth,
    len: u64,
    /// What is not empty, from the leaves up to the root's level.
    levels: Vec<BTreeMap<u64, Fr>>,
}

/// What leads from one leaf to the root: one sibling for each level, from the leaf's upwards.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// The leaf's place. Its bits say on which side each sibling stands.
    pub index: u64,
    /// The siblings.
    pub siblings: Vec<Node>,
}

impl MerkleTree {
    /// A tree without leaves.
    #[must_use]
    pub fn new(depth: Depth) -> Self {
        Self {
            depth,
            len: 0,
            levels: vec![BTreeMap::new(); usize::from(depth.levels()) + 1],
        }
    }

    /// A tree of these leaves, with none where one was removed. Each node is hashed once.
    ///
    /// # Errors
    /// [`TreeError::Full`], [`TreeError::EmptyLeaf`].
    pub fn from_leaves(
        depth: Depth,
        leaves: impl IntoIterator<Item = Option<Leaf>>,
    ) -> Result<Self, TreeError> {
        let mut tree = Self::new(depth);
        let mut level = BTreeMap::new();
        for leaf in leaves {
            tree.has_room()?;
            if let Some(Leaf(leaf)) = leaf {
                not_empty(leaf)?;
                level.insert(tree.len, leaf);
            }
            tree.len += 1;
        }
        for (slot, empty) in tree.levels.iter_mut().zip(empty_nodes()) {
            let mut above = BTreeMap::new();
            for &index in level.keys() {
                let child = |index| level.get(&index).copied().unwrap_or(*empty);
                above
                    .entry(index / 2)
                    .or_insert_with(|| spec::node(child(index & !1), child(index | 1)));
            }
            *slot = std::mem::replace(&mut level, above);
        }
        Ok(tree)
    }

    /// The tree's depth.
    #[must_use]
    pub const fn depth(&self) -> Depth {
        self.depth
    }

    /// How many places were given, removed leaves included.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether no leaf stands in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.levels.first().is_none_or(BTreeMap::is_empty)
    }

    /// The root, or none of a tree without leaves: nobody could ever prove anything against it.
    #[must_use]
    pub fn root(&self) -> Option<Root> {
        let root = self.levels.last()?.get(&0)?;
        (!self.is_empty()).then_some(Root(*root))
    }

    /// The leaf at a place, if there is one now.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Leaf> {
        self.levels.first()?.get(&index).copied().map(Leaf)
    }

    /// The leaves by place, with none where one was removed.
    pub fn leaves(&self) -> impl Iterator<Item = Option<Leaf>> + '_ {
        (0..self.len).map(|index| self.leaf(index))
    }

    /// Adds a leaf at the next place, which is returned.
    ///
    /// # Errors
    /// [`TreeError::Full`], [`TreeError::EmptyLeaf`].
    pub fn append(&mut self, leaf: Leaf) -> Result<u64, TreeError> {
        self.has_room()?;
        not_empty(leaf.0)?;
        let index = self.len;
        self.len += 1;
        self.put(index, leaf.0);
        Ok(index)
    }

    /// Puts another leaf at a place.
    ///
    /// # Errors
    /// [`TreeError::NoSuchLeaf`], [`TreeError::EmptyLeaf`].
    pub fn replace(&mut self, index: u64, leaf: Leaf) -> Result<(), TreeError> {
        self.has(index)?;
        not_empty(leaf.0)?;
        self.put(index, leaf.0);
        Ok(())
    }

    /// Empties a place, for good.
    ///
    /// # Errors
    /// [`TreeError::NoSuchLeaf`].
    pub fn remove(&mut self, index: u64) -> Result<(), TreeError> {
        self.has(index)?;
        self.put(index, EMPTY_LEAF);
        Ok(())
    }

    /// What leads from a place to the root now. A member asks again after every change.
    ///
    /// # Errors
    /// [`TreeError::NoSuchLeaf`].
    pub fn path(&self, index: u64) -> Result<Path, TreeError> {
        self.has(index)?;
        let siblings = self.levels.iter().zip(empty_nodes()).enumerate();
        let siblings = siblings
            .take(self.depth.levels().into())
            .map(|(height, (level, empty))| {
                let sibling = level.get(&((index >> height) ^ 1));
                Node(sibling.copied().unwrap_or(*empty))
            })
            .collect();
        Ok(Path { index, siblings })
    }

    fn put(&mut self, index: u64, leaf: Fr) {
        let mut index = index;
        let mut node = leaf;
        for (level, empty) in self.levels.iter_mut().zip(empty_nodes()) {
            if node == *empty {
                level.remove(&index);
            } else {
                level.insert(index, node);
            }
            let sibling = level.get(&(index ^ 1)).copied().unwrap_or(*empty);
            node = parent(index & 1 == 1, node, sibling);
            index >>= 1;
        }
    }

    const fn has(&self, index: u64) -> Result<(), TreeError> {
        let len = self.len;
        if index < len {
            Ok(())
        } else {
            Err(TreeError::NoSuchLeaf { index, len })
        }
    }

    const fn has_room(&self) -> Result<(), TreeError> {
        let capacity = self.depth.capacity();
        if self.len < capacity {
            Ok(())
        } else {
            Err(TreeError::Full { capacity })
        }
    }
}

impl Path {
    /// The root to which this leads from a leaf.
    #[must_use]
    pub fn root(&self, leaf: &Leaf) -> Root {
        let mut node = leaf.0;
        for (height, sibling) in (0..u64::BITS).zip(&self.siblings) {
            node = parent((self.index >> height) & 1 == 1, node, sibling.0);
        }
        Root(node)
    }
}

/// The root of a tree of this depth without leaves, which no policy should name.
#[must_use]
pub fn empty_root(depth: Depth) -> Root {
    let root = empty_nodes().get(usize::from(depth.levels()));
    Root(root.copied().unwrap_or(EMPTY_LEAF))
}

fn parent(is_right: bool, node: Fr, sibling: Fr) -> Fr {
    if is_right {
        spec::node(sibling, node)
    } else {
        spec::node(node, sibling)
    }
}

fn not_empty(leaf: Fr) -> Result<(), TreeError> {
    if leaf == EMPTY_LEAF {
        return Err(TreeError::EmptyLeaf);
    }
    Ok(())
}

/// The empty subtree of each height, from a leaf's on.
fn empty_nodes() -> &'static [Fr] {
    static NODES: OnceLock<Vec<Fr>> = OnceLock::new();
    NODES.get_or_init(|| {
        let above = |node: &Fr| Some(spec::node(*node, *node));
        std::iter::successors(Some(EMPTY_LEAF), above)
            .take(usize::from(MAX_DEPTH) + 1)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use ark_ff::AdditiveGroup;
    use proptest::prelude::*;

    use super::*;

    fn leaf(number: u64) -> Leaf {
        Leaf(Fr::from(number))
    }

    #[test]
    fn tree_of_depth_two_has_the_root_that_one_computes_by_hand() {
        let mut tree = MerkleTree::new(Depth::new(2).unwrap());
        for number in 1..=3 {
            tree.append(leaf(number)).unwrap();
        }
        let [a, b, c] = [1u8, 2, 3].map(Fr::from);
        let root = spec::node(spec::node(a, b), spec::node(c, Fr::ZERO));
        assert_eq!(tree.root(), Some(Root(root)));
    }

    #[test]
    fn empty_tree_has_no_root_before_and_after() {
        let depth = Depth::new(3).unwrap();
        let mut tree = MerkleTree::new(depth);
        assert_eq!((tree.root(), tree.is_empty()), (None, true));
        let index = tree.append(leaf(5)).unwrap();
        assert!(tree.root().is_some_and(|root| root != empty_root(depth)));
        tree.remove(index).unwrap();
        assert_eq!((tree.root(), tree.is_empty(), tree.len()), (None, true, 1));
        assert!(tree.levels.iter().all(BTreeMap::is_empty));
    }

    #[test]
    fn places_that_are_not_there_and_empty_leaves_are_refused() {
        let mut tree = MerkleTree::new(Depth::new(1).unwrap());
        let missing = Err(TreeError::NoSuchLeaf { index: 0, len: 0 });
        assert_eq!(tree.remove(0), missing);
        assert_eq!(tree.replace(0, leaf(1)), missing);
        assert!(tree.path(0).is_err());
        assert_eq!(tree.append(leaf(0)), Err(TreeError::EmptyLeaf));
        tree.append(leaf(1)).unwrap();
        tree.append(leaf(2)).unwrap();
        let full = TreeError::Full { capacity: 2 };
        assert_eq!(tree.append(leaf(3)), Err(full));
        let three = [1, 2, 3].map(|number| Some(leaf(number)));
        assert_eq!(
            MerkleTree::from_leaves(tree.depth(), three).unwrap_err(),
            full
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        /// However a tree came about, its leaves decide over its root, and every path leads there.
        #[test]
        fn tree_depends_on_its_leaves_alone(
            changes in proptest::collection::vec((any::<u8>(), 0u64..20, 1u64..1000), 1..40),
            depth in 5u8..=32,
        ) {
            let depth = Depth::new(depth).unwrap();
            let mut tree = MerkleTree::new(depth);
            for (kind, index, number) in changes {
                match kind % 4 {
                    0 | 1 if tree.len() < 32 => { tree.append(leaf(number)).unwrap(); }
                    2 => { let _ = tree.replace(index, leaf(number)); }
                    _ => { let _ = tree.remove(index); }
                }
            }
            let again = MerkleTree::from_leaves(depth, tree.leaves()).unwrap();
            prop_assert_eq!(again.root(), tree.root());
            prop_assert_eq!(&again.levels, &tree.levels);
            for (index, leaf) in (0..).zip(tree.leaves()) {
                let leaf = leaf.unwrap_or(Leaf(EMPTY_LEAF));
                let root = tree.path(index).unwrap().root(&leaf);
                prop_assert_eq!(root, tree.root().unwrap_or(empty_root(depth)));
            }
        }
    }
}
