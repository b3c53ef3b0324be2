//! Wallets from encrypted keystore files.
//!
//! The library takes the form of a file for granted: it panics on a short initialisation vector or
//! derived key, takes whatever memory and time the file asks for, and rounds a cost of scrypt that is no
//! power of two down, so that the right passphrase would seem wrong. So that is checked before.

use std::{fmt, path::Path};

use alloy::signers::local::{LocalSignerError, PrivateKeySigner};
use serde::Deserialize;

use super::{Wallet, WalletError};

/// Most memory that scrypt may take, `128 · n · r` bytes: geth's usual is 256 MiB.
const MOST_MEMORY: u64 = 1 << 30;
/// Most passes of scrypt, each over all of that memory.
const MOST_PASSES: u64 = 16;
/// Most rounds of PBKDF2: the usual are 262,144.
const MOST_ROUNDS: u64 = 10_000_000;

impl Wallet {
    /// Decrypts an Ethereum keystore (Web3 Secret Storage, version 3). Deliberately slow.
    ///
    /// # Errors
    /// [`WalletError::Keystore`], [`WalletError::Passphrase`].
    pub fn from_keystore(path: impl AsRef<Path>, passphrase: &str) -> Result<Self, WalletError> {
        let path = path.as_ref();
        let shown = path.display().to_string();
        let unreadable = |why| WalletError::Keystore {
            path: shown.clone(),
            why,
        };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        check(&text).map_err(unreadable)?;
        match PrivateKeySigner::decrypt_keystore(path, passphrase) {
            Ok(signer) => Ok(Self::of(signer)),
            Err(LocalSignerError::EthKeystoreError(error)) if is_mac_mismatch(&error) => {
                Err(WalletError::Passphrase { path: shown })
            }
            Err(error) => Err(WalletError::Keystore {
                path: shown,
                why: error.to_string(),
            }),
        }
    }
}

/// The keystore's error type is not re-exported, so its words are all there is to go by.
fn is_mac_mismatch(error: &impl fmt::Display) -> bool {
    error.to_string() == "Mac Mismatch"
}

#[derive(Deserialize)]
struct File {
    crypto: Crypto,
}

#[derive(Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: Cipher,
    ciphertext: String,
    kdf: String,
    kdfparams: Kdf,
}

#[derive(Deserialize)]
struct Cipher {
    iv: String,
}

#[derive(Deserialize)]
struct Kdf {
    dklen: u64,
    /// PBKDF2.
    c: Option<u64>,
    /// scrypt.
    n: Option<u64>,
    r: Option<u64>,
    p: Option<u64>,
}

/// Checks that the file says nothing that the library would not survive.
///
/// # Errors
/// The field, and what it should be.
fn check(text: &str) -> Result<(), String> {
    let File { crypto } = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let wants = |is: bool, what: &str| is.then_some(()).ok_or_else(|| format!("crypto.{what}"));
    wants(crypto.cipher == "aes-128-ctr", "cipher is not aes-128-ctr")?;
    wants(
        crypto.cipherparams.iv.len() == 32,
        "cipherparams.iv is not 16 bytes",
    )?;
    wants(crypto.ciphertext.len() == 64, "ciphertext is not 32 bytes")?;
    let kdf = &crypto.kdfparams;
    wants(kdf.dklen == 32, "kdfparams.dklen is not 32")?;
    match (crypto.kdf.as_str(), kdf.c, kdf.n, kdf.r, kdf.p) {
        ("pbkdf2", Some(c), None, None, None) => wants(
            (1..=MOST_ROUNDS).contains(&c),
            "kdfparams.c is outside 1 to 10000000",
        ),
        ("scrypt", None, Some(n), Some(r), Some(p)) => {
            wants(
                n.is_power_of_two() && n > 1,
                "kdfparams.n is not a power of two above 1",
            )?;
            let memory = n.saturating_mul(r).saturating_mul(128);
            wants(
                r > 0 && memory <= MOST_MEMORY,
                "kdfparams.n and r ask for nothing, or for more than 1 GiB",
            )?;
            wants(
                (1..=MOST_PASSES).contains(&p),
                "kdfparams.p is outside 1 to 16",
            )
        }
        _ => Err("crypto.kdf is not scrypt or pbkdf2 with its parameters".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PBKDF2: &str = include_str!("../../tests/data/web3-secret-storage-pbkdf2.json");

    fn scrypt(n: u64, r: u64, p: u64) -> String {
        format!(
            r#"{{"crypto":{{"cipher":"aes-128-ctr","cipherparams":{{"iv":"{}"}},"ciphertext":"{}","kdf":"scrypt","kdfparams":{{"dklen":32,"n":{n},"r":{r},"p":{p},"salt":""}},"mac":""}},"version":3}}"#,
            "0".repeat(32),
            "0".repeat(64),
        )
    }

    #[test]
    fn keystore_opens_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        // "Test vectors" of the Web3 Secret Storage definition, the one with PBKDF2.
        std::fs::write(
            &path,
            include_str!("../../tests/data/web3-secret-storage-pbkdf2.json"),
        )
        .unwrap();
        let wallet = Wallet::from_keystore(&path, "testpassword").unwrap();
        assert_eq!(
            wallet.address().to_string().to_lowercase(),
            "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b"
        );
        let error = Wallet::from_keystore(&path, "wrong").unwrap_err();
        assert!(matches!(error, WalletError::Passphrase { .. }), "{error}");
    }

    #[test]
    fn keystore_is_refused_when_it_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let missing = Wallet::from_keystore(&path, "x").unwrap_err();
        assert!(missing.to_string().contains("key.json"), "{missing}");
        for text in ["{}", "no json", r#"{"crypto":{"kdfparams":{"dklen":16}}}"#] {
            std::fs::write(&path, text).unwrap();
            let error = Wallet::from_keystore(&path, "x").unwrap_err();
            assert!(matches!(error, WalletError::Keystore { .. }), "{error}");
        }
    }

    #[test]
    fn keystore_passes_with_usual_costs() {
        assert_eq!(check(PBKDF2), Ok(()));
        for (n, r, p) in [(262_144, 8, 1), (8192, 8, 1), (4096, 8, 6), (2, 1, 1)] {
            assert_eq!(check(&scrypt(n, r, p)), Ok(()), "{n} {r} {p}");
        }
    }

    #[test]
    fn keystore_is_refused_when_it_would_take_all_memory_or_for_ever() {
        for (n, r, p, fault) in [
            (1 << 31, 8, 1, "1 GiB"),
            (2, u64::MAX, 1, "1 GiB"),
            (262_144, 0, 1, "ask for nothing"),
            (262_144, 8, u64::MAX, "kdfparams.p"),
            (262_143, 8, 1, "power of two"),
            (0, 8, 1, "power of two"),
        ] {
            let error = check(&scrypt(n, r, p)).unwrap_err();
            assert!(error.contains(fault), "{error}");
        }
        let error = check(&PBKDF2.replace("262144", "4294967295")).unwrap_err();
        assert!(error.contains("kdfparams.c"), "{error}");
    }

    #[test]
    fn keystore_is_refused_when_the_library_would_panic() {
        let short = PBKDF2.replace("6087dab2f9fdbbfaddc31a909735c1e6", "6087");
        assert!(short != PBKDF2);
        assert!(check(&short).unwrap_err().contains("cipherparams.iv"));
        let short = PBKDF2.replace("\"dklen\": 32", "\"dklen\": 8");
        let short = short.replace("\"dklen\" : 32", "\"dklen\" : 8");
        assert!(short != PBKDF2);
        assert!(check(&short).unwrap_err().contains("dklen"));
    }
}
