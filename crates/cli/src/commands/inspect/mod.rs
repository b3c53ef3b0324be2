//! `stheno inspect`: what an envelope says, without a key.

mod object;
mod text;

use stheno::envelope::{Header, Recipient};

use crate::{args::InspectArgs, failure::Failure, say, sealed::Sealed};

/// Runs the command.
///
/// # Errors
/// When the file is no envelope.
pub fn run(args: InspectArgs, as_json: bool) -> Result<(), Failure> {
    let (header, body) = tokio::task::block_in_place(|| Sealed::header_alone(&args.file))?;
    let seen = Seen {
        file: &args.file,
        header: &header,
        // After a detached header there is nothing, or nothing that belongs to it.
        body: body.filter(|_| header.location().is_none()),
    };
    say::result(as_json, &text::text(&seen), &object::object(&seen));
    Ok(())
}

/// What there is to show.
struct Seen<'a> {
    file: &'a str,
    header: &'a Header,
    /// Bytes that follow the header, where that is known.
    body: Option<u64>,
}

/// What kind of recipient it is.
fn kind(recipient: &Recipient) -> &'static str {
    match recipient {
        Recipient::Threshold(_) => "threshold committee",
        Recipient::X25519(_) => "X25519 key",
        Recipient::Aes256Kw(_) => "shared AES-256 key",
        _ => "unknown to this version",
    }
}
