//! Recovering the content-encryption key with a key of one's own.

use stheno_crypto::Cek;

use super::Header;
use crate::{EnvelopeError, Recipient, SharedKey, X25519Secret, commitment};

impl Header {
    /// Tries an X25519 key on every recipient of its kind, in order.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwrap`] when none of them opens.
    pub fn unwrap_with_x25519(&self, secret: &X25519Secret) -> Result<Cek, EnvelopeError> {
        self.first_of(|recipient| match recipient {
            Recipient::X25519(recipient) => recipient.unwrap(secret).ok(),
            _ => None,
        })
    }

    /// Tries a shared key on every recipient of its kind, in order.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwrap`] when none of them opens.
    pub fn unwrap_with_shared_key(&self, key: &SharedKey) -> Result<Cek, EnvelopeError> {
        self.first_of(|recipient| match recipient {
            Recipient::Aes256Kw(recipient) => recipient.unwrap(key).ok(),
            _ => None,
        })
    }

    /// Checks a content-encryption key against the commitment, if the header has one.
    ///
    /// # Errors
    /// [`EnvelopeError::WrongKey`].
    pub fn check_key(&self, cek: &Cek) -> Result<(), EnvelopeError> {
        commitment::check(self, cek)
    }

    fn first_of(&self, open: impl Fn(&Recipient) -> Option<Cek>) -> Result<Cek, EnvelopeError> {
        self.recipients
            .iter()
            .filter_map(open)
            .find(|cek| self.check_key(cek).is_ok())
            .ok_or(EnvelopeError::Unwrap)
    }
}
