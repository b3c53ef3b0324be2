//! Which files of a folder are encrypted already, should the command end early.
//!
//! The first line says what is done, by a digest of everything that decides what an envelope is, and
//! which item is shared. Each record is the first eight bytes of the SHA-256 of the rest, the length
//! of the rest, and: `f`, when a file was modified in nanoseconds, and a manifest of this one file; or
//! `p` and a PieceCID that is about to appear, so that pieces of a file that was never finished can be
//! taken away. A journal of something else is thrown away, and so is a record that is torn with all
//! that follows.
//!
//! It names files in the clear, so it is its owner's alone and goes when the work is done.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufRead, Read, Seek, SeekFrom, Write},
};

use sha2::{Digest, Sha256};
use stheno_crypto::ItemId;
use stheno_envelope::{
    PieceCid,
    manifest::{Entry, Manifest, ManifestHeader, ManifestWriter, SafePath},
};

use super::walk::Stamp;

/// The first word of the first line.
const MAGIC: &str = "stheno-collection-1";
/// The longest first line.
const MAX_HEAD: usize = 256;
/// The largest record: an entry has at most 2 MiB.
const MAX_RECORD: u32 = 3 << 20;
/// What begins the record of a file, and of a piece.
const FILE: u8 = b'f';
const PIECE: u8 = b'p';
/// Bytes before what is hashed.
const FRONT: usize = 8 + 4;

/// What an earlier command did.
#[derive(Debug)]
pub(super) struct Journal<'a> {
    file: &'a File,
    done: HashMap<SafePath, (Stamp, Entry)>,
    /// Pieces that were begun to be written and belong to no file that is done.
    astray: HashSet<PieceCid>,
    /// The item that all files share, if they share one.
    item: Option<ItemId>,
    /// The first line, until it is written: with the first record, since before there is nothing to
    /// go on with.
    head: Option<String>,
}

impl<'a> Journal<'a> {
    /// Reads what is there of the same work, and throws away the rest. `item` is for work that begins
    /// here; that of an earlier command goes on.
    pub(super) fn open(file: &'a File, work: &[u8; 32], item: Option<ItemId>) -> io::Result<Self> {
        let mut journal = Self {
            file,
            done: HashMap::new(),
            astray: HashSet::new(),
            item,
            head: None,
        };
        let good = journal.read(work, item.is_some())?;
        file.set_len(good)?;
        let mut file = file;
        file.seek(SeekFrom::End(0))?;
        if good == 0 {
            let item = journal.item.map(|item| item.to_string());
            let item = item.as_deref().unwrap_or("-");
            journal.head = Some(format!("{MAGIC} {} {item}\n", hex::encode(work)));
        }
        Ok(journal)
    }

    pub(super) fn item(&self) -> Option<ItemId> {
        self.item
    }

    /// The entry of a file that was encrypted already, has not changed since, and is good by `check`.
    pub(super) fn take(
        &mut self,
        path: &SafePath,
        stamp: &Stamp,
        check: impl FnOnce(&Entry) -> bool,
    ) -> Option<Entry> {
        let (then, entry) = self.done.remove(path)?;
        if then == *stamp && check(&entry) {
            return Some(entry);
        }
        self.lose(&entry);
        None
    }

