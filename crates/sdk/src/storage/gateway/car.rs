//! A CAR from a gateway: the blocks of a file, or of a part of one, in the order of its bytes, each
//! verified before a byte of it is taken.
//!
//! Source: Trustless Gateway Specification, `format=car` with `entity-bytes`, `order=dfs` and `dups=y`.
//! Roots in its header say nothing there, and are not looked at; the first block must be the root.

use std::{collections::HashSet, ops::Range, sync::Arc};

use cid::Cid;
use reqwest::{StatusCode, header};
use stheno_envelope::{
    car::{CarDecoder, CarError, CarLimits},
    unixfs::FileVerifier,
};

use super::{Gateway, UnixfsFile, paced};
use crate::{
    http::Response,
    source::{
        answer::{self, Fault, refusal},
        http::Line,
    },
    storage::{StorageFault, stream::Pace},
};

/// Media type of a CAR, as it is asked for.
const WANTED: &str = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
/// And without parameters, as it is recognised.
pub(super) const CAR: &str = "application/vnd.ipld.car";
/// The most blocks whose repetition is recognised. A CAR of 64 MiB has 65 or, cut small, some hundreds.
const MOST_SEEN: usize = 1 << 16;

/// Why a CAR did not come, or ended.
#[derive(Debug)]
pub(super) enum CarFault {
    /// The way there: it may pass.
    Way(Fault),
    /// What the gateway sends, or lacks.
    Wrong(StorageFault),
    /// This gateway has no CARs.
    None,
}

impl From<Fault> for CarFault {
    fn from(fault: Fault) -> Self {
        Self::Way(fault)
    }
}

impl From<StorageFault> for CarFault {
    fn from(fault: StorageFault) -> Self {
        Self::Wrong(fault)
    }
}

impl From<CarError> for CarFault {
    fn from(error: CarError) -> Self {
        wrong(error.to_string())
    }
}

fn wrong(why: String) -> CarFault {
    CarFault::Wrong(StorageFault::BadCar { why })
}

/// Asks for a CAR of what a root is, or of a part of the file that it is.
pub(super) async fn ask(
    gateway: &Gateway,
    root: &Cid,
    part: Option<&Range<u64>>,
) -> Result<(Line, Response), CarFault> {
    let mut url = gateway.url(root);
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("format", "car");
        match part {
            Some(part) => {
                let last = part.end.saturating_sub(1);
                query.append_pair("dag-scope", "entity");
                query.append_pair("entity-bytes", &format!("{}:{last}", part.start));
            }
            None => {
                query.append_pair("dag-scope", "block");
            }
        }
        query
            .append_pair("car-version", "1")
            .append_pair("car-order", "dfs")
            .append_pair("car-dups", "y");
    }
    let (line, response) = gateway.send(url, WANTED).await?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Err(StorageFault::NotFound.into()),
        StatusCode::BAD_REQUEST
        | StatusCode::NOT_ACCEPTABLE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::NOT_IMPLEMENTED => return Err(CarFault::None),
        _ => return Err(refusal(&line.url, &response).into()),
    }
    answer::whole(&line.url, &response)?;
    match is_car(&response) {
        true => Ok((line, response)),
        false => Err(CarFault::None),
    }
}

/// Whether an answer says that it is a CAR.
pub(super) fn is_car(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()?.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(CAR))
}

/// The one block of a CAR.
pub(super) fn one_block(cid: &Cid, car: &[u8]) -> Result<Vec<u8>, StorageFault> {
    let bad = |why: String| StorageFault::BadCar { why };
    let mut decoder = CarDecoder::new(CarLimits::default());
    decoder.push(car);
    let block = match decoder
        .next_block()
        .map_err(|error| bad(error.to_string()))?
    {
        Some((found, block)) if found == *cid => block.to_vec(),
        Some((found, _)) => return Err(bad(format!("it begins with {found} and not with {cid}"))),
        None => return Err(bad(format!("block {cid} is missing in it"))),
    };
    match decoder
        .next_block()
        .map_err(|error| bad(error.to_string()))?
    {
        Some((found, _)) => Err(bad(format!("block {found} in it was not asked for"))),
        None => decoder
            .finish()
            .map(|()| block)
            .map_err(|error| bad(error.to_string())),
    }
}

/// A CAR that is being read.
pub(super) struct CarStream {
    gateway: Gateway,
    line: Line,
    response: Response,
    decoder: CarDecoder,
    verifier: FileVerifier,
    /// Blocks that came: some gateways leave out what repeats.
    seen: HashSet<Cid>,
    /// A block that came, while others were wanted that had come before.
    held: Option<(Cid, Arc<Vec<u8>>)>,
    ended: bool,
    pace: Pace,
}

impl CarStream {
    /// Asks for a part of a file.
    pub(super) async fn open(
        gateway: &Gateway,
        file: &UnixfsFile,
        part: Range<u64>,
    ) -> Result<Self, CarFault> {
        let (line, response) = ask(gateway, &file.root, Some(&part)).await?;
        Ok(Self {
            gateway: gateway.clone(),
            line,
            response,
            decoder: CarDecoder::new(CarLimits::default()),
            verifier: FileVerifier::of_range(file.root, part).expect_size(file.size),
            seen: HashSet::new(),
            held: None,
            ended: false,
            pace: Pace::default(),
        })
    }

    /// The next bytes of the part; `None` once all of them have come and nothing follows.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, CarFault> {
        loop {
            let Some(wanted) = self.verifier.wanted().copied() else {
                return self.end().await.map(|()| None);
            };
            let block = self.find(&wanted).await?;
            let bytes = self.verifier.push(&block).map_err(StorageFault::from)?;
            if !bytes.is_empty() {
                return Ok(Some(bytes.to_vec()));
            }
        }
    }

    /// The block that must come next; one that came before may be left out.
    async fn find(&mut self, wanted: &Cid) -> Result<Arc<Vec<u8>>, CarFault> {
        if self.held.is_none() {
            self.held = self.read().await?;
        }
        match self.held.take() {
            Some((found, block)) if found == *wanted => {
                if self.seen.len() < MOST_SEEN {
                    self.seen.insert(found);
                }
                self.gateway.cache.keep(&found, &block);
                Ok(block)
            }
            other if self.seen.contains(wanted) => {
                self.held = other;
                self.gateway.fetch(wanted).await.map_err(CarFault::Wrong)
            }
            Some((found, _)) => Err(wrong(format!(
                "block {found} stands in it where {wanted} must"
            ))),
            None => Err(wrong(format!("it ends before block {wanted}"))),
        }
    }

    async fn read(&mut self) -> Result<Option<(Cid, Arc<Vec<u8>>)>, CarFault> {
        loop {
            if let Some((cid, block)) = self.decoder.next_block()? {
                return Ok(Some((cid, Arc::new(block.to_vec()))));
            }
            if self.ended {
                return Ok(None);
            }
            let bytes = paced(&self.line, &mut self.response, &mut self.pace).await?;
            if bytes.is_empty() {
                self.ended = true;
                self.decoder.finish()?;
            }
            self.decoder.push(&bytes);
        }
    }

    async fn end(&mut self) -> Result<(), CarFault> {
        self.verifier.finish().map_err(StorageFault::from)?;
        if self.held.is_none() {
            self.held = self.read().await?;
        }
        match self.held.take() {
            Some((found, _)) => Err(wrong(format!("block {found} in it was not asked for"))),
            None => Ok(()),
        }
    }
}
