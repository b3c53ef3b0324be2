//! `stheno receipt verify`.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
};

use serde_json::{Value, json};
use stheno::{
    NetworkFile,
    envelope::Locator,
    ledger::RpcLedger,
    protocol::{Address, Answer, Domain, ExportHead, ExportLine, ReceiptTip, SignedReceipt},
};

use super::{
    document::{Document, Lines},
    findings::{Findings, Place},
    row::Row,
    signers::Signers,
};
use crate::{args::ReceiptVerifyArgs, failure::Failure, say};

/// Runs the command.
///
/// # Errors
/// `bad_receipt` with every fault that was found; what keeps the files from being checked.
pub(super) async fn run(args: &ReceiptVerifyArgs, as_json: bool) -> Result<(), Failure> {
    if args.files.iter().filter(|file| *file == "-").count() > 1 {
        return Err(
            Failure::new("stdin_twice", "two files are standard input").hint("give `-` once")
        );
    }
    let network = args.network.as_ref().map(NetworkFile::load).transpose()?;
    let mut check = Check {
        signers: signers(args, network.as_ref())?,
        network,
        findings: Findings::default(),
        ends: HashMap::new(),
    };
    let mut summaries = Vec::with_capacity(args.files.len());
    for file in &args.files {
        summaries.push(check.file(file).await?);
    }
    match check.findings.count() {
        0 => {
            let text: String = summaries.iter().map(|each| each.text(args)).collect();
            let files: Vec<Value> = summaries.iter().map(|each| each.json(args)).collect();
            say::result(as_json, &text, &json!({ "ok": true, "files": files }));
            Ok(())
        }
        count => {
            let faults = if count == 1 { "fault" } else { "faults" };
            let fault = format!("the receipts do not hold: {count} {faults}");
            let told = Failure::new("bad_receipt", fault)
                .details(check.findings.lines())
                .attach("findings", check.findings.to_json());
            Err(told.hint(
                "ask for the original, and keep what you were given: a node that signs what is not \
                 so, or leaves something out, can be shown to have done it",
            ))
        }
    }
}

fn signers(args: &ReceiptVerifyArgs, network: Option<&NetworkFile>) -> Result<Signers, Failure> {
    if let Some(identity) = args.identity {
        return Ok(Signers::Given(identity));
    }
    let mut ledger = RpcLedger::new(args.rpc.iter().cloned());
    let mut has_endpoint = !args.rpc.is_empty();
    if let (true, Some(network)) = (args.rpc.is_empty(), network) {
        for (chain, endpoints) in &network.rpc {
            ledger = ledger.with_chain(*chain, endpoints.iter().cloned());
            has_endpoint |= !endpoints.is_empty();
        }
    }
    match has_endpoint {
        true => Ok(Signers::on_chain(ledger)),
        false => Err(Failure::new(
            "rpc_missing",
            "no way to the committee's chain was given, and no identity",
        )
        .hint(
            "give --rpc URL, an endpoint of the committee's chain; or the address that must have \
             signed with --identity ADDRESS, to check without the chain",
        )),
    }
}

/// The committee that receipts are of.
#[derive(Clone, Copy, Debug)]
struct Of {
    locator: Locator,
    domain: Domain,
}

/// What is checked against, and what was found.
struct Check {
    signers: Signers,
    network: Option<NetworkFile>,
    findings: Findings,
    /// Where the last export of each node ended, which the next one must go on from.
    ends: HashMap<(Locator, Address), ReceiptTip>,
}

impl Check {
    async fn file(&mut self, file: &str) -> Result<Summary, Failure> {
        match Document::open(file)? {
            Document::Export(head, lines) => self.export(file, &head, lines).await,
            Document::Kept(kept) => {
                let (locator, domain) = (
                    locator(kept.chain_id, kept.contract, kept.committee_id),
                    kept.domain(),
                );
                let of = self.of(file, locator, domain)?;
                self.receipts(file, "receipts", of, &kept.receipts).await
            }
            Document::Receipts(receipts) => {
                let of = self.of_the_network_file(file)?;
                self.receipts(file, "receipts", of, &receipts).await
            }
            Document::Answer(answer) => {
                let of = self.of_the_network_file(file)?;
                if let Err(problem) = fits(&answer) {
                    self.findings.add(Place::file(file), problem);
                }
                self.receipts(file, "answer", of, std::slice::from_ref(&answer.receipt))
                    .await
            }
        }
    }

