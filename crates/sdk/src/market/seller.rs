//! From an encrypted folder to a listing, in steps that are made once however often they are asked for.

use alloy_primitives::U256;
use alloy_sol_types::SolCall;
use stheno_chain::{
    Chain, ChainError, Sender, Sent,
    contracts::{CatalogueContract as catalogue, PayPerAccessContract as item_sale},
};
use stheno_crypto::NetworkId;
use stheno_envelope::PieceCid;
use stheno_protocol::{Address, B256, ItemId, Policy, PolicyError};

use super::{MarketError, Money};
use crate::{
    Market, NetworkFile,
    access::{AccessRegistry, Changes, Kind, Terms},
};

/// An account that sells, in the market of a network.
#[derive(Clone, Debug)]
pub struct Seller {
    sender: Sender,
    market: Market,
}

/// What a seller asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asked {
    /// The price.
    pub price: Money,
    /// Who gets it; a `Splitter` for many.
    pub payee: Address,
    /// SHA-256 of the licence that readers accept; zero for none.
    pub licence: B256,
    /// How many seconds a purchase lasts; `u64::MAX` for good.
    pub duration: u64,
    /// Until when it is sold, in seconds since 1970; `u64::MAX` for no end.
    pub expires: u64,
}

/// What a seller says of a folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wares {
    /// A name for people, 1 to 128 bytes.
    pub title: String,
    /// The piece of the encrypted manifest.
    pub manifest: PieceCid,
    /// Bytes that are stored.
    pub bytes: u64,
    /// The network that the folder is sealed to.
    pub network: NetworkId,
    /// The data set of its storage proofs; zero for none.
    pub data_set: U256,
}

/// What became of a step.
#[derive(Clone, Debug)]
pub enum Step {
    /// A transaction did it.
    Done(Sent),
    /// It was done before.
    Already,
}

impl Seller {
    /// An account that sells.
    ///
    /// # Errors
    /// [`MarketError::NoMarket`]; [`MarketError::OtherChain`] when the sender is on another chain.
    pub fn new(sender: Sender, network: &NetworkFile) -> Result<Self, MarketError> {
        let market = network.market.ok_or(MarketError::NoMarket)?;
        let (expected, found) = (network.chain_id, sender.chain().id());
        match expected == found {
            true => Ok(Self { sender, market }),
            false => Err(MarketError::OtherChain { expected, found }),
        }
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.sender.address()
    }

    /// The market's contracts.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// The item that this account registers with a salt, and nobody else can.
    pub fn item(&self, salt: B256) -> ItemId {
        self.registry().item_id(self.address(), salt)
    }

    /// The policy of what is sold: what the registry says.
    ///
    /// # Errors
    /// Never: there is one leaf.
    pub fn policy(&self) -> Result<Policy, PolicyError> {
        self.registry().policy()
    }

    /// Registers the item of a salt, and lets read whom its owner grants it and who paid.
    ///
    /// # Errors
    /// [`MarketError::NotForSale`] when its owner set other terms meanwhile; [`MarketError::Send`].
    pub async fn register(&self, salt: B256) -> Result<Step, MarketError> {
        let id = B256::from(*self.item(salt).as_bytes());
        let sale = self.market.pay_per_access;
        let registry = self.registry().at_head();
        let changes = match registry.find(id).await? {
            None => Changes::new().register(salt),
            Some(found) if found.kind == Kind::Item && found.owner == self.address() => {
                match registry.terms(id).await? {
                    None => Changes::new(),
                    Some(terms) if terms.asks_for_payment_to(sale) => return Ok(Step::Already),
                    Some(_) => {
                        return Err(MarketError::NotForSale {
                            listed: id,
                            why: format!("its terms do not ask for a payment to {sale}"),
                        });
                    }
                }
            }
            Some(found) => {
                return Err(MarketError::NotTheOwner {
                    id,
                    account: self.address(),
                    owner: found.owner,
                });
            }
        };
        let terms = Terms::Any(vec![Terms::Granted, Terms::Paid(sale)]);
        let changes = changes.set_terms(id, Some(&terms))?;
        Ok(Step::Done(registry.send(&self.sender, &changes).await?))
    }

    /// Puts an item on sale.
    ///
    /// # Errors
    /// [`MarketError::Nothing`], [`MarketError::Send`].
    pub async fn set_price(&self, item: &ItemId, asked: &Asked) -> Result<Step, MarketError> {
        let units = asked.price.units;
        if units.is_zero() {
            return Err(MarketError::Nothing { units });
        }
        let id = B256::from(*item.as_bytes());
        let price = item_sale::Price {
            token: asked.price.token,
            amount: units,
            payee: asked.payee,
            licence: asked.licence,
            duration: asked.duration,
            expires: asked.expires,
        };
        let sale = self.market.pay_per_access;
        let at = self.chain().head().await?.hash;
        let price_of = item_sale::priceOfCall { id };
        match self.chain().read(at, sale, &price_of).await {
            Ok(now) if now == price => return Ok(Step::Already),
            // Nothing is asked yet.
            Ok(_) | Err(ChainError::Refused { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let set = item_sale::setPriceCall { id, price };
        self.send("setting the price", sale, &set).await
    }

    /// Lists an item that is on sale.
    ///
    /// # Errors
    /// [`MarketError::Send`].
    pub async fn list(&self, item: &ItemId, wares: &Wares) -> Result<Step, MarketError> {
        let item = B256::from(*item.as_bytes());
        let listing = catalogue::Listing {
            title: wares.title.clone(),
            manifest: wares.manifest.to_bytes().into(),
            sample: Default::default(),
            size: wares.bytes,
            network: B256::from(*wares.network.as_bytes()),
            dataSet: wares.data_set,
            offer: self.market.pay_per_access,
        };
        let place = self.market.catalogue;
        let at = self.chain().head().await?.hash;
        let entry_of = catalogue::entryOfCall { item };
        match self.chain().read(at, place, &entry_of).await {
            Ok(now) if now.listing == listing => return Ok(Step::Already),
            Ok(_) | Err(ChainError::Refused { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let list = catalogue::listCall { item, listing };
        self.send("listing it", place, &list).await
    }

    fn chain(&self) -> &Chain {
        self.sender.chain()
    }

    fn registry(&self) -> AccessRegistry {
        AccessRegistry::new(self.chain().clone(), self.market.registry)
    }

    async fn send<C: SolCall>(
        &self,
        what: &'static str,
        to: Address,
        call: &C,
    ) -> Result<Step, MarketError> {
        let sent = self.sender.call(to, call).await;
        sent.map(Step::Done).map_err(MarketError::send(what))
    }
}
