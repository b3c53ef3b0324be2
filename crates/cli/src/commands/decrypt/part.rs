//! `stheno decrypt --range`: a part of a file; only the chunks that it needs are read.

use std::ops::Range;

use serde_json::json;
use stheno::{
    Error, FileReader,
    envelope::{EnvelopeError, Header},
    source::{HttpOptions, HttpSource, Local, Source},
};

use crate::{
    address::address,
    args::{DecryptArgs, RangeArg},
    failure::Failure,
    opening::{Granted, Opening},
    output::Output,
    progress::Progress,
    say,
    sealed::{Sealed, body_needed},
};

/// Runs the command for a part.
///
/// # Errors
/// What keeps the part from being written.
pub(super) async fn run(
    args: &DecryptArgs,
    wanted: RangeArg,
    opening: &Opening<'_>,
    as_json: bool,
) -> Result<(), Failure> {
    let part = Part {
        args,
        wanted,
        opening,
        as_json,
    };
    if let Some(url) = address(&args.file)? {
        let (header, source) = HttpSource::open_envelope(url, HttpOptions::default()).await?;
        if let Some(location) = header.location() {
            return Err(body_needed(&args.file, location));
        }
        let body = header.as_bytes().len() as u64..source.size();
        return part.write(&header, source, body).await;
    }
    let sealed = tokio::task::block_in_place(|| Sealed::open(&args.file, args.body.as_deref()))?;
    let Some((file, body)) = sealed.file else {
        return Err(Failure::new(
            "not_seekable",
            format_args!(
                "{} is a stream, and a part needs a file or an address",
                args.file
            ),
        )
        .hint("save it to a file first, or decrypt all of it"));
    };
    let source = Local::new(file).map_err(EnvelopeError::Read)?;
    part.write(&sealed.header, source, body).await?;
    Ok(())
}

/// What is to be done.
pub(super) struct Part<'a> {
    pub(super) args: &'a DecryptArgs,
    pub(super) wanted: RangeArg,
    pub(super) opening: &'a Opening<'a>,
    pub(super) as_json: bool,
}

impl Part<'_> {
    pub(super) async fn write<S: Source + 'static>(
        &self,
        header: &Header,
        source: S,
        body: Range<u64>,
    ) -> Result<(), Failure> {
        let mut output = Output::create(&self.args.output, self.args.force)?;
        let beside_data = output.is_stdout();
        let progress = Progress::new(self.as_json);
        let granted = self.opening.open(header, &progress).await;
        let granted = granted.inspect_err(|_| progress.finish())?;
        progress.step("decrypting a part");
        let mut file = FileReader::within(header, granted.cek(), source, body)?;
        let written = self.copy(&mut file, &mut output).await;
        progress.finish();
        let range = written.map_err(|error| output.failure(error))?;
        output.commit()?;
        self.tell(&range, file.bytes_fetched(), &granted, beside_data);
        Ok(())
    }

    async fn copy<S: Source + 'static>(
        &self,
        file: &mut FileReader<S>,
        output: &mut Output,
    ) -> Result<Range<u64>, Error> {
        let start = self.wanted.offset;
        let end = match self.wanted.length {
            Some(length) => start.saturating_add(length),
            None => file.size().await?,
        };
        output.expect(end.checked_sub(start));
        file.copy_range(start..end, &mut *output).await?;
        Ok(start..end)
    }

    fn tell(&self, range: &Range<u64>, fetched: u64, granted: &Granted, beside_data: bool) {
        if !self.as_json {
            granted.warn_of_culprits();
        }
        let bytes = range.end - range.start;
        let output = &self.args.output;
        let mut object = json!({
            "output": output,
            "bytes": bytes,
            "offset": range.start,
            "bodyBytesRead": fetched,
        });
        granted.add_to(&mut object);
        if beside_data {
            say::beside_data(self.as_json, &object);
            return;
        }
        let text = format!(
            "decrypted {bytes} bytes from {} on into {output} {}, reading {fetched} bytes",
            range.start,
            granted.words()
        );
        say::result(self.as_json, &text, &object);
    }
}
