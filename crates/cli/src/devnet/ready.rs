//! Waiting, with an end: every wait is bounded, and names who was slow.

use std::time::{Duration, Instant};

use super::{
    DevnetError,
    ceremony::{Ceremony, State},
    contracts::Contracts,
    control::Control,
    member::Member,
    process::Process,
};

/// For the chain's first answer.
const CHAIN_PATIENCE: Duration = Duration::from_secs(20);
/// For a ceremony; it takes half a minute where blocks come every second.
const CEREMONY_PATIENCE: Duration = Duration::from_secs(120);
/// For a node, from its start until it serves.
const NODE_PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until the chain answers.
pub(super) async fn chain_answers(
    control: &Control,
    anvil: &mut Process,
) -> Result<(), DevnetError> {
    let began = Instant::now();
    loop {
        if control.chain_id().await.is_ok() {
            return Ok(());
        }
        alive(anvil)?;
        if began.elapsed() > CHAIN_PATIENCE {
            return Err(too_long(
                "the chain's first answer",
                began,
                format!("the end of its log:\n{}", anvil.log_tail()),
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until what is the newest block now is final.
pub(super) async fn head_is_final(control: &Control) -> Result<(), DevnetError> {
    let began = Instant::now();
    let head = control.head().await?;
    while control.finalized().await? < head {
        if began.elapsed() > CHAIN_PATIENCE {
            let detail = "blocks do not become final".to_owned();
            return Err(too_long("finality", began, detail));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Waits until the latest ceremony has made an epoch.
pub(super) async fn ceremony_is_active(
    control: &Control,
    contracts: &Contracts,
    anvil: &mut Process,
    members: &mut [Member],
) -> Result<(), DevnetError> {
    let began = Instant::now();
    loop {
        alive(anvil)?;
        members.iter_mut().try_for_each(Member::check)?;
        let ceremony = Ceremony::latest(control, contracts).await?;
        let state = ceremony.as_ref().map_or(State::None, |c| c.state);
        let so_far = || {
            ceremony
                .as_ref()
                .map(Ceremony::in_words)
                .unwrap_or_default()
        };
        match state {
            State::Active => return Ok(()),
            State::Failed => {
                let detail = format!("{}; {}", so_far(), logs(members));
                return Err(DevnetError::CeremonyFailed { detail });
            }
            _ if began.elapsed() > CEREMONY_PATIENCE => {
                let detail = format!("{}; {}", so_far(), logs(members));
                return Err(too_long("the key ceremony", began, detail));
            }
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Waits until these nodes say that they serve.
pub(super) async fn nodes_serve(
    http: &reqwest::Client,
    anvil: &mut Process,
    members: &mut [Member],
) -> Result<(), DevnetError> {
    let began = Instant::now();
    for member in members {
        while !member.is_ready(http).await {
            alive(anvil)?;
            member.check()?;
            if began.elapsed() > NODE_PATIENCE {
                let what = format!("{} to serve", member.name());
                let detail = format!("the end of its log:\n{}", member.log_tail());
                return Err(too_long(&what, began, detail));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(())
}

/// Waits until these nodes say that they serve this epoch.
pub(super) async fn members_serve(
    http: &reqwest::Client,
    members: &[&Member],
    epoch: u64,
) -> Result<(), DevnetError> {
    let began = Instant::now();
    for member in members {
        while !member.serves(http, epoch).await {
            if began.elapsed() > NODE_PATIENCE {
                let what = format!("{} to serve epoch {epoch}", member.name());
                let detail = format!("the end of its log:\n{}", member.log_tail());
                return Err(too_long(&what, began, detail));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(())
}

/// Does `work` while all processes live.
pub(super) async fn while_alive<T>(
    work: impl Future<Output = Result<T, DevnetError>>,
    anvil: &mut Process,
    members: &mut [Member],
) -> Result<T, DevnetError> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(LOOK) => {
                alive(anvil)?;
                members.iter_mut().try_for_each(Member::check)?;
            }
        }
    }
}

/// An error when the process has ended.
pub(super) fn alive(process: &mut Process) -> Result<(), DevnetError> {
    match process.exited() {
        Some(status) => Err(DevnetError::ended(process, status)),
        None => Ok(()),
    }
}

/// The ends of all logs.
fn logs(members: &[Member]) -> String {
    let tails = members
        .iter()
        .map(|member| format!("{}:\n{}", member.name(), member.log_tail()));
    format!(
        "the ends of the logs:\n{}",
        tails.collect::<Vec<_>>().join("\n")
    )
}

fn too_long(what: &str, began: Instant, detail: String) -> DevnetError {
    DevnetError::TooLong {
        what: what.to_owned(),
        waited: began.elapsed(),
        detail,
    }
}
