//! `stheno encrypt` of a folder: an envelope for each file, and a manifest.

use std::{path::Path, time::SystemTime};

use serde_json::{Value, json};
use stheno::{
    EncryptOptions, SealTo,
    collection::{CollectionOptions, Oddities, Sealing, encrypt_folder, unfinished},
    envelope::{PieceLimits, unixfs::Root},
};

use super::car;
use crate::{
    args::{EncryptArgs, FolderArgs},
    failure::Failure,
    interrupt,
    output::OutputError,
    progress::Progress,
    recipients, say,
};

/// Runs the command.
///
/// # Errors
/// What keeps the collection from being written.
pub(super) async fn run(args: &EncryptArgs, as_json: bool) -> Result<(), Failure> {
    check(args)?;
    if let Some(path) = args.car.as_ref().filter(|path| Path::new(path).exists()) {
        return Err(OutputError::Exists { path: path.into() }.into());
    }
    let progress = Progress::new(as_json);
    let to = recipients::recipients(&args.to, &args.rpc, &progress).await;
    let to = to.inspect_err(|_| progress.finish())?;
    let item = recipients::item(&args.to)?;
    let checked = recipients::check_item(&to, item, &args.rpc, &progress).await;
    progress.finish();
    checked?;
    if to.is_empty() {
        return Err(Failure::from(stheno::Error::NoRecipient)
            .hint("say who may read: --policy with --network, --also-to or --also-to-shared"));
    }
    let progress = Progress::new(as_json);
    let mut options = options(&args.folder, super::options(args)?)?;
    options.cids = args.car.is_some();
    options.observer = Some(progress.of_files("encrypting"));
    let (folder, output) = (Path::new(&args.file), Path::new(&args.output));
    interrupt::remove_on_exit(&unfinished(output));
    let sealed =
        tokio::task::block_in_place(|| encrypt_folder(folder, output, &to, &options, now()?));
    let sealing = sealed.inspect_err(|_| progress.finish())?;
    let root = match &args.car {
        Some(path) => {
            let written = car::of_folder(output, &sealing, path, &progress);
            Some(written.inspect_err(|_| progress.finish())?)
        }
        None => None,
    };
    progress.finish();
    tell(
        &args.output,
        args.car.as_deref(),
        &to,
        &sealing,
        root.as_ref(),
        as_json,
    );
    Ok(())
}

/// How a folder is taken.
///
/// # Errors
/// When pieces cannot be so small.
pub(crate) fn options(
    args: &FolderArgs,
    encrypt: EncryptOptions,
) -> Result<CollectionOptions, Failure> {
    let mut options = CollectionOptions::default();
    options.name = args.name.clone();
    options.one_item = args.one_item;
    options.limits = limits(args.max_piece.map(|size| size.0))?;
    options.encrypt = encrypt;
    if args.skip {
        options.oddities = Oddities::Skip;
    }
    Ok(options)
}

/// How large pieces may be.
///
/// # Errors
/// When no piece has this size.
pub(crate) fn limits(max_piece: Option<u64>) -> Result<PieceLimits, Failure> {
    let provider = PieceLimits::PROVIDER;
    let max = max_piece.unwrap_or(provider.max);
    if (provider.min..=provider.max).contains(&max) {
        return Ok(PieceLimits { max, ..provider });
    }
    Err(Failure::new(
        "usage",
        format_args!(
            "providers take pieces of {} to {} bytes",
            provider.min, provider.max
        ),
    )
    .hint("give --max-piece a size between them, or leave it out"))
}

/// Seconds since 1970.
///
/// # Errors
/// When the clock stands before.
pub(crate) fn now() -> Result<u64, stheno::Error> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Ok(since.map(|since| since.as_secs()).unwrap_or_default())
}

/// Refuses what is for folders, of a file.
///
/// # Errors
/// When something of it was given.
pub(super) fn check_unused(args: &FolderArgs) -> Result<(), Failure> {
    let given = [
        ("--one-item", args.one_item),
        ("--skip", args.skip),
        ("--name", args.name.is_some()),
        ("--max-piece", args.max_piece.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => Err(Failure::new(
            "usage",
            format_args!("{name} is for folders, and a file was given"),
        )
        .hint(format_args!("leave {name} out, or give a folder"))),
    }
}

/// Refuses what is for a file, of a folder.
fn check(args: &EncryptArgs) -> Result<(), Failure> {
    let refuse = |what: &str, hint: &str| Err(Failure::new("usage", what).hint(hint));
    if args.output == "-" {
        return refuse(
            "an encrypted folder is a folder, and not a stream",
            "give -o FOLDER",
        );
    }
    if args.cek_file.is_some() {
        return refuse(
            "one key is for one file, and a folder has several",
            "leave --cek-file out; --also-to-shared lets who has a key read all of them",
        );
    }
    if args.piece {
        return refuse(
            "the envelopes of a folder are always called by their PieceCIDs",
            "leave --piece out",
        );
    }
    if args.force {
        // What is stored is never written to.
        return refuse(
            "an encrypted folder is not replaced",
            "leave --force out, and give an output without a collection, or use `stheno add`",
        );
    }
    car::check(args)
}

pub(crate) fn tell(
    output: &str,
    car: Option<&str>,
    to: &[SealTo],
    sealing: &Sealing,
    root: Option<&Root>,
    as_json: bool,
) {
    let networks: Vec<(String, String)> = to
        .iter()
        .filter_map(|to| match to {
            SealTo::Network { network, policy } => Some((
                network.file().network_id().to_string(),
                policy.digest().to_string(),
            )),
            _ => None,
        })
        .collect();
    let mut object = json!({
        "output": output,
        "manifest": sealing.manifest.display().to_string(),
        "version": sealing.version,
        "digest": sealing.digest.to_string(),
        "files": sealing.entries.len(),
        "encrypted": sealing.encrypted,
        "kept": sealing.kept,
        "plaintextBytes": sealing.plaintext_bytes,
        "envelopeBytes": sealing.envelope_bytes,
        "item": sealing.item.map(|item| item.to_string()),
        "skipped": sealing.skipped.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "networks": networks.iter().map(|(network, policy)| json!({
            "network": network, "policyDigest": policy,
        })).collect::<Vec<Value>>(),
    });
    if let Some(root) = root {
        car::add_to(&mut object, car, root);
    }
    let mut text = format!(
        "encrypted {} files, {} bytes, into {output} ({} bytes)\n",
        sealing.entries.len(),
        sealing.plaintext_bytes,
        sealing.envelope_bytes,
    );
    if sealing.kept > 0 {
        text += &format!("kept      {} files that were done already\n", sealing.kept);
    }
    text += &format!(
        "manifest  {} (version {})\ndigest    {}\n",
        sealing.manifest.display(),
        sealing.version,
        sealing.digest
    );
    if let Some(item) = &sealing.item {
        text += &format!("item      {item}\n");
    }
    for (network, policy) in &networks {
        text += &format!("network   {network}\npolicy    {policy}\n");
    }
    if let Some(root) = root {
        text += &format!("root      {}\n", root.cid);
    }
    say::result(as_json, &text, &object);
}
