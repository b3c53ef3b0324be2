//! The vault, and this node's share against the chain.

use alloy::primitives::Address;
use stheno_chain::{Chain, Committee, contracts::committee::CommitteeContract as contract};

use super::report::Report;
use crate::{
    Config,
    data_dir::DataDir,
    recovery::trustees::path_of,
    store::ReceiptArchive,
    vault::{UnlockError, UnlockSecret, Vault, VaultError},
};

/// Opens the vault to read it; it may be in use.
pub(super) async fn open(config: &Config, report: &mut Report) -> Option<Vault> {
    let source = config.vault.clone();
    let folder = DataDir::new(&config.data_dir).vault();
    // Stretching a passphrase takes a while, so it has a thread of its own.
    let opening = tokio::task::spawn_blocking(move || {
        let secret = UnlockSecret::read(&source).map_err(Fault::Secret)?;
        Vault::open(&folder, &secret).map_err(Fault::Vault)
    });
    match opening.await {
        Ok(Ok(vault)) => {
            report.fine(
                "keys",
                format_args!("the vault opens: node {}", vault.address()),
            );
            Some(vault)
        }
        Ok(Err(Fault::Secret(error))) => {
            report.wrong("keys", error, "the node will not start without it");
            None
        }
        Ok(Err(Fault::Vault(error))) => {
            let hint = match &error {
                VaultError::Missing(_) => {
                    "run `init` for a new node, or `restore` for one that was backed up"
                }
                VaultError::Damaged(_) => "move the vault away and `restore` a backup",
                _ => "the node will not start with it",
            };
            report.wrong("keys", error, hint);
            None
        }
        Err(_) => {
            report.wrong("keys", "opening the vault broke off", "try again");
            None
        }
    }
}

enum Fault {
    Secret(UnlockError),
    Vault(VaultError),
}

/// Which node it is: by its vault, or else by its database.
pub(super) async fn identity(config: &Config, vault: Option<&Vault>) -> Option<Address> {
    if let Some(vault) = vault {
        return Some(vault.address());
    }
    let path = DataDir::new(&config.data_dir).database();
    let mut archive = ReceiptArchive::open(&path).await.ok()?;
    let owner = archive.owner().await.ok().flatten();
    // It was opened to read alone.
    let _ = archive.close().await;
    owner.map(|owner| owner.identity)
}

/// Whether `s_i·P2 = X_i`, as the chain has it.
pub(super) async fn share(
    chain: &Chain,
    committee: &Committee,
    vault: &Vault,
    report: &mut Report,
) {
    let epoch = committee.epoch;
    let me = committee
        .members
        .iter()
        .find(|member| member.identity == vault.address());
    let Some(me) = me else {
        return;
    };
    let locator = &committee.locator;
    let question = contract::epochInfoCall {
        committeeId: locator.committee_id,
        epoch,
    };
    let context = match chain
        .read(committee.at.hash, locator.contract, &question)
        .await
    {
        Ok(info) => info.context,
        Err(error) => {
            report.warn("keys", error, "try again");
            return;
        }
    };
    let held = match vault.held_share(&context) {
        Ok(Some(held)) => held,
        Ok(None) => {
            report.wrong(
                "keys",
                format_args!("the vault has no key share of epoch {epoch}"),
                "run `stheno-node repair`, which gets this node a new share, or `restore` a backup \
                 of this epoch into an empty data directory",
            );
            return;
        }
        Err(error) => {
            report.wrong("keys", error, "move the vault away and `restore` a backup");
            return;
        }
    };
    match &me.node_key {
        None => report.warn(
            "keys",
            format_args!("the public keys of epoch {epoch} are not published yet"),
            "wait; any member publishes them",
        ),
        Some(key) if *key == held.public_key() && me.index == held.index() => report.fine(
            "keys",
            format_args!(
                "the share of node {} in epoch {epoch} is the chain's",
                me.index
            ),
        ),
        Some(_) => report.wrong(
            "keys",
            format_args!(
                "the vault's share of epoch {epoch} does not match its public key on the chain"
            ),
            "restore the right vault, or run `stheno-node repair`, which gets this node a new share",
        ),
    }
}

/// Whether the share of the active epoch is split among the trustees that the configuration names.
pub(super) fn trustees(config: &Config, committee: &Committee, vault: &Vault, report: &mut Report) {
    let Some(trustees) = &config.recovery else {
        return;
    };
    let mut members = committee.members.iter();
    if members.all(|member| member.identity != vault.address()) {
        return;
    }
    let path = path_of(&DataDir::new(&config.data_dir).recovery(), committee.epoch);
    if path.exists() {
        let (any, all) = (trustees.threshold, trustees.trustees.len());
        report.fine(
            "keys",
            format_args!(
                "any {any} of {all} trustees can give the share back: {}",
                path.display()
            ),
        );
    } else {
        report.warn(
            "keys",
            format_args!(
                "{} is missing: no trustee can give the share back",
                path.display()
            ),
            "`run` the node, which writes it; then look into its log",
        );
    }
}
