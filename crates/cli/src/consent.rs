//! From the command line to what a key may ask for, for whom, and in which words that is told.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::{Value, json};
use stheno::{
    ItemId,
    protocol::{Account, AccountKind, ChainId, Problem, Scope},
};

use crate::{
    args::{ScopeArgs, WalletArgs},
    commands::policy,
    failure::Failure,
};

/// What may be asked for.
///
/// # Errors
/// When nothing is named, or a policy is none.
pub fn scope(args: &ScopeArgs) -> Result<Scope, Failure> {
    let mut scope = Scope {
        items: args
            .item
            .iter()
            .map(|item| ItemId::from_bytes(item.0))
            .collect(),
        contracts: args.contract.iter().map(|contract| contract.0).collect(),
        ..Scope::default()
    };
    for path in &args.policy {
        scope.policies.push(policy::load(path)?.digest());
    }
    match scope.is_empty() {
        false => Ok(scope),
        true => Err(
            Failure::new("usage", "nothing was named that it may ask for")
                .hint("give --policy FILE, --contract CHAIN:ADDRESS or --item HEX, or several"),
        ),
    }
}

/// The account of whoever signs elsewhere: `--account`, and `--account-chain` for a contract.
///
/// # Errors
/// When there is none.
pub fn account_elsewhere(args: &WalletArgs, chain: ChainId) -> Result<Account, Failure> {
    let address = args.account.ok_or_else(|| {
        Failure::new("usage", "whose signature it is to be was not said")
            .hint("give --account ADDRESS")
    })?;
    Ok(match args.account_chain {
        Some(chain) => Account {
            address,
            chain,
            kind: AccountKind::Contract,
        },
        None => Account {
            address,
            chain,
            kind: AccountKind::Key,
        },
    })
}

/// Now, in Unix seconds.
pub fn now() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}

/// What the nodes would refuse is refused here, before anybody signs.
pub fn refused(problem: &Problem) -> Failure {
    Failure::new("usage", &problem.detail).hint("change --expires, or what it may ask for")
}

/// A session or a delegation, for people and scripts.
#[derive(Debug)]
pub struct Told<'a> {
    /// Who consents.
    pub account: Account,
    /// The key that may ask.
    pub key: String,
    /// What for.
    pub scope: &'a Scope,
    /// Until when, Unix seconds.
    pub expires_at: u64,
    /// Whether its owner has signed.
    pub is_signed: bool,
}

impl Told<'_> {
    /// Lines for people.
    pub fn text(&self) -> String {
        let Account {
            address,
            chain,
            kind,
        } = self.account;
        let mut text = match kind {
            AccountKind::Key => format!("account  {address}\n"),
            AccountKind::Contract => format!("account  contract {address} on chain {chain}\n"),
        };
        // Writing into a string cannot fail.
        let _ = writeln!(text, "key      {}", self.key);
        for digest in &self.scope.policies {
            let _ = writeln!(text, "for      policy {digest}");
        }
        for contract in &self.scope.contracts {
            let (chain, address) = (contract.chain_id, contract.contract);
            let _ = writeln!(
                text,
                "for      policies of contract {address} on chain {chain}"
            );
        }
        for item in &self.scope.items {
            let _ = writeln!(text, "for      item {item}");
        }
        let _ = writeln!(text, "until    {}", moment(self.expires_at));
        if now() >= self.expires_at {
            let _ = writeln!(text, "         it is over");
        }
        if !self.is_signed {
            let _ = writeln!(text, "signed   not yet");
        }
        text
    }

    /// The same for scripts.
    pub fn json(&self) -> Value {
        json!({
            "account": self.account.address,
            "accountChain": self.account.chain,
            "isContract": self.account.kind == AccountKind::Contract,
            "key": self.key,
            "scope": self.scope,
            "expiresAt": self.expires_at,
            "signed": self.is_signed,
        })
    }
}

/// Seconds since 1970, for people.
pub fn moment(seconds: u64) -> String {
    let at = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.map_or_else(|| seconds.to_string(), |at| at.to_string())
}
