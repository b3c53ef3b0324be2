//! A double of a PDP provider, written from the API that Curio has (`pdp/handlers*.go` and
//! `market/retrieval/piecehandler.go` of filecoin-project/curio, August 2026). **It is not Curio**:
//! no chain, no proofs, no tasks behind it. It answers with Curio's paths, status codes and bodies,
//! keeps pieces in memory, and can be told to do it wrong.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use stheno::envelope::{PieceCid, PieceHasher};
use tokio::sync::oneshot;
use url::Url;

use crate::serving::serve;

/// What can be asked.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Route {
    Begin,
    Send,
    Finalise,
    Find,
    Read,
    Head,
    Create,
    Add,
    Created,
    Added,
    Block,
    Elsewhere,
}

/// What is wrong with one answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// This status, and an explanation.
    Status(u16),
    /// Too many requests, for so many seconds.
    Busy(u64),
    /// No answer for a long time.
    Silence,
    /// What was asked for is done, and then it answers 500.
    DoneBut500,
    /// It points there.
    Redirect(String),
    /// It names that.
    Location(String),
    /// The right head, and other bytes.
    OtherBytes,
    /// The whole object with status 200.
    NoRange,
    /// A part that begins a byte later, and says so.
    ShiftedPart,
    /// The right part under a wrong `Content-Range`.
    WrongContentRange,
    /// It says that there is a byte less, and sends that.
    Shorter,
    /// It says that there is a byte more, and sends that.
    Longer,
    /// More bytes than belong, without a length.
    TooMuch,
    /// So many bytes, and the connection ends.
    CutAfter(usize),
    /// So many bytes, and nothing more for a long time.
    StopAfter(usize),
    /// A byte now and then.
    Drip,
    /// Says that the bytes are compressed.
    Encoded,
    /// JSON that speaks of something else.
    OtherName,
}

#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) pieces: HashMap<String, Vec<u8>>,
    pub(crate) blocks: HashMap<String, Vec<u8>>,
    uploads: HashMap<String, Option<Vec<u8>>>,
    /// Uploads that were ever begun: no number is given twice.
    begun: usize,
    faults: HashMap<Route, VecDeque<Fault>>,
    always: HashMap<Route, Fault>,
    /// Polls until a piece that was finalised is found.
    pub(crate) parking: usize,
    /// Whether transactions fail.
    pub(crate) rejects: bool,
    waiting: HashMap<String, usize>,
    /// What was asked, when, and how many bytes of a piece went in or out.
    pub(crate) seen: Vec<(Route, Instant, usize)>,
    /// Bodies of requests to add.
    pub(crate) added: Vec<Value>,
    /// Requests that are being answered, and the most there were.
    pub(crate) at_once: (usize, usize),
    /// How long it takes to begin an answer to a read.
    pub(crate) delay: Duration,
}

/// A double that runs; it ends when it is dropped.
pub(crate) struct Double {
    pub(crate) url: Url,
    desk: Arc<Mutex<Desk>>,
    _stop: oneshot::Sender<()>,
}

impl Double {
    pub(crate) fn start() -> Self {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        let (url, stop) = serve(router);
        Self {
            url,
            desk,
            _stop: stop,
        }
    }

    pub(crate) fn with(pieces: &[&super::Piece]) -> Self {
        let double = Self::start();
        for piece in pieces {
            let (cid, bytes) = (piece.cid.to_string(), piece.bytes.clone());
            double.desk().pieces.insert(cid, bytes);
        }
        double
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }

    /// The next answers have these faults.
    pub(crate) fn next(&self, route: Route, faults: &[Fault]) {
        let faults = faults.iter().cloned().collect();
        self.desk().faults.insert(route, faults);
    }

    /// All answers have this fault.
    pub(crate) fn always(&self, route: Route, fault: Fault) {
        self.desk().always.insert(route, fault);
    }

    pub(crate) fn count(&self, route: Route) -> usize {
        let desk = self.desk();
        desk.seen.iter().filter(|seen| seen.0 == route).count()
    }

    /// Bytes of pieces that went in or out.
    pub(crate) fn bytes(&self, route: Route) -> usize {
        let desk = self.desk();
        let seen = desk.seen.iter().filter(|seen| seen.0 == route);
        seen.map(|seen| seen.2).sum()
    }
}

type Shared = Arc<Mutex<Desk>>;

