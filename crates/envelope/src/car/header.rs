//! The header: `{"roots": [CID, …], "version": 1}` in dag-cbor.

use cid::Cid;

use crate::cbor::cursor::Cursor;
use crate::cbor::scan;
use crate::cbor::write::Writer;

/// dag-cbor's tag of a CID.
const CID_TAG: u64 = 42;

pub(super) fn encode(roots: &[Cid]) -> Vec<u8> {
    let mut writer = Writer::new().map(2).text("roots").array(roots.len() as u64);
    for root in roots {
        // The byte in front is the multibase prefix of binary.
        let bytes = [&[0][..], &root.to_bytes()].concat();
        writer = writer.tag(CID_TAG).bytes(&bytes);
    }
    writer.text("version").unsigned(1).finish()
}

/// What is no header of a CARv1.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum HeaderError {
    Version(u64),
    Malformed,
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Cid>, HeaderError> {
    let malformed = HeaderError::Malformed;
    scan::exact(bytes).map_err(|_| HeaderError::Malformed)?;
    let mut version = None;
    let mut roots = None;
    for (key, mut value) in Cursor::new(bytes).map().ok_or(malformed)? {
        match Cursor::new(key).text() {
            Some("version") => version = value.unsigned(),
            Some("roots") => roots = cids(value),
            _ => {}
        }
    }
    match version {
        Some(1) => {}
        Some(other) => return Err(HeaderError::Version(other)),
        None => return Err(HeaderError::Malformed),
    }
    roots
        .filter(|roots| encode(roots) == bytes)
        .ok_or(HeaderError::Malformed)
}

fn cids(mut array: Cursor<'_>) -> Option<Vec<Cid>> {
    let count = array.array()?;
    let mut roots = Vec::new();
    for _ in 0..count {
        (array.tag()? == CID_TAG).then_some(())?;
        let bytes = array.bytes()?.strip_prefix(&[0])?;
        roots.push(Cid::try_from(bytes).ok()?);
    }
    Some(roots)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{RAW, name};

    #[test]
    fn header_comes_back_and_no_other_spelling_of_it_is_read() {
        let roots = [name(RAW, b"a"), name(RAW, b"b")];
        for roots in [&roots[..], &roots[..1], &[]] {
            let bytes = encode(roots);
            assert_eq!(decode(&bytes).unwrap(), roots);
            for at in 0..bytes.len() {
                let mut bad = bytes.clone();
                bad[at] ^= 0x20;
                assert!(
                    decode(&bad).is_err() || decode(&bad).unwrap() != roots,
                    "{at}"
                );
            }
            assert_eq!(
                decode(&[&bytes[..], &[0]].concat()),
                Err(HeaderError::Malformed)
            );
        }
        let version_first = [&[0xa2, 0x67][..], b"version", &[1, 0x65], b"roots", &[0x80]].concat();
        assert_eq!(decode(&version_first), Err(HeaderError::Malformed));
        let two = Writer::new().map(1).text("version").unsigned(2).finish();
        assert_eq!(decode(&two), Err(HeaderError::Version(2)));
    }
}
