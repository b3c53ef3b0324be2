//! A group's root on one chain: what is said of it, and changes to it.

use std::time::Duration;

use alloy::{
    rpc::types::Filter,
    sol_types::{SolCall, SolEvent, SolInterface},
};
use stheno_chain::{
    Block, Chain, ChainError, Instant, Sender, Sent,
    contracts::{OwnedGroupContract as owned, VotedGroupContract as voted},
    sleep,
};
use stheno_circuits::{Depth, Group, Root, empty_root};
use stheno_protocol::{Address, B256, ChainId, U256};

use super::{GroupContractError, RootChange};
use crate::ledger::in_words;

/// How long what is under way is looked for: six blocks of Filecoin.
const LOOKS: usize = 180;
/// In so many blocks the last change is looked for: those of some thirty days on Filecoin.
const LOOKED_BACK: u64 = 30 * 2_880;
/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// The contract that keeps a group's root: `OwnedGroup`, or `VotedGroup`. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GroupContract {
    chain: Chain,
    address: Address,
    at_head: bool,
}

/// What a group's contract was made with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GroupTerms {
    /// Levels of the tree.
    pub depth: Depth,
    /// The root of the tree without members.
    pub empty_root: Root,
    /// Seconds for which a root that was replaced is valid still.
    pub window: u32,
    /// Of how many replaced roots, at most, the latest.
    pub history: u32,
}

/// A group's root at one block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GroupState {
    /// The block.
    pub block: Block,
    /// How many changes there were.
    pub index: u64,
    /// The root; none before the first change, and when everybody was removed.
    pub root: Option<Root>,
}

/// Who changes a group's root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Keeper {
    /// One account; the zero address where the root stays as it is for good.
    Owner(Address),
    /// So many of these accounts.
    Voters {
        /// How many approvals make a change.
        threshold: u64,
        /// The accounts.
        voters: Vec<Address>,
    },
}

/// How a change ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    /// The transaction; none where nothing was left to send.
    pub sent: Option<Sent>,
    /// Whether the root is the change's now; otherwise other voters' approvals are missing.
    pub is_made: bool,
    /// How many voters approved the change, where they vote.
    pub approvals: Option<u64>,
}

impl GroupTerms {
    /// The terms of a new contract for a group.
    #[must_use]
    pub fn of(group: &Group, window: u32, history: u32) -> Self {
        let depth = group.tree().depth();
        Self {
            depth,
            empty_root: empty_root(depth),
            window,
            history,
        }
    }

    /// The code that creates an `OwnedGroup` with these terms.
    #[must_use]
    pub fn init_code(&self, owner: Address) -> Vec<u8> {
        use alloy::sol_types::SolConstructor;
        let arguments = owned::constructorCall {
            owner_: owner,
            terms: owned::GroupTerms {
                emptyRoot: number(&self.empty_root),
                depth: self.depth.levels(),
                window: self.window,
                history: self.history,
            },
        };
        [owned::BYTECODE.as_ref(), &arguments.abi_encode()].concat()
    }
}

impl GroupContract {
    /// The contract at `address`, read at the chain's final head.
    pub fn new(chain: Chain, address: Address) -> Self {
        Self {
            chain,
            address,
            at_head: false,
        }
    }

