//! Reading: from an envelope and a reader to its key, and with the key to the plaintext.

mod verdict;

use std::{
    fmt,
    io::{Read, Write},
    sync::Arc,
    time::Duration,
};

use stheno_crypto::{Cek, ItemId, NetworkId};
use stheno_envelope::{Decryptor, Header, Locator, PolicyField, Recipient, ThresholdRecipient};
use stheno_protocol::{Code, Context, Policy, SignedReceipt};

use verdict::{Verdict, verdict};

use crate::{
    Client, Error,
    ledger::Committee,
    private::Purpose,
    request::{Batch, Granted, LIFETIME, Lock, Round, RoundError},
    tally::Tally,
    wallet::Reader,
};

/// How many times a reader follows a committee to its next epoch while it reads one file.
const MOST_FOLLOWED: u32 = 4;

/// How to decrypt. The default is what most readers want.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct DecryptOptions {
    /// The policy, for an envelope that says only its digest.
    pub policy: Option<Policy>,
    /// Values for the policy's placeholders other than `:reader` and `:item`.
    pub context: Context,
    /// Is told what is going on.
    pub observer: Option<Observer>,
}

/// Is told what is going on, while it is going on.
pub type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// Something that a person may want to know while waiting.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Event {
    /// The nodes are being asked.
    Asking {
        /// The network.
        network: NetworkId,
        /// Nodes in its committee.
        nodes: usize,
        /// Shares that open.
        threshold: u16,
    },
    /// Nodes asked to come back later.
    Waiting {
        /// Why, in a node's words.
        why: String,
        /// Until they are asked again.
        pause: Duration,
        /// How many more blocks have to be final, where that is what is waited for.
        blocks: Option<u64>,
    },
    /// The key is there; the body follows.
    KeyOpened {
        /// What each node did.
        tally: Tally,
    },
}

impl DecryptOptions {
    /// Gives the policy of an envelope that hides it.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Gives values for the policy's placeholders.
    #[must_use]
    pub fn context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Calls `observer` with what is going on.
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    fn tell(&self, event: &Event) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }
}

impl fmt::Debug for DecryptOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptOptions")
            .field("policy", &self.policy)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// A file's key, released by its committee.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The content-encryption key. Opened under `U = ρ·P2`, so it is the one that was sealed.
    pub cek: Cek,
    /// The committee that released it.
    pub network: NetworkId,
    /// Where that committee lives: who its members are, and so whose the receipts must be, stands
    /// there.
    pub committee: Locator,
    /// The item that it is released for.
    pub item: ItemId,
    /// What each node did.
    pub tally: Tally,
    /// The receipts of the nodes whose shares were used: signed statements of what they released.
    pub receipts: Vec<SignedReceipt>,
}

impl Opened {
    /// Decrypts the body that follows `header` in `input`. Blocks the thread while it streams.
    ///
    /// Every byte written was authenticated, but only `Ok` says that it was all of them: let no
    /// output appear under its final name before.
    ///
    /// # Errors
    /// [`Error::Envelope`].
    pub fn decrypt(
        &self,
        header: &Header,
        input: impl Read + Send,
        output: impl Write + Send,
    ) -> Result<u64, Error> {
        Ok(Decryptor::new(header, &self.cek)?
            .decrypt(input, output)?
            .plaintext_len)
    }
}

/// What was decrypted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decrypted {
    /// Bytes that were written.
    pub plaintext_len: u64,
    /// The committee that released the key.
    pub network: NetworkId,
    /// The file's item.
    pub item: ItemId,
    /// What each node did; [`Tally::culprits`] names those that cheated.
    pub tally: Tally,
    /// What the nodes signed for having released.
    pub receipts: Vec<SignedReceipt>,
}

impl Client {
    /// Asks for the key of the file that `header` belongs to, each committee among its recipients
    /// in turn.
    ///
    /// # Errors
    /// [`Error::Denied`] when the policy does not hold for `reader`; [`Error`] otherwise.
    pub async fn open(
        &self,
        reader: &dyn Reader,
        header: &Header,
        options: &DecryptOptions,
    ) -> Result<Opened, Error> {
        let recipients = self.committees_of(header)?;
        let mut errors = Vec::new();
        for recipient in recipients {
            match self.open_recipient(reader, recipient, options).await {
                Ok(opened) => return Ok(opened),
                Err(error) => errors.push(error),
            }
        }
        match errors.pop() {
            Some(only) if errors.is_empty() => Err(only),
            Some(last) => {
                errors.push(last);
                Err(Error::NoneOpened(errors))
            }
            None => Err(Error::NoThresholdRecipient),
        }
    }

