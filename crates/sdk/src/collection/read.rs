//! A collection to be read: its manifest, and where the pieces are.

use std::{io::Write, sync::Arc};

use sha2::{Digest, Sha256};
use stheno_crypto::Cek;
use stheno_envelope::{
    EnvelopeLayout, Header,
    manifest::{Entry, MAX_MANIFEST_BYTES, Manifest, ManifestError, SafePath},
};

use super::{
    Access, CollectionError, Link, Place, hashed::Hashed, ipfs::hinted, stored::StoredSource,
};
use crate::{
    Error, FileReader,
    source::{Source, SourceError},
    storage::Store,
};

/// The largest header that is fetched. Those of envelopes with a hundred recipients fit.
const MAX_HEADER_BYTES: u64 = 256 << 10;
/// What is wrong where there are no stores.
const NOWHERE: &str = "no place is known that has it";

/// An opened manifest, and the stores that may have its pieces.
pub struct Collection {
    manifest: Manifest,
    stores: Vec<Arc<dyn Store>>,
}

impl std::fmt::Debug for Collection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stores: Vec<&str> = self.stores.iter().map(|store| store.name()).collect();
        f.debug_struct("Collection")
            .field("version", &self.manifest.header().version)
            .field("files", &self.manifest.entries().len())
            .field("stores", &stores)
            .finish_non_exhaustive()
    }
}

impl Collection {
    /// Opens the manifest in a file. `stores` may have the pieces; then come the places that the
    /// manifest hints at. Not in a browser.
    ///
    /// # Errors
    /// [`Error::Collection`] when the file is no manifest; as [`Access::key`].
    #[cfg(not(target_family = "wasm"))]
    pub async fn open(
        manifest: &std::path::Path,
        stores: Vec<Arc<dyn Store>>,
        access: &Access,
    ) -> Result<Self, Error> {
        let failed = |error: std::io::Error| CollectionError::disk("read", manifest, &error);
        let file = std::fs::File::open(manifest).map_err(failed)?;
        let file = crate::source::Local::new(file).map_err(failed)?;
        Self::of_manifest(file, stores, access).await
    }

    /// Opens the encrypted manifest that a source is. `stores` may have the pieces; then come the
    /// places that the manifest hints at.
    ///
    /// # Errors
    /// As [`Access::key`]; [`Error::Collection`] when it is no manifest.
    pub async fn of_manifest(
        manifest: impl Source + 'static,
        stores: Vec<Arc<dyn Store>>,
        access: &Access,
    ) -> Result<Self, Error> {
        let manifest = Arc::new(manifest);
        Self::of_source(|| Ok(Arc::clone(&manifest)), stores, access).await
    }

    /// Opens the manifest that a link leads to. `stores` are asked before the link's places.
    ///
    /// # Errors
    /// As [`open`](Self::open), and what is wrong with places.
    pub async fn follow(
        link: &Link,
        mut stores: Vec<Arc<dyn Store>>,
        access: &Access,
    ) -> Result<Self, Error> {
        for place in &link.places {
            stores.push(place.store(false)?);
        }
        let source = || Ok(StoredSource::new(link.envelope(), stores.clone()));
        Self::of_source(source, stores.clone(), access).await
    }

    /// Tries the header of each copy: nothing but the chunks under it says whether it was changed on
    /// its way.
    pub(super) async fn of_source<S: Source + 'static>(
        source: impl Fn() -> Result<S, CollectionError>,
        stores: Vec<Arc<dyn Store>>,
        access: &Access,
    ) -> Result<Self, Error> {
        let mut tried: Vec<Header> = Vec::new();
        let mut first = None;
        for copy in source()?.copies() {
            // What one header's chunks made of the copies is not for the next.
            match open_manifest(source()?, copy, &mut tried, access).await {
                Ok(Some(manifest)) => return Ok(Self::with(manifest, stores)),
                Ok(None) => {}
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| {
            SourceError::Unreadable {
                why: NOWHERE.to_owned(),
            }
            .into()
        }))
    }

    /// The collection of a manifest, at these stores and where the manifest hints at.
    fn with(manifest: Manifest, mut stores: Vec<Arc<dyn Store>>) -> Self {
        for hint in &manifest.header().hints {
            // A hint that cannot be used is none.
            if let Some(Ok(store)) = Place::of_hint(hint).map(|place| place.store(false))
                && !stores.iter().any(|known| known.name() == store.name())
            {
                stores.push(store);
            }
        }
        stores.extend(hinted(&manifest));
        let collection = Self { manifest, stores };
        collection.teach();
        collection
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Who may have the pieces.
    pub fn stores(&self) -> &[Arc<dyn Store>] {
        &self.stores
    }

    /// The file with this path.
    ///
    /// # Errors
    /// [`CollectionError::NoSuchFile`].
    pub fn find(&self, path: &str) -> Result<&Entry, CollectionError> {
        let entry = SafePath::new(path).ok();
        let entry = entry.and_then(|path| self.manifest.find(&path));
        entry.ok_or_else(|| CollectionError::NoSuchFile {
            path: path.to_owned(),
        })
    }

    /// The envelope of a file, wherever its pieces are.
    pub fn source(&self, entry: &Entry) -> StoredSource {
        StoredSource::new(entry.envelope.clone(), self.stores.clone())
    }

    /// The header of a file's envelope, from the first copy that has the one of the manifest.
    ///
    /// # Errors
    /// [`CollectionError::Other`] when no copy has such a header; [`Error::Source`].
    pub async fn header(&self, entry: &Entry) -> Result<Header, Error> {
        let source = self.source(entry);
        let mut first = None;
        for copy in source.copies() {
            match header_from(&source, copy, entry).await {
                Ok(header) => return Ok(header),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| other(entry, NOWHERE).into()))
    }

    /// The header and the key of one file.
    ///
    /// # Errors
    /// As [`header`](Self::header) and [`Access::key`].
    pub async fn unlock(&self, entry: &Entry, access: &Access) -> Result<(Header, Cek), Error> {
        let header = self.header(entry).await?;
        let key = access.key(&header).await?;
        Ok((header, key))
    }

    /// A file, to be read anywhere.
    ///
    /// # Errors
    /// As [`FileReader::new`].
    pub fn reader(
        &self,
        entry: &Entry,
        header: &Header,
        key: &Cek,
    ) -> Result<FileReader<StoredSource>, Error> {
        FileReader::new(header, key, self.source(entry))
    }

    /// Writes a file to `sink`, and compares it with what the manifest says of it. What was written is
    /// the file only when this returns `Ok`.
    ///
    /// # Errors
    /// [`CollectionError::Other`] when it is another file; [`Error::Source`], [`Error::Envelope`].
    pub async fn decrypt(
        &self,
        entry: &Entry,
        header: &Header,
        key: &Cek,
        sink: impl Write,
    ) -> Result<(), Error> {
        let mut reader = self.reader(entry, header, key)?;
        // The final chunk says that it is final, and so how long the file is.
        if reader.size().await? != entry.size {
            return Err(other(entry, "it has another length").into());
        }
        let mut hashed = Hashed {
            input: sink,
            hash: Sha256::new(),
        };
        reader.copy_range(0..entry.size, &mut hashed).await?;
        let digest: [u8; 32] = hashed.hash.finalize().into();
        match digest == entry.sha256 {
            true => Ok(()),
            false => Err(other(entry, "its SHA-256 is another").into()),
        }
    }
}

