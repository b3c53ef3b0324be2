//! Trustless IPFS gateways: blocks, and files made of them, each block verified by its CID.
//!
//! Source: the Trustless Gateway Specification of IPFS: `GET /ipfs/{cid}` with `format=raw`, and with
//! `format=car`, `dag-scope`, `entity-bytes`.
//!
//! | module | idea |
//! |---|---|
//! | `address` | `ipfs://CID/path`, `https://GATEWAY/ipfs/CID/path` |
//! | `cache` | the blocks that were fetched last |
//! | `car` | a CAR, verified block by block as it comes |
//! | `reading` | a part of a file from one gateway |
//! | `find` | what a path leads to, from several gateways |
//! | `source` | a file that several gateways have, as a source of any part of it |
//! | `pieces` | pieces that lie in files which a gateway has |
//! | `saving` | a file to the disk, resumable; not in a browser |

mod address;
mod cache;
mod car;
mod find;
mod pieces;
mod reading;
#[cfg(not(target_family = "wasm"))]
mod saving;
mod source;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cid::Cid;
use reqwest::{Client, StatusCode, header};
use url::Url;

use super::{
    Blocks, MAX_BLOCK_BYTES, StorageError, StorageFault, block::check_block, stream::Pace,
    web::below, web::web_client,
};
use crate::{
    bounds::BoxFuture,
    http::Response,
    source::{
        HttpOptions,
        answer::{self, Fault, refusal, shown},
        http::Line,
        patience::Trials,
    },
    timer::Instant,
};

use cache::BlockCache;

pub use address::{BadAddress, IpfsAddress};
pub(crate) use find::latest_in_folder;
pub use find::{FoundInIpfs, find_in_ipfs};
pub use pieces::GatewayPieces;
#[cfg(not(target_family = "wasm"))]
pub use saving::save_file;
pub use source::UnixfsSource;

/// Media type of a block as it is.
const RAW: &str = "application/vnd.ipld.raw";
/// What a CAR of one block has around it, at most.
const CAR_MARGIN: usize = 64 << 10;

/// A trustless IPFS gateway. It is not believed: every block is verified by its CID.
///
/// Clones share connections, and the blocks that were fetched last.
#[derive(Clone, Debug)]
pub struct Gateway {
    name: String,
    client: Client,
    base: Url,
    options: HttpOptions,
    cache: Arc<BlockCache>,
    /// Whether it said that it has no CARs.
    without_cars: Arc<AtomicBool>,
    /// Whether it failed as often as it was tried, and has not answered since.
    failed: Arc<AtomicBool>,
}

/// A file of UnixFS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnixfsFile {
    /// Its root.
    pub root: Cid,
    /// Its bytes. One of another size is refused.
    pub size: u64,
}

impl Gateway {
    /// A gateway at `base`, such as `https://gateway.example`; `/ipfs/` follows.
    ///
    /// # Errors
    /// [`SourceError::BadAddress`](crate::source::SourceError::BadAddress) in [`StorageFault::Source`].
    pub fn new(base: Url, options: HttpOptions) -> Result<Self, StorageError> {
        let name = format!("gateway {}", shown(&base).trim_end_matches('/'));
        Ok(Self {
            client: web_client(&name, &base, &options)?,
            name,
            base,
            options,
            cache: Arc::default(),
            without_cars: Arc::default(),
            failed: Arc::default(),
        })
    }

    /// Whether CARs are worth asking for.
    fn has_cars(&self) -> bool {
        !self.without_cars.load(Ordering::Relaxed)
    }

    fn note_no_cars(&self) {
        self.without_cars.store(true, Ordering::Relaxed);
    }

    /// Attempts at one request: one, if it did not answer the last one at all.
    fn trials(&self) -> Trials {
        let options = self.options.clone();
        Trials::new(match self.failed.load(Ordering::Relaxed) {
            true => options.attempts(1),
            false => options,
        })
    }

    /// Notes whether it answers.
    fn note(&self, answers: bool) {
        self.failed.store(!answers, Ordering::Relaxed);
    }

    fn url(&self, cid: &Cid) -> Url {
        below(&self.base, &["ipfs", &cid.to_string()])
    }

