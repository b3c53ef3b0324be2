//! From a folder to a collection: an envelope for each file, and a manifest of all of them.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use stheno_crypto::{ItemId, NetworkId};
use stheno_envelope::{
    EnvelopeError, PieceCid,
    manifest::{Entry, Manifest, ManifestDigest, ManifestError, ManifestHeader, StoredEnvelope},
    unixfs::{FileBuilder, Profile},
};

use super::{
    CollectionError, CollectionEvent,
    batch::Batch,
    desk::Desk,
    hashed::Hashed,
    joined::StoredBytes,
    journal::Journal,
    media_type::media_type,
    options::{CollectionOptions, Sealing},
    place::{latest_manifest, manifest_name},
    rendered::Rendered,
    seal::{Sealed, Sealer},
    walk::{Found, Stamp, check_apart, place_of, walk},
    work,
};
use crate::{
    EncryptOptions, Encryption, Error, SealTo,
    seal_to::{fresh_items_do, item_or_fresh},
};

/// Encrypts every file of a folder to the same readers, and writes a manifest of them.
///
/// The output holds `manifest-1.fee`, an envelope, and pieces: an envelope each, or a part of one that
/// is larger than a piece, called by their PieceCIDs. So it is a [`storage::Folder`](crate::storage::Folder),
/// and no name in it tells anything. Files are taken one after the other, in bounded memory but for the
/// manifest's entries. Blocks the thread.
///
/// A file appears under its name when it is whole and durable, the manifest last. Killed at any point
/// and called again for the same, it keeps what is whole. `now` is in seconds since 1970.
///
/// # Errors
/// [`Error::Collection`] when the folder is empty, holds what is no file, or the output holds a
/// collection; as [`Encryption`].
pub fn encrypt_folder(
    folder: &Path,
    output: &Path,
    to: &[SealTo],
    options: &CollectionOptions,
    now: u64,
) -> Result<Sealing, Error> {
    write(folder, output, to, options, None, now)
}

/// Adds the files of a folder to a collection as a new version of its manifest.
///
/// A file with the path of one that is there takes its place in the new version, unless it has the
/// same bytes; those that are not in the folder stay. Nothing that is stored is written to: versions
/// before can be read as they could.
///
/// # Errors
/// As [`encrypt_folder`]; [`CollectionError::Occupied`] when `before` is not the latest version in
/// `output`.
pub fn add_folder(
    folder: &Path,
    output: &Path,
    before: &Manifest,
    to: &[SealTo],
    options: &CollectionOptions,
    now: u64,
) -> Result<Sealing, Error> {
    write(folder, output, to, options, Some(before), now)
}

fn write(
    folder: &Path,
    output: &Path,
    to: &[SealTo],
    options: &CollectionOptions,
    before: Option<&Manifest>,
    now: u64,
) -> Result<Sealing, Error> {
    if to.is_empty() && options.encrypt.also_to.is_empty() {
        return Err(Error::NoRecipient);
    }
    check_apart(folder, output)?;
    let (found, skipped) = walk(folder, options.oddities)?;
    for error in &skipped {
        tell(options, &CollectionEvent::Skipped { why: error });
    }
    let desk = Desk::open(output)?;
    let version = before.map_or(1, |before| before.header().version + 1);
    let latest = latest_manifest(output)?.map_or(0, |(version, _)| version);
    if latest + 1 != version {
        let path = output.display().to_string();
        return Err(CollectionError::Occupied { path }.into());
    }
    let encrypt = EncryptOptions {
        // One key, one file.
        cek: None,
        ..options.encrypt.clone()
    };
    let mut run = Run {
        folder,
        options,
        sealer: Sealer {
            desk: &desk,
            to,
            options: &encrypt,
            limits: options.limits,
        },
        item: None,
    };
    let sealing = run.all(&found, before, version, now)?;
    desk.clear()?;
    Ok(Sealing { skipped, ..sealing })
}

struct Run<'a> {
    folder: &'a Path,
    options: &'a CollectionOptions,
    sealer: Sealer<'a>,
    item: Option<ItemId>,
}

