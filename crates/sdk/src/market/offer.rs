//! What is asked for, and the call that takes it: decoded, and compared with what is shown.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolCall;
use stheno_chain::contracts::SaleContract;
use stheno_protocol::{Address, B256, FixedBytes};

use super::{MarketError, Money};

/// An offer whose call is known: one of `ISale.buyFor`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offer {
    /// The contract that sells, which the call goes to.
    pub sale: Address,
    /// What to buy, as the sale names it: the item, its collection, or the sale of either.
    pub what: B256,
    /// Who will read.
    pub reader: Address,
    /// What it costs, and the most that the call lets the sale take.
    pub price: Money,
    /// SHA-256 of the licence that the reader accepts; none without one.
    pub licence: Option<B256>,
    /// Until when it holds, in seconds since 1970; none without an end.
    pub expires: Option<u64>,
}

impl Offer {
    /// Decodes what a contract offers to `reader`, and refuses what it does not say plainly.
    ///
    /// # Errors
    /// [`MarketError::UnknownOffer`] when it asks for any other call; [`MarketError::BadOffer`] when
    /// the call is for another reader, price, or contract than the offer says.
    pub(super) fn decode(
        sale: Address,
        reader: Address,
        offer: &SaleContract::Offer,
    ) -> Result<Self, MarketError> {
        let bad = |why: &str| MarketError::BadOffer {
            why: why.to_owned(),
        };
        let selector = FixedBytes::from(offer.data.first_chunk().copied().unwrap_or_default());
        if selector != SaleContract::buyForCall::SELECTOR {
            return Err(MarketError::UnknownOffer { selector });
        }
        let call = SaleContract::buyForCall::abi_decode_validate(&offer.data)
            .map_err(|_| bad("its calldata does not decode"))?;
        if call.abi_encode() != offer.data {
            return Err(bad("its calldata says something beside the call"));
        }
        let problem = if offer.target != sale {
            "its call goes to another contract than the one that offers"
        } else if call.reader != reader {
            "its call is for another reader"
        } else if call.token != offer.token {
            "its call pays in another token than it says"
        } else if call.price != offer.amount {
            "its call pays another amount than it says"
        } else if offer.amount.is_zero() {
            "it costs nothing"
        } else if !call.consent.is_empty() {
            "its call brings a consent that nobody gave"
        } else {
            let finite = |time: u64| (time != u64::MAX).then_some(time);
            return Ok(Self {
                sale,
                what: call.item,
                reader,
                price: Money {
                    token: offer.token,
                    units: offer.amount,
                },
                licence: (!offer.licence.is_zero()).then_some(offer.licence),
                expires: finite(offer.expires),
            });
        };
        Err(bad(problem))
    }

    /// The call that buys, with the reader's consent to the licence.
    pub(super) fn call(&self, consent: Bytes) -> SaleContract::buyForCall {
        SaleContract::buyForCall {
            item: self.what,
            reader: self.reader,
            token: self.price.token,
            price: self.price.units,
            consent,
        }
    }

    /// What has to be sent along in the chain's own currency.
    pub(super) fn value(&self) -> U256 {
        match self.price.token == super::FIL {
            true => self.price.units,
            false => U256::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALE: Address = Address::repeat_byte(1);
    const READER: Address = Address::repeat_byte(2);
    const TOKEN: Address = Address::repeat_byte(3);

    fn offer() -> SaleContract::Offer {
        let call = SaleContract::buyForCall {
            item: B256::repeat_byte(4),
            reader: READER,
            token: TOKEN,
            price: U256::from(5),
            consent: Bytes::new(),
        };
        SaleContract::Offer {
            token: TOKEN,
            amount: U256::from(5),
            target: SALE,
            data: call.abi_encode().into(),
            licence: B256::ZERO,
            expires: u64::MAX,
        }
    }

    #[test]
    fn offer_is_taken_when_its_call_says_the_same() {
        let decoded = Offer::decode(SALE, READER, &offer()).unwrap();
        assert_eq!(decoded.what, B256::repeat_byte(4));
        assert_eq!((decoded.licence, decoded.expires), (None, None));
        let call = decoded.call(Bytes::new()).abi_encode();
        assert_eq!(Bytes::from(call), offer().data);
        assert_eq!(decoded.value(), U256::ZERO);
    }

    #[test]
    fn offer_is_refused_when_its_call_says_something_else() {
        let changed = |change: fn(&mut SaleContract::Offer)| {
            let mut offer = offer();
            change(&mut offer);
            Offer::decode(SALE, READER, &offer).unwrap_err()
        };
        let call = |change: fn(&mut SaleContract::buyForCall)| {
            let mut offer = offer();
            let mut call = SaleContract::buyForCall::abi_decode(&offer.data).unwrap();
            change(&mut call);
            offer.data = call.abi_encode().into();
            Offer::decode(SALE, READER, &offer).unwrap_err()
        };
        let bad = [
            changed(|offer| offer.target = TOKEN),
            changed(|offer| offer.amount = U256::from(4)),
            changed(|offer| offer.token = READER),
            changed(|offer| offer.data = [offer.data.as_ref(), &[0; 32]].concat().into()),
            changed(|offer| offer.data = offer.data[..100].to_vec().into()),
            call(|call| call.reader = SALE),
            call(|call| call.price = U256::MAX),
            call(|call| call.token = SALE),
            call(|call| call.consent = vec![1].into()),
        ];
        for error in bad {
            assert!(matches!(error, MarketError::BadOffer { .. }), "{error}");
        }
        let free = changed(|offer| {
            offer.amount = U256::ZERO;
            let mut call = SaleContract::buyForCall::abi_decode(&offer.data).unwrap();
            call.price = U256::ZERO;
            offer.data = call.abi_encode().into();
        });
        assert!(matches!(free, MarketError::BadOffer { .. }));
        // approve(address,uint256), and nothing at all.
        for data in [vec![0x09, 0x5e, 0xa7, 0xb3, 0], vec![]] {
            let offer = SaleContract::Offer {
                data: data.into(),
                ..offer()
            };
            let error = Offer::decode(SALE, READER, &offer).unwrap_err();
            assert!(matches!(error, MarketError::UnknownOffer { .. }), "{error}");
        }
    }
}
