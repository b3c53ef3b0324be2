//! Selling encrypted folders, and buying the right to read them.
//!
//! A seller registers an item of the network's [registry](crate::NetworkFile::market), seals a folder to it,
//! sets a price, and lists it ([`Seller`]). A buyer follows a [`SaleLink`], sees what is asked and by whom
//! ([`Shop::deal`]), pays ([`Shop::pay`], or by what [`Shop::purchase`] says), and reads as anybody whose right is on the chain.
//!
//! Items, terms and who may read are [`access`](crate::access)'s.
//!
//! | module | idea |
//! |---|---|
//! | `seller` | from a folder's manifest to a listing, in steps that are made once however often they are asked for |
//! | `shop` | what is listed, what it costs, whether paying is enough |
//! | `goods` | what is stored, looked at before anything is paid |
//! | `offer` | the call that buys, decoded and compared with what is shown |
//! | `payment` | what has to be sent, and sending it |
//! | `relay` | a purchase that its payer signs and somebody else sends |
//! | `licence` | a text that the reader accepts by a signature |
//! | `money` | amounts as people write them |
//! | `link` | where something is for sale and where it is stored |
//!
//! # What a buyer trusts
//!
//! Not the link, nor the catalogue, nor an endpoint that stands alone: contracts are those of the network file,
//! reads go to all endpoints. Before anything is paid it is certain that the files are sealed to the item that is sold,
//! that the registry's terms let read who paid *this* contract, that the call is [`ISale.buyFor`] with the
//! reader, token and price that are shown, and nothing else. What is not certain is an error, and nothing is paid.
//!
//! [`ISale.buyFor`]: stheno_chain::contracts::SaleContract

mod error;
mod goods;
mod licence;
mod link;
mod money;
mod offer;
mod payment;
mod relay;
mod seller;
mod shop;

pub use error::MarketError;
pub use goods::look;
pub use licence::{Licence, subject_of};
pub use link::SaleLink;
pub use money::{Currencies, FIL, Money};
pub use offer::Offer;
pub use payment::PaymentStep;
pub use relay::SignedPurchase;
pub use seller::{Asked, Seller, Step, Wares};
pub use shop::{Deal, Listing, Shop};
