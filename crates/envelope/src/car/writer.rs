//! Writing.

use std::io::{self, Seek, SeekFrom, Write};

use cid::Cid;

use super::header;
use crate::block::CID_BYTES;
use crate::varint;

/// Writes a CAR whose roots are known.
#[derive(Debug)]
pub struct CarWriter<W> {
    sink: W,
    written: u64,
}

impl<W: Write> CarWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What the sink reports.
    pub fn new(mut sink: W, roots: &[Cid]) -> io::Result<Self> {
        let header = framed_header(roots);
        sink.write_all(&header)?;
        Ok(Self {
            sink,
            written: header.len() as u64,
        })
    }

    /// Writes a block. Whether it is the one that the CID names is the caller's word.
    ///
    /// # Errors
    /// What the sink reports.
    pub fn write(&mut self, cid: &Cid, block: &[u8]) -> io::Result<()> {
        let mut front = Vec::new();
        let cid = cid.to_bytes();
        let len = (cid.len() + block.len()) as u64;
        varint::write(len, &mut front);
        front.extend_from_slice(&cid);
        self.sink.write_all(&front)?;
        self.sink.write_all(block)?;
        self.written += section_len(len);
        Ok(())
    }

    /// Bytes that were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Flushes, and gives the sink back.
    ///
    /// # Errors
    /// What the sink reports.
    pub fn finish(mut self) -> io::Result<W> {
        self.sink.flush()?;
        Ok(self.sink)
    }
}

impl<W: Write> crate::unixfs::BlockSink for CarWriter<W> {
    fn block(&mut self, cid: &Cid, bytes: &[u8]) -> io::Result<()> {
        self.write(cid, bytes)
    }
}

/// Writes a CAR whose root comes last, such as that of a file that is read once,
/// into a sink that seeks. Until [`finish`](Self::finish) it names a root that
/// no block of it is.
#[derive(Debug)]
pub struct CarDraft<W> {
    car: CarWriter<W>,
    start: u64,
}

impl<W: Write + Seek> CarDraft<W> {
    /// Leaves room for the header.
    ///
    /// # Errors
    /// What the sink reports.
    pub fn new(mut sink: W) -> io::Result<Self> {
        let start = sink.stream_position()?;
        let nothing = crate::block::name(crate::block::RAW, b"");
        Ok(Self {
            car: CarWriter::new(sink, &[nothing])?,
            start,
        })
    }

    /// Puts the root into the header: version 1, SHA-256. Gives the sink back, at its end.
    ///
    /// # Errors
    /// What the sink reports; `InvalidInput` for other CIDs, which have another length.
    pub fn finish(self, root: &Cid) -> io::Result<W> {
        let header = framed_header(&[*root]);
        if header.len() as u64 != header_len(1) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a root that comes last is a CID of version 1 over SHA-256",
            ));
        }
        let mut sink = self.car.finish()?;
        sink.seek(SeekFrom::Start(self.start))?;
        sink.write_all(&header)?;
        sink.seek(SeekFrom::End(0))?;
        sink.flush()?;
        Ok(sink)
    }
}

impl<W: Write> crate::unixfs::BlockSink for CarDraft<W> {
    fn block(&mut self, cid: &Cid, bytes: &[u8]) -> io::Result<()> {
        self.car.write(cid, bytes)
    }
}

fn framed_header(roots: &[Cid]) -> Vec<u8> {
    let header = header::encode(roots);
    let mut framed = Vec::new();
    varint::write(header.len() as u64, &mut framed);
    framed.extend_from_slice(&header);
    framed
}

/// Bytes of a header with so many roots, at most 23, of version 1 over SHA-256.
pub(crate) fn header_len(roots: u64) -> u64 {
    // Map, "roots", array; tag, head, multibase and CID each; "version", 1.
    section_len(1 + 6 + 1 + roots * (2 + 2 + 1 + CID_BYTES) + 8 + 1)
}

/// Bytes of a section with CID and block of so many.
pub(crate) fn section_len(len: u64) -> u64 {
    varint::len(len) + len
}
