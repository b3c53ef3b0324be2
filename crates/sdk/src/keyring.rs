//! Keys of one's own, which open an envelope without asking anybody.

use stheno_crypto::Cek;
use stheno_envelope::{Header, Recipient, SharedKey, X25519Secret};

use crate::Error;

/// Keys to try on an envelope before a committee is asked.
#[derive(Debug, Default)]
pub struct Keyring {
    cek: Option<Cek>,
    x25519: Vec<X25519Secret>,
    shared: Vec<SharedKey>,
}

/// Which kind of key opened an envelope.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyKind {
    /// The content-encryption key itself.
    Content,
    /// An X25519 key.
    X25519,
    /// A shared symmetric key.
    Shared,
}

impl Keyring {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the content-encryption key itself.
    #[must_use]
    pub fn with_cek(mut self, cek: Cek) -> Self {
        self.cek = Some(cek);
        self
    }

    /// Adds an X25519 key.
    #[must_use]
    pub fn with_x25519(mut self, secret: X25519Secret) -> Self {
        self.x25519.push(secret);
        self
    }

    /// Adds a symmetric key.
    #[must_use]
    pub fn with_shared(mut self, key: SharedKey) -> Self {
        self.shared.push(key);
        self
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.cek.is_none() && self.x25519.is_empty() && self.shared.is_empty()
    }

    /// Recovers the content-encryption key, if one of the keys does.
    ///
    /// Every recipient of a key's kind is tried, whatever its key id says. A content-encryption
    /// key is checked as far as the header allows: files of other tools do not commit to theirs,
    /// and then only the body tells.
    ///
    /// # Errors
    /// [`Error::KeyDoesNotOpen`] when none does, [`Error::Envelope`] when the content-encryption
    /// key contradicts the header.
    pub fn open(&self, header: &Header) -> Result<(Cek, KeyKind), Error> {
        if let Some(cek) = &self.cek {
            header.check_key(cek)?;
            return Ok((Cek::from_bytes(*cek.expose_secret()), KeyKind::Content));
        }
        let by_x25519 = self.x25519.iter().find_map(|secret| {
            let cek = header.unwrap_with_x25519(secret).ok()?;
            Some((cek, KeyKind::X25519))
        });
        let by_shared = || {
            self.shared.iter().find_map(|key| {
                let cek = header.unwrap_with_shared_key(key).ok()?;
                Some((cek, KeyKind::Shared))
            })
        };
        by_x25519.or_else(by_shared).ok_or_else(|| {
            let count = |is: fn(&Recipient) -> bool| {
                header.recipients().iter().filter(|one| is(one)).count()
            };
            Error::KeyDoesNotOpen {
                x25519: count(|one| matches!(one, Recipient::X25519(_))),
                shared: count(|one| matches!(one, Recipient::Aes256Kw(_))),
            }
        })
    }
}
