//! The whole object, in order, as a blocking reader.

use std::{
    io::{self, Read},
    ops::Range,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
};

use reqwest::{StatusCode, header};
use url::Url;

use super::{
    HttpOptions, SourceError,
    answer::{self, Version, shown},
    http::Line,
    own_thread,
};

/// Parts that wait to be read: enough to keep the connection busy.
const AHEAD: usize = 16;

/// An object on an HTTP server, read in order from its start.
///
/// One plain request, so that any server will do; only what broke off is asked for again, as a part
/// of the same version. Reads on a thread of its own, so it may be used inside any runtime.
pub struct HttpDownload {
    size: Option<u64>,
    parts: Receiver<Part>,
    current: io::Cursor<Vec<u8>>,
    ended: bool,
}

/// What the downloading thread says.
enum Part {
    Bytes(Vec<u8>),
    Fault(SourceError),
    /// Everything came. A thread that ends without it was broken off.
    End,
}

impl HttpDownload {
    /// Asks for the object, and waits until its answer begins.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn start(url: Url, options: HttpOptions) -> Result<Self, SourceError> {
        let line = Line::new(url, options)?;
        let name = shown(&line.url);
        let (head, size) = sync_channel(1);
        let (sender, parts) = sync_channel(AHEAD);
        let unreadable = |why: String| SourceError::Unreadable { why };
        own_thread::spawn(move || download(line, head, sender))
            .map_err(|error| unreadable(error.to_string()))?;
        Ok(Self {
            size: size
                .recv()
                .map_err(|_| unreadable(format!("{name}: the download ended")))??,
            parts,
            current: io::Cursor::default(),
            ended: false,
        })
    }

    /// How many bytes there will be, if the server says.
    pub fn size(&self) -> Option<u64> {
        self.size
    }
}

impl Read for HttpDownload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.current.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.ended {
                return Ok(read);
            }
            match self.parts.recv() {
                Ok(Part::Bytes(bytes)) => self.current = io::Cursor::new(bytes),
                Ok(Part::End) => self.ended = true,
                Ok(Part::Fault(error)) => return Err(error.into()),
                Err(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}

impl std::fmt::Debug for HttpDownload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpDownload")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

type Head = SyncSender<Result<Option<u64>, SourceError>>;

async fn download(line: Line, head: Head, parts: SyncSender<Part>) {
    let mut progress = Progress {
        line,
        head: Some(head),
        parts,
        at: 0,
        version: None,
    };
    let last = match progress.run().await {
        Ok(()) => Part::End,
        Err(Stop::Fault(error)) => Part::Fault(error),
        Err(Stop::Unwanted) => return,
    };
    if let (Some(head), Part::Fault(error)) = (progress.head.take(), &last) {
        // Nobody is left to tell when the caller went away; so below.
        let _ = head.send(Err(error.clone()));
        return;
    }
    let _ = progress.parts.send(last);
}

/// Why a download stops.
enum Stop {
    Fault(SourceError),
    /// The reader was dropped.
    Unwanted,
}

struct Progress {
    line: Line,
    /// Taken when the first answer has begun.
    head: Option<Head>,
    parts: SyncSender<Part>,
    at: u64,
    /// Known if the server said how large the object is; only then can what broke off be resumed.
    version: Option<Version>,
}

impl Progress {
    async fn run(&mut self) -> Result<(), Stop> {
        let mut trials = self.line.trials();
        loop {
            let fault = match self.attempt().await {
                Ok(()) => return Ok(()),
                Err(Broken::Unwanted) => return Err(Stop::Unwanted),
                Err(Broken::Fault(fault)) => fault,
            };
            if self.at > 0 && self.version.is_none() {
                return Err(Stop::Fault(fault.error));
            }
            let waited = trials.failed(fault, self.at).await;
            waited.map_err(Stop::Fault)?;
        }
    }

    /// One request, taken to its end.
    async fn attempt(&mut self) -> Result<(), Broken> {
        let rest = self.rest();
        if rest.as_ref().is_some_and(Range::is_empty) {
            return Ok(());
        }
        let mut response = self
            .line
            .request(rest.as_ref(), self.version.as_ref())
            .await?;
        let announced = match &rest {
            Some(rest) => {
                let part = answer::part(&self.line.url, &response, rest, self.version.as_ref())?;
                Some(part.range.end)
            }
            None if response.status() == StatusCode::OK => {
                answer::whole(&self.line.url, &response)?
            }
            None => return Err(answer::refusal(&self.line.url, &response).into()),
        };
        if rest.is_none() {
            let resumes = response.headers().get(header::ACCEPT_RANGES);
            let resumes = resumes.is_none_or(|unit| unit != "none");
            self.version = announced
                .filter(|_| resumes)
                .map(|size| Version::of(response.headers(), size));
        }
        if let Some(head) = self.head.take() {
            let _ = head.send(Ok(announced));
        }
        loop {
            let bytes = self.line.next(&mut response).await?;
            if bytes.is_empty() {
                break;
            }
            self.at += bytes.len() as u64;
            if let Some(announced) = announced.filter(|announced| self.at > *announced) {
                return Err(answer::Fault::lasting(self.line.too_much(announced)).into());
            }
            // Blocks this thread while the reader is behind; nothing else runs on it.
            let sent = self.parts.send(Part::Bytes(bytes));
            sent.map_err(|_| Broken::Unwanted)?;
        }
        match self.version.as_ref().map(|version| version.size) {
            Some(size) if self.at < size => {
                let why = format!("{} of {size} bytes arrived", self.at);
                Err(self.line.broken(why).into())
            }
            _ => Ok(()),
        }
    }

    /// What is still to come, where something came already.
    fn rest(&self) -> Option<Range<u64>> {
        let size = self.version.as_ref()?.size;
        (self.at > 0).then_some(self.at..size)
    }
}

enum Broken {
    Fault(answer::Fault),
    Unwanted,
}

impl From<answer::Fault> for Broken {
    fn from(fault: answer::Fault) -> Self {
        Self::Fault(fault)
    }
}
