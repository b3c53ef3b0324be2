//! `init`: the keys and the configuration of a new node.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use alloy::primitives::Address;
use clap::Args;
use serde::Deserialize;
use stheno_chain::Finality;
use url::Url;

use super::outcome::{Failure, Printer};
use crate::{
    Config,
    config::{Epochs, Private, Template, Unlock},
    data_dir::{DataDir, create_private_dir},
    new_file::write_new,
    vault::{UnlockSecret, Vault},
};

/// Arguments of `init`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml init --data-dir data --chain-id 314 \\\n    --contract 0x… --committee 1 --rpc https://a.example/rpc --rpc https://b.example/rpc \\\n    --endpoint https://node.example/ --key-file vault.key\n\n  With the file of a network, or of its deployment:\n    stheno-node --config node.toml init --network network.json.deployment \\\n      --rpc https://a.example/rpc --endpoint https://node.example/ --key-file vault.key"
)]
pub struct InitArgs {
    /// Where the vault and the database go; relative to the configuration file.
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// Take chain, contract and committee from this file: a network's, or, while there is none, the
    /// record of `stheno network deploy`.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["chain_id", "contract", "committee_id"]
    )]
    pub network: Option<PathBuf>,
    /// The chain that the committee contract lives on.
    #[arg(long, value_name = "ID", required_unless_present = "network")]
    pub chain_id: Option<u64>,
    /// The committee contract.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "network")]
    pub contract: Option<Address>,
    /// The committee's number within the contract.
    #[arg(
        id = "committee_id",
        long = "committee",
        value_name = "N",
        required_unless_present = "network"
    )]
    pub committee_id: Option<u64>,
    /// A JSON-RPC endpoint of the chain; give several.
    #[arg(long, value_name = "URL", required = true)]
    pub rpc: Vec<Url>,
    /// How many endpoints must agree. Default: a majority.
    #[arg(long, value_name = "K")]
    pub min_agree: Option<usize>,
    /// Take the block this many below the head for final, instead of the endpoint's `finalized`.
    #[arg(long, value_name = "BLOCKS")]
    pub finality_depth: Option<u64>,
    /// How often the chain's heads are read.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 1_000)]
    pub poll_ms: u64,
    /// For how many blocks the epoch before answers as well, once another is active.
    #[arg(long, value_name = "BLOCKS", default_value_t = Epochs::default().overlap_blocks)]
    pub overlap_blocks: u64,
    /// How old an epoch becomes before this node proposes to renew its shares; 0 for never.
    #[arg(long, value_name = "DAYS", default_value_t = Epochs::default().refresh_every_days)]
    pub refresh_every_days: f64,
    /// How old an epoch must be before this node proposes or approves that without its operator.
    #[arg(long, value_name = "HOURS", default_value_t = Epochs::default().refresh_gap_hours)]
    pub refresh_gap_hours: f64,
    /// Take keys of private conditions whose trapdoor somebody knows: for devnets alone.
    #[arg(long)]
    pub development_keys: bool,
    /// The socket to serve on.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8440")]
    pub listen: SocketAddr,
    /// Where readers will reach this node.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<Url>,
    /// A web origin whose pages may ask this node, or `*`; may be repeated.
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    pub cors_origins: Vec<String>,
    /// Seal the vault with this key file; made if it does not exist. Relative to the
    /// configuration file.
    #[arg(long, value_name = "FILE", group = "unlock")]
    pub key_file: Option<PathBuf>,
    /// Seal the vault with the passphrase in this file. Relative to the configuration file.
    #[arg(long, value_name = "FILE", group = "unlock")]
    pub passphrase_file: Option<PathBuf>,
    /// Seal the vault with this file of $CREDENTIALS_DIRECTORY.
    #[arg(long, value_name = "NAME", group = "unlock")]
    pub credential: Option<String>,
}

pub(super) fn execute(path: &Path, args: InitArgs, printer: &Printer) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::new(format!("{} is there already", path.display()))
            .hint("choose another --config; a node's configuration is never overwritten"));
    }
    let template = args.template(place(&args)?);
    // Checked as `run` will read it, before anything is made.
    let folder = path.parent().unwrap_or(Path::new(""));
    let text = template.render();
    let config = Config::parse(&text, path)?;
    create_private_dir(folder).map_err(|e| Failure::new(format!("{}: {e}", folder.display())))?;

    let data_dir = DataDir::new(&config.data_dir);
    data_dir.create()?;
    let _lock = data_dir.lock()?;
    let secret = UnlockSecret::prepare(&config.vault)?;
    let vault = Vault::create(&data_dir.vault(), &secret)?;
    write_new(path, text.as_bytes())
        .map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;

    let identity = vault.address();
    printer.result(
        format!(
            "identity       {identity}\nconfiguration  {}\ndata           {}",
            path.display(),
            config.data_dir.display()
        ),
        &serde_json::json!({
            "identity": identity,
            "config": path,
            "dataDir": config.data_dir,
        }),
    );
    printer.note(format!(
        "next: send some coins to {identity} (it pays for the node's messages),\n      \
         then `register`, then `run`"
    ));
    Ok(())
}

