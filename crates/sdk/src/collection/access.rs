//! What opens the envelopes of a collection: keys of one's own, or a committee, asked for many files at
//! once.

use std::sync::{Mutex, PoisonError};

use stheno_crypto::Cek;
use stheno_envelope::Header;

use crate::{Client, DecryptOptions, Error, Keyring, Reader, Released};

/// Keys of one's own are tried first, then a committee, if there is one to ask.
#[derive(Debug)]
pub struct Access {
    keyring: Keyring,
    committee: Option<Committee>,
    released: Mutex<Vec<Released>>,
}

struct Committee {
    client: Client,
    reader: Box<dyn Reader>,
    options: DecryptOptions,
}

impl std::fmt::Debug for Committee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Committee")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// These keys, and nobody to ask.
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            committee: None,
            released: Mutex::default(),
        }
    }

    /// Asks committees for what the keys do not open.
    #[must_use]
    pub fn asking(
        mut self,
        client: Client,
        reader: Box<dyn Reader>,
        options: DecryptOptions,
    ) -> Self {
        self.committee = Some(Committee {
            client,
            reader,
            options,
        });
        self
    }

    /// The key of one envelope.
    ///
    /// # Errors
    /// [`Error::KeyDoesNotOpen`] with nobody to ask; as [`Client::open`].
    pub async fn key(&self, header: &Header) -> Result<Cek, Error> {
        let keys = self.keys(std::slice::from_ref(header)).await?;
        keys.into_iter().next().flatten().ok_or(Error::Unopenable)
    }

    /// The keys of many envelopes, in their order; `None` of one that is damaged. Files of one item
    /// need one request, and so do up to 256 items: see [`Client::open_all`].
    ///
    /// # Errors
    /// As [`key`](Self::key), for any of them.
    pub async fn keys(&self, headers: &[Header]) -> Result<Vec<Option<Cek>>, Error> {
        let mut keys: Vec<Option<Cek>> = Vec::with_capacity(headers.len());
        let mut asked: Vec<Header> = Vec::new();
        let mut places = Vec::new();
        for (place, header) in headers.iter().enumerate() {
            let own = match self.keyring.is_empty() {
                true => None,
                false => match self.keyring.open(header) {
                    Ok((key, _)) => Some(key),
                    Err(Error::KeyDoesNotOpen { .. }) if self.committee.is_some() => None,
                    Err(error) => return Err(error),
                },
            };
            if own.is_none() {
                places.push(place);
                asked.push(header.clone());
            }
            keys.push(own);
        }
        if asked.is_empty() {
            return Ok(keys);
        }
        let Some(committee) = &self.committee else {
            return Err(Error::KeyDoesNotOpen {
                x25519: 0,
                shared: 0,
            });
        };
        let (reader, options) = (committee.reader.as_ref(), &committee.options);
        let opened = committee.client.open_all(reader, &asked, options).await?;
        for (place, key) in places.into_iter().zip(opened.keys) {
            if let Some(there) = keys.get_mut(place) {
                *there = key;
            }
        }
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        released.extend(opened.requests);
        Ok(keys)
    }

    /// What committees released so far, a line for each request.
    pub fn released(&self) -> Vec<Released> {
        let released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        released.clone()
    }
}
