//! An HTTP server with an object, which can be told to lie.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use tokio::sync::oneshot;
use url::Url;

use crate::serving::serve;

/// What is wrong with one answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lie {
    /// Nothing.
    None,
    /// The whole object with status 200.
    IgnoresRange,
    /// A part that begins a byte later than asked for, and says so.
    ShiftedPart,
    /// The right part under a wrong `Content-Range`.
    WrongContentRange,
    /// A part without `Content-Range`.
    NoContentRange,
    /// A size of `*`.
    UnknownSize,
    /// A size that is a million bytes more.
    LargerSize,
    /// More bytes than `Content-Range` says.
    TooMuch,
    /// The connection ends after so many bytes.
    CutAfter(usize),
    /// A proper part, but of so many bytes at most.
    SmallerPart(usize),
    /// Another `ETag`, with the part that was asked for.
    OtherVersion,
    /// As a server does that honours `If-Range` for an object that changed.
    HonestlyOtherVersion,
    /// A redirect to this server's own object.
    Redirect,
    /// Says that the bytes are compressed.
    Encoded,
    /// This status, and an explanation.
    Status(u16),
    /// The right head, and other bytes.
    OtherBytes,
    /// The whole object without a length.
    NoLength,
    /// Half of it, and then nothing, with the connection held open.
    Stalls,
    /// All of it in three hundred parts, each a moment after the last.
    Dribbles,
    /// Bytes without end.
    Endless,
    /// The head alone, which says that so many bytes will come.
    Announces(u64),
}

