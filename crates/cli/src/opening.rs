//! From the command line to the file's key: one's own keys first, then a committee.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use stheno::{
    Client, DecryptOptions, Error, KeyKind, Keyring, NetworkFile, Opened, Policy, Released, Tuning,
    collection::Access,
    crypto::Cek,
    envelope::{EnvelopeError, Header, Locator},
    protocol::{KeptReceipts, SignedReceipt, answer::KEPT_FORMAT},
};
use url::Url;

use crate::{
    args::{CommitteeArgs, OpeningArgs},
    commands::policy,
    context,
    failure::{Failure, tally_json},
    input, key_file, keys,
    output::Output,
    progress::Progress,
    say,
};

/// All that may open an envelope.
#[derive(Debug)]
pub struct Opening<'a> {
    /// Keys and wallet.
    pub args: &'a OpeningArgs,
    /// Endpoints of the chains.
    pub rpc: &'a [Url],
    /// A network file, for its endpoints and to refuse every other network.
    pub network: Option<NetworkFile>,
    /// The policy of an envelope that hides it.
    pub policy: Option<Policy>,
    /// Replace the file of receipts if it exists.
    pub force: bool,
}

/// The file's key, and who gave it.
#[derive(Debug)]
pub enum Granted {
    /// A key of one's own opened it.
    Own(Cek, KeyKind),
    /// A committee released it.
    Committee(Box<Opened>),
}

impl Granted {
    /// The content-encryption key.
    pub fn cek(&self) -> &Cek {
        match self {
            Self::Own(cek, _) => cek,
            Self::Committee(opened) => &opened.cek,
        }
    }

    /// Who opened it, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Own(_, KeyKind::Content) => "with the file's own key".to_owned(),
            Self::Own(_, KeyKind::X25519) => "with your X25519 key".to_owned(),
            Self::Own(..) => "with a shared key".to_owned(),
            Self::Committee(opened) => format!(
                "with shares of {} of {} nodes",
                opened.tally.shared(),
                opened.tally.total()
            ),
        }
    }

    /// Who opened it, for scripts, beside what the command says itself.
    pub fn add_to(&self, object: &mut Value) {
        let more = match self {
            Self::Own(_, kind) => json!({ "openedWith": match kind {
                KeyKind::Content => "content key",
                KeyKind::X25519 => "X25519 key",
                _ => "shared key",
            } }),
            Self::Committee(opened) => json!({
                "openedWith": "committee",
                "network": opened.network.to_string(),
                "item": opened.item.to_string(),
                "threshold": opened.tally.threshold,
                "nodes": tally_json(&opened.tally),
                "receipts": opened.receipts,
            }),
        };
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
    }

    /// Names nodes that cheated.
    pub fn warn_of_culprits(&self) {
        if let Self::Committee(opened) = self {
            for culprit in opened.tally.culprits() {
                say::note(&format!("warning: {culprit}"));
            }
        }
    }
}

/// Who opened many envelopes, for scripts, beside what the command says itself.
pub fn add_released(object: &mut Value, released: &[Released]) {
    let requests: Vec<Value> = released
        .iter()
        .map(|one| {
            json!({
                "network": one.committee.network().to_string(),
                "threshold": one.tally.threshold,
                "nodes": tally_json(&one.tally),
            })
        })
        .collect();
    if let Some(object) = object.as_object_mut() {
        object.insert("requests".to_owned(), json!(requests));
    }
}

/// Names nodes that cheated, each once.
pub fn warn_of_culprits(released: &[Released]) {
    let culprits = released.iter().flat_map(|one| one.tally.culprits());
    let mut told: Vec<String> = culprits.map(|culprit| culprit.to_string()).collect();
    told.sort();
    told.dedup();
    for culprit in told {
        say::note(&format!("warning: {culprit}"));
    }
}

fn keep_receipts(
    mut file: Output,
    committee: &Locator,
    receipts: Vec<SignedReceipt>,
) -> Result<(), Failure> {
    let kept = KeptReceipts {
        format: KEPT_FORMAT.to_owned(),
        network: committee.network(),
        chain_id: committee.chain_id,
        contract: committee.contract.into(),
        committee_id: committee.committee_id,
        receipts,
    };
    let mut text = serde_json::to_vec_pretty(&kept).map_err(|e| Failure::new("failed", e))?;
    text.push(b'\n');
    file.write_all(&text)
        .map_err(|error| file.failure(EnvelopeError::Write(error).into()))?;
    Ok(file.commit()?)
}

impl<'a> Opening<'a> {
    /// What a command that reads was given.
    ///
    /// # Errors
    /// When network file or policy cannot be read.
    pub fn of(
        args: &'a OpeningArgs,
        committee: &'a CommitteeArgs,
        force: bool,
    ) -> Result<Self, Failure> {
        let network = committee.network.as_ref().map(NetworkFile::load);
        Ok(Self {
            network: network.transpose()?,
            ..Self::of_any(args, &committee.rpc, committee.policy.as_deref(), force)?
        })
    }

    /// The same for a command that takes an envelope of any network. `policy` is that of an envelope
    /// that hides it.
    ///
    /// # Errors
    /// When the policy cannot be read.
    pub fn of_any(
        args: &'a OpeningArgs,
        rpc: &'a [Url],
        policy: Option<&Path>,
        force: bool,
    ) -> Result<Self, Failure> {
        Ok(Self {
            args,
            rpc,
            network: None,
            policy: policy.map(policy::load).transpose()?,
            force,
        })
    }
}

