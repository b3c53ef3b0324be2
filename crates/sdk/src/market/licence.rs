//! A licence: a text that a reader accepts by a signature, which the sale records.

use alloy::sol_types::{SolStruct, eip712_domain};
use serde_json::{Value, json};
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

/// The EIP-712 domain of sales.
const NAME: &str = "Stheno Sale";
/// And its version.
const VERSION: &str = "1";

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

    /// What the reader's wallet signs to accept it, as `eth_signTypedData_v4` takes it.
    #[must_use]
    pub fn typed_data(&self, chain: ChainId, offer: &Offer, subject: B256) -> Value {
        let fields = |list: &[(&str, &str)]| -> Value {
            let fields = list.iter();
            fields
                .map(|(name, kind)| json!({ "name": name, "type": kind }))
                .collect()
        };
        json!({
            "types": {
                "EIP712Domain": fields(&[
                    ("name", "string"),
                    ("version", "string"),
                    ("chainId", "uint256"),
                    ("verifyingContract", "address"),
                ]),
                "LicenceAcceptance": fields(&[
                    ("subject", "bytes32"),
                    ("licence", "bytes32"),
                    ("reader", "address"),
                ]),
            },
            "primaryType": "LicenceAcceptance",
            "domain": {
                "name": NAME,
                "version": VERSION,
                "chainId": chain,
                "verifyingContract": offer.sale,
            },
            "message": {
                "subject": subject,
                "licence": self.0,
                "reader": offer.reader,
            },
        })
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
        name: NAME,
        version: VERSION,
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

#[cfg(test)]
mod tests {
    use alloy_dyn_abi::TypedData;
    use alloy_primitives::U256;

    use super::*;
    use crate::market::Money;

    #[test]
    fn typed_data_of_a_wallet_hashes_to_what_a_key_signs() {
        let (licence, subject) = (Licence::of(b"read, and do not copy"), B256::repeat_byte(1));
        let offer = Offer {
            sale: Address::repeat_byte(2),
            what: B256::repeat_byte(3),
            reader: Address::repeat_byte(4),
            price: Money {
                token: Address::repeat_byte(5),
                units: U256::ONE,
            },
            licence: Some(licence.hash()),
            expires: None,
        };
        let data = licence.typed_data(314, &offer, subject);
        let data: TypedData = serde_json::from_value(data).unwrap();
        assert_eq!(
            data.eip712_signing_hash().unwrap(),
            digest(314, offer.sale, subject, licence.hash(), offer.reader)
        );
    }
}
