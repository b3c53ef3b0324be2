//! `stheno encrypt --car`: what was written, as IPFS tools take it.

use std::{fs::File, io::BufReader, path::Path};

use serde_json::{Value, json};
use stheno::{
    collection::{CollectionError, Sealing, write_file_car, write_folder_car},
    envelope::unixfs::Root,
};

use crate::{
    args::EncryptArgs,
    failure::Failure,
    input::{same_file, unreadable},
    output::{Output, OutputError},
    progress::Progress,
};

/// Refuses what a CAR cannot be made of, or written to.
///
/// # Errors
/// When envelope or CAR go to a pipe, or to one file.
pub(super) fn check(args: &EncryptArgs) -> Result<(), Failure> {
    let Some(car) = &args.car else {
        return Ok(());
    };
    if args.output == "-" || car == "-" {
        return Err(Failure::new(
            "usage",
            "an envelope and its CAR are two files, and not pipes",
        )
        .hint("give -o FILE and --car FILE"));
    }
    if *car == args.output || same_file(car, &args.file) {
        return Err(
            Failure::new("output_is_input", "the CAR is another output or the input")
                .hint("give the CAR a name of its own"),
        );
    }
    Ok(())
}

/// Refuses to write over a file, or to a pipe.
///
/// # Errors
/// When the CAR is there, or is `-`.
pub(crate) fn check_new(car: &str) -> Result<(), Failure> {
    if car == "-" {
        return Err(
            Failure::new("usage", "a CAR of a folder is a file, and not a pipe")
                .hint("give --car FILE"),
        );
    }
    match Path::new(car).exists() {
        true => Err(OutputError::Exists { path: car.into() }.into()),
        false => Ok(()),
    }
}

/// Writes an envelope as a CAR.
///
/// # Errors
/// What keeps the CAR from being written.
pub(super) fn of_file(
    envelope: &str,
    car: &str,
    replace: bool,
    as_json: bool,
) -> Result<Root, Failure> {
    let file = File::open(envelope).map_err(|error| unreadable(envelope, &error))?;
    let len = file.metadata().map(|metadata| metadata.len()).ok();
    let mut output = Output::create(car, replace)?;
    let progress = Progress::new(as_json);
    let mut bytes = progress.count(BufReader::with_capacity(1 << 20, file), len);
    progress.show_bytes("writing the CAR");
    let written = tokio::task::block_in_place(|| write_file_car(&mut bytes, &mut output));
    progress.finish();
    let root = written.map_err(|error| CollectionError::Disk {
        doing: "write",
        path: car.to_owned(),
        full: error.kind() == std::io::ErrorKind::StorageFull,
        why: error.to_string(),
    })?;
    output.commit()?;
    Ok(root)
}

/// Writes an encrypted folder as a CAR.
///
/// # Errors
/// What keeps the CAR from being written.
pub(crate) fn of_folder(
    folder: &Path,
    sealing: &Sealing,
    car: &str,
    progress: &Progress,
) -> Result<Root, Failure> {
    let mut output = Output::create(car, false)?;
    progress.step("writing the CAR");
    let (entries, version) = (&sealing.entries, sealing.version);
    let root =
        tokio::task::block_in_place(|| write_folder_car(folder, entries, version, &mut output))?;
    output.commit()?;
    Ok(root)
}

/// The CAR, for scripts, beside what the command says itself.
pub(super) fn add_to(object: &mut Value, car: Option<&str>, root: &Root) {
    if let Some(object) = object.as_object_mut() {
        object.insert("car".to_owned(), json!(car));
        object.insert("root".to_owned(), json!(root.cid.to_string()));
    }
}
