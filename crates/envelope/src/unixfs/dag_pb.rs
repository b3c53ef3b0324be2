//! Nodes of dag-pb: links with names, and bytes. SPEC.md §9.
//!
//! Written canonically: links first, every link with hash, name and size. Read
//! strictly: known fields alone, once each, every varint its shortest; bytes may
//! stand before the links, as some write them.

use cid::Cid;

use crate::block::{BlockError, CID_BYTES, readable};
use crate::varint;

/// The most links of a node that are read.
pub(super) const MAX_LINKS: usize = 8192;

/// Field 1 of a node: bytes.
const NODE_DATA: u64 = 1 << 3 | 2;
/// Field 2 of a node: a link.
const NODE_LINK: u64 = 2 << 3 | 2;
/// Field 1 of a link: binary CID.
const LINK_HASH: u64 = 1 << 3 | 2;
/// Field 2 of a link: name.
const LINK_NAME: u64 = 2 << 3 | 2;
/// Field 3 of a link: bytes of all blocks below.
const LINK_TSIZE: u64 = 3 << 3;

/// A node as it stands in a block.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) links: Vec<Link<'a>>,
    pub(super) data: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Link<'a> {
    pub(super) cid: Cid,
    pub(super) name: &'a str,
}

/// Why a node was refused.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum NodeError {
    Malformed(&'static str),
    TooWide,
    Block(BlockError),
}

impl<'a> Node<'a> {
    pub(super) fn decode(mut block: &'a [u8]) -> Result<Self, NodeError> {
        let mut links = Vec::new();
        let mut data = None;
        let mut links_ended = false;
        while !block.is_empty() {
            let field = varint::read(&mut block).ok_or(NodeError::Malformed("a bad field"))?;
            let value = length_prefixed(&mut block)?;
            match field {
                NODE_DATA if data.is_none() => {
                    data = Some(value);
                    links_ended = !links.is_empty();
                }
                NODE_LINK if links_ended => {
                    return Err(NodeError::Malformed("links on both sides of its bytes"));
                }
                NODE_LINK if links.len() == MAX_LINKS => return Err(NodeError::TooWide),
                NODE_LINK => links.push(Link::decode(value)?),
                _ => return Err(NodeError::Malformed("a field that no node has")),
            }
        }
        Ok(Self {
            links,
            data: data.ok_or(NodeError::Malformed("it holds no UnixFS message"))?,
        })
    }
}

impl<'a> Link<'a> {
    fn decode(mut link: &'a [u8]) -> Result<Self, NodeError> {
        let malformed = || NodeError::Malformed("a link that is none");
        if varint::read(&mut link) != Some(LINK_HASH) {
            return Err(malformed());
        }
        let hash = length_prefixed(&mut link)?;
        let cid = Cid::try_from(hash)
            .ok()
            .filter(|cid| cid.to_bytes() == hash)
            .ok_or(NodeError::Malformed("a link without a CID"))?;
        readable(&cid).map_err(NodeError::Block)?;
        let mut name = "";
        let mut least = LINK_NAME;
        while !link.is_empty() {
            match varint::read(&mut link) {
                Some(LINK_NAME) if least == LINK_NAME => {
                    name = std::str::from_utf8(length_prefixed(&mut link)?)
                        .map_err(|_| NodeError::Malformed("a name that is not UTF-8"))?;
                    least = LINK_TSIZE;
                }
                // What is below in bytes is a hint that nothing here relies on.
                Some(LINK_TSIZE) if least <= LINK_TSIZE => {
                    varint::read(&mut link).ok_or_else(malformed)?;
                    least = LINK_TSIZE + 1;
                }
                _ => return Err(malformed()),
            }
        }
        Ok(Self { cid, name })
    }
}

fn length_prefixed<'a>(from: &mut &'a [u8]) -> Result<&'a [u8], NodeError> {
    varint::read(from)
        .and_then(|length| usize::try_from(length).ok())
        .and_then(|length| from.split_at_checked(length))
        .map(|(value, rest)| {
            *from = rest;
            value
        })
        .ok_or(NodeError::Malformed("a length beyond its end"))
}

