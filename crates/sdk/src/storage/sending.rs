//! How a piece gets to a PDP provider: an upload is opened, the bytes are sent, the provider
//! compares them with the PieceCID, and says when the piece can be used.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::stream;
use reqwest::{Body, StatusCode, header};
use stheno_envelope::{PieceCid, PieceHasher};
use url::Url;

use super::{
    MAX_PIECE_BYTES, MIN_PIECE_BYTES, PdpProvider, PutEvent, Putting, StorageFault,
    call::{self, Trouble},
    pdp::Named,
    web::below,
};
use crate::{
    http::in_words,
    source::{Source, SourceError, patience::Trials},
};

/// Bytes that are read and sent at once.
const PART: u64 = 256 << 10;
/// So many times longer than between bytes a provider may take to answer once it has them all.
const DIGESTION: u32 = 4;

impl PdpProvider {
    /// Stores a piece: see [`Store::put`](super::Store::put).
    pub(super) async fn store(
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

    fn uploads(&self) -> Url {
        below(&self.base, &["pdp", "piece", "uploads"])
    }

    fn session_url(&self, session: &str) -> Url {
        below(&self.uploads(), &[session])
    }
}

/// An upload whose bytes are there.
#[derive(Clone, Debug)]
struct Session {
    id: String,
    /// From an earlier attempt of the caller: it may not be what it was.
    old: bool,
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
