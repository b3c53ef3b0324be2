//! A double of a trustless gateway, written from the Trustless Gateway Specification (March 2026): raw
//! blocks, and CARs with `dag-scope` and `entity-bytes`, out of blocks in memory. It walks files with the
//! envelope crate's verifier; `tests/interop` has a gateway that is not ours. It can be told to lie.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    io::Read,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use stheno::{
    envelope::{
        Cid,
        car::{CarLimits, CarReader, CarWriter},
        unixfs::{FileBuilder, FileVerifier, Look, Profile, Root},
    },
    storage::Gateway,
};
use tokio::sync::oneshot;
use url::Url;

use crate::serving::serve;

/// What is wrong with the answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Twist {
    /// This status, whatever is asked.
    Status(u16),
    /// Too many requests, for so many seconds.
    Busy(u64),
    /// No answer for a long time.
    Silence,
    /// It points there.
    Redirect(String),
    /// A bit of each block, also in CARs, is another.
    OtherBytes,
    /// No CARs: 406.
    NoCars,
    /// A page instead of a CAR.
    Page,
    /// No blocks by themselves: 406.
    OnlyCars,
    /// A CAR where a block was asked for.
    CarForBlock,
    /// What repeats is left out of CARs.
    NoRepeats,
    /// The block at this place of a CAR is left out.
    Missing(usize),
    /// One more block at the end of a CAR.
    Extra,
    /// The CAR begins with another block than the root.
    WrongRoot,
    /// The blocks at this place and behind it have changed places.
    Swapped(usize),
    /// The CAR ends properly after so many bytes.
    Short(usize),
    /// The connection ends after so many bytes of a CAR.
    CutAfter(usize),
    /// A byte of a CAR now and then.
    Drip,
    /// A block of more than 2 MiB.
    Huge,
    /// The whole file, whatever part was asked for.
    IgnoresBytes,
    /// It says that the CAR is compressed.
    Encoded,
    /// A CAR of version 2.
    Version2,
}

#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) blocks: HashMap<Cid, Vec<u8>>,
    /// Of the next answers, and of all.
    pub(crate) next: VecDeque<Option<Twist>>,
    pub(crate) always: Option<Twist>,
    /// What was asked for, and how many bytes of body were given to the connection.
    pub(crate) seen: Vec<Seen>,
    /// How long it takes to send 64 KiB of a CAR.
    pub(crate) delay: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) car: bool,
    pub(crate) bytes: usize,
}

/// A double that runs; it ends when it is dropped.
pub(crate) struct Trustless {
    pub(crate) url: Url,
    desk: Arc<Mutex<Desk>>,
    _stop: oneshot::Sender<()>,
}

impl Trustless {
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

    pub(crate) fn with(blocks: &HashMap<Cid, Vec<u8>>) -> Self {
        let gateway = Self::start();
        gateway.desk().blocks = blocks.clone();
        gateway
    }

    /// The same, always with this fault.
    pub(crate) fn lying(blocks: &HashMap<Cid, Vec<u8>>, twist: Twist) -> Self {
        let gateway = Self::with(blocks);
        gateway.desk().always = Some(twist);
        gateway
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }

    pub(crate) fn gateway(&self) -> Gateway {
        Gateway::new(self.url.clone(), crate::quick()).unwrap()
    }

    /// Requests for blocks and for CARs, and bytes of both.
    pub(crate) fn count(&self) -> (usize, usize, usize) {
        let desk = self.desk();
        let cars = desk.seen.iter().filter(|seen| seen.car).count();
        let bytes = desk.seen.iter().map(|seen| seen.bytes).sum();
        (desk.seen.len() - cars, cars, bytes)
    }
}

/// The blocks of a CAR file.
pub(crate) fn blocks_of(car: impl Read) -> HashMap<Cid, Vec<u8>> {
    let mut car = CarReader::new(car, CarLimits::default()).unwrap();
    let (mut blocks, mut block) = (HashMap::new(), Vec::new());
    while let Some(cid) = car.read_block(&mut block).unwrap() {
        blocks.insert(cid, block.clone());
    }
    blocks
}

