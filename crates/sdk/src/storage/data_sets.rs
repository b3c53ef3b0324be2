//! Pieces into a data set, which is what a provider is paid for and proves on chain.
//!
//! Source: `pdp/handlers_add.go`, `pdp/handlers_create.go` and the two status handlers of
//! `pdp/handlers.go` in filecoin-project/curio, as of August 2026.
//!
//! What is absent: signatures. `extra_data` is what the payer signed for the record keeper (for Warm
//! Storage an EIP-712 message, ABI encoded with its metadata), and comes from the caller.

use alloy_primitives::{Address, B256, hex};
use reqwest::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use stheno_envelope::PieceCid;
use url::Url;

use super::{
    At, PdpProvider, StorageError, StorageFault,
    call::{self, Trouble},
    web::below,
};
use crate::source::{SourceError, patience::Trials};

/// The most pieces that Curio adds at once.
pub const MOST_PIECES_AT_ONCE: usize = 40;

/// Pieces that a provider has sent to the chain to be added.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Adding {
    /// The transaction as the provider first sent it; another may land in its place.
    pub transaction: B256,
    /// The data set; `None` for one that the same transaction makes.
    pub data_set: Option<u64>,
}

/// Pieces that are in a data set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Added {
    /// The data set.
    pub data_set: u64,
    /// The numbers of the pieces in it.
    pub pieces: Vec<u64>,
    /// The transaction that did it.
    pub transaction: B256,
}

impl PdpProvider {
    /// Makes a data set and adds pieces that the provider has: `POST /pdp/data-sets/create-and-add`.
    ///
    /// `record_keeper` is the service's contract, `extra_data` what the payer signed for it, up to
    /// 40 pieces. Asked again only when the provider says that it did nothing yet (429).
    ///
    /// # Errors
    /// [`StorageError`] with [`At::Itself`]; the words of a refusal are the provider's.
    pub async fn create_data_set(
        &self,
        record_keeper: Address,
        pieces: &[PieceCid],
        extra_data: &[u8],
    ) -> Result<Adding, StorageError> {
        let url = below(&self.base, &["pdp", "data-sets", "create-and-add"]);
        let body = json!({
            "recordKeeper": record_keeper.to_checksum(None),
            "pieces": listed(pieces),
            "extraData": hex::encode_prefixed(extra_data),
        });
        let sent = self.ask_to_add(&url, pieces, &body).await;
        let transaction = sent.map_err(|fault| self.error(At::Itself, fault))?;
        Ok(Adding {
            transaction,
            data_set: None,
        })
    }

    /// Adds pieces that the provider has to a data set: `POST /pdp/data-sets/{id}/pieces`.
    ///
    /// As [`create_data_set`](Self::create_data_set).
    ///
    /// # Errors
    /// [`StorageError`], with the data set.
    pub async fn add_pieces(
        &self,
        data_set: u64,
        pieces: &[PieceCid],
        extra_data: &[u8],
    ) -> Result<Adding, StorageError> {
        let id = data_set.to_string();
        let url = below(&self.base, &["pdp", "data-sets", &id, "pieces"]);
        let body = json!({
            "pieces": listed(pieces),
            "extraData": hex::encode_prefixed(extra_data),
        });
        let sent = self.ask_to_add(&url, pieces, &body).await;
        let transaction = sent.map_err(|fault| self.error(At::DataSet(id), fault))?;
        Ok(Adding {
            transaction,
            data_set: Some(data_set),
        })
    }

    /// Waits until the provider says that the pieces are in the data set, asking less and less often.
    ///
    /// It is the provider's word; the chain's is to be had from the PDP verifier's contract.
    ///
    /// # Errors
    /// [`StorageFault::Rejected`] when the chain refused, [`StorageFault::Unconfirmed`] when the time
    /// of [`PdpOptions::confirmation`](super::PdpOptions::confirmation) is over; asking again later
    /// goes on.
    pub async fn added(&self, adding: &Adding) -> Result<Added, StorageError> {
        let at = match adding.data_set {
            Some(data_set) => data_set.to_string(),
            None => format!("of transaction {}", adding.transaction),
        };
        let added = self.wait_until_added(adding).await;
        added.map_err(|fault| self.error(At::DataSet(at), fault))
    }

    async fn wait_until_added(&self, adding: &Adding) -> Result<Added, StorageFault> {
        let transaction = adding.transaction.to_string();
        let data_set = match adding.data_set {
            Some(data_set) => data_set,
            None => self.wait_until_created(&transaction).await?,
        };
        let id = data_set.to_string();
        let path = ["pdp", "data-sets", &id, "pieces", "added", &transaction];
        let url = below(&self.base, &path);
        let mut vigil = self.vigil();
        loop {
            let status = self.status::<Status>(&url).await;
            let added = status.and_then(|status| match status {
                Some(status) => status.outcome(data_set, adding),
                None => Ok(None),
            });
            if let Some(added) = vigil.judge(added).await? {
                return Ok(added);
            }
        }
    }

