//! Pieces with a PDP provider, over the HTTP API that Curio has.
//!
//! Source: `pdp/handlers.go`, `pdp/handlers_upload.go` and `market/retrieval/piecehandler.go` of
//! filecoin-project/curio, and `synapse-core/src/sp` of FilOzone/synapse-sdk, as of August 2026:
//!
//! | request | answer |
//! |---|---|
//! | `POST /pdp/piece/uploads` | 201, `Location: /pdp/piece/uploads/{uuid}` |
//! | `PUT /pdp/piece/uploads/{uuid}`, the bytes | 204 |
//! | `POST /pdp/piece/uploads/{uuid}`, `{"pieceCid": …}` | 200; 400 when the bytes are others |
//! | `GET /pdp/piece?pieceCid=…` | 200 `{"pieceCid": …}` when it can be used; 404 or 202 before |
//! | `GET`, `HEAD /piece/{pieceCid}` | the bytes; Range |
//!
//! A provider keeps a piece that no data set takes for two hours or so: add it in time
//! ([`PdpProvider::create_data_set`], [`PdpProvider::add_pieces`]).

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::stream;
use reqwest::{Body, Client, StatusCode, header};
use serde::{Deserialize, Serialize};
use stheno_envelope::{PieceCid, PieceHasher};
use url::Url;

use super::{
    At, MAX_PIECE_BYTES, MIN_PIECE_BYTES, Parts, PutEvent, Putting, StorageError, StorageFault,
    Store,
    call::{self, Trouble},
    web::{self, below, web_client},
};
use crate::{
    bounds::BoxFuture,
    source::{HttpOptions, Redirects, Source, SourceError, http::Line, patience::Trials},
    transport::in_words,
};

/// Bytes that are read and sent at once.
const PART: u64 = 256 << 10;
/// The longest pause between questions whether a piece is stored.
const LONGEST_POLL: Duration = Duration::from_secs(5);
/// So many times longer than between bytes a provider may take to answer once it has them all.
const DIGESTION: u32 = 4;

/// How patient to be with a provider.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PdpOptions {
    /// With its HTTP server. Redirects of pieces that are read go by it; calls follow none.
    pub http: HttpOptions,
    /// How long it may take until a piece that it has is stored, or a transaction is on the chain.
    /// Default 5 min.
    pub confirmation: Duration,
    /// The first pause between questions whether it is, doubled each time up to 5 s. Default 0.5 s.
    pub poll: Duration,
}

impl Default for PdpOptions {
    fn default() -> Self {
        Self {
            http: HttpOptions::default().redirects(Redirects::SameOrigin),
            confirmation: Duration::from_secs(300),
            poll: Duration::from_millis(500),
        }
    }
}

impl PdpOptions {
    /// Sets how patient to be with its HTTP server.
    #[must_use]
    pub fn http(mut self, http: HttpOptions) -> Self {
        self.http = http;
        self
    }

    /// Sets how long storing a piece, or a transaction, may take.
    #[must_use]
    pub fn confirmation(mut self, confirmation: Duration) -> Self {
        self.confirmation = confirmation;
        self
    }

    /// Sets the first pause between questions whether it is stored.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }
}

/// A PDP provider's HTTP API. It takes pieces of [`MIN_PIECE_BYTES`] to [`MAX_PIECE_BYTES`].
///
/// The provider computes the PieceCID of what it receives and compares; what is read is not
/// believed, see [`storage`](super).
#[derive(Clone, Debug)]
pub struct PdpProvider {
    pub(super) name: String,
    /// For reading.
    reader: Client,
    /// For calls, which are never redirected.
    pub(super) client: Client,
    pub(super) base: Url,
    pub(super) options: PdpOptions,
}

impl PdpProvider {
    /// The provider with this service address, such as `https://pdp.example`.
    ///
    /// # Errors
    /// [`SourceError::BadAddress`] in [`StorageFault::Source`].
    pub fn new(base: Url, options: PdpOptions) -> Result<Self, StorageError> {
        let shown = crate::source::answer::shown(&base);
        let name = format!("provider {}", shown.trim_end_matches('/'));
        let calls = options.http.clone().redirects(Redirects::Refused);
        Ok(Self {
            reader: web_client(&name, &base, &options.http)?,
            client: web_client(&name, &base, &calls)?,
            name,
            base,
            options,
        })
    }