/// The blocks of a file.
pub(crate) fn file_of(bytes: &[u8], profile: Profile) -> (Root, HashMap<Cid, Vec<u8>>) {
    let mut blocks = HashMap::new();
    let mut bytes = bytes;
    let root = FileBuilder::read(profile, &mut bytes, &mut |cid: &Cid, block: &[u8]| {
        blocks.insert(*cid, block.to_vec());
        Ok(())
    });
    (root.unwrap(), blocks)
}

type Shared = Arc<Mutex<Desk>>;

async fn answer(State(desk): State<Shared>, request: Request) -> Response {
    let Some(path) = request.uri().path().strip_prefix("/ipfs/") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let cid: Cid = path.parse().unwrap();
    let query: HashMap<String, String> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let accept = request.headers()[header::ACCEPT].to_str().unwrap();
    let car = match query["format"].as_str() {
        "raw" => {
            assert_eq!(accept, "application/vnd.ipld.raw");
            false
        }
        "car" => {
            assert!(accept.starts_with("application/vnd.ipld.car;"), "{accept}");
            assert_eq!(query["car-version"], "1");
            assert_eq!(query["car-order"], "dfs");
            assert_eq!(query["car-dups"], "y");
            true
        }
        other => panic!("{other} was asked for"),
    };
    let (twist, number, delay) = {
        let mut desk = desk.lock().unwrap();
        desk.seen.push(Seen { car, bytes: 0 });
        let next = desk.next.pop_front();
        let twist = next.unwrap_or_else(|| desk.always.clone());
        (twist, desk.seen.len() - 1, desk.delay)
    };
    if let Some(response) = outright(twist.as_ref(), car).await {
        return response;
    }
    let Some(block) = desk.lock().unwrap().blocks.get(&cid).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !car {
        return match twist {
            Some(Twist::CarForBlock) => car_response(packed(&[(cid, block)], cid, None), None),
            Some(Twist::Huge) => raw_response(&desk, number, vec![0; (2 << 20) + 1]),
            Some(Twist::OtherBytes) => {
                let mut block = block;
                block[0] ^= 1;
                raw_response(&desk, number, block)
            }
            _ => raw_response(&desk, number, block),
        };
    }
    let part = query
        .get("entity-bytes")
        .map(|part| range_of(part))
        .filter(|_| twist != Some(Twist::IgnoresBytes));
    let blocks = match query["dag-scope"].as_str() {
        "block" => vec![(cid, block)],
        "entity" => walked(&desk.lock().unwrap().blocks, cid, part),
        other => panic!("scope {other} was asked for"),
    };
    let bytes = packed(&blocks, cid, twist.as_ref());
    let cut = match twist {
        Some(Twist::CutAfter(most)) if most < bytes.len() => Some(most),
        _ => None,
    };
    let stream = match twist {
        Some(Twist::Drip) => dripped(bytes),
        _ => sent(Arc::clone(&desk), number, bytes, cut, delay),
    };
    car_response_of(stream, twist.as_ref())
}

async fn outright(twist: Option<&Twist>, car: bool) -> Option<Response> {
    Some(match twist? {
        Twist::Status(status) => StatusCode::from_u16(*status).unwrap().into_response(),
        Twist::Busy(seconds) => (
            StatusCode::TOO_MANY_REQUESTS,
            [(header::RETRY_AFTER, seconds.to_string())],
        )
            .into_response(),
        Twist::Silence => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            StatusCode::OK.into_response()
        }
        Twist::Redirect(to) => (
            StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, to.clone())],
        )
            .into_response(),
        Twist::NoCars if car => StatusCode::NOT_ACCEPTABLE.into_response(),
        Twist::Page if car => "<html>".into_response(),
        Twist::OnlyCars if !car => StatusCode::NOT_ACCEPTABLE.into_response(),
        _ => return None,
    })
}

fn raw_response(desk: &Shared, number: usize, block: Vec<u8>) -> Response {
    desk.lock().unwrap().seen[number].bytes = block.len();
    let kind = [(header::CONTENT_TYPE, "application/vnd.ipld.raw")];
    (kind, block).into_response()
}