impl Run<'_> {
    fn all(
        &mut self,
        found: &[Found],
        before: Option<&Manifest>,
        version: u64,
        now: u64,
    ) -> Result<Sealing, Error> {
        let everybody = || self.sealer.to.iter().chain(&self.options.encrypt.also_to);
        let shared = match self.options.one_item || self.options.encrypt.item.is_some() {
            true => Some(item_or_fresh(self.options.encrypt.item, everybody())?),
            false => fresh_items_do(everybody()).map(|()| None)?,
        };
        let lengths = found.iter().map(|found| found.stamp.size);
        let extremes = [lengths.clone().min(), lengths.max()];
        self.sealer.check(extremes.into_iter().flatten())?;
        let notes = self.sealer.desk.notes();
        let digest = work::digest(self.folder, version, self.options, &self.sealer);
        let journal =
            Journal::open(notes, &digest, shared).map_err(|error| self.unnoted(&error))?;
        self.item = journal.item();
        let total = found.iter().map(|found| found.stamp.size).sum();
        tell(
            self.options,
            &CollectionEvent::Begins {
                files: found.len() as u64,
                bytes: total,
            },
        );

        let mut work = Work {
            batch: Batch::default(),
            journal,
            waiting: Vec::new(),
            entries: Vec::with_capacity(found.len()),
        };
        let (mut encrypted, mut kept) = (0, 0);
        for file in found {
            let known = work.journal.take(&file.path, &file.stamp, |entry| {
                self.is_here(&entry.envelope)
            });
            let there = before.and_then(|before| before.find(&file.path));
            let same = match (&known, there) {
                (None, Some(there)) => self.is_same(file, there)?.then(|| there.clone()),
                _ => None,
            };
            match known.or(same) {
                Some(entry) => {
                    kept += 1;
                    self.done(&entry, true);
                    work.entries.push(entry);
                }
                None => {
                    encrypted += 1;
                    // What waits is not to wait for hours.
                    if !work.batch.has_room(file.stamp.size) {
                        self.settle(&mut work)?;
                    }
                    let entry = match self.one(file, &mut work) {
                        Ok(entry) => entry,
                        Err(error) => {
                            // What is whole is not to be done again. The first error says more.
                            let _ = self.settle(&mut work);
                            return Err(error);
                        }
                    };
                    work.entries.push(entry);
                    work.waiting.push((file.stamp, work.entries.len() - 1));
                    if work.batch.is_full() {
                        self.settle(&mut work)?;
                    }
                }
            }
        }
        self.settle(&mut work)?;
        let Work {
            journal, entries, ..
        } = work;
        let entries = with_those_before(entries, before);
        let header = self.header(&entries, before, version, now);
        let (digest, manifest) = self.manifest(header, &entries)?;
        // Nobody has the key of what an earlier run did not finish.
        for piece in journal.left_over() {
            let _ = fs::remove_file(self.sealer.desk.folder().join(piece.to_string()));
        }
        Ok(Sealing {
            manifest,
            version,
            digest,
            encrypted,
            kept,
            plaintext_bytes: entries.iter().map(|entry| entry.size).sum(),
            envelope_bytes: entries.iter().map(|entry| entry.envelope.len).sum(),
            item: self.item,
            skipped: Vec::new(),
            entries,
        })
    }

    /// Gives what waits its name, and notes the files that are done with it.
    fn settle(&self, work: &mut Work<'_>) -> Result<(), CollectionError> {
        work.batch.keep()?;
        let done = || {
            let waiting = work.waiting.iter();
            waiting.filter_map(|(stamp, place)| Some((stamp, work.entries.get(*place)?)))
        };
        work.journal
            .note(done())
            .map_err(|error| self.unnoted(&error))?;
        done().for_each(|(_, entry)| self.done(entry, false));
        work.waiting.clear();
        Ok(())
    }

    fn done(&self, entry: &Entry, already: bool) {
        tell(
            self.options,
            &CollectionEvent::File {
                path: &entry.path,
                size: entry.size,
                already,
            },
        );
    }

    fn unnoted(&self, error: &io::Error) -> CollectionError {
        CollectionError::disk("note", self.sealer.desk.folder(), error)
    }

    /// Encrypts a file, whose pieces may have to wait for their names.
    fn one(&self, found: &Found, work: &mut Work<'_>) -> Result<Entry, Error> {
        let place = place_of(self.folder, &found.path);
        let changed = || CollectionError::Changed {
            path: place.display().to_string(),
        };
        let file = open(&place)?;
        let stamp = |file: &File| stamp(file, &place);
        if stamp(&file)? != found.stamp {
            return Err(changed().into());
        }
        let counted = Counted {
            input: &file,
            options: self.options,
        };
        let Work { batch, journal, .. } = work;
        let mut note = |piece: &PieceCid| journal.note_piece(piece);
        let size = found.stamp.size;
        let sealed = self.sealer.seal(counted, size, self.item, batch, &mut note);
        let Sealed {
            sha256,
            header_sha256,
            item,
            mut envelope,
        } = match sealed {
            Err(Error::Envelope(EnvelopeError::LengthChanged { .. })) => {
                return Err(changed().into());
            }
            sealed => sealed?,
        };
        if stamp(&file)? != found.stamp {
            return Err(changed().into());
        }
        if self.options.cids {
            work.batch.keep()?;
            let mut bytes = StoredBytes::new(self.sealer.desk.folder(), &envelope);
            let root = FileBuilder::read(Profile::V1_2025, &mut bytes, &mut ());
            let root = root.map_err(|error| {
                CollectionError::disk("read", self.sealer.desk.folder(), &error)
            })?;
            envelope.cid = Some(root.cid);
        }
        Ok(Entry {
            media_type: media_type(&found.path).map(str::to_owned),
            path: found.path.clone(),
            size: found.stamp.size,
            sha256,
            header_sha256,
            modified: found.stamp.seconds(),
            item,
            envelope,
        })
    }

    /// Whether all pieces of an envelope are in the output. They were whole when they got their names.
    fn is_here(&self, envelope: &StoredEnvelope) -> bool {
        envelope.parts.iter().all(|part| {
            let path = self.sealer.desk.folder().join(part.piece.to_string());
            fs::metadata(path).is_ok_and(|there| there.len() == part.piece.payload_len())
        })
    }

    /// Whether a file has the bytes of a version before.
    fn is_same(&self, found: &Found, there: &Entry) -> Result<bool, Error> {
        if found.stamp.size != there.size {
            return Ok(false);
        }
        let place = place_of(self.folder, &found.path);
        let mut hashed = Hashed {
            input: io::sink(),
            hash: Sha256::new(),
        };
        io::copy(&mut open(&place)?, &mut hashed)
            .map_err(|error| CollectionError::disk("read", &place, &error))?;
        let digest: [u8; 32] = hashed.hash.finalize().into();
        Ok(digest == there.sha256)
    }

    fn header(
        &self,
        entries: &[Entry],
        before: Option<&Manifest>,
        version: u64,
        now: u64,
    ) -> ManifestHeader {
        let named = self.options.name.clone();
        let named = named.or_else(|| before.map(|before| before.header().collection.clone()));
        let mut hints = self.options.hints.clone();
        for hint in before.iter().flat_map(|before| &before.header().hints) {
            if !hints.contains(hint) {
                hints.push(hint.clone());
            }
        }
        ManifestHeader {
            network: self
                .network()
                .or(before.and_then(|before| before.header().network)),
            collection: named.unwrap_or_else(|| name_of(self.folder)),
            version,
            previous: before.map(|before| *before.digest()),
            created: now,
            hints,
            entries: entries.len() as u64,
        }
    }

    fn network(&self) -> Option<NetworkId> {
        let also = &self.options.encrypt.also_to;
        self.sealer.to.iter().chain(also).find_map(|to| match to {
            SealTo::Network { network, .. } => Some(network.file().network_id()),
            _ => None,
        })
    }

    /// Writes the manifest, whole or not at all.
    fn manifest(
        &self,
        header: ManifestHeader,
        entries: &[Entry],
    ) -> Result<(ManifestDigest, PathBuf), Error> {
        let desk = self.sealer.desk;
        let target = desk.folder().join(manifest_name(header.version));
        let options = EncryptOptions {
            item: self.item,
            ..self.sealer.options.clone()
        };
        let encryption = Encryption::prepare(self.sealer.to, options)?;
        let draft = desk.draft()?;
        let mut rendered = Rendered::new(header, entries).map_err(CollectionError::from)?;
        let written = encryption.write(&mut rendered, draft.file());
        if let Some(error) = rendered.failed.take() {
            return Err(CollectionError::from(error).into());
        }
        written?;
        let unread = ManifestError::Count {
            declared: entries.len() as u64,
            found: 0,
        };
        let digest = rendered.digest.ok_or(CollectionError::from(unread))?;
        draft.keep(&target)?;
        Ok((digest, target))
    }
}

