//! One chain, read through endpoints that must agree.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::{SolCall, abi::AbiDecoderConfig};
use alloy::transports::{BoxFuture, BoxTransport};
use futures::StreamExt;
use stheno_protocol::{CALLER, ChainId, RETURN_CAP, Reading, Unknown, call_gas_cap};

use crate::block::Block;
use crate::clock::Instant;
use crate::config::{ChainConfig, check_agreement, endpoint_label};
use crate::endpoint::{Endpoint, Fault};
use crate::error::ChainError;
use crate::health::EndpointHealth;
use crate::once::{FOREVER, Once};
use crate::question::{Call, CallEnd};
use crate::quorum::Quorum;
use crate::revert::Revert;
use crate::transport::{Http, HttpOptions, http_client};

/// Blocks and readings kept. Readings are at most [`RETURN_CAP`] each.
const KEPT: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// One chain. Cheap to clone; clones share connections and what they have read.
#[derive(Clone, Debug)]
pub struct Chain(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: ChainConfig,
    head_ttl: Duration,
    quorum: Arc<Quorum>,
    blocks: Once<BlockKey, Result<Option<Block>, ChainError>>,
    readings: Once<ReadingKey, Result<Reading, Unknown>>,
}

#[derive(Clone, Copy, Eq, PartialEq, Hash)]
enum BlockKey {
    Head,
    Final,
    At(u64),
    /// At a number that was final when it was asked for.
    Settled(u64),
}

#[derive(Clone, Eq, PartialEq, Hash)]
enum ReadingKey {
    Call { at: B256, to: Address, data: Bytes },
    Balance { at: B256, of: Address },
}

impl Chain {
    /// Connects over HTTP and checks which chain every endpoint serves.
    ///
    /// # Errors
    /// A bad configuration, an endpoint of another chain, or fewer than
    /// `min_agree` endpoints that answer.
    pub async fn connect(config: ChainConfig, options: HttpOptions) -> Result<Self, ChainError> {
        config.check()?;
        let client = http_client()?;
        let transports = config
            .rpc
            .iter()
            .map(|url| {
                let http = Http::new(client.clone(), url.clone(), &options);
                (endpoint_label(url), BoxTransport::new(http))
            })
            .collect();
        Self::over(config, transports, options).await
    }

