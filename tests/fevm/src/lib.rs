//! Our contracts on Filecoin's real virtual machine: the one that Lotus and Forest run, with the real built-in actors.
//!
//! | module | what it has |
//! |---|---|
//! | [`chain`] | a machine at an epoch, and the messages that are sent to it |
//! | [`externs`] | what a node would tell the machine of its chain |
//! | [`people`] | keys, addresses, signatures |
//! | [`contracts`] | calls and bytecode of what is deployed |
//! | [`gas`] | what each message took, and the budgets that it has to keep |
//! | [`receipt`] | what became of a message |
//! | [`vectors`] | frozen bytes of the repository's other tests |
//!
//! Built-in actors come as a file that is not part of the repository; [`run`] says what to set when it is not there.

pub mod chain;
pub mod contracts;
pub mod externs;
pub mod gas;
pub mod people;
pub mod receipt;
pub mod vectors;

use std::path::PathBuf;
use std::sync::Once;
use std::thread;

use chain::{Chain, Version};
use people::Person;

/// The variable that names the bundle of built-in actors.
pub const ACTORS: &str = "STHENO_ACTORS_CAR";
/// The same for actors from before EIP-2537: v16, of network version 26.
pub const OLD_ACTORS: &str = "STHENO_OLD_ACTORS_CAR";

/// The machine's stack: messages call actors within actors.
const STACK: usize = 256 << 20;

/// Runs a flow on a chain of today, and holds what its messages took to the budgets. Without a bundle it says so once.
///
/// # Panics
/// Where the flow does, or a budget is missed.
pub fn run(title: &str, cast: Vec<Person>, flow: impl FnOnce(&mut Chain) + Send) {
    static SAID: Once = Once::new();
    run_with(ACTORS, Version::Today, &SAID, title, cast, flow);
}

/// The same on a chain that has no precompiles of EIP-2537.
pub fn run_before_eip2537(title: &str, cast: Vec<Person>, flow: impl FnOnce(&mut Chain) + Send) {
    static SAID: Once = Once::new();
    run_with(OLD_ACTORS, Version::BeforeEip2537, &SAID, title, cast, flow);
}

fn run_with(
    variable: &str,
    version: Version,
    said: &Once,
    title: &str,
    cast: Vec<Person>,
    flow: impl FnOnce(&mut Chain) + Send,
) {
    let Some(bundle) = std::env::var_os(variable).map(PathBuf::from) else {
        said.call_once(|| {
            eprintln!(
                "skipped: {variable} is not set; set it to the .car of a release of filecoin-project/builtin-actors \
                 (tests/fevm/README.md)"
            );
        });
        return;
    };
    let outcome = thread::scope(|scope| {
        let body = || {
            let mut chain = Chain::new(&bundle, version, &cast);
            flow(&mut chain);
            let table = chain.into_table();
            if !table.is_empty() {
                println!("\n{}", table.markdown(title));
            }
            table.assert_budgets();
        };
        let thread = thread::Builder::new().stack_size(STACK);
        thread
            .spawn_scoped(scope, body)
            .expect("a thread starts")
            .join()
    });
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}
