//! `stheno decrypt --piece`: the envelope must be the piece that was asked for.
//!
//! Who holds a file's key could write another file under it; who names the piece by a CID that they
//! trust gets that file or none.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
};

use stheno::{
    Error,
    envelope::{Decryptor, EnvelopeError, Header, PieceCid, PieceReader},
};

use crate::{
    args::DecryptArgs, commands::piece::not_the_piece, failure::Failure, input::Input,
    output::Output, sealed::Sealed,
};

/// Opens the envelope, where asked for after all of it was checked.
///
/// A file is read twice; anything else is kept, encrypted as it is, in an unnamed temporary file.
///
/// # Errors
/// When it is not the piece, and as [`Sealed::open`].
pub(super) fn open(args: &DecryptArgs) -> Result<Sealed, Failure> {
    let whole = || Sealed::open(&args.file, args.body.as_deref());
    let Some(piece) = &args.piece else {
        return whole();
    };
    // The piece is what is stored: for a detached header, the object that it points into.
    if let Some(body) = &args.body {
        verify(&body.display().to_string(), piece)?;
        return whole();
    }
    if !args.verify_first {
        return whole();
    }
    let input = Input::open(&args.file)?;
    if input.file.is_some() {
        verify(&args.file, piece)?;
        return whole();
    }
    let mut kept = tempfile::tempfile().map_err(|error| no_room(&error))?;
    let mut reader = PieceReader::new(input.reader, None);
    copy(&mut reader, &mut kept)?;
    reader
        .verify(piece)
        .map_err(|error| not_the_piece(error, false))?;
    kept.rewind().map_err(|error| no_room(&error))?;
    Sealed::of_file(kept)
}

/// Decrypts, and compares what passes with the piece.
///
/// # Errors
/// When it is not the piece, which then shows only at the end; and as [`Decryptor::decrypt`].
pub(super) fn decrypt(
    header: &Header,
    decryptor: Decryptor,
    body: impl Read + Send,
    piece: &PieceCid,
    output: &mut Output,
) -> Result<u64, Failure> {
    let mut reader = PieceReader::new(header.as_bytes().chain(body), None);
    let header_len = header.as_bytes().len() as u64;
    let passed = io::copy(&mut (&mut reader).take(header_len), &mut io::sink());
    passed.map_err(EnvelopeError::Read)?;
    let decrypted = decryptor.decrypt(&mut reader, &mut *output);
    let decrypted = decrypted.map_err(|error| output.failure(Error::from(error)))?;
    let released = !output.appears_at_the_end();
    reader
        .verify(piece)
        .map_err(|error| not_the_piece(error, released))?;
    Ok(decrypted.plaintext_len)
}

fn verify(path: &str, piece: &PieceCid) -> Result<(), Failure> {
    let input = Input::open(path)?;
    PieceReader::new(input.reader, None)
        .verify(piece)
        .map_err(|error| not_the_piece(error, false))
}

/// Unlike [`io::copy`], tells a full disk from a broken line.
fn copy(from: &mut impl Read, to: &mut File) -> Result<(), Failure> {
    let mut from = BufReader::with_capacity(256 << 10, from);
    loop {
        let part = io::BufRead::fill_buf(&mut from).map_err(EnvelopeError::Read)?;
        if part.is_empty() {
            return Ok(());
        }
        io::Write::write_all(to, part).map_err(|error| no_room(&error))?;
        let length = part.len();
        io::BufRead::consume(&mut from, length);
    }
}

fn no_room(error: &io::Error) -> Failure {
    Failure::new(
        "no_room",
        format_args!("the envelope cannot be kept until it is checked: {error}"),
    )
    .hint("make room for it where temporary files go, or set TMPDIR to another folder")
}
