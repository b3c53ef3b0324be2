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
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use stheno_envelope::PieceCid;
use url::Url;

use super::{
    At, Parts, Putting, StorageError, StorageFault, Store,
    call::{self, Trouble},
    web::{self, below, web_client},
};
use crate::{
    bounds::BoxFuture,
    source::{HttpOptions, Redirects, Source, http::Line, patience::Trials},
};

/// The longest pause between questions whether a piece is stored.
const LONGEST_POLL: Duration = Duration::from_secs(5);
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

/// A PDP provider's HTTP API. It takes pieces of [`MIN_PIECE_BYTES`](super::MIN_PIECE_BYTES) to
/// [`MAX_PIECE_BYTES`](super::MAX_PIECE_BYTES).
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
    /// [`SourceError::BadAddress`](crate::source::SourceError::BadAddress) in [`StorageFault::Source`].
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

    pub(super) fn stall(&self) -> Duration {
        self.options.http.stall
    }

    pub(super) fn vigil(&self) -> Vigil {
        Vigil {
            began: Instant::now(),
            patience: self.options.confirmation,
            pause: self.options.poll,
        }
    }

    /// Whether the provider has the piece and can use it.
    pub(super) async fn find(&self, piece: &PieceCid) -> Result<bool, Trouble> {
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

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Named {
    #[serde(rename = "pieceCid")]
    pub(super) piece_cid: String,
}
