//! `stheno rewrap`: other recipients for a file whose ciphertext stays as it is.

use std::io::{self, Read, Write};

use serde_json::json;
use stheno::{
    Error, Rewrap,
    crypto::Cek,
    envelope::{EnvelopeError, Header, Location, RangeReader},
};

use crate::{
    args::RewrapArgs, failure::Failure, input::same_file, interrupt, opening::Opening,
    output::Output, progress::Progress, recipients, say, sealed::Sealed,
};

/// Runs the command.
///
/// # Errors
/// What keeps the new envelope from being written.
pub async fn run(args: RewrapArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let hidden = args.hidden_policy.as_deref();
    let opening = Opening::of_any(&args.opening, &args.rpc, hidden, args.force)?;
    opening.check_stdin(&args.file)?;
    let body = args.body.as_ref().map(|path| path.display().to_string());
    if [Some(&args.file), body.as_ref()]
        .into_iter()
        .flatten()
        .any(|input| same_file(input, &args.output))
    {
        return Err(Failure::new("output_is_input", "the output is the input")
            .hint("give the new envelope a name of its own"));
    }
    let sealed = tokio::task::block_in_place(|| match &args.body {
        Some(body) => Sealed::open(&args.file, Some(body)),
        None => Sealed::open_header(&args.file),
    })?;
    let progress = Progress::new(as_json);
    let change = change(&args, &sealed.header, &progress).await;
    let change = change.inspect_err(|_| progress.finish())?;
    if change.is_empty() && args.detached.is_none() && args.body.is_none() {
        progress.finish();
        return Err(Failure::new("nothing_to_do", "nothing was asked for").hint(
            "add somebody (--policy, --also-to …), take somebody away (--remove), or give \
                   --detached or --body",
        ));
    }
    let mut output = Output::create(&args.output, args.force)?.not_a_terminal()?;
    let beside_data = output.is_stdout();

    let cek = match change.needs_key() {
        true => {
            let granted = opening.open(&sealed.header, &progress).await;
            let granted = granted.inspect_err(|_| progress.finish())?;
            let has_body = sealed.header.location().is_none() || args.body.is_some();
            check_key(&sealed, granted.cek(), has_body)?;
            Some(granted)
        }
        false => None,
    };
    let header = match change.is_empty() {
        true => sealed.header.clone(),
        false => change.apply(&sealed.header, cek.as_ref().map(|granted| granted.cek()))?,
    };
    let header = place(&args, &sealed, header)?;
    let alone = header.location().is_some();
    let header_len = header.as_bytes().len() as u64;
    output.expect(match alone {
        true => Some(header_len),
        false => sealed.body_len.map(|body| header_len + body),
    });
    write(&mut output, header.as_bytes())?;
    let copied = match alone {
        true => 0,
        false => {
            let body = progress.count(sealed.body, sealed.body_len);
            progress.show_bytes("copying");
            let copied = tokio::task::block_in_place(|| copy(body, &mut output));
            progress.finish();
            let copied = copied?;
            match sealed.body_len {
                Some(declared) if declared != copied => {
                    let changed = EnvelopeError::LengthChanged {
                        declared,
                        found: copied,
                    };
                    return Err(changed.into());
                }
                _ => copied,
            }
        }
    };
    progress.finish();
    sealed.stamp.check()?;
    output.commit()?;
    tell(&args, &header, copied, as_json, beside_data);
    Ok(())
}

/// What was asked for.
async fn change(
    args: &RewrapArgs,
    header: &Header,
    progress: &Progress,
) -> Result<Rewrap, Failure> {
    let mut change = Rewrap::new();
    if args.replace {
        change = change.remove_all(header);
    }
    for number in &args.remove {
        change = change.remove(usize::from(*number).saturating_sub(1));
    }
    if let Some(item) = recipients::item(&args.to)? {
        change = change.item(item);
    }
    if args.to.hide_policy {
        change = change.hide_policy();
    }
    let to = recipients::recipients(&args.to, &args.rpc, progress).await?;
    recipients::check_item(&to, recipients::item(&args.to)?, &args.rpc, progress).await?;
    for to in to {
        change = change.also_to(to);
    }
    Ok(change)
}

/// The header as it is to be written: detached, attached, or as it came.
fn place(args: &RewrapArgs, sealed: &Sealed, header: Header) -> Result<Header, Failure> {
    if args.body.is_some() {
        return Ok(header.attached()?);
    }
    let Some(cid) = &args.detached else {
        return Ok(header);
    };
    let (before, after) = match sealed.header.location() {
        // It moved to another object.
        Some(location) => (location.offset, Some(location.length)),
        None => (sealed.header.as_bytes().len() as u64, sealed.body_len),
    };
    let length = after.ok_or_else(|| {
        Failure::new(
            "input_unreadable",
            "the length of what comes from a pipe is not known",
        )
        .hint("give the envelope as a file")
    })?;
    let location = Location::new(cid, args.offset.unwrap_or(before), length).map_err(|error| {
        Failure::new("bad_cid", format_args!("--detached: {error}"))
            .hint("a CID looks like bafkzcib…, as `stheno piece` or a storage provider prints it")
    })?;
    Ok(header.detached(&location)?)
}

/// Files of other tools do not commit to their key: their first chunk says whether it is the one,
/// before it is given to others.
fn check_key(sealed: &Sealed, cek: &Cek, has_body: bool) -> Result<(), Failure> {
    let header = &sealed.header;
    header.check_key(cek)?;
    let (false, true, Some((file, range))) = (header.commits_to_key(), has_body, &sealed.file)
    else {
        return Ok(());
    };
    let first_byte = || -> Result<(), EnvelopeError> {
        let file = file.try_clone().map_err(EnvelopeError::Read)?;
        let mut reader = RangeReader::within(header, cek, file, range.clone())?;
        match reader.read(&mut [0]) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(EnvelopeError::WrongKey)
            }
            Err(error) => Err(EnvelopeError::Read(error)),
        }
    };
    Ok(tokio::task::block_in_place(first_byte)?)
}

fn write(output: &mut Output, bytes: &[u8]) -> Result<(), Failure> {
    output
        .write_all(bytes)
        .map_err(|error| output.failure(Error::from(EnvelopeError::Write(error))))
}

/// Copies a body as it is.
fn copy(mut from: impl Read, to: &mut Output) -> Result<u64, Failure> {
    let mut buffer = vec![0; 1 << 20];
    let mut copied = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(EnvelopeError::Read(error).into()),
        };
        write(to, buffer.get(..read).unwrap_or_default())?;
        copied += read as u64;
    }
}

fn tell(args: &RewrapArgs, header: &Header, copied: u64, as_json: bool, beside_data: bool) {
    let warning = recipients::header_warning(header);
    if let Some(warning) = warning.as_ref().filter(|_| !as_json) {
        say::note(&format!("warning: {warning}"));
    }
    let recipients = header.recipients().len();
    let object = json!({
        "output": args.output,
        "recipients": recipients,
        "headerBytes": header.as_bytes().len(),
        "copiedBytes": copied,
        "detached": header.location().is_some(),
        "warning": warning,
    });
    if beside_data {
        say::beside_data(as_json, &object);
        return;
    }
    let body = match header.location() {
        Some(_) => "a header alone".to_owned(),
        None => format!("{copied} bytes of ciphertext copied"),
    };
    let text = format!(
        "rewrapped into {}: {recipients} recipients, {body}",
        args.output
    );
    say::result(as_json, &text, &object);
}
