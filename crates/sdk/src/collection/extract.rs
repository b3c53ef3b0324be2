//! From a collection to files in a folder.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use sha2::{Digest, Sha256};
use stheno_envelope::{
    EnvelopeError, Header,
    manifest::{Entry, Extraction, FileSystem, Naming},
};

use super::{
    Access, Collection, CollectionError, CollectionEvent, CollectionObserver,
    batch::Batch,
    desk::{Desk, is_reserved},
    hashed::Hashed,
};
use crate::Error;

/// The most files whose keys are asked for at once.
const BATCH_FILES: usize = 256;
/// And what their headers may take in memory.
const BATCH_BYTES: u64 = 16 << 20;

/// How files are written into a folder.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ExtractOptions {
    /// What to do with names that this system does not have.
    pub naming: Naming,
    /// Replace files that are there with other bytes.
    pub replace: bool,
    /// Is told what is going on.
    pub observer: Option<CollectionObserver>,
}

impl std::fmt::Debug for ExtractOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExtractOptions")
            .field("naming", &self.naming)
            .field("replace", &self.replace)
            .finish_non_exhaustive()
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Extracted {
    /// Files that are there now.
    pub files: u64,
    /// Those of them that were there already, with the same bytes.
    pub already: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Collection {
    /// Decrypts files into a folder, each under its path below it and never elsewhere.
    ///
    /// Keys are asked for in batches: files of one item need one request in 256, and so do 256 items.
    /// A file appears under its name when it is whole and is the one of the manifest. What is there
    /// already with the same bytes is not fetched again, so a run that was killed is gone on with by
    /// the same call.
    ///
    /// # Errors
    /// [`CollectionError::Exists`] when another file is there, [`CollectionError::Place`] for names
    /// that this system does not have, [`CollectionError::Other`] for a file that is not the one of the
    /// manifest; as [`Access::keys`]. Files that were written before stay.
    pub async fn extract(
        &self,
        entries: &[&Entry],
        access: &Access,
        target: &Path,
        options: &ExtractOptions,
    ) -> Result<Extracted, Error> {
        // All names first: a name that cannot be is better known before a day of downloading.
        let mut extraction = Extraction::new(here(), options.naming);
        let mut wanted = Vec::with_capacity(entries.len());
        for entry in entries {
            let place = extraction.place(&entry.path);
            let place = place.map_err(CollectionError::from)?;
            if is_reserved(&place) {
                let problem = "it is kept for work in a folder".to_owned();
                return Err(CollectionError::Name {
                    path: place,
                    problem,
                }
                .into());
            }
            wanted.push((*entry, place));
        }
        drop(extraction);
        let bytes = entries.iter().map(|entry| entry.size).sum();
        let desk = Desk::open(target)?;
        let run = Run {
            collection: self,
            desk,
            options,
        };
        run.tell(&CollectionEvent::Begins {
            files: entries.len() as u64,
            bytes,
        });
        let mut extracted = Extracted {
            files: entries.len() as u64,
            bytes,
            already: 0,
        };
        let mut batch = Vec::new();
        let mut batch_bytes = 0;
        for (entry, place) in wanted {
            let path = run.path(&place)?;
            if run.is_there(entry, &path)? {
                extracted.already += 1;
                run.tell(&CollectionEvent::Bytes { bytes: entry.size });
                run.file(entry, true);
                continue;
            }
            let header = self.header(entry).await?;
            batch_bytes += entry.envelope.header_len;
            batch.push((entry, path, header));
            if batch.len() == BATCH_FILES || batch_bytes > BATCH_BYTES {
                run.write(std::mem::take(&mut batch), access).await?;
                batch_bytes = 0;
            }
        }
        run.write(batch, access).await?;
        run.desk.clear()?;
        Ok(extracted)
    }
}

struct Run<'a> {
    collection: &'a Collection,
    desk: Desk,
    options: &'a ExtractOptions,
}

