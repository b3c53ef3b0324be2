//! `stheno decrypt`: from an envelope and a key or a wallet to the plaintext.

mod collection;
mod ipfs;
mod part;
mod piece;

use serde_json::json;
use stheno::{Error, envelope::Decryptor, storage::IpfsAddress};

use crate::{
    args::DecryptArgs,
    failure::Failure,
    input::same_file,
    interrupt,
    opening::{Granted, Opening},
    output::Output,
    progress::Progress,
    say,
    sealed::Sealed,
};

/// Runs the command.
///
/// # Errors
/// What keeps the plaintext from being written; a denial above all.
pub async fn run(args: DecryptArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let opening = Opening::of(&args.opening, &args.committee, args.force)?;
    opening.check_stdin(&args.file)?;
    if collection::is_meant(&args) {
        return collection::run(&args, &opening, as_json).await;
    }
    if IpfsAddress::is_meant(&args.file) {
        return ipfs::run(&args, &opening, as_json).await;
    }
    if !args.from.is_empty() || args.escape_names {
        return Err(Failure::new(
            "usage",
            "--from and --escape-names are for encrypted folders, and an envelope was given",
        )
        .hint("leave them out, or give the folder, or its manifest with --file or --all"));
    }
    let body = args.body.as_ref().map(|path| path.display().to_string());
    if [Some(&args.file), body.as_ref()]
        .into_iter()
        .flatten()
        .any(|input| same_file(input, &args.output))
    {
        return Err(Failure::new("output_is_input", "the output is the input")
            .hint("give the plaintext a name of its own"));
    }
    if let Some(range) = args.range {
        return part::run(&args, range, &opening, as_json).await;
    }
    let sealed = tokio::task::block_in_place(|| piece::open(&args))?;
    let mut output = Output::create(&args.output, args.force)?;
    let beside_data = output.is_stdout();
    output.expect(sealed.plaintext_len());

    let progress = Progress::new(as_json);
    let granted = opening.open(&sealed.header, &progress).await;
    let granted = granted.inspect_err(|_| progress.finish())?;
    let decryptor = Decryptor::new(&sealed.header, granted.cek())?;
    let piece = args.piece.filter(|_| args.body.is_none());
    let decrypted = tokio::task::block_in_place(|| match piece {
        Some(piece) => {
            let body = progress.count(sealed.body, sealed.body_len);
            progress.show_bytes("decrypting");
            piece::decrypt(&sealed.header, decryptor, body, &piece, &mut output)
        }
        None => decrypt(decryptor, sealed, &mut output, &progress),
    });
    progress.finish();
    let plaintext_len = decrypted?;
    output.commit()?;
    tell(&args.output, plaintext_len, &granted, as_json, beside_data);
    Ok(())
}

/// Reads a file, and writes one, on all cores at once; anything else in order.
fn decrypt(
    decryptor: Decryptor,
    sealed: Sealed,
    output: &mut Output,
    progress: &Progress,
) -> Result<u64, Failure> {
    let file = sealed.file.as_ref();
    let counted = file.map(|(file, body)| {
        let len = body.end - body.start;
        (progress.count_at(file, len), body.clone())
    });
    let reader = progress.count(sealed.body, sealed.body_len);
    progress.show_bytes("decrypting");
    let decrypted = match counted {
        Some((file, body)) if output.appears_at_the_end() => {
            decryptor.decrypt_to_file(&file, body, &*output)
        }
        Some((file, body)) => decryptor.decrypt_at(&file, body, &mut *output),
        None => decryptor.decrypt(reader, &mut *output),
    };
    match decrypted {
        Ok(decrypted) => Ok(decrypted.plaintext_len),
        Err(error) => Err(output.failure(Error::from(error))),
    }
}

fn tell(output: &str, bytes: u64, granted: &Granted, as_json: bool, beside_data: bool) {
    if !as_json {
        granted.warn_of_culprits();
    }
    let mut object = json!({ "output": output, "bytes": bytes });
    granted.add_to(&mut object);
    if beside_data {
        say::beside_data(as_json, &object);
        return;
    }
    let text = format!("decrypted {bytes} bytes into {output} {}", granted.words());
    say::result(as_json, &text, &object);
}
