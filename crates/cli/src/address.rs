//! Inputs that are addresses: `https://…` where a file name could stand.

use stheno::{
    Error,
    envelope::Header,
    source::{HttpDownload, HttpOptions, HttpSource, Source, SourceError},
};
use url::Url;

use crate::failure::Failure;

/// The address, if the input is one. A file of such a name can be given as `./https:/…`.
///
/// # Errors
/// When it begins like an address and is none.
pub fn address(input: &str) -> Result<Option<Url>, Failure> {
    let scheme = input.split_once("://").map(|(scheme, _)| scheme);
    let is_address =
        scheme.is_some_and(|s| s.eq_ignore_ascii_case("https") || s.eq_ignore_ascii_case("http"));
    if !is_address {
        return Ok(None);
    }
    let url = Url::parse(input).map_err(|error| {
        Failure::new("bad_url", format_args!("the address {input}: {error}"))
            .hint("an address looks like https://storage.example/piece/bafk…")
    })?;
    Ok(Some(url))
}

/// The whole object, in order.
///
/// # Errors
/// What the server does wrong.
pub fn download(url: Url) -> Result<HttpDownload, Failure> {
    Ok(HttpDownload::start(url, HttpOptions::default()).map_err(Error::from)?)
}

/// The header of a stored envelope, and how many bytes follow it: a request for its first bytes, or
/// the start of all of them where the server does not serve parts.
///
/// # Errors
/// When it is no envelope, or what the server does wrong.
pub fn header(url: Url) -> Result<(Header, Option<u64>), Failure> {
    match HttpSource::open_envelope_blocking(url.clone(), HttpOptions::default()) {
        Ok((header, source)) => {
            let body = source.size().saturating_sub(header.as_bytes().len() as u64);
            Ok((header, Some(body)))
        }
        Err(Error::Source(SourceError::RangeIgnored { .. })) => {
            let mut download = download(url)?;
            let size = download.size();
            let header = Header::read(&mut download)?;
            let start = header.as_bytes().len() as u64;
            Ok((header, size.map(|size| size.saturating_sub(start))))
        }
        Err(error) => Err(error.into()),
    }
}
