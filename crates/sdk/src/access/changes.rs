//! Changes to a registry: checked here, sent as one transaction.

use stheno_chain::contracts::AccessRegistryContract as contract;
use stheno_protocol::{Address, B256, Bytes};

use super::{AccessError, Roles, Terms, postfix};

/// Changes that go out together: all of them happen, or none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    calls: Vec<Bytes>,
}

impl Changes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers an item of the sender's, which nobody reads until terms are set.
    #[must_use]
    pub fn register(self, salt: B256) -> Self {
        self.with(&contract::registerCall { salt })
    }

    /// Creates a collection of the sender's.
    #[must_use]
    pub fn create_collection(self, salt: B256) -> Self {
        self.with(&contract::createCollectionCall { salt })
    }

    /// Begins a collection's next period. Its item is drawn by the chain, from the salt and the
    /// block: [`AccessRegistry::period_to_seal`](super::AccessRegistry::period_to_seal) tells it.
    #[must_use]
    pub fn begin(self, collection: B256, salt: B256) -> Self {
        self.with(&contract::beginCall { collection, salt })
    }

    /// Sets the terms of an item, a collection or a period. None: nobody reads; of a period: its
    /// collection's hold.
    ///
    /// # Errors
    /// [`AccessError::Terms`].
    pub fn set_terms(self, id: B256, terms: Option<&Terms>) -> Result<Self, AccessError> {
        let terms = match terms {
            None => Vec::new(),
            Some(terms) => {
                terms.check()?;
                postfix::encode(terms)
            }
        };
        Ok(self.with(&contract::setTermsCall { id, terms }))
    }

    /// Grants readers an item, or all periods of a collection, until a time in seconds since 1970;
    /// `u64::MAX` for no end. It holds where the terms ask for a grant.
    ///
    /// # Errors
    /// [`AccessError::Account`] for readers that can be none, [`AccessError::NoReaders`].
    pub fn grant(self, id: B256, readers: &[Address], until: u64) -> Result<Self, AccessError> {
        let readers = checked(readers)?;
        Ok(self.with(&contract::grantCall { id, readers, until }))
    }

    /// Takes grants back. What was opened stays open to who opened it.
    ///
    /// # Errors
    /// As [`Changes::grant`].
    pub fn revoke(self, id: B256, readers: &[Address]) -> Result<Self, AccessError> {
        let readers = checked(readers)?;
        Ok(self.with(&contract::revokeCall { id, readers }))
    }

    /// Lets an account do so much for an id, and nothing else.
    ///
    /// # Errors
    /// [`AccessError::Account`].
    pub fn set_roles(self, id: B256, account: Address, roles: Roles) -> Result<Self, AccessError> {
        check(account)?;
        let roles = roles.bits();
        Ok(self.with(&contract::setRolesCall { id, account, roles }))
    }

    /// Offers the ownership of an item or a collection; `None` takes the offer back.
    ///
    /// # Errors
    /// [`AccessError::Account`].
    pub fn transfer_ownership(self, id: B256, to: Option<Address>) -> Result<Self, AccessError> {
        let to = match to {
            Some(to) => check(to).map(|()| to)?,
            None => Address::ZERO,
        };
        Ok(self.with(&contract::transferOwnershipCall { id, to }))
    }

    /// Accepts the ownership that was offered to the sender.
    #[must_use]
    pub fn accept_ownership(self, id: B256) -> Self {
        self.with(&contract::acceptOwnershipCall { id })
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The call that makes them: one as it is, several as a `multicall`.
    pub fn calldata(&self) -> Bytes {
        use alloy::sol_types::SolCall;
        match self.calls.as_slice() {
            [one] => one.clone(),
            calls => contract::multicallCall {
                calls: calls.to_vec(),
            }
            .abi_encode()
            .into(),
        }
    }

    fn with(mut self, call: &impl alloy::sol_types::SolCall) -> Self {
        self.calls.push(call.abi_encode().into());
        self
    }
}

fn checked(readers: &[Address]) -> Result<Vec<Address>, AccessError> {
    if readers.is_empty() {
        return Err(AccessError::NoReaders);
    }
    readers.iter().try_for_each(|reader| check(*reader))?;
    Ok(readers.to_vec())
}

/// `Accounts.check` of the contracts: neither zero nor the mask of a Filecoin actor id.
fn check(account: Address) -> Result<(), AccessError> {
    let refuse = |why| Err(AccessError::Account { account, why });
    match account.as_slice() {
        bytes if bytes.iter().all(|byte| *byte == 0) => refuse("the zero address is nobody's"),
        [0xff, rest @ ..] if rest.iter().take(11).all(|byte| *byte == 0) => refuse(
            "it is the mask of a Filecoin actor id, which signs nothing a contract can check",
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use alloy::sol_types::SolCall;

    use super::*;

    const ID: B256 = B256::repeat_byte(1);

    #[test]
    fn several_changes_are_one_call() {
        let one = Changes::new().register(ID);
        assert!(
            one.calldata()
                .starts_with(&contract::registerCall::SELECTOR)
        );
        let two = one.set_terms(ID, Some(&Terms::Granted)).unwrap();
        let calldata = two.calldata();
        let call = contract::multicallCall::abi_decode(&calldata).unwrap();
        assert_eq!(call.calls.len(), 2);
        assert!(call.calls[1].starts_with(&contract::setTermsCall::SELECTOR));
    }

    #[test]
    fn accounts_that_can_be_nobodys_are_refused() {
        let mut mask = [0; 20];
        (mask[0], mask[19]) = (0xff, 9);
        for account in [Address::ZERO, Address::from(mask)] {
            let granted = Changes::new().grant(ID, &[Address::repeat_byte(1), account], 5);
            assert!(
                matches!(granted, Err(AccessError::Account { account: of, .. }) if of == account)
            );
            assert!(Changes::new().set_roles(ID, account, Roles::TERMS).is_err());
        }
        mask[5] = 1;
        assert!(Changes::new().revoke(ID, &[Address::from(mask)]).is_ok());
        assert!(matches!(
            Changes::new().grant(ID, &[], 5),
            Err(AccessError::NoReaders)
        ));
        assert!(Changes::new().transfer_ownership(ID, None).is_ok());
    }
}
