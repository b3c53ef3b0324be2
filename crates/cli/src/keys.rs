//! The wallet's key: from a keystore or the environment, never from the command line.

use std::{env, io::IsTerminal, path::Path};

use stheno::{Nobody, Reader, Wallet};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The environment variable with a keystore's passphrase.
const PASSPHRASE: &str = "STHENO_KEYSTORE_PASSWORD";

/// The reader that was given: a keystore's, the environment's, or nobody.
///
/// # Errors
/// When what was given does not work.
pub fn reader(keystore: Option<&Path>) -> Result<Box<dyn Reader>, Failure> {
    if let Some(path) = keystore {
        return Ok(Box::new(Wallet::from_keystore(path, &passphrase(path)?)?));
    }
    match env::var_os(Wallet::ENV) {
        Some(_) => Ok(Box::new(Wallet::from_env(Wallet::ENV)?)),
        None => Ok(Box::new(Nobody)),
    }
}

fn passphrase(keystore: &Path) -> Result<Zeroizing<String>, Failure> {
    if let Ok(passphrase) = env::var(PASSPHRASE) {
        return Ok(Zeroizing::new(passphrase));
    }
    let needed = || {
        Failure::new(
            "passphrase_needed",
            format_args!("no passphrase for {}", keystore.display()),
        )
        .hint(format_args!(
            "set {PASSPHRASE}, or run this in a terminal to be asked"
        ))
    };
    if !std::io::stderr().is_terminal() {
        return Err(needed());
    }
    rpassword::prompt_password(format!("Passphrase of {}: ", keystore.display()))
        .map(Zeroizing::new)
        .map_err(|_| needed())
}
