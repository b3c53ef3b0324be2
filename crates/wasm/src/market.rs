//! What it takes to read, and paying for it.

use js_sys::Promise;
use serde_json::json;
use stheno::{
    Error,
    envelope::{Header, Recipient},
    market::{Deal, Licence, MarketError, SaleLink, Shop, look, subject_of},
    protocol::B256,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    abort::unless,
    envelope::Envelope,
    error::{Failure, Result, to_js},
    network::NetworkClient,
    reader::address,
};

/// What can be had, and what it takes.
#[wasm_bindgen]
pub struct FoundDeal {
    deal: Deal,
    shop: Shop,
}

#[wasm_bindgen]
impl NetworkClient {
    /// What `account` can have of an envelope whose item is listed in the network's catalogue.
    ///
    /// # Errors
    /// `no_market`, `not_for_sale`, and what makes an offer bad.
    pub async fn deal(
        &self,
        envelope: &Envelope,
        account: String,
        aborted: Option<Promise>,
    ) -> std::result::Result<FoundDeal, JsValue> {
        let found = async {
            let shop = self.shop().await?;
            let network = self.file.network_id();
            let item = envelope
                .header
                .recipients()
                .iter()
                .find_map(|one| match one {
                    Recipient::Threshold(one) if one.network() == network => Some(one.item()),
                    _ => None,
                });
            let item = item.ok_or(Error::NoThresholdRecipient)?;
            let listed = B256::from(*item.as_bytes());
            found(shop, listed, &envelope.header, &account).await
        };
        unless(aborted, found).await
    }

    /// What `account` can have of what a sale link leads to. Fetches the manifest, and compares it with
    /// the listing.
    ///
    /// # Errors
    /// As [`deal`](Self::deal).
    #[wasm_bindgen(js_name = dealOfLink)]
    pub async fn deal_of_link(
        &self,
        link: String,
        account: String,
        aborted: Option<Promise>,
    ) -> std::result::Result<FoundDeal, JsValue> {
        let found = async {
            let link: SaleLink = link.parse().map_err(Error::from)?;
            let shop = self.shop().await?;
            let market = self.file.market.ok_or(MarketError::NoMarket)?;
            if link.catalogue != market.catalogue {
                return Err(Failure::from(MarketError::OtherMarket {
                    what: "the link's catalogue",
                    found: link.catalogue,
                    expected: market.catalogue,
                }));
            }
            let mut stores = Vec::new();
            for place in &link.folder.places {
                stores.push(place.store(false)?);
            }
            let listing = shop.listing(link.listed).await?;
            let header = look(&listing, &link.folder, stores).await?;
            found(shop, link.listed, &header, &account).await
        };
        unless(aborted, found).await
    }
}

async fn found(shop: Shop, listed: B256, header: &Header, account: &str) -> Result<FoundDeal> {
    let deal = shop.deal(listed, header, address(account)?).await?;
    Ok(FoundDeal { deal, shop })
}

impl NetworkClient {
    async fn shop(&self) -> Result<Shop> {
        let market = self.file.market.ok_or(MarketError::NoMarket)?;
        let chain = self.ledger.chain(self.file.chain_id).await?;
        Ok(Shop::open(chain, market.catalogue, Some(&self.file)).await?)
    }
}

#[wasm_bindgen]
impl FoundDeal {
    /// What a person decides by.
    #[wasm_bindgen(getter)]
    pub fn told(&self) -> JsValue {
        let deal = &self.deal;
        let price = deal.offer.as_ref().map(|offer| {
            json!({
                "amount": self.shop.currencies().show(offer.price),
                "token": offer.price.token.to_checksum(None),
                "units": offer.price.units.to_string(),
            })
        });
        let finite = deal.lasts.filter(|lasts| *lasts != u64::MAX);
        let licence = deal.offer.as_ref().and_then(|offer| offer.licence);
        to_js(&json!({
            "title": deal.listing.title,
            "seller": deal.listing.seller.to_checksum(None),
            "mayRead": deal.offer.is_none(),
            "price": price,
            "lastsSeconds": finite,
            "soldBy": deal.listing.sale.to_checksum(None),
            "soldByKnownAs": deal.known_as,
            "licence": licence,
            "asksForMore": deal.asks_for_more,
        }))
    }

    /// What the reader signs to accept the offer's licence, which has this text; EIP-712, as JSON.
    ///
    /// # Errors
    /// `other_licence`, and what is wrong with endpoints.
    pub async fn acceptance(
        &self,
        text: Vec<u8>,
        aborted: Option<Promise>,
    ) -> std::result::Result<String, JsValue> {
        let asked = async {
            let offer = self.deal.offer.as_ref();
            let offer = offer.filter(|offer| offer.licence.is_some());
            let offer = offer.ok_or_else(|| Failure::argument("there is no licence to accept"))?;
            let licence = Licence::of(&text);
            licence.check(offer)?;
            let chain = self.shop.chain();
            let subject = subject_of(chain, offer).await?;
            Ok(licence.typed_data(chain.id(), offer, subject).to_string())
        };
        unless(aborted, asked).await
    }

    /// The transactions that take the offer, for `payer`, in order: `[{ what, to, value, data }]`, values
    /// in hex. Each must be mined before the next is sent.
    ///
    /// # Errors
    /// `too_little_money`, and what is wrong with endpoints.
    pub async fn purchase(
        &self,
        payer: String,
        consent: Option<String>,
        aborted: Option<Promise>,
    ) -> std::result::Result<JsValue, JsValue> {
        let steps = async {
            let Some(offer) = &self.deal.offer else {
                return Ok(to_js(&json!([])));
            };
            let consent = consent.unwrap_or_else(|| "0x".to_owned());
            let consent = consent
                .parse()
                .map_err(|_| Failure::argument("the consent is no hex"))?;
            let steps = self.shop.purchase(address(&payer)?, offer, consent).await?;
            let steps = steps.iter().map(|step| {
                json!({
                    "what": step.what,
                    "to": step.to.to_checksum(None),
                    "value": format!("{:#x}", step.value),
                    "data": step.data,
                })
            });
            Ok(to_js(&steps.collect::<serde_json::Value>()))
        };
        unless(aborted, steps).await
    }
}
