//! Taking an offer: what has to be sent, and sending it.

use alloy_primitives::U256;
use alloy_sol_types::SolCall;
use stheno_chain::{Block, Sender, Sent, contracts::DevnetDollarContract as erc20};
use stheno_protocol::{Address, Bytes};

use super::{FIL, MarketError, Money, Offer, Shop};

/// A transaction of a payment, for whatever has the payer's key: a wallet in a browser, say.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PaymentStep {
    /// What it does, as in "buying".
    pub what: &'static str,
    /// The contract that is called.
    pub to: Address,
    /// What is sent along, in the smallest unit of the chain's own currency.
    pub value: U256,
    /// The call.
    pub data: Bytes,
}

impl PaymentStep {
    async fn send(self, sender: &Sender) -> Result<Sent, MarketError> {
        let sent = sender.send(Some(self.to), self.data, self.value).await;
        sent.map_err(MarketError::send(self.what))
    }
}

/// All of a payment.
struct Payment {
    /// Where the price is in a token, and not allowed yet.
    allow: Option<PaymentStep>,
    buy: PaymentStep,
}

impl Shop {
    /// What `payer` has to send to take an offer, in this order: where the price is in a token and not
    /// allowed yet, that the sale may take it; and the purchase. Each must be mined before the next is
    /// sent, and then the reader may read as soon as that is final.
    ///
    /// `consent` is the reader's to the licence. The price can fall on the way, and not rise.
    ///
    /// # Errors
    /// [`MarketError::Funds`] when the payer has too little; [`MarketError::Chain`].
    pub async fn purchase(
        &self,
        payer: Address,
        offer: &Offer,
        consent: Bytes,
    ) -> Result<Vec<PaymentStep>, MarketError> {
        let payment = self.payment(payer, offer, consent).await?;
        Ok(payment.allow.into_iter().chain([payment.buy]).collect())
    }

    /// Takes an offer: sends what [`purchase`](Self::purchase) gives, and waits until it is mined.
    ///
    /// # Errors
    /// As there; [`MarketError::Send`].
    pub async fn pay(
        &self,
        sender: &Sender,
        offer: &Offer,
        consent: Bytes,
    ) -> Result<Sent, MarketError> {
        let payment = self.payment(sender.address(), offer, consent).await?;
        if let Some(allow) = payment.allow {
            allow.send(sender).await?;
        }
        payment.buy.send(sender).await
    }

    async fn payment(
        &self,
        payer: Address,
        offer: &Offer,
        consent: Bytes,
    ) -> Result<Payment, MarketError> {
        let price = offer.price;
        let at = self.chain().head().await?;
        let balance = self.balance(at, price.token, payer).await?;
        if balance < price.units {
            let told = |units| self.currencies().show(Money { units, ..price });
            return Err(MarketError::Funds {
                account: payer,
                balance: told(balance),
                price: told(price.units),
            });
        }
        let allow = match price.token == FIL {
            true => None,
            false => self.allow(at, payer, offer).await?,
        };
        let buy = PaymentStep {
            what: "buying",
            to: offer.sale,
            value: offer.value(),
            data: offer.call(consent).abi_encode().into(),
        };
        Ok(Payment { allow, buy })
    }

    async fn allow(
        &self,
        at: Block,
        payer: Address,
        offer: &Offer,
    ) -> Result<Option<PaymentStep>, MarketError> {
        let (token, spender) = (offer.price.token, offer.sale);
        let allowance = erc20::allowanceCall {
            owner: payer,
            spender,
        };
        let allowance = self.chain().read(at.hash, token, &allowance).await?;
        if allowance >= offer.price.units {
            return Ok(None);
        }
        // The price and no more: what is allowed beyond it could be taken later.
        let approve = erc20::approveCall {
            spender,
            value: offer.price.units,
        };
        Ok(Some(PaymentStep {
            what: "allowing the sale to take the price",
            to: token,
            value: U256::ZERO,
            data: approve.abi_encode().into(),
        }))
    }

    async fn balance(&self, at: Block, token: Address, of: Address) -> Result<U256, MarketError> {
        if token == FIL {
            let balance = self.chain().balance(at.hash, of).await;
            // What cannot be told here, the transaction will.
            return Ok(balance.unwrap_or(U256::MAX));
        }
        let balance = erc20::balanceOfCall { account: of };
        Ok(self.chain().read(at.hash, token, &balance).await?)
    }
}