impl Run<'_> {
    async fn write(
        &self,
        batch: Vec<(&Entry, PathBuf, Header)>,
        access: &Access,
    ) -> Result<(), Error> {
        let (files, headers): (Vec<_>, Vec<Header>) = batch
            .into_iter()
            .map(|(entry, path, header)| ((entry, path), header))
            .unzip();
        if files.is_empty() {
            return Ok(());
        }
        let keys = access.keys(&headers).await?;
        let mut whole = Batch::default();
        let mut waiting: Vec<&Entry> = Vec::new();
        let settle = |batch: &mut Batch, waiting: &mut Vec<&Entry>| {
            batch.keep()?;
            waiting.drain(..).for_each(|entry| self.file(entry, false));
            Ok::<_, CollectionError>(())
        };
        for (((entry, path), header), key) in files.into_iter().zip(headers).zip(keys) {
            let key = key.ok_or(Error::Unopenable)?;
            self.folders(&path)?;
            let draft = self.desk.draft()?;
            let sink = BufWriter::with_capacity(
                256 << 10,
                Told {
                    run: self,
                    file: draft.file(),
                },
            );
            let written = self.collection.decrypt(entry, &header, &key, sink).await;
            written.map_err(|error| match error {
                Error::Envelope(EnvelopeError::Write(error)) => {
                    CollectionError::disk("write", &path, &error).into()
                }
                other => other,
            })?;
            if let Some(modified) = entry.modified.and_then(|s| u64::try_from(s).ok()) {
                // A date that the file system does not have is no reason to fail.
                let time = UNIX_EPOCH.checked_add(Duration::from_secs(modified));
                let _ = time.map(|time| draft.file().set_modified(time));
            }
            whole.push(draft, path, entry.size);
            waiting.push(entry);
            if whole.is_full() {
                settle(&mut whole, &mut waiting)?;
            }
        }
        Ok(settle(&mut whole, &mut waiting)?)
    }

    /// Where a file goes. What is on the way there must be folders, and not links to some.
    fn path(&self, place: &str) -> Result<PathBuf, CollectionError> {
        let mut path = self.desk.folder().to_owned();
        let mut names = place.split('/').peekable();
        while let Some(name) = names.next() {
            path.push(name);
            if names.peek().is_none() {
                break;
            }
            match fs::symlink_metadata(&path) {
                Ok(there) if there.is_dir() => {}
                Ok(_) => {
                    let path = path.display().to_string();
                    return Err(CollectionError::NoFolder { path });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(CollectionError::disk("read", &path, &error)),
            }
        }
        Ok(path)
    }

    /// Makes the folders on the way to a file, and looks again that they are some.
    fn folders(&self, path: &Path) -> Result<(), CollectionError> {
        let root = self.desk.folder();
        let below = path
            .parent()
            .and_then(|above| above.strip_prefix(root).ok());
        let mut at = root.to_owned();
        for name in below.into_iter().flat_map(Path::components) {
            at.push(name);
            match fs::create_dir(&at) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(CollectionError::disk("make folder", &at, &error));
                }
                _ => {}
            }
            let there = fs::symlink_metadata(&at);
            let there = there.map_err(|error| CollectionError::disk("read", &at, &error))?;
            if !there.is_dir() {
                let path = at.display().to_string();
                return Err(CollectionError::NoFolder { path });
            }
        }
        Ok(())
    }

    /// Whether the file is there already, with the bytes of the manifest.
    fn is_there(&self, entry: &Entry, path: &Path) -> Result<bool, CollectionError> {
        let there = match fs::symlink_metadata(path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(CollectionError::disk("read", path, &error)),
        };
        let same = there.is_file() && there.len() == entry.size && {
            let mut hashed = Hashed {
                input: io::sink(),
                hash: Sha256::new(),
            };
            let copied = File::open(path).and_then(|mut file| io::copy(&mut file, &mut hashed));
            copied.map_err(|error| CollectionError::disk("read", path, &error))?;
            let digest: [u8; 32] = hashed.hash.finalize().into();
            digest == entry.sha256
        };
        if same || (self.options.replace && !there.is_dir()) {
            return Ok(same);
        }
        let path = path.display().to_string();
        Err(CollectionError::Exists { path })
    }

    fn tell(&self, event: &CollectionEvent<'_>) {
        if let Some(observer) = &self.options.observer {
            observer(event);
        }
    }

    fn file(&self, entry: &Entry, already: bool) {
        self.tell(&CollectionEvent::File {
            path: &entry.path,
            size: entry.size,
            already,
        });
    }
}

/// Tells how many bytes were written.
struct Told<'a> {
    run: &'a Run<'a>,
    file: &'a File,
}

impl Write for Told<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        let bytes = written as u64;
        self.run.tell(&CollectionEvent::Bytes { bytes });
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What the file systems of this system make of names, as they come.
fn here() -> FileSystem {
    if cfg!(windows) {
        FileSystem::WINDOWS
    } else if cfg!(target_os = "macos") {
        FileSystem::MACOS
    } else {
        FileSystem::LINUX
    }
}
