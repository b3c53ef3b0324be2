//! Who asks: a wallet from a keystore or the environment, a session, a delegate, a contract. No
//! key ever comes from the command line.

use std::{
    env,
    io::IsTerminal,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use stheno::{
    AskingKey, ContractWallet, Delegate, Error, Nobody, Owner, Reader, Wallet,
    circuits::{Group, Phase},
    group::{Credential, GroupAsStored, MemberKey},
    private::{LocalProver, PrivateReader, Proving, ProvingKeys},
};
use zeroize::Zeroizing;

use crate::{
    args::{AskerArgs, MemberArgs, WalletArgs},
    delegation_file::{DelegationFile, bad},
    failure::Failure,
    input, key_file, say,
    session_file::SessionFile,
};

/// The environment variable with a keystore's passphrase.
const PASSPHRASE: &str = "STHENO_KEYSTORE_PASSWORD";

/// The reader that was given: a session's, a delegate's, a member, a contract's, a wallet's, or nobody.
///
/// # Errors
/// When what was given does not work.
pub fn reader(args: &AskerArgs) -> Result<Box<dyn Reader>, Failure> {
    if let Some(path) = &args.session {
        return Ok(Box::new(SessionFile::load(path)?.into_session(path)?));
    }
    if let Some(path) = &args.delegation {
        let grant = DelegationFile::load(path)?.grant;
        let key = match &args.asking_key {
            Some(key) => key_file::asking(key)?,
            None => AskingKey::of_wallet(&needed(&args.wallet)?),
        };
        let delegate = Delegate::new(grant, key).map_err(|error| bad(path, &error))?;
        return Ok(Box::new(delegate));
    }
    if let Some(key) = &args.member.key {
        return Ok(Box::new(PrivateReader::new(prover(key, &args.member)?)));
    }
    match (contract(&args.wallet)?, wallet(&args.wallet)?) {
        (Some(contract), _) => Ok(Box::new(contract)),
        (None, Some(wallet)) => Ok(Box::new(wallet)),
        (None, None) => Ok(Box::new(Nobody)),
    }
}

/// What proves for a member, and says at a terminal when that takes a moment.
///
/// # Errors
/// When a file cannot be read, or is none of its kind.
pub fn prover(key: &Path, args: &MemberArgs) -> Result<LocalProver, Failure> {
    let mut keys = ProvingKeys::new();
    for place in &args.proving_keys {
        keys = keys.place(place.clone());
    }
    for hash in &args.proving_key_hash {
        keys = keys.pinned(*hash);
    }
    if let Some(folder) = cache() {
        keys = keys.kept_in(folder.join("proving-keys"));
    }
    let key = key_file::member(key)?;
    let groups: Result<Vec<Group>, Failure> = args
        .group
        .iter()
        .map(|path| Ok(GroupAsStored::read(path)?.group))
        .collect();
    let groups = groups?;
    let credentials: Result<Vec<Credential>, Failure> = args
        .credential
        .iter()
        .map(|path| credential(path, &key, &groups))
        .collect();
    let mut prover = LocalProver::new(key.into_secret(), keys);
    for credential in credentials? {
        prover = prover.credential(credential.attributes);
    }
    for group in groups {
        prover = prover.group(group);
    }
    if !std::io::stderr().is_terminal() {
        return Ok(prover);
    }
    let told = AtomicBool::new(false);
    Ok(prover.observer(move |proving| match proving {
        Proving::Key { .. } if !told.swap(true, Ordering::Relaxed) => {
            say::note("fetching the proving key");
        }
        Proving::Check => say::note("checking the proving key; it is kept, and not checked again"),
        Proving::Proof(Phase::Prove) => say::note("proving; who you are stays here"),
        _ => {}
    }))
}

/// A credential of this member, for one of these groups.
fn credential(path: &Path, key: &MemberKey, groups: &[Group]) -> Result<Credential, Failure> {
    let bad = |why: &dyn std::fmt::Display| {
        Failure::new("bad_credential", format_args!("{} {why}", path.display()))
    };
    let text = input::secret_text(path)?;
    let credential = Credential::from_json(&text).map_err(|error| {
        let fault = format!("{}: {error}", path.display());
        Failure::new(error.code(), fault).hint(error.hint())
    })?;
    if credential.commitment != key.commitment() {
        return Err(bad(&"is another member's").hint(
            "give the credential that was issued for the commitment of your own key; `stheno member \
             commitment FILE` prints that",
        ));
    }
    let depth = credential.depth;
    match groups.iter().any(|group| group.tree().depth() == depth) {
        true => Ok(credential),
        false => Err(bad(&format_args!(
            "is for a group of depth {}, and none that was given has that",
            depth.levels()
        ))
        .hint("give its issuer's group with --group")),
    }
}

/// The user's folder for what can be fetched again.
fn cache() -> Option<PathBuf> {
    let folder = |name, below: &str| {
        let folder = env::var_os(name).filter(|folder| !folder.is_empty())?;
        Some(PathBuf::from(folder).join(below))
    };
    folder("XDG_CACHE_HOME", "stheno").or_else(|| folder("HOME", ".cache/stheno"))
}

/// Who can let another key ask: a wallet, or a contract that it owns.
///
/// # Errors
/// When there is no wallet, or it does not work.
pub fn owner(args: &WalletArgs) -> Result<Box<dyn Owner>, Failure> {
    match contract(args)? {
        Some(contract) => Ok(Box::new(contract)),
        None => Ok(Box::new(needed(args)?)),
    }
}

/// The contract account that was named, with its owner's wallet.
fn contract(args: &WalletArgs) -> Result<Option<ContractWallet>, Failure> {
    match (args.account, args.account_chain) {
        (None, _) => Ok(None),
        (Some(account), Some(chain)) => {
            Ok(Some(ContractWallet::new(account, chain, needed(args)?)))
        }
        (Some(_), None) => Err(Failure::new("usage", "the account's chain was not said").hint(
            "a contract is itself on one chain: give --account-chain; a wallet's own account needs \
             no --account",
        )),
    }
}

/// The wallet, of who does what only its key can.
///
/// # Errors
/// When there is none, or it does not work.
pub fn needed(args: &WalletArgs) -> Result<Wallet, Failure> {
    Ok(wallet(args)?.ok_or(Error::WalletNeeded)?)
}

/// The wallet that was given: a keystore's, or the environment's.
fn wallet(args: &WalletArgs) -> Result<Option<Wallet>, Failure> {
    if let Some(path) = &args.keystore {
        return Ok(Some(Wallet::from_keystore(path, &passphrase(path)?)?));
    }
    match env::var_os(Wallet::ENV) {
        Some(_) => Ok(Some(Wallet::from_env(Wallet::ENV)?)),
        None => Ok(None),
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