    /// The same, read at the newest block, which may not stay.
    #[must_use]
    pub fn at_head(mut self) -> Self {
        self.at_head = true;
        self
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Its chain's id.
    pub fn chain_id(&self) -> ChainId {
        self.chain.id()
    }

    /// What it was made with.
    ///
    /// # Errors
    /// [`GroupContractError`], here and below, when the chain cannot be read or has no group there.
    pub async fn terms(&self) -> Result<GroupTerms, GroupContractError> {
        let at = self.block().await?.hash;
        let (depth, empty, window, history) = futures::try_join!(
            self.read(at, &owned::depthCall {}),
            self.read(at, &owned::emptyRootCall {}),
            self.read(at, &owned::windowCall {}),
            self.read(at, &owned::historyCall {}),
        )?;
        Ok(GroupTerms {
            depth: Depth::new(depth).map_err(|error| self.inconsistent(error.to_string()))?,
            empty_root: self.root_of(empty)?,
            window,
            history,
        })
    }

    /// Refuses a group of another depth, or of another kind of tree, than the contract's.
    ///
    /// # Errors
    /// [`GroupContractError::OtherDepth`], [`GroupContractError::OtherTree`].
    pub async fn check(&self, group: &Group) -> Result<GroupTerms, GroupContractError> {
        let (terms, ours) = (self.terms().await?, group.tree().depth());
        let contract = self.address;
        if terms.depth != ours {
            return Err(GroupContractError::OtherDepth {
                contract,
                theirs: terms.depth,
                ours,
            });
        }
        match terms.empty_root == empty_root(ours) {
            true => Ok(terms),
            false => Err(GroupContractError::OtherTree {
                contract,
                depth: ours,
            }),
        }
    }

    /// Its root, and how many changes there were, at one block.
    ///
    /// # Errors
    /// [`GroupContractError`].
    pub async fn state(&self) -> Result<GroupState, GroupContractError> {
        let block = self.block().await?;
        let index = self.read(block.hash, &owned::indexCall {}).await?;
        let root = self
            .chain
            .read(block.hash, self.address, &owned::rootCall {});
        let root = match root.await {
            Ok(root) => Some(self.root_of(root)?),
            Err(ChainError::Refused { reason, .. }) if is_no_root(&reason.data) => None,
            Err(error) => return Err(self.unreadable(error)),
        };
        if index == 0 && root.is_some() {
            return Err(self.inconsistent("it has a root, and had no change".to_owned()));
        }
        Ok(GroupState { block, index, root })
    }

    /// SHA-256 of the file that the last change names; `None` where the chain does not tell it any more:
    /// it is looked for in thirty days, and few endpoints answer about all of them.
    pub async fn last_store(&self, state: &GroupState) -> Option<B256> {
        if state.index == 0 {
            return None;
        }
        let filter = Filter::new()
            .address(self.address)
            .event_signature(owned::RootChanged::SIGNATURE_HASH)
            .topic1(B256::from(U256::from(state.index)));
        let found = self.chain.last_log(&filter, &state.block, LOOKED_BACK);
        let log = found.await.ok().flatten()?;
        let change = owned::RootChanged::decode_log(&log.inner).ok()?;
        (change.newRoot == state.root.as_ref().map(number).unwrap_or_default())
            .then_some(change.store)
    }

    /// Whether a root was valid at a time, in seconds since 1970.
    ///
    /// # Errors
    /// [`GroupContractError`].
    pub async fn is_valid(&self, root: &Root, time: u64) -> Result<bool, GroupContractError> {
        let at = self.block().await?.hash;
        let question = owned::isValidCall {
            root_: number(root),
            time,
        };
        self.read(at, &question).await
    }

    /// The first second at which a root is not valid: `u64::MAX` of the root that there is, 0 of one
    /// that is not known, or not any more.
    ///
    /// # Errors
    /// [`GroupContractError`].
    pub async fn valid_until(&self, root: &Root) -> Result<u64, GroupContractError> {
        let at = self.block().await?.hash;
        let root_ = number(root);
        self.read(at, &owned::validUntilCall { root_ }).await
    }

    /// Who changes it.
    ///
    /// # Errors
    /// [`GroupContractError`].
    pub async fn keeper(&self) -> Result<Keeper, GroupContractError> {
        let at = self.block().await?.hash;
        match self
            .chain
            .read(at, self.address, &owned::ownerCall {})
            .await
        {
            Ok(owner) => return Ok(Keeper::Owner(owner)),
            // A group that is voted about has no owner.
            Err(ChainError::Refused { reason, .. }) if reason.data.is_empty() => {}
            Err(error) => return Err(self.unreadable(error)),
        }
        let (threshold, voters) = futures::try_join!(
            self.read(at, &voted::thresholdCall {}),
            self.read(at, &voted::votersCall {}),
        )?;
        let threshold = u64::try_from(threshold)
            .map_err(|_| self.inconsistent(format!("{threshold} voters are to agree")))?;
        Ok(Keeper::Voters { threshold, voters })
    }

    /// Makes a change, or approves it where voters do, and waits until that is mined. What was done
    /// before, by a run that was killed for one, is not done twice.
    ///
    /// # Errors
    /// [`GroupContractError::NotOwner`], [`GroupContractError::NotAVoter`] before anything is sent;
    /// [`GroupContractError::Stale`] where somebody else was faster; [`GroupContractError::Send`].
    pub async fn publish(
        &self,
        sender: &Sender,
        change: &RootChange,
    ) -> Result<Published, GroupContractError> {
        if sender.chain().id() != self.chain_id() {
            let theirs = sender.chain().id();
            return Err(self.inconsistent(format!("the sender is on chain {theirs}")));
        }
        let newest = self.clone().at_head();
        let account = sender.address();
        match newest.keeper().await? {
            Keeper::Owner(owner) if owner == account => newest.update(sender, change).await,
            Keeper::Owner(owner) => Err(GroupContractError::NotOwner {
                contract: self.address,
                owner,
                account,
            }),
            Keeper::Voters { voters, .. } if voters.contains(&account) => {
                newest.approve(sender, change).await
            }
            Keeper::Voters { .. } => Err(GroupContractError::NotAVoter {
                contract: self.address,
                account,
            }),
        }
    }

    async fn update(
        &self,
        sender: &Sender,
        change: &RootChange,
    ) -> Result<Published, GroupContractError> {
        let call = owned::updateCall {
            change: change.into(),
        };
        let sent = match self.send(sender, &call).await {
            Ok(sent) => Some(sent),
            // A transaction of a run before may have come in between, or is about to.
            Err(GroupContractError::Stale { .. }) if self.will_have(change).await? => None,
            Err(error) => return Err(error),
        };
        Ok(Published {
            sent,
            is_made: true,
            approvals: None,
        })
    }

    async fn approve(
        &self,
        sender: &Sender,
        change: &RootChange,
    ) -> Result<Published, GroupContractError> {
        let mut sent = None;
        if !self.is_approved(change, sender.address()).await? {
            let call = voted::approveCall {
                change: change.into(),
            };
            sent = match self.send(sender, &call).await {
                Ok(sent) => Some(sent),
                Err(error) => match self.has(change).await?
                    || self.is_approved(change, sender.address()).await?
                {
                    true => None,
                    false => return Err(error),
                },
            };
        }
        let at = self.block().await?.hash;
        let proposal = change.proposal();
        let approvals = self.read(at, &voted::approvalsCall { proposal }).await?;
        Ok(Published {
            sent,
            is_made: self.has(change).await?,
            approvals: Some(u64::try_from(approvals).unwrap_or(u64::MAX)),
        })
    }

    async fn send<C: SolCall>(
        &self,
        sender: &Sender,
        call: &C,
    ) -> Result<Sent, GroupContractError> {
        let sent = sender.call(self.address, call).await;
        sent.map_err(|error| {
            GroupContractError::of_send(error, self.address, self.chain_id(), sender.address())
        })
    }

    /// Whether this very change was the last one, or is so once what is under way has been mined.
    async fn will_have(&self, change: &RootChange) -> Result<bool, GroupContractError> {
        for _ in 0..LOOKS {
            if self.state().await?.index != change.following {
                break;
            }
            sleep(LOOK).await;
        }
        self.has(change).await
    }

    /// Whether this very change was the last one.
    async fn has(&self, change: &RootChange) -> Result<bool, GroupContractError> {
        let state = self.state().await?;
        Ok(state.root == change.root && state.index == change.following + 1)
    }

    async fn is_approved(
        &self,
        change: &RootChange,
        voter: Address,
    ) -> Result<bool, GroupContractError> {
        let at = self.block().await?.hash;
        let proposal = change.proposal();
        self.read(at, &voted::hasApprovedCall { proposal, voter })
            .await
    }

    async fn read<C: SolCall>(&self, at: B256, call: &C) -> Result<C::Return, GroupContractError> {
        let answer = self.chain.read(at, self.address, call).await;
        answer.map_err(|error| self.unreadable(error))
    }

    async fn block(&self) -> Result<Block, GroupContractError> {
        let block = match self.at_head {
            true => self.chain.head_since(Instant::now()).await,
            false => self.chain.final_head().await,
        };
        block.map_err(|error| GroupContractError::Ledger(in_words(error)))
    }

    fn root_of(&self, root: U256) -> Result<Root, GroupContractError> {
        let told = Root::from_bytes(&root.to_be_bytes());
        told.map_err(|error| self.inconsistent(format!("its root {root:#x}: {error}")))
    }

    fn unreadable(&self, error: ChainError) -> GroupContractError {
        GroupContractError::of_read(error, self.address, self.chain_id())
    }

    fn inconsistent(&self, why: String) -> GroupContractError {
        GroupContractError::Inconsistent {
            contract: self.address,
            chain: self.chain_id(),
            why,
        }
    }
}

/// A root as contracts have it.
pub(super) fn number(root: &Root) -> U256 {
    U256::from_be_bytes(root.to_bytes())
}

fn is_no_root(data: &[u8]) -> bool {
    use owned::OwnedGroupContractErrors as Known;
    matches!(Known::abi_decode(data), Ok(Known::NoRoot(_)))
}
