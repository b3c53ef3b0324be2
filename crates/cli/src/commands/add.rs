//! `stheno add`: more files in an encrypted folder, as a new version of its manifest.

use stheno::{
    EncryptOptions,
    collection::{Collection, add_folder, unfinished},
};

use crate::{
    args::AddArgs,
    commands::encrypt::folder,
    failure::Failure,
    interrupt,
    located::Located,
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
    let mut encrypt = EncryptOptions::default();
    encrypt.hide_policy = args.recipients.hide_policy;
    encrypt.item = recipients::item(&args.recipients)?;
    let progress = Progress::new(as_json);
    let mut options = folder::options(&args.taking, encrypt)?;
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
    progress.finish();
    folder::tell(&output, None, &to, &added?, None, as_json);
    Ok(())
}

async fn open(
    opening: &Opening<'_>,
    manifest: &Located,
    progress: &Progress,
) -> Result<Collection, Failure> {
    let access = opening.access(progress).await?;
    let collection = manifest.open(&[], &access).await?;
    warn_of_culprits(&access.released());
    Ok(collection)
}
