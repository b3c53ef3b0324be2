//! `stheno put`: an encrypted folder or file to where others can fetch it, and a link to it.

use std::{
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Value, json};
use stheno::{
    Error,
    collection::{CollectionError, Link, LinkKind, Place, latest_manifest, pieces_of},
    envelope::{PieceCid, PieceLimits},
    source::{Local, Source},
    storage::{Copies, Outgoing, Section, Store, TransferOptions, Transferred, upload},
};

use crate::{
    args::PutArgs, commands::encrypt::folder::limits, failure::Failure, input::unreadable,
    interrupt, progress::Progress, say,
};

/// What is noted until all is stored.
const JOURNAL: &str = "stheno-put";
/// Bytes of a TiB.
const TIB: f64 = 1_099_511_627_776.0;

/// Runs the command.
///
/// # Errors
/// When something cannot be stored; the message names the pieces and places.
pub async fn run(args: PutArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    check_places(&args.to)?;
    let limits = limits(args.max_piece.map(|size| size.0))?;
    let progress = Progress::new(as_json);
    progress.step("naming pieces");
    let parcel = tokio::task::block_in_place(|| Parcel::of(&args.path, limits));
    progress.finish();
    let parcel = parcel?;
    let link = Link {
        kind: parcel.kind,
        pieces: parcel.named.clone(),
        places: args.to.clone(),
    };
    if args.dry_run {
        tell_plan(&args, &parcel, as_json);
        return Ok(());
    }
    let progress = Progress::new(as_json);
    let stored = store(parcel, &args.to, args.parallel, &progress).await;
    progress.finish();
    let stored = stored?;
    let link = link.to_string();
    let object = json!({
        "pieces": stored.pieces,
        "already": stored.already,
        "bytes": stored.bytes,
        "link": link,
        "places": args.to.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    say::result(as_json, &link, &object);
    Ok(())
}

/// Refuses places to which nothing can be put.
///
/// # Errors
/// When there is one among them.
pub(super) fn check_places(places: &[Place]) -> Result<(), Failure> {
    for place in places {
        let what = match place {
            Place::Http(_) => "a plain HTTP server",
            Place::Ipfs(_) => "in IPFS, which gateways only read",
            _ => continue,
        };
        return Err(Failure::new(
            "storage_read_only",
            format_args!("{place} is {what}, to which nothing can be put"),
        )
        .hint(
            "give a folder, or pdp+https://HOST for a PDP provider; for IPFS, import what \
             `stheno encrypt --car` writes",
        ));
    }
    Ok(())
}

/// Stores a parcel at all places; killed and called again, it goes on.
///
/// # Errors
/// When something cannot be stored; the message names the pieces and places.
pub(super) async fn store(
    parcel: Parcel,
    to: &[Place],
    parallel: NonZeroUsize,
    progress: &Progress,
) -> Result<Transferred, Failure> {
    let stores: Result<Vec<Arc<dyn Store>>, Error> =
        to.iter().map(|place| place.store(true)).collect();
    let options = TransferOptions::default()
        .parallel(parallel)
        .observer(progress.of_transfer("storing"));
    Ok(upload(parcel.outgoing, &stores?, &parcel.journal, options).await?)
}

/// What is to be stored.
pub(super) struct Parcel {
    kind: LinkKind,
    /// The pieces that the link names.
    pub(super) named: Vec<PieceCid>,
    /// All pieces.
    outgoing: Vec<Outgoing>,
    journal: PathBuf,
}

impl Parcel {
    /// An encrypted folder, or an envelope.
    ///
    /// # Errors
    /// When it cannot be read, or is neither.
    pub(super) fn of(path: &Path, limits: PieceLimits) -> Result<Self, Failure> {
        match path.is_dir() {
            true => Self::of_folder(path, limits),
            false => Self::of_file(path, limits),
        }
    }

    fn of_file(path: &Path, limits: PieceLimits) -> Result<Self, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_manifest = name.starts_with("manifest-") && name.ends_with(".fee");
        let mut parcel = Self {
            kind: match is_manifest {
                true => LinkKind::Collection,
                false => LinkKind::File,
            },
            named: Vec::new(),
            outgoing: Vec::new(),
            journal: path.with_file_name(format!(".{name}.{JOURNAL}")),
        };
        parcel.take_envelope(path, limits)?;
        Ok(parcel)
    }

    /// The latest manifest, and every piece that is there: those of versions before, too.
    fn of_folder(path: &Path, limits: PieceLimits) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let Some((_, manifest)) = latest_manifest(path)? else {
            return Err(CollectionError::NoManifest { path: shown }.into());
        };
        let mut parcel = Self {
            kind: LinkKind::Collection,
            named: Vec::new(),
            outgoing: Vec::new(),
            journal: path.join(format!(".{JOURNAL}")),
        };
        let folder = Place::Folder(path.to_owned()).store(false)?;
        let entries = fs::read_dir(path).map_err(|error| unreadable(&shown, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&shown, &error))?;
            let piece = entry.file_name().to_str().map(str::parse::<PieceCid>);
            let Some(Ok(piece)) = piece else {
                continue;
            };
            // Opened only while it is read: there may be a hundred thousand of them.
            let source = Copies::new(piece, vec![Arc::clone(&folder)]);
            parcel.outgoing.push(Outgoing {
                piece,
                source: Arc::new(source),
            });
        }
        parcel.outgoing.sort_by_key(|one| one.piece.to_string());
        // Last, so that who finds the manifest finds the rest.
        parcel.take_envelope(&manifest, limits)?;
        Ok(parcel)
    }

    fn take_envelope(&mut self, path: &Path, limits: PieceLimits) -> Result<(), Failure> {
        let shown = path.display().to_string();
        let file = fs::File::open(path).map_err(|error| unreadable(&shown, &error))?;
        let whole = Local::new(file).map_err(|error| unreadable(&shown, &error))?;
        let whole: Arc<dyn Source> = Arc::new(whole);
        for (piece, range) in pieces_of(path, limits)? {
            self.named.push(piece);
            self.outgoing.push(Outgoing {
                piece,
                source: Arc::new(Section::new(Arc::clone(&whole), range)),
            });
        }
        Ok(())
    }

    /// Bytes of all its pieces.
    pub(super) fn bytes(&self) -> u64 {
        let lengths = self.outgoing.iter().map(|one| one.piece.payload_len());
        lengths.fold(0, u64::saturating_add)
    }
}

fn tell_plan(args: &PutArgs, parcel: &Parcel, as_json: bool) {
    let (pieces, bytes, copies) = (parcel.outgoing.len(), parcel.bytes(), args.to.len());
    let stored = bytes.saturating_mul(copies as u64);
    let cost = args.price.map(|price| price * stored as f64 / TIB);
    let largest = parcel.outgoing.iter().map(|one| one.piece.payload_len());
    let object: Value = json!({
        "dryRun": true,
        "pieces": pieces,
        "bytes": bytes,
        "largestPieceBytes": largest.max(),
        "copies": copies,
        "storedBytes": stored,
        "pricePerTibMonth": args.price,
        "costPerMonth": cost,
    });
    let mut text = format!(
        "{pieces} pieces, {bytes} bytes; {stored} bytes in {copies} {}\n",
        if copies == 1 { "copy" } else { "copies" }
    );
    if let Some(cost) = cost {
        text += &format!("cost      {cost:.6} a month, by the bytes alone\n");
    }
    say::result(as_json, &text, &object);
}
