//! A hostile chain: endpoints that lie, lag, break off and fall silent, in front of a real anvil.
//!
//! A node reads the chain through a proxy that does to each of its endpoints what the test says,
//! and the test knows from its own actions what is true. **No grant may come of a lie.**
//!
//! | module | what it is |
//! |---|---|
//! | [`anvil`] | the real chain, which mines when it is told to |
//! | [`nature`] | Filecoin's ways over it: null rounds, finality, `latest` |
//! | [`mischief`], [`answering`], [`proxy`] | what an endpoint may do, and the proxy that does it |
//! | [`rights`], [`tree`] | what a reader has, and policies over it, judged once more |
//! | [`node`] | the node that is asked |
//! | [`world`], [`history`] | all of it under one hand, and what was true when |
//! | [`leaves`] | every kind of condition through every kind of mischief |
//! | [`schedules`], [`play`], [`tally`] | random schedules: all of them, one of them, what came of them |
//! | [`liars`], [`choice`], [`deceit`] | random mischief, anchors of a reader's choice, and both together |
//! | [`checking`] | that the judge of the schedules sees what is wrong |
//! | [`hidden_heads`] | liars that show an older head than there is |
//! | [`answers`] | contracts that answer badly, change or vanish |
//! | [`agreement`] | what a node believes that is not told how many must agree; another chain |
//! | [`accounts`] | contract accounts, deployed or not, where two chains are read |
//! | [`logs`] | logs over null rounds, limits and refused tags |

mod accounts;
mod agreement;
mod answering;
mod answers;
mod anvil;
mod checking;
mod choice;
mod deceit;
mod dice;
#[path = "../../../crates/node/tests/double/mod.rs"]
mod double;
mod hidden_heads;
mod history;
mod leaves;
mod liars;
mod logs;
mod mischief;
mod nature;
mod node;
mod play;
mod proxy;
mod rights;
mod schedules;
mod tally;
mod tree;
mod world;

/// The hostile chain's id; the committee is on another one, where nothing happens.
const CHAIN: u64 = 314_159;
/// From one round to the next, as on Filecoin.
const SECONDS: u64 = 30;

/// The tests of this module.
pub(crate) fn trials() -> Vec<libtest_mimic::Trial> {
    let trials = [
        leaves::trials(),
        schedules::trials(),
        checking::trials(),
        answers::trials(),
        logs::trials(),
        accounts::trials(),
        agreement::trials(),
        hidden_heads::trials(),
    ];
    trials.into_iter().flatten().collect()
}
