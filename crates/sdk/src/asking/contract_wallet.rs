//! Accounts that are contracts: smart wallets, multisigs.

use std::fmt;

use alloy::sol_types::SolValue;
use stheno_protocol::{
    Account, AccountKind, Address, Authorization, B256, Bytes, ChainId, Delegation, Domain,
    Request, siwe::Message,
};

use super::Owner;
use crate::{
    bounds::{BoxFuture, Shareable},
    wallet::{Reader, WalletError},
};

/// Gives what a contract's `isValidSignature` accepts for a digest.
///
/// A [`Wallet`](crate::Wallet) does for contracts whose owner's key signs the digest itself. Others
/// (a Safe, say) sign something derived from it; implement this as their software has it.
pub trait Approver: Shareable {
    /// A signature of `digest` that the contract accepts.
    fn approve(&self, digest: B256) -> BoxFuture<'_, Result<Bytes, WalletError>>;
}

/// How a contract is made that does not exist yet (ERC-6492).
#[derive(Clone, Debug)]
pub struct NotDeployed {
    /// The contract that makes it.
    pub factory: Address,
    /// The call that makes it.
    pub call: Bytes,
}

/// A contract account. It is itself on its own chain alone, since somebody else can own its address
/// on another. A [`Reader`] and an [`Owner`].
pub struct ContractWallet {
    address: Address,
    chain: ChainId,
    approver: Box<dyn Approver>,
    not_deployed: Option<NotDeployed>,
}

impl ContractWallet {
    /// The contract at `address` on `chain`.
    #[must_use]
    pub fn new(address: Address, chain: ChainId, approver: impl Approver + 'static) -> Self {
        Self {
            address,
            chain,
            approver: Box::new(approver),
            not_deployed: None,
        }
    }

    /// The same while it is not deployed yet; once it is, this does no harm.
    #[must_use]
    pub fn not_deployed(mut self, made: NotDeployed) -> Self {
        self.not_deployed = Some(made);
        self
    }

    async fn signature(&self, digest: B256) -> Result<Bytes, WalletError> {
        let signature = self.approver.approve(digest).await?;
        let Some(made) = &self.not_deployed else {
            return Ok(signature);
        };
        let mut wrapped = (made.factory, made.call.clone(), signature).abi_encode_params();
        wrapped.extend([0x64, 0x92].repeat(16));
        Ok(wrapped.into())
    }
}

impl Reader for ContractWallet {
    fn account(&self, _chain: ChainId) -> Option<Account> {
        Some(Account {
            address: self.address,
            chain: self.chain,
            kind: AccountKind::Contract,
        })
    }

    fn authorize<'a>(
        &'a self,
        request: &'a Request,
        domain: &'a Domain,
    ) -> BoxFuture<'a, Result<Authorization, WalletError>> {
        Box::pin(async move {
            let signature = self.signature(request.digest(domain)).await?;
            Ok(Authorization::Wallet { signature })
        })
    }
}

impl Owner for ContractWallet {
    fn sign_message<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Bytes, WalletError>> {
        Box::pin(self.signature(message.digest()))
    }

    fn sign_delegation<'a>(
        &'a self,
        delegation: &'a Delegation,
        account: Account,
        domain: &'a Domain,
    ) -> BoxFuture<'a, Result<Bytes, WalletError>> {
        Box::pin(self.signature(delegation.digest(account, domain)))
    }
}

impl fmt::Debug for ContractWallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContractWallet")
            .field("address", &self.address)
            .field("chain", &self.chain)
            .field("not_deployed", &self.not_deployed.is_some())
            .finish_non_exhaustive()
    }
}
