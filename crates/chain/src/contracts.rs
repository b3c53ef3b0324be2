//! Typed bindings of our contracts, made from the artefacts in `abi/`.
//!
//! Each contract is a module of its own: calls (`registerCall`, …), events,
//! errors, structs, and for those that are deployed `BYTECODE`.
//! `abi/` is written by `contracts/script/artifacts.mjs`, and checked by it.

/// A module with the bindings of one contract, and the contract itself beside it.
macro_rules! contract {
    ($(#[$doc:meta])* $module:ident, $name:ident, $artefact:literal) => {
        $(#[$doc])*
        #[allow(
            missing_docs,
            unreachable_pub,
            clippy::too_many_arguments,
            reason = "generated; documented in the contract"
        )]
        pub mod $module {
            alloy::sol!(
                #[derive(Debug, PartialEq, Eq, Hash)]
                $name,
                $artefact
            );
        }
        pub use $module::$name;
    };
}

contract!(
    /// The registry of committees and the channel of their ceremonies.
    committee, CommitteeContract, "abi/Committee.json"
);
contract!(
    /// A pass to read, sold by its contract: an ERC-721 with a price.
    access_pass, AccessPassContract, "abi/AccessPass.json"
);
contract!(
    /// A condition that a contract decides by itself.
    access_condition, AccessConditionContract, "abi/IAccessCondition.json"
);
contract!(
    /// Terms of access that their owner edits.
    access_registry, AccessRegistryContract, "abi/AccessRegistry.json"
);
contract!(
    /// A sale, whatever it sells: what is asked for, and the call that buys.
    sale, SaleContract, "abi/ISale.json"
);
contract!(
    /// A sale of items and collections, paid at once.
    pay_per_access, PayPerAccessContract, "abi/PayPerAccess.json"
);
contract!(
    /// A sale of items and collections, paid when the data stayed stored.
    escrow, EscrowContract, "abi/Escrow.json"
);
contract!(
    /// What is for sale.
    catalogue, CatalogueContract, "abi/Catalogue.json"
);
contract!(
    /// A stablecoin of development chains: an ERC-20 with permits.
    devnet_dollar, DevnetDollarContract, "abi/DevnetDollar.json"
);
contract!(
    /// Keys that become public at a time or by a decision, verified and stored once.
    timed_release, TimedReleaseContract, "abi/TimedRelease.json"
);
contract!(
    /// An auction by sealed bids that opens itself: the worked example of `TimedRelease`.
    sealed_bid_auction, SealedBidAuctionContract, "abi/SealedBidAuction.json"
);

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
