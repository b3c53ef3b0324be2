//! The Stheno SDK: encrypt to an on-chain condition, request, combine, open.
//!
//! A file is encrypted under a fresh key, and the key is sealed to a *policy*, such as "holds this
//! access pass". A committee of nodes, none of which can decrypt anything, reads the policy's
//! conditions from the chain and gives a reader who meets them shares of the key.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! # let (policy_json, rpc) = ("", vec![]);
//! use std::fs::File;
//! use stheno::{Client, EncryptOptions, NetworkFile, Policy, Wallet};
//!
//! let network = NetworkFile::load("network.json")?;
//! let client = Client::connect(network, &rpc).await?; // reads the committee, checks its key
//! let policy = Policy::from_json(policy_json)?;
//! let (plain, sealed) = (File::open("talk.mp4")?, File::create("talk.mp4.fee")?);
//! client.encrypt(&policy, plain, sealed, EncryptOptions::default()).await?;
//!
//! let wallet = Wallet::from_env("STHENO_PRIVATE_KEY")?;
//! let (sealed, plain) = (File::open("talk.mp4.fee")?, File::create("talk.mp4")?);
//! client.decrypt(&wallet, sealed, plain).await?;
//! # Ok(()) }
//! ```
//!
//! The same without a network, for an application's tests; this one runs:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use stheno::{EncryptOptions, Policy, Wallet, testing};
//!
//! let committee = testing::Committee::new(3, 5)?; // three of five nodes, and a chain
//! let client = committee.client();
//! let policy = Policy::from_json(
//!     r#"{ "version": 1, "rule": { "balance": { "chain": 31415926, "min": "1" } } }"#)?;
//! let mut sealed = Vec::new();
//! client.encrypt(&policy, &b"text"[..], &mut sealed, EncryptOptions::default()).await?;
//!
//! let wallet = Wallet::random()?;
//! committee.chain().set_balance(wallet.address(), 1);
//! committee.chain().finalize();
//! let mut plain = Vec::new();
//! client.decrypt(&wallet, &sealed[..], &mut plain).await?;
//! assert_eq!(plain, b"text");
//! # Ok(()) })
//! # }
//! ```
//!
//! # Writing
//!
//! A writer needs a [`NetworkFile`], from a place that they trust: it pins the fingerprint of the
//! network's key. Whoever answers the question "what is the key?" could otherwise answer with their
//! own. Every file gets a fresh *item*, unless [`EncryptOptions::item`] says otherwise: **whoever
//! may read one file of an item can read all of them, for ever**, so a collection takes a new item
//! each period.
//!
//! A file can have several recipients ([`SealTo`], [`EncryptOptions::also_to`]): a second network, a
//! second policy, or a key that needs no network, such as the owner's own as the way out if every
//! network ends. Each of them opens the file by itself, so it is as safe as the weakest.
//! [`encrypt_to`] needs no [`Client`], and [`Rewrap`] changes recipients later without the body.
//!
//! A folder becomes a `collection`: an envelope for each file and an encrypted manifest
//! (`collection::encrypt_folder`), cut into pieces that providers take.
//!
//! # Access that changes
//!
//! A policy can leave it to an on-chain registry who reads an item: [`access`] registers items, sets
//! their terms, grants and revokes, without touching what is stored.
//!
//! # Groups
//!
//! A policy can ask for a proof that a reader is one of a group, without learning which one: [`group`]
//! keeps the members in a file, publishes its root on chain, and makes members' keys.
//!
//! # Reading
//!
//! With a key of one's own a [`Keyring`] opens an envelope without asking anybody.
//!
//! Otherwise a reader needs an endpoint of the chain and, where the policy asks about them, a [`Wallet`] or
//! another [`Reader`]. [`Client::decrypt`] finds the committee by the envelope, asks in parallel,
//! replaces nodes that fail, asks more when some are slow, and takes the first `t` good answers;
//! cheats are named in [`Tally::culprits`]. A right that was acquired a moment ago is waited for
//! until it is final ([`Tuning::finality_patience`]). What was written to the output is complete
//! only when `decrypt` returns `Ok`.
//!
//! Who reads often need not sign often: a [`Session`] is a [`Reader`] for an hour after one signature,
//! a [`Delegate`] is one for days, each within a [`Scope`](protocol::Scope). Accounts that are
//! contracts read through a [`ContractWallet`]. See [`asking`].
//!
//! An [`Error`] has a stable [`code`](Error::code), a [`hint`](Error::hint), and where nodes were
//! asked a [`Tally`] with a line on each of them. [`Error::is_denial`] tells "you may not" from
//! "something is wrong".
//!
//! Bodies stream through [`std::io::Read`] and [`std::io::Write`] on the calling thread. On a
//! multi-threaded tokio runtime the runtime is told; elsewhere, use [`Client::open`] for the
//! network's part and call [`Opened::decrypt`] on a thread for blocking work.
//!
//! # Features
//!
//! | feature | gives |
//! |---|---|
//! | `chain` | [`ledger::RpcLedger`]: committees and blocks over JSON-RPC |
//! | `http` | [`transport::HttpTransport`], [`clock::SystemClock`] |
//! | `storage` | [`storage`]: folders, HTTP servers, gateways, PDP providers, transfers; needs `http` |
//! | `wallet` | [`Wallet`]: keys in memory; [`asking`]: sessions, delegates |
//! | `keystore` | `Wallet::from_keystore`: keys in encrypted files; needs `wallet` |
//! | `testing` | [`testing`]: a committee in the process and a chain in memory |
//!
//! All are on by default. Without them the crate has no sockets, no clock and no keys: a
//! [`Ledger`](ledger::Ledger), a [`Transport`](transport::Transport), a [`Clock`](clock::Clock) and
//! a [`Reader`] are arguments of [`Client::new`].
//!
//! # In a browser
//!
//! For `wasm32-unknown-unknown` there are `chain`, `http`, `storage` and `wallet`, by `fetch` and the
//! browser's clock; no runtime is needed. Futures are not `Send` there. It reads and buys: there are no
//! files, no threads, no blocking readers, and nothing that uploads or encrypts folders. What a server
//! must let a page see is in its errors: `source_hides_headers`, and "CORS" where one is not reached.
//!
//! # Layout
//!
//! | module | idea |
//! |---|---|
//! | `client` | the parts put together; encrypt and decrypt |
//! | `network_file` | the committee that a writer trusts |
//! | `encrypt`, `decrypt` | file to envelope; envelope and reader to key and plaintext; when to wait |
//! | `seal_to`, `keyring`, `rewrap` | who can open a file; keys of one's own; changing who can |
//! | `file_reader`, `blocking_reader` | parts of a file, asynchronously and not |
//! | `streams` | whole files through asynchronous streams |
//! | `platform` | a browser's AES, as an argument |
//! | [`storage`] | pieces and blocks: folders, HTTP servers, gateways, PDP providers; transfers |
//! | `collection` | encrypted folders: a manifest and pieces; links to them; CARs of them |
//! | [`access`] | items of an on-chain registry, and the terms on which they are read |
//! | [`group`] | members who are not named: their keys, a group's file, its root on chain |
//! | `market` | selling encrypted folders, buying the right to read them |
//! | `http`, `timer` | what differs between native targets and a browser: `fetch`, clocks |
//! | `open_all` | the keys of many files with one request |
//! | `release` | an item's own key, where it is to become public |
//! | [`source`] | where an envelope's bytes come from: files, HTTP servers that may lie |
//! | `request` | one round of asking: anchors, one-time key, signed request, shares, key |
//! | `anchors` | which blocks a request asks about |
//! | `survey`, `gather` | asking how nodes are; asking for shares, hedged |
//! | [`tally`] | what each node said |
//! | [`ledger`], [`transport`], [`clock`], `wallet` | the world, as arguments |
//! | [`private`] | readers who prove a right without showing who they are |
//! | [`asking`] | who asks in an account's stead: sessions, delegates; contract accounts |
//! | `whole_file` | files that appear under their names only when whole |
//! | `entropy` | the operating system's randomness, the only source drawn from |
//! | [`testing`] | the world in memory |
//!
//! What is absent: serving, command lines, and formats: message bytes are
//! [`protocol`]'s, file bytes [`envelope`]'s, statements that are proven [`circuits`]'.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

