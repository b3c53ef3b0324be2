//! One run: a committee, its chain, and ceremonies until the plan is done.

mod people;

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    fmt::Arguments,
};

use alloy::primitives::{Address, B256};
use stheno_protocol::ceremony::confirmation_quorum;

use crate::{
    byzantine::Vice,
    cast::{self, Person},
    chain::Chain,
    contract::{Contract, State},
    member::{Node, OVERLAP},
    properties::Observer,
    records::Records,
    schedule::{Dice, Plan, Weather},
    trace::Trace,
};

/// Most blocks of one attempt.
const PATIENCE: u64 = 400;
/// Attempts at a ceremony; before the last one, everything calms down.
const ATTEMPTS: u64 = 3;
/// How many more members there are than a committee has.
const SPARE: u16 = 2;

/// What a turn of a member touches beside itself.
#[derive(Debug)]
pub struct Stage {
    pub chain: Chain,
    pub records: Records,
    pub observer: Observer,
    pub plan: Plan,
    pub dice: Dice,
    trace: Trace,
}

impl Stage {
    pub fn note(&mut self, what: Arguments<'_>) {
        self.trace.note(self.chain.head().number, what);
    }

    /// Whether a process ends here.
    pub fn crashes(&mut self) -> bool {
        self.plan.crashes > 0 && self.dice.chance(self.plan.crashes)
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Summary {
    pub hash: u64,
    pub epochs: u64,
    /// First attempts, and how many of them made an epoch.
    pub first_attempts: (u64, u64),
    pub counts: BTreeMap<&'static str, u64>,
    pub weather: Weather,
}

/// What broke, and the last that happened.
#[derive(Debug)]
pub struct Failure {
    pub property: String,
    pub last: String,
}

/// A committee on its chain.
pub struct World {
    pub stage: Stage,
    pub nodes: Vec<Node>,
    /// When an operator's approval of a context was sent.
    approvals: BTreeMap<(u64, B256, u16), u64>,
    checked: u64,
}

thread_local! {
    static NUMBERS: RefCell<HashMap<Address, u16>> = RefCell::default();
}

/// The number of the member with this identity.
pub fn number_of(identity: Address) -> Option<u16> {
    NUMBERS.with_borrow(|numbers| numbers.get(&identity).copied())
}

impl World {
    pub fn new(plan: Plan) -> Self {
        let people: Vec<_> = (1..=plan.size + SPARE)
            .map(|number| Person::of(plan.cast, number))
            .collect();
        NUMBERS.with_borrow_mut(|numbers| {
            numbers.clear();
            numbers.extend(people.iter().map(|p| (p.identity.address(), p.number)));
        });
        let registry = people
            .iter()
            .map(|p| (p.operator.address(), p.identity.address()))
            .collect();
        let contract = Contract::new(cast::domain(), plan.windows, cast::owner(), registry);
        let nodes = people.into_iter().map(|person| {
            let vices = plan.vices.get(&person.number).cloned().unwrap_or_default();
            let lie = plan.liars.get(&person.number).copied();
            Node::new(person, vices, lie)
        });
        let mut observer = Observer::default();
        observer.corrupt.extend(plan.vices.keys());
        Self {
            nodes: nodes.collect(),
            stage: Stage {
                chain: Chain::new(contract),
                records: Records::default(),
                observer,
                dice: Dice::new(plan.seed.wrapping_mul(3).wrapping_add(1)),
                plan,
                trace: Trace::new(),
            },
            approvals: BTreeMap::new(),
            checked: 0,
        }
    }

    /// Everything that the plan says.
    pub fn run(mut self) -> Result<Summary, Failure> {
        let members: Vec<u16> = (1..=self.stage.plan.size).collect();
        let threshold = self.stage.plan.threshold;
        let mut first_attempts = (0, 0);
        let mut done = self.ceremony(&members, threshold, &mut first_attempts);
        for _ in 0..self.stage.plan.reshares {
            if done.is_err() {
                break;
            }
            let (members, threshold) = self.new_committee();
            done = self.ceremony(&members, threshold, &mut first_attempts);
        }
        self.finish(done, first_attempts)
    }

    pub fn finish(
        self,
        done: Result<(), String>,
        first_attempts: (u64, u64),
    ) -> Result<Summary, Failure> {
        let Stage {
            chain,
            observer,
            trace,
            plan,
            ..
        } = self.stage;
        match done {
            Err(property) => Err(Failure {
                property,
                last: trace.last(),
            }),
            Ok(()) => {
                let mut counts = observer.counts;
                counts.insert("branches changed", chain.reorgs);
                counts.insert("finality broken", chain.broken);
                counts.insert(
                    "crashes",
                    self.nodes.iter().map(|n| n.life.saturating_sub(1)).sum(),
                );
                counts.insert("writes torn", self.nodes.iter().map(|n| n.disk.torn).sum());
                counts.insert("disks lost", self.nodes.iter().map(|n| n.losses).sum());
                let lied_to = self.nodes.iter().filter(|n| n.lied_to).count();
                counts.insert("members lied to", lied_to as u64);
                Ok(Summary {
                    hash: trace.hash(),
                    epochs: chain.state().epoch(),
                    first_attempts,
                    counts,
                    weather: plan.weather,
                })
            }
        }
    }

    /// Another member list and threshold, with fewer corrupt members than the threshold.
    pub fn new_committee(&mut self) -> (Vec<u16>, u16) {
        let dice = &mut self.stage.dice;
        let mut pool: Vec<u16> = (1..=self.nodes.len() as u16).collect();
        dice.shuffle(&mut pool);
        let all = pool.len() as u64;
        let size = dice.between(2, all).min(dice.between(2, all)) as usize;
        pool.truncate(size);
        // Mostly in an order that other runs have, too.
        if !dice.chance(125) {
            pool.sort_unstable();
        }
        let threshold = dice.between(size as u64 / 2 + 1, size as u64) as u16;
        let is_corrupt = |number: &u16| self.nodes[usize::from(*number) - 1].is_corrupt();
        while pool.iter().filter(|number| is_corrupt(number)).count() >= usize::from(threshold) {
            let at = pool.iter().position(is_corrupt).unwrap_or(0);
            let honest = (1..=self.nodes.len() as u16)
                .find(|number| !pool.contains(number) && !is_corrupt(number));
            match honest {
                Some(honest) => pool[at] = honest,
                // There are not enough of them: the old ones, then.
                None => return self.old_committee(),
            }
        }
        (pool, threshold)
    }

    /// The members of the epoch, who may be had again: a refresh.
    fn old_committee(&self) -> (Vec<u16>, u16) {
        let contract = self.stage.chain.state();
        match contract.epochs.last() {
            None => (
                (1..=self.stage.plan.size).collect(),
                self.stage.plan.threshold,
            ),
            Some(epoch) => {
                let numbers = epoch.members.iter().filter_map(|m| number_of(m.identity));
                (numbers.collect(), epoch.threshold)
            }
        }
    }

    /// Attempts at one ceremony until there is a new epoch.
    pub fn ceremony(
        &mut self,
        members: &[u16],
        threshold: u16,
        first_attempts: &mut (u64, u64),
    ) -> Result<(), String> {
        let epoch = self.stage.chain.state().epoch();
        for attempt in 0..ATTEMPTS {
            if attempt + 1 == ATTEMPTS {
                self.calm_down();
                if self.is_lost(epoch) {
                    self.stage
                        .observer
                        .count("committees lost with their disks");
                    return Ok(());
                }
            }
            let calm = self.stage.plan.weather == Weather::Calm;
            let must_succeed = calm || self.is_spared(members, threshold);
            let made = self.attempt(members, threshold, epoch)?;
            if attempt == 0 {
                first_attempts.0 += 1;
                first_attempts.1 += u64::from(made);
                if !made && must_succeed {
                    return Err("a ceremony failed though it could spare the corrupt".to_owned());
                }
            }
            if made && self.settle(epoch + 1)? {
                return Ok(());
            }
        }
        Err("the next attempt failed although nothing goes wrong any more".to_owned())
    }

    /// Whether fewer members than the threshold have a share still: more disks were lost than a
    /// committee can spare, and no protocol helps.
    fn is_lost(&self, epoch: u64) -> bool {
        let contract = self.stage.chain.state();
        let Some(made) = epoch
            .checked_sub(1)
            .and_then(|at| contract.epochs.get(at as usize))
        else {
            return false;
        };
        let holders = self
            .nodes
            .iter()
            .filter(|node| node.serves(contract, epoch))
            .count();
        let losses: u64 = self.nodes.iter().map(|node| node.losses).sum();
        holders < usize::from(made.threshold) && losses > 0
    }

    /// Proposes and waits; tells whether there is a new epoch that is final.
    fn attempt(&mut self, members: &[u16], threshold: u16, epoch: u64) -> Result<bool, String> {
        let before = self.stage.chain.state().latest;
        let began = self.stage.chain.head().number;
        let mut proposed = 0;
        loop {
            let head = self.stage.chain.head().number;
            let contract = &self.stage.chain.final_block().state;
            if contract.epoch() > epoch {
                return Ok(true);
            }
            if head > began + PATIENCE {
                return Ok(false);
            }
            let open = contract
                .ceremonies
                .range(before + 1..)
                .any(|(_, ceremony)| !matches!(ceremony.state, State::Active | State::Failed));
            if contract.latest > before && !open {
                return Ok(false);
            }
            if self.stage.chain.state().latest == before && head >= proposed + 8 {
                proposed = head;
                self.propose(members, threshold);
            }
            self.withdraw();
            self.tick()?;
        }
    }

    /// After an activation: until everybody who can serve does, and old shares are erased. Tells
    /// whether the epoch is there still: where finality breaks, it may be undone.
    fn settle(&mut self, epoch: u64) -> Result<bool, String> {
        self.stage.note(format_args!("epoch {epoch} is active"));
        let until = self.stage.chain.head().number + OVERLAP + 10;
        loop {
            let contract = self.stage.chain.final_block().state.clone();
            let made = contract.epochs.get(epoch as usize - 1);
            let published = made.is_some_and(|made| made.keys.len() == made.members.len());
            let head = self.stage.chain.head().number;
            if (published && head >= until) || head >= until + 80 {
                self.everybody_serves(epoch)?;
                return Ok(made.is_some());
            }
            self.tick()?;
        }
    }

    /// Whether nothing but members goes wrong, and few enough of them: then the ceremony makes an
    /// epoch, if only the corrupt do not keep it from starting.
    fn is_spared(&self, members: &[u16], threshold: u16) -> bool {
        let node = |number: u16| &self.nodes[usize::from(number) - 1];
        let without = |numbers: &[u16], spoils: fn(Vice) -> bool| {
            let good = numbers.iter().filter(|number| {
                let vices = &node(**number).vices;
                !vices.iter().any(|vice| spoils(*vice))
            });
            u16::try_from(good.count()).unwrap_or(u16::MAX)
        };
        let contract = self.stage.chain.state();
        let (dealers, needed) = match contract.epochs.last() {
            None => (members.to_vec(), threshold),
            Some(epoch) => {
                let numbers = epoch.members.iter().filter_map(|m| number_of(m.identity));
                // Who was dealt no share has none to deal out.
                let serving = numbers.filter(|n| node(*n).serves(contract, contract.epoch()));
                (serving.collect(), epoch.threshold)
            }
        };
        let starts = members
            .iter()
            .all(|number| !node(*number).vices.contains(&Vice::NoKey));
        let quorum = confirmation_quorum(members.len() as u16, threshold);
        let enough = without(&dealers, Vice::spoils_dealing) >= needed
            && without(members, Vice::spoils_confirmation) >= quorum;
        // A window that finality leaves no room in comes to nothing by itself.
        let in_time = self.stage.plan.lag <= 2 && self.stage.plan.absences == 0;
        self.is_quiet() && in_time && starts && enough
    }

    /// Whether whatever goes wrong is the doing of the corrupt.
    fn is_quiet(&self) -> bool {
        let plan = &self.stage.plan;
        let faults = [
            plan.delay,
            plan.drops,
            plan.reorgs,
            plan.stalls,
            plan.crashes,
        ];
        faults.iter().all(|often| *often == 0) && plan.liars.is_empty() && plan.rollbacks == 0
    }

    /// Where nothing but members go wrong, every honest member has its share in the end, whatever
    /// the corrupt dealt, and every honest dealer counts, whatever they complained.
    fn everybody_serves(&self, epoch: u64) -> Result<(), String> {
        if !self.is_quiet() {
            return Ok(());
        }
        let contract = &self.stage.chain.final_block().state;
        let Some(made) = contract.epochs.get(epoch as usize - 1) else {
            return Ok(());
        };
        let ceremony = &contract.ceremonies[&made.ceremony];
        for (index, dealer) in (1..).zip(&ceremony.terms.dealers) {
            let honest = number_of(dealer.identity)
                .is_some_and(|number| !self.nodes[usize::from(number) - 1].is_corrupt());
            let counts = made
                .outcome
                .qualified_dealers()
                .any(|dealer| dealer == index);
            if honest && !counts && ceremony.from_epoch == 0 {
                return Err(format!(
                    "dealer {index}, honest, does not count in epoch {epoch}"
                ));
            }
        }
        for member in &made.members {
            let node = number_of(member.identity).map(|n| &self.nodes[usize::from(n) - 1]);
            let calm = |node: &&Node| !node.is_corrupt() && !node.lied_to && node.life == 1;
            if let Some(node) = node.filter(calm)
                && !node.serves(contract, epoch)
            {
                let number = node.number();
                return Err(format!(
                    "member {number}, honest, has no share of epoch {epoch}"
                ));
            }
        }
        Ok(())
    }

    /// One block, and a turn of everybody.
    fn tick(&mut self) -> Result<(), String> {
        let Stage {
            chain, plan, dice, ..
        } = &mut self.stage;
        let (broken, reorgs) = (chain.broken, chain.reorgs);
        chain.advance(plan, dice);
        if chain.reorgs > reorgs {
            self.stage.note(format_args!("another branch"));
        }
        if self.stage.chain.broken > broken {
            self.stage.observer.finality_broken = true;
            self.stage.note(format_args!("what was final is undone"));
        }
        for (ticket, fate) in self.stage.chain.fates() {
            let at = usize::from(ticket.member) - 1;
            self.nodes[at].learn(ticket, fate);
        }
        self.approve();
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        if self.stage.plan.weather != Weather::Calm {
            self.stage.dice.shuffle(&mut order);
        }
        for at in order {
            // A slow member misses a block.
            let slow = self.stage.plan.delay > 0 && self.stage.dice.chance(100);
            if !slow {
                self.nodes[at].turn(&mut self.stage);
            }
        }
        self.check()
    }

    fn check(&mut self) -> Result<(), String> {
        let block = self.stage.chain.final_block();
        let (contract, number) = (block.state.clone(), block.number);
        // Not at every block: only while it is new, until it has opened.
        if let Some(epoch) = contract.epochs.last()
            && !self.stage.observer.canary_opened(epoch.context)
            && number > self.checked
        {
            self.checked = number;
            let Stage { observer, dice, .. } = &mut self.stage;
            observer.epoch(&contract, contract.epoch(), &self.nodes, dice);
        }
        match self.stage.observer.broken() {
            Some(broken) => Err(broken.clone()),
            None => Ok(()),
        }
    }

    /// Nothing goes wrong any more: the corrupt repent, all are up, finality comes.
    fn calm_down(&mut self) {
        self.stage
            .note(format_args!("from here on nothing goes wrong"));
        self.stage.plan.calm_down();
        self.stage.chain.end_stall();
        for node in &mut self.nodes {
            node.vices.clear();
            node.wakes = 0;
        }
    }
}
