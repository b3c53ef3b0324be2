//! A file in an envelope behind an HTTP server, for code that reads through
//! [`std::io::Read`] and [`std::io::Seek`].

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
};

use futures::{AsyncReadExt, AsyncSeekExt};
use zeroize::Zeroizing;

use crate::{
    Error,
    file_reader::FileReader,
    source::{HttpSource, SourceError, own_thread},
};

/// The most bytes that are read at once.
const MOST: usize = 2 << 20;

/// A remote file through [`Read`] and [`Seek`]. It works on a thread of its own, so it may be used
/// inside any runtime; the calling thread waits meanwhile.
///
/// For a file on disk, [`RangeReader`](stheno_envelope::RangeReader) does the same without a thread.
#[derive(Debug)]
pub struct BlockingReader {
    commands: Sender<Command>,
}

#[derive(Debug)]
enum Command {
    Read(usize, Answer<Zeroizing<Vec<u8>>>),
    Seek(SeekFrom, Answer<u64>),
}

type Answer<T> = SyncSender<io::Result<T>>;

impl FileReader<HttpSource> {
    /// The same file, for code that blocks. It begins where this one stands.
    ///
    /// # Errors
    /// [`Error::Source`] when no thread can be started.
    pub fn into_blocking(self) -> Result<BlockingReader, Error> {
        // Connections belong to the runtime that opened them.
        let source = self.source().renewed()?;
        let reader = self.over(source);
        let (commands, inbox) = channel();
        own_thread::spawn(move || serve(reader, inbox)).map_err(|error| {
            SourceError::Unreadable {
                why: error.to_string(),
            }
        })?;
        Ok(BlockingReader { commands })
    }
}

/// Does what it is told until nobody is left to tell it. Blocks its thread, which is its own.
async fn serve(mut reader: FileReader<HttpSource>, inbox: Receiver<Command>) {
    while let Ok(command) = inbox.recv() {
        // A caller that went away needs no answer.
        match command {
            Command::Read(length, answer) => {
                let mut bytes = Zeroizing::new(vec![0; length]);
                let read = reader.read(&mut bytes).await.map(|read| {
                    bytes.truncate(read);
                    bytes
                });
                let _ = answer.send(read);
            }
            Command::Seek(to, answer) => {
                let _ = answer.send(reader.seek(to).await);
            }
        }
    }
}

impl BlockingReader {
    fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> io::Result<T> {
        let (answer, result) = sync_channel(1);
        let asked = self.commands.send(command(answer));
        asked.map_err(|_| io::ErrorKind::BrokenPipe)?;
        result.recv().map_err(|_| io::ErrorKind::BrokenPipe)?
    }
}

impl Read for BlockingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(MOST);
        let bytes = self.ask(|answer| Command::Read(length, answer))?;
        Read::read(&mut bytes.as_slice(), buffer)
    }
}

impl Seek for BlockingReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.ask(|answer| Command::Seek(to, answer))
    }
}
