//! The work on all cores, fed and drained by a task: it blocks, so it has a thread of its own, and
//! bounded queues between it and the task. Any runtime will do.

use std::{
    io::{self, Read, Write},
    thread,
};

use futures::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, SinkExt, StreamExt,
    channel::{mpsc, oneshot},
    executor::block_on,
    future::{Either, join, select},
};
use stheno_envelope::{EnvelopeError, Header};
use stheno_protocol::Policy;
use zeroize::Zeroizing;

use super::read_header;
use crate::{
    Client, DecryptOptions, Decrypted, EncryptOptions, Encrypted, Error, Opened, wallet::Reader,
};

/// Bytes that move at once.
const PART: usize = 128 << 10;
/// Parts that wait on either side of the work.
const AHEAD: usize = 8;

impl Client {
    /// [`Client::encrypt`] over asynchronous streams.
    ///
    /// # Errors
    /// As [`Client::encrypt`]. Dropped before it is done, it leaves an incomplete output.
    pub async fn encrypt_stream(
        &self,
        policy: &Policy,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
        options: EncryptOptions,
    ) -> Result<Encrypted, Error> {
        let (encryption, to) = self.prepare(policy, options)?;
        let written = bridge(input, output, move |input, output| {
            encryption.write(input, output)
        });
        to.encrypted(&written.await?)
    }

    /// [`Client::decrypt_with`] over asynchronous streams.
    ///
    /// # Errors
    /// As [`Client::decrypt`].
    pub async fn decrypt_stream(
        &self,
        reader: &dyn Reader,
        mut input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
        options: &DecryptOptions,
    ) -> Result<Decrypted, Error> {
        let (header, start) = read_header(&mut input).await?;
        let opened = self.open(reader, &header, options).await?;
        let body = AsyncReadExt::chain(start.as_slice(), input);
        let plaintext_len = opened.decrypt_stream(&header, body, output).await?;
        Ok(Decrypted {
            plaintext_len,
            network: opened.network,
            item: opened.item,
            tally: opened.tally,
            receipts: opened.receipts,
        })
    }
}

impl Opened {
    /// [`Opened::decrypt`] over asynchronous streams.
    ///
    /// # Errors
    /// [`Error::Envelope`].
    pub async fn decrypt_stream(
        &self,
        header: &Header,
        body: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
    ) -> Result<u64, Error> {
        let decryptor = stheno_envelope::Decryptor::new(header, &self.cek)?;
        bridge(body, output, move |body, output| {
            Ok(decryptor.decrypt(body, output)?.plaintext_len)
        })
        .await
    }
}

/// Runs blocking work between two asynchronous streams.
async fn bridge<T: Send + 'static>(
    mut input: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
    work: impl FnOnce(Inlet, Outlet) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (mut to_work, parts) = mpsc::channel(AHEAD);
    let (from_work, mut made) = mpsc::channel::<Zeroizing<Vec<u8>>>(AHEAD);
    let (done, result) = oneshot::channel();
    thread::Builder::new()
        .name("stheno-stream".to_owned())
        .spawn(move || {
            let inlet = Inlet {
                parts,
                current: Zeroizing::default(),
                taken: 0,
                ended: false,
            };
            // Whoever waited for it may have gone away.
            let _ = done.send(work(inlet, Outlet(from_work)));
        })
        .map_err(EnvelopeError::Read)?;

    let feed = async {
        loop {
            let mut part = Zeroizing::new(vec![0; PART]);
            let part = match input.read(&mut part).await {
                Ok(0) => Part::End,
                Ok(read) => {
                    part.truncate(read);
                    Part::Bytes(part)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Part::Fault(error),
            };
            let goes_on = matches!(part, Part::Bytes(_));
            if to_work.send(part).await.is_err() || !goes_on {
                return;
            }
        }
    };
    let drain = async move {
        while let Some(part) = made.next().await {
            output.write_all(&part).await?;
        }
        output.flush().await
    };
    // The work may end, by a fault, before its input does.
    let finish = Box::pin(join(drain, result));
    let (drained, result) = match select(Box::pin(feed), finish).await {
        Either::Left(((), finish)) => finish.await,
        Either::Right((finished, _)) => finished,
    };
    drained.map_err(EnvelopeError::Write)?;
    result.map_err(|_| EnvelopeError::Read(io::Error::other("the work was broken off")))?
}

enum Part {
    Bytes(Zeroizing<Vec<u8>>),
    Fault(io::Error),
    /// An input that ends without it was abandoned, and is not whole.
    End,
}

/// What the work reads.
struct Inlet {
    parts: mpsc::Receiver<Part>,
    current: Zeroizing<Vec<u8>>,
    taken: usize,
    ended: bool,
}

impl Read for Inlet {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut rest = self.current.get(self.taken..).unwrap_or_default();
            let read = Read::read(&mut rest, buffer)?;
            self.taken += read;
            if read > 0 || buffer.is_empty() || self.ended {
                return Ok(read);
            }
            match block_on(self.parts.next()) {
                Some(Part::Bytes(bytes)) => (self.current, self.taken) = (bytes, 0),
                Some(Part::End) => self.ended = true,
                Some(Part::Fault(error)) => return Err(error),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}

/// Where the work writes.
struct Outlet(mpsc::Sender<Zeroizing<Vec<u8>>>);

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = bytes.get(..PART).unwrap_or(bytes);
        if !part.is_empty() {
            let sent = block_on(self.0.send(Zeroizing::new(part.to_vec())));
            sent.map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
