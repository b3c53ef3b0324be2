//! What a transfer has done, so that it can be gone on with after `kill -9`.
//!
//! A text file. The first line says what the transfer is, by a digest of what it was asked for. Every
//! other is `CHECK whole PIECE STORE` or `CHECK sent PIECE TOKEN STORE`, where CHECK is the first
//! eight bytes, in hex, of the SHA-256 of the first line and the rest of this one. Lines survive the
//! process; before the machine's end only those are durable that save sending a piece again.
//!
//! A journal of something else is thrown away, and so is a line that is torn with all that follows.
//! Nothing is lost by that but time: what is there is then asked for, or hashed, again.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use stheno_envelope::PieceCid;

use super::{StorageFault, landing::disk};
use crate::whole_file::is_at;

/// Names the format.
const MAGIC: &str = "stheno-transfer 1";
/// The largest journal that is read: of a hundred thousand pieces or more.
const MOST_BYTES: u64 = 64 << 20;

/// The journal of a transfer that is at work; nobody else can open it.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    head: String,
    whole: HashSet<(PieceCid, String)>,
    sent: HashMap<(PieceCid, String), String>,
    dropped: Option<&'static str>,
}

impl Journal {
    /// Opens or makes a journal of a transfer of these pieces.
    pub(super) fn open(path: &Path, kind: &str, pieces: &[PieceCid]) -> Result<Self, StorageFault> {
        let failed = |doing| move |error: io::Error| disk(doing, &error);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(failed("open the journal"))?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => {}
            Ok(()) | Err(TryLockError::WouldBlock) => {
                let path = path.display().to_string();
                return Err(StorageFault::Busy { path });
            }
            Err(TryLockError::Error(error)) => return Err(disk("lock the journal", &error)),
        }
        let mut bytes = Vec::new();
        Read::by_ref(&mut file)
            .take(MOST_BYTES)
            .read_to_end(&mut bytes)
            .map_err(failed("read the journal"))?;
        let mut journal = Self {
            file,
            path: path.to_owned(),
            head: head(kind, pieces),
            whole: HashSet::new(),
            sent: HashMap::new(),
            dropped: None,
        };
        let good = journal.read(&bytes);
        journal.settle(good).map_err(failed("write the journal"))?;
        Ok(journal)
    }

    /// Why some or all of it was thrown away.
    pub(super) fn dropped(&self) -> Option<&'static str> {
        self.dropped
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the store is known to have the piece.
    pub(super) fn is_whole(&self, piece: &PieceCid, store: &str) -> bool {
        self.whole.contains(&(*piece, plain(store)))
    }

    /// With what an upload to the store can be finished.
    pub(super) fn token(&self, piece: &PieceCid, store: &str) -> Option<&str> {
        let key = (*piece, plain(store));
        self.sent.get(&key).map(String::as_str)
    }

    /// Notes that the store has the piece, or, for what comes down, that it gave it.
    pub(super) fn note_whole(&mut self, piece: &PieceCid, store: &str) -> Result<(), StorageFault> {
        let store = plain(store);
        self.add(&format!("whole {piece} {store}"))?;
        self.whole.insert((*piece, store));
        Ok(())
    }

    /// Notes with what an upload can be finished.
    pub(super) fn note_sent(
        &mut self,
        piece: &PieceCid,
        store: &str,
        token: &str,
    ) -> Result<(), StorageFault> {
        let store = plain(store);
        if token.is_empty() || token.contains(|sign: char| sign.is_whitespace()) {
            return Ok(());
        }
        self.add(&format!("sent {piece} {token} {store}"))?;
        self.file
            .sync_data()
            .map_err(|error| disk("write the journal", &error))?;
        self.sent.insert((*piece, store), token.to_owned());
        Ok(())
    }

    /// Removes it, since everything is done.
    pub(super) fn remove(self) -> Result<(), StorageFault> {
        fs::remove_file(&self.path).map_err(|error| disk("remove the journal", &error))
    }

    fn add(&mut self, entry: &str) -> Result<(), StorageFault> {
        let line = format!("{} {entry}\n", check(&self.head, entry));
        self.file
            .write_all(line.as_bytes())
            .map_err(|error| disk("write the journal", &error))
    }

    /// Takes the entries, and says how many bytes are good.
    fn read(&mut self, bytes: &[u8]) -> usize {
        let Some(rest) = bytes
            .strip_prefix(self.head.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"\n"))
        else {
            if !bytes.is_empty() {
                self.dropped = Some("it is of another transfer, or damaged");
            }
            return 0;
        };
        let mut good = bytes.len() - rest.len();
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            if self.take(line).is_none() {
                self.dropped = Some("its end is torn or damaged");
                break;
            }
            good += line.len();
        }
        good
    }

    fn take(&mut self, line: &[u8]) -> Option<()> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let (sum, entry) = line.split_once(' ')?;
        if sum != check(&self.head, entry) {
            return None;
        }
        let (verb, rest) = entry.split_once(' ')?;
        let (piece, rest) = rest.split_once(' ')?;
        let piece = piece.parse().ok()?;
        match verb {
            "whole" => {
                self.whole.insert((piece, rest.to_owned()));
            }
            "sent" => {
                let (token, store) = rest.split_once(' ')?;
                self.sent
                    .insert((piece, store.to_owned()), token.to_owned());
            }
            _ => return None,
        }
        Some(())
    }

    /// Cuts off what is no good, and writes the first line of a new one.
    fn settle(&mut self, good: usize) -> io::Result<()> {
        self.file.set_len(good as u64)?;
        self.file.seek(SeekFrom::Start(good as u64))?;
        if good == 0 {
            self.file.write_all(format!("{}\n", self.head).as_bytes())?;
        }
        self.file.sync_all()
    }
}

