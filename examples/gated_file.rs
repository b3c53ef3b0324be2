//! Encrypts a text to an on-chain condition and reads it back, against a running `stheno devnet`.
//!
//! ```text
//! stheno devnet                      # in another terminal; prints a network file and accounts
//! export STHENO_PRIVATE_KEY=0x…      # one of those accounts
//! cargo run --release --example gated_file -- path/to/network.json
//! ```
//!
//! The condition: the reader holds at least one FIL on the devnet's chain. The account from the
//! environment does; a wallet that was made a moment ago does not.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;

use stheno::{Client, EncryptOptions, NetworkFile, Policy, Wallet};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: gated_file NETWORK.json")?;

    // The network file says which committee, and pins the fingerprint of its key. With no
    // endpoints given here, the file's own are used.
    let network = NetworkFile::load(path)?;
    let chain = network.chain_id;
    let client = Client::connect(network, &[]).await?;

    // Who may read. Amounts are in the smallest unit, as text.
    let policy = Policy::from_json(&format!(
        r#"{{ "version": 1,
              "rule": {{ "balance": {{ "chain": {chain}, "min": "1000000000000000000" }} }} }}"#
    ))?;

    // Any reader and writer of bytes will do: files, pipes, memory.
    let text = b"The nodes let you read this, and cannot read it themselves.";
    let mut envelope = Vec::new();
    let encrypted = client
        .encrypt(
            &policy,
            text.as_slice(),
            &mut envelope,
            EncryptOptions::default(),
        )
        .await?;
    println!(
        "encrypted {} bytes into {}",
        encrypted.plaintext_len, encrypted.envelope_len
    );
    println!("item      {}", encrypted.item);

    // A wallet without a coin is refused, and told why.
    let pauper = Wallet::random()?;
    match client
        .decrypt(&pauper, envelope.as_slice(), std::io::sink())
        .await
    {
        Err(error) if error.is_denial() => {
            println!("refused   {} – {}", pauper.address(), error.headline());
            for refusal in error
                .tally()
                .map(|tally| tally.refusals())
                .unwrap_or_default()
            {
                for condition in refusal.conditions() {
                    println!("          {}: {}", condition.what, condition.found);
                }
            }
        }
        Err(error) => return Err(error.into()),
        Ok(_) => return Err("an empty wallet was let in".into()),
    }

    // The holder is not. Three of five nodes gave a share; each signed a receipt for it.
    let holder = Wallet::from_env(Wallet::ENV)?;
    let mut plaintext = Vec::new();
    let decrypted = client
        .decrypt(&holder, envelope.as_slice(), &mut plaintext)
        .await?;
    println!(
        "granted   {} – by {} nodes",
        holder.address(),
        decrypted.receipts.len()
    );
    println!("plaintext {}", String::from_utf8(plaintext)?);
    Ok(())
}