    async fn receipts(
        &mut self,
        file: &str,
        kind: &'static str,
        of: Of,
        receipts: &[SignedReceipt],
    ) -> Result<Summary, Failure> {
        let mut summary = Summary::new(file, kind, of);
        for (number, receipt) in (1_u64..).zip(receipts) {
            let place = match receipts.len() {
                1 => Place::file(file),
                _ => Place::file(file).receipt(number),
            };
            self.receipt(of, receipt, place, &mut summary).await?;
        }
        Ok(summary)
    }

    async fn export(
        &mut self,
        file: &str,
        head: &ExportHead,
        mut lines: Lines,
    ) -> Result<Summary, Failure> {
        let locator = locator(head.chain_id, head.contract, head.committee_id);
        let of = self.of(file, locator, head.domain())?;
        let mut summary = Summary::new(file, "export", of);
        let at_head = Place::line(file, 1);
        if let Some(before) = self.ends.get(&(locator, head.identity))
            && *before != head.after
        {
            let problem = format!(
                "it goes on behind receipt {} with link {}, and the file before ended at receipt \
                 {} with link {}",
                head.after.sequence, head.after.link, before.sequence, before.link
            );
            self.findings.add(at_head, problem);
        }
        let mut row = Row::new(head, of.domain, at_head, &mut self.findings);
        while let Some(line) = lines.next()? {
            let place = Place::line(file, line.number);
            let text = line.text.as_deref().unwrap_or("\u{0}");
            let read: ExportLine = match serde_json::from_str(text) {
                Ok(read) => read,
                Err(_) if !line.ended => {
                    self.findings.add(place, "it was cut off");
                    row.unreadable();
                    continue;
                }
                Err(error) => {
                    self.findings
                        .add(place, format_args!("it is no receipt: {error}"));
                    row.unreadable();
                    continue;
                }
            };
            let place = place.receipt(read.sequence);
            row.push(&read, place, &mut self.findings);
            let signer = self.receipt(of, &read.receipt, place, &mut summary).await?;
            if let Some(signer) = signer.filter(|signer| *signer != head.identity) {
                let problem = format!(
                    "it is signed by {signer}, and the export is of {}",
                    head.identity
                );
                self.findings.add(place, problem);
            }
        }
        row.end(Place::file(file), &mut self.findings);
        self.ends.insert((locator, head.identity), head.last);
        summary.identity = Some(head.identity);
        summary.row = Some((head.after, head.last));
        Ok(summary)
    }

    /// Checks one receipt by itself; gives who signed it, if that may be.
    async fn receipt(
        &mut self,
        of: Of,
        receipt: &SignedReceipt,
        place: Place<'_>,
        summary: &mut Summary,
    ) -> Result<Option<Address>, Failure> {
        summary.count += 1;
        summary.nodes.insert(receipt.body.node);
        summary.epochs.insert(receipt.body.epoch);
        let signed = self.signers.check(&of.locator, &of.domain, receipt).await?;
        Ok(match signed {
            Ok(signer) => {
                summary.signers.insert(signer);
                Some(signer)
            }
            Err(problem) => {
                self.findings.add(place, problem);
                None
            }
        })
    }

    /// The committee that a file names.
    fn of(&self, file: &str, locator: Locator, domain: Option<Domain>) -> Result<Of, Failure> {
        let domain = domain.ok_or_else(|| {
            let fault = format!(
                "{file} calls its network by a name that committee {} of {} does not have",
                locator.committee_id,
                Address::from(locator.contract)
            );
            Failure::new("bad_receipt", fault).hint("the file was changed; ask for the original")
        })?;
        match &self.network {
            Some(network) if network.locator() != locator => {
                let (found, expected) = (domain.network, network.network_id());
                let fault = format!("{file} is of network {found}, not of {expected}");
                Err(Failure::new("bad_receipt", fault)
                    .hint("give the network file of the network that the receipts are of"))
            }
            _ => Ok(Of { locator, domain }),
        }
    }