    async fn wait_until_created(&self, transaction: &str) -> Result<u64, StorageFault> {
        let url = below(&self.base, &["pdp", "data-sets", "created", transaction]);
        let mut vigil = self.vigil();
        loop {
            let status = self.status::<Created>(&url).await;
            let created = status.and_then(|status| match status {
                Some(status) => status.outcome(&url, transaction),
                None => Ok(None),
            });
            if let Some(data_set) = vigil.judge(created).await? {
                return Ok(data_set);
            }
        }
    }

    async fn ask_to_add(
        &self,
        url: &Url,
        pieces: &[PieceCid],
        body: &Value,
    ) -> Result<B256, StorageFault> {
        if !(1..=MOST_PIECES_AT_ONCE).contains(&pieces.len()) {
            return Err(StorageFault::Batch {
                pieces: pieces.len(),
                most: MOST_PIECES_AT_ONCE,
            });
        }
        let mut trials = Trials::new(self.options.http.clone());
        loop {
            let trouble = match self.add_once(url, body).await {
                Ok(transaction) => return Ok(transaction),
                Err(trouble) => trouble,
            };
            // Whatever else it was: the transaction may have been sent.
            let untouched = matches!(
                trouble.fault,
                StorageFault::Refused { status: 429, .. }
                    | StorageFault::Source(SourceError::Status { status: 429, .. })
            );
            if !untouched || !trials.again(true, trouble.wait, 0).await {
                return Err(trouble.fault);
            }
        }
    }

    async fn add_once(&self, url: &Url, body: &Value) -> Result<B256, Trouble> {
        let request = self.client.post(url.clone()).json(body);
        let response = call::send(url, request, self.stall()).await?;
        if response.status() != StatusCode::CREATED {
            return Err(call::refused(url, response, self.stall()).await);
        }
        let location = response.headers().get(header::LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let last = location.and_then(|location| location.rsplit('/').next());
        last.and_then(|hash| hash.parse().ok()).ok_or_else(|| {
            let location = location.unwrap_or_default();
            Trouble::contradiction(url, format!("Location `{location}` names no transaction"))
        })
    }

    async fn status<T: serde::de::DeserializeOwned>(
        &self,
        url: &Url,
    ) -> Result<Option<T>, Trouble> {
        let response = call::send(url, self.client.get(url.clone()), self.stall()).await?;
        match response.status() {
            StatusCode::OK | StatusCode::ACCEPTED => {
                call::json(url, response, self.stall()).await.map(Some)
            }
            // Its own database may lag.
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(call::refused(url, response, self.stall()).await),
        }
    }
}

fn listed(pieces: &[PieceCid]) -> Value {
    let pieces = pieces.iter().map(|piece| {
        let piece = piece.to_string();
        json!({ "pieceCid": piece, "subPieces": [{ "subPieceCid": piece }] })
    });
    pieces.collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    tx_status: String,
    ok: Option<bool>,
    #[serde(default)]
    data_set_created: bool,
    data_set_id: Option<u64>,
}

impl Created {
    fn outcome(self, url: &Url, transaction: &str) -> Result<Option<u64>, Trouble> {
        if self.tx_status == "rejected" || self.ok == Some(false) {
            let transaction = transaction.to_owned();
            return Err(Trouble::lasting(StorageFault::Rejected { transaction }));
        }
        match (self.data_set_created, self.data_set_id) {
            (true, None) => {
                let how = "a data set that was made, without its number".to_owned();
                Err(Trouble::contradiction(url, how))
            }
            (true, id) => Ok(id),
            (false, _) => Ok(None),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    tx_status: String,
    add_message_ok: Option<bool>,
    #[serde(default)]
    pieces_added: bool,
    #[serde(default)]
    confirmed_piece_ids: Option<Vec<u64>>,
    confirmed_tx_hash: Option<B256>,
}

impl Status {
    fn outcome(self, data_set: u64, adding: &Adding) -> Result<Option<Added>, Trouble> {
        if self.tx_status == "rejected" || self.add_message_ok == Some(false) {
            let transaction = adding.transaction.to_string();
            return Err(Trouble::lasting(StorageFault::Rejected { transaction }));
        }
        Ok(self.pieces_added.then(|| Added {
            data_set,
            pieces: self.confirmed_piece_ids.unwrap_or_default(),
            transaction: self.confirmed_tx_hash.unwrap_or(adding.transaction),
        }))
    }
}