impl Opening<'_> {
    /// Refuses standard input for both the envelope and a key.
    ///
    /// # Errors
    /// When `file` and one of the keys are `-`.
    pub fn check_stdin(&self, file: &str) -> Result<(), Failure> {
        let args = self.args;
        let keys = args.identity.iter().chain(&args.shared_key);
        let asker = &args.asker;
        let askers = [&asker.session, &asker.delegation, &asker.asking_key];
        let askers = askers.into_iter().flatten().chain(asker.member.files());
        let files = keys.chain(&args.cek_file).chain(askers);
        input::stdin_once(files.map(PathBuf::as_path).chain([Path::new(file)]))
    }

    /// Recovers the file's key.
    ///
    /// # Errors
    /// What keeps it from being recovered; a denial above all.
    pub async fn open(&self, header: &Header, progress: &Progress) -> Result<Granted, Failure> {
        let keyring = self.keyring()?;
        let may_ask = !self.rpc.is_empty() || self.network.is_some();
        if !keyring.is_empty() {
            match keyring.open(header) {
                Ok((cek, kind)) => return Ok(Granted::Own(cek, kind)),
                Err(Error::KeyDoesNotOpen { .. }) if may_ask => {}
                Err(error) => return Err(error.into()),
            }
        }
        let receipts = self.receipts_file()?;
        let reader = keys::reader(&self.args.asker)?;
        progress.step("finding the committee");
        let client = self.client(header.recipients().is_empty()).await?;
        let options = self.decrypt_options(progress)?;
        let opened = client.open(reader.as_ref(), header, &options).await?;
        if let Some(file) = receipts {
            keep_receipts(file, &opened.committee, opened.receipts.clone())?;
        }
        Ok(Granted::Committee(Box::new(opened)))
    }

    /// What opens many envelopes: those of a collection. Passphrases are asked for now, committees
    /// when there is something to ask for.
    ///
    /// # Errors
    /// When keys cannot be read, or there is neither a key nor a way to a chain.
    pub async fn access(&self, progress: &Progress) -> Result<Access, Failure> {
        let keyring = self.keyring()?;
        let may_ask = !self.rpc.is_empty() || self.network.is_some();
        if !may_ask && !keyring.is_empty() {
            return Ok(Access::new(keyring));
        }
        let reader = keys::reader(&self.args.asker)?;
        progress.step("finding the committee");
        let client = self.client(false).await?;
        Ok(Access::new(keyring).asking(client, reader, self.decrypt_options(progress)?))
    }

    /// Keeps the receipts of all requests, where that was asked for.
    ///
    /// # Errors
    /// When they cannot be written, or are of several committees.
    pub fn keep_all_receipts(&self, access: &Access) -> Result<(), Failure> {
        let released = access.released();
        let Some((first, file)) = released.first().zip(self.receipts_file()?) else {
            return Ok(());
        };
        if released.iter().any(|one| one.committee != first.committee) {
            return Err(
                Failure::new("usage", "the receipts are of several committees")
                    .hint("give --network FILE, to ask one of them alone"),
            );
        }
        let committee = first.committee;
        let receipts = released.into_iter().flat_map(|one| one.receipts);
        keep_receipts(file, &committee, receipts.collect())
    }

    fn decrypt_options(&self, progress: &Progress) -> Result<DecryptOptions, Failure> {
        let display = progress.clone();
        let mut options = DecryptOptions::default()
            .context(context::context(&self.args.context)?)
            .observer(move |event| display.event(event));
        if let Some(policy) = &self.policy {
            options = options.policy(policy.clone());
        }
        Ok(options)
    }

    /// The file that receipts go to, before anything is asked for that would leave some.
    fn receipts_file(&self) -> Result<Option<Output>, Failure> {
        match self.args.receipts.as_deref() {
            None => Ok(None),
            Some("-") => Err(Failure::new("usage", "receipts go to a file of their own")
                .hint("give --receipts FILE; with --json they are in the result, too")),
            Some(path) => Ok(Some(Output::create(path, self.force)?)),
        }
    }

    /// One's own keys.
    fn keyring(&self) -> Result<Keyring, Failure> {
        let mut keyring = Keyring::new();
        if let Some(path) = &self.args.cek_file {
            keyring = keyring.with_cek(key_file::cek(path)?);
        }
        for path in &self.args.identity {
            for secret in key_file::identities(path)? {
                keyring = keyring.with_x25519(secret);
            }
        }
        for path in &self.args.shared_key {
            keyring = keyring.with_shared(key_file::shared(path)?);
        }
        Ok(keyring)
    }

    /// `keyless`: the envelope has no recipients, so no committee can help.
    async fn client(&self, keyless: bool) -> Result<Client, Failure> {
        let tuned = |client: Client| client.with_tuning(self.tuning());
        match &self.network {
            Some(network) => Ok(tuned(Client::connect(network.clone(), self.rpc).await?)),
            None if !self.rpc.is_empty() => Ok(tuned(Client::for_reading(self.rpc)?)),
            None if keyless => Err(Failure::new(
                "key_needed",
                "the envelope has no recipients: its key comes from elsewhere",
            )
            .hint("give the file's key with --cek-file FILE")),
            None => Err(Failure::new(
                "rpc_missing",
                "no way to the committee's chain was given, and no key",
            )
            .hint(
                "give --rpc URL, an endpoint of the chain that the envelope names (see `stheno \
                 inspect`), or --network FILE; or a key of your own with --identity FILE",
            )),
        }
    }

    fn tuning(&self) -> Tuning {
        let wait = Duration::from_secs(self.args.wait);
        Tuning {
            finality_patience: wait,
            patience: Tuning::default().patience.min(wait),
            ..Tuning::default()
        }
    }
}