    /// The committee of a receipt that does not say it.
    fn of_the_network_file(&self, file: &str) -> Result<Of, Failure> {
        let network = self.network.as_ref().ok_or_else(|| {
            let fault = format!("{file} does not say of which network it is");
            Failure::new("network_unknown", fault)
                .hint("give --network FILE, the network's file; signatures hold for one network")
        })?;
        Ok(Of {
            locator: network.locator(),
            domain: network.domain(),
        })
    }
}

fn locator(chain_id: u64, contract: Address, committee_id: u64) -> Locator {
    Locator {
        chain_id,
        contract: contract.into_array(),
        committee_id,
    }
}

/// Whether an answer is the one that its receipt is for.
fn fits(answer: &Answer) -> Result<(), String> {
    let body = &answer.receipt.body;
    let same = [
        ("node", answer.node == body.node),
        ("epoch", answer.epoch == body.epoch),
        ("anchors", answer.anchors == body.anchors),
    ];
    if let Some((field, _)) = same.iter().find(|(_, same)| !same) {
        return Err(format!("its {field} is not that of its receipt"));
    }
    let (shares, items) = (answer.shares.len(), body.items.len());
    if shares != items {
        return Err(format!("it has {shares} shares for {items} items"));
    }
    let found = stheno::protocol::shares_digest(&answer.shares);
    match found == body.shares_digest {
        true => Ok(()),
        false => Err(format!(
            "its shares have the digest {found}, and the receipt is for {}",
            body.shares_digest
        )),
    }
}

/// What is told of a file.
struct Summary {
    file: String,
    kind: &'static str,
    of: Of,
    count: u64,
    nodes: BTreeSet<u16>,
    epochs: BTreeSet<u64>,
    signers: BTreeSet<Address>,
    identity: Option<Address>,
    row: Option<(ReceiptTip, ReceiptTip)>,
}

impl Summary {
    fn new(file: &str, kind: &'static str, of: Of) -> Self {
        Self {
            file: file.to_owned(),
            kind,
            of,
            count: 0,
            nodes: BTreeSet::new(),
            epochs: BTreeSet::new(),
            signers: BTreeSet::new(),
            identity: None,
            row: None,
        }
    }

    fn text(&self, args: &ReceiptVerifyArgs) -> String {
        let plural = if self.count == 1 { "" } else { "s" };
        let mut text = format!("{}: ok, {} receipt{plural}", self.file, self.count);
        if self.kind == "answer" {
            text += " and the shares that it is for";
        }
        // Writing into a string cannot fail.
        let _ = writeln!(text);
        if let Some((after, last)) = &self.row {
            let _ = match last.sequence - after.sequence {
                0 => writeln!(text, "  row      none behind receipt {}", after.sequence),
                _ => writeln!(
                    text,
                    "  row      unbroken from {} to {}, last link {}",
                    after.sequence + 1,
                    last.sequence,
                    last.link
                ),
            };
        }
        let of = &self.of;
        let _ = writeln!(
            text,
            "  network  {}, committee {} of {} on chain {}",
            of.domain.network, of.locator.committee_id, of.domain.contract, of.domain.chain_id
        );
        for signer in &self.signers {
            let _ = writeln!(text, "  signer   {signer}");
        }
        let _ = match (self.count, args.identity) {
            (0, _) => Ok(()),
            (_, Some(_)) => writeln!(text, "  checked  against the address given, not the chain"),
            (_, None) => writeln!(
                text,
                "  checked  on the chain: node {} in epoch {}",
                list(&self.nodes),
                list(&self.epochs)
            ),
        };
        text
    }

    fn json(&self, args: &ReceiptVerifyArgs) -> Value {
        json!({
            "file": self.file,
            "kind": self.kind,
            "receipts": self.count,
            "network": self.of.domain.network.to_string(),
            "chainId": self.of.domain.chain_id,
            "contract": self.of.domain.contract,
            "committeeId": self.of.locator.committee_id,
            "nodes": self.nodes,
            "epochs": self.epochs,
            "signers": self.signers,
            "identity": self.identity,
            "after": self.row.map(|(after, _)| after),
            "last": self.row.map(|(_, last)| last),
            "checkedAgainst": if args.identity.is_some() { "identity" } else { "chain" },
        })
    }
}

fn list<T: ToString>(values: &BTreeSet<T>) -> String {
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    words.join(", ")
}
