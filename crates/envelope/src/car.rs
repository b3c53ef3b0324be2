//! CARv1: blocks in a row, each with its CID, under a header of roots. SPEC.md §9.
//!
//! - [`CarWriter`]: where the roots are known before; [`CarDraft`] where they come last.
//! - [`CarReader`]: one block after the other, each checked against its CID.
//! - [`read_file`]: a CAR that is a file in the order of its bytes, to the bytes.

mod file;
mod header;
mod reader;
mod writer;

pub use file::{ReadFileError, read_file};
pub use reader::{CarError, CarLimits, CarReader};
pub use writer::{CarDraft, CarWriter};

pub(crate) use writer::{header_len, section_len};
