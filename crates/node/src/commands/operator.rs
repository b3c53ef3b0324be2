//! The operator: the account of the person or firm behind a node. Its key is only ever borrowed.

use std::{env, fs, path::PathBuf};

use alloy::signers::local::PrivateKeySigner;
use clap::Args;
use stheno_chain::{Chain, Chains};
use zeroize::Zeroizing;

use super::outcome::Failure;
use crate::{Config, server};

/// Holds the operator's key in hex, when there is no keystore.
const KEY_ENV: &str = "STHENO_OPERATOR_KEY";
/// Holds the keystore's password, when there is no file.
const PASSWORD_ENV: &str = "STHENO_OPERATOR_PASSWORD";

/// Where the operator's key is: a keystore, or else the environment. Never an argument.
#[derive(Clone, Debug, Args)]
pub struct OperatorArgs {
    /// The operator's encrypted keystore (JSON, Web3 Secret Storage). Without it the key is read
    /// from $STHENO_OPERATOR_KEY (hex).
    #[arg(long, value_name = "FILE")]
    pub operator_keystore: Option<PathBuf>,
    /// A file whose first line is the keystore's password. Without it
    /// $STHENO_OPERATOR_PASSWORD, or a prompt.
    #[arg(long, value_name = "FILE", requires = "operator_keystore")]
    pub operator_password_file: Option<PathBuf>,
}

impl OperatorArgs {
    /// Opens the key.
    pub(super) fn signer(&self) -> Result<PrivateKeySigner, Failure> {
        match &self.operator_keystore {
            Some(path) => {
                let closed = |why: String| {
                    Failure::new(format!("{} does not open: {why}", path.display())).hint(
                        "check the password, and that the file is a Web3 Secret Storage keystore",
                    )
                };
                let text = fs::read_to_string(path).map_err(|error| closed(error.to_string()))?;
                check_form(&text).map_err(closed)?;
                let password = self.password()?;
                PrivateKeySigner::decrypt_keystore(path, password.as_str())
                    .map_err(|error| closed(error.to_string()))
            }
            None => {
                let key = Zeroizing::new(env::var(KEY_ENV).map_err(|_| {
                    Failure::new("there is no operator key")
                        .hint(format!("give --operator-keystore, or set ${KEY_ENV}"))
                })?);
                // The parser's own error could show a part of the key.
                key.trim().parse().map_err(|_| {
                    Failure::new(format!("${KEY_ENV} is not a private key"))
                        .hint("it should be 64 hexadecimal digits")
                })
            }
        }
    }

    fn password(&self) -> Result<Zeroizing<String>, Failure> {
        if let Some(path) = &self.operator_password_file {
            let text = fs::read_to_string(path)
                .map(Zeroizing::new)
                .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
            let line = text.lines().next().unwrap_or_default();
            return Ok(Zeroizing::new(line.to_owned()));
        }
        if let Ok(password) = env::var(PASSWORD_ENV) {
            return Ok(Zeroizing::new(password));
        }
        rpassword::prompt_password("Keystore password: ")
            .map(Zeroizing::new)
            .map_err(|error| {
                Failure::new(format!("no password could be read: {error}")).hint(format!(
                    "give --operator-password-file, or set ${PASSWORD_ENV}"
                ))
            })
    }
}

/// What the keystore library takes for granted, and would panic without.
fn check_form(text: &str) -> Result<(), String> {
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let field = |name: &str| json.pointer(&format!("/crypto/{name}"));
    let derived = field("kdfparams/dklen").and_then(serde_json::Value::as_u64);
    let vector = field("cipherparams/iv").and_then(serde_json::Value::as_str);
    match (derived, vector.map(str::len)) {
        (Some(32), Some(32)) => Ok(()),
        (Some(32), _) => Err("crypto.cipherparams.iv is not 16 bytes".to_owned()),
        _ => Err("crypto.kdfparams.dklen is not 32".to_owned()),
    }
}

/// The committee's chain.
pub(super) async fn home_chain(config: &Config) -> Result<Chain, Failure> {
    let id = config.home_chain()?.chain_id;
    let chains: Chains = server::connect(config).await?;
    Ok(chains.get(id)?.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keystore_is_refused_when_the_library_would_panic() {
        let file = |dklen: u64, iv: &str| {
            format!(
                r#"{{"crypto":{{"cipherparams":{{"iv":"{iv}"}},"kdfparams":{{"dklen":{dklen}}}}}}}"#
            )
        };
        let iv = "6087dab2f9fdbbfaddc31a909735c1e6";
        assert_eq!(check_form(&file(32, iv)), Ok(()));
        assert!(check_form(&file(8, iv)).unwrap_err().contains("dklen"));
        assert!(check_form(&file(32, "6087")).unwrap_err().contains("iv"));
        assert!(check_form("{}").is_err());
    }
}
