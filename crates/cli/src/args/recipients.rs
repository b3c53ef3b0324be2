//! Who will be able to open a file: what `encrypt` and `rewrap` share.

use std::path::PathBuf;

use clap::Args;

/// The recipients of an envelope.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Who may read")]
pub struct RecipientArgs {
    /// The policy, in JSON. Give several, each for the network at the same place; one network
    /// serves all policies, and one policy all networks.
    #[arg(short, long, value_name = "FILE")]
    pub policy: Vec<PathBuf>,

    /// The network file: which committee, and the fingerprint of its key. Two networks in one
    /// envelope: either of them opens it. [env: STHENO_NETWORK]
    #[arg(short, long, value_name = "FILE")]
    pub network: Vec<PathBuf>,

    /// Let the owner of this X25519 public key read, whatever becomes of the network: `stheno1…`
    /// from `stheno keygen`, or 64 hex digits.
    #[arg(long, value_name = "KEY")]
    pub also_to: Vec<String>,

    /// Let everybody read who has the symmetric key in this file (64 hex digits).
    #[arg(long, value_name = "FILE")]
    pub also_to_shared: Vec<PathBuf>,

    /// Encrypt to this item (32 bytes of hex) instead of a fresh one. Whoever may read one file of
    /// an item can read all of them, for ever.
    #[arg(long, value_name = "HEX")]
    pub item: Option<String>,

    /// Put only the policy's digest into the envelope; readers must then bring the policy.
    #[arg(long)]
    pub hide_policy: bool,
}
