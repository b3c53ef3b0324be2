//! `stheno get`: what a link leads to or a manifest names, still encrypted, from any copy.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::json;
use stheno::{
    Error,
    collection::{
        Collection, CollectionError, InIpfs, Link, LinkKind, Place, find_in_gateways, folder_of,
        latest_manifest, manifest_name,
    },
    envelope::{EnvelopeError, PieceCid, manifest::Entry},
    storage::{
        Folder, IpfsAddress, Store, TransferOptions, Transferred, UnixfsFile, Wanted, download,
        save_file,
    },
};

use crate::{
    args::GetArgs,
    failure::Failure,
    input::unreadable,
    interrupt,
    located::{Located, Places},
    opening::{Opening, warn_of_culprits},
    output::{Output, OutputError},
    progress::Progress,
    say,
};

/// Where pieces are that do not stay as they are, until they are put together.
const UNJOINED: &str = ".stheno-get";

/// Runs the command.
///
/// # Errors
/// When a piece cannot be had from anywhere; the message names it, and what each place did.
pub async fn run(args: GetArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let progress = Progress::new(as_json);
    let job = Job {
        args: &args,
        progress: &progress,
        as_json,
    };
    let done = job.run().await;
    progress.finish();
    done
}

struct Job<'a> {
    args: &'a GetArgs,
    progress: &'a Progress,
    as_json: bool,
}

