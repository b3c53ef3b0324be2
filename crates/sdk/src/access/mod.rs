//! Access that changes: items of an on-chain registry, and the terms on which they are read.
//!
//! A file is sealed once, to an item of an [`AccessRegistry`] under the [policy](AccessRegistry::policy)
//! that asks it. Who may open it is then said in the registry, by [`Terms`], grants and roles, and
//! changed there; the stored bytes stay as they are.
//!
//! ```no_run
//! # async fn run(chain: stheno::chain::Chain, registry: stheno::protocol::Address,
//! #     wallet: stheno::Wallet, reader: stheno::protocol::Address,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! use stheno::access::{AccessRegistry, Changes, Terms, fresh_salt};
//!
//! let registry = AccessRegistry::new(chain.clone(), registry);
//! let (sender, salt) = (wallet.sender(chain), fresh_salt()?);
//! let item = registry.item_id(wallet.address(), salt);
//! let id = item.as_bytes().into();
//! let changes = Changes::new().register(salt).set_terms(id, Some(&Terms::Granted))?;
//! registry.send(&sender, &changes).await?; // one transaction
//!
//! // Once it is final: what to encrypt with, by `Client::encrypt`.
//! let sealing = registry.item_to_seal(wallet.address(), salt).await?;
//! let (policy, options) = (&sealing.policy, sealing.options(Default::default()));
//! # let _ = (policy, options);
//! // Whenever: another reader.
//! registry.send(&sender, &Changes::new().grant(id, &[reader], u64::MAX)?).await?;
//! # Ok(()) }
//! ```
//!
//! # What is checked, and where
//!
//! Ids are computed here: [`AccessRegistry::item_to_seal`] and [`AccessRegistry::period_to_seal`] hand
//! out no id that an endpoint could have made up, so nobody can pass a writer another's item. Reads go
//! to the final head, through endpoints that agree; [`AccessRegistry::at_head`] reads newer, less
//! certain blocks. Changes are checked before they are sent, as far as they can be.
//!
//! What is absent: selling, which the market's contracts do.

mod changes;
mod error;
mod json;
mod judged;
mod postfix;
mod registry;
mod roles;
mod seal;
mod terms;

pub use changes::Changes;
pub use error::AccessError;
pub use judged::Judged;
pub use registry::{AccessRegistry, Kind, Period, Resource};
pub use roles::Roles;
pub use seal::Sealing;
pub use terms::{MAX_TERMS, Terms, TermsError};

use stheno_protocol::B256;

use crate::{Error, entropy::fresh};

/// A salt for an item, a collection or a period, from the operating system.
///
/// # Errors
/// [`Error::Entropy`].
pub fn fresh_salt() -> Result<B256, Error> {
    Ok(B256::from(*fresh::<32>()?))
}
