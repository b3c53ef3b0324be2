//! Whose signature a receipt must bear: by the chain, or by what was given.

use std::collections::{HashMap, hash_map::Entry};

use stheno::{
    Error,
    envelope::Locator,
    ledger::{LedgerError, RpcLedger},
    protocol::{Address, Domain, SignedReceipt},
};

use crate::failure::Failure;

/// Who may have signed.
#[derive(Debug)]
pub(super) enum Signers {
    /// This one alone.
    Given(Address),
    /// Who the chain says is the member.
    OnChain {
        /// Where the chain is read.
        ledger: Box<RpcLedger>,
        /// The members of the epochs that were read; words for an epoch that there is not.
        known: HashMap<(Locator, u64), Result<Vec<Address>, String>>,
    },
}

impl Signers {
    /// Those on a chain.
    pub(super) fn on_chain(ledger: RpcLedger) -> Self {
        Self::OnChain {
            ledger: Box::new(ledger),
            known: HashMap::new(),
        }
    }

    /// The address that signed, if it is the one that should have; or what is wrong.
    ///
    /// # Errors
    /// When the chain cannot be read.
    pub(super) async fn check(
        &mut self,
        locator: &Locator,
        domain: &Domain,
        signed: &SignedReceipt,
    ) -> Result<Result<Address, String>, Failure> {
        let signer = match signed.signer(domain) {
            Ok(signer) => signer,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let body = &signed.body;
        let members = match self {
            Self::Given(identity) if *identity == signer => return Ok(Ok(signer)),
            Self::Given(identity) => {
                return Ok(Err(format!("it is signed by {signer}, not by {identity}")));
            }
            Self::OnChain { ledger, known } => match known.entry((*locator, body.epoch)) {
                Entry::Occupied(read) => read.into_mut(),
                Entry::Vacant(place) => place.insert(read(ledger, locator, body.epoch).await?),
            },
        };
        let members = match members {
            Ok(members) => members,
            Err(why) => return Ok(Err(why.clone())),
        };
        let (node, epoch) = (body.node, body.epoch);
        let at = usize::from(node).checked_sub(1);
        Ok(match at.and_then(|at| members.get(at)) {
            Some(member) if *member == signer => Ok(signer),
            Some(member) => Err(format!(
                "it is signed by {signer}, and node {node} of epoch {epoch} is {member}"
            )),
            None => Err(format!(
                "epoch {epoch} has no node {node}, but {} nodes",
                members.len()
            )),
        })
    }
}

/// The members of an epoch, or in words that there is no such epoch.
async fn read(
    ledger: &RpcLedger,
    locator: &Locator,
    epoch: u64,
) -> Result<Result<Vec<Address>, String>, Failure> {
    match ledger.identities(locator, epoch).await {
        Ok(members) => Ok(Ok(members)),
        Err(LedgerError::NoCommittee { why }) => Ok(Err(why)),
        Err(error) => Err(Failure::from(Error::from(error))),
    }
}