impl Job<'_> {
    async fn run(&self) -> Result<(), Failure> {
        let what = &self.args.what;
        if !Link::is_meant(what) {
            return match Located::of(what)? {
                Located::Ipfs(address) => self.in_ipfs(&address).await,
                located => self.open(&located, &self.args.from, None).await,
            };
        }
        let link: Link = what.parse()?;
        match link.kind {
            LinkKind::File => self.file(&link).await,
            LinkKind::Collection => self.follow(link).await,
        }
    }

    /// An envelope by itself.
    async fn file(&self, link: &Link) -> Result<(), Failure> {
        if !self.args.names.is_empty() {
            return Err(
                Failure::new("usage", "the link leads to one envelope").hint("leave --file out")
            );
        }
        self.check_output()?;
        let output = &self.args.output;
        if self.args.dry_run {
            self.tell_plan(&link.pieces);
            return Ok(());
        }
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let unjoined = output.with_file_name(format!(".{name}{UNJOINED}"));
        let got = self
            .fetch(&link.pieces, &self.stores(link)?, &unjoined)
            .await?;
        join(&link.pieces, &unjoined, output)?;
        self.tell(&got, None);
        Ok(())
    }

    /// The manifest first: it says what else there is.
    async fn follow(&self, link: Link) -> Result<(), Failure> {
        let output = &self.args.output;
        make(output)?;
        let unjoined = output.join(UNJOINED);
        let whole = output.join(format!("{UNJOINED}-manifest"));
        remove_file(&whole)?;
        self.fetch(&link.pieces, &self.stores(&link)?, &unjoined)
            .await?;
        join(&link.pieces, &unjoined, &whole)?;
        let mut places = self.args.from.clone();
        places.extend(link.places);
        self.open(&Located::File(whole.clone()), &places, Some(&whole))
            .await
    }

    /// A file, or a collection's manifest and what it names, from gateways.
    async fn in_ipfs(&self, address: &IpfsAddress) -> Result<(), Failure> {
        let gateways = self.places(&[]).gateways_of(address)?;
        let manifest = match find_in_gateways(&gateways, address).await? {
            InIpfs::File(file) => {
                if !self.args.names.is_empty() {
                    return Err(Failure::new("usage", "the CID is that of one file")
                        .hint("leave --file out"));
                }
                self.check_output()?;
                if self.args.dry_run {
                    self.tell_file(&file, None);
                    return Ok(());
                }
                let observer = self.progress.of_transfer("fetching");
                let already = save_file(&gateways, file, &self.args.output, Some(observer)).await?;
                self.tell_file(&file, Some(already));
                return Ok(());
            }
            InIpfs::Manifest { file, .. } => file,
        };
        let output = &self.args.output;
        make(output)?;
        let whole = output.join(format!("{UNJOINED}-manifest"));
        remove_file(&whole)?;
        save_file(&gateways, manifest, &whole, None).await?;
        let mut places = self.args.from.clone();
        let folder = folder_of(address);
        let own = address.gateway.iter();
        let others = self.args.gateways.gateways.iter();
        places.extend(own.chain(others).map(|base| Place::Ipfs(folder.at(base))));
        self.open(&Located::File(whole.clone()), &places, Some(&whole))
            .await
    }

    /// Refuses to write a file over another.
    fn check_output(&self) -> Result<(), Failure> {
        let path = self.args.output.clone();
        match (path.is_dir(), path.exists()) {
            (true, _) => Err(OutputError::Directory { path }.into()),
            (false, true) => Err(OutputError::Exists { path }.into()),
            (false, false) => Ok(()),
        }
    }

    fn places<'b>(&'b self, from: &'b [Place]) -> Places<'b> {
        Places {
            from,
            gateways: &self.args.gateways.gateways,
        }
    }

    /// Opens a manifest, and fetches what it names. `draft` gets the manifest's name.
    async fn open(
        &self,
        manifest: &Located,
        places: &[Place],
        draft: Option<&Path>,
    ) -> Result<(), Failure> {
        let opening = Opening::of(&self.args.opening, &self.args.committee, false)?;
        let access = opening.access(self.progress).await?;
        let collection = manifest.open(self.places(places), &access).await?;
        opening.keep_all_receipts(&access)?;
        if !self.as_json {
            warn_of_culprits(&access.released());
        }
        let pieces = pieces(&self.entries(&collection)?);
        if self.args.dry_run {
            if let Some(draft) = draft {
                remove_file(draft)?;
            }
            self.tell_plan(&pieces);
            return Ok(());
        }
        make(&self.args.output)?;
        let stores: Vec<Arc<dyn Store>> = collection.stores().to_vec();
        let got = self.fetch(&pieces, &stores, &self.args.output).await?;
        // Last: a folder with a manifest has what it names.
        let version = collection.manifest().header().version;
        let named = self.args.output.join(manifest_name(version));
        match (draft, manifest) {
            (Some(draft), _) => keep(draft, &named)?,
            (None, Located::File(there)) if !named.exists() => copy(there, &named)?,
            _ => {}
        }
        let latest = latest_manifest(&self.args.output)?;
        self.tell(&got, latest.map(|_| named));
        Ok(())
    }

    fn entries<'b>(&self, collection: &'b Collection) -> Result<Vec<&'b Entry>, Failure> {
        if self.args.names.is_empty() {
            return Ok(collection.manifest().entries().iter().collect());
        }
        let named: Result<Vec<&Entry>, CollectionError> = self
            .args
            .names
            .iter()
            .map(|name| collection.find(name))
            .collect();
        Ok(named?)
    }

    fn stores(&self, link: &Link) -> Result<Vec<Arc<dyn Store>>, Failure> {
        let mut all = self.places(&self.args.from).stores()?;
        all.extend(self.places(&link.places).stores()?);
        if all.is_empty() {
            return Err(Failure::new(
                "usage",
                "neither the link nor --from says where the pieces are",
            )
            .hint(
                "give --from PLACE: a folder, https://HOST/PATH, pdp+https://HOST, or \
                 https://GATEWAY/ipfs/CID",
            ));
        }
        Ok(all)
    }

    async fn fetch(
        &self,
        pieces: &[PieceCid],
        stores: &[Arc<dyn Store>],
        folder: &Path,
    ) -> Result<Transferred, Failure> {
        let folder = Folder::open(folder)?;
        // What is there already needs no copy of itself.
        let copies = stores.iter().filter(|store| store.name() != folder.name());
        let copies: Vec<Arc<dyn Store>> = copies.cloned().collect();
        let wanted = pieces.iter().map(|piece| Wanted {
            piece: *piece,
            copies: copies.clone(),
        });
        let options = TransferOptions::default()
            .parallel(self.args.parallel)
            .observer(self.progress.of_transfer("fetching"));
        Ok(download(wanted.collect(), &folder, options).await?)
    }

    fn tell_plan(&self, pieces: &[PieceCid]) {
        self.progress.finish();
        let bytes: u64 = pieces.iter().map(PieceCid::payload_len).sum();
        let object = json!({ "dryRun": true, "pieces": pieces.len(), "bytes": bytes });
        let text = format!("{} pieces, {bytes} bytes", pieces.len());
        say::result(self.as_json, &text, &object);
    }

    /// What was fetched by its CID, or would be.
    fn tell_file(&self, file: &UnixfsFile, already: Option<u64>) {
        self.progress.finish();
        let output = self.args.output.display().to_string();
        let (root, bytes) = (file.root.to_string(), file.size);
        match already {
            None => {
                let object = json!({ "dryRun": true, "cid": root, "bytes": bytes });
                say::result(self.as_json, &format!("1 file, {bytes} bytes"), &object);
            }
            Some(already) => {
                let object = json!({
                    "output": output,
                    "cid": root,
                    "bytes": bytes,
                    "alreadyBytes": already,
                });
                let text = format!("fetched {bytes} bytes into {output}");
                say::result(self.as_json, &text, &object);
            }
        }
    }

    fn tell(&self, got: &Transferred, manifest: Option<PathBuf>) {
        self.progress.finish();
        let output = self.args.output.display().to_string();
        let object = json!({
            "output": output,
            "pieces": got.pieces,
            "already": got.already,
            "bytes": got.bytes,
            "manifest": manifest.as_ref().map(|path| path.display().to_string()),
        });
        let mut text = format!(
            "fetched {} pieces, {} bytes, into {output}\n",
            got.pieces, got.bytes
        );
        if let Some(manifest) = manifest {
            text += &format!("manifest  {}\n", manifest.display());
        }
        say::result(self.as_json, &text, &object);
    }
}

