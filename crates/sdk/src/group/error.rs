//! What keeps a group's file, a credential or a member's key from being used.

use stheno_circuits::{DepthError, Leaf};

/// Why a group, a credential or a member's key was not read, made or changed.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GroupError {
    /// The file cannot be opened, read, written or renamed.
    #[error("{path}: cannot {doing}: {why}")]
    Disk {
        /// The file.
        path: String,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        why: String,
    },
    /// What the file holds cannot be used.
    #[error("{path}: {fault}")]
    Within {
        /// The file.
        path: String,
        /// What is wrong with it.
        fault: Box<Self>,
    },
    /// There is a file of this name already, which may be somebody's group.
    #[error("{path} exists already")]
    Exists {
        /// The file.
        path: String,
    },
    /// Another command changes the file, and did not come to an end.
    #[error("{path} is being changed by another command")]
    Busy {
        /// The file.
        path: String,
    },
    /// The file is larger than any that is read.
    #[error("the group's file has more than {limit} bytes")]
    TooLarge {
        /// Most bytes.
        limit: u64,
    },
    /// The text is no group.
    #[error("this is no group: {why}")]
    NotAGroup {
        /// What is wrong with it, and where.
        why: String,
    },
    /// No group has this depth.
    #[error(transparent)]
    Depth(#[from] DepthError),
    /// Leaf 0 is that of an empty place.
    #[error("leaf {place} is that of an empty place")]
    EmptyLeaf {
        /// Its place, from 0.
        place: u64,
    },
    /// A leaf stands in the group twice, or would.
    #[error("{leaf} is in the group already, as number {place}")]
    Duplicate {
        /// The leaf.
        leaf: Leaf,
        /// Where it stands, from 0.
        place: u64,
    },
    /// The leaf is not in the group, or not any more.
    #[error("{named} is not in the group")]
    NotAMember {
        /// The leaf, or the commitment, that was named.
        named: String,
    },
    /// Every place was given.
    #[error(
        "the group is full: a tree of this depth has {capacity} places, and each is given once"
    )]
    Full {
        /// How many places there are.
        capacity: u64,
    },
    /// Nobody is in the group, so it has no root.
    #[error("nobody is in the group")]
    Empty,
    /// What should name a member does not.
    #[error("{text} is no commitment: {why}")]
    NotACommitment {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// A secret key stands where a commitment should. It is not repeated.
    #[error("this is a member's secret key, and no commitment")]
    SecretForCommitment,
    /// The text is no credential, or one that contradicts itself.
    #[error("this is no credential: {why}")]
    NotACredential {
        /// What is wrong with it.
        why: String,
    },
    /// The text is no member's key. It is not repeated.
    #[error("this is no member's key: {why}")]
    NotAKey {
        /// What is wrong with it.
        why: &'static str,
    },
}

impl GroupError {
    /// The same, of what a file holds.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn within(self, path: &std::path::Path) -> Self {
        Self::Within {
            path: path.display().to_string(),
            fault: Box::new(self),
        }
    }

    /// A stable name, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Disk { .. } => "group_unreadable",
            Self::Within { fault, .. } => fault.code(),
            Self::Exists { .. } => "group_exists",
            Self::Busy { .. } => "group_busy",
            Self::TooLarge { .. } | Self::NotAGroup { .. } | Self::EmptyLeaf { .. } => "bad_group",
            Self::Depth(_) => "group_depth",
            Self::Duplicate { .. } => "group_duplicate",
            Self::NotAMember { .. } => "not_in_group",
            Self::Full { .. } => "group_full",
            Self::Empty => "group_empty",
            Self::NotACommitment { .. } | Self::SecretForCommitment => "not_a_commitment",
            Self::NotACredential { .. } => "bad_credential",
            Self::NotAKey { .. } => "bad_member_key",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Within { fault, .. } => fault.hint(),
            Self::Disk { .. } => "check the name, the disk's space and your rights",
            Self::Exists { .. } => {
                "give another name: a group is not made anew, since its members would be lost"
            }
            Self::Busy { .. } => "wait until it is done, or end it",
            Self::TooLarge { .. } | Self::NotAGroup { .. } | Self::EmptyLeaf { .. } => {
                "`stheno group create FILE` makes such a file; get it again from who keeps the group"
            }
            Self::Depth(_) => "networks offer proofs about groups of depth 20, and of depth 32",
            Self::Duplicate { .. } => "leave it out: nobody is in a group twice",
            Self::NotAMember { .. } => "`stheno group show FILE --members` lists the leaves",
            Self::Full { .. } => {
                "make another group of depth 32, and let its members be added again"
            }
            Self::Empty => "add a member with `stheno group add`",
            Self::NotACommitment { .. } => {
                "a commitment is what `stheno member create` prints: 0x and 64 hex digits"
            }
            Self::SecretForCommitment => "give what `stheno member commitment FILE` prints",
            Self::NotACredential { .. } => "have it issued again",
            Self::NotAKey { .. } => "`stheno member create -o FILE` makes such a file",
        }
    }
}
