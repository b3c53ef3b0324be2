//! A purchase that its payer signs and somebody else sends: the payer needs no FIL.
//!
//! Two signatures: over the purchase (contracts/src/interfaces/ISale.sol), which accepts the licence
//! too where the payer reads, and over a permit of its price (ERC-2612) to the sale. Whoever sends them
//! pays the gas and can do nothing else with them.

use alloy::sol_types::{Eip712Domain, SolStruct, eip712_domain};
use alloy_primitives::U256;
use serde::{Deserialize, Serialize};
use stheno_chain::{
    Block, Chain, Sender, Sent,
    contracts::{
        DevnetDollarContract as erc20,
        SaleContract::{self, Purchase},
    },
};
use stheno_protocol::{Address, B256, Bytes, ChainId};

use super::{FIL, MarketError, Offer, Shop};
use crate::Wallet;

alloy::sol! {
    /// ERC-2612.
    struct Permit {
        address owner;
        address spender;
        uint256 value;
        uint256 nonce;
        uint256 deadline;
    }
}

/// A purchase that anybody may send, once and until its deadline. No secret.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedPurchase {
    /// The chain.
    pub chain_id: ChainId,
    /// The contract that sells.
    pub sale: Address,
    /// What is bought, as the sale names it.
    pub item: B256,
    /// Who will read.
    pub reader: Address,
    /// Who pays, and signed.
    pub payer: Address,
    /// The token.
    pub token: Address,
    /// The most that is paid.
    pub price: U256,
    /// The licence that is accepted; zero for none.
    pub licence: B256,
    /// The payer's number at the sale.
    pub nonce: U256,
    /// Until when it may be sent, in seconds since 1970; the permit's, too.
    pub deadline: u64,
    /// Over all of this.
    pub signature: Bytes,
    /// Over the permit.
    pub permit: Bytes,
    /// The reader's to the licence, where the payer is another.
    pub consent: Bytes,
}

impl Shop {
    /// Signs an offer for somebody else to send until `deadline`, in seconds since 1970.
    ///
    /// # Errors
    /// [`MarketError::NoPermit`] when it is paid in FIL, or the token takes no permits;
    /// [`MarketError::Wallet`], [`MarketError::Chain`].
    pub async fn sign(
        &self,
        wallet: &Wallet,
        offer: &Offer,
        consent: Bytes,
        deadline: u64,
    ) -> Result<SignedPurchase, MarketError> {
        let (chain, payer, token) = (self.chain(), wallet.address(), offer.price.token);
        if token == FIL {
            let why = "nobody can draw FIL from another account".to_owned();
            return Err(MarketError::NoPermit { token, why });
        }
        let at = chain.head().await?;
        let nonce = SaleContract::noncesCall { payer };
        let nonce = chain.read(at.hash, offer.sale, &nonce).await?;
        let purchase = Purchase {
            item: offer.what,
            reader: offer.reader,
            payer,
            token,
            price: offer.price.units,
            licence: offer.licence.unwrap_or_default(),
            nonce,
            deadline: U256::from(deadline),
        };
        let domain = eip712_domain! {
            name: "Stheno Sale",
            version: "1",
            chain_id: chain.id(),
            verifying_contract: offer.sale,
        };
        let signature = wallet.sign(purchase.eip712_signing_hash(&domain))?;
        let (domain, nonce) = permit_domain(chain, at, token, payer).await?;
        let permit = Permit {
            owner: payer,
            spender: offer.sale,
            value: offer.price.units,
            nonce,
            deadline: U256::from(deadline),
        };
        let permit = wallet.sign(permit.eip712_signing_hash(&domain))?;
        Ok(SignedPurchase {
            chain_id: chain.id(),
            sale: offer.sale,
            item: purchase.item,
            reader: purchase.reader,
            payer,
            token,
            price: purchase.price,
            licence: purchase.licence,
            nonce: purchase.nonce,
            deadline,
            signature,
            permit,
            // The purchase accepts the licence itself where the payer reads.
            consent: match payer == offer.reader {
                true => Bytes::new(),
                false => consent,
            },
        })
    }
}

impl SignedPurchase {
    /// Sends it, for whoever signed it. The sender pays the gas.
    ///
    /// # Errors
    /// [`MarketError::OtherChain`], [`MarketError::Send`].
    pub async fn send(&self, sender: &Sender) -> Result<Sent, MarketError> {
        let (expected, found) = (self.chain_id, sender.chain().id());
        if expected != found {
            return Err(MarketError::OtherChain { expected, found });
        }
        let deadline = U256::from(self.deadline);
        let call = SaleContract::buyBySignatureCall {
            purchase: Purchase {
                item: self.item,
                reader: self.reader,
                payer: self.payer,
                token: self.token,
                price: self.price,
                licence: self.licence,
                nonce: self.nonce,
                deadline,
            },
            signature: self.signature.clone(),
            permit: SaleContract::Permit {
                deadline,
                signature: self.permit.clone(),
            },
            consent: self.consent.clone(),
        };
        let sent = sender.call(self.sale, &call).await;
        sent.map_err(MarketError::send("sending the purchase"))
    }
}

/// What permits of a token are signed under, and the owner's next number.
async fn permit_domain(
    chain: &Chain,
    at: Block,
    token: Address,
    owner: Address,
) -> Result<(Eip712Domain, U256), MarketError> {
    let no_permit = |why: String| MarketError::NoPermit { token, why };
    let separator = erc20::DOMAIN_SEPARATORCall {};
    let separator = chain.read(at.hash, token, &separator).await;
    let separator = separator.map_err(|error| no_permit(error.to_string()))?;
    let nonce = chain
        .read(at.hash, token, &erc20::noncesCall { owner })
        .await;
    let nonce = nonce.map_err(|error| no_permit(error.to_string()))?;
    let domain = |name: String, version: String| {
        eip712_domain! {
            name: name,
            version: version,
            chain_id: chain.id(),
            verifying_contract: token,
        }
    };
    // By ERC-5267 where the token has it; older ones have version 1, most of them.
    let said = chain
        .read(at.hash, token, &erc20::eip712DomainCall {})
        .await;
    let domain = match said {
        Ok(said) => domain(said.name, said.version),
        Err(_) => {
            let name = chain.read(at.hash, token, &erc20::nameCall {}).await?;
            domain(name, "1".to_owned())
        }
    };
    match domain.separator() == separator {
        true => Ok((domain, nonce)),
        false => Err(no_permit("its EIP-712 domain is not known here".to_owned())),
    }
}
