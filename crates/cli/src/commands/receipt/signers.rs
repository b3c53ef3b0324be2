//! Whose signature a receipt must bear: by the chain, or by what was given.

use std::collections::HashMap;

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
            Self::OnChain { ledger, known } => {
                let key = (*locator, body.epoch);
                if !known.contains_key(&key) {
                    let read = match ledger.identities(locator, body.epoch).await {
                        Ok(members) => Ok(members),
                        Err(LedgerError::NoCommittee { why }) => Err(why),
                        Err(error) => return Err(Failure::from(Error::from(error))),
                    };
                    known.insert(key, read);
                }
                known.get(&key)
            }
        };
        let members = match members {
            Some(Ok(members)) => members,
            Some(Err(why)) => return Ok(Err(why.clone())),
            None => return Ok(Err("its epoch could not be read".to_owned())),
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
