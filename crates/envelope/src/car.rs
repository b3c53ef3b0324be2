//! CARv1: blocks in a row, each with its CID, under a header of roots. SPEC.md §9.
//!
//! - [`CarWriter`]: where the roots are known before; [`CarDraft`] where they come last.
//! - [`CarReader`]: one block after the other, each checked against its CID.
//! - [`CarDecoder`]: the same for bytes that are given as they arrive.
//! - [`read_file`]: a CAR that is a file in the order of its bytes, to the bytes.

mod decoder;
mod file;
mod header;
mod reader;
mod writer;

pub use decoder::CarDecoder;
pub use file::{ReadFileError, read_file};
pub use reader::{CarError, CarLimits, CarReader};
pub use writer::{CarDraft, CarWriter};

pub(crate) use writer::{header_len, section_len};