    fn uploads(&self) -> Url {
        below(&self.base, &["pdp", "piece", "uploads"])
    }

    fn session_url(&self, session: &str) -> Url {
        below(&self.uploads(), &[session])
    }

    pub(super) fn stall(&self) -> Duration {
        self.options.http.stall
    }

    async fn store(
        &self,
        piece: &PieceCid,
        source: Arc<dyn Source>,
        putting: &Putting,
    ) -> Result<(), StorageFault> {
        let len = piece.payload_len();
        if !(MIN_PIECE_BYTES..=MAX_PIECE_BYTES).contains(&len) {
            let (min, max) = (MIN_PIECE_BYTES, MAX_PIECE_BYTES);
            return Err(StorageFault::Size { len, min, max });
        }
        if source.size() != len {
            return Err(StorageFault::SourceChanged);
        }
        let mut trials = Trials::new(self.options.http.clone());
        let mut session = putting.resume.clone().map(|id| Session { id, old: true });
        while let Err(trouble) = self.attempt(piece, &source, putting, &mut session).await {
            if !trials.again(trouble.passing, trouble.wait, 0).await {
                return Err(whose(trouble.fault, piece, source.as_ref()).await);
            }
        }
        self.stored(piece).await
    }

    /// Sends what is not there yet, and has it finalised.
    async fn attempt(
        &self,
        piece: &PieceCid,
        source: &Arc<dyn Source>,
        putting: &Putting,
        session: &mut Option<Session>,
    ) -> Result<(), Trouble> {
        if session.is_none() {
            let id = self.begin().await?;
            self.send(&id, source, putting).await?;
            putting.tell(&PutEvent::Sent(id.clone()));
            *session = Some(Session { id, old: false });
        }
        let Some(Session { id, old }) = session.clone() else {
            return Ok(());
        };
        let Err(trouble) = self.finalise(&id, piece).await else {
            return Ok(());
        };
        // An answer may have been lost, and the upload be over; or it was cleaned up.
        let gone = trouble.fault == StorageFault::NotFound;
        if gone && self.find(piece).await? {
            return Ok(());
        }
        if gone || (old && !is_unreachable(&trouble)) {
            *session = None;
            return Err(Trouble {
                passing: true,
                ..trouble
            });
        }
        Err(trouble)
    }