async fn answer(State(desk): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path: Vec<String> = head.uri.path()[1..].split('/').map(str::to_owned).collect();
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let (route, name) = route(&head.method, &words);
    let (fault, number, delay) = {
        let mut desk = desk.lock().unwrap();
        desk.seen.push((route, Instant::now(), 0));
        desk.at_once.0 += 1;
        desk.at_once.1 = desk.at_once.1.max(desk.at_once.0);
        let next = desk.faults.get_mut(&route).and_then(VecDeque::pop_front);
        let fault = next.or_else(|| desk.always.get(&route).cloned());
        (
            fault.unwrap_or(Fault::None),
            desk.seen.len() - 1,
            desk.delay,
        )
    };
    if route == Route::Read && !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let response = match outright(&fault).await {
        Some(response) => {
            // As Go's server does, which waits until its answer has been read.
            if route == Route::Send {
                let _ = to_bytes(body, 1 << 30).await;
            }
            response
        }
        None => {
            let query = head.uri.query().unwrap_or_default().to_owned();
            let asked = Asked {
                fault: &fault,
                number,
                name,
                query,
                headers: head.headers,
            };
            asked.answer(route, &desk, body).await
        }
    };
    desk.lock().unwrap().at_once.0 -= 1;
    if fault == Fault::DoneBut500 {
        return (StatusCode::INTERNAL_SERVER_ERROR, "Database error").into_response();
    }
    response
}

fn route(method: &Method, path: &[&str]) -> (Route, String) {
    let post = *method == Method::POST;
    let (route, name) = match path {
        ["pdp", "piece", "uploads"] if post => (Route::Begin, ""),
        ["pdp", "piece", "uploads", id] if post => (Route::Finalise, *id),
        ["pdp", "piece", "uploads", id] if *method == Method::PUT => (Route::Send, *id),
        ["pdp", "piece"] => (Route::Find, ""),
        ["piece", cid] if *method == Method::HEAD => (Route::Head, *cid),
        ["piece", cid] => (Route::Read, *cid),
        ["elsewhere", cid] => (Route::Elsewhere, *cid),
        ["ipfs", cid] => (Route::Block, *cid),
        ["pdp", "data-sets", "create-and-add"] if post => (Route::Create, ""),
        ["pdp", "data-sets", id, "pieces"] if post => (Route::Add, *id),
        ["pdp", "data-sets", "created", tx] => (Route::Created, *tx),
        ["pdp", "data-sets", _, "pieces", "added", tx] => (Route::Added, *tx),
        other => panic!("{method} {other:?} is no request of the API"),
    };
    (route, name.to_owned())
}

/// Faults that are an answer by themselves.
async fn outright(fault: &Fault) -> Option<Response> {
    Some(match fault {
        Fault::Status(status) => {
            let status = StatusCode::from_u16(*status).unwrap();
            (status, "because [eid: 1]\n").into_response()
        }
        Fault::Busy(seconds) => (
            StatusCode::TOO_MANY_REQUESTS,
            [(header::RETRY_AFTER, seconds.to_string())],
            "too many offences",
        )
            .into_response(),
        Fault::Silence => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            StatusCode::OK.into_response()
        }
        Fault::Redirect(to) => (
            StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, to.clone())],
        )
            .into_response(),
        Fault::Location(to) => {
            (StatusCode::CREATED, [(header::LOCATION, to.clone())]).into_response()
        }
        _ => return None,
    })
}

struct Asked<'a> {
    fault: &'a Fault,
    number: usize,
    name: String,
    query: String,
    headers: HeaderMap,
}

