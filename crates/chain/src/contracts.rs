//! Typed bindings of our contracts, made from the artefacts in `abi/`.
//!
//! Each contract is a module of its own: calls (`registerCall`, …), events,
//! errors, structs, and for those that are deployed `BYTECODE`.
//! `abi/` is written by `contracts/script/artifacts.mjs`, and checked by it.

/// The registry of committees and the channel of their ceremonies.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::too_many_arguments,
    reason = "generated; documented in the contract"
)]
pub mod committee {
    alloy::sol!(
        #[derive(Debug, PartialEq, Eq, Hash)]
        CommitteeContract,
        "abi/Committee.json"
    );
}

/// A pass to read, sold by its contract: an ERC-721 with a price.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::too_many_arguments,
    reason = "generated; documented in the contract"
)]
pub mod access_pass {
    alloy::sol!(
        #[derive(Debug, PartialEq, Eq, Hash)]
        AccessPassContract,
        "abi/AccessPass.json"
    );
}

/// A condition that a contract decides by itself.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::too_many_arguments,
    reason = "generated; documented in the contract"
)]
pub mod access_condition {
    alloy::sol!(
        #[derive(Debug, PartialEq, Eq, Hash)]
        AccessConditionContract,
        "abi/IAccessCondition.json"
    );
}

/// Keys that become public at a time or by a decision, verified and stored once.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::too_many_arguments,
    reason = "generated; documented in the contract"
)]
pub mod timed_release {
    alloy::sol!(
        #[derive(Debug, PartialEq, Eq, Hash)]
        TimedReleaseContract,
        "abi/TimedRelease.json"
    );
}

/// An auction by sealed bids that opens itself: the worked example of `TimedRelease`.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::too_many_arguments,
    reason = "generated; documented in the contract"
)]
pub mod sealed_bid_auction {
    alloy::sol!(
        #[derive(Debug, PartialEq, Eq, Hash)]
        SealedBidAuctionContract,
        "abi/SealedBidAuction.json"
    );
}

pub use access_condition::AccessConditionContract;
pub use access_pass::AccessPassContract;
pub use committee::CommitteeContract;
pub use sealed_bid_auction::SealedBidAuctionContract;
pub use timed_release::TimedReleaseContract;

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::sol_types::SolCall;

    #[test]
    fn bindings_carry_bytecode_and_calls() {
        assert!(AccessPassContract::BYTECODE.len() > 1000);
        assert!(CommitteeContract::BYTECODE.len() > 1000);
        assert!(TimedReleaseContract::BYTECODE.len() > 1000);
        assert!(SealedBidAuctionContract::BYTECODE.len() > 1000);
        assert_eq!(
            CommitteeContract::epochInfoCall::SIGNATURE,
            "epochInfo(uint64,uint64)"
        );
        let _: Option<CommitteeContract::Outcome> = None;
        let _: Option<CommitteeContract::MemberInfo> = None;
    }
}
