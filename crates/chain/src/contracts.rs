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
contract!(
    /// Checks proofs of one circuit.
    groth16_verifier, Groth16VerifierContract, "abi/Groth16Verifier.json"
);
contract!(
    /// A group of members who are not named, whose owner changes its root.
    owned_group, OwnedGroupContract, "abi/OwnedGroup.json"
);
contract!(
    /// The same, whose root is changed by a vote.
    voted_group, VotedGroupContract, "abi/VotedGroup.json"
);
contract!(
    /// Uses of items by members of a group, once for each period.
    nullifiers, NullifiersContract, "abi/Nullifiers.json"
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
        assert!(Groth16VerifierContract::BYTECODE.len() > 1000);
        assert!(NullifiersContract::BYTECODE.len() > 1000);
        let _: Option<CommitteeContract::Outcome> = None;
        let _: Option<CommitteeContract::MemberInfo> = None;
    }

    /// Whoever reads a group's root need not know which of the two contracts keeps it.
    #[test]
    fn groups_of_both_kinds_are_read_and_refuse_alike() {
        use OwnedGroupContract as owned;
        use VotedGroupContract as voted;
        use alloy::sol_types::{SolError, SolEvent};

        assert!(owned::BYTECODE.len() > 1000 && voted::BYTECODE.len() > 1000);
        let change = "(uint64,uint256,bytes32,bool)";
        assert_eq!(owned::updateCall::SIGNATURE, format!("update({change})"));
        assert_eq!(voted::approveCall::SIGNATURE, format!("approve({change})"));
        assert_eq!(owned::rootCall::SELECTOR, voted::rootCall::SELECTOR);
        assert_eq!(owned::indexCall::SELECTOR, voted::indexCall::SELECTOR);
        assert_eq!(owned::isValidCall::SELECTOR, voted::isValidCall::SELECTOR);
        assert_eq!(
            owned::isValidCall::SIGNATURE,
            "isValid(uint256,uint64)",
            "what nodes ask"
        );
        assert_eq!(owned::Stale::SELECTOR, voted::Stale::SELECTOR);
        assert_eq!(owned::NoRoot::SELECTOR, voted::NoRoot::SELECTOR);
        assert_eq!(
            owned::RootChanged::SIGNATURE_HASH,
            voted::RootChanged::SIGNATURE_HASH
        );
    }
}
