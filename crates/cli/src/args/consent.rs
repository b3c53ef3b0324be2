//! `stheno session …` and `stheno delegation …`: letting another key ask.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand, ValueEnum, builder::NonEmptyStringValueParser};
use stheno::{
    KeyType,
    protocol::{Address, Application, B256, Bytes, DelegateKey, siwe::Origin},
};

use super::WalletArgs;

/// `stheno session …`
#[derive(Clone, Debug, Subcommand)]
pub enum SessionCommand {
    /// Make a key that may ask for your account, for an hour at most, after one signature.
    New(Box<SessionNewArgs>),
    /// Put the wallet's signature into a session that was made with --unsigned.
    Sign(SessionSignArgs),
    /// Say what a session is for, and until when.
    Show(SessionShowArgs),
}

/// `stheno delegation …`
#[derive(Clone, Debug, Subcommand)]
pub enum DelegationCommand {
    /// Let somebody else's key ask for your account, for 30 days at most.
    New(Box<DelegationNewArgs>),
    /// Put the wallet's signature into a delegation that was made with --unsigned.
    Sign(DelegationSignArgs),
    /// Say what a delegation is for, and until when.
    Show(DelegationShowArgs),
}

/// What a key may ask for.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What it may ask for (at least one)")]
pub struct ScopeArgs {
    /// Files of this policy.
    #[arg(long, value_name = "FILE")]
    pub policy: Vec<PathBuf>,

    /// Files whose policies read contracts of this list alone.
    #[arg(long, value_name = "CHAIN:ADDRESS")]
    pub contract: Vec<ContractArg>,

    /// Files of this item (32 bytes of hex) alone.
    #[arg(long, value_name = "HEX")]
    pub item: Vec<B256>,
}

/// What `stheno session new` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno session new --network network.json --policy policy.json --keystore me.json -o me.session
  stheno decrypt data.fee --rpc https://api.node.glif.io/rpc/v1 --session me.session -o data

  With a wallet that this program does not hold, such as a hardware wallet or a browser's:
    stheno session new --network network.json --policy policy.json --account 0x… --unsigned \\
           -o me.session                       # prints a message: sign it by personal_sign
    stheno session sign me.session --signature 0x…

  For a smart wallet whose owner's key signs for it:
    stheno session new --network network.json --policy policy.json --keystore owner.json \\
           --account 0x… --account-chain 314 -o me.session

The file holds the session's key. Whoever has it can ask for your account until it expires, within
the scope; it cannot be taken back earlier.")]
pub struct SessionNewArgs {
    /// The network whose nodes may be asked.
    #[arg(short, long, value_name = "FILE", env = "STHENO_NETWORK")]
    pub network: PathBuf,

    /// Where the session goes; only you will be able to read it.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// How long it lasts: 90s, 15m, at most 1h.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub expires: SpanArg,

    /// Who asks for the signature, in the message that the wallet shows.
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    pub origin: Origin,

    /// The kind of the session's key.
    #[arg(long, value_enum, default_value_t)]
    pub key_type: KeyTypeArg,

    /// Print the message and leave the signature to `stheno session sign`. Needs --account, and
    /// with --account-chain that is a contract.
    #[arg(long, requires = "account")]
    pub unsigned: bool,

    /// Replace the file if it exists.
    #[arg(short, long)]
    pub force: bool,

    /// What it may ask for.
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// Who signs.
    #[command(flatten, next_help_heading = "Who signs")]
    pub wallet: WalletArgs,
}

/// What `stheno session sign` takes.
#[derive(Clone, Debug, Args)]
pub struct SessionSignArgs {
    /// The session.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,

    /// What the wallet gave for the message (personal_sign, EIP-191).
    #[arg(long, value_name = "HEX")]
    pub signature: Bytes,
}

/// What `stheno session show` takes.
#[derive(Clone, Debug, Args)]
pub struct SessionShowArgs {
    /// The session.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
}

/// What `stheno delegation new` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno keygen --asking -o bob.key            # Bob makes a key, and tells you p256:0x…
  stheno delegation new --to p256:0x… --network network.json --policy policy.json --expires 7d \\
         --keystore me.json -o for-bob.json    # you sign; the file is no secret
  stheno decrypt data.fee --rpc https://api.node.glif.io/rpc/v1 --delegation for-bob.json \\
         --asking-key bob.key -o data          # Bob asks for your account

  To somebody's wallet, which then asks by itself:
    stheno delegation new --to 0x… --network network.json --contract 314:0x… -o for-bob.json

  With a wallet that this program does not hold:
    stheno delegation new --to 0x… --network network.json --policy policy.json --account 0x… \\
           --unsigned -o for-bob.json          # prints typed data: sign it by eth_signTypedData_v4
    stheno delegation sign for-bob.json --signature 0x…