    /// Makes one request, and waits for the head of its answer.
    async fn send(&self, url: Url, accept: &str) -> Result<(Line, Response), Fault> {
        let line = Line::over(self.client.clone(), url, self.options.clone());
        let request = self
            .client
            .get(line.url.clone())
            .header(header::ACCEPT, accept)
            .header(header::ACCEPT_ENCODING, "identity");
        let response = line.send(request).await?;
        Ok((line, response))
    }

    /// A block, from here or there, with whose it is if it does not come.
    async fn verified(&self, cid: &Cid) -> Result<Arc<Vec<u8>>, StorageError> {
        let block = self.fetch(cid).await;
        block.map_err(|fault| StorageError::new(&self.name, cid, fault))
    }

    async fn fetch(&self, cid: &Cid) -> Result<Arc<Vec<u8>>, StorageFault> {
        let turn = self.cache.turn(cid);
        let _alone = turn.lock().await;
        if let Some(block) = self.cache.find(cid) {
            return Ok(block);
        }
        let mut trials = self.trials();
        let block = loop {
            match self.attempt(cid).await {
                Ok(block) => break block?,
                Err(fault) => {
                    let over = trials.failed(fault, 0).await;
                    over.inspect_err(|_| self.note(false))?;
                }
            }
        };
        self.note(true);
        check_block(cid, &block)?;
        let block = Arc::new(block);
        self.cache.keep(cid, &block);
        Ok(block)
    }

    /// One attempt at a block; as a CAR of one block where it is not served by itself.
    async fn attempt(&self, cid: &Cid) -> Result<Result<Vec<u8>, StorageFault>, Fault> {
        let mut url = self.url(cid);
        url.query_pairs_mut().append_pair("format", "raw");
        let (line, response) = self.send(url, RAW).await?;
        let status = response.status();
        match status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Err(StorageFault::NotFound)),
            StatusCode::NOT_ACCEPTABLE | StatusCode::UNSUPPORTED_MEDIA_TYPE if self.has_cars() => {
                return match car::ask(self, cid, None).await {
                    Ok((line, response)) => in_car(cid, &line, response).await,
                    Err(car::CarFault::Way(fault)) => Err(fault),
                    Err(car::CarFault::Wrong(fault)) => Ok(Err(fault)),
                    Err(car::CarFault::None) => {
                        self.note_no_cars();
                        Err(refusal(&line.url, &response))
                    }
                };
            }
            _ => return Err(refusal(&line.url, &response)),
        }
        answer::whole(&line.url, &response)?;
        if car::is_car(&response) {
            return in_car(cid, &line, response).await;
        }
        whole(&line, response, MAX_BLOCK_BYTES).await.map(Ok)
    }
}

/// Gateways in the order in which to try them: those that did not answer last.
fn in_order(gateways: &[Gateway]) -> Vec<&Gateway> {
    let mut order: Vec<&Gateway> = gateways.iter().collect();
    order.sort_by_key(|gateway| gateway.failed.load(Ordering::Relaxed));
    order
}

async fn in_car(
    cid: &Cid,
    line: &Line,
    response: Response,
) -> Result<Result<Vec<u8>, StorageFault>, Fault> {
    let bytes = whole(line, response, MAX_BLOCK_BYTES + CAR_MARGIN).await?;
    Ok(car::one_block(cid, &bytes))
}

/// An answer to its end, if it has no more than so many bytes.
async fn whole(line: &Line, mut response: Response, most: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let mut pace = Pace::default();
    loop {
        let part = paced(line, &mut response, &mut pace).await?;
        if part.is_empty() {
            return Ok(bytes);
        }
        bytes.extend(part);
        if bytes.len() > most {
            return Err(Fault::lasting(line.too_large(most as u64)));
        }
    }
}

/// The next bytes of an answer, unless they come slower than from a server that is alive.
async fn paced(line: &Line, response: &mut Response, pace: &mut Pace) -> Result<Vec<u8>, Fault> {
    let began = Instant::now();
    let bytes = line.next(response).await?;
    let len = bytes.len() as u64;
    match pace.add(len, began.elapsed(), line.options().stall) {
        Some(slow) if len > 0 => Err(line.broken(slow)),
        _ => Ok(bytes),
    }
}

impl Blocks for Gateway {
    fn name(&self) -> &str {
        &self.name
    }

    fn block<'a>(&'a self, cid: &'a Cid) -> BoxFuture<'a, Result<Vec<u8>, StorageError>> {
        Box::pin(async move { Ok(self.verified(cid).await?.to_vec()) })
    }
}