    /// Notes files whose pieces are all whole.
    pub(super) fn note<'e>(
        &mut self,
        files: impl IntoIterator<Item = (&'e Stamp, &'e Entry)>,
    ) -> io::Result<()> {
        for (stamp, entry) in files {
            let mut rest = vec![FILE];
            rest.extend(stamp.modified.to_be_bytes());
            rest.extend(one(entry)?);
            self.add(&rest)?;
            self.find(entry);
        }
        self.file.sync_data()
    }

    /// Notes a piece that will have its name in a moment.
    pub(super) fn note_piece(&mut self, piece: &PieceCid) -> io::Result<()> {
        self.astray.insert(*piece);
        let mut rest = vec![PIECE];
        rest.extend(piece.to_bytes());
        self.add(&rest)
    }

    /// Pieces that were written for files that were not finished, have changed since, or are gone.
    pub(super) fn left_over(mut self) -> HashSet<PieceCid> {
        for (_, entry) in std::mem::take(&mut self.done).into_values() {
            self.lose(&entry);
        }
        self.astray
    }

    /// The pieces of a file that is done are not astray.
    fn find(&mut self, entry: &Entry) {
        for part in &entry.envelope.parts {
            self.astray.remove(&part.piece);
        }
    }

    fn lose(&mut self, entry: &Entry) {
        let parts = entry.envelope.parts.iter();
        self.astray.extend(parts.map(|part| part.piece));
    }

    fn add(&mut self, rest: &[u8]) -> io::Result<()> {
        let len = u32::try_from(rest.len()).map_err(io::Error::other)?;
        let mut record = self.head.take().map(String::into_bytes).unwrap_or_default();
        record.extend(sum(rest));
        record.extend(len.to_be_bytes());
        record.extend(rest);
        let mut file = self.file;
        file.write_all(&record)
    }

    /// Takes in what is good, and says how many bytes that is.
    fn read(&mut self, work: &[u8; 32], shares_item: bool) -> io::Result<u64> {
        let mut file = self.file;
        file.rewind()?;
        let mut file = io::BufReader::new(file);
        let mut head = Vec::new();
        let mut line = Read::by_ref(&mut file).take(MAX_HEAD as u64);
        line.read_until(b'\n', &mut head)?;
        let Some(item) = head_of(&head, work, shares_item) else {
            return Ok(0);
        };
        self.item = item;
        let mut good = head.len() as u64;
        while let Some((len, record)) = record(&mut file)? {
            match record {
                Record::File(stamp, entry) => {
                    self.find(&entry);
                    let before = self.done.insert(entry.path.clone(), (stamp, *entry));
                    if let Some((_, entry)) = before {
                        self.lose(&entry);
                    }
                }
                Record::Piece(piece) => {
                    self.astray.insert(piece);
                }
            }
            good += len;
        }
        Ok(good)
    }
}

/// The shared item, if this is the first line of the same work.
fn head_of(head: &[u8], work: &[u8; 32], shares_item: bool) -> Option<Option<ItemId>> {
    let text = std::str::from_utf8(head).ok()?.strip_suffix('\n')?;
    let mut words = text.split(' ');
    (words.next()? == MAGIC && words.next()? == hex::encode(work)).then_some(())?;
    let item = match words.next()? {
        "-" => None,
        item => Some(item.parse().ok()?),
    };
    (item.is_some() == shares_item && words.next().is_none()).then_some(item)
}

enum Record {
    File(Stamp, Box<Entry>),
    Piece(PieceCid),
}

/// The next record that is whole, and its bytes.
fn record(file: &mut impl Read) -> io::Result<Option<(u64, Record)>> {
    let mut front = [0; FRONT];
    if !fill(file, &mut front)? {
        return Ok(None);
    }
    let (expected, len) = front.split_at(8);
    let len = u32::from_be_bytes(len.try_into().unwrap_or_default());
    if len > MAX_RECORD {
        return Ok(None);
    }
    let mut rest = vec![0; len as usize];
    if !fill(file, &mut rest)? || sum(&rest) != expected {
        return Ok(None);
    }
    let record = match rest.split_first() {
        Some((&FILE, rest)) => file_of(rest),
        Some((&PIECE, rest)) => PieceCid::from_bytes(rest).ok().map(Record::Piece),
        _ => None,
    };
    Ok(record.map(|record| (FRONT as u64 + u64::from(len), record)))
}

fn file_of(rest: &[u8]) -> Option<Record> {
    let (modified, manifest) = rest.split_first_chunk::<16>()?;
    let entry = Manifest::read(manifest).ok()?.entries().first()?.clone();
    let stamp = Stamp {
        size: entry.size,
        modified: i128::from_be_bytes(*modified),
    };
    Some(Record::File(stamp, Box::new(entry)))
}

