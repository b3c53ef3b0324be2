//! Where to look first. Hints are never what makes bytes right.

use crate::cbor::cursor::Cursor;
use crate::cbor::write::Writer;

/// The most hints in one place.
const MAX_HINTS: usize = 32;
/// The longest address, in bytes.
const MAX_URL_BYTES: usize = 2048;

/// Somebody who may have the bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Hint {
    /// An address with `http` or `https`, without user name and password. In an
    /// entry, that of the envelope; in the header, one below which pieces and
    /// blocks are.
    Url(String),
    /// A provider, by its number in the registry of the network's chain.
    Provider(u64),
}

/// What is wrong with hints.
pub(super) fn problem(hints: &[Hint]) -> Option<&'static str> {
    if hints.len() > MAX_HINTS {
        return Some("there are more than 32 hints where copies are");
    }
    let bad = |hint: &Hint| matches!(hint, Hint::Url(url) if !is_address(url));
    hints
        .iter()
        .any(bad)
        .then_some("a hint is no address with http or https, or has a password in it")
}

fn is_address(url: &str) -> bool {
    let behind = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    let authority = behind.and_then(|behind| behind.split(['/', '?', '#', '\\']).next());
    let named =
        authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('@'));
    named && url.len() <= MAX_URL_BYTES && url.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(super) fn encode(hints: &[Hint], to: Writer) -> Writer {
    hints
        .iter()
        .fold(to.array(hints.len() as u64), |to, hint| match hint {
            Hint::Url(url) => to.text(url),
            Hint::Provider(id) => to.unsigned(*id),
        })
}

pub(super) fn decode(from: &mut Cursor<'_>) -> Option<Vec<Hint>> {
    let count = from.array()?;
    let mut hints = Vec::new();
    for _ in 0..count {
        let url = from.text().map(|url| Hint::Url(url.to_owned()));
        hints.push(match url {
            Some(url) => url,
            None => Hint::Provider(from.unsigned()?),
        });
    }
    Some(hints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_refused_with_a_password_another_scheme_or_no_host() {
        for good in [
            "https://a.example/piece?x=1#y",
            "http://[::1]:80/a@b",
            "https://a",
        ] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("https://a/{}", "b".repeat(MAX_URL_BYTES));
        for bad in [
            "",
            "ftp://a",
            "file:///etc/passwd",
            "https://",
            "https:///a",
            "https://user:secret@a/",
            "https://a b",
            "https://ä.example",
            "https://a\n",
            long.as_str(),
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