/// Where the committee lives: what a network file and the record of a deployment have in common.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    chain_id: u64,
    contract: Address,
    committee_id: u64,
}

fn place(args: &InitArgs) -> Result<Place, Failure> {
    let Some(path) = &args.network else {
        let given = (args.chain_id, args.contract, args.committee_id);
        let (Some(chain_id), Some(contract), Some(committee_id)) = given else {
            return Err(Failure::new("the committee was not said".to_owned())
                .hint("give --network FILE, or --chain-id, --contract and --committee"));
        };
        return Ok(Place {
            chain_id,
            contract,
            committee_id,
        });
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!("{} names no committee: {error}", path.display()))
            .hint("give a network file, or the record of a deployment whose committee is founded")
    })
}

impl InitArgs {
    fn template(&self, place: Place) -> Template {
        let vault = match (&self.key_file, &self.passphrase_file, &self.credential) {
            (Some(path), _, _) => Unlock::KeyFile(path.clone()),
            (_, Some(path), _) => Unlock::PassphraseFile(path.clone()),
            (_, _, Some(name)) => Unlock::Credential(name.clone()),
            (None, None, None) => Unlock::default(),
        };
        Template {
            data_dir: self.data_dir.clone(),
            listen: self.listen,
            endpoint: self.endpoint.clone(),
            cors_origins: self.cors_origins.clone(),
            chain_id: place.chain_id,
            contract: place.contract,
            committee_id: place.committee_id,
            rpc: self.rpc.clone(),
            min_agree: self.min_agree,
            finality: self.finality_depth.map_or(Finality::Tag, Finality::Depth),
            poll_ms: self.poll_ms,
            vault,
            epochs: Epochs {
                overlap_blocks: self.overlap_blocks,
                refresh_every_days: self.refresh_every_days,
                refresh_gap_hours: self.refresh_gap_hours,
            },
            private: Private {
                development: self.development_keys,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: InitArgs,
    }

    fn args(more: &[&str]) -> InitArgs {
        let line = "init --chain-id 31415926 --committee 1 --rpc http://127.0.0.1:8545 \
                    --contract 0x5FbDB2315678afecb367f032d93F642f64180aa3 --key-file vault.key";
        Line::parse_from(line.split_whitespace().chain(more.iter().copied())).args
    }

    #[test]
    fn init_makes_a_node_that_loads_and_opens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/node.toml");
        execute(&path, args(&[]), &Printer::new(true)).unwrap();
        let config = Config::load(&path).unwrap();
        assert_eq!(config.data_dir, folder.path().join("new/data"));
        let secret = UnlockSecret::read(&config.vault).unwrap();
        Vault::open(&DataDir::new(&config.data_dir).vault(), &secret).unwrap();
    }

    #[test]
    fn init_reads_where_the_committee_lives_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, network) = (
            folder.path().join("node.toml"),
            folder.path().join("network.json.deployment"),
        );
        let line = format!(
            "init --rpc http://127.0.0.1:8545 --key-file vault.key --network {}",
            network.display()
        );
        let args = || Line::parse_from(line.split_whitespace()).args;
        let founded = r#"{"format": "stheno-deployment/1", "chainId": 314159, "committeeId": 4,
            "contract": "0x5FbDB2315678afecb367f032d93F642f64180aa3", "steps": []}"#;
        for missing in ["{", &founded.replace("committeeId", "other")] {
            std::fs::write(&network, missing).unwrap();
            let error = execute(&path, args(), &Printer::new(true)).unwrap_err();
            assert!(error.to_string().contains("names no committee"), "{error}");
        }
        std::fs::write(&network, founded).unwrap();
        execute(&path, args(), &Printer::new(true)).unwrap();
        let config = Config::load(&path).unwrap();
        assert_eq!(
            (config.network.chain_id, config.network.committee_id),
            (314_159, 4)
        );
        assert!(Line::try_parse_from("init --rpc http://127.0.0.1:8545".split(' ')).is_err());
    }

    #[test]
    fn init_overwrites_neither_configuration_nor_vault() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        execute(&path, args(&[]), &Printer::new(true)).unwrap();
        let before = std::fs::read(folder.path().join("data/vault/identity")).unwrap();
        let error = execute(&path, args(&[]), &Printer::new(true)).unwrap_err();
        assert!(error.to_string().contains("node.toml"), "{error}");
        std::fs::remove_file(&path).unwrap();
        let error = execute(&path, args(&[]), &Printer::new(true)).unwrap_err();
        assert!(error.to_string().contains("never overwritten"), "{error}");
        let after = std::fs::read(folder.path().join("data/vault/identity")).unwrap();
        assert_eq!(before, after);
        assert!(!path.exists());
    }

    #[test]
    fn init_makes_nothing_when_the_arguments_make_no_sense() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        let bad = args(&["--cors-origin", "app.example"]);
        execute(&path, bad, &Printer::new(true)).unwrap_err();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