/// Whether there was as much.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn sum(bytes: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// A manifest of one file, whose header means nothing.
fn one(entry: &Entry) -> io::Result<Vec<u8>> {
    let header = ManifestHeader {
        network: entry
            .item
            .map(|_| stheno_crypto::NetworkId::from_bytes([0; 32])),
        collection: "-".to_owned(),
        version: 1,
        previous: None,
        created: 0,
        hints: Vec::new(),
        entries: 1,
    };
    let written = ManifestWriter::new(Vec::new(), header).and_then(|mut writer| {
        writer.push(entry)?;
        writer.finish()
    });
    written.map(|(_, bytes)| bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stheno_envelope::{EncryptOptions, EnvelopeLayout, PieceHasher, manifest};

    const WORK: [u8; 32] = [7; 32];

    fn entry(path: &str, size: u64) -> Entry {
        let chunk_size = EncryptOptions::default().chunk_size;
        let len = 300 + size + 16;
        EnvelopeLayout::new(300, Some(chunk_size), len).unwrap();
        let mut hasher = PieceHasher::new(None);
        hasher.update(&vec![1; len as usize]);
        Entry {
            path: SafePath::new(path).unwrap(),
            size,
            media_type: None,
            sha256: [2; 32],
            header_sha256: [6; 32],
            modified: Some(3),
            item: Some(ItemId::from_bytes([4; 32])),
            envelope: manifest::StoredEnvelope {
                len,
                header_len: 300,
                chunk_size: Some(chunk_size),
                cid: None,
                parts: vec![manifest::Part {
                    piece: hasher.finish().unwrap(),
                    at: 0,
                    len,
                    offset: 0,
                }],
                hints: Vec::new(),
            },
        }
    }

    fn stamp(entry: &Entry) -> Stamp {
        Stamp {
            size: entry.size,
            modified: 3_000_000_001,
        }
    }

    #[test]
    fn journal_cut_at_any_byte_keeps_the_records_before() {
        let entries = [entry("a", 10), entry("b/c", 20)];
        let mut file = tempfile::tempfile().unwrap();
        let mut ends = Vec::new();
        {
            let mut journal = Journal::open(&file, &WORK, None).unwrap();
            assert_eq!(file.metadata().unwrap().len(), 0);
            for entry in &entries {
                journal.note([(&stamp(entry), entry)]).unwrap();
                ends.push(file.metadata().unwrap().len());
            }
        }
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        for cut in 0..=bytes.len() {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes[..cut]).unwrap();
            let mut journal = Journal::open(&file, &WORK, None).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut as u64).count();
            assert_eq!(journal.done.len(), whole, "{cut}");
            // It is good to go on with.
            let third = entry("z", 30);
            journal.note([(&stamp(&third), &third)]).unwrap();
            drop(journal);
            let mut journal = Journal::open(&file, &WORK, None).unwrap();
            assert_eq!(journal.done.len(), whole + 1, "{cut}");
            let taken = journal.take(&third.path, &stamp(&third), |_| true);
            assert_eq!(taken, Some(third));
        }
    }

    #[test]
    fn pieces_that_no_file_has_are_left_over() {
        let file = tempfile::tempfile().unwrap();
        let (one, two) = (entry("a", 10), entry("b", 20));
        let piece = |entry: &Entry| entry.envelope.parts[0].piece;
        let mut journal = Journal::open(&file, &WORK, None).unwrap();
        journal.note_piece(&piece(&one)).unwrap();
        journal.note([(&stamp(&one), &one)]).unwrap();
        journal.note_piece(&piece(&two)).unwrap();
        assert_eq!(journal.left_over(), HashSet::from([piece(&two)]));

        let open = || Journal::open(&file, &WORK, None).unwrap();
        let both = HashSet::from([piece(&one), piece(&two)]);
        // The file is gone since, was taken, has changed, or is not good any more.
        assert_eq!(open().left_over(), both);
        let taken = |stamp: &Stamp, is_good: bool| {
            let mut journal = open();
            let taken = journal.take(&one.path, stamp, |_| is_good).is_some();
            (taken, journal.left_over())
        };
        let changed = Stamp {
            modified: 4,
            ..stamp(&one)
        };
        let stray = HashSet::from([piece(&two)]);
        assert_eq!(taken(&stamp(&one), true), (true, stray));
        assert_eq!(taken(&changed, true), (false, both.clone()));
        assert_eq!(taken(&stamp(&one), false), (false, both));
    }

    #[test]
    fn journal_of_other_work_or_of_a_file_that_changed_is_not_gone_on_with() {
        let file = tempfile::tempfile().unwrap();
        let item = ItemId::from_bytes([9; 32]);
        let one = entry("a", 10);
        let mut journal = Journal::open(&file, &WORK, Some(item)).unwrap();
        journal.note([(&stamp(&one), &one)]).unwrap();
        drop(journal);
        // The item is that of the first command.
        let other = Some(ItemId::from_bytes([8; 32]));
        let mut journal = Journal::open(&file, &WORK, other).unwrap();
        assert_eq!(journal.item(), Some(item));
        let later = Stamp {
            modified: 3_000_000_002,
            ..stamp(&one)
        };
        assert_eq!(journal.take(&one.path, &later, |_| true), None);
        assert_eq!(journal.left_over().len(), 1);
        assert!(Journal::open(&file, &WORK, None).unwrap().done.is_empty());

        let mut journal = Journal::open(&file, &WORK, None).unwrap();
        journal.note([(&stamp(&one), &one)]).unwrap();
        drop(journal);
        assert!(
            Journal::open(&file, &[8; 32], None)
                .unwrap()
                .done
                .is_empty()
        );
        assert_eq!(file.metadata().unwrap().len(), 0);
    }
}