/// What a run has done.
struct Work<'a> {
    batch: Batch,
    journal: Journal<'a>,
    /// Files that are done when the batch is kept, by their places in `entries`.
    waiting: Vec<(Stamp, usize)>,
    /// Of all files so far, sorted by path.
    entries: Vec<Entry>,
}

/// With those of the version before that are not in the folder; sorted by path, as both are.
fn with_those_before(entries: Vec<Entry>, before: Option<&Manifest>) -> Vec<Entry> {
    let Some(before) = before else {
        return entries;
    };
    let mut all = Vec::with_capacity(entries.len().max(before.entries().len()));
    let mut olds = before.entries().iter().peekable();
    for entry in entries {
        while let Some(old) = olds.next_if(|old| old.path < entry.path) {
            all.push(old.clone());
        }
        let _replaced = olds.next_if(|old| old.path == entry.path);
        all.push(entry);
    }
    all.extend(olds.cloned());
    all
}

fn open(place: &Path) -> Result<File, CollectionError> {
    File::open(place).map_err(|error| CollectionError::disk("read", place, &error))
}

fn stamp(file: &File, place: &Path) -> Result<Stamp, CollectionError> {
    let metadata = file.metadata();
    let metadata = metadata.map_err(|error| CollectionError::disk("read", place, &error))?;
    Ok(Stamp::of(&metadata))
}

/// The folder's own name, as far as it can be one.
fn name_of(folder: &Path) -> String {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().map(|name| name.to_string_lossy());
    let name: String = name
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(60)
        .collect();
    match name.is_empty() {
        true => "collection".to_owned(),
        false => name,
    }
}

fn tell(options: &CollectionOptions, event: &CollectionEvent<'_>) {
    if let Some(observer) = &options.observer {
        observer(event);
    }
}

/// Tells how many bytes were read.
struct Counted<'a, R> {
    input: R,
    options: &'a CollectionOptions,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let bytes = read as u64;
        tell(self.options, &CollectionEvent::Bytes { bytes });
        Ok(read)
    }
}
