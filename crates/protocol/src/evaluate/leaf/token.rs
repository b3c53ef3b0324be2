//! Tokens that the reader must hold.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::U256;

use super::{call_of, returned};
use crate::{
    evaluate::{
        ChainView, Read, Subject, fill,
        outcome::{Obstacle, Outcome},
        words,
    },
    policy::{Token, TokenStandard},
};

/// `balanceOf(address)` of ERC-20 and ERC-721.
const BALANCE_OF: [u8; 4] = [0x70, 0xa0, 0x82, 0x31];
/// `balanceOf(address,uint256)` of ERC-1155.
const BALANCE_OF_ID: [u8; 4] = [0x00, 0xfd, 0xd5, 0x8e];
/// `balanceOfBatch(address[],uint256[])` of ERC-1155.
const BALANCE_OF_BATCH: [u8; 4] = [0x4e, 0x12, 0x73, 0xf4];

pub(super) fn read(token: &Token, subject: &Subject) -> Result<Read, Obstacle> {
    let holder = DynSolValue::Address(fill::reader(subject, token.chain)?);
    let (selector, args) = match token.standard {
        TokenStandard::Erc20 | TokenStandard::Erc721 => (&BALANCE_OF, vec![holder]),
        TokenStandard::Erc1155 => {
            let ids = token
                .ids
                .iter()
                .map(|id| fill::value(id, &DynSolType::Uint(256), subject, token.chain))
                .collect::<Result<Vec<_>, _>>()?;
            // The same id twice would count one token twice.
            if (1..ids.len()).any(|i| ids.iter().take(i).any(|id| ids.get(i) == Some(id))) {
                return Err(Obstacle::new(
                    "a token id is given twice",
                    "send an id that the policy does not name already",
                ));
            }
            match <[DynSolValue; 1]>::try_from(ids) {
                Ok([id]) => (&BALANCE_OF_ID, vec![holder, id]),
                Err(ids) => (
                    &BALANCE_OF_BATCH,
                    vec![
                        DynSolValue::Array(vec![holder; ids.len()]),
                        DynSolValue::Array(ids),
                    ],
                ),
            }
        }
    };
    let place = (token.chain, token.tier);
    Ok(call_of(place, token.contract, selector, args))
}

pub(super) fn judge(
    token: &Token,
    subject: &Subject,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let batch = token.ids.len() > 1;
    let word = DynSolType::Uint(256);
    let types = if batch {
        [DynSolType::Array(Box::new(word))]
    } else {
        [word]
    };
    let outputs = returned(view, &read(token, subject)?, &types)?;
    let balances = match outputs.as_slice() {
        [DynSolValue::Array(balances)] if balances.len() == token.ids.len() => balances.as_slice(),
        [DynSolValue::Array(balances)] => {
            return Err(Obstacle::answer(format!(
                "the call returned {} balances for {} ids",
                balances.len(),
                token.ids.len()
            )));
        }
        single => single,
    };
    // Beyond 256 bits is at least any minimum.
    let sum = balances
        .iter()
        .filter_map(DynSolValue::as_uint)
        .fold(U256::ZERO, |sum, (balance, _)| sum.saturating_add(balance));
    let found = format!("balance {sum}");
    Ok(Outcome::known(sum >= token.min, found, wanted, || {
        let tokens = words::tokens(token);
        match wanted {
            true => format!(
                "hold at least {} {tokens}, {} more than now",
                token.min,
                token.min.saturating_sub(sum)
            ),
            false => format!("hold less than {} {tokens}", token.min),
        }
    }))
}
