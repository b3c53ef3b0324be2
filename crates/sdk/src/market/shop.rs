//! What is for sale, for how much, and whether paying is enough.

use alloy_primitives::U256;
use stheno_chain::{
    Block, Chain,
    contracts::{
        CatalogueContract as catalogue, EscrowContract as escrow,
        PayPerAccessContract as item_sale, SaleContract as sale,
    },
};
use stheno_crypto::NetworkId;
use stheno_envelope::{Header, PieceCid, Recipient, recipient::PolicyField};
use stheno_protocol::{
    Address, B256, Bytes, ItemId, Policy, Truth,
    policy::{Leaf, Rule},
};

use super::{Currencies, MarketError, Offer};
use crate::{Market, NetworkFile, access::AccessRegistry};

/// A catalogue, its registry, and what the network file says of them.
#[derive(Clone, Debug)]
pub struct Shop {
    chain: Chain,
    catalogue: Address,
    registry: AccessRegistry,
    /// The network's own contracts, where a network file was given.
    known: Option<Market>,
    /// The only network that is read from, where a network file was given.
    network: Option<NetworkId>,
    currencies: Currencies,
}

/// What a seller says of a folder.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Listing {
    /// A name for people. Anybody wrote it.
    pub title: String,
    /// Who listed it last.
    pub seller: Address,
    /// When, in seconds since 1970.
    pub updated: u64,
    /// The piece of the encrypted manifest, if it is one.
    pub manifest: Option<PieceCid>,
    /// Bytes that are stored.
    pub bytes: u64,
    /// The network that the folder is sealed to.
    pub network: NetworkId,
    /// The data set of its storage proofs, if there is one.
    pub data_set: Option<U256>,
    /// Who sells it.
    pub sale: Address,
}

/// What can be had, and what it takes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deal {
    /// What the seller says.
    pub listing: Listing,
    /// What is listed: the item, or its collection.
    pub listed: B256,
    /// What the files are sealed to.
    pub item: ItemId,
    /// What it takes; none when the reader may read already.
    pub offer: Option<Offer>,
    /// What the network file calls the contract that sells; none when it does not name it.
    pub known_as: Option<&'static str>,
    /// How many seconds a purchase lasts, `u64::MAX` for good; none where the sale does not say.
    pub lasts: Option<u64>,
    /// Whether the files' policy asks for more than the registry's terms.
    pub asks_for_more: bool,
}

impl Shop {
    /// The shop of a catalogue. With a network file, it must be the network's.
    ///
    /// # Errors
    /// [`MarketError::OtherMarket`], [`MarketError::NoMarket`], [`MarketError::Chain`].
    pub async fn open(
        chain: Chain,
        catalogue: Address,
        network: Option<&NetworkFile>,
    ) -> Result<Self, MarketError> {
        let known = match network {
            Some(network) => Some(network.market.ok_or(MarketError::NoMarket)?),
            None => None,
        };
        if let Some(network) = network.filter(|network| network.chain_id != chain.id()) {
            let (expected, found) = (network.chain_id, chain.id());
            return Err(MarketError::OtherChain { expected, found });
        }
        let at = chain.head().await?.hash;
        let registry = catalogue::registryCall {};
        let registry = chain.read(at, catalogue, &registry).await?;
        let same = |what, found: Address, expected: Address| match found == expected {
            true => Ok(()),
            false => Err(MarketError::OtherMarket {
                what,
                found,
                expected,
            }),
        };
        if let Some(market) = &known {
            same("the catalogue", catalogue, market.catalogue)?;
            same("the catalogue's registry", registry, market.registry)?;
        }
        Ok(Self {
            registry: AccessRegistry::new(chain.clone(), registry),
            chain,
            catalogue,
            known,
            network: network.map(NetworkFile::network_id),
            currencies: network.map_or_else(Currencies::fil, Currencies::of),
        })
    }

