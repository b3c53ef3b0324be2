//! Policies at random, and what they ought to say.

use serde_json::{Value, json};

use super::{
    dice::Dice,
    rights::{Condition, Fact, Holder},
};

/// A policy's tree; leaves with the confirmations that they ask for.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    AtLeast(usize, Vec<Tree>),
    Not(Box<Tree>),
    Leaf(Condition, u64),
}

impl Tree {
    /// One with up to three levels of combinations. `around` is a block time of the near future.
    pub(super) fn random(dice: &mut Dice, around: u64) -> Self {
        let levels = dice.below(4);
        Self::grown(dice, around, levels, false)
    }

    fn grown(dice: &mut Dice, around: u64, levels: usize, negated: bool) -> Self {
        if levels == 0 {
            return Self::leaf(dice, around, negated);
        }
        let several = |dice: &mut Dice| {
            let many = 1 + dice.below(3);
            let grow = |_| Self::grown(dice, around, levels - 1, negated);
            (0..many).map(grow).collect::<Vec<_>>()
        };
        match dice.below(8) {
            0..=2 => Self::All(several(dice)),
            3..=4 => Self::Any(several(dice)),
            5..=6 => {
                let of = several(dice);
                Self::AtLeast(1 + dice.below(of.len()), of)
            }
            _ => Self::Not(Box::new(Self::grown(dice, around, levels - 1, !negated))),
        }
    }

    fn leaf(dice: &mut Dice, around: u64, negated: bool) -> Self {
        let moment = around - 200 + 10 * dice.between(0, 40);
        let conditions = [
            Condition::Pass,
            Condition::Pass,
            Condition::Coins,
            Condition::Cards,
            Condition::EitherCard,
            Condition::Level,
            Condition::Level,
            Condition::Revoked,
            Condition::Money,
            Condition::Money,
            Condition::Subscribed,
            Condition::Stored,
            Condition::Granted,
            Condition::After(moment),
            Condition::Before(moment),
            Condition::Listed(true),
            Condition::Listed(false),
            Condition::Allowed(true),
            Condition::Allowed(false),
            Condition::Broken,
        ];
        let confirmations = dice.pick(&[0, 0, 0, 1, 2, 4]);
        loop {
            let condition = dice.pick(&conditions);
            if !negated || condition.may_be_negated() {
                return Self::Leaf(condition, confirmations);
            }
        }
    }

    /// The policy's text.
    pub(super) fn policy(&self, holder: &Holder) -> String {
        json!({ "version": 1, "rule": self.json(holder) }).to_string()
    }

    fn json(&self, holder: &Holder) -> Value {
        let list = |of: &[Self]| of.iter().map(|tree| tree.json(holder)).collect::<Vec<_>>();
        match self {
            Self::All(of) => json!({ "all": list(of) }),
            Self::Any(of) => json!({ "any": list(of) }),
            Self::AtLeast(k, of) => json!({ "at_least": { "k": k, "of": list(of) } }),
            Self::Not(of) => json!({ "not": of.json(holder) }),
            Self::Leaf(condition, confirmations) => condition.json(holder, *confirmations),
        }
    }

    /// What it says by its leaves, each of which is true, false or unknown: Kleene's logic.
    pub(super) fn says(&self, leaf: &impl Fn(Condition, u64) -> Option<bool>) -> Option<bool> {
        let count = |of: &[Self]| {
            of.iter()
                .fold((0, 0), |(yes, no), tree| match tree.says(leaf) {
                    Some(true) => (yes + 1, no),
                    Some(false) => (yes, no + 1),
                    None => (yes, no),
                })
        };
        let at_least = |k: usize, of: &[Self]| {
            let (yes, no) = count(of);
            match (yes >= k, of.len() - no < k) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            }
        };
        match self {
            Self::All(of) => at_least(of.len(), of),
            Self::Any(of) => at_least(1, of),
            Self::AtLeast(k, of) => at_least(*k, of),
            Self::Not(of) => of.says(leaf).map(|said| !said),
            Self::Leaf(condition, confirmations) => leaf(*condition, *confirmations),
        }
    }

    /// Every fact that it goes by.
    pub(super) fn facts(&self) -> Vec<Fact> {
        match self {
            Self::All(of) | Self::Any(of) | Self::AtLeast(_, of) => {
                of.iter().flat_map(Self::facts).collect()
            }
            Self::Not(of) => of.facts(),
            Self::Leaf(condition, _) => condition.facts().to_vec(),
        }
    }
}
