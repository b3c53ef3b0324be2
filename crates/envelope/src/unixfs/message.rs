//! The UnixFS message in a node: what the node is, and how many bytes are below.

use super::dag_pb::MAX_LINKS;
use crate::varint;

const TYPE: u64 = 1 << 3;
const DATA: u64 = 2 << 3 | 2;
const FILE_SIZE: u64 = 3 << 3;
const BLOCK_SIZE: u64 = 4 << 3;
const HASH_TYPE: u64 = 5 << 3;
const FANOUT: u64 = 6 << 3;
const MODE: u64 = 7 << 3;
const MTIME: u64 = 8 << 3 | 2;

/// What a node is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Raw,
    Directory,
    File,
    Metadata,
    Symlink,
    Shard,
}

impl Kind {
    fn of(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Raw,
            1 => Self::Directory,
            2 => Self::File,
            3 => Self::Metadata,
            4 => Self::Symlink,
            5 => Self::Shard,
            _ => return None,
        })
    }

    /// What people call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Raw | Self::File => "file",
            Self::Directory | Self::Shard => "folder",
            Self::Metadata => "description",
            Self::Symlink => "symbolic link",
        }
    }
}

/// A message as it stands in a node.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Message<'a> {
    pub(super) kind: Kind,
    pub(super) data: &'a [u8],
    pub(super) file_size: Option<u64>,
    pub(super) block_sizes: Vec<u64>,
    pub(super) hash_type: Option<u64>,
    pub(super) fanout: Option<u64>,
}

impl<'a> Message<'a> {
    /// Strictly: known fields alone, once each, every varint its shortest.
    pub(super) fn decode(mut bytes: &'a [u8]) -> Result<Self, &'static str> {
        let mut kind = None;
        let mut data = None;
        let mut numbers: [Option<u64>; 8] = [None; 8];
        let mut mtime = false;
        let mut block_sizes = Vec::new();
        while !bytes.is_empty() {
            let field = varint::read(&mut bytes).ok_or("a bad field of its message")?;
            if field & 7 == 2 {
                let value = varint::read(&mut bytes)
                    .and_then(|length| usize::try_from(length).ok())
                    .and_then(|length| bytes.split_at_checked(length));
                let (value, rest) = value.ok_or("a length beyond the end of its message")?;
                bytes = rest;
                match field {
                    DATA if data.is_none() => data = Some(value),
                    MTIME if !mtime => mtime = true,
                    _ => return Err("a field that no message has"),
                }
                continue;
            }
            let value = varint::read(&mut bytes).ok_or("a bad number in its message")?;
            let place = numbers.get_mut((field >> 3) as usize);
            match (field, place) {
                (BLOCK_SIZE, _) if block_sizes.len() == MAX_LINKS => {
                    return Err("more sizes than links are read");
                }
                (BLOCK_SIZE, _) => block_sizes.push(value),
                (TYPE, _) if kind.is_none() => {
                    kind = Some(Kind::of(value).ok_or("a kind that there is not")?);
                }
                (FILE_SIZE | HASH_TYPE | FANOUT | MODE, Some(place)) if place.is_none() => {
                    *place = Some(value);
                }
                _ => return Err("a field that no message has"),
            }
        }
        let [_, _, _, file_size, _, hash_type, fanout, _] = numbers;
        Ok(Self {
            kind: kind.ok_or("it does not say what it is")?,
            data: data.unwrap_or_default(),
            file_size,
            block_sizes,
            hash_type,
            fanout,
        })
    }
}

/// The message of a file's node above others.
pub(super) fn file(block_sizes: impl Iterator<Item = u64> + Clone) -> Vec<u8> {
    let mut message = vec![TYPE as u8, 2];
    varint::write(FILE_SIZE, &mut message);
    varint::write(block_sizes.clone().sum(), &mut message);
    for size in block_sizes {
        varint::write(BLOCK_SIZE, &mut message);
        varint::write(size, &mut message);
    }
    message
}

/// The message of a folder that is one node.
pub(super) fn directory() -> Vec<u8> {
    vec![TYPE as u8, 1]
}

/// The message of a folder's shard: which of its places are taken, of how many,
/// by which hash.
pub(super) fn shard(places: &[u8], hash_type: u64, fanout: u64) -> Vec<u8> {
    let mut message = vec![TYPE as u8, 5];
    varint::write(DATA, &mut message);
    varint::write(places.len() as u64, &mut message);
    message.extend_from_slice(places);
    for (field, value) in [(HASH_TYPE, hash_type), (FANOUT, fanout)] {
        varint::write(field, &mut message);
        varint::write(value, &mut message);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_comes_back() {
        let bytes = file([300, 1].into_iter());
        let message = Message::decode(&bytes).unwrap();
        assert_eq!(message.kind, Kind::File);
        assert_eq!(message.file_size, Some(301));
        assert_eq!(message.block_sizes, [300, 1]);
        let bytes = shard(&[1, 2], 0x22, 256);
        let message = Message::decode(&bytes).unwrap();
        assert_eq!((message.kind, message.data), (Kind::Shard, &[1, 2][..]));
        assert_eq!((message.hash_type, message.fanout), (Some(0x22), Some(256)));
        assert_eq!(Message::decode(&directory()).unwrap().kind, Kind::Directory);
    }

    #[test]
    fn message_is_refused_with_unknown_repeated_or_missing_fields() {
        for (bytes, problem) in [
            (&[][..], "it does not say what it is"),
            (&[8, 6], "a kind that there is not"),
            (&[8, 2, 8, 2], "a field that no message has"),
            (&[8, 2, 0x18, 1, 0x18, 1], "a field that no message has"),
            (&[8, 2, 0x12, 0, 0x12, 0], "a field that no message has"),
            (&[8, 2, 0x48, 1], "a field that no message has"),
            (&[8, 2, 0x22, 1, 1], "a field that no message has"),
            (&[8, 2, 0x0d, 1], "a field that no message has"),
            (&[8, 2, 0x18, 0x80, 0x00], "a bad number in its message"),
            (
                &[8, 2, 0x12, 5, 0],
                "a length beyond the end of its message",
            ),
            (&[8], "a bad number in its message"),
        ] {
            assert_eq!(Message::decode(bytes), Err(problem), "{bytes:?}");
        }
    }
}
