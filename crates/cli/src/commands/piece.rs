//! `stheno piece`: the name that Filecoin's storage gives to a file.

use std::io;

use serde_json::{Value, json};
use stheno::envelope::{PieceCid, PieceReader, VerifyError, piece::PieceError};

use crate::{args::PieceArgs, failure::Failure, input::Input, interrupt, progress::Progress, say};

/// Runs the command.
///
/// # Errors
/// When the file cannot be read, or is too small to be a piece.
pub fn run(args: &PieceArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let piece = tokio::task::block_in_place(|| of_input(&args.file, as_json))?;
    let mut object = json!({ "file": args.file });
    add_to(&mut object, &piece);
    say::result(as_json, &piece.to_string(), &object);
    Ok(())
}

fn of_input(file: &str, as_json: bool) -> Result<PieceCid, Failure> {
    let input = Input::open(file)?;
    let progress = Progress::new(as_json);
    let mut reader = PieceReader::new(progress.count(input.reader, input.len), None);
    progress.show_bytes("hashing");
    let read = io::copy(&mut reader, &mut io::sink());
    progress.finish();
    read.map_err(stheno::envelope::EnvelopeError::Read)?;
    input.stamp.check()?;
    let (piece, _) = reader.finish().map_err(too_small)?;
    Ok(piece)
}

/// What a piece is called, for scripts, beside what the command says itself.
pub fn add_to(object: &mut Value, piece: &PieceCid) {
    if let Some(object) = object.as_object_mut() {
        object.insert("piece".to_owned(), json!(piece.to_string()));
        object.insert("pieceBytes".to_owned(), json!(piece.payload_len()));
        object.insert(
            "paddedPieceBytes".to_owned(),
            json!(32_u64 << piece.height()),
        );
    }
}

/// Nothing that small is a piece.
pub fn too_small(error: PieceError) -> Failure {
    Failure::new("no_piece", error).hint("Filecoin names no piece of fewer than 65 bytes")
}

/// Bytes that are not those of the wanted piece. `released`: whether plaintext was already handed on.
pub fn not_the_piece(error: VerifyError, released: bool) -> Failure {
    let error = match error {
        VerifyError::Read(error) => {
            return stheno::envelope::EnvelopeError::Read(error).into();
        }
        error => error,
    };
    Failure::new("piece_mismatch", error).hint(match released {
        true => {
            "what was written is not the file that you asked for: discard it; --verify-first \
             checks before it writes"
        }
        false => "nothing was written; fetch the file from another source",
    })
}