/// Appends a link of a node.
pub(super) fn write_link(cid: &Cid, name: &str, tsize: u64, to: &mut Vec<u8>) {
    varint::write(NODE_LINK, to);
    varint::write(inner_link_len(name, tsize), to);
    varint::write(LINK_HASH, to);
    let hash = cid.to_bytes();
    varint::write(hash.len() as u64, to);
    to.extend_from_slice(&hash);
    varint::write(LINK_NAME, to);
    varint::write(name.len() as u64, to);
    to.extend_from_slice(name.as_bytes());
    varint::write(LINK_TSIZE, to);
    varint::write(tsize, to);
}

/// Appends the bytes of a node, which end it.
pub(super) fn write_data(data: &[u8], to: &mut Vec<u8>) {
    varint::write(NODE_DATA, to);
    varint::write(data.len() as u64, to);
    to.extend_from_slice(data);
}

/// Bytes that a link takes in a node.
pub(super) fn link_len(name: &str, tsize: u64) -> u64 {
    let inner = inner_link_len(name, tsize);
    1 + varint::len(inner) + inner
}

/// Bytes that the bytes of a node take in it.
pub(super) fn data_len(data: u64) -> u64 {
    1 + varint::len(data) + data
}

fn inner_link_len(name: &str, tsize: u64) -> u64 {
    let name = name.len() as u64;
    (1 + 1 + CID_BYTES) + (1 + varint::len(name) + name) + (1 + varint::len(tsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{RAW, name};

    fn node() -> (Vec<u8>, usize) {
        let mut block = Vec::new();
        write_link(&name(RAW, b"a"), "a", 1, &mut block);
        write_link(&name(RAW, b"b"), "Grüße", 300, &mut block);
        let links = block.len();
        write_data(&[8, 1], &mut block);
        (block, links)
    }

    #[test]
    fn node_comes_back_and_has_the_length_that_was_said() {
        let (block, links) = node();
        assert_eq!(links as u64, link_len("a", 1) + link_len("Grüße", 300));
        assert_eq!(block.len() as u64, links as u64 + data_len(2));
        let node = Node::decode(&block).unwrap();
        let names: Vec<_> = node.links.iter().map(|link| link.name).collect();
        assert_eq!(names, ["a", "Grüße"]);
        assert_eq!(node.links[1].cid, name(RAW, b"b"));
        assert_eq!(node.data, [8, 1]);
        // The same with its bytes in front.
        let swapped = [&block[links..], &block[..links]].concat();
        assert_eq!(Node::decode(&swapped).unwrap().links.len(), 2);
    }

    #[test]
    fn node_is_refused_when_it_is_cut_anywhere_or_has_more_in_it() {
        let (block, links) = node();
        let one = link_len("a", 1) as usize;
        for end in 0..block.len() {
            assert!(Node::decode(&block[..end]).is_err(), "{end}");
        }
        let data = &block[links..];
        for (bad, problem) in [
            ([&block[..], data].concat(), "a field that no node has"),
            (
                [&block[..one], data, &block[one..links]].concat(),
                "links on both sides of its bytes",
            ),
            (
                [&block[..], &[0x1a, 0]].concat(),
                "a field that no node has",
            ),
            ([&block[..], &[0x8a, 0x00, 0]].concat(), "a bad field"),
            ([&[0x12, 0][..], data].concat(), "a link that is none"),
            (
                [&[0x12, 4, 0x0a, 2, 1, 0x55][..], data].concat(),
                "a link without a CID",
            ),
            (
                [&[0x0a, 0xff, 0x7f][..], data].concat(),
                "a length beyond its end",
            ),
        ] {
            assert_eq!(
                Node::decode(&bad).unwrap_err(),
                NodeError::Malformed(problem)
            );
        }
    }

    #[test]
    fn node_is_refused_when_it_is_too_wide_or_names_blocks_that_cannot_be_checked() {
        let mut wide = Vec::new();
        for _ in 0..=MAX_LINKS {
            write_link(&name(RAW, b""), "", 0, &mut wide);
        }
        write_data(&[8, 2], &mut wide);
        assert_eq!(Node::decode(&wide).unwrap_err(), NodeError::TooWide);
        // A CID with an identity hash of nothing.
        let unreadable = [0x12, 6, 0x0a, 4, 1, 0x55, 0, 0, 0x0a, 2, 8, 2];
        assert!(matches!(
            Node::decode(&unreadable),
            Err(NodeError::Block(BlockError::UnknownHash { code: 0, .. }))
        ));
    }
}
