//! `stheno decrypt` of what a CID names: an envelope, or the folder of a collection.

use stheno::{
    collection::{InIpfs, find_in_gateways},
    source::Source,
    storage::UnixfsSource,
};

use super::{collection, part::Part};
use crate::{
    args::{DecryptArgs, RangeArg},
    failure::Failure,
    located::{Places, ipfs_address},
    opening::Opening,
};

/// Runs the command for an address in IPFS.
///
/// # Errors
/// What keeps the plaintext from being written; a denial above all.
pub(super) async fn run(
    args: &DecryptArgs,
    opening: &Opening<'_>,
    as_json: bool,
) -> Result<(), Failure> {
    let address = ipfs_address(&args.file)?;
    let places = Places {
        from: &args.from,
        gateways: &args.gateways.gateways,
    };
    let gateways = places.gateways_of(&address)?;
    let file = match find_in_gateways(&gateways, &address).await? {
        InIpfs::Manifest { .. } => return collection::run(args, opening, as_json).await,
        InIpfs::File(file) => file,
    };
    let unused = args.piece.is_some() || args.body.is_some() || args.escape_names;
    if unused || !args.from.is_empty() {
        return Err(Failure::new(
            "usage",
            "--piece, --body, --from and --escape-names are not for an envelope in IPFS",
        )
        .hint("leave them out: its CID names every byte, and --gateway says where it is"));
    }
    let source = UnixfsSource::new(file, gateways);
    let (header, source) = source.open_envelope().await?;
    if let Some(location) = header.location() {
        return Err(crate::sealed::body_needed(&args.file, location));
    }
    let body = header.as_bytes().len() as u64..source.size();
    let all = RangeArg {
        offset: 0,
        length: None,
    };
    let part = Part {
        args,
        wanted: args.range.unwrap_or(all),
        opening,
        as_json,
    };
    part.write(&header, source, body).await
}
