//! `stheno access …`: who reads an item, said on chain and changed there.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use stheno::{
    access::Roles,
    protocol::{Address, B256, Bytes, ChainId},
};
use url::Url;

use super::{TermsArgs, consent::SpanArg};

/// `stheno access …`
#[derive(Clone, Debug, Subcommand)]
pub enum AccessCommand {
    /// Create an item to seal files to, or a collection of items, with its terms.
    Create(Box<AccessCreateArgs>),
    /// Begin a collection's next period: a new item, which earlier keys do not open.
    Begin(AccessBeginArgs),
    /// Set the terms of an item, a collection or a period: what it takes to read.
    Set(Box<AccessSetArgs>),
    /// Let readers read, for good or for a time, where the terms ask for a grant.
    Grant(AccessGrantArgs),
    /// Take grants back. What a reader opened stays open to him.
    Revoke(AccessRevokeArgs),
    /// Show who owns an id and its terms; and what each term comes to for a reader.
    Show(AccessShowArgs),
    /// Let an account set terms, grant, begin periods or sell; or show what it may do.
    Roles(AccessRolesArgs),
    /// Offer the ownership of an item or a collection, or take the offer back.
    Transfer(AccessTransferArgs),
    /// Accept the ownership that was offered to you.
    Accept(AccessAcceptArgs),
}

/// Which registry, and how its chain is reached.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which registry")]
pub struct RegistryArgs {
    /// The network file, which names the registry and endpoints.
    #[arg(short, long, value_name = "FILE", env = "STHENO_NETWORK")]
    pub network: Option<PathBuf>,

    /// The registry, instead of the network file's.
    #[arg(long, value_name = "ADDRESS")]
    pub registry: Option<Address>,

    /// The registry's chain, where there is no network file.
    #[arg(long, value_name = "ID", requires = "registry")]
    pub chain: Option<ChainId>,

    /// JSON-RPC endpoints of the registry's chain, instead of the network file's. A majority of
    /// them must agree.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,
}

/// Whose transaction it is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Who sends it")]
pub struct SenderArgs {
    /// An encrypted Ethereum keystore with the wallet's key. Without one the key comes from
    /// STHENO_PRIVATE_KEY.
    #[arg(long, value_name = "FILE", env = "STHENO_KEYSTORE")]
    pub keystore: Option<PathBuf>,
}

/// What `stheno access create` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno access create --granted --network network.json --keystore me.json -o policy.json
  stheno encrypt data.csv --policy policy.json --item 0x… --network network.json -o data.csv.fee
  stheno access grant 0x… 0x1a2b… --for 30d --network network.json --keystore me.json

  A collection, whose periods (months, issues) are items of their own:
    stheno access create --collection --granted --network network.json --keystore me.json
    stheno access begin 0x… --network network.json --keystore me.json -o policy.json

The item follows from your account and the salt: nobody else can register it. The same salt again
gives the same item, and does nothing where it is registered already.")]
pub struct AccessCreateArgs {
    /// Create a collection; files are sealed to its periods, which `stheno access begin` begins.
    #[arg(long)]
    pub collection: bool,

    /// What the id is made of besides your account, 32 bytes of hex. Default: random.
    #[arg(long, value_name = "HEX")]
    pub salt: Option<B256>,

    /// Where the policy to seal to goes.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: Option<String>,

    /// Replace the file if it exists.
    #[arg(short, long, requires = "output")]
    pub force: bool,

    /// How long to wait until it is final, so that files can be sealed to it.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub wait: u64,