/// The pieces of some files, each once.
fn pieces(entries: &[&Entry]) -> Vec<PieceCid> {
    let parts = entries.iter().flat_map(|entry| &entry.envelope.parts);
    let mut seen = std::collections::HashSet::new();
    parts
        .map(|part| part.piece)
        .filter(|piece| seen.insert(*piece))
        .collect()
}

/// Puts pieces together, in order, and removes their folder.
fn join(pieces: &[PieceCid], folder: &Path, output: &Path) -> Result<(), Failure> {
    let shown = output.display().to_string();
    let store = Folder::open(folder)?;
    let mut whole = Output::create(&shown, false)?;
    for piece in pieces {
        let path = store.path_of(piece);
        let named = path.display().to_string();
        let mut part = fs::File::open(&path).map_err(|error| unreadable(&named, &error))?;
        let copied = io::copy(&mut part, &mut whole).and_then(|_| whole.flush());
        copied.map_err(|error| whole.failure(Error::from(EnvelopeError::Write(error))))?;
    }
    whole.commit()?;
    fs::remove_dir_all(folder).map_err(|error| {
        CollectionError::Disk {
            doing: "remove",
            path: folder.display().to_string(),
            why: error.to_string(),
            full: false,
        }
        .into()
    })
}

/// Gives the manifest its name, unless the same one is there already.
fn keep(draft: &Path, named: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| unreadable(&named.display().to_string(), &error);
    if named.exists() {
        let same = fs::read(draft).map_err(failed)? == fs::read(named).map_err(failed)?;
        if !same {
            let path = named.display().to_string();
            return Err(CollectionError::Exists { path }.into());
        }
        return remove_file(draft);
    }
    fs::rename(draft, named).map_err(failed)
}

fn copy(manifest: &Path, named: &Path) -> Result<(), Failure> {
    let shown = manifest.display().to_string();
    let mut from = fs::File::open(manifest).map_err(|error| unreadable(&shown, &error))?;
    let mut to = Output::create(&named.display().to_string(), false)?;
    let copied = io::copy(&mut from, &mut to);
    copied.map_err(|error| to.failure(Error::from(EnvelopeError::Write(error))))?;
    Ok(to.commit()?)
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|source| {
        OutputError::Create {
            path: folder.to_owned(),
            source,
        }
        .into()
    })
}

fn remove_file(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(unreadable(&path.display().to_string(), &error))
        }
        _ => Ok(()),
    }
}