/// What it serves, and how.
#[derive(Debug)]
struct Desk {
    object: Vec<u8>,
    /// One for each request, and the last for all that follow.
    lies: VecDeque<Lie>,
    /// What was asked for, `None` for everything; and how many bytes were sent for it.
    seen: Vec<(Option<Range<usize>>, usize)>,
}

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    pub(crate) url: Url,
    desk: Arc<Mutex<Desk>>,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Serves `object` on a thread of its own, since some tests block theirs.
    pub(crate) fn start(object: &[u8], lies: &[Lie]) -> Self {
        let desk = Arc::new(Mutex::new(Desk {
            object: object.to_vec(),
            lies: lies.iter().copied().collect(),
            seen: Vec::new(),
        }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        let (url, stop) = serve(router);
        Self {
            url: url.join("piece/x?secret=1").unwrap(),
            desk,
            _stop: stop,
        }
    }

    /// What was asked for, and how many bytes were sent for it.
    pub(crate) fn seen(&self) -> Vec<(Option<Range<usize>>, usize)> {
        self.desk.lock().unwrap().seen.clone()
    }
}

async fn answer(State(desk): State<Arc<Mutex<Desk>>>, request: Request) -> Response {
    let mut desk = desk.lock().unwrap();
    let lie = match desk.lies.len() {
        0 => Lie::None,
        1 => desk.lies[0],
        _ => desk.lies.pop_front().unwrap(),
    };
    let object = desk.object.clone();
    let asked = asked(request.headers(), object.len());
    desk.seen.push((asked.clone(), 0));
    let response = respond(lie, asked, &object, request.headers(), &mut desk);
    response.unwrap_or_else(|| lie_outright(lie))
}

fn asked(headers: &HeaderMap, size: usize) -> Option<Range<usize>> {
    let range = headers.get(header::RANGE)?.to_str().unwrap();
    let (first, last) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let last: usize = last.parse().unwrap();
    Some(first.parse().unwrap()..(last + 1).min(size))
}

fn lie_outright(lie: Lie) -> Response {
    match lie {
        Lie::Redirect => (
            StatusCode::FOUND,
            [(header::LOCATION, "/elsewhere?secret=2")],
        )
            .into_response(),
        Lie::Status(status) => (StatusCode::from_u16(status).unwrap(), "because").into_response(),
        other => panic!("{other:?} has an object"),
    }
}

fn respond(
    lie: Lie,
    asked: Option<Range<usize>>,
    object: &[u8],
    headers: &HeaderMap,
    desk: &mut Desk,
) -> Option<Response> {
    if matches!(lie, Lie::Redirect | Lie::Status(_)) {
        return None;
    }
    let size = object.len();
    let etag = match lie {
        Lie::OtherVersion | Lie::HonestlyOtherVersion => "\"two\"",
        _ => "\"one\"",
    };
    let outdated = headers.get(header::IF_RANGE).is_some_and(|tag| tag != etag);
    let whole = matches!(lie, Lie::IgnoresRange | Lie::NoLength)
        || (lie == Lie::HonestlyOtherVersion && outdated);
    let asked = asked.filter(|_| !whole);
    let mut range = asked.clone().unwrap_or(0..size);
    let mut response = Response::builder().header(header::ETAG, etag);
    let mut body;
    match lie {
        Lie::ShiftedPart => range.start += 1,
        Lie::SmallerPart(most) => range.end = range.end.min(range.start + most),
        _ => {}
    }
    body = object[range.clone()].to_vec();
    if asked.is_some() {
        let (first, last) = (range.start, range.end - 1);
        let content_range = match lie {
            Lie::WrongContentRange => format!("bytes {}-{}/{size}", first + 1, last + 1),
            Lie::UnknownSize => format!("bytes {first}-{last}/*"),
            Lie::LargerSize => format!("bytes {first}-{last}/{}", size + 1_000_000),
            _ => format!("bytes {first}-{last}/{size}"),
        };
        response = response.status(StatusCode::PARTIAL_CONTENT);
        if lie != Lie::NoContentRange {
            response = response.header(header::CONTENT_RANGE, content_range);
        }
    }
    if lie == Lie::Encoded {
        response = response.header(header::CONTENT_ENCODING, "gzip");
    }
    if lie == Lie::OtherBytes {
        let middle = body.len() / 2;
        body[middle] ^= 1;
    }
    desk.seen.last_mut().unwrap().1 = body.len();
    let body = match lie {
        // Without a length: it ends where it ends.
        Lie::TooMuch => streamed(vec![Ok(body), Ok(b"more".to_vec())]),
        Lie::NoLength => streamed(vec![Ok(body)]),
        Lie::Stalls => {
            body.truncate(body.len() / 2);
            Body::from_stream(parts_of(body).chain(stream::pending()))
        }
        Lie::Dribbles => {
            let each = body.len().div_ceil(300);
            let parts: Vec<_> = body.chunks(each).map(<[u8]>::to_vec).collect();
            Body::from_stream(stream::iter(parts).then(async |part| {
                tokio::time::sleep(Duration::from_millis(10)).await;
                std::io::Result::Ok(Bytes::from(part))
            }))
        }
        Lie::Endless => Body::from_stream(stream::repeat_with(|| {
            std::io::Result::Ok(Bytes::from_static(&[0; 1 << 18]))
        })),
        Lie::Announces(bytes) => {
            response = response.header(header::CONTENT_LENGTH, bytes);
            Body::from_stream(parts_of(Vec::new()).chain(stream::pending()))
        }
        Lie::CutAfter(most) if body.len() > most => {
            desk.seen.last_mut().unwrap().1 = most;
            response = response.header(header::CONTENT_LENGTH, body.len());
            body.truncate(most);
            streamed(vec![Ok(body), Err(std::io::Error::other("cut"))])
        }
        _ => Body::from(body),
    };
    Some(response.body(body).unwrap())
}

fn parts_of(bytes: Vec<u8>) -> impl futures::Stream<Item = std::io::Result<Bytes>> + Send {
    stream::iter([Ok(Bytes::from(bytes))])
}

fn streamed(parts: Vec<std::io::Result<Vec<u8>>>) -> Body {
    let parts = stream::iter(parts).then(async |part| {
        if part.is_err() {
            // So that what was sent before is not lost with the connection.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        part.map(Bytes::from)
    });
    Body::from_stream(parts)
}
