//! Why a file or folder of UnixFS was refused.

use cid::Cid;

use crate::block::BlockError;

/// Why blocks are not the file or folder that was asked for.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnixfsError {
    /// A block is not the one that its CID names.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A block is no well-formed node.
    #[error("block {cid} is no UnixFS node: {problem}")]
    Malformed {
        /// The block.
        cid: Cid,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A CID of another codec.
    #[error("block {cid} has codec {codec:#x}; UnixFS has raw bytes and dag-pb")]
    UnknownCodec {
        /// The block.
        cid: Cid,
        /// Its multicodec.
        codec: u64,
    },
    /// A file was asked for, and this is something else.
    #[error("{cid} is a {kind}, not a file")]
    NotAFile {
        /// The block.
        cid: Cid,
        /// What it is.
        kind: &'static str,
    },
    /// A folder was asked for, and this is something else.
    #[error("{cid} is a {kind}, not a folder")]
    NotAFolder {
        /// The block.
        cid: Cid,
        /// What it is.
        kind: &'static str,
    },
    /// A block holds another number of bytes than the node above says.
    #[error("{cid} holds {found} bytes where {declared} were announced")]
    Size {
        /// The block.
        cid: Cid,
        /// What the node above says, or whoever asked for the file.
        declared: u64,
        /// What there is.
        found: u64,
    },
    /// The tree is deeper than is read.
    #[error("{cid} lies more than {limit} levels below the root")]
    TooDeep {
        /// The block.
        cid: Cid,
        /// The limit.
        limit: usize,
    },
    /// A node has more links than are read.
    #[error("{cid} has more than {limit} links")]
    TooWide {
        /// The block.
        cid: Cid,
        /// The limit.
        limit: usize,
    },
    /// The file has no such range.
    #[error("the range {start}..{end} is not within the file, which has {size} bytes")]
    OutOfRange {
        /// First byte of the range.
        start: u64,
        /// The byte after its last.
        end: u64,
        /// Bytes of the file.
        size: u64,
    },
    /// The folder has no such name.
    #[error("there is no {name:?} in folder {cid}")]
    NotFound {
        /// The folder.
        cid: Cid,
        /// The name.
        name: String,
    },
    /// A name that a folder cannot have.
    #[error("{name:?} cannot be a name in a folder: {problem}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A block more than the file has, or after a fault.
    #[error("a block was given where none was wanted")]
    Unwanted,
    /// Blocks are still missing.
    #[error("the file is cut short: block {wanted} is missing")]
    Incomplete {
        /// The next block.
        wanted: Cid,
    },
}
