//! `export-receipts`: what this node released, in its own signed words, for whoever may ask.
//!
//! Beside a node that runs or one that does not: the database is read in short transactions, and
//! what is written meanwhile belongs to the next export. Memory does not grow with their number.

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use stheno_protocol::{ExportHead, ReceiptTip, answer::EXPORT_FORMAT};

use super::outcome::{Failure, Printer};
use crate::{
    Config,
    data_dir::DataDir,
    new_file::NewFile,
    store::{Owner, ReceiptArchive},
};

/// Receipts that are read at a time.
const PAGE: u32 = 256;

/// Arguments of `export-receipts`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno-node --config node.toml export-receipts --out receipts-1.ndjson
  stheno-node --config node.toml export-receipts --after 1200 --out receipts-2.ndjson
  stheno receipt verify receipts-1.ndjson receipts-2.ndjson --rpc https://api.node.glif.io/rpc/v1

One JSON object a line; the first says whose receipts follow, and which. The node may run meanwhile.
Receipts say which account opened what and when: think before you publish them.")]
pub struct ExportReceiptsArgs {
    /// Leave out the receipts up to this number, which an earlier export has.
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
    pub after: u64,
    /// Where they go: a file that does not exist yet, and appears when it is whole. Default:
    /// standard output.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub(super) async fn execute(
    path: &Path,
    args: ExportReceiptsArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let database = DataDir::new(&Config::load(path)?.data_dir).database();
    if !database.is_file() {
        let fault = format!("there is no database at {}", database.display());
        return Err(Failure::new(fault).hint("receipts are kept once the node has run"));
    }
    let at_database =
        |error: crate::store::StoreError| Failure::new(format!("{}: {error}", database.display()));
    let mut archive = ReceiptArchive::open(&database).await.map_err(at_database)?;
    let owner = archive.owner().await.map_err(at_database)?;
    let owner = owner.ok_or_else(|| Failure::new("the database belongs to no node yet"))?;
    // In this order: the row only grows, so the second is never before the first.
    let after = archive.at(args.after).await.map_err(at_database)?;
    let last = archive.last().await.map_err(at_database)?;
    let after = after.ok_or_else(|| {
        let fault = format!(
            "there is no receipt {}; the last is number {}",
            args.after, last.sequence
        );
        Failure::new(fault).hint(
            "give --after the last number of an export of this node; was its database put back to \
             an earlier state?",
        )
    })?;
    let head = head(&owner, after, last);
    match &args.out {
        None => {
            let mut stdout = BufWriter::new(io::stdout());
            export(&mut archive, &head, &mut stdout).await?;
            stdout.flush().map_err(unwritable)?;
            printer.note(in_words(&head));
        }
        Some(target) => {
            let in_file = |error| unwritable_file(target, &error);
            let mut file = BufWriter::new(NewFile::create(target).map_err(in_file)?);
            tokio::select! {
                done = export(&mut archive, &head, &mut file) => done?,
                _ = tokio::signal::ctrl_c() => return Err(Failure::new("interrupted")),
            }
            let file = file
                .into_inner()
                .map_err(|error| in_file(error.into_error()))?;
            file.finish().map_err(in_file)?;
            let object = serde_json::json!({
                "out": target,
                "receipts": head.last.sequence - head.after.sequence,
                "identity": head.identity,
                "after": head.after,
                "last": head.last,
            });
            let text = format!("{} into {}", in_words(&head), target.display());
            printer.result(text, &object);
        }
    }
    archive.close().await.map_err(at_database)
}

fn head(owner: &Owner, after: ReceiptTip, last: ReceiptTip) -> ExportHead {
    let committee = owner.committee;
    ExportHead {
        format: EXPORT_FORMAT.to_owned(),
        network: committee.network(),
        chain_id: committee.chain_id,
        contract: committee.contract,
        committee_id: committee.committee_id,
        identity: owner.identity,
        after,
        last,
    }
}

/// Writes the head and every line that it announces.
async fn export(
    archive: &mut ReceiptArchive,
    head: &ExportHead,
    to: &mut impl Write,
) -> Result<(), Failure> {
    write_line(to, head)?;
    let mut written = head.after.sequence;
    while written < head.last.sequence {
        let page = archive.page(written, head.last.sequence, PAGE).await?;
        let before = written;
        for line in page {
            if line.sequence != written + 1 {
                break;
            }
            write_line(to, &line)?;
            written = line.sequence;
        }
        if written == before {
            let fault = format!("receipt {} is missing in the database", written + 1);
            return Err(Failure::new(fault).hint("restore the database from a backup"));
        }
    }
    Ok(())
}

fn write_line(to: &mut impl Write, line: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    to.write_all(&text).map_err(unwritable)
}

fn in_words(head: &ExportHead) -> String {
    let (after, last) = (head.after.sequence, head.last.sequence);
    match last - after {
        0 => format!("exported no receipts: {last} is the last"),
        1 => format!("exported receipt {last}"),
        _ => format!("exported receipts {} to {last}", after + 1),
    }
}

fn unwritable(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::unheard(),
        _ => Failure::new(format!("the receipts cannot be written: {error}"))
            .hint("check the disk's space"),
    }
}

fn unwritable_file(target: &Path, error: &io::Error) -> Failure {
    let target = target.display();
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::new(format!("{target} exists already")).hint("give another name")
        }
        _ => Failure::new(format!("{target} cannot be written: {error}"))
            .hint("check that its directory exists and is yours"),
    }
}
