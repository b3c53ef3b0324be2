//! Groups whose root a contract keeps, as a reader asks for them.

use stheno_chain::{
    ChainError, Instant,
    contracts::OwnedGroupContract::{isValidCall, rootCall},
};
use stheno_circuits::Root;
use stheno_protocol::{Address, ChainId, U256};

use super::{LedgerError, RpcLedger, in_words};

impl RpcLedger {
    /// Of these roots the one that a contract has, or else the first that it takes until then; at the
    /// newest block, since nodes look there as well.
    pub(super) async fn root_of(
        &self,
        chain: ChainId,
        contract: Address,
        roots: &[Root],
        until: u64,
    ) -> Result<Option<Root>, LedgerError> {
        let chain = self.chain(chain).await?;
        let at = chain.head_since(Instant::now()).await.map_err(in_words)?;
        let number = |root: &Root| U256::from_be_bytes(root.to_bytes());
        // The contract alone is named first: which groups a reader is in concerns no endpoint.
        let current = match chain.read(at.hash, contract, &rootCall {}).await {
            Ok(current) => Some(current),
            // It reverts where nobody is in the group.
            Err(ChainError::Refused { .. }) => None,
            Err(error) => return Err(in_words(error)),
        };
        let mut own = roots.iter();
        if let Some(root) = own.find(|root| Some(number(root)) == current) {
            return Ok(Some(*root));
        }
        for root in roots {
            let question = isValidCall {
                root_: number(root),
                time: until,
            };
            let answer = chain.read(at.hash, contract, &question).await;
            if answer.map_err(in_words)? {
                return Ok(Some(*root));
            }
        }
        Ok(None)
    }
}
