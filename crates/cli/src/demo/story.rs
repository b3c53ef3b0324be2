//! What happens, act by act. Each act insists on what it tells.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use stheno::{
    Client, DecryptOptions, EncryptOptions, Error, Event, NetworkFile, Outcome, Policy, Wallet,
    envelope::Header, source::Local,
};

use stheno_chain::{Chain, ChainConfig, HttpOptions, Locator};

use super::{
    facts::{Facts, ms},
    narrator::Narrator,
    original::{Original, sha256_of},
};
use crate::{
    commands::ceremony::Audit,
    devnet::{Devnet, Options, accounts::STRANGER},
    size::Size,
};

/// Plays all acts.
///
/// # Errors
/// The first thing that does not go as told.
pub async fn play(size: Size, tell: &Narrator) -> Result<Facts> {
    let began = Instant::now();

    tell.act("A committee makes a key that nobody has");
    let mut devnet = Devnet::start(Options::of_this_executable()?).await?;
    let (nodes, threshold) = (devnet.members().len(), devnet.network().threshold);
    let timings = devnet.timings();
    tell.took(
        &format!("a chain, contracts and {nodes} registered nodes, each a process"),
        timings.chain + timings.setup,
    );
    tell.took(
        &format!("key ceremony on chain; any {threshold} of {nodes} can open a file"),
        timings.ceremony,
    );
    let start = Instant::now();
    recomputes(&devnet, nodes).await?;
    let audit = start.elapsed();
    tell.took(
        &format!("the ceremony recomputed from its log: {nodes} of {nodes} dealt, the same key"),
        audit,
    );

    tell.act("A file is encrypted to a condition: \"holds an access pass\"");
    let original = Original::create(&devnet.dir().join("original"), size.0)?;
    let network = NetworkFile::load(devnet.network_path())?;
    let client = Client::connect(network, &[]).await?;
    let policy = Policy::from_json(&std::fs::read_to_string(devnet.policy_path())?)?;
    let envelope = devnet.dir().join("original.fee");
    let start = Instant::now();
    let options = EncryptOptions::default().plaintext_len(original.bytes);
    let encrypted = client
        .encrypt(&policy, open(&original.path)?, create(&envelope)?, options)
        .await?;
    let encrypt = start.elapsed();
    tell.took(&format!("{size}, SHA-256 {}", original.sha256), encrypt);

    // From here on a reader who knows the envelope and an endpoint of the chain, nothing else.
    let reader = Reader {
        client: Client::for_reading(std::slice::from_ref(devnet.rpc()))?,
        wallet: Wallet::from_private_key(STRANGER.well_known_key)?,
        envelope,
        original: original.clone(),
        copy: devnet.dir().join("copy"),
    };

    tell.act("A reader without a pass asks");
    let denial = reader.is_denied(nodes).await?;
    tell.took(&format!("refused by all {nodes} nodes"), denial.took);
    tell.say(&format!(
        "{}: {}",
        denial.codes.join(", "),
        denial.condition
    ));

    tell.act("The reader buys a pass and asks again");
    let purchase = Instant::now();
    let sent = devnet.buy_pass(STRANGER.signer()?).await?;
    tell.took(
        &format!("bought on chain, in block {}", sent.block.number),
        purchase.elapsed(),
    );
    let reading = reader
        .reads()
        .await
        .context("the holder of a pass was not let in")?;
    let grant = purchase.elapsed().saturating_sub(reading.body);
    if let Some(why) = &reading.waited {
        tell.say(&format!("the nodes waited: {why}"));
    }
    tell.took(
        &format!("{threshold} shares combined, the key opened"),
        reading.key,
    );
    tell.took("decrypted; the SHA-256 is the original's", reading.body);
    let again = reader.reads().await?;
    ensure!(
        again.waited.is_none(),
        "a final right had to wait: {:?}",
        again.waited
    );
    tell.took("asked once more: the key opened", again.key);
    let part = reader.reads_a_part().await?;
    tell.took(
        &format!(
            "{} out of the middle, reading {} bytes of {}",
            Size(part.bytes),
            part.read,
            encrypted.envelope_len
        ),
        part.took,
    );

    tell.act("A member leaves, another comes");
    let start = Instant::now();
    devnet.add_nodes(1).await?;
    tell.took("node 6 made and registered", start.elapsed());
    let start = Instant::now();
    // In the place of node 1, so that the others keep their indices.
    let epoch = devnet.reshare(&[6, 2, 3, 4, 5], threshold).await?;
    let reshare = start.elapsed();
    tell.took(
        &format!("the old members handed the key on, on chain: epoch {epoch}, the same key"),
        reshare,
    );
    let handed_on = reader.reads().await.context("in the next epoch")?;
    tell.took(
        "the file that was sealed before opens: new shares, without node 1",
        handed_on.key,
    );

    tell.act("Nodes fail");
    devnet.kill_node(5);
    devnet.kill_node(4);
    let two_down = reader.reads().await.context("with nodes 4 and 5 killed")?;
    tell.took(
        "nodes 4 and 5 killed: the key opened all the same",
        two_down.key,
    );
    devnet.kill_node(3);
    let start = Instant::now();
    let refusal = reader.is_refused_for_lack_of_nodes(nodes, 2).await?;
    tell.took("node 3 killed too: refused", start.elapsed());
    tell.say(&refusal.text);
    let start = Instant::now();
    devnet.start_node(3).await?;
    let recovery = start.elapsed();
    let recovered = reader.reads().await.context("with node 3 back")?;
    tell.took("node 3 restarted, caught up and serving", recovery);
    tell.took("the key opened again", recovered.key);

    tell.act("The end");
    devnet.check()?;
    let ports = devnet.ports().clone();
    let start = Instant::now();
    devnet.stop().await;
    ensure!(
        ports.busy().is_empty(),
        "still listening: {:?}",
        ports.busy()
    );
    tell.took("all processes ended, all ports free", start.elapsed());
    tell.took("the whole story", began.elapsed());

    Ok(Facts {
        nodes,
        threshold,
        file_bytes: encrypted.plaintext_len,
        envelope_bytes: encrypted.envelope_len,
        setup_ms: ms(timings.chain + timings.setup),
        dkg_ms: ms(timings.ceremony),
        audit_ms: ms(audit),
        encrypt_ms: ms(encrypt),
        denied_codes: denial.node_codes,
        denied_condition: denial.condition,
        denied_ms: ms(denial.took),
        grant_ms: ms(grant),
        grant_again_ms: ms(again.key),
        decrypt_ms: ms(reading.body),
        range_bytes: part.bytes,
        range_read_bytes: part.read,
        range_ms: ms(part.took),
        reshare_ms: ms(reshare),
        reshared_epoch: epoch,
        sha256_equal: [&reading, &again, &handed_on, &two_down, &recovered]
            .iter()
            .all(|r| r.equal),
        granted_with_two_down: two_down.equal,
        refused_with_three_down: refusal.answered < usize::from(threshold),
        refusal: refusal.text,
        recovered: recovered.equal,
        recovery_ms: ms(recovery),
        total_ms: ms(began.elapsed()),
    })
}

