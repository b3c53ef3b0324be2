//! Every target for a short while. `STHENO_FUZZ_EXECUTIONS` sets another number than 10,000,
//! `STHENO_FUZZ_SEED` another seed than 1.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use stheno_fuzz::{Campaign, Kind, TARGETS, Target, Verdict, memory::peak_during};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The allocator counts for the whole process, so one target at a time.
    arguments.test_threads = Some(1);
    let mut trials: Vec<Trial> = TARGETS
        .iter()
        .map(|target| Trial::test(target.name, move || keeps_its_promises(target)))
        .collect();
    trials.push(Trial::test(
        "campaign_finds_what_is_broken",
        finds_what_is_broken,
    ));
    trials.push(Trial::test(
        "memory_is_counted_as_it_was_held_at_once",
        counts_what_was_held,
    ));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

fn campaign(executions: u64) -> Campaign {
    Campaign {
        seed: number("STHENO_FUZZ_SEED", 1),
        executions,
        time: None,
        artifacts: tempfile::tempdir().unwrap().keep(),
    }
}

fn keeps_its_promises(target: &Target) -> Result<(), Failed> {
    let executions = number("STHENO_FUZZ_EXECUTIONS", 10_000).div_ceil(target.cost);
    let campaign = campaign(executions);
    let report = campaign
        .run(target)
        .map_err(|failure| failure.to_string())?;
    std::fs::remove_dir_all(&campaign.artifacts).ok();
    // A loop that is refused everywhere in the same words tests nothing.
    if report.executions < executions || report.kinds < 2 {
        return Err(format!("it did not come far: {report}").into());
    }
    Ok(())
}

/// The loop itself can fail: on a panic, on memory, and on a wrong first input.
fn finds_what_is_broken() -> Result<(), Failed> {
    let corpus = || vec![b"{\"length\":7}".to_vec()];
    let panics = Target::new("panics", Kind::Text, corpus, |input| {
        assert!(
            !input.windows(4).any(|found| found == b"null"),
            "null was not expected"
        );
        Verdict::Accepted
    });
    let hungry = Target::new("hungry", Kind::Text, corpus, |input| {
        let longest = input.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len);
        let announced = 10_usize.saturating_pow(longest.max().unwrap_or(0) as u32);
        std::hint::black_box(Vec::<u8>::with_capacity(announced.min(1 << 24)));
        Verdict::Accepted
    });
    let refuses = Target::new("refuses", Kind::Text, corpus, |_| Verdict::refused("no"));
    for (target, words) in [
        (panics, "null was not expected"),
        (hungry, "bytes for an input of"),
        (refuses, "its first input"),
    ] {
        let campaign = campaign(20_000);
        let failure = match campaign.run(&target) {
            Ok(report) => return Err(format!("nothing was found: {report}").into()),
            Err(failure) => failure,
        };
        if !failure.what.contains(words) || std::fs::read(&failure.kept)? != failure.input {
            return Err(failure.to_string().into());
        }
        std::fs::remove_dir_all(&campaign.artifacts).ok();
    }
    Ok(())
}

/// Here and not beside the allocator: unit tests run at once, and it counts for all of them.
fn counts_what_was_held() -> Result<(), Failed> {
    let ((), peak) = peak_during(|| {
        drop(std::hint::black_box(vec![1_u8; 3 << 20]));
        drop(std::hint::black_box(vec![1_u8; 2 << 20]));
    });
    match peak >> 20 {
        3 => Ok(()),
        _ => Err(format!("{peak} bytes").into()),
    }
}