fn car_response(bytes: Vec<u8>, twist: Option<&Twist>) -> Response {
    car_response_of(Body::from(bytes), twist)
}

fn car_response_of(body: Body, twist: Option<&Twist>) -> Response {
    let kind = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
    if twist == Some(&Twist::Encoded) {
        headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    }
    response
}

/// `from:to`, both inclusive.
fn range_of(part: &str) -> Range<u64> {
    let (from, to) = part.split_once(':').unwrap();
    from.parse().unwrap()..to.parse::<u64>().unwrap() + 1
}

/// The blocks that a part of a file needs, in the order of its bytes.
fn walked(
    blocks: &HashMap<Cid, Vec<u8>>,
    root: Cid,
    part: Option<Range<u64>>,
) -> Vec<(Cid, Vec<u8>)> {
    if !matches!(Look::at(&root, &blocks[&root]), Ok(Look::File { .. })) {
        return vec![(root, blocks[&root].clone())];
    }
    let mut verifier = match part {
        Some(part) => FileVerifier::of_range(root, part),
        None => FileVerifier::new(root),
    };
    let mut walked = Vec::new();
    while let Some(wanted) = verifier.wanted().copied() {
        let Some(block) = blocks.get(&wanted) else {
            break;
        };
        verifier.push(block).unwrap();
        walked.push((wanted, block.clone()));
    }
    walked
}

fn packed(blocks: &[(Cid, Vec<u8>)], root: Cid, twist: Option<&Twist>) -> Vec<u8> {
    let mut blocks = blocks.to_vec();
    let other = file_of(b"another block", Profile::V1_2025);
    let other = (other.0.cid, b"another block".to_vec());
    match twist {
        Some(Twist::NoRepeats) => {
            let mut seen = HashSet::new();
            blocks.retain(|(cid, _)| seen.insert(*cid));
        }
        Some(Twist::Missing(at)) => drop(blocks.remove(*at)),
        Some(Twist::Extra) => blocks.push(other),
        Some(Twist::WrongRoot) => blocks[0] = other,
        Some(Twist::Swapped(at)) => blocks.swap(*at, at + 1),
        Some(Twist::Huge) => blocks[1].1 = vec![0; (2 << 20) + 1],
        Some(Twist::OtherBytes) => blocks.last_mut().unwrap().1[0] ^= 1,
        _ => {}
    }
    let mut car = CarWriter::new(Vec::new(), &[root]).unwrap();
    for (cid, block) in &blocks {
        car.write(cid, block).unwrap();
    }
    let mut bytes = car.finish().unwrap();
    match twist {
        Some(Twist::Short(len)) => bytes.truncate(*len),
        Some(Twist::Version2) => {
            let at = bytes.windows(7).position(|word| word == b"version");
            bytes[at.unwrap() + 7] = 2;
        }
        _ => {}
    }
    bytes
}

/// A byte each tenth of a second.
fn dripped(bytes: Vec<u8>) -> Body {
    let bytes = stream::iter(bytes).then(|byte| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok::<Bytes, std::io::Error>(Bytes::copy_from_slice(&[byte]))
    });
    Body::from_stream(bytes)
}

/// A body in parts of 64 KiB, which notes what has gone out.
fn sent(desk: Shared, number: usize, bytes: Vec<u8>, cut: Option<usize>, delay: Duration) -> Body {
    let end = cut.unwrap_or(bytes.len());
    let mut parts: Vec<std::io::Result<Bytes>> = bytes[..end]
        .chunks(64 << 10)
        .map(|part| Ok(Bytes::copy_from_slice(part)))
        .collect();
    if cut.is_some() {
        parts.push(Err(std::io::Error::other("cut")));
    }
    let parts = stream::iter(parts).then(move |part| {
        let desk = Arc::clone(&desk);
        async move {
            match &part {
                Ok(part) => {
                    tokio::time::sleep(delay).await;
                    desk.lock().unwrap().seen[number].bytes += part.len();
                }
                // So that what was sent before is not lost with the connection.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            part
        }
    });
    Body::from_stream(parts)
}
