//! The devnet that tests share, and the harness around a test.

use std::{
    future::Future,
    sync::LazyLock,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use stheno_cli::devnet::{Devnet, Options};
use tokio::{
    runtime::Runtime,
    sync::{RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard},
};

/// The executable under test.
pub(crate) const STHENO: &str = env!("CARGO_BIN_EXE_stheno");

/// How long a round of a test may take.
const PATIENCE: Duration = Duration::from_secs(150);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Started by the first test that needs it. A start that failed is not repeated.
static DEVNET: RwLock<Option<Result<Devnet, String>>> = RwLock::const_new(None);

/// A test of this binary: an async function that panics when it fails.
pub(crate) fn trial<F>(module: &str, name: &str, test: fn() -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    patient_trial(module, name, PATIENCE * rounds(), test)
}

/// The same for a test that may take so long.
pub(crate) fn patient_trial<F>(
    module: &str,
    name: &str,
    patience: Duration,
    test: fn() -> F,
) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    let module = module.rsplit("::").next().unwrap_or(module);
    Trial::test(format!("{module}::{name}"), move || {
        RUNTIME
            .block_on(async { tokio::time::timeout(patience, test()).await })
            .map_err(|_| Failed::from(format!("not done after {patience:?}")))
    })
}

/// How often tests that roll dice roll them: `STHENO_ANGER_ROUNDS`, once if it is not set.
pub(crate) fn rounds() -> u32 {
    let rounds = std::env::var("STHENO_ANGER_ROUNDS").ok();
    rounds.map_or(1, |rounds| rounds.parse().expect("a number of rounds"))
}

/// Lists the tests of a module: `trials![some_test, another_test];`
#[macro_export]
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        /// The tests of this module.
        pub(crate) fn trials() -> Vec<libtest_mimic::Trial> {
            vec![$($crate::stage::trial(module_path!(), stringify!($test), $test)),*]
        }
    };
}

/// The devnet, beside other tests that only use it: five nodes, threshold three.
pub(crate) async fn shared() -> RwLockReadGuard<'static, Devnet> {
    started().await;
    RwLockReadGuard::map(DEVNET.read().await, |devnet| match devnet {
        Some(Ok(devnet)) => devnet,
        Some(Err(error)) => panic!("the devnet did not start: {error}"),
        None => unreachable!("started() came before, end() comes after all tests"),
    })
}

/// The devnet, with no other test beside: for those that kill nodes. Leave all of them running.
pub(crate) async fn alone() -> RwLockMappedWriteGuard<'static, Devnet> {
    started().await;
    RwLockWriteGuard::map(DEVNET.write().await, |devnet| match devnet {
        Some(Ok(devnet)) => devnet,
        Some(Err(error)) => panic!("the devnet did not start: {error}"),
        None => unreachable!("started() came before, end() comes after all tests"),
    })
}

async fn started() {
    let mut devnet = DEVNET.write().await;
    if devnet.is_none() {
        let began = Instant::now();
        let result = Devnet::start(Options::with_executable(STHENO)).await;
        if result.is_ok() {
            eprintln!("devnet: ready after {:.1} s", began.elapsed().as_secs_f64());
        }
        *devnet = Some(result.map_err(|error| error.to_string()));
    }
}

/// Ends the devnet, if one was started.
pub(crate) fn end() {
    RUNTIME.block_on(async {
        if let Some(Ok(devnet)) = DEVNET.write().await.take() {
            devnet.stop().await;
        }
    });
}
