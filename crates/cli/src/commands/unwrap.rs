//! `stheno unwrap`: the file's own key, for another tool of the format.

use std::io::Write;

use serde_json::json;
use stheno::envelope::EnvelopeError;
use zeroize::Zeroizing;

use crate::{
    args::UnwrapArgs, failure::Failure, input::same_file, interrupt, opening::Opening,
    output::Output, progress::Progress, say, sealed::Sealed,
};

/// Runs the command.
///
/// # Errors
/// What keeps the key from being recovered; a denial above all.
pub async fn run(args: UnwrapArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let opening = Opening::of(&args.opening, &args.committee, args.force)?;
    opening.check_stdin(&args.file)?;
    if same_file(&args.file, &args.cek_out) {
        return Err(Failure::new("output_is_input", "the output is the input")
            .hint("give the key a file of its own"));
    }
    let (header, _) = tokio::task::block_in_place(|| Sealed::header_alone(&args.file))?;
    let mut output = Output::create_secret(&args.cek_out, args.force)?.not_a_terminal()?;
    let beside_data = output.is_stdout();
    let progress = Progress::new(as_json);
    let granted = opening.open(&header, &progress).await;
    progress.finish();
    let granted = granted?;

    let mut line = Zeroizing::new([b'\n'; 65]);
    if let Some((digits, _newline)) = line.split_at_mut_checked(64) {
        hex::encode_to_slice(granted.cek().expose_secret(), digits)
            .map_err(|error| Failure::new("failed", error))?;
    }
    output
        .write_all(&line[..])
        .map_err(|error| output.failure(EnvelopeError::Write(error).into()))?;
    output.commit()?;

    if !as_json {
        granted.warn_of_culprits();
    }
    let mut object = json!({ "output": args.cek_out });
    granted.add_to(&mut object);
    if beside_data {
        say::beside_data(as_json, &object);
        return Ok(());
    }
    let text = format!(
        "took the key of {} into {} {}",
        args.file,
        args.cek_out,
        granted.words()
    );
    say::result(as_json, &text, &object);
    Ok(())
}
