//! The devnet's chain: anvil, with Filecoin's chain id and block gas limit.
//!
//! Anvil is not FEVM: it has no null rounds, other gas prices, another finality
//! and none of Filecoin's own precompiles. What it shares is what matters here,
//! the EVM and its BLS12-381 precompiles.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{
    DevnetError,
    finality::Finality,
    process::{Nursery, Process, Program},
};

/// Names the anvil executable, before any search.
pub const ANVIL_VARIABLE: &str = "STHENO_ANVIL";

/// Filecoin's chain id for local development networks.
pub const CHAIN_ID: u64 = 31_415_926;

/// Finds the anvil executable.
///
/// In this order: `$STHENO_ANVIL`; the npm package of this platform in a
/// `node_modules` (or `contracts/node_modules`) beside or above the working
/// directory, this executable, or the sources that it was built from; `$PATH`.
///
/// # Errors
/// [`DevnetError::NoAnvil`], which says how to get one.
pub fn locate_anvil() -> Result<PathBuf, DevnetError> {
    if let Some(named) = env::var_os(ANVIL_VARIABLE).filter(|value| !value.is_empty()) {
        let path = PathBuf::from(named);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(DevnetError::AnvilVariable { path })
        };
    }
    search_roots()
        .iter()
        .flat_map(|root| root.ancestors().flat_map(in_node_modules))
        .chain(in_path())
        .find(|candidate| candidate.is_file())
        .ok_or(DevnetError::NoAnvil)
}

/// Starts anvil, without mining: [`super::pace`] makes the blocks.
///
/// With `state`, the chain is read from that file if it exists and written
/// there when anvil ends, and every half minute in case it does not end well.
///
/// # Errors
/// When it cannot be found or started.
pub fn spawn_anvil(
    nursery: &Nursery,
    port: u16,
    dir: &Path,
    state: Option<&Path>,
    finality: Finality,
) -> Result<Process, DevnetError> {
    let path = locate_anvil()?;
    let mut program = Program::new("anvil", &path, dir.join("anvil.log")).args([
        "--chain-id",
        &CHAIN_ID.to_string(),
        "--port",
        &port.to_string(),
        "--hardfork",
        "prague",
        "--gas-limit",
        "10000000000",
        "--slots-in-an-epoch",
        &finality.slots_in_an_epoch().to_string(),
        "--no-mining",
        "--quiet",
    ]);
    // Otherwise it would leave files in the home directory.
    program = program.args([
        OsString::from("--cache-path"),
        dir.join("anvil-cache").into(),
    ]);
    if let Some(state) = state {
        program = program
            .args([OsString::from("--state"), state.into()])
            .args(["--state-interval", "30"]);
    }
    nursery
        .spawn(&program)
        .map_err(|source| DevnetError::io(format!("start {}", path.display()), source))
}

fn search_roots() -> Vec<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    [
        env::current_dir().ok(),
        env::current_exe().ok(),
        Some(manifest),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn in_node_modules(dir: &Path) -> [PathBuf; 2] {
    let package = Path::new("node_modules")
        .join("@foundry-rs")
        .join(format!("anvil-{}-{}", npm_os(), npm_arch()))
        .join("bin")
        .join(executable());
    [dir.join("contracts").join(&package), dir.join(package)]
}

fn in_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(executable()))
        // npm's `.bin/anvil` is a script that leaves the real process behind when it is killed.
        .filter(|candidate| !candidate.parent().is_some_and(|dir| dir.ends_with(".bin")))
        .collect()
}

fn executable() -> &'static str {
    if cfg!(windows) { "anvil.exe" } else { "anvil" }
}

fn npm_os() -> &'static str {
    match env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    }
}

fn npm_arch() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_node_modules_looks_into_contracts_first() {
        let [first, second] = in_node_modules(Path::new("/checkout"));
        assert!(first.starts_with("/checkout/contracts/node_modules/@foundry-rs"));
        assert!(second.starts_with("/checkout/node_modules/@foundry-rs"));
    }

    #[test]
    fn npm_names_are_those_of_foundrys_packages() {
        if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            assert_eq!(
                format!("anvil-{}-{}", npm_os(), npm_arch()),
                "anvil-linux-amd64"
            );
        }
    }
}