    /// What it takes to read.
    #[command(flatten)]
    pub terms: TermsArgs,

    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Who sends it.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno access begin` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno access begin 0x… --network network.json --keystore me.json -o policy.json

Each run begins another period. Its item is drawn by the chain, and told when it is final.")]
pub struct AccessBeginArgs {
    /// The collection.
    #[arg(value_name = "COLLECTION")]
    pub id: B256,

    /// Where the policy to seal to goes.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: Option<String>,

    /// Replace the file if it exists.
    #[arg(short, long, requires = "output")]
    pub force: bool,

    /// How long to wait until its beginning is final.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub wait: u64,

    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Who sends it.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno access set` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno access set 0x… --granted --holds-erc721 0x… --network network.json --keystore me.json
  stheno access set 0x… --terms terms.json --network network.json --keystore me.json

Terms in JSON, a tree of at most 16 terms:
  { \"any\": [ \"granted\",
             { \"paid\": \"0x…\" },
             { \"all\": [ { \"holds721\": { \"contract\": \"0x…\", \"min\": \"1\" } },
                        { \"listed\": \"0x…\" } ] } ] }

There are open, granted, listed, holds20, holds721, holds1155 (with id), paid, condition, all and any.")]
pub struct AccessSetArgs {
    /// The item, collection or period.
    #[arg(value_name = "ID")]
    pub id: B256,

    /// What it takes to read.
    #[command(flatten)]
    pub terms: TermsArgs,

    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Who sends it.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno access grant` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno access grant 0x… 0x1a2b… 0x3c4d… --network network.json --keystore me.json
  stheno access grant 0x… 0x1a2b… --until 2027-01-01 --network network.json --keystore me.json

A later grant of a reader's replaces an earlier one.")]
pub struct AccessGrantArgs {
    /// The item or period; or a collection, for all its periods.
    #[arg(value_name = "ID")]
    pub id: B256,

    /// The readers' accounts.
    #[arg(required = true, value_name = "READER")]
    pub readers: Vec<Address>,

    /// When it ends: 2027-01-01 (UTC), or 2027-01-01T12:00:00Z. Default: never.
    #[arg(long, value_name = "TIME", conflicts_with = "lasting")]
    pub until: Option<TimeArg>,

    /// How long it lasts from now: 15m, 12h, 30d.
    #[arg(long = "for", id = "lasting", value_name = "TIME")]
    pub lasting: Option<SpanArg>,

    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Who sends it.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno access revoke` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno access revoke 0x… 0x1a2b… --network network.json --keystore me.json

Who opened a file may have kept its key: to lock him out of what comes next, seal to another item.")]
pub struct AccessRevokeArgs {
    /// The item, period or collection that was granted.
    #[arg(value_name = "ID")]
    pub id: B256,

    /// The readers' accounts.
    #[arg(required = true, value_name = "READER")]
    pub readers: Vec<Address>,

    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Who sends it.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno access show` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno access show 0x… --network network.json
  stheno access show 0x… --reader 0x1a2b… --network network.json")]
pub struct AccessShowArgs {
    /// The item, collection or period.
    #[arg(value_name = "ID")]
    pub id: B256,

    /// Say what each term comes to for this account.
    #[arg(long, value_name = "ADDRESS")]
    pub reader: Option<Address>,

    /// What the reader sends along, in hex: for `listed` the proof, siblings one after the other.
    #[arg(long, value_name = "HEX", requires = "reader")]
    pub context: Option<Bytes>,

    /// Read the newest block, instead of the newest final one.
    #[arg(long)]
    pub head: bool,

    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// What `stheno access roles` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno access roles 0x… 0x1a2b… terms grants --network network.json --keystore me.json
  stheno access roles 0x… 0x1a2b… none --network network.json --keystore me.json
  stheno access roles 0x… 0x1a2b… --network network.json         # shows what it may do")]
pub struct AccessRolesArgs {
    /// The item, or a collection, for all its periods.
    #[arg(value_name = "ID")]
    pub id: B256,

    /// The account.
    #[arg(value_name = "ACCOUNT")]
    pub account: Address,

    /// What it may do from now on, and nothing else: terms, grants, periods, sales, delegate (all of
    /// these, and give them to others); or none.
    #[arg(value_name = "ROLE")]
    pub roles: Vec<Roles>,

    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Who sends it.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno access transfer` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno access transfer 0x… --to 0x1a2b… --network network.json --keystore me.json
  stheno access accept 0x… --network network.json --keystore them.json     # by the next owner")]
pub struct AccessTransferArgs {
    /// The item or collection.
    #[arg(value_name = "ID")]
    pub id: B256,

    /// The next owner, who has to accept.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "cancel")]
    pub to: Option<Address>,

    /// Take the offer back.
    #[arg(long, conflicts_with = "to")]
    pub cancel: bool,

    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Who sends it.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// What `stheno access accept` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno access accept 0x… --network network.json --keystore me.json")]
pub struct AccessAcceptArgs {
    /// The item or collection.
    #[arg(value_name = "ID")]
    pub id: B256,

    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Who sends it.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// A moment, in seconds since 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimeArg(pub u64);

impl FromStr for TimeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        use jiff::{Timestamp, civil::Date, tz::TimeZone};
        let refused =
            || format!("`{text}` is not a time such as 2027-01-01 or 2027-01-01T12:00:00Z");
        // A day alone begins at midnight, UTC.
        let moment: Timestamp = match text.parse() {
            Ok(moment) => moment,
            Err(_) if text.len() == 10 => {
                let day: Date = text.parse().map_err(|_| refused())?;
                let midnight = day.to_zoned(TimeZone::UTC).map_err(|_| refused())?;
                midnight.timestamp()
            }
            Err(_) => return Err(refused()),
        };
        u64::try_from(moment.as_second())
            .map(Self)
            .map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_a_day_or_a_moment() {
        let day = 1_798_761_600; // date -u -d 2027-01-01 +%s
        assert_eq!("2027-01-01".parse(), Ok(TimeArg(day)));
        assert_eq!("2027-01-01T00:00:01Z".parse(), Ok(TimeArg(day + 1)));
        assert_eq!("2027-01-01T01:00:00+01:00".parse(), Ok(TimeArg(day)));
        for text in [
            "",
            "2027",
            "2027-13-01",
            "tomorrow",
            "1969-01-01",
            "2027-01-01T00:00",
        ] {
            assert!(text.parse::<TimeArg>().is_err(), "{text}");
        }
    }
}
