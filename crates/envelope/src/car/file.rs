//! A CAR that holds a file, or a part of it, in the order of its bytes.

use std::io::{self, Read, Write};

use cid::Cid;

use super::{CarError, CarReader};
use crate::unixfs::{FileVerifier, UnixfsError};

/// Why a CAR is not the file that was asked for.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ReadFileError {
    /// It is no CAR, or a damaged one.
    #[error(transparent)]
    Car(#[from] CarError),
    /// Its blocks are not the file's.
    #[error(transparent)]
    Unixfs(#[from] UnixfsError),
    /// Another block stands where one of the file must.
    #[error(
        "the CAR has block {found} where {wanted} must stand: ask for blocks in the order of the file, repeated ones too (order=dfs; dups=y)"
    )]
    Order {
        /// The block that must come.
        wanted: Cid,
        /// The one that came.
        found: Box<Cid>,
    },
    /// Blocks follow that are none of the file's.
    #[error("block {found} follows the end of the file in the CAR")]
    Trailing {
        /// The first of them.
        found: Cid,
    },
    /// Writing failed.
    #[error("cannot write the file")]
    Write(#[source] io::Error),
}

/// Writes what the verifier asks for, as the blocks come; gives the number of
/// bytes. What was written before an error was the file's, too.
///
/// # Errors
/// [`ReadFileError`].
pub fn read_file<R: Read>(
    car: &mut CarReader<R>,
    verifier: &mut FileVerifier,
    sink: &mut impl Write,
) -> Result<u64, ReadFileError> {
    let mut block = Vec::new();
    let mut written = 0;
    while let Some(wanted) = verifier.wanted().copied() {
        let Some(found) = car.read_block(&mut block)? else {
            return Err(UnixfsError::Incomplete { wanted }.into());
        };
        if found != wanted {
            return Err(ReadFileError::Order {
                wanted,
                found: Box::new(found),
            });
        }
        let bytes = verifier.push(&block)?;
        sink.write_all(bytes).map_err(ReadFileError::Write)?;
        written += bytes.len() as u64;
    }
    verifier.finish()?;
    match car.read_block(&mut block)? {
        Some(found) => Err(ReadFileError::Trailing { found }),
        None => Ok(written),
    }
}
