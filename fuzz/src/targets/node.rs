//! What a node reads from its own disk: the configuration, the vault, the database.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use alloy::primitives::{Address, B256, Bytes};
use stheno_chain::{BlockRef, Finality, Locator};
use stheno_crypto::{KeyShare, NodeIndex};
use stheno_node::{
    Config,
    ceremony::event,
    config::{Epochs, Private, Template, Unlock},
    store::{Owner, Store, StoredLog},
    vault::{UnlockSecret, Vault},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::ceremony::ceremony;
use crate::{Kind, Target, Verdict};

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime of one thread")
});

fn write(path: &Path, bytes: &[u8]) {
    if let Err(error) = fs::write(path, bytes) {
        panic!("{}: {error}", path.display());
    }
}

/// The configuration.
pub(super) const CONFIG: Target = Target::new(
    "node_config",
    Kind::Text,
    || {
        let url = |text: &str| text.parse().ok();
        let template = Template {
            data_dir: "data".into(),
            listen: ([127, 0, 0, 1], 8440).into(),
            endpoint: url("https://node.example/"),
            cors_origins: vec!["https://app.example".to_owned()],
            chain_id: 314,
            contract: Address::repeat_byte(0xcc),
            committee_id: 1,
            rpc: ["http://user:key@127.0.0.1:8545/s3cret", "http://b.example"]
                .into_iter()
                .filter_map(url)
                .collect(),
            min_agree: Some(2),
            finality: Finality::Depth(30),
            poll_ms: 1000,
            vault: Unlock::default(),
            private: Private { development: true },
            epochs: Epochs::default(),
        };
        vec![template.render().into_bytes()]
    },
    |input| {
        let path = FOLDER.path().join("node.toml");
        write(&path, input);
        match Config::load(&path) {
            Ok(config) => {
                let shown = format!("{config:?}");
                assert!(!shown.contains("s3cret"), "an access key is shown");
                assert!(config.home_chain().is_ok());
                Verdict::Accepted
            }
            Err(error) => {
                let shown = error.to_string();
                Verdict::refused(shown.replace(&path.display().to_string(), ""))
            }
        }
    },
)
.memory(512 * 1024, 512)
.cost(5);

/// A file of the vault; the first byte says which. It opens to what was put in, or not at all.
pub(super) const VAULT: Target = Target::new(
    "vault",
    Kind::Text,
    || {
        (0_u8..)
            .zip(FILES)
            .map(|(which, file)| {
                let sealed = fs::read(VAULT_FOLDER.join(file())).unwrap_or_default();
                [vec![which], sealed].concat()
            })
            .collect()
    },
    |input| {
        let Some((which, bytes)) = input.split_first() else {
            return Verdict::refused("empty");
        };
        let Some(file) = FILES.get(usize::from(*which)) else {
            return Verdict::refused("no such file");
        };
        let path = VAULT_FOLDER.join(file());
        let right = fs::read(&path).unwrap_or_default();
        write(&path, bytes);
        let opened = Vault::open(&VAULT_FOLDER, &key()).and_then(|vault| {
            let held = vault.held_share(&CONTEXT)?;
            vault.ceremony_seeds(&CONTEXT)?;
            Ok((vault.address(), held.map(|held| held.public_key())))
        });
        write(&path, &right);
        match opened {
            Ok((_, held)) => {
                // keying.json has spaces that mean nothing; a sealed file has not.
                assert!(*which == 0 || right == bytes, "an altered file opens");
                assert_eq!(held, key_share().map(|share| share.public_key()));
                Verdict::Accepted
            }
            Err(error) => {
                let folder = VAULT_FOLDER.display().to_string();
                Verdict::refused(error.to_string().replace(&folder, ""))
            }
        }
    },
)
.longest(1024)
.memory(256 * 1024, 64)
.cost(20);

const CONTEXT: B256 = B256::repeat_byte(5);
const FILES: [fn() -> String; 4] = [
    || "keying.json".to_owned(),
    || "identity".to_owned(),
    || format!("ceremony-{CONTEXT:x}"),
    || format!("share-{CONTEXT:x}"),
];

fn key() -> UnlockSecret {
    UnlockSecret::Key(Zeroizing::new([9; 32]))
}

fn key_share() -> Option<KeyShare> {
    let index = NodeIndex::new(1).ok()?;
    KeyShare::from_secret_bytes(index, &[7; 32]).ok()
}

/// A vault with one file of every kind.
static VAULT_FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = FOLDER.path().join("vault");
    let vault = Vault::create(&folder, &key()).expect("an empty folder");
    vault.ceremony_seeds(&CONTEXT).expect("fresh seeds");
    let share = key_share().expect("a good share");
    vault.keep_share(&CONTEXT, &share).expect("a first share");
    folder
});

const OWNER: Owner = Owner {
    committee: Locator {
        chain_id: 314,
        contract: Address::repeat_byte(0xcc),
        committee_id: 1,
    },
    identity: Address::repeat_byte(0xdd),
};

/// The database: the journal, the log, how far it was followed. The input is its file.
pub(super) const STORE: Target = Target::new(
    "store",
    Kind::Bytes,
    || vec![fs::read(&*DATABASE).unwrap_or_default()],
    |input| {
        let path = FOLDER.path().join("damaged.sqlite");
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{end}", path.display()));
        }
        write(&path, input);
        let read = RUNTIME.block_on(async {
            let store = Store::open(&path, &OWNER).await?;
            let found = async {
                let journalled = store.journalled(&CONTEXT, "deal").await?;
                let followed = store.followed_to().await?;
                let mut logs = Vec::new();
                for ceremony in store.ceremonies().await? {
                    logs.extend(store.ceremony_logs(ceremony).await?);
                }
                store.epoch_keys(&CONTEXT).await?;
                Ok((journalled, followed, logs))
            }
            .await;
            store.close().await;
            found
        });
        match read {
            Ok::<_, stheno_node::store::StoreError>((journalled, _, logs)) => {
                for log in logs {
                    let _ = event::decode(&log.data);
                }
                match journalled {
                    Some(_) => Verdict::Accepted,
                    None => Verdict::refused("the journal is empty"),
                }
            }
            Err(error) => Verdict::refused(error),
        }
    },
)
.longest(256 * 1024)
// SQLite's own memory is the system's; these are the pages and rows on our side of it.
.memory(8 << 20, 16)
.cost(300);

static DATABASE: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = FOLDER.path().join("whole.sqlite");
    let up_to = BlockRef {
        number: 99,
        hash: B256::repeat_byte(9),
    };
    let logs: Vec<StoredLog> = (0_u64..)
        .zip(ceremony())
        .map(|(index, (block, data))| StoredLog {
            ceremony: 1,
            block,
            index,
            data,
        })
        .collect();
    RUNTIME.block_on(async {
        let store = Store::open(&path, &OWNER).await.expect("an empty folder");
        let call = Bytes::from(vec![7; 300]);
        let journalled = store.journal(&CONTEXT, "deal", &call, 1_800_000_000).await;
        journalled.expect("a first entry");
        store.append_logs(&logs, up_to).await.expect("a first log");
        store.close().await;
    });
    path
});
