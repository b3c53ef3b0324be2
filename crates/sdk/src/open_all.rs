//! The keys of many files at once: one request for up to 256 items, however many files have them.

use stheno_crypto::Cek;
use stheno_envelope::{Header, Locator, ThresholdRecipient};
use stheno_protocol::{Policy, SignedReceipt, request::MAX_ITEMS};

use crate::{
    Client, DecryptOptions, Error, decrypt::policy_of, request::Batch, tally::Tally, wallet::Reader,
};

/// The most files whose keys one request opens: it is held in memory meanwhile.
const MOST_FILES: usize = 1024;

/// The keys of many files.
#[derive(Debug)]
#[non_exhaustive]
pub struct OpenedAll {
    /// In the order of the headers. `None` where enough good shares came and the envelope's own part
    /// does not open with them: that file is damaged.
    pub keys: Vec<Option<Cek>>,
    /// What the nodes did, for each request.
    pub requests: Vec<Released>,
}

/// What one request came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Released {
    /// The committee that was asked.
    pub committee: Locator,
    /// What each node did.
    pub tally: Tally,
    /// What the nodes signed for having released.
    pub receipts: Vec<SignedReceipt>,
}

impl Client {
    /// Asks for the keys of many files. Those of one committee and policy are asked for together, up
    /// to 256 items in a request, so files of one item need one request.
    ///
    /// A policy that asks about the item holds for all items of a request, or the request is denied.
    ///
    /// # Errors
    /// As [`Client::open`], for any of the files.
    pub async fn open_all(
        &self,
        reader: &dyn Reader,
        headers: &[Header],
        options: &DecryptOptions,
    ) -> Result<OpenedAll, Error> {
        let mut opened = OpenedAll {
            keys: headers.iter().map(|_| None).collect(),
            requests: Vec::new(),
        };
        for group in self.groups(headers)? {
            let granted = match group.policy(options) {
                Ok(policy) => {
                    self.open_batch(reader, &group.batch, &policy, options)
                        .await
                }
                Err(error) => Err(error),
            };
            match granted {
                Ok(granted) => {
                    for (place, key) in group.places.iter().zip(granted.keys) {
                        put(&mut opened.keys, *place, key);
                    }
                    opened.requests.push(Released {
                        committee: granted.committee,
                        tally: granted.tally,
                        receipts: granted.receipts,
                    });
                }
                Err(Error::Unopenable) => {}
                // Another recipient of each may open it.
                Err(_) if group.has_others => {
                    for place in &group.places {
                        let Some(header) = headers.get(*place) else {
                            continue;
                        };
                        let one = self.open(reader, header, options).await?;
                        put(&mut opened.keys, *place, Some(one.cek));
                        opened.requests.push(Released {
                            committee: one.committee,
                            tally: one.tally,
                            receipts: one.receipts,
                        });
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(opened)
    }

    fn groups<'a>(&self, headers: &'a [Header]) -> Result<Vec<Group<'a>>, Error> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for (place, header) in headers.iter().enumerate() {
            let committees = self.committees_of(header)?;
            let first = *committees.first().ok_or(Error::NoThresholdRecipient)?;
            let mut taken = false;
            for group in groups.iter_mut().rev() {
                taken = group.take(place, first);
                if taken {
                    group.has_others |= committees.len() > 1;
                    break;
                }
            }
            if !taken {
                groups.push(Group {
                    batch: Batch::of(first),
                    places: vec![place],
                    has_others: committees.len() > 1,
                });
            }
        }
        Ok(groups)
    }
}

/// Files that are asked for together.
struct Group<'a> {
    batch: Batch<'a, ThresholdRecipient>,
    /// Where their headers are.
    places: Vec<usize>,
    /// Whether one of them can be opened by another committee, too.
    has_others: bool,
}

impl<'a> Group<'a> {
    fn policy(&self, options: &DecryptOptions) -> Result<Policy, Error> {
        let (_, first) = self
            .batch
            .locks
            .first()
            .ok_or(Error::NoThresholdRecipient)?;
        policy_of(first, options)
    }

    /// Takes a file, if it belongs here and there is room.
    fn take(&mut self, place: usize, recipient: &'a ThresholdRecipient) -> bool {
        let Some((_, first)) = self.batch.locks.first() else {
            return false;
        };
        let alike = first.network() == recipient.network()
            && first.locator() == recipient.locator()
            && first.policy().digest() == recipient.policy().digest();
        let taken =
            alike && self.batch.locks.len() < MOST_FILES && self.batch.add(recipient, MAX_ITEMS);
        if taken {
            self.places.push(place);
        }
        taken
    }
}

fn put(keys: &mut [Option<Cek>], place: usize, key: Option<Cek>) {
    if let Some(there) = keys.get_mut(place) {
        *there = key;
    }
}
