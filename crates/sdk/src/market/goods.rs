//! What is stored behind a link, looked at before anything is paid for it.

use std::sync::Arc;

use stheno_envelope::{Header, PieceHasher};

use super::{Listing, MarketError};
use crate::{
    Error,
    collection::{Link, StoredSource},
    source::{Source, SourceError},
    storage::Store,
};

/// The largest manifest that is fetched whole to be looked at. One of 100,000 files has 40 MiB.
const MAX_LOOKED_AT: u64 = 256 << 20;

/// Fetches the encrypted manifest that a link leads to, from the first place that has it whole, and
/// gives its header. That it is the piece that the seller listed is certain then, byte for byte; what is
/// in it, nobody knows who cannot read it.
///
/// # Errors
/// [`MarketError::NotTheseFiles`] when the link leads to another piece than the listing; what keeps it
/// from being fetched.
pub async fn look(
    listing: &Listing,
    folder: &Link,
    stores: Vec<Arc<dyn Store>>,
) -> Result<Header, Error> {
    let [piece] = folder.pieces.as_slice() else {
        return Err(other("the link leads to a manifest of several pieces"));
    };
    if Some(*piece) != listing.manifest {
        return Err(other("the link leads to another manifest than is listed"));
    }
    if folder.len() > MAX_LOOKED_AT {
        return Err(other("the manifest is larger than 256 MiB"));
    }
    let source = StoredSource::new(folder.envelope(), stores);
    let mut first = None;
    for copy in source.copies() {
        match source.fetch_copy(copy, 0..folder.len()).await {
            Ok(bytes) => {
                let mut hasher = PieceHasher::new(None);
                hasher.update(&bytes);
                if hasher.finish().is_ok_and(|found| found == *piece) {
                    return Ok(Header::read(&mut bytes.as_slice())?);
                }
                source.distrust(copy);
                let why = format!("what a place has is not piece {piece}");
                first = first.or(Some(SourceError::Unreadable { why }));
            }
            Err(error) => first = first.or(Some(error)),
        }
    }
    let nowhere = || SourceError::Unreadable {
        why: format!("no place is known that has piece {piece}"),
    };
    Err(first.unwrap_or_else(nowhere).into())
}

fn other(why: &str) -> Error {
    let why = why.to_owned();
    MarketError::NotTheseFiles { why }.into()
}
