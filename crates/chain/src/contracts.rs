//! Typed bindings of our contracts.

/// A pass sold by a contract.
pub use bindings::AccessPass as AccessPassContract;
/// The registry and broadcast channel of committees.
pub use bindings::Committee as CommitteeContract;
/// A condition that a contract decides.
pub use bindings::IAccessCondition as AccessConditionContract;

#[allow(missing_docs, clippy::too_many_arguments, reason = "generated")]
mod bindings {
    alloy::sol! {
        #[derive(Debug, PartialEq, Eq)]
        contract Committee {
            enum CeremonyKind { First, Reshare }
            enum CeremonyState { None, Keys, Approval, Running, Active, Failed }
            struct Windows { uint32 deal; uint32 complain; uint32 answer; uint32 confirm; uint32 margin; uint32 consentDelay; }
            struct Member { address operator; address identity; }
            struct MemberInfo { address operator; address identity; string endpoint; string metadata; }
            struct Accusation { uint16 dealer; bytes32 dealingHash; }
            struct RevealedShare { uint16 receiver; bytes32 share; }
            struct Outcome { uint256 qualified; bytes networkKey; bytes32 keysRoot; }
            struct CommitteeInfo { address owner; Windows windows; uint64 epoch; uint64 ceremony; uint32 members; bool devnet; }
            struct EpochInfo { uint64 ceremony; uint16 threshold; uint16 size; uint64 activatedAt; bytes32 context; uint256 qualified; bytes networkKey; bytes32 keysRoot; }
            struct CeremonyInfo { CeremonyKind kind; CeremonyState state; uint16 threshold; uint16 size; uint16 oldThreshold; uint16 dealers; bytes32 proposal; bytes32 context; uint64 proposedAt; uint64 start; uint64[4] opens; uint64[4] closes; bytes32 transcript; }

            function createCommittee(Windows windows, bool devnet) returns (uint64 committeeId);
            function register(uint64 committeeId, address identity, string endpoint, string metadata, bytes identitySignature);
            function setEndpoint(uint64 committeeId, string endpoint, string metadata);
            function propose(uint64 committeeId, uint16 threshold, address[] operators) returns (uint64 ceremony);
            function postCeremonyKey(uint64 committeeId, uint64 ceremony, uint16 member, bytes32 key, bytes signature);
            function approve(uint64 committeeId, uint64 ceremony, address operator, bytes signature);
            function deal(uint64 committeeId, uint64 ceremony, uint16 dealer, bytes dealing, bytes signature);
            function complain(uint64 committeeId, uint64 ceremony, uint16 receiver, Accusation[] accusations, bytes signature);
            function answer(uint64 committeeId, uint64 ceremony, uint16 dealer, RevealedShare[] shares, bytes signature);
            function confirm(uint64 committeeId, uint64 ceremony, uint16 receiver, Outcome outcome, bytes proof, bytes signature);
            function activate(uint64 committeeId, uint64 ceremony, Outcome outcome);
            function fail(uint64 committeeId, uint64 ceremony);
            function extend(uint64 committeeId, uint64 ceremony, uint8 phase, uint16 member, bytes signature);
            function publishKeys(uint64 committeeId, uint64 epoch, uint16[] indices, bytes[] compressedKeys, bytes32[][] proofs);

            function committee(uint64 committeeId) view returns (CommitteeInfo);
            function epochInfo(uint64 committeeId, uint64 epoch) view returns (EpochInfo);
            function epochMembers(uint64 committeeId, uint64 epoch, uint16 from, uint16 count) view returns (MemberInfo[]);
            function epochKeys(uint64 committeeId, uint64 epoch, uint16 from, uint16 count) view returns (bytes[]);
            function ceremonyInfo(uint64 committeeId, uint64 ceremony) view returns (CeremonyInfo);
            function ceremonyMembers(uint64 committeeId, uint64 ceremony) view returns (Member[]);
            function ceremonyDealers(uint64 committeeId, uint64 ceremony) view returns (Member[]);
            function ceremonyKeys(uint64 committeeId, uint64 ceremony) view returns (bytes32[]);
            function dealingHash(uint64 committeeId, uint64 ceremony, uint16 dealer) view returns (bytes32);
            function networkId(uint64 committeeId) view returns (bytes32);
            function memberOf(uint64 committeeId, address operator) view returns (MemberInfo);

            event CommitteeCreated(uint64 indexed committeeId, address owner);
            event MemberRegistered(uint64 indexed committeeId, address indexed operator, address identity, string endpoint, string metadata, bytes signature);
            event CeremonyProposed(uint64 indexed committeeId, uint64 indexed ceremony, CeremonyKind kind, uint16 threshold, Member[] members, Member[] dealers, bytes32 proposal);
            event CeremonyKeyPosted(uint64 indexed committeeId, uint64 indexed ceremony, uint16 indexed member, bytes32 key, bytes signature);
            event CeremonyApproved(uint64 indexed committeeId, uint64 indexed ceremony, address indexed operator, bytes signature);
            event CeremonyStarted(uint64 indexed committeeId, uint64 indexed ceremony, bytes32 context, uint64 start);
            event DealingPart(uint64 indexed committeeId, uint64 indexed ceremony, uint16 indexed dealer, uint16 part, uint16 parts, bytes data);
            event DealingPosted(uint64 indexed committeeId, uint64 indexed ceremony, uint16 indexed dealer, bytes32 dealingHash, bytes signature);
            event Complained(uint64 indexed committeeId, uint64 indexed ceremony, uint16 indexed receiver, Accusation[] accusations, bytes signature);
            event Answered(uint64 indexed committeeId, uint64 indexed ceremony, uint16 indexed dealer, RevealedShare[] shares, bytes signature);
            event Confirmed(uint64 indexed committeeId, uint64 indexed ceremony, uint16 indexed receiver, Outcome outcome, bytes proof, bytes signature);
            event CeremonyActivated(uint64 indexed committeeId, uint64 indexed ceremony, uint64 epoch, Outcome outcome);
        }
        #[derive(Debug, PartialEq, Eq)]
        contract AccessPass {
            function buy() payable returns (uint256 id);
            function buyFor(address to) payable returns (uint256 id);
            function price() view returns (uint256);
            function setPrice(uint256 price);
            function withdraw();
            function balanceOf(address owner) view returns (uint256);
        }
        #[derive(Debug, PartialEq, Eq)]
        contract IAccessCondition {
            function canRead(address reader, bytes32 item, bytes context) view returns (bool);
        }
    }
}
