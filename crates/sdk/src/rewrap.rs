//! Other recipients for a file that is written already; its body stays as it is.

use stheno_crypto::{Cek, ItemId};
use stheno_envelope::{Header, Recipient};

use crate::{
    Error,
    seal_to::{SealTo, item_or_fresh},
};

/// A change of who can open a file.
///
/// Everything else in the header is kept byte for byte, what is unknown to this version included.
/// Taking a recipient away locks out only who has not yet learned the file's key.
#[derive(Clone, Debug, Default)]
pub struct Rewrap {
    removed: Vec<usize>,
    add: Vec<SealTo>,
    item: Option<ItemId>,
    hide_policy: bool,
}

impl Rewrap {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes away the recipient at `index`, counted from 0 as [`Header::recipients`] does.
    #[must_use]
    pub fn remove(mut self, index: usize) -> Self {
        self.removed.push(index);
        self
    }

    /// Takes away every recipient that `header` has.
    #[must_use]
    pub fn remove_all(mut self, header: &Header) -> Self {
        self.removed.extend(0..header.recipients().len());
        self
    }

    /// Adds a recipient.
    #[must_use]
    pub fn also_to(mut self, to: SealTo) -> Self {
        self.add.push(to);
        self
    }

    /// Seals to a given item for new committees, instead of a fresh one.
    #[must_use]
    pub fn item(mut self, item: ItemId) -> Self {
        self.item = Some(item);
        self
    }

    /// Keeps the policies of new committees out of the header.
    #[must_use]
    pub fn hide_policy(mut self) -> Self {
        self.hide_policy = true;
        self
    }

    /// Whether the file's key is needed: to add somebody, but not to take somebody away.
    pub fn needs_key(&self) -> bool {
        !self.add.is_empty()
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.add.is_empty()
    }

    /// The header with the change made. `cek` is needed if [`needs_key`](Self::needs_key) says so.
    ///
    /// # Errors
    /// [`Error::NoSuchRecipient`]; [`Error::Envelope`] when the key is not the file's, when no
    /// recipient would be left, and for envelopes that were written without recipients.
    pub fn apply(&self, header: &Header, cek: Option<&Cek>) -> Result<Header, Error> {
        let found = header.recipients().len();
        if let Some(index) = self.removed.iter().find(|index| **index >= found) {
            return Err(Error::NoSuchRecipient {
                number: index.saturating_add(1),
                found,
            });
        }
        let mut recipients: Vec<Recipient> = header
            .recipients()
            .iter()
            .enumerate()
            .filter(|(index, _)| !self.removed.contains(index))
            .map(|(_, recipient)| recipient.clone())
            .collect();
        if self.needs_key() {
            let cek = cek.ok_or(Error::KeyNeeded)?;
            header.check_key(cek)?;
            let item = item_or_fresh(self.item, self.add.iter())?;
            for to in &self.add {
                recipients.push(to.seal(cek, &item, self.hide_policy)?);
            }
        }
        Ok(header.with_recipients(recipients)?)
    }
}
