//! A licence: a text that a reader accepts by a signature, which the sale records.

use alloy::sol_types::{SolStruct, eip712_domain};
use sha2::{Digest, Sha256};
use stheno_chain::{Chain, contracts::SaleContract};
use stheno_protocol::{Address, B256, Bytes, ChainId};

use super::{MarketError, Offer};
use crate::Wallet;

alloy::sol! {
    /// As contracts/src/interfaces/ILicensing.sol has it.
    struct LicenceAcceptance {
        bytes32 subject;
        bytes32 licence;
        address reader;
    }
}

/// A text, by its SHA-256.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Licence(B256);

impl Licence {
    /// The licence with this text, byte for byte.
    pub fn of(text: &[u8]) -> Self {
        Self(B256::from(<[u8; 32]>::from(Sha256::digest(text))))
    }

    /// Its hash, as sales name it.
    pub fn hash(&self) -> B256 {
        self.0
    }

    /// Whether an offer's licence is this one.
    ///
    /// # Errors
    /// [`MarketError::OtherLicence`].
    pub fn check(&self, offer: &Offer) -> Result<(), MarketError> {
        match offer.licence {
            Some(licence) if licence != self.0 => Err(MarketError::OtherLicence {
                given: self.0,
                licence,
            }),
            _ => Ok(()),
        }
    }

    /// Accepts it for the offer's reader, whose key the wallet has; of a contract, whose owner's.
    ///
    /// # Errors
    /// [`MarketError::Wallet`].
    pub fn accept(
        &self,
        wallet: &Wallet,
        chain: ChainId,
        offer: &Offer,
        subject: B256,
    ) -> Result<Bytes, MarketError> {
        let digest = digest(chain, offer.sale, subject, self.0, offer.reader);
        Ok(wallet.sign(digest)?)
    }
}

/// What a licence is about when this offer is taken: the item, or all that the sale sells.
///
/// # Errors
/// [`MarketError::Chain`].
pub async fn subject_of(chain: &Chain, offer: &Offer) -> Result<B256, MarketError> {
    let at = chain.head().await?.hash;
    let call = SaleContract::subjectOfCall { item: offer.what };
    Ok(chain.read(at, offer.sale, &call).await?)
}

fn digest(chain: ChainId, sale: Address, subject: B256, licence: B256, reader: Address) -> B256 {
    let domain = eip712_domain! {
        name: "Stheno Sale",
        version: "1",
        chain_id: chain,
        verifying_contract: sale,
    };
    let acceptance = LicenceAcceptance {
        subject,
        licence,
        reader,
    };
    acceptance.eip712_signing_hash(&domain)
}
