//! Recipients: who can recover the content-encryption key, and how.

mod threshold;

pub use threshold::{Locator, PolicyField, ThresholdRecipient};

/// One entry of the header's recipient list.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Recipient {
    /// A threshold committee (−65801).
    Threshold(Box<ThresholdRecipient>),
    /// An X25519 key (−31).
    X25519(X25519Recipient),
    /// A shared 256-bit key (−5).
    Aes256Kw(Aes256KwRecipient),
    /// One that this version cannot open. Kept as it stood.
    Unknown(UnknownRecipient),
}

impl Recipient {
    /// The COSE algorithm number, if it has one.
    #[allow(clippy::todo)]
    pub fn algorithm(&self) -> Option<i64> {
        todo!()
    }

    /// The key identifier, if it has one. Unauthenticated; several recipients may share one.
    #[allow(clippy::todo)]
    pub fn kid(&self) -> Option<&[u8]> {
        todo!()
    }
}

/// A recipient with an X25519 key (−31).
#[derive(Clone, Debug)]
pub struct X25519Recipient {}

/// A recipient with a shared 256-bit key (−5).
#[derive(Clone, Debug)]
pub struct Aes256KwRecipient {}

/// A recipient of an algorithm or version that is not known here.
#[derive(Clone, Debug)]
pub struct UnknownRecipient {}
