//! End to end: real processes on real ports.
//!
//! Most tests share one devnet ([`stage`]), which has to end when the last of
//! them is done. Libtest has no such moment, so this binary has a harness of its
//! own that looks the same from outside: names, filters, `--nocapture`, `--list`.
//!
//! | module | theme |
//! |---|---|
//! | [`main_job`] | a file, a policy, five nodes: granted, denied, with nodes down |
//! | [`asking`], [`consent`] | who asks: sessions, delegates, contract accounts; in Rust, and typed |
//! | [`collections`] | folders: out and back, in pieces, through kills |
//! | [`market`] | a folder sold, found, bought and read; what is not paid for |
//! | [`keys`] | keys beside the committee: unwrap, rewrap, detached headers |
//! | [`access`] | who reads, said on chain: created, granted, revoked; networks that are deployed |
//! | [`groups`] | members who are not named: a root deployed, published, changed, revoked |
//! | [`members`] | readers who prove a right: one of a thousand, and nothing that nodes keep tells which
//! | [`policies`] | policies as their authors meet them: explained, recorded, tested |
//! | [`cookbook`] | every policy of the cookbook, admitting and refusing |
//! | [`bad_input`] | what people, disks and networks get wrong |
//! | [`bad_requests`] | what a node answers to requests that no SDK makes |
//! | [`receipts`] | what nodes sign for: kept through kills, exported, verified |
//! | [`reader_in_anger`] | nodes that answer badly, one, two or three of five |
//! | [`ceremony`] | the key: who agrees on it, and that a killed node goes on |
//! | [`ceremony_in_anger`] | the key: members that cheat, and what becomes of them |
//! | [`ceremony_killed`] | the key: nodes killed at every step, chains that restart |
//! | [`ceremony_lied_to`] | the key: endpoints that lie to a node |
//! | [`reshare`] | committees that change and go on serving |
//! | [`reshare_weather`] | the same when the network is bad: partitions, delay, duplication |
//! | [`audit`] | the key: recomputed by anybody, and what is said when the chain or its log do not fit |
//! | [`recovery`] | keys that were lost with their machine: backups, restores, and what a doctor says |
//! | [`hostile`] | who may read, when endpoints lie, lag, break off and fall silent |
//! | [`auction`] | keys that become public: refused, released, verified on chain; sealed bids opened and settled |
//! | [`contracts_agree`] | Rust and Solidity compute the same bytes |
//! | [`lifecycle`] | a devnet as a developer meets it: started, kept, killed, gone without a trace |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

mod access;
mod asking;
mod auction;
mod auction_house;
mod audit;
mod bad_input;
mod bad_requests;
mod ceremony;
mod ceremony_in_anger;
mod ceremony_killed;
mod ceremony_lied_to;
mod collections;
mod command;
mod consent;
mod contracts_agree;
mod cookbook;
mod desk;
mod gate;
mod groups;
mod hostile;
mod keys;
mod lifecycle;
mod main_job;
mod market;
mod members;
mod policies;
mod puppet;
mod reader_in_anger;
mod receipts;
mod recovery;
mod reshare;
mod reshare_readers;
mod reshare_weather;
mod solidity;
mod someone;
mod stage;
mod tap;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let trials = [
        asking::trials(),
        consent::trials(),
        main_job::trials(),
        keys::trials(),
        collections::trials(),
        access::trials(),
        groups::trials(),
        market::trials(),
        members::trials(),
        policies::trials(),
        cookbook::trials(),
        bad_input::trials(),
        bad_requests::trials(),
        receipts::trials(),
        reader_in_anger::trials(),
        auction::trials(),
        contracts_agree::trials(),
        ceremony::trials(),
        ceremony_in_anger::trials(),
        ceremony_killed::trials(),
        ceremony_lied_to::trials(),
        reshare::trials(),
        reshare_weather::trials(),
        audit::trials(),
        recovery::trials(),
        hostile::trials(),
        lifecycle::trials(),
    ];
    let conclusion = libtest_mimic::run(&arguments, trials.into_iter().flatten().collect());
    stage::end();
    conclusion.exit_code()
}