fn head(kind: &str, pieces: &[PieceCid]) -> String {
    let mut sorted: Vec<String> = pieces.iter().map(ToString::to_string).collect();
    sorted.sort();
    sorted.dedup();
    let digest = Sha256::digest(sorted.join("\n"));
    format!("{MAGIC} {kind} {}", hex::encode(digest))
}

fn check(head: &str, entry: &str) -> String {
    let digest = Sha256::digest(format!("{head}\n{entry}"));
    let mut sum = hex::encode(digest);
    sum.truncate(16);
    sum
}

/// A store's name on one line.
fn plain(store: &str) -> String {
    store.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stheno_envelope::PieceHasher;

    fn piece(byte: u8) -> PieceCid {
        let mut hasher = PieceHasher::new(None);
        hasher.update(&[byte; 127]);
        hasher.finish().unwrap()
    }

    const A: &str = "provider https://a.example";
    const B: &str = "folder /two words/\n";

    #[test]
    fn journal_cut_at_any_byte_keeps_the_entries_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let pieces = [piece(1), piece(2)];
        let mut journal = Journal::open(&path, "upload", &pieces).unwrap();
        let mut ends = vec![fs::read(&path).unwrap().len()];
        journal.note_sent(&pieces[0], A, "token").unwrap();
        ends.push(fs::read(&path).unwrap().len());
        journal.note_whole(&pieces[0], A).unwrap();
        ends.push(fs::read(&path).unwrap().len());
        journal.note_whole(&pieces[1], B).unwrap();
        drop(journal);
        let bytes = fs::read(&path).unwrap();
        ends.push(bytes.len());

        for cut in 0..=bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            let mut journal = Journal::open(&path, "upload", &pieces).unwrap();
            let entries = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(journal.token(&pieces[0], A).is_some(), entries > 1, "{cut}");
            assert_eq!(journal.is_whole(&pieces[0], A), entries > 2, "{cut}");
            assert_eq!(journal.is_whole(&pieces[1], B), entries > 3, "{cut}");
            assert!(!journal.is_whole(&pieces[1], A));
            let clean = cut == 0 || ends.contains(&cut);
            assert_eq!(journal.dropped().is_none(), clean, "{cut}");
            // It is good to go on with.
            journal.note_whole(&pieces[1], A).unwrap();
            drop(journal);
            let journal = Journal::open(&path, "upload", &pieces).unwrap();
            assert!(journal.is_whole(&pieces[1], A), "{cut}");
            assert_eq!(journal.dropped(), None, "{cut}");
        }
    }

    #[test]
    fn journal_with_any_byte_changed_believes_nothing_new() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let pieces = [piece(1), piece(2)];
        let mut journal = Journal::open(&path, "upload", &pieces).unwrap();
        journal.note_whole(&pieces[0], A).unwrap();
        drop(journal);
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            let journal = Journal::open(&path, "upload", &pieces).unwrap();
            assert!(journal.dropped().is_some(), "{at}");
            assert!(journal.whole.is_empty() && journal.sent.is_empty(), "{at}");
        }
    }

    #[test]
    fn journal_of_another_transfer_is_thrown_away_with_a_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::open(&path, "upload", &[piece(1)]).unwrap();
        journal.note_whole(&piece(1), A).unwrap();
        drop(journal);
        let journal = Journal::open(&path, "upload", &[piece(1), piece(2)]).unwrap();
        assert_eq!(
            journal.dropped(),
            Some("it is of another transfer, or damaged")
        );
        assert!(!journal.is_whole(&piece(1), A));
    }

    #[test]
    fn journal_is_opened_by_one_transfer_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, "upload", &[]).unwrap();
        let other = Journal::open(&path, "upload", &[]).unwrap_err();
        assert!(matches!(other, StorageFault::Busy { .. }), "{other}");
        journal.remove().unwrap();
        Journal::open(&path, "upload", &[]).unwrap();
    }
}