    /// What amounts are told in.
    pub fn currencies(&self) -> &Currencies {
        &self.currencies
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What `reader` can have of a folder with this header, and what it takes. All of it is read at
    /// one block.
    ///
    /// # Errors
    /// [`MarketError::NotForSale`]; [`MarketError::NotTheseFiles`] when the folder is sealed to
    /// something else; [`MarketError::UnknownOffer`], [`MarketError::BadOffer`];
    /// [`MarketError::MoreThanMoney`] when paying would not let the reader read.
    pub async fn deal(
        &self,
        listed: B256,
        header: &Header,
        reader: Address,
    ) -> Result<Deal, MarketError> {
        let at = self.chain.head().await?;
        let (item, asks_for_more) = self.sealed_to(header)?;
        let listing = self.listing_at(at, listed).await?;
        let id = B256::from(*item.as_bytes());
        let registry = self.registry.clone().at(at);
        let collection = registry.find(id).await?.and_then(|found| found.collection);
        let ids = [Some(id), collection];
        if !ids.contains(&Some(listed)) {
            return Err(MarketError::NotTheseFiles {
                why: format!("they are sealed to {id}, and {listed} is sold"),
            });
        }
        let judged = registry.explain(reader, id, Bytes::new()).await?;
        let may_read = judged.as_ref().is_some_and(|now| now.truth == Truth::True);
        let mut deal = Deal {
            known_as: self.known.and_then(|market| market.name_of(listing.sale)),
            lasts: None,
            listed,
            item,
            offer: None,
            asks_for_more,
            listing,
        };
        if may_read {
            return Ok(deal);
        }
        let sale = deal.listing.sale;
        let asking = judged.filter(|now| now.terms.asks_for_payment_to(sale));
        let asking = asking.ok_or_else(|| MarketError::BadOffer {
            why: format!("the terms of {id} do not ask for a payment to {sale}"),
        })?;
        let offer = self.offer(at, sale, id, reader).await?;
        self.check_sold(at, &deal, &offer, ids).await?;
        if asking.after_payment_to(sale) != Truth::True {
            return Err(MarketError::MoreThanMoney { reader });
        }
        let price = item_sale::priceOfCall { id: offer.what };
        let price = self.chain.read(at.hash, offer.sale, &price).await;
        deal.lasts = price.ok().map(|price| price.duration);
        deal.offer = Some(offer);
        Ok(deal)
    }

    /// Whether `reader` may read `item`, by the registry at this block. What it cannot tell is no.
    ///
    /// # Errors
    /// [`MarketError::Access`].
    pub async fn may_read(
        &self,
        at: Block,
        item: &ItemId,
        reader: Address,
    ) -> Result<bool, MarketError> {
        let registry = self.registry.clone().at(at);
        let item = B256::from(*item.as_bytes());
        let truth = registry.can_read(reader, item, Bytes::new()).await?;
        Ok(truth == Truth::True)
    }

    /// What the seller says of what is listed.
    ///
    /// # Errors
    /// [`MarketError::NotForSale`] when it is not listed.
    pub async fn listing(&self, listed: B256) -> Result<Listing, MarketError> {
        let at = self.chain.head().await?;
        self.listing_at(at, listed).await
    }

    async fn listing_at(&self, at: Block, listed: B256) -> Result<Listing, MarketError> {
        let entry = catalogue::entryOfCall { item: listed };
        let entry = self.chain.read(at.hash, self.catalogue, &entry).await;
        let entry = entry.map_err(|error| not_for_sale(listed, error))?;
        let said = entry.listing;
        Ok(Listing {
            title: one_line(&said.title),
            seller: entry.seller,
            updated: entry.updated,
            manifest: PieceCid::from_bytes(&said.manifest).ok(),
            bytes: said.size,
            network: NetworkId::from_bytes(said.network.0),
            data_set: (!said.dataSet.is_zero()).then_some(said.dataSet),
            sale: said.offer,
        })
    }

    async fn offer(
        &self,
        at: Block,
        from: Address,
        item: B256,
        reader: Address,
    ) -> Result<Offer, MarketError> {
        let offer = sale::offerCall { item, reader };
        let offer = self.chain.read(at.hash, from, &offer).await;
        let offer = offer.map_err(|error| not_for_sale(item, error))?;
        Offer::decode(from, reader, &offer)
    }

    /// The item that a folder is sealed to under a policy that asks this registry, and whether the policy
    /// asks for more.
    fn sealed_to(&self, header: &Header) -> Result<(ItemId, bool), MarketError> {
        let (chain, registry) = (self.chain.id(), self.registry.address());
        let mut hidden = false;
        for recipient in header.recipients() {
            let Recipient::Threshold(recipient) = recipient else {
                continue;
            };
            if self
                .network
                .is_some_and(|known| known != recipient.network())
            {
                continue;
            }
            let PolicyField::Bytes(bytes) = recipient.policy() else {
                hidden = true;
                continue;
            };
            let Ok(policy) = Policy::from_cbor(bytes) else {
                continue;
            };
            let asks = |leaf: &Leaf| matches!(leaf, Leaf::Grant(grant) if grant.chain == chain && grant.registry == registry);
            if policy.rule().leaves().any(asks) {
                let alone = matches!(policy.rule(), Rule::Leaf(leaf) if asks(leaf));
                return Ok((*recipient.item(), !alone));
            }
        }
        Err(MarketError::NotTheseFiles {
            why: match hidden {
                true => "their policy is hidden".to_owned(),
                false => format!("no policy of theirs, for this network, asks registry {registry}"),
            },
        })
    }

    /// What the call buys is the item or its collection, or a sale of one of them in escrow.
    async fn check_sold(
        &self,
        at: Block,
        deal: &Deal,
        offer: &Offer,
        ids: [Option<B256>; 2],
    ) -> Result<(), MarketError> {
        if ids.contains(&Some(offer.what)) {
            return Ok(());
        }
        if deal.known_as == Some("Escrow") {
            let info = escrow::saleInfoCall { sale: offer.what };
            let info = self.chain.read(at.hash, offer.sale, &info).await?;
            if ids.contains(&Some(info.id)) {
                return Ok(());
            }
        }
        Err(MarketError::BadOffer {
            why: format!("its call buys {}, which is something else", offer.what),
        })
    }
}

fn not_for_sale(listed: B256, error: stheno_chain::ChainError) -> MarketError {
    match error {
        stheno_chain::ChainError::Refused { reason, .. } => MarketError::NotForSale {
            listed,
            why: reason.to_string(),
        },
        other => other.into(),
    }
}

/// What a stranger wrote, as one line that does nothing to a terminal.
fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(shown).collect()
}
