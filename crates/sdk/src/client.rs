//! The client: a ledger, nodes, a clock, and perhaps a pinned network.

use std::{
    fmt,
    io::{Read, Write},
    sync::Arc,
};

use stheno_crypto::{NetworkId, NetworkKey, PolicyDigest};
use stheno_envelope::{Header, Locator};
use stheno_protocol::Policy;
#[cfg(all(feature = "chain", feature = "http"))]
use url::Url;

use crate::{
    DecryptOptions, Decrypted, EncryptOptions, Encrypted, Error, NetworkFile,
    clock::Clock,
    encrypt::{Encryption, Written},
    ledger::{Committee, Ledger},
    seal_to::{PinnedNetwork, SealTo},
    survey::{self, Survey},
    transport::Transport,
    tuning::Tuning,
    wallet::Reader,
};
#[cfg(all(feature = "chain", feature = "http"))]
use crate::{clock::SystemClock, ledger::RpcLedger, transport::HttpTransport};

/// Encrypts to a network and decrypts through its nodes. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    ledger: Arc<dyn Ledger>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    tuning: Tuning,
    pinned: Option<PinnedNetwork>,
}

#[cfg(all(feature = "chain", feature = "http"))]
impl Client {
    /// A client that reads and writes for one network: reads its committee from the chain and
    /// checks the key against the fingerprint in the network file.
    ///
    /// `rpc` are endpoints of the chains that matter; when empty, the network file's are used.
    ///
    /// # Errors
    /// [`Error::WrongKey`] when the network's key is not the pinned one; [`Error::Ledger`].
    pub async fn connect(network: NetworkFile, rpc: &[Url]) -> Result<Self, Error> {
        let ledger = RpcLedger::of_network(&network, rpc);
        let client = Self::new(ledger, HttpTransport::new()?, SystemClock);
        client.pin(network).await
    }

    /// A client that reads from whatever network an envelope names. It cannot write.
    ///
    /// # Errors
    /// [`Error::Http`].
    pub fn for_reading(rpc: &[Url]) -> Result<Self, Error> {
        Ok(Self::new(
            RpcLedger::new(rpc.iter().cloned()),
            HttpTransport::new()?,
            SystemClock,
        ))
    }

    /// A client that writes without asking anybody: the network file must carry the key.
    ///
    /// # Errors
    /// [`Error::NoNetwork`] when it does not.
    pub fn offline(network: NetworkFile) -> Result<Self, Error> {
        let client = Self::new(RpcLedger::new([]), HttpTransport::new()?, SystemClock);
        Ok(Self {
            pinned: Some(PinnedNetwork::offline(network)?),
            ..client
        })
    }
}

impl Client {
    /// A client of given parts, such as those of [`testing`](crate::testing) or of a browser.
    pub fn new(
        ledger: impl Ledger + 'static,
        transport: impl Transport + 'static,
        clock: impl Clock + 'static,
    ) -> Self {
        Self {
            ledger: Arc::new(ledger),
            transport: Arc::new(transport),
            clock: Arc::new(clock),
            tuning: Tuning::default(),
            pinned: None,
        }
    }

    /// Pins a network: from now on this client writes to it, and reads from it alone.
    ///
    /// # Errors
    /// [`Error::WrongKey`] when the network's key is not the pinned one; [`Error::Ledger`].
    pub async fn pin(mut self, network: NetworkFile) -> Result<Self, Error> {
        let committee = self.ledger.committee(&network.locator()).await?;
        check_key(&network, &committee.network_key)?;
        self.pinned = Some(PinnedNetwork::new(network, committee.network_key));
        Ok(self)
    }

    /// Sets limits of time and effort.
    #[must_use]
    pub fn with_tuning(mut self, tuning: Tuning) -> Self {
        self.tuning = tuning;
        self
    }

    /// The pinned network.
    pub fn network(&self) -> Option<&NetworkFile> {
        self.pinned.as_ref().map(PinnedNetwork::file)
    }

    /// The pinned network, to be sealed to.
    pub fn pinned(&self) -> Option<&PinnedNetwork> {
        self.pinned.as_ref()
    }

    /// Encrypts `input` to whoever `policy` lets read, into an envelope.
    ///
    /// The body streams on this thread; on a multi-threaded tokio runtime other tasks move away
    /// meanwhile. Memory does not grow with the file.
    ///
    /// # Errors
    /// [`Error::NoNetwork`] when no network is pinned; [`Error::Envelope`] when reading or writing
    /// fails. What was written is then incomplete.
    pub async fn encrypt(
        &self,
        policy: &Policy,
        input: impl Read + Send,
        output: impl Write + Send,
        options: EncryptOptions,
    ) -> Result<Encrypted, Error> {
        let (encryption, to) = self.prepare(policy, options)?;
        to.encrypted(&blocking(|| encryption.write(input, output))?)
    }