/// Anybody who reads the chain: the log of the ceremony gives the key that the network file pins.
async fn recomputes(devnet: &Devnet, nodes: usize) -> Result<()> {
    let network = devnet.network();
    let config = ChainConfig::new(network.chain_id, vec![devnet.rpc().clone()]);
    let chain = Chain::connect(config, HttpOptions::default()).await?;
    let locator = Locator {
        chain_id: network.chain_id,
        contract: network.contract,
        committee_id: network.committee_id,
    };
    let audit = Audit::of(&chain, &locator, None)
        .await
        .map_err(|failure| anyhow!("the audit: {failure}"))?;
    let findings = audit.findings(Some(network.fingerprint()));
    ensure!(findings.is_empty(), "the audit disagrees: {findings:?}");
    let (outcome, _) = audit.keys().context("the log gives no key")?;
    let qualified = outcome.qualified_dealers().count();
    ensure!(qualified == nodes, "{qualified} of {nodes} dealers count");
    Ok(())
}

/// Somebody who has the envelope and a wallet.
struct Reader {
    client: Client,
    wallet: Wallet,
    envelope: PathBuf,
    original: Original,
    copy: PathBuf,
}

/// A file that was read.
struct Reading {
    /// Until the key was there.
    key: Duration,
    /// From then until the whole file was.
    body: Duration,
    /// Why there was a wait, if there was one.
    waited: Option<String>,
    /// Whether the copy hashes as the original does.
    equal: bool,
}

/// A part of a file that was read.
struct PartRead {
    bytes: u64,
    /// Bytes of the body that were read for it.
    read: u64,
    /// From the key on.
    took: Duration,
}

/// What a reader without the right was told.
struct Denial {
    /// Each node's code, in order of index.
    node_codes: Vec<String>,
    /// The codes without repetitions.
    codes: Vec<String>,
    /// The failing condition in words.
    condition: String,
    took: Duration,
}

/// What a reader was told when too few nodes were left.
struct Refusal {
    /// How many nodes answered.
    answered: usize,
    /// The error.
    text: String,
}

