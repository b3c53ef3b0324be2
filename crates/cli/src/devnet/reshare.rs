//! A committee that changes: nodes that come, and ceremonies that operators ask for.

use alloy::primitives::Address;
use stheno_chain::contracts::CommitteeContract as contract;

use super::{
    Devnet, DevnetError,
    ceremony::Ceremony,
    member::{Member, Operator},
    pace::{Metronome, Pace},
    ports::Ports,
    ready,
};

impl Devnet {
    /// From now on blocks come as fast as ceremonies have use for them, until the metronome
    /// [hands over](Metronome::hand_over).
    ///
    /// # Errors
    /// [`DevnetError::Chain`].
    pub async fn hurry(&self) -> Result<Metronome, DevnetError> {
        self.control().mine_every(0).await?;
        let pace = Pace::OnDemand;
        let metronome = Metronome::start(self.control().clone(), pace, self.finality());
        metronome.follow(*self.contracts());
        Ok(metronome)
    }

    /// Makes, registers and starts so many more nodes; no epoch has them as members yet.
    ///
    /// # Errors
    /// [`DevnetError`].
    pub async fn add_nodes(&mut self, count: u16) -> Result<(), DevnetError> {
        let more = Ports::free(count)?;
        let first = u16::try_from(self.members.len()).unwrap_or(u16::MAX);
        let stheno = self.nursery.stheno().to_owned();
        let operators = (first + 1..)
            .zip(&more.nodes)
            .map(|(index, port)| Operator::new(&stheno, index, *port, self.dir()))
            .collect::<Result<Vec<_>, _>>()?;
        let enlisted = operators.iter().map(|operator| async {
            operator
                .init(&self.contracts, &self.rpc, &self.control)
                .await?;
            operator.register().await
        });
        futures::future::try_join_all(enlisted).await?;
        for operator in operators {
            let mut member = Member::new(operator);
            member.start(&self.nursery)?;
            self.members.push(member);
        }
        self.ports.nodes.extend(more.nodes);
        Ok(())
    }

    /// The operator of node `by` proposes a committee of these nodes, in this order.
    ///
    /// # Errors
    /// [`DevnetError`], with what the command said.
    pub async fn propose(&self, by: u16, nodes: &[u16], threshold: u16) -> Result<(), DevnetError> {
        let accounts = nodes
            .iter()
            .filter_map(|node| Some(self.operator(*node)?.account));
        let accounts: Vec<String> = accounts
            .map(|account: Address| account.to_string())
            .collect();
        let args = [
            "propose",
            "--threshold",
            &threshold.to_string(),
            "--members",
            &accounts.join(","),
        ];
        self.command(by, &args).await.map(drop)
    }

    /// The operators of these nodes approve the open ceremony, once its keys are posted.
    ///
    /// # Errors
    /// [`DevnetError`], with what the command said.
    pub async fn approve(&self, by: &[u16]) -> Result<(), DevnetError> {
        // Commands read at the final block, where the proposal has to be.
        ready::head_is_final(self.control()).await?;
        let operators = by.iter().filter_map(|node| self.operator(*node));
        futures::future::try_join_all(operators.map(Operator::approve)).await?;
        Ok(())
    }

    /// Hands the key on to these nodes, of whom `threshold` open, with the approval of as many old
    /// operators as it takes; gives the epoch that is served then.
    ///
    /// # Errors
    /// [`DevnetError`].
    pub async fn reshare(&mut self, nodes: &[u16], threshold: u16) -> Result<u64, DevnetError> {
        let metronome = self.hurry().await?;
        let before = self.epoch().await?;
        let serving: Vec<u16> = self.serving().await?;
        let first = serving.first().copied().unwrap_or(1);
        self.propose(first, nodes, threshold).await?;
        self.approve(&serving).await?;
        ready::ceremony_is_active(
            &self.control,
            &self.contracts,
            &mut self.anvil,
            &mut self.members,
        )
        .await?;
        let epoch = before + 1;
        let new: Vec<&Member> = self
            .members
            .iter()
            .filter(|member| nodes.contains(&member.index()))
            .collect();
        ready::members_serve(&self.http, &new, epoch).await?;
        metronome.hand_over().await?;
        Ok(epoch)
    }

    /// The active epoch at the head.
    async fn epoch(&self) -> Result<u64, DevnetError> {
        let committee = contract::committeeCall {
            committeeId: self.contracts.committee_id,
        };
        let committee = self
            .control
            .view(self.contracts.committee, &committee)
            .await?;
        Ok(committee.epoch)
    }

    /// The nodes that are members of the active epoch.
    async fn serving(&self) -> Result<Vec<u16>, DevnetError> {
        let page = contract::epochMembersCall {
            committeeId: self.contracts.committee_id,
            epoch: self.epoch().await?,
            first: 1,
            count: 256,
        };
        let page = self.control.view(self.contracts.committee, &page).await?;
        let is_in = |member: &&Member| {
            let account = member.operator().account;
            page.iter().any(|listed| listed.operator == account)
        };
        let members = self.members.iter().filter(is_in);
        Ok(members.map(Member::index).collect())
    }

    /// One of the operator's commands for a node, as a person would type it; gives what it printed.
    ///
    /// # Errors
    /// [`DevnetError`], with what the command said.
    pub async fn command(&self, node: u16, args: &[&str]) -> Result<String, DevnetError> {
        match self.operator(node) {
            Some(operator) => operator.command(args).await,
            None => Err(DevnetError::Chain {
                what: args.join(" "),
                message: format!("there is no node {node}"),
            }),
        }
    }

    /// The latest ceremony, as the chain's head has it.
    ///
    /// # Errors
    /// [`DevnetError::Chain`].
    pub async fn ceremony(&self) -> Result<Option<Ceremony>, DevnetError> {
        Ceremony::latest(self.control(), self.contracts()).await
    }

    /// Starts a node that does not run; does not wait for it.
    ///
    /// # Errors
    /// [`DevnetError::Io`].
    pub fn start_node_only(&mut self, index: u16) -> Result<(), DevnetError> {
        let mut members = self.members.iter_mut().filter(|m| m.index() == index);
        members.try_for_each(|member| member.start(&self.nursery))
    }

    fn operator(&self, node: u16) -> Option<&Operator> {
        let mut members = self.members.iter();
        let member = members.find(|member| member.index() == node)?;
        Some(member.operator())
    }
}
