//! Files that people hand to the SDK.

use std::{fs, path::PathBuf, sync::LazyLock};

use stheno::{NetworkFile, Wallet};
use tempfile::TempDir;

use crate::{Kind, Target, Verdict};

/// Keystores of the passphrase `testpassword`, as cheap as their form allows: the cost is in the
/// file, and every execution pays it.
const KEYSTORES: [&str; 2] = [
    include_str!("keystore-scrypt.json"),
    include_str!("keystore-pbkdf2.json"),
];
/// Cost above which a keystore is not opened here, though the wallet would.
const DEAR: u64 = 1 << 14;

/// The file that says which committee a writer trusts.
pub(super) const NETWORK_FILE: Target = Target::new(
    "network_file",
    Kind::Text,
    || {
        let fingerprint = "11".repeat(32);
        vec![
            format!(
                r#"{{"version":1,"name":"devnet","chainId":31415926,"contract":"0x5fbdb2315678afecb367f032d93f642f64180aa3","committeeId":1,"networkKeyFingerprint":"0x{fingerprint}","rpc":{{"31415926":["http://127.0.0.1:8545/"]}},"threshold":3,"nodes":[{{"index":1,"endpoint":"http://127.0.0.1:7001/"}}]}}"#
            )
            .into_bytes(),
        ]
    },
    |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return Verdict::refused("not text");
        };
        match NetworkFile::from_json(text) {
            Ok(file) => {
                let again = NetworkFile::from_json(&file.to_json());
                assert_eq!(again.unwrap_or_else(|error| panic!("{error}")), file);
                assert_eq!(file.network_id(), file.locator().network());
                Verdict::Accepted
            }
            Err(error) => Verdict::refused(error),
        }
    },
)
.memory(64 * 1024, 256);

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// An Ethereum keystore, opened with its passphrase.
pub(super) const KEYSTORE: Target = Target::new(
    "keystore",
    Kind::Text,
    || KEYSTORES.map(|text| text.as_bytes().to_vec()).into(),
    |input| {
        if is_dear(input) {
            return Verdict::refused("too dear for a fuzzer");
        }
        let path: PathBuf = FOLDER.path().join("keystore.json");
        if let Err(error) = fs::write(&path, input) {
            panic!("{error}");
        }
        match Wallet::from_keystore(&path, "testpassword") {
            Ok(wallet) => {
                let shown = format!("{wallet:?}");
                assert!(shown.contains("<redacted>"), "{shown}");
                Verdict::Accepted
            }
            Err(error) => Verdict::refused(error.to_string().replace("keystore.json", "")),
        }
    },
)
.longest(4096)
.memory(4 << 20, 256)
.cost(5);

/// Whether its parameters are within a wallet's limits, and beyond a fuzzer's patience.
fn is_dear(input: &[u8]) -> bool {
    let json: serde_json::Value = serde_json::from_slice(input).unwrap_or_default();
    let number = |name: &str| {
        let found = json.pointer(&format!("/crypto/kdfparams/{name}"));
        found.and_then(serde_json::Value::as_u64).unwrap_or(1)
    };
    let cost = number("c").max(
        number("n")
            .saturating_mul(number("r"))
            .saturating_mul(number("p")),
    );
    (DEAR..1 << 24).contains(&cost)
}

/// A private key as text.
pub(super) const PRIVATE_KEY: Target = Target::new(
    "private_key",
    Kind::Text,
    || {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        let key = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
        [key.to_owned(), format!(" 0x{key}\n"), order.to_owned()]
            .map(String::into_bytes)
            .into()
    },
    |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return Verdict::refused("not text");
        };
        match Wallet::from_private_key(text) {
            Ok(_) => Verdict::Accepted,
            Err(error) => {
                let shown = error.to_string();
                let secret = text.trim();
                assert!(
                    secret.len() < 16 || !shown.contains(secret),
                    "an error repeats the key"
                );
                Verdict::refused(shown)
            }
        }
    },
)
.longest(200)
.cost(2);