    /// Opens an upload.
    async fn begin(&self) -> Result<String, Trouble> {
        let url = self.uploads();
        let request = self.client.post(url.clone());
        let response = call::send(&url, request, self.stall()).await?;
        if response.status() != StatusCode::CREATED {
            return Err(call::refused(&url, response, self.stall()).await);
        }
        let location = response.headers().get(header::LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        location
            .and_then(|location| session_in(&url, location))
            .ok_or_else(|| {
                let location = location.unwrap_or_default();
                Trouble::contradiction(&url, format!("Location `{location}` is no upload of it"))
            })
    }

    /// Sends the bytes. No other limit to how long that takes than that something moves.
    async fn send(
        &self,
        session: &str,
        source: &Arc<dyn Source>,
        putting: &Putting,
    ) -> Result<(), Trouble> {
        let url = self.session_url(session);
        let len = source.size();
        let moved = Arc::new(AtomicU64::new(0));
        let unread: Arc<Mutex<Option<SourceError>>> = Arc::default();
        let parts = {
            let (source, putting) = (Arc::clone(source), putting.clone());
            let (moved, unread) = (Arc::clone(&moved), Arc::clone(&unread));
            stream::try_unfold(0, move |at| {
                let (source, putting) = (Arc::clone(&source), putting.clone());
                let (moved, unread) = (Arc::clone(&moved), Arc::clone(&unread));
                async move {
                    if at >= len {
                        return Ok(None);
                    }
                    let end = len.min(at + PART);
                    let part = source.fetch(at..end).await.inspect_err(|error| {
                        let mut unread = unread.lock().unwrap_or_else(PoisonError::into_inner);
                        *unread = Some(error.clone());
                    })?;
                    moved.store(end, Ordering::Relaxed);
                    putting.tell(&PutEvent::Bytes(end));
                    Ok::<_, SourceError>(Some((part, end)))
                }
            })
        };
        let request = self
            .client
            .put(url.clone())
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, len)
            .body(Body::wrap_stream(parts))
            .send();
        let sent = while_moving(request, &moved, len, self.stall()).await;
        if let Some(error) = unread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let why = error.to_string();
            return Err(Trouble::lasting(StorageFault::Unreadable { why }));
        }
        match sent {
            Some(Ok(response)) if response.status().is_success() => Ok(()),
            Some(Ok(response)) => Err(call::refused(&url, response, self.stall()).await),
            Some(Err(error)) => Err(call::unreachable(&url, in_words(&error))),
            None => {
                let why = format!("nothing moved for {:?}", self.stall());
                Err(call::unreachable(&url, why))
            }
        }
    }

    /// Has the provider compare what it received with the PieceCID.
    async fn finalise(&self, session: &str, piece: &PieceCid) -> Result<(), Trouble> {
        let url = self.session_url(session);
        let body = Named {
            piece_cid: piece.to_string(),
        };
        let request = self.client.post(url.clone()).json(&body);
        let response = call::send(&url, request, self.stall()).await?;
        match response.status() {
            StatusCode::OK => Ok(()),
            StatusCode::NOT_FOUND => Err(Trouble::lasting(StorageFault::NotFound)),
            _ => Err(call::refused(&url, response, self.stall()).await),
        }
    }

    /// Waits until the piece can be read and added to a data set.
    async fn stored(&self, piece: &PieceCid) -> Result<(), StorageFault> {
        let mut vigil = self.vigil();
        loop {
            let found = self.find(piece).await.map(|found| found.then_some(()));
            if let Some(()) = vigil.judge(found).await? {
                return Ok(());
            }
        }
    }

    pub(super) fn vigil(&self) -> Vigil {
        Vigil {
            began: Instant::now(),
            patience: self.options.confirmation,
            pause: self.options.poll,
        }
    }

    /// Whether the provider has the piece and can use it.
    async fn find(&self, piece: &PieceCid) -> Result<bool, Trouble> {
        let mut url = below(&self.base, &["pdp", "piece"]);
        let wanted = piece.to_string();
        url.query_pairs_mut().append_pair("pieceCid", &wanted);
        let request = self.client.get(url.clone());
        let response = call::send(&url, request, self.stall()).await?;
        match response.status() {
            StatusCode::OK => {
                let named: Named = call::json(&url, response, self.stall()).await?;
                if named.piece_cid == wanted {
                    return Ok(true);
                }
                let how = format!("it speaks of piece `{}`", named.piece_cid.escape_debug());
                Err(Trouble::contradiction(&url, how))
            }
            StatusCode::NOT_FOUND | StatusCode::ACCEPTED => Ok(false),
            _ => Err(call::refused(&url, response, self.stall()).await),
        }
    }

    async fn find_patiently(&self, piece: &PieceCid) -> Result<bool, StorageFault> {
        let mut trials = Trials::new(self.options.http.clone());
        loop {
            match self.find(piece).await {
                Ok(has) => return Ok(has),
                Err(trouble) => {
                    if !trials.again(trouble.passing, trouble.wait, 0).await {
                        return Err(trouble.fault);
                    }
                }
            }
        }
    }

    pub(super) fn error(&self, at: impl Into<At>, fault: StorageFault) -> StorageError {
        StorageError::new(&self.name, at, fault)
    }
}

impl Store for PdpProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn has<'a>(&'a self, piece: &'a PieceCid) -> BoxFuture<'a, Result<bool, StorageError>> {
        Box::pin(async move {
            let has = self.find_patiently(piece).await;
            has.map_err(|fault| self.error(piece, fault))
        })
    }

    fn read<'a>(
        &'a self,
        piece: &'a PieceCid,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Parts, StorageError>> {
        let url = below(&self.base, &["piece", &piece.to_string()]);
        let line = Line::over(self.reader.clone(), url, self.options.http.clone());
        Box::pin(std::future::ready(web::read(
            &self.name, line, piece, range,
        )))
    }

    fn put<'a>(
        &'a self,
        piece: &'a PieceCid,
        source: Arc<dyn Source>,
        putting: Putting,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            let stored = self.store(piece, source, &putting).await;
            stored.map_err(|fault| self.error(piece, fault))
        })
    }
}

/// Asking again and again, less and less often, until there is an answer.
pub(super) struct Vigil {
    began: Instant,
    patience: Duration,
    pause: Duration,
}

