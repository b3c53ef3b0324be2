//! Whether a contract account wants a request: only its chain can tell.
//!
//! It is asked at the anchor, so that all nodes hear the same, and at the head,
//! so that a key that its owner has taken away a minute ago opens nothing.

use alloy::primitives::{B256, keccak256};
use stheno_chain::{Block, Chain, ChainError, Chains, Positions};
use stheno_protocol::{
    Code, ContractConsent, Problem, Read, Reading, Unknown,
    authorization::{MULTICALL3, MULTICALL3_CODE_HASH},
};

/// What an account says at one block.
enum Said {
    Yes,
    No(&'static str),
}

/// Checks that the account consents at its chain's anchor, and still does at the head.
pub(super) async fn check(
    chains: &Chains,
    asked: &ContractConsent,
    anchors: &Positions,
) -> Result<(), Problem> {
    let chain = chains.get(asked.chain).map_err(chain_problem)?;
    let anchor = anchors.at(asked.chain, 0).ok_or_else(|| {
        let detail = format!(
            "the anchor for chain {} at finality is missing",
            asked.chain
        );
        Problem::new(Code::BadAnchors, detail)
    })?;
    let now = async {
        let head = chain.head().await.map_err(|error| error.to_string())?;
        let said = say(chain, asked, head.hash).await;
        said.map(|said| (head, said))
            .map_err(|error| error.to_string())
    };
    let (then, now) = futures::join!(say(chain, asked, anchor.hash), now);
    let then = then.map_err(|error| Problem::new(Code::ChainUnavailable, error.to_string()))?;
    match (then, now) {
        (Said::Yes, Ok((_, Said::Yes))) => Ok(()),
        (Said::Yes, Err(error)) => Err(Problem::new(Code::HeadUnavailable, error)),
        (Said::Yes, Ok((head, Said::No(why)))) => Err(refusal(asked, &head, why)),
        (Said::No(_), Ok((head, Said::Yes))) => {
            let wait = head.number.saturating_sub(anchor.number).max(1);
            let detail = format!(
                "contract account {} accepts the signature at block {}, which is not final yet",
                asked.account, head.number
            );
            Err(Problem::new(Code::NotFinalYet, detail).with_blocks_to_wait(wait))
        }
        (Said::No(why), _) => Err(refusal(asked, anchor, why)),
    }
}

async fn say(chain: &Chain, asked: &ContractConsent, at: B256) -> Result<Said, Unknown> {
    let found = read(chain, at, &asked.read()).await;
    if !matches!(found, Err(Unknown::NoCode)) {
        return Ok(match ContractConsent::judge(&found)? {
            true => Said::Yes,
            false => Said::No("isValidSignature does not accept it"),
        });
    }
    let Some(making) = asked.read_before_it_exists() else {
        return Ok(Said::No("there is no contract at this address"));
    };
    let code = chain.code(at, MULTICALL3).await;
    let code = code.map_err(|error| Unknown::Rpc(error.to_string()))?;
    if keccak256(&code) != MULTICALL3_CODE_HASH {
        return Ok(Said::No(
            "there is no contract at this address yet, and the chain has no Multicall3 through which to ask it",
        ));
    }
    let found = read(chain, at, &making).await;
    Ok(match ContractConsent::judge_before_it_exists(&found)? {
        true => Said::Yes,
        false => Said::No("made as the signature says, it does not accept it"),
    })
}

/// As policies read: from the protocol's caller, with its caps on gas and on what is returned.
async fn read(chain: &Chain, at: B256, read: &Read) -> Result<Reading, Unknown> {
    match read {
        Read::Call { to, data, .. } => chain.call(at, *to, data.clone()).await.map(Reading::Bytes),
        _ => Err(Unknown::Missing),
    }
}

fn refusal(asked: &ContractConsent, at: &Block, why: &str) -> Problem {
    let detail = format!(
        "the signature is not one of contract account {} at block {} of chain {}: {why}",
        asked.account, at.number, asked.chain
    );
    Problem::new(Code::SignatureInvalid, detail)
}

fn chain_problem(error: ChainError) -> Problem {
    Problem::new(error.code(), error.to_string())
}
