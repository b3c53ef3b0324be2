//! The blocks at which a request wants its policy read.

use futures::future::try_join_all;
use stheno_chain::{AnchorError, Block, Chain, ChainError, Chains, Positions};
use stheno_protocol::{Code, Problem, Request};

/// Checks every anchor in this node's own view: canonical, final or as deep as its leaf asks,
/// recent; and with several chains, one moment for all.
pub(super) async fn check(
    chains: &Chains,
    request: &Request,
    now: u64,
) -> Result<Positions, Problem> {
    let checks = request.anchors.iter().map(|anchor| async move {
        let chain = chains.get(anchor.chain_id).map_err(chain_problem)?;
        let block = chain
            .check_anchor(anchor, now)
            .await
            .map_err(anchor_problem)?;
        Ok::<_, Problem>((anchor.confirmations, chain, block))
    });
    let found = try_join_all(checks).await?;
    let several = found.windows(2).any(|pair| match pair {
        [(_, _, one), (_, _, other)] => one.chain_id != other.chain_id,
        _ => false,
    });
    if several {
        let moment = found
            .iter()
            .map(|(_, _, block)| block.time)
            .max()
            .unwrap_or(0);
        let alignments = found
            .iter()
            .map(|(_, chain, block)| last_until(chain, block, moment));
        try_join_all(alignments).await?;
    }
    Ok(found
        .into_iter()
        .map(|(tier, _, block)| (tier, block))
        .collect())
}

/// An anchor must be its chain's last block at or before the newest anchor's time, so that an
/// asset on its way between chains does not count twice.
async fn last_until(chain: &Chain, anchor: &Block, moment: u64) -> Result<(), Problem> {
    let head = chain.head().await.map_err(chain_problem)?;
    for number in anchor.number + 1..=head.number {
        let Some(next) = chain.block_at(number).await.map_err(chain_problem)? else {
            continue;
        };
        if next.time > moment {
            return Ok(());
        }
        return Err(Problem::new(
            Code::AnchorsApart,
            format!(
                "block {number} of chain {} is at or before the time of the newest anchor as well as block {}",
                chain.id(),
                anchor.number
            ),
        ));
    }
    Ok(())
}

fn anchor_problem(error: AnchorError) -> Problem {
    let problem = Problem::new(error.code(), error.to_string());
    match error {
        AnchorError::NotDeepEnough { wait, .. } => problem.with_blocks_to_wait(wait),
        _ => problem,
    }
}

fn chain_problem(error: ChainError) -> Problem {
    Problem::new(error.code(), error.to_string())
}