impl Vigil {
    /// Passes an answer on; waits before the next question where there is none yet.
    pub(super) async fn judge<T>(
        &mut self,
        answer: Result<Option<T>, Trouble>,
    ) -> Result<Option<T>, StorageFault> {
        let (fault, wait) = match answer {
            Ok(Some(answer)) => return Ok(Some(answer)),
            Ok(None) => {
                let seconds = self.patience.as_secs();
                (StorageFault::Unconfirmed { seconds }, None)
            }
            Err(trouble) if trouble.passing => (trouble.fault, trouble.wait),
            Err(trouble) => return Err(trouble.fault),
        };
        let wait = wait.unwrap_or(self.pause).max(self.pause);
        if self.began.elapsed() + wait > self.patience {
            return Err(fault);
        }
        tokio::time::sleep(wait).await;
        self.pause = (self.pause * 2).min(LONGEST_POLL);
        Ok(None)
    }
}

/// An upload whose bytes are there.
#[derive(Clone, Debug)]
struct Session {
    id: String,
    /// From an earlier attempt of the caller: it may not be what it was.
    old: bool,
}

#[derive(Debug, Deserialize, Serialize)]
struct Named {
    #[serde(rename = "pieceCid")]
    piece_cid: String,
}

/// The upload that a provider names, if it is one of its own.
fn session_in(uploads: &Url, location: &str) -> Option<String> {
    let url = uploads.join(location).ok()?;
    let (_, id) = url.path().rsplit_once("/pdp/piece/uploads/")?;
    let plain = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    (plain && url.origin() == uploads.origin()).then(|| id.to_owned())
}

fn is_unreachable(trouble: &Trouble) -> bool {
    matches!(
        trouble.fault,
        StorageFault::Source(SourceError::Unreachable { .. })
    ) || trouble.wait.is_some()
}

/// Waits for an answer as long as bytes move; `None` when they stopped.
async fn while_moving<T>(
    answer: impl Future<Output = T>,
    moved: &AtomicU64,
    len: u64,
    stall: Duration,
) -> Option<T> {
    let mut answer = std::pin::pin!(answer);
    let mut before = 0;
    loop {
        let sent = before >= len;
        let patience = if sent { stall * DIGESTION } else { stall };
        match tokio::time::timeout(patience, &mut answer).await {
            Ok(answer) => return Some(answer),
            Err(_) => {
                let now = moved.load(Ordering::Relaxed);
                if now == before {
                    return None;
                }
                before = now;
            }
        }
    }
}

/// When a provider refuses what it got: whether that was the piece at all.
async fn whose(fault: StorageFault, piece: &PieceCid, source: &dyn Source) -> StorageFault {
    if !matches!(fault, StorageFault::Refused { status: 400, .. }) {
        return fault;
    }
    let mut hasher = PieceHasher::new(None);
    while hasher.len() < source.size() {
        let at = hasher.len();
        match source.fetch(at..source.size().min(at + PART)).await {
            Ok(part) if !part.is_empty() => hasher.update(&part),
            _ => return fault,
        }
    }
    match hasher.finish() {
        Ok(found) if found == *piece => fault,
        _ => StorageFault::SourceChanged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_names_an_upload_of_the_same_provider_or_nothing() {
        let uploads: Url = "https://a.example/sp/pdp/piece/uploads".parse().unwrap();
        let id = "0b5a1b5e-0000-4000-8000-00000000000f";
        for good in [
            format!("/pdp/piece/uploads/{id}"),
            format!("/sp/pdp/piece/uploads/{id}"),
            format!("https://a.example/pdp/piece/uploads/{id}"),
        ] {
            assert_eq!(session_in(&uploads, &good).as_deref(), Some(id), "{good}");
        }
        for bad in [
            String::new(),
            id.to_owned(),
            format!("/pdp/piece/uploads/{id}/"),
            format!("/pdp/piece/uploads/{id}/../x"),
            format!("/pdp/piece/uploads/{id}%2f"),
            format!("/pdp/piece/{id}"),
            "/pdp/piece/uploads/".to_owned(),
            format!("https://b.example/pdp/piece/uploads/{id}"),
            format!("http://a.example/pdp/piece/uploads/{id}"),
            format!("/pdp/piece/uploads/{}", "a".repeat(65)),
        ] {
            assert_eq!(session_in(&uploads, &bad), None, "{bad}");
        }
    }
}