impl Asked<'_> {
    async fn answer(self, route: Route, desk: &Shared, body: Body) -> Response {
        match route {
            Route::Begin => {
                let mut desk = desk.lock().unwrap();
                desk.begun += 1;
                let id = format!("00000000-0000-4000-8000-{:012x}", desk.begun);
                desk.uploads.insert(id.clone(), None);
                let to = format!("/pdp/piece/uploads/{id}");
                (StatusCode::CREATED, [(header::LOCATION, to)]).into_response()
            }
            Route::Send => self.receive(desk, body).await,
            Route::Finalise => self.finalise(desk, body).await,
            Route::Find => self.find(desk),
            Route::Read | Route::Head | Route::Elsewhere => self.read(desk),
            Route::Block => {
                let mut block = desk.lock().unwrap().blocks.get(&self.name).cloned();
                assert_eq!(self.query, "format=raw");
                assert_eq!(self.headers[header::ACCEPT], "application/vnd.ipld.raw");
                match (self.fault, &mut block) {
                    (Fault::OtherBytes, Some(block)) => block[0] ^= 1,
                    (Fault::TooMuch, Some(block)) => block.resize((2 << 20) + 1, 0),
                    _ => {}
                }
                block.map_or(StatusCode::NOT_FOUND.into_response(), Response::new_of)
            }
            Route::Create | Route::Add => {
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let mut desk = desk.lock().unwrap();
                desk.added.push(serde_json::from_slice(&body).unwrap());
                let to = match route {
                    Route::Create => format!("/pdp/data-sets/created/{}", transaction()),
                    _ => format!(
                        "/pdp/data-sets/{}/pieces/added/{}",
                        self.name,
                        transaction()
                    ),
                };
                (StatusCode::CREATED, [(header::LOCATION, to)]).into_response()
            }
            Route::Created => self.created(desk),
            Route::Added => self.added(desk),
        }
    }

    async fn receive(self, desk: &Shared, body: Body) -> Response {
        if !desk.lock().unwrap().uploads.contains_key(&self.name) {
            return StatusCode::NOT_FOUND.into_response();
        }
        let mut bytes = Vec::new();
        let mut parts = body.into_data_stream();
        while let Some(part) = parts.next().await {
            let Ok(part) = part else { break };
            bytes.extend(part);
            desk.lock().unwrap().seen[self.number].2 = bytes.len();
            match self.fault {
                Fault::StopAfter(most) if bytes.len() > *most => {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                }
                _ => {}
            }
        }
        let announced = self.headers.get(header::CONTENT_LENGTH);
        assert_eq!(
            announced.unwrap().to_str().unwrap(),
            bytes.len().to_string()
        );
        let mut desk = desk.lock().unwrap();
        desk.uploads.insert(self.name, Some(bytes));
        StatusCode::NO_CONTENT.into_response()
    }

    async fn finalise(self, desk: &Shared, body: Body) -> Response {
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let mut desk = desk.lock().unwrap();
        let bytes = match desk.uploads.get(&self.name) {
            None => return StatusCode::NOT_FOUND.into_response(),
            Some(None) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Some(Some(bytes)) => bytes.clone(),
        };
        let mut hasher = PieceHasher::new(None);
        hasher.update(&bytes);
        let computed = hasher.finish().unwrap();
        let claimed: PieceCid = body["pieceCid"].as_str().unwrap().parse().unwrap();
        if computed != claimed {
            let words = "Invalid request body: pieceCid does not match the calculated pieceCid";
            return (StatusCode::BAD_REQUEST, words).into_response();
        }
        desk.uploads.remove(&self.name);
        let parking = desk.parking;
        desk.waiting.insert(claimed.to_string(), parking);
        desk.pieces.insert(claimed.to_string(), bytes);
        StatusCode::OK.into_response()
    }

    fn find(self, desk: &Shared) -> Response {
        let wanted = self.query.strip_prefix("pieceCid=").unwrap();
        let mut desk = desk.lock().unwrap();
        if !desk.pieces.contains_key(wanted) {
            return StatusCode::NOT_FOUND.into_response();
        }
        if let Some(polls) = desk.waiting.get_mut(wanted).filter(|polls| **polls > 0) {
            *polls -= 1;
            return StatusCode::NOT_FOUND.into_response();
        }
        let name = match self.fault {
            Fault::OtherName => "bafkzcibother",
            _ => wanted,
        };
        axum::Json(json!({ "pieceCid": name })).into_response()
    }

    fn read(self, desk: &Shared) -> Response {
        let mut desk = desk.lock().unwrap();
        let Some(mut object) = desk.pieces.get(&self.name).cloned() else {
            return StatusCode::NOT_FOUND.into_response();
        };
        match self.fault {
            Fault::Shorter => {
                object.pop();
            }
            Fault::Longer => object.push(0),
            _ => {}
        }
        let size = object.len();
        let asked = range(&self.headers, size).filter(|_| *self.fault != Fault::NoRange);
        let mut part = asked.clone().unwrap_or(0..size);
        if *self.fault == Fault::ShiftedPart {
            part.start += 1;
        }
        let mut response = Response::builder()
            .header(header::ETAG, format!("\"{}\"", self.name))
            .header(header::LAST_MODIFIED, "Thu, 01 Jan 1970 00:00:00 GMT");
        if asked.is_some() {
            let off = usize::from(*self.fault == Fault::WrongContentRange);
            let (first, last) = (part.start + off, part.end - 1);
            response = response.status(StatusCode::PARTIAL_CONTENT).header(
                header::CONTENT_RANGE,
                format!("bytes {first}-{last}/{size}"),
            );
        }
        if *self.fault == Fault::Encoded {
            response = response.header(header::CONTENT_ENCODING, "gzip");
        }
        let mut body = object[part].to_vec();
        if *self.fault == Fault::OtherBytes {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        let whole = body.len();
        let (sent, body) = match self.fault {
            Fault::TooMuch => {
                body.push(0);
                (body.len(), streamed(vec![body], End::Proper))
            }
            Fault::CutAfter(most) if whole > *most => {
                body.truncate(*most);
                response = response.header(header::CONTENT_LENGTH, whole);
                (*most, streamed(vec![body], End::Cut))
            }
            Fault::StopAfter(most) if whole > *most => {
                body.truncate(*most);
                response = response.header(header::CONTENT_LENGTH, whole);
                (*most, streamed(vec![body], End::Never))
            }
            Fault::Drip => {
                response = response.header(header::CONTENT_LENGTH, whole);
                let bytes = body.into_iter().map(|byte| vec![byte]).collect();
                (whole, streamed(bytes, End::Slow))
            }
            _ => (whole, Body::from(body)),
        };
        desk.seen[self.number].2 = sent;
        response.body(body).unwrap()
    }

    fn created(self, desk: &Shared) -> Response {
        let mut desk = desk.lock().unwrap();
        let polls = desk.waiting.entry(self.name.clone()).or_insert(2);
        *polls = polls.saturating_sub(1);
        let done = *polls == 0;
        let status = match (done, desk.rejects) {
            (false, _) => json!({ "txStatus": "pending", "ok": null, "dataSetCreated": false }),
            (true, true) => json!({ "txStatus": "rejected", "ok": false, "dataSetCreated": false }),
            (true, false) => json!({
                "txStatus": "confirmed", "ok": true, "dataSetCreated": true, "dataSetId": 7,
                "createMessageHash": self.name, "service": "public",
            }),
        };
        axum::Json(status).into_response()
    }

    fn added(self, desk: &Shared) -> Response {
        let desk = desk.lock().unwrap();
        let pieces = desk.added.last().unwrap()["pieces"]
            .as_array()
            .unwrap()
            .len();
        let status = json!({
            "txHash": self.name, "txStatus": "confirmed", "dataSetId": 7, "pieceCount": pieces,
            "addMessageOk": !desk.rejects, "piecesAdded": !desk.rejects,
            "confirmedPieceIds": (0..pieces).collect::<Vec<_>>(),
            "confirmedTxHash": format!("0x{}", "22".repeat(32)),
        });
        axum::Json(status).into_response()
    }
}