fn other(entry: &Entry, how: &'static str) -> CollectionError {
    CollectionError::Other {
        path: entry.path.to_string(),
        how,
    }
}

async fn header_from(source: &StoredSource, copy: usize, entry: &Entry) -> Result<Header, Error> {
    let len = entry.envelope.header_len;
    if len > MAX_HEADER_BYTES {
        return Err(other(entry, "its header is larger than any that is written").into());
    }
    let bytes = source.fetch_copy(copy, 0..len).await?;
    let header = checked(entry, &bytes);
    Ok(header.ok_or_else(|| other(entry, "what is stored begins with another header"))?)
}

/// The header, if it is the one that the manifest describes.
fn checked(entry: &Entry, bytes: &[u8]) -> Option<Header> {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    if digest != entry.header_sha256 {
        return None;
    }
    let header = {
        let mut bytes = bytes;
        Header::read(&mut bytes).ok()?
    };
    let layout = EnvelopeLayout::of_header(&header, entry.envelope.len).ok()?;
    let described = entry.envelope.layout().ok()?;
    (layout == described).then_some(header)
}

/// The manifest under the header of one copy, unless that header was tried already.
async fn open_manifest<S: Source + 'static>(
    source: S,
    copy: usize,
    tried: &mut Vec<Header>,
    access: &Access,
) -> Result<Option<Manifest>, Error> {
    let header = read_header(&source, copy).await?;
    if tried
        .iter()
        .any(|tried| tried.as_bytes() == header.as_bytes())
    {
        return Ok(None);
    }
    tried.push(header.clone());
    let key = access.key(&header).await?;
    read_manifest(source, &header, &key).await.map(Some)
}

async fn read_header(source: &impl Source, copy: usize) -> Result<Header, Error> {
    let end = source.size().min(MAX_HEADER_BYTES);
    let mut asked = end.min(4 << 10);
    loop {
        let bytes = source.fetch_copy(copy, 0..asked).await?;
        match Header::read(&mut bytes.as_slice()) {
            // Longer than the first bytes.
            Err(_) if asked < end => asked = end,
            header => return Ok(header?),
        }
    }
}

async fn read_manifest<S: Source + 'static>(
    source: S,
    header: &Header,
    key: &Cek,
) -> Result<Manifest, Error> {
    let mut reader = FileReader::new(header, key, source)?;
    let size = reader.size().await?;
    if size > MAX_MANIFEST_BYTES {
        let limit = MAX_MANIFEST_BYTES;
        return Err(CollectionError::from(ManifestError::TooLarge { limit }).into());
    }
    parse(&mut reader, size).await
}

/// Decrypts and parses side by side, so that a manifest's bytes are never in memory at once.
#[cfg(not(target_family = "wasm"))]
async fn parse<S: Source + 'static>(
    reader: &mut FileReader<S>,
    size: u64,
) -> Result<Manifest, Error> {
    use std::{io, thread};

    let (plaintext, mut sink) = io::pipe().map_err(stheno_envelope::EnvelopeError::Read)?;
    let reading = thread::spawn(move || {
        let read = Manifest::read(&plaintext);
        // What follows a fault is read, too: whoever writes must not wait for ever.
        let rest = io::copy(&mut &plaintext, &mut io::sink());
        read.and_then(|manifest| rest.map(|_| manifest).map_err(ManifestError::Read))
    });
    let copied = reader.copy_range(0..size, &mut sink).await;
    drop(sink);
    let gone = || ManifestError::Read(io::Error::other("its thread is gone"));
    let read = reading.join().unwrap_or_else(|_| Err(gone()));
    copied?;
    Ok(read.map_err(CollectionError::from)?)
}

/// Decrypts, then parses: there is one thread.
#[cfg(target_family = "wasm")]
async fn parse<S: Source + 'static>(
    reader: &mut FileReader<S>,
    size: u64,
) -> Result<Manifest, Error> {
    let plaintext = reader.read_range(0..size).await?;
    Ok(Manifest::read(plaintext.as_slice()).map_err(CollectionError::from)?)
}
