//! `stheno decrypt` of an encrypted folder: all of it, one file, or a part of one.

use std::{ops::Range, path::Path};

use serde_json::json;
use stheno::{
    Error,
    collection::{Access, Collection, ExtractOptions, unfinished},
    envelope::manifest::{Entry, Naming},
};

use crate::{
    args::{DecryptArgs, RangeArg},
    failure::Failure,
    interrupt,
    located::{Located, Places},
    opening::{Opening, add_released, warn_of_culprits},
    output::Output,
    progress::Progress,
    say,
};

/// Whether an encrypted folder was named.
pub(super) fn is_meant(args: &DecryptArgs) -> bool {
    args.name.is_some() || args.all || Located::is_meant(&args.file)
}

/// Runs the command for an encrypted folder.
///
/// # Errors
/// What keeps the plaintext from being written; a denial above all.
pub(super) async fn run(
    args: &DecryptArgs,
    opening: &Opening<'_>,
    as_json: bool,
) -> Result<(), Failure> {
    check(args)?;
    let manifest = Located::of(&args.file)?;
    let progress = Progress::new(as_json);
    let done = Job {
        args,
        opening,
        as_json,
        progress: &progress,
    };
    let done = done.run(&manifest).await;
    progress.finish();
    done
}

fn check(args: &DecryptArgs) -> Result<(), Failure> {
    let refuse = |what: &str, hint: &str| Err(Failure::new("usage", what).hint(hint));
    if args.piece.is_some() || args.body.is_some() {
        return refuse(
            "--piece and --body are for one envelope, and an encrypted folder was named",
            "leave them out: its manifest names every piece",
        );
    }
    match (&args.name, args.range) {
        (None, Some(_)) => refuse(
            "a part of a folder was asked for",
            "say of which file with --file NAME; `stheno ls` lists them",
        ),
        (None, None) if args.output == "-" => refuse(
            "several files cannot be one stream",
            "give -o FOLDER, or one file with --file NAME",
        ),
        _ => Ok(()),
    }
}

struct Job<'a> {
    args: &'a DecryptArgs,
    opening: &'a Opening<'a>,
    as_json: bool,
    progress: &'a Progress,
}

impl Job<'_> {
    async fn run(&self, manifest: &Located) -> Result<(), Failure> {
        let access = self.opening.access(self.progress).await?;
        let places = Places {
            from: &self.args.from,
            gateways: &self.args.gateways.gateways,
        };
        let collection = manifest.open(places, &access).await?;
        if let Some(network) = &self.opening.network {
            let header = collection.manifest().header();
            let network = network.network_id();
            header
                .check_network(&network)
                .map_err(stheno::collection::CollectionError::from)?;
        }
        match &self.args.name {
            Some(name) => self.one(&collection, collection.find(name)?, &access).await,
            None => self.all(&collection, &access).await,
        }
    }

    async fn all(&self, collection: &Collection, access: &Access) -> Result<(), Failure> {
        let target = Path::new(&self.args.output);
        interrupt::remove_on_exit(&unfinished(target));
        let mut options = ExtractOptions::default();
        options.replace = self.args.force;
        options.observer = Some(self.progress.of_files("decrypting"));
        if self.args.escape_names {
            options.naming = Naming::Escaped;
        }
        let entries: Vec<&Entry> = collection.manifest().entries().iter().collect();
        let extracted = collection
            .extract(&entries, access, target, &options)
            .await?;
        self.opening.keep_all_receipts(access)?;
        let output = &self.args.output;
        let object = json!({
            "output": output,
            "files": extracted.files,
            "already": extracted.already,
            "bytes": extracted.bytes,
        });
        let mut text = format!(
            "decrypted {} files, {} bytes, into {output}{}\n",
            extracted.files,
            extracted.bytes,
            asked(access)
        );
        if extracted.already > 0 {
            text += &format!("{} of them were there already\n", extracted.already);
        }
        self.tell(access, object, &text, false);
        Ok(())
    }

    async fn one(
        &self,
        collection: &Collection,
        entry: &Entry,
        access: &Access,
    ) -> Result<(), Failure> {
        let mut output = Output::create(&self.args.output, self.args.force)?;
        let beside_data = output.is_stdout();
        let (header, key) = collection.unlock(entry, access).await?;
        self.progress.step(format!("decrypting {}", entry.path));
        let (range, written) = match self.args.range {
            Some(wanted) => {
                let range = part(wanted, entry.size);
                output.expect(range.end.checked_sub(range.start));
                let mut reader = collection.reader(entry, &header, &key)?;
                let written = reader.copy_range(range.clone(), &mut output).await;
                (range, written)
            }
            None => {
                output.expect(Some(entry.size));
                let written = collection.decrypt(entry, &header, &key, &mut output).await;
                (0..entry.size, written)
            }
        };
        written.map_err(|error: Error| output.failure(error))?;
        output.commit()?;
        self.opening.keep_all_receipts(access)?;
        let bytes = range.end.saturating_sub(range.start);
        let name = &self.args.output;
        let object = json!({
            "output": name,
            "file": entry.path.as_str(),
            "bytes": bytes,
            "offset": range.start,
        });
        let text = format!(
            "decrypted {bytes} bytes of {} into {name}{}",
            entry.path,
            asked(access)
        );
        self.tell(access, object, &text, beside_data);
        Ok(())
    }

    fn tell(&self, access: &Access, mut object: serde_json::Value, text: &str, beside_data: bool) {
        self.progress.finish();
        let released = access.released();
        add_released(&mut object, &released);
        if !self.as_json {
            warn_of_culprits(&released);
        }
        match beside_data {
            true => say::beside_data(self.as_json, &object),
            false => say::result(self.as_json, text, &object),
        }
    }
}

/// The part that was asked for; whether the file has it, the reader finds out.
fn part(wanted: RangeArg, size: u64) -> Range<u64> {
    let start = wanted.offset;
    let end = match wanted.length {
        Some(length) => start.saturating_add(length),
        None => size.max(start),
    };
    start..end
}

/// How often committees were asked, in words.
fn asked(access: &Access) -> String {
    match access.released().len() {
        0 => " with your own key".to_owned(),
        1 => " with one request".to_owned(),
        requests => format!(" with {requests} requests"),
    }
}
