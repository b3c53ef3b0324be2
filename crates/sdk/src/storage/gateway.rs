//! Trustless IPFS gateways: blocks, each verified by its CID.
//!
//! Source: the Trustless Gateway Specification of IPFS, `GET /ipfs/{cid}?format=raw`.
//!
//! What is absent: DAGs. Who walks one takes [`Blocks`].

use cid::Cid;
use reqwest::{Client, StatusCode, header};
use url::Url;

use super::{
    Blocks, MAX_BLOCK_BYTES, StorageError, StorageFault, block::check_block, web::below,
    web::web_client,
};
use crate::{
    bounds::BoxFuture,
    source::{
        HttpOptions,
        answer::{Fault, not_encoded, refusal, shown},
        http::Line,
        patience::Trials,
    },
    transport::in_words,
};

/// Media type of a block as it is.
const RAW: &str = "application/vnd.ipld.raw";

/// A trustless IPFS gateway. It is not believed: every block is verified by its CID.
#[derive(Clone, Debug)]
pub struct Gateway {
    name: String,
    client: Client,
    base: Url,
    options: HttpOptions,
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
        })
    }

    async fn fetch(&self, cid: &Cid) -> Result<Vec<u8>, StorageFault> {
        let mut url = below(&self.base, &["ipfs", &cid.to_string()]);
        url.query_pairs_mut().append_pair("format", "raw");
        let line = Line::over(self.client.clone(), url, self.options.clone());
        let mut trials = Trials::new(self.options.clone());
        loop {
            match self.attempt(&line).await {
                Ok(None) => return Err(StorageFault::NotFound),
                Ok(Some(block)) => return check_block(cid, &block).map(|()| block),
                Err(fault) => trials.failed(fault, 0).await?,
            }
        }
    }

    async fn attempt(&self, line: &Line) -> Result<Option<Vec<u8>>, Fault> {
        let request = self
            .client
            .get(line.url.clone())
            .header(header::ACCEPT, RAW)
            .header(header::ACCEPT_ENCODING, "identity")
            .send();
        let mut response = match tokio::time::timeout(self.options.stall, request).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(line.broken(in_words(&error))),
            Err(_) => return Err(line.stalled()),
        };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            _ => return Err(refusal(&line.url, &response)),
        }
        not_encoded(&line.url, response.headers())?;
        let mut block = Vec::new();
        loop {
            let part = line.next(&mut response).await?;
            if part.is_empty() {
                return Ok(Some(block));
            }
            block.extend(part);
            if block.len() > MAX_BLOCK_BYTES {
                return Err(Fault::lasting(line.too_large(MAX_BLOCK_BYTES as u64)));
            }
        }
    }
}

impl Blocks for Gateway {
    fn name(&self) -> &str {
        &self.name
    }

    fn block<'a>(&'a self, cid: &'a Cid) -> BoxFuture<'a, Result<Vec<u8>, StorageError>> {
        Box::pin(async move {
            let block = self.fetch(cid).await;
            block.map_err(|fault| StorageError::new(&self.name, cid, fault))
        })
    }
}