#[cfg(all(feature = "chain", feature = "wallet"))]
pub mod access;
pub mod bounds;
pub mod clock;
#[cfg(feature = "storage")]
pub mod collection;
pub mod group;
pub mod ledger;
pub mod source;
pub mod storage;
pub mod tally;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;

mod anchors;
#[cfg(feature = "wallet")]
pub mod asking;
#[cfg(all(feature = "http", not(target_family = "wasm")))]
mod blocking_reader;
mod client;
mod decrypt;
mod encrypt;
mod entropy;
pub mod error;
#[cfg(feature = "chain")]
mod explain;
mod file_reader;
mod gather;
#[cfg(feature = "http")]
mod http;
mod keyring;
#[cfg(all(feature = "chain", feature = "storage", feature = "wallet"))]
pub mod market;
mod network_file;
mod open_all;
mod platform;
pub mod private;
mod release;
mod request;
mod rewrap;
mod runs;
mod seal_to;
mod streams;
mod survey;
#[cfg(feature = "http")]
mod timer;
mod tuning;
mod wallet;
#[cfg(not(target_family = "wasm"))]
mod whole_file;

#[cfg(feature = "wallet")]
pub use asking::{
    AskingKey, ContractWallet, Delegate, Grant, KeyHolder, KeyType, Owner, Session, SessionDraft,
    SessionOptions,
};
#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub use blocking_reader::BlockingReader;
pub use client::Client;
pub use decrypt::{DecryptOptions, Decrypted, Event, Observer, Opened};
pub use encrypt::{EncryptOptions, Encrypted, Encryption, Written, encrypt_to};
pub use error::Error;
pub use file_reader::FileReader;
pub use keyring::{KeyKind, Keyring};
pub use network_file::{
    Market, NETWORK_FILE_VERSION, NetworkFile, NetworkFileError, NetworkNode, Token,
};
pub use open_all::{OpenedAll, Released};
pub use platform::{PlatformAes, PlatformBytes, PlatformKey, PlatformSource, decrypt_body_with};
pub use release::{ReleasedKey, timed_release_policy};
pub use rewrap::Rewrap;
pub use seal_to::{PinnedNetwork, SealTo};
#[cfg(feature = "chain")]
pub use stheno_chain as chain;
pub use stheno_circuits as circuits;
pub use stheno_crypto as crypto;
pub use stheno_envelope as envelope;
pub use stheno_protocol as protocol;
pub use stheno_protocol::{ItemId, NetworkId, Policy, PolicyError};
pub use streams::{decrypt_body, read_header};
pub use survey::Survey;
pub use tally::{Misbehaviour, NodeReport, Outcome, Tally};
pub use tuning::Tuning;
#[cfg(feature = "wallet")]
pub use wallet::Wallet;
pub use wallet::{Nobody, Reader, WalletError};
