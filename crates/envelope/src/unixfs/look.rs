//! What a root is, from its block alone.

use cid::Cid;

use super::UnixfsError;
use super::message::{Kind, Message};
use super::verify::decode;
use crate::block::{DAG_PB, RAW, check_block};

/// What a block is the root of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Look {
    /// A file of so many bytes, as its root says.
    File {
        /// Bytes.
        size: u64,
    },
    /// A folder in one block, and the names in it, as they stand there.
    Folder {
        /// Names, and what they stand for.
        entries: Vec<(String, Cid)>,
    },
    /// A folder in many blocks. Its names are found one by one, by a
    /// [`Resolver`](super::Resolver).
    Sharded,
}

impl Look {
    /// Looks at a block, which is compared with its CID.
    ///
    /// # Errors
    /// [`UnixfsError`] when it is another block, malformed, or neither file nor folder.
    pub fn at(cid: &Cid, block: &[u8]) -> Result<Self, UnixfsError> {
        check_block(cid, block)?;
        match cid.codec() {
            RAW => {
                let size = block.len() as u64;
                return Ok(Self::File { size });
            }
            DAG_PB => {}
            codec => return Err(UnixfsError::UnknownCodec { cid: *cid, codec }),
        }
        let node = decode(*cid, block)?;
        let malformed = |problem| UnixfsError::Malformed { cid: *cid, problem };
        let message = Message::decode(node.data).map_err(malformed)?;
        match message.kind {
            Kind::File | Kind::Raw => {
                let own = message.data.len() as u64;
                let mut sizes = message.block_sizes.iter();
                let size = sizes.try_fold(own, |sum, size| sum.checked_add(*size));
                let size = size.ok_or(malformed("its sizes are beyond any file"))?;
                Ok(Self::File { size })
            }
            Kind::Directory => {
                let links = node.links.iter();
                let entries = links.map(|link| (link.name.to_owned(), link.cid));
                Ok(Self::Folder {
                    entries: entries.collect(),
                })
            }
            Kind::Shard => Ok(Self::Sharded),
            other => Err(UnixfsError::NotAFile {
                cid: *cid,
                kind: other.word(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::name;
    use crate::unixfs::{Directory, DirectoryEntry, FileBuilder, Profile};

    type Blocks = Vec<(Cid, Vec<u8>)>;

    fn file(len: usize) -> (Cid, Vec<u8>) {
        let bytes = vec![7; len];
        let mut blocks = Blocks::new();
        let profile = Profile::scaled(10, 3, 1 << 20);
        let root = FileBuilder::read(profile, &mut &bytes[..], &mut |cid: &Cid, block: &[u8]| {
            blocks.push((*cid, block.to_vec()));
            Ok(())
        })
        .unwrap();
        blocks
            .into_iter()
            .find(|(cid, _)| *cid == root.cid)
            .unwrap()
    }

    fn folder(names: usize, profile: Profile) -> (Cid, Vec<u8>) {
        let entries = (0..names).map(|number| DirectoryEntry {
            name: format!("{number}"),
            cid: name(RAW, b"x"),
            dag_size: 1,
        });
        let dag = Directory::new(entries.collect()).unwrap().build(profile);
        let dag = dag.unwrap();
        let mut last = None;
        dag.blocks(&mut |cid: &Cid, block: &[u8]| {
            last = Some((*cid, block.to_vec()));
            Ok(())
        })
        .unwrap();
        let root = last.unwrap();
        assert_eq!(root.0, dag.root().cid);
        root
    }

    #[test]
    fn look_tells_files_from_folders_and_their_sizes() {
        for len in [0, 1, 10, 11, 95] {
            let (cid, block) = file(len);
            let size = len as u64;
            assert_eq!(Look::at(&cid, &block), Ok(Look::File { size }), "{len}");
        }
        let (cid, block) = folder(3, Profile::V1_2025);
        let Look::Folder { entries } = Look::at(&cid, &block).unwrap() else {
            panic!("no folder");
        };
        let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["0", "1", "2"]);
        let (cid, block) = folder(40, Profile::scaled(10, 3, 100));
        assert_eq!(Look::at(&cid, &block), Ok(Look::Sharded));
    }

    #[test]
    fn look_refuses_other_bytes_and_other_codecs() {
        let (cid, mut block) = folder(3, Profile::V1_2025);
        block[0] ^= 1;
        assert!(matches!(Look::at(&cid, &block), Err(UnixfsError::Block(_))));
        let cbor = name(0x71, b"x");
        let refused = Look::at(&cbor, b"x");
        assert!(matches!(
            refused,
            Err(UnixfsError::UnknownCodec { codec: 0x71, .. })
        ));
    }
}
