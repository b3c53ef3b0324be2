//! Typed data as wallets take it: the JSON of `eth_signTypedData_v4`.
//!
//! For wallets that sign no bare digest. Its types are parsed from the type strings in [`typed`], so
//! that there is one place where they stand.

use alloy_primitives::B256;
use serde_json::{Map, Value, json};

use crate::{
    Account, Delegation, Domain, Request, domain,
    typed::{self, Typed},
};

/// The largest integer that JavaScript reads exactly from a number.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

impl Request {
    /// What a wallet is to sign, under `domain`; it hashes to [`Request::digest`].
    #[must_use]
    pub fn typed_data(&self, domain: &Domain) -> Value {
        let typed = self.typed();
        let anchors = typed.anchors.iter().map(|anchor| {
            json!({
                "chainId": integer(anchor.chainId),
                "confirmations": integer(anchor.confirmations),
                "number": integer(anchor.number),
                "blockHash": anchor.blockHash,
            })
        });
        let message = json!({
            "epoch": integer(typed.epoch),
            "account": typed.account,
            "accountChain": integer(typed.accountChain),
            "accountKind": typed.accountKind,
            "policyDigest": typed.policyDigest,
            "items": typed.items,
            "readerKey": typed.readerKey,
            "anchors": anchors.collect::<Value>(),
            "issuedAt": integer(typed.issuedAt),
            "expiresAt": integer(typed.expiresAt),
            "nonce": typed.nonce,
            "context": typed.context,
        });
        document::<typed::Request>(domain, message)
    }
}

impl Delegation {
    /// What the wallet of `account` is to sign, under `domain`; it hashes to [`Delegation::digest`].
    #[must_use]
    pub fn typed_data(&self, account: Account, domain: &Domain) -> Value {
        let typed = self.typed(account);
        let contracts = typed.contracts.iter().map(|contract| {
            json!({
                "chainId": integer(contract.chainId),
                "contractAddress": contract.contractAddress,
            })
        });
        let message = json!({
            "account": typed.account,
            "accountChain": integer(typed.accountChain),
            "accountKind": typed.accountKind,
            "delegate": typed.delegate,
            "policies": typed.policies,
            "items": typed.items,
            "contracts": contracts.collect::<Value>(),
            "notBefore": integer(typed.notBefore),
            "expiresAt": integer(typed.expiresAt),
            "nonce": typed.nonce,
        });
        document::<typed::Delegation>(domain, message)
    }
}

fn document<T: Typed>(domain: &Domain, message: Value) -> Value {
    let types = types(&format!("{}{}", domain::TYPE, T::eip712_encode_type()));
    json!({
        "types": types,
        "primaryType": T::NAME,
        "domain": {
            "name": domain::NAME,
            "version": domain::VERSION,
            "chainId": integer(domain.chain_id),
            "verifyingContract": domain.contract,
            "salt": B256::from(*domain.network.as_bytes()),
        },
        "message": message,
    })
}

/// The types of type strings, `A(B b,uint64 c)B(bytes32 d)`.
fn types(text: &str) -> Map<String, Value> {
    let parts = text.split_terminator(')');
    parts
        .filter_map(|part| part.split_once('('))
        .map(|(name, list)| {
            let members = list.split(',').filter_map(|member| member.split_once(' '));
            let members = members.map(|(kind, name)| json!({ "name": name, "type": kind }));
            (name.to_owned(), members.collect())
        })
        .collect()
}

/// A number where wallets read it exactly, else its digits, which they take as well.
fn integer(number: u64) -> Value {
    match number <= MAX_SAFE_INTEGER {
        true => number.into(),
        false => number.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_the_numbers_of_javascript_are_written_as_digits() {
        assert_eq!(integer(MAX_SAFE_INTEGER), json!(9_007_199_254_740_991_u64));
        assert_eq!(integer(MAX_SAFE_INTEGER + 1), json!("9007199254740992"));
    }
}
