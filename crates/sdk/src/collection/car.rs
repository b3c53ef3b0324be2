//! A collection, or an envelope, as a CARv1: what IPFS tools take. Profile `unixfs-v1-2025`.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    path::Path,
};

use stheno_envelope::{
    Cid, PieceCid,
    car::CarDraft,
    manifest::Entry,
    unixfs::{Directory, DirectoryEntry, FileBuilder, Profile, Root},
};

use super::{CollectionError, joined::StoredBytes, place::manifest_name};

/// Writes a file as a CAR into a sink that seeks, and gives its root.
///
/// # Errors
/// What source and sink report.
pub fn write_file_car(source: &mut impl Read, sink: impl Write + Seek) -> io::Result<Root> {
    let mut car = CarDraft::new(BufWriter::with_capacity(1 << 20, sink))?;
    let root = FileBuilder::read(Profile::V1_2025, source, &mut car)?;
    car.finish(&root.cid)?;
    Ok(root)
}

/// Writes a collection that is in a folder as a CAR into a sink that seeks, and gives its root: a folder
/// with the manifest's envelope under its name, and each file's envelope under its own CID and `.fee`.
/// Of a file of which the manifest has no CID, since it was encrypted without them, each piece besides is
/// under its PieceCID: readers know nothing else of it. An envelope in several pieces is there as those
/// alone.
///
/// # Errors
/// [`CollectionError::Disk`] when a piece is not in the folder or the CAR cannot be written.
pub fn write_folder_car(
    folder: &Path,
    entries: &[Entry],
    version: u64,
    sink: impl Write + Seek,
) -> Result<Root, CollectionError> {
    let unwritten = |error: io::Error| CollectionError::disk("write", Path::new("the CAR"), &error);
    let sink = BufWriter::with_capacity(1 << 20, sink);
    let mut car = CarDraft::new(sink).map_err(unwritten)?;
    let mut links: Vec<DirectoryEntry> = Vec::with_capacity(entries.len() + 1);
    let link = |name: String, root: &Root| DirectoryEntry {
        name,
        cid: root.cid,
        dag_size: root.dag_size,
    };
    let mut pieces: HashSet<PieceCid> = HashSet::new();
    for entry in entries {
        let parts = &entry.envelope.parts;
        if entry.envelope.cid.is_none() && parts.len() > 1 {
            for piece in parts.iter().map(|part| part.piece) {
                if pieces.insert(piece) {
                    let root = piece_of(folder, &piece, &mut car)?;
                    links.push(link(piece.to_string(), &root));
                }
            }
            continue;
        }
        let mut bytes = StoredBytes::new(folder, &entry.envelope);
        let root = FileBuilder::read(Profile::V1_2025, &mut bytes, &mut car);
        let root = root.map_err(|error| CollectionError::disk("read", folder, &error))?;
        if entry.envelope.cid.is_some_and(|cid: Cid| cid != root.cid) {
            return Err(CollectionError::Other {
                path: entry.path.to_string(),
                how: "its pieces make another CID than the manifest names",
            });
        }
        if let ([part], None) = (parts.as_slice(), entry.envelope.cid)
            && part.len == part.piece.payload_len()
            && pieces.insert(part.piece)
        {
            links.push(link(part.piece.to_string(), &root));
        }
        links.push(link(format!("{}.fee", root.cid), &root));
    }
    let name = manifest_name(version);
    let path = folder.join(&name);
    let root = File::open(&path).and_then(|file| {
        let mut file = BufReader::with_capacity(1 << 16, file);
        FileBuilder::read(Profile::V1_2025, &mut file, &mut car)
    });
    let root = root.map_err(|error| CollectionError::disk("read", &path, &error))?;
    links.push(link(name, &root));
    let directory = Directory::new(links)?.build(Profile::V1_2025)?;
    directory.blocks(&mut car).map_err(unwritten)?;
    let root = directory.root();
    car.finish(&root.cid).map_err(unwritten)?;
    Ok(root)
}

/// A piece as a file of its own.
fn piece_of(
    folder: &Path,
    piece: &PieceCid,
    car: &mut CarDraft<impl Write + Seek>,
) -> Result<Root, CollectionError> {
    let path = folder.join(piece.to_string());
    let root = File::open(&path).and_then(|file| {
        let mut file = BufReader::with_capacity(1 << 20, file);
        FileBuilder::read(Profile::V1_2025, &mut file, car)
    });
    root.map_err(|error| CollectionError::disk("read", &path, &error))
}