impl Reader {
    /// Decrypts the file and compares it with the original.
    async fn reads(&self) -> Result<Reading> {
        #[derive(Default)]
        struct Seen {
            key: Option<Instant>,
            waited: Option<String>,
        }
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noting = Arc::clone(&seen);
        let options = DecryptOptions::default().observer(move |event| {
            let mut seen = noting.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                Event::KeyOpened { .. } => seen.key = Some(Instant::now()),
                Event::Waiting { why, .. } => seen.waited = Some(why.clone()),
                _ => {}
            }
        });
        let start = Instant::now();
        self.client
            .decrypt_with(
                &self.wallet,
                open(&self.envelope)?,
                create(&self.copy)?,
                &options,
            )
            .await?;
        let end = Instant::now();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let key = seen
            .key
            .context("the SDK did not tell when the key opened")?;
        let equal = sha256_of(&self.copy)? == self.original.sha256;
        ensure!(equal, "the plaintext is not the original");
        Ok(Reading {
            key: key - start,
            body: end - key,
            waited: seen.waited.take(),
            equal,
        })
    }

    /// Reads a mebibyte out of the middle, and compares it with the original's.
    async fn reads_a_part(&self) -> Result<PartRead> {
        let envelope = File::open(&self.envelope)?;
        let header = Header::read(&mut BufReader::new(&envelope))?;
        let options = DecryptOptions::default();
        let opened = self.client.open(&self.wallet, &header, &options).await?;
        let bytes = self.original.bytes.min(1 << 20);
        let from = (self.original.bytes - bytes) / 2;

        let start = Instant::now();
        let mut file = opened.reader(&header, Local::new(File::open(&self.envelope)?)?)?;
        let part = file.read_range(from..from + bytes).await?;
        let took = start.elapsed();

        let mut expected = vec![0; part.len()];
        let mut original = File::open(&self.original.path)?;
        original.seek(SeekFrom::Start(from))?;
        original.read_exact(&mut expected)?;
        ensure!(*part == expected, "the part is not the original's");
        Ok(PartRead {
            bytes,
            read: file.bytes_fetched(),
            took,
        })
    }

    /// Insists that every node refuses, all for the same reason.
    async fn is_denied(&self, nodes: usize) -> Result<Denial> {
        let start = Instant::now();
        let tally = match self.asks().await {
            Err(Error::Denied(tally)) => tally,
            Err(error) => return Err(error).context("expected a denial"),
            Ok(()) => bail!("a reader without a pass was let in"),
        };
        let took = start.elapsed();
        let mut node_codes = Vec::new();
        let mut conditions = Vec::new();
        for report in &tally.reports {
            let Outcome::Refused(problem) = &report.outcome else {
                bail!("expected a refusal: {report}");
            };
            node_codes.push(problem.code.as_str().to_owned());
            let leaves = problem.leaves.iter().filter(|leaf| leaf.blocking);
            conditions.extend(leaves.map(|leaf| format!("{} – {}", leaf.what, leaf.found)));
        }
        ensure!(
            tally.denied() == nodes,
            "denied by {} of {nodes}",
            tally.denied()
        );
        conditions.dedup();
        let [condition] = conditions.as_slice() else {
            bail!("the nodes name different conditions: {conditions:?}");
        };
        let mut codes = node_codes.clone();
        codes.dedup();
        Ok(Denial {
            node_codes,
            codes,
            condition: condition.clone(),
            took,
        })
    }

    /// Insists on an error that says how many of how many nodes answered, and what the others did.
    async fn is_refused_for_lack_of_nodes(&self, nodes: usize, left: usize) -> Result<Refusal> {
        let (tally, text) = match self.asks().await {
            Err(error) => match &error {
                Error::TooFewNodes(tally) => (tally.clone(), error.to_string()),
                _ => return Err(error).context("expected too few nodes"),
            },
            Ok(()) => bail!("{left} of {nodes} nodes opened the file"),
        };
        ensure!(
            (tally.total(), tally.answered()) == (nodes, left),
            "{} of {} nodes answered: {text}",
            tally.answered(),
            tally.total()
        );
        for report in tally.failures() {
            ensure!(
                text.contains(&format!("node {}", report.node)),
                "no word on {report}: {text}"
            );
        }
        Ok(Refusal {
            answered: tally.answered(),
            text,
        })
    }

    /// Asks for the file and throws it away.
    async fn asks(&self) -> Result<(), Error> {
        let envelope = File::open(&self.envelope)
            .map_err(|e| Error::Envelope(stheno::envelope::EnvelopeError::Read(e)))?;
        let asked = self.client.decrypt(&self.wallet, envelope, std::io::sink());
        asked.await.map(drop)
    }
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(BufReader::new(file))
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("cannot create {}", path.display()))
}
