//! Seeded chance, and what a seed makes of a run: who takes part, and what goes wrong.

use std::collections::BTreeMap;

use stheno_protocol::ceremony::Windows;

use crate::{byzantine::Vice, endpoint::Lie};

/// A generator of pseudo-random numbers (SplitMix64). One seed, one sequence.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds have nothing in common.
        let mut dice = Self(seed ^ 0x5851_f42d_4c95_7f2d);
        dice.next();
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `n − 1`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for at in (1..of.len()).rev() {
            of.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// Kinds of faults, to be left out one by one when a failing run is made smaller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    Vices,
    Liars,
    Network,
    Reorgs,
    Stalls,
    Rollbacks,
    Crashes,
    Wipes,
    Rivals,
}

impl Fault {
    pub const ALL: [Self; 9] = [
        Self::Vices,
        Self::Liars,
        Self::Network,
        Self::Reorgs,
        Self::Stalls,
        Self::Rollbacks,
        Self::Crashes,
        Self::Wipes,
        Self::Rivals,
    ];
}

/// How bad a run is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weather {
    /// Nothing goes wrong: the first attempt must succeed.
    Calm,
    /// No more members misbehave than a ceremony can spare.
    Fair,
    /// Up to `t − 1` members are corrupt and in league, and everything else goes wrong as well.
    Wild,
}

/// What a seed makes of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub weather: Weather,
    /// Which keys the members have: results are shared between runs with the same ones.
    pub cast: u64,
    pub size: u16,
    pub threshold: u16,
    pub windows: Windows,
    pub reshares: u64,
    /// By the member's number.
    pub vices: BTreeMap<u16, Vec<Vice>>,
    /// By the member's number: what its endpoints say, and in how many turns of a thousand they
    /// begin to.
    pub liars: BTreeMap<u16, Lie>,
    /// Blocks that a transaction may wait, at most.
    pub delay: u64,
    /// In thousand transactions.
    pub drops: u64,
    /// In thousand blocks.
    pub reorgs: u64,
    /// Blocks until a block is final.
    pub lag: u64,
    /// In thousand blocks.
    pub stalls: u64,
    /// In thousand blocks: finality is broken.
    pub rollbacks: u64,
    /// In thousand steps of a member, before it and after it.
    pub crashes: u64,
    /// Members that lose what they have on disk, save their identity, in thousand crashes.
    pub wipes: u64,
    /// In thousand proposals of a reshare: another is proposed beside it.
    pub rivals: u64,
    /// In thousand blocks in which it could, an operator does not look yet.
    pub absences: u64,
    /// A member whose operator approves no reshare that can start without it.
    pub abstains: Option<u16>,
}

impl Plan {
    /// The plan of a seed, without these kinds of faults.
    pub fn of(seed: u64, without: &[Fault]) -> Self {
        let mut dice = Dice::new(seed);
        let weather = match dice.below(10) {
            0 => Weather::Calm,
            1..=4 => Weather::Fair,
            _ => Weather::Wild,
        };
        let size = match dice.below(100) {
            0..=19 => 2,
            20..=57 => 3,
            58..=83 => 4,
            84..=96 => 5,
            97..=98 => 7,
            _ => 9,
        };
        let threshold = dice.between(u64::from(size / 2 + 1), u64::from(size)) as u16;
        // Terms that many runs have in common: then they have dealings in common, too.
        let (window, consent_delay) =
            [(4, 0), (4, 0), (4, 0), (4, 0), (7, 0), (4, 3)][dice.below(6) as usize];
        let mut plan = Self {
            seed,
            weather,
            cast: u64::from(dice.chance(30)),
            size,
            threshold,
            windows: Windows {
                deal: window,
                complain: window,
                answer: window,
                confirm: window,
                margin: 3,
                consent_delay,
            },
            reshares: [0, 0, 0, 1, 1, 2][dice.below(6) as usize],
            vices: BTreeMap::new(),
            liars: BTreeMap::new(),
            delay: 0,
            drops: 0,
            reorgs: 0,
            lag: 2,
            stalls: 0,
            rollbacks: 0,
            crashes: 0,
            wipes: 0,
            rivals: 0,
            absences: 0,
            abstains: None,
        };
        if weather != Weather::Calm {
            plan.spoil(&mut dice);
        }
        for fault in without {
            plan.leave_out(*fault);
        }
        plan
    }

    fn spoil(&mut self, dice: &mut Dice) {
        let numbers: Vec<u16> = (1..=self.size).collect();
        let corrupt = match self.weather {
            Weather::Calm => 0,
            Weather::Fair => u64::from((self.size - self.threshold) / 2),
            Weather::Wild => dice.between(0, u64::from(self.threshold - 1)),
        };
        let mut order = numbers.clone();
        dice.shuffle(&mut order);
        for number in order.iter().take(corrupt as usize) {
            let many = dice.between(1, 3);
            let mut vices: Vec<Vice> = (0..many).map(|_| *dice.pick(&Vice::ALL)).collect();
            if dice.chance(300) {
                vices = vec![*dice.pick(&[Vice::WrongShareToOne, Vice::WrongShareToSome])];
                vices.extend(dice.chance(300).then_some(Vice::NoAnswer));
            }
            if dice.chance(200) {
                vices = vec![*dice.pick(&Vice::FALSE_COMPLAINTS)];
            }
            self.vices.insert(*number, vices);
        }
        if dice.chance(250) {
            let honest = order.iter().skip(corrupt as usize);
            let spare = match self.weather {
                Weather::Wild => 2,
                _ => (self.size - self.threshold) as usize / 2 - corrupt as usize,
            };
            for number in honest.take(spare) {
                self.liars.insert(*number, *dice.pick(&Lie::ALL));
            }
        }
        // Then whatever goes wrong is the doing of the corrupt, and can be blamed on nothing else.
        let quiet = dice.chance(300);
        if quiet {
            self.liars.clear();
            return;
        }
        self.absences = 300;
        self.abstains = order.last().filter(|_| dice.chance(250)).copied();
        self.delay = dice.below(3);
        self.drops = [0, 0, 20, 80][dice.below(4) as usize];
        self.reorgs = [0, 30, 120][dice.below(3) as usize];
        self.lag = dice.between(1, 4);
        self.stalls = [0, 0, 15, 40][dice.below(4) as usize];
        self.crashes = [0, 3, 10, 40][dice.below(4) as usize];
        self.rivals = 300;
        if self.weather == Weather::Wild {
            self.delay = dice.below(4);
            self.rollbacks = [0, 0, 0, 20][dice.below(4) as usize];
            self.wipes = [0, 0, 30][dice.below(3) as usize];
        }
    }

    fn leave_out(&mut self, fault: Fault) {
        match fault {
            Fault::Vices => self.vices.clear(),
            Fault::Liars => self.liars.clear(),
            Fault::Network => (self.delay, self.drops) = (0, 0),
            Fault::Reorgs => self.reorgs = 0,
            Fault::Stalls => (self.stalls, self.lag) = (0, 2),
            Fault::Rollbacks => self.rollbacks = 0,
            Fault::Crashes => self.crashes = 0,
            Fault::Wipes => self.wipes = 0,
            Fault::Rivals => self.rivals = 0,
        }
    }

    /// From now on nothing goes wrong any more.
    pub fn calm_down(&mut self) {
        for fault in Fault::ALL {
            self.leave_out(fault);
        }
        self.absences = 0;
        self.abstains = None;
    }
}