    /// Like [`Self::connect`], over the caller's own transports (an EIP-1193
    /// wallet, a double), each with the name that errors shall call it by.
    /// `config.rpc` is not used; limits of size are the transports' own.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn over(
        config: ChainConfig,
        transports: Vec<(String, BoxTransport)>,
        options: HttpOptions,
    ) -> Result<Self, ChainError> {
        check_agreement(config.chain_id, transports.len(), config.min_agree)?;
        let endpoints = distinct(transports)
            .into_iter()
            .map(|(label, transport)| {
                let endpoint = Endpoint::new(label, config.chain_id, transport, &options);
                Arc::new(endpoint)
            })
            .collect();
        let chain = Self(Arc::new(Inner {
            quorum: Arc::new(Quorum {
                chain_id: config.chain_id,
                endpoints,
                need: config.min_agree,
            }),
            head_ttl: options.head_ttl,
            blocks: Once::new(KEPT),
            readings: Once::new(KEPT),
            config,
        }));
        chain.check_chain_id().await?;
        Ok(chain)
    }

    /// The chain's id.
    pub fn id(&self) -> ChainId {
        self.0.config.chain_id
    }

    /// How it was configured.
    pub fn config(&self) -> &ChainConfig {
        &self.0.config
    }

    /// How each endpoint has done so far.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointHealth> {
        let endpoints = &self.0.quorum.endpoints;
        endpoints.iter().map(|endpoint| endpoint.health()).collect()
    }

    /// The newest block that `min_agree` endpoints hold final.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn final_head(&self) -> Result<Block, ChainError> {
        let found = self.block(BlockKey::Final).await?;
        self.present(found, "the final head")
    }

    /// The newest block that `min_agree` endpoints have. (On Filecoin the
    /// newest whose state is known, one below the newest of all.)
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn head(&self) -> Result<Block, ChainError> {
        let found = self.block(BlockKey::Head).await?;
        self.present(found, "the head")
    }

    /// [`Self::head`], asked for at `since` or later: whatever was in a block by then is in it or
    /// above it.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn head_since(&self, since: Instant) -> Result<Block, ChainError> {
        let ask = || self.ask_block(BlockKey::Head);
        let found = self.0.blocks.run_since(BlockKey::Head, since, ask).await?;
        self.present(found, "the head")
    }

    /// The newest block with `confirmations` numbers above it; 0 is
    /// [`Self::final_head`].
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn confirmed(&self, confirmations: u64) -> Result<Block, ChainError> {
        match confirmations {
            0 => self.final_head().await,
            k => {
                let head = self.head().await?;
                self.at_or_below(head.number.saturating_sub(k)).await
            }
        }
    }

    /// The canonical block at `number`; `None` where the chain skipped that
    /// number (a null round).
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`], also for numbers above the head.
    pub async fn block_at(&self, number: u64) -> Result<Option<Block>, ChainError> {
        self.block(BlockKey::At(number)).await
    }

    /// The canonical block at `number`, or the last one before it where the
    /// chain skipped that number.
    ///
    /// # Errors
    /// As [`Self::block_at`].
    pub async fn at_or_below(&self, number: u64) -> Result<Block, ChainError> {
        self.0.quorum.at_or_below(number).await
    }

    /// `eth_call` as policies make it: from the protocol's caller, with the
    /// protocol's gas cap, at a canonical block. Equal calls at one block are
    /// made once.
    ///
    /// # Errors
    /// [`Unknown`]; whatever went wrong is unknown, never a value.
    pub async fn call(&self, at: B256, to: Address, data: Bytes) -> Result<Bytes, Unknown> {
        self.reads().call(at, to, data).await
    }

    /// Native balance of `of` at a canonical block, in the smallest unit.
    ///
    /// # Errors
    /// [`Unknown::Rpc`].
    pub async fn balance(&self, at: B256, of: Address) -> Result<U256, Unknown> {
        self.reads().balance(at, of).await
    }

    /// Reads that are made one by one.
    fn reads(&self) -> Reads {
        Reads {
            chain: self.clone(),
            quorum: Arc::clone(&self.0.quorum),
        }
    }

    /// Reads of which those of one moment travel to an endpoint together.
    pub(crate) fn gathered_reads(&self) -> Reads {
        Reads {
            chain: self.clone(),
            quorum: Arc::new(self.0.quorum.gathering()),
        }
    }

    /// The code of `of` at a canonical block; empty when there is none.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn code(&self, at: B256, of: Address) -> Result<Bytes, ChainError> {
        self.0.quorum.code(at, of).await
    }

    /// Calls a view function of one of our contracts at a canonical block, typed.
    ///
    /// # Errors
    /// [`ChainError::Refused`] on a revert, [`ChainError::Inconsistent`] when
    /// the answer does not decode, [`ChainError::NoAgreement`].
    pub async fn read<C: SolCall>(
        &self,
        at: B256,
        to: Address,
        call: &C,
    ) -> Result<C::Return, ChainError> {
        let what = format!("{} of {to}", C::SIGNATURE);
        let data = Bytes::from(call.abi_encode());
        let end = self.0.quorum.call(&what, at, to, &data, None).await?;
        let inconsistent = |problem: String| ChainError::Inconsistent {
            chain_id: self.id(),
            what: what.clone(),
            problem,
        };
        match end {
            CallEnd::Returned(bytes) if bytes.is_empty() => Err(inconsistent(
                "it returned nothing; is there such a contract?".to_owned(),
            )),
            // Strictly: else offsets may point anywhere, and an endpoint that lies makes some
            // kilobytes that refer to themselves stand for gigabytes.
            CallEnd::Returned(bytes) => {
                C::abi_decode_returns_with_config(&bytes, AbiDecoderConfig::new().strict(true))
                    .map_err(|error| inconsistent(error.to_string()))
            }
            CallEnd::Reverted(data) => Err(ChainError::Refused {
                chain_id: self.id(),
                what,
                reason: Revert::decode(data),
            }),
            CallEnd::OutOfGas => Err(inconsistent("it ran out of gas".to_owned())),
            CallEnd::TooLong => Err(inconsistent("its answer is too long".to_owned())),
        }
    }

    /// The canonical block at a number that is final: asked once and for all.
    pub(crate) async fn settled(&self, number: u64) -> Result<Option<Block>, ChainError> {
        self.block(BlockKey::Settled(number)).await
    }

    pub(crate) fn quorum(&self) -> &Quorum {
        &self.0.quorum
    }

    /// A wrong chain anywhere is a mistake in the configuration, and told at
    /// once; silence is tolerated as long as enough others answer, and the
    /// silent one is asked again before its first answer counts.
    async fn check_chain_id(&self) -> Result<(), ChainError> {
        let quorum = &self.0.quorum;
        let mut answers = quorum.ask_all(|endpoint| async move { endpoint.check_chain().await });
        let mut heard = Vec::new();
        while let Some((endpoint, answer)) = answers.next().await {
            if let Err(Fault::OtherChain { found, expected }) = answer {
                return Err(ChainError::WrongChain {
                    endpoint: endpoint.label.clone(),
                    expected,
                    found,
                });
            }
            heard.push((endpoint, answer));
        }
        let right = heard.iter().filter(|(_, answer)| answer.is_ok()).count();
        if right >= quorum.need {
            return Ok(());
        }
        let said = heard.iter().map(|(endpoint, answer)| {
            let answer = answer.as_ref().map(|()| format!("chain {}", self.id()));
            (endpoint.as_ref(), answer)
        });
        Err(quorum.no_agreement("the chain id", said))
    }

    async fn block(&self, key: BlockKey) -> Result<Option<Block>, ChainError> {
        let keep = |found: &Result<Option<Block>, ChainError>| match (found, key) {
            (Err(_), _) => Duration::ZERO,
            (Ok(_), BlockKey::Settled(_)) => FOREVER,
            (Ok(_), _) => self.0.head_ttl,
        };
        // Whoever joins a question under way hears of the chain as it was when that began, so it may
        // be joined for as long as an answer would be kept.
        let join = match key {
            BlockKey::Settled(_) => FOREVER,
            BlockKey::Head | BlockKey::Final | BlockKey::At(_) => self.0.head_ttl,
        };
        let ask = || self.ask_block(key);
        self.0.blocks.run(key, keep, join, ask).await
    }

    fn ask_block(&self, key: BlockKey) -> BoxFuture<'static, Result<Option<Block>, ChainError>> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let quorum = &inner.quorum;
            match key {
                BlockKey::Head => quorum.head().await.map(Some),
                BlockKey::Final => quorum.final_head(inner.config.finality).await.map(Some),
                BlockKey::At(number) | BlockKey::Settled(number) => quorum.place(number).await,
            }
        })
    }

    fn present(&self, found: Option<Block>, what: &str) -> Result<Block, ChainError> {
        found.ok_or_else(|| ChainError::Inconsistent {
            chain_id: self.id(),
            what: what.to_owned(),
            problem: "it is a null round".to_owned(),
        })
    }
}

/// What policies read of a chain; whatever was read once is kept with the chain.
pub(crate) struct Reads {
    chain: Chain,
    quorum: Arc<Quorum>,
}

impl Reads {
    /// See [`Chain::call`].
    pub(crate) async fn call(&self, at: B256, to: Address, data: Bytes) -> Result<Bytes, Unknown> {
        match self.reading(ReadingKey::Call { at, to, data }).await? {
            Reading::Bytes(bytes) => Ok(bytes),
            Reading::Balance(_) | Reading::Time(_) | Reading::Number(_) => Err(Unknown::Missing),
        }
    }

    /// See [`Chain::balance`].
    pub(crate) async fn balance(&self, at: B256, of: Address) -> Result<U256, Unknown> {
        match self.reading(ReadingKey::Balance { at, of }).await? {
            Reading::Balance(balance) => Ok(balance),
            Reading::Bytes(_) | Reading::Time(_) | Reading::Number(_) => Err(Unknown::Missing),
        }
    }

    async fn reading(&self, key: ReadingKey) -> Result<Reading, Unknown> {
        let keep = |found: &Result<Reading, Unknown>| match found {
            Err(unknown) if unknown.transient() => Duration::ZERO,
            _ => FOREVER,
        };
        let (quorum, asked) = (Arc::clone(&self.quorum), key.clone());
        let ask = || -> BoxFuture<'static, _> {
            Box::pin(async move {
                match asked {
                    ReadingKey::Call { at, to, data } => quorum.policy_call(at, to, &data).await,
                    ReadingKey::Balance { at, of } => quorum
                        .balance(at, of)
                        .await
                        .map(Reading::Balance)
                        .map_err(|error| Unknown::Rpc(error.to_string())),
                }
            })
        };
        self.chain.0.readings.run(key, keep, FOREVER, ask).await
    }
}

impl Quorum {
    async fn policy_call(&self, at: B256, to: Address, data: &Bytes) -> Result<Reading, Unknown> {
        let rpc = |error: ChainError| Unknown::Rpc(error.to_string());
        let gas = Some(call_gas_cap(self.chain_id));
        let what = format!("a call of {to}");
        match self.call(&what, at, to, data, gas).await.map_err(rpc)? {
            CallEnd::Returned(bytes) if bytes.len() > RETURN_CAP => Err(Unknown::TooLong),
            // Nothing is what a call of an empty address returns, too; it is
            // worth a question, since it is worth another explanation.
            CallEnd::Returned(bytes) if bytes.is_empty() => {
                match self.code(at, to).await.map_err(rpc)?.is_empty() {
                    true => Err(Unknown::NoCode),
                    false => Ok(Reading::Bytes(bytes)),
                }
            }
            CallEnd::Returned(bytes) => Ok(Reading::Bytes(bytes)),
            CallEnd::Reverted(_) => Err(Unknown::Reverted),
            CallEnd::OutOfGas => Err(Unknown::OutOfGas),
            CallEnd::TooLong => Err(Unknown::TooLong),
        }
    }

    async fn call(
        &self,
        what: &str,
        at: B256,
        to: Address,
        data: &Bytes,
        gas: Option<u64>,
    ) -> Result<CallEnd, ChainError> {
        let call = Call {
            from: CALLER,
            to: Some(to),
            data,
            value: U256::ZERO,
            gas,
        };
        self.agree(
            what,
            |endpoint| async move { endpoint.call(at, &call).await },
        )
        .await
    }

    async fn balance(&self, at: B256, of: Address) -> Result<U256, ChainError> {
        let what = format!("the balance of {of}");
        self.agree(
            &what,
            |endpoint| async move { endpoint.balance(at, of).await },
        )
        .await
    }

    async fn code(&self, at: B256, of: Address) -> Result<Bytes, ChainError> {
        let what = format!("the code of {of}");
        self.agree(&what, |endpoint| async move { endpoint.code(at, of).await })
            .await
    }
}

/// Gives endpoints of one host a number each, so that errors can tell them apart.
fn distinct(transports: Vec<(String, BoxTransport)>) -> Vec<(String, BoxTransport)> {
    let labels: Vec<String> = transports.iter().map(|(label, _)| label.clone()).collect();
    let shared = |label: &String| labels.iter().filter(|other| *other == label).count() > 1;
    transports
        .into_iter()
        .enumerate()
        .map(|(place, (label, transport))| match shared(&label) {
            true => (format!("{label} (no. {})", place + 1), transport),
            false => (label, transport),
        })
        .collect()
}
