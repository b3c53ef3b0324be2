//! `stheno add`: more files in an encrypted folder, as a new version of its manifest.

use stheno::collection::{Collection, add_folder, unfinished};

use crate::{
    args::AddArgs,
    commands::encrypt::{self, car, folder},
    failure::Failure,
    interrupt,
    located::{Located, Places},
    opening::{Opening, warn_of_culprits},
    progress::Progress,
    recipients,
};

/// Runs the command.
///
/// # Errors
/// What keeps the new version from being written.
pub async fn run(args: AddArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let output = args.to.display().to_string();
    if let Some(path) = &args.car {
        car::check_new(path)?;
    }
    let manifest = Located::of(&output)?;
    let hidden = args.hidden_policy.as_deref();
    let opening = Opening::of_any(&args.opening, &args.rpc, hidden, false)?;
    opening.check_stdin(&output)?;
    let progress = Progress::new(as_json);
    let before = open(&opening, &manifest, &progress).await;
    let before = before.inspect_err(|_| progress.finish())?;
    let to = recipients::recipients(&args.recipients, &args.rpc, &progress).await;
    progress.finish();
    let to = to?;
    if to.is_empty() {
        return Err(Failure::from(stheno::Error::NoRecipient)
            .hint("say who may read: --policy with --network, --also-to or --also-to-shared"));
    }
    let mut encrypt = encrypt::shape(args.cipher, args.chunk_size)?;
    encrypt.hide_policy = args.recipients.hide_policy;
    encrypt.item = recipients::item(&args.recipients)?;
    let progress = Progress::new(as_json);
    let mut options = folder::options(&args.taking, encrypt)?;
    options.cids = args.car.is_some();
    options.observer = Some(progress.of_files("encrypting"));
    interrupt::remove_on_exit(&unfinished(&args.to));
    let now = folder::now()?;
    let added = tokio::task::block_in_place(|| {
        add_folder(
            &args.folder,
            &args.to,
            before.manifest(),
            &to,
            &options,
            now,
        )
    });
    let added = added.inspect_err(|_| progress.finish())?;
    let root = match &args.car {
        Some(path) => {
            let written = car::of_folder(&args.to, &added, path, &progress);
            Some(written.inspect_err(|_| progress.finish())?)
        }
        None => None,
    };
    progress.finish();
    let car = args.car.as_deref();
    folder::tell(&output, car, &to, &added, root.as_ref(), as_json);
    Ok(())
}

async fn open(
    opening: &Opening<'_>,
    manifest: &Located,
    progress: &Progress,
) -> Result<Collection, Failure> {
    let access = opening.access(progress).await?;
    let places = Places {
        from: &[],
        gateways: &[],
    };
    let collection = manifest.open(places, &access).await?;
    warn_of_culprits(&access.released());
    Ok(collection)
}
