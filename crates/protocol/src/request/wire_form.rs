//! The request as JSON carries it.

use alloy_primitives::{Address, B256, Bytes, FixedBytes};
use serde::{Deserialize, Serialize};
use stheno_crypto::{ItemId, NetworkId};

use super::{Anchor, Request, flat_account};
use crate::{
    Authorization, ChainId, Context,
    evaluate::{Account, AccountKind},
    wire,
};

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Wire {
    #[serde(with = "wire::fixed")]
    network: NetworkId,
    epoch: u64,
    #[serde(with = "wire::fixed")]
    account: Address,
    account_chain: ChainId,
    account_kind: AccountForm,
    #[serde(with = "wire::bytes")]
    policy: Bytes,
    #[serde(with = "wire::list")]
    items: Vec<ItemId>,
    #[serde(with = "wire::fixed")]
    reader_key: FixedBytes<48>,
    anchors: Vec<Anchor>,
    issued_at: u64,
    expires_at: u64,
    #[serde(with = "wire::fixed")]
    nonce: B256,
    #[serde(with = "wire::bytes")]
    context: Bytes,
    authorization: Authorization,
}

/// `accountKind`: how `account` and `accountChain` are to be read.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccountForm {
    None,
    Key,
    Contract,
}

impl AccountForm {
    pub(crate) fn of(account: Option<Account>) -> Self {
        match account.map(|account| account.kind) {
            None => Self::None,
            Some(AccountKind::Key) => Self::Key,
            Some(AccountKind::Contract) => Self::Contract,
        }
    }

    pub(crate) fn account(
        self,
        address: Address,
        chain: ChainId,
    ) -> Result<Option<Account>, String> {
        let account = |kind| {
            if address.is_zero() {
                return Err("account is zero; for no account say accountKind none".to_owned());
            }
            if chain == 0 {
                return Err("accountChain is missing; it is a chain id".to_owned());
            }
            Ok(Some(Account {
                address,
                chain,
                kind,
            }))
        };
        match self {
            Self::None if address.is_zero() && chain == 0 => Ok(None),
            Self::None => {
                Err("with accountKind none, account and accountChain are zero".to_owned())
            }
            Self::Key => account(AccountKind::Key),
            Self::Contract => account(AccountKind::Contract),
        }
    }
}

impl TryFrom<Wire> for Request {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        let account = wire
            .account_kind
            .account(wire.account, wire.account_chain)?;
        Ok(Self {
            network: wire.network,
            epoch: wire.epoch,
            account,
            policy: wire.policy,
            items: wire.items,
            reader_key: wire.reader_key,
            anchors: wire.anchors,
            issued_at: wire.issued_at,
            expires_at: wire.expires_at,
            nonce: wire.nonce,
            context: Context::from_cbor(&wire.context).map_err(|error| error.to_string())?,
            authorization: wire.authorization,
        })
    }
}

impl From<Request> for Wire {
    fn from(request: Request) -> Self {
        let (account, account_chain, _) = flat_account(request.account);
        Self {
            network: request.network,
            epoch: request.epoch,
            account,
            account_chain,
            account_kind: AccountForm::of(request.account),
            policy: request.policy,
            items: request.items,
            reader_key: request.reader_key,
            anchors: request.anchors,
            issued_at: request.issued_at,
            expires_at: request.expires_at,
            nonce: request.nonce,
            context: request.context.to_cbor().into(),
            authorization: request.authorization,
        }
    }
}