/// Of all that is sent to the chain.
pub(crate) fn transaction() -> String {
    format!("0x{}", "11".repeat(32))
}

trait NewOf {
    fn new_of(bytes: Vec<u8>) -> Self;
}

impl NewOf for Response {
    fn new_of(bytes: Vec<u8>) -> Self {
        Body::from(bytes).into_response()
    }
}

fn range(headers: &HeaderMap, size: usize) -> Option<Range<usize>> {
    let range = headers.get(header::RANGE)?.to_str().unwrap();
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let last: usize = last.parse().unwrap();
    Some(first.parse().unwrap()..(last + 1).min(size))
}

/// How a body ends.
#[derive(Clone, Copy)]
enum End {
    Proper,
    Cut,
    Never,
    Slow,
}

fn streamed(parts: Vec<Vec<u8>>, end: End) -> Body {
    let parts = stream::iter(parts).then(move |part| async move {
        if let End::Slow = end {
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        Ok(Bytes::from(part))
    });
    let last = stream::once(async move {
        match end {
            // So that what was sent before is not lost with the connection.
            End::Cut => tokio::time::sleep(Duration::from_millis(20)).await,
            End::Never => tokio::time::sleep(Duration::from_secs(30)).await,
            End::Proper | End::Slow => return Ok(Bytes::new()),
        }
        Err(std::io::Error::other("cut"))
    });
    Body::from_stream(parts.chain(last))
}