A delegation cannot be taken back: name little, and let it end soon.")]
pub struct DelegationNewArgs {
    /// The key that may ask: `p256:0x…` or another from `stheno keygen --asking`, or the address of
    /// a wallet.
    #[arg(long, value_name = "KEY")]
    pub to: ToArg,

    /// The network whose nodes may be asked.
    #[arg(short, long, value_name = "FILE", env = "STHENO_NETWORK")]
    pub network: PathBuf,

    /// Where the delegation goes.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// How long it lasts: 15m, 12h, at most 30d.
    #[arg(long, value_name = "TIME", default_value = "1d")]
    pub expires: SpanArg,

    /// Print the typed data and leave the signature to `stheno delegation sign`. Needs --account,
    /// and with --account-chain that is a contract.
    #[arg(long, requires = "account")]
    pub unsigned: bool,

    /// Replace the file if it exists.
    #[arg(short, long)]
    pub force: bool,

    /// What it may ask for.
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// Who signs.
    #[command(flatten, next_help_heading = "Who signs")]
    pub wallet: WalletArgs,
}

/// What `stheno delegation sign` takes.
#[derive(Clone, Debug, Args)]
pub struct DelegationSignArgs {
    /// The delegation.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,

    /// What the wallet gave for the typed data (eth_signTypedData_v4, EIP-712).
    #[arg(long, value_name = "HEX")]
    pub signature: Bytes,
}

/// What `stheno delegation show` takes.
#[derive(Clone, Debug, Args)]
pub struct DelegationShowArgs {
    /// The delegation; `-` is standard input.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub file: String,
}

/// A kind of key.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum KeyTypeArg {
    /// NIST P-256, as browsers make it.
    #[default]
    P256,
    /// Ed25519.
    Ed25519,
    /// secp256k1, as Ethereum's accounts have it.
    Secp256k1,
}

impl From<KeyTypeArg> for KeyType {
    fn from(kind: KeyTypeArg) -> Self {
        match kind {
            KeyTypeArg::P256 => Self::P256,
            KeyTypeArg::Ed25519 => Self::Ed25519,
            KeyTypeArg::Secp256k1 => Self::Secp256k1,
        }
    }
}

/// A key, or a wallet's address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ToArg(pub DelegateKey);

impl FromStr for ToArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let key = match text.contains(':') {
            true => text.parse().map_err(|error| format!("{error}"))?,
            false => {
                let address: Address = text
                    .parse()
                    .map_err(|_| "it is neither a key (p256:0x…) nor an address".to_owned())?;
                DelegateKey::Secp256k1(address)
            }
        };
        Ok(Self(key))
    }
}

/// A contract on a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ContractArg(pub Application);

impl FromStr for ContractArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(chain, contract)| {
            Some(Application {
                chain_id: chain.parse().ok()?,
                contract: contract.parse().ok()?,
            })
        });
        parsed
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not CHAIN:ADDRESS, such as 314:0x…"))
    }
}

/// A length of time, in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SpanArg(pub u64);

impl FromStr for SpanArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|last: char| last.is_ascii_alphabetic());
        let unit: u64 = match text.strip_prefix(digits) {
            Some("s") => 1,
            Some("m") => 60,
            Some("h") => 3_600,
            Some("d") => 86_400,
            _ => return Err(format!("`{text}` is not a time such as 90s, 15m, 1h or 7d")),
        };
        let seconds = digits
            .parse()
            .ok()
            .and_then(|count: u64| count.checked_mul(unit));
        seconds
            .filter(|seconds| *seconds > 0)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a time such as 90s, 15m, 1h or 7d"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_is_read_with_its_unit_alone() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h", 3_600), ("7d", 604_800)] {
            assert_eq!(text.parse(), Ok(SpanArg(seconds)));
        }
        for text in [
            "",
            "h",
            "0s",
            "1",
            "-1h",
            "1.5h",
            "1w",
            "1h30m",
            "99999999999999999d",
        ] {
            assert!(text.parse::<SpanArg>().is_err(), "{text}");
        }
    }

    #[test]
    fn delegate_is_a_key_or_an_address() {
        let address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
        let key: ToArg = address.parse().unwrap();
        assert_eq!(
            key.0.to_string(),
            format!("secp256k1:{}", address.to_lowercase())
        );
        assert_eq!(key.0.to_string().parse::<ToArg>(), Ok(key));
        for text in ["", "bob", "p256:0x00", "rsa:0x00"] {
            assert!(text.parse::<ToArg>().is_err(), "{text}");
        }
    }

    #[test]
    fn contract_needs_its_chain() {
        let contract = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
        let parsed: ContractArg = format!("314:{contract}").parse().unwrap();
        assert_eq!(parsed.0.chain_id, 314);
        assert!(contract.parse::<ContractArg>().is_err());
        assert!("x:0x00".parse::<ContractArg>().is_err());
    }
}
