//! What a developer needs to know of a devnet that is ready: for people, and for scripts.

use std::{env, path::Path};

use serde_json::{Value, json};

use super::{
    Devnet,
    accounts::{self, READER, STRANGER},
    anvil::CHAIN_ID,
    contracts::pass_price,
    pace::BLOCK_SECONDS,
};

/// Everything, in words.
pub fn text(devnet: &Devnet) -> String {
    let contracts = devnet.contracts();
    let members = devnet.members();
    let nodes = members.iter().map(|m| {
        let (index, endpoint, log) = (m.index(), m.endpoint(), m.operator().log());
        format!("  {index:>3}  {endpoint}  log {}", log.display())
    });
    let accounts = accounts::ALL.iter().map(|account| {
        let (address, role, key) = (account.address, account.role, account.well_known_key);
        format!("  {address}  {role}\n    public test key {key}")
    });
    let [encrypt, granted, denied] = example(devnet);
    format!(
        "\
devnet is ready after {seconds:.1} s: {count} nodes, any {threshold} of them open a file

  chain        {rpc}  (chain id {CHAIN_ID}; a block every {BLOCK_SECONDS} s, final {depth} blocks later)
               log {chain_log}
  committee    {committee}, number {number}
  access pass  {pass}, sold by its function buy() for {price} FIL
  market       registry {registry}, sales {sale}, catalogue {catalogue}
  dollars      {dollar}, \"usdfc\" in prices; every account has some
  network      {network}
  policy       {policy}  (\"holds an access pass\")

Nodes
{nodes}

Accounts. Their keys stand in every manual: never send them anything of worth.
{accounts}

Try it in another terminal. Encrypt for whoever holds an access pass:
  {encrypt}
Decrypt as the reader who holds one:
  {granted}
And as the one who does not, and is refused:
  {denied}

Ctrl-C ends the chain and the nodes.",
        seconds = devnet.timings().total.as_secs_f64(),
        count = members.len(),
        threshold = devnet.network().threshold,
        rpc = devnet.rpc(),
        depth = devnet.finality().blocks(),
        chain_log = devnet.chain_log().display(),
        committee = contracts.committee,
        number = contracts.committee_id,
        pass = contracts.access_pass,
        price = alloy::primitives::utils::format_ether(pass_price()).trim_end_matches('0'),
        registry = contracts.market.registry,
        sale = contracts.market.pay_per_access,
        catalogue = contracts.market.catalogue,
        dollar = contracts.dollar,
        network = devnet.network_path().display(),
        policy = devnet.policy_path().display(),
        nodes = nodes.collect::<Vec<_>>().join("\n"),
        accounts = accounts.collect::<Vec<_>>().join("\n"),
    )
}

/// The least: one line.
pub fn line(devnet: &Devnet) -> String {
    format!("{} {}", devnet.rpc(), devnet.network_path().display())
}

/// Everything, for scripts.
pub fn object(devnet: &Devnet) -> Value {
    let nodes = devnet.members().iter().map(|member| {
        json!({
            "index": member.index(),
            "endpoint": member.endpoint(),
            "operator": member.operator().account,
            "operatorKey": member.operator().well_known_key(),
            "config": member.operator().config(),
            "pid": member.pid(),
            "log": member.operator().log(),
        })
    });
    json!({
        "ready": true,
        "chainId": CHAIN_ID,
        "rpc": devnet.rpc(),
        "blockSeconds": BLOCK_SECONDS,
        "finalityBlocks": devnet.finality().blocks(),
        "contracts": devnet.contracts(),
        "network": devnet.network_path(),
        "policy": devnet.policy_path(),
        "dir": devnet.dir(),
        "threshold": devnet.network().threshold,
        "chainPid": devnet.chain_pid(),
        "chainLog": devnet.chain_log(),
        "nodes": nodes.collect::<Vec<_>>(),
        "accounts": accounts::ALL,
        "example": example(devnet),
        "startMs": u64::try_from(devnet.timings().total.as_millis()).unwrap_or(u64::MAX),
    })
}

/// Three lines for a shell: encrypt, decrypt, be refused. They can be repeated, and leave nothing
/// where they are typed.
fn example(devnet: &Devnet) -> [String; 3] {
    let stheno = quoted(&typed());
    let network = quoted(&devnet.network_path().to_string_lossy());
    let policy = quoted(&devnet.policy_path().to_string_lossy());
    let sealed = quoted(&devnet.dir().join("note.fee").to_string_lossy());
    let decrypt = |key| {
        format!("STHENO_PRIVATE_KEY={key} {stheno} decrypt {sealed} --network {network} -o -")
    };
    [
        format!(
            "echo 'for pass holders only' | {stheno} encrypt - --policy {policy} --network {network} -o {sealed} --force"
        ),
        decrypt(READER.well_known_key),
        decrypt(STRANGER.well_known_key),
    ]
}

/// What to type for this program: its name where that finds it, otherwise its path.
fn typed() -> String {
    let Ok(own) = env::current_exe() else {
        return "stheno".to_owned();
    };
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths)
        .map(|dir| dir.join("stheno"))
        .find(|candidate| candidate.is_file());
    let is_own = |found: &Path| found.canonicalize().ok() == own.canonicalize().ok();
    match found.is_some_and(|found| is_own(&found)) {
        true => "stheno".to_owned(),
        false => own.to_string_lossy().into_owned(),
    }
}

/// A word that a POSIX shell takes as it is.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_leaves_plain_words_and_protects_the_others() {
        assert_eq!(quoted("/tmp/dev-net_1"), "/tmp/dev-net_1");
        assert_eq!(quoted("/my files/a"), "'/my files/a'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$HOME"), "'$HOME'");
        assert_eq!(quoted(""), "''");
    }
}