    /// Lays down the header of a file for the pinned network; asks nobody.
    pub(crate) fn prepare(
        &self,
        policy: &Policy,
        options: EncryptOptions,
    ) -> Result<(Encryption, To), Error> {
        let pinned = self.pinned.as_ref().ok_or(Error::NoNetwork {
            why: "encrypting needs a network file that pins the network's key",
        })?;
        let to = To {
            network: pinned.file().network_id(),
            policy: policy.digest(),
        };
        let recipient = SealTo::network(pinned.clone(), policy.clone());
        Ok((Encryption::prepare(&[recipient], options)?, to))
    }

    /// Decrypts the envelope in `input`, if its policy lets `reader`.
    ///
    /// # Errors
    /// [`Error::Denied`] when it does not; [`Error`] otherwise. What was written to `output` is
    /// then incomplete: let no file appear under its final name before this returns `Ok`.
    pub async fn decrypt(
        &self,
        reader: &dyn Reader,
        input: impl Read + Send,
        output: impl Write + Send,
    ) -> Result<Decrypted, Error> {
        self.decrypt_with(reader, input, output, &DecryptOptions::default())
            .await
    }

    /// [`Client::decrypt`] with options.
    ///
    /// # Errors
    /// As [`Client::decrypt`].
    pub async fn decrypt_with(
        &self,
        reader: &dyn Reader,
        mut input: impl Read + Send,
        output: impl Write + Send,
        options: &DecryptOptions,
    ) -> Result<Decrypted, Error> {
        let header = blocking(|| Header::read(&mut input))?;
        let opened = self.open(reader, &header, options).await?;
        let plaintext_len = blocking(|| opened.decrypt(&header, input, output))?;
        Ok(Decrypted {
            plaintext_len,
            network: opened.network,
            item: opened.item,
            tally: opened.tally,
            receipts: opened.receipts,
        })
    }

    /// The committee at `locator`; a pinned network's key is checked again.
    ///
    /// # Errors
    /// [`Error::Ledger`], [`Error::WrongKey`].
    pub async fn committee(&self, locator: &Locator) -> Result<Committee, Error> {
        let committee = self.ledger.committee(locator).await?;
        if let Some(network) = self.network().filter(|file| file.locator() == *locator) {
            check_key(network, &committee.network_key)?;
        }
        Ok(committee)
    }

    /// Asks every node of a committee how it is.
    pub async fn survey(&self, committee: &Committee) -> Survey {
        survey::survey(
            committee,
            self.transport(),
            self.clock(),
            &self.tuning,
            None,
        )
        .await
    }

    /// Pins a network whose key is known to be the right one.
    #[cfg(feature = "testing")]
    pub(crate) fn pinned_to(mut self, network: NetworkFile, key: NetworkKey) -> Self {
        self.pinned = Some(PinnedNetwork::new(network, key));
        self
    }

    pub(crate) fn ledger(&self) -> &dyn Ledger {
        self.ledger.as_ref()
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        self.transport.as_ref()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    pub(crate) fn tuning(&self) -> &Tuning {
        &self.tuning
    }
}

/// Whom a file is encrypted to.
pub(crate) struct To {
    network: NetworkId,
    policy: PolicyDigest,
}

impl To {
    pub(crate) fn encrypted(self, written: &Written) -> Result<Encrypted, Error> {
        Ok(Encrypted {
            item: written.item.ok_or(Error::NoRecipient)?,
            network: self.network,
            policy: self.policy,
            plaintext_len: written.plaintext_len,
            envelope_len: written.envelope_len,
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("network", &self.network().map(|file| &file.name))
            .field("tuning", &self.tuning)
            .finish_non_exhaustive()
    }
}

fn check_key(network: &NetworkFile, key: &NetworkKey) -> Result<(), Error> {
    let (pinned, found) = (network.fingerprint(), key.fingerprint());
    match found == pinned {
        true => Ok(()),
        false => Err(Error::WrongKey { pinned, found }),
    }
}

/// Runs long work on this thread; a multi-threaded runtime is told, so that it moves other tasks.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(all(feature = "http", not(target_family = "wasm")))]
    {
        use tokio::runtime::{Handle, RuntimeFlavor};
        let runtime = Handle::try_current()
            .ok()
            .map(|handle| handle.runtime_flavor());
        if runtime == Some(RuntimeFlavor::MultiThread) {
            return tokio::task::block_in_place(work);
        }
    }
    work()
}