    /// The recipients that can be asked: all committees, or the pinned one alone.
    pub(crate) fn committees_of<'a>(
        &self,
        header: &'a Header,
    ) -> Result<Vec<&'a ThresholdRecipient>, Error> {
        let all: Vec<&ThresholdRecipient> = header
            .recipients()
            .iter()
            .filter_map(|recipient| match recipient {
                Recipient::Threshold(recipient) => Some(recipient.as_ref()),
                _ => None,
            })
            .collect();
        let Some(wanted) = self.network().map(|file| file.network_id()) else {
            return Ok(all);
        };
        let (ours, others): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|recipient| recipient.network() == wanted);
        if ours.is_empty() && !others.is_empty() {
            let found = others.iter().map(|recipient| recipient.network()).collect();
            return Err(Error::WrongNetwork { wanted, found });
        }
        Ok(ours)
    }

    async fn open_recipient(
        &self,
        reader: &dyn Reader,
        recipient: &ThresholdRecipient,
        options: &DecryptOptions,
    ) -> Result<Opened, Error> {
        let policy = policy_of(recipient, options)?;
        let granted = self
            .open_batch(reader, &Batch::of(recipient), &policy, options)
            .await?;
        let cek = granted.keys.into_iter().next().flatten();
        Ok(Opened {
            cek: cek.ok_or(Error::Unopenable)?,
            network: recipient.network(),
            committee: granted.committee,
            item: *recipient.item(),
            tally: granted.tally,
            receipts: granted.receipts,
        })
    }

    /// Asks for the keys of a batch until they come or nothing more can be hoped for.
    pub(crate) async fn open_batch<L: Lock>(
        &self,
        reader: &dyn Reader,
        batch: &Batch<'_, L>,
        policy: &Policy,
        options: &DecryptOptions,
    ) -> Result<Granted<L::Key>, Error> {
        if policy.requires_account() && reader.account(batch.locator.chain_id).is_none() {
            return Err(Error::WalletNeeded);
        }
        let now = self.clock().now();
        let purpose = Purpose {
            policy,
            context: &options.context,
            now,
            until: now.saturating_add(LIFETIME),
            ledger: Some(self.ledger()),
        };
        let claims = reader.prepare(&purpose).await?;
        let mut waited = Duration::ZERO;
        let mut round: u32 = 0;
        let mut refused_anchors = 0;
        let mut followed = 0;
        loop {
            round = round.saturating_add(1);
            let committee = self.committee(&batch.locator).await?;
            options.tell(&Event::Asking {
                network: batch.locator.network(),
                nodes: committee.members.len(),
                threshold: committee.threshold,
            });
            let refused_before = refused_anchors;
            let asked_of = |committee| Round {
                client: self,
                committee,
                reader,
                batch,
                policy,
                context: &options.context,
                claims: &claims,
                is_first: round == 1,
                refused_anchors: refused_before,
            };
            let tally = match asked_of(&committee).run().await {
                Ok(opened) => return Ok(told(opened, options)),
                Err(RoundError::Fatal(error)) => return Err(error),
                Err(RoundError::Exhausted(tally)) => tally,
            };
            if tally.codes().contains(&Code::AnchorUnknown) {
                refused_anchors += 1;
            }
            let elsewhere = [Code::WrongEpoch, Code::NotServing]
                .iter()
                .any(|code| tally.codes().contains(code));
            let verdict = verdict(tally);
            // Whatever the old epoch's nodes say, short of a denial, the new one's may not.
            if followed < MOST_FOLLOWED
                && !verdict.is_denial()
                && self.has_moved_on(&committee).await
            {
                followed += 1;
                continue;
            }
            if verdict.is_for_want_of_nodes(elsewhere)
                && let Some(before) = self.epoch_before(&committee).await
                && let Ok(opened) = asked_of(&before).run().await
            {
                return Ok(told(opened, options));
            }
            let (error, later) = match verdict {
                Verdict::Final(error) => return Err(error),
                Verdict::Later(error, later) => (error, later),
            };
            // A node that says "at once", again and again, must not keep the reader busy for ever.
            let pause = later
                .pause
                .map_or_else(|| self.tuning().pause_before(round), Duration::from_secs)
                .max(self.tuning().pause);
            let patience = match later.for_finality || later.for_epoch {
                true => self.tuning().finality_patience,
                false => self.tuning().patience,
            };
            waited = waited.saturating_add(pause);
            if waited > patience {
                return Err(error);
            }
            options.tell(&Event::Waiting {
                why: later.why,
                pause,
                blocks: later.blocks,
            });
            self.clock().sleep(pause).await;
        }
    }
}

impl Client {
    /// Whether another epoch serves than the one that was asked. A chain that cannot be read says
    /// nothing.
    async fn has_moved_on(&self, asked: &Committee) -> bool {
        let now = self.committee(&asked.locator).await;
        now.is_ok_and(|now| now.epoch != asked.epoch)
    }

    /// The committee in the epoch before: it goes on serving while the next one's shares have not
    /// been proven to work. Its key is the same.
    async fn epoch_before(&self, asked: &Committee) -> Option<Committee> {
        let epoch = asked.epoch.checked_sub(1).filter(|epoch| *epoch > 0)?;
        let before = self.ledger().committee_in(&asked.locator, epoch).await;
        before
            .ok()
            .flatten()
            .filter(|before| before.network_key == asked.network_key)
    }
}

/// Tells that the key is there.
fn told<K>(opened: Granted<K>, options: &DecryptOptions) -> Granted<K> {
    options.tell(&Event::KeyOpened {
        tally: opened.tally.clone(),
    });
    opened
}

/// The policy that the nodes are to evaluate: the envelope's, or the one that was given for it.
pub(crate) fn policy_of(
    recipient: &ThresholdRecipient,
    options: &DecryptOptions,
) -> Result<Policy, Error> {
    match (recipient.policy(), &options.policy) {
        (PolicyField::Bytes(bytes), _) => Ok(Policy::from_cbor(bytes)?),
        (PolicyField::Digest(_), None) => Err(Error::PolicyHidden),
        (PolicyField::Digest(digest), Some(policy)) if policy.digest() == *digest => {
            Ok(policy.clone())
        }
        (PolicyField::Digest(_), Some(_)) => Err(Error::PolicyMismatch),
    }
}
