// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {
    Accusation,
    CeremonyInfo,
    CeremonyProgress,
    CommitteeInfo,
    EpochInfo,
    Member,
    MemberInfo,
    Outcome,
    Phase,
    RevealedShare,
    Windows
} from "../types/CommitteeTypes.sol";
import {ICommitteeErrors} from "./ICommitteeErrors.sol";
import {ICommitteeEvents} from "./ICommitteeEvents.sol";

/// @title Registry and broadcast channel of threshold committees
/// @notice Members register here, and every message of a ceremony (making the key, or resharing it to other
/// members) is an event here, so that its outcome is a function of the finalised log that anybody can
/// recompute.
///
/// A ceremony goes through: proposal, ceremony keys, approvals (all operators; in a reshare, as many old
/// operators as the old threshold), then the phases Deal, Complain, Answer and Confirm, each open for
/// `closes - opens` blocks, and activation. There are no shortcuts in the timetable. A ceremony that does not
/// come to an end fails, and the epoch before it goes on serving.
///
/// @dev Indices of members, dealers and receivers count from 1. Messages are EIP-712 typed data (domain:
/// name "Stheno", version "1", chain id, this contract, salt = `networkId`), signed by the identity key of the
/// member that they speak for, or for approvals the operator key, and may be sent by anybody. Signatures are
/// 65 bytes `r ‖ s ‖ v` with low `s`. The contract checks form, signer, time and count; it does not check
/// cryptography (save that the network key is in the subgroup): members do that, and their confirmations
/// count.
///
/// What is absent: upgrades, an administrator, a way to change a committee's windows, key or network id.
interface ICommittee is ICommitteeEvents, ICommitteeErrors {
    // ----------------------------------------------------------------- registry

    /// @notice Creates a committee. The sender becomes its owner, who may propose ceremonies and nothing else.
    /// @param windows Lengths of the phases; fixed for good, and part of what operators approve.
    /// @param devnet Allow a committee of one node; only on chains 31415926 and 31337.
    /// @return committeeId Its number, from 1.
    function createCommittee(Windows calldata windows, bool devnet) external returns (uint64 committeeId);

    /// @notice Registers the sender as the operator of a node. An operator's identity is fixed for good: a node
    /// whose identity key is lost comes back under another operator address. An operator has a key of its own,
    /// since it approves ceremonies by signature: a contract cannot.
    /// @param identity Address of the node's identity key, unique in the committee.
    /// @param endpoint URL of the node, 1 to 256 bytes.
    /// @param metadata Free text, at most 512 bytes.
    /// @param identitySignature The identity's signature over `Registration`.
    function register(
        uint64 committeeId,
        address identity,
        string calldata endpoint,
        string calldata metadata,
        bytes calldata identitySignature
    ) external;

    /// @notice Changes endpoint and metadata of the sender's node.
    function setEndpoint(uint64 committeeId, string calldata endpoint, string calldata metadata) external;

    // ------------------------------------------------------------------ consent

    /// @notice Proposes a ceremony: the first until an epoch is active, then reshares. By the owner, or the
    /// operator of a serving member; a *refresh*, which leaves threshold, members and their order as they are, also by
    /// the identity of a serving member. Several may be proposed, one by each proposer, so that no one can keep others
    /// from proposing; the one that gathers its approvals first runs, alone.
    /// @param threshold New threshold `t`, `⌈(n + 1) / 2⌉ ≤ t ≤ n`.
    /// @param operators The members, all registered; the order gives the node indices `1..n`, `n ≤ 256`.
    /// @return ceremony Its number, from 1.
    function propose(uint64 committeeId, uint16 threshold, address[] calldata operators)
        external
        returns (uint64 ceremony);

    /// @notice Posts a member's X25519 key for this ceremony, once.
    /// @param member Index among the new members.
    /// @param key The public key as RFC 7748 encodes it, canonical and not of low order.
    /// @param signature The member's identity over `CeremonyKey`.
    function postCeremonyKey(
        uint64 committeeId,
        uint64 ceremony,
        uint16 member,
        bytes32 key,
        bytes calldata signature
    ) external;

    /// @notice Approves the context, once all keys are posted. The ceremony starts with the last approval that is
    /// needed: of all operators in a first ceremony, of `oldThreshold` old operators in a reshare. Further old
    /// operators may approve until Deal closes (a node deals only if its own operator approved).
    /// @param operator An operator of a dealer.
    /// @param signature The operator's over `Approval`; for a refresh also the operator's node's, by its identity,
    /// over `Refresh`.
    function approve(uint64 committeeId, uint64 ceremony, address operator, bytes calldata signature) external;

    // ----------------------------------------------------------------- ceremony

    /// @notice Posts a dealer's dealing, once.
    /// @param dealing Exactly `96 * threshold + 128 + 80 * size` bytes.
    /// @param signature The dealer's identity over `Dealing`.
    function deal(
        uint64 committeeId,
        uint64 ceremony,
        uint16 dealer,
        bytes calldata dealing,
        bytes calldata signature
    ) external;

    /// @notice Posts a receiver's complaints, once and all together.
    /// @param accusations In ascending order of dealers; at most `threshold - 1` (reshare: `oldThreshold - 1`),
    /// since more dealers than that cannot be corrupt.
    /// @param signature The receiver's identity over `Complaint`.
    function complain(
        uint64 committeeId,
        uint64 ceremony,
        uint16 receiver,
        Accusation[] calldata accusations,
        bytes calldata signature
    ) external;

    /// @notice Posts the shares that a dealer reveals, once and all together.
    /// @param shares In ascending order of receivers, each of which complained against this dealer; at most
    /// `threshold - 1`, since one more would make the dealer's polynomial public.
    /// @param signature The dealer's identity over `Answer`.
    function answer(
        uint64 committeeId,
        uint64 ceremony,
        uint16 dealer,
        RevealedShare[] calldata shares,
        bytes calldata signature
    ) external;

    /// @notice Confirms an outcome, once. Of the outcome the contract checks that qualified dealers dealt and
    /// are enough, and in a reshare that the key is the committee's.
    /// @param proof The receiver's proof that it holds its share, 1 to 256 bytes; members check it.
    /// @param signature The receiver's identity over `Confirmation`.
    function confirm(
        uint64 committeeId,
        uint64 ceremony,
        uint16 receiver,
        Outcome calldata outcome,
        bytes calldata proof,
        bytes calldata signature
    ) external;

    /// @notice Asks for one more window for the phase that is open. When `threshold` members have asked, its end
    /// and everything after it moves by one window; at most 8 times a phase.
    /// @param phase The phase that is open now.
    /// @param member Index among the new members.
    /// @param signature The member's identity over `Extension` with the phase's number of extensions so far.
    function extend(uint64 committeeId, uint64 ceremony, Phase phase, uint16 member, bytes calldata signature)
        external;

    /// @notice Makes the outcome the committee's next epoch. Anybody may call, once Confirm has closed.
    /// @param outcome The one that `size - ⌊(size - threshold) / 2⌋` receivers confirmed.
    function activate(uint64 committeeId, uint64 ceremony, Outcome calldata outcome) external;

    /// @notice Closes a ceremony that cannot succeed any more, so that another may be proposed. Anybody may call:
    /// after the consent window, when it did not start; after Confirm, when no outcome has its quorum; and
    /// `max(20 * windows.confirm, 100)` blocks after Confirm, when it has one that nobody could activate; and at
    /// once, when another ceremony ended the epoch that it would reshare. The proposer may withdraw the proposal
    /// until it runs.
    function fail(uint64 committeeId, uint64 ceremony) external;

    /// @notice Stores node keys of an epoch, so that readers find them without the log. Anybody may call; keys
    /// that are stored already are passed over.
    /// @param indices Node indices.
    /// @param keys The keys `X_i`, 96 bytes compressed.
    /// @param proofs Their Merkle proofs under the epoch's `keysRoot`.
    function publishKeys(
        uint64 committeeId,
        uint64 epoch,
        uint16[] calldata indices,
        bytes[] calldata keys,
        bytes32[][] calldata proofs
    ) external;

    // --------------------------------------------------------------------- views

    /// @notice The committee at a glance.
    function committee(uint64 committeeId) external view returns (CommitteeInfo memory);

    /// @notice The committee's network id:
    /// `sha256(0x14 ‖ "STHENO-V1-NETWORK-ID" ‖ chain id ‖ this contract ‖ committee id)`, integers as 8 bytes.
    function networkId(uint64 committeeId) external view returns (bytes32);

    /// @notice The EIP-712 domain separator of the committee's messages.
    function domainSeparator(uint64 committeeId) external view returns (bytes32);

    /// @notice The node of an operator.
    function memberOf(uint64 committeeId, address operator) external view returns (MemberInfo memory);

    /// @notice An epoch.
    function epochInfo(uint64 committeeId, uint64 epoch) external view returns (EpochInfo memory);

    /// @notice Up to `count` members of an epoch, with the endpoints of now.
    /// @param first Node index of the first to return, from 1.
    function epochMembers(uint64 committeeId, uint64 epoch, uint16 first, uint16 count)
        external
        view
        returns (MemberInfo[] memory page);

    /// @notice Up to `count` node keys of an epoch, 96 bytes compressed each; empty where not published.
    /// @param first Node index of the first to return, from 1.
    function epochKeys(uint64 committeeId, uint64 epoch, uint16 first, uint16 count)
        external
        view
        returns (bytes[] memory page);

    /// @notice A ceremony's terms and timetable.
    function ceremonyInfo(uint64 committeeId, uint64 ceremony)
        external
        view
        returns (CeremonyInfo memory info);

    /// @notice Who has done what in a ceremony.
    function ceremonyProgress(uint64 committeeId, uint64 ceremony)
        external
        view
        returns (CeremonyProgress memory progress);

    /// @notice The (new) members, who receive shares.
    function ceremonyMembers(uint64 committeeId, uint64 ceremony) external view returns (Member[] memory);

    /// @notice The dealers: the members of the epoch that is reshared, or in a first ceremony the members.
    function ceremonyDealers(uint64 committeeId, uint64 ceremony) external view returns (Member[] memory);

    /// @notice The members' ceremony keys; zero where not posted.
    function ceremonyKeys(uint64 committeeId, uint64 ceremony) external view returns (bytes32[] memory);

    /// @notice keccak256 of a dealer's dealing; zero where not posted.
    function dealingHash(uint64 committeeId, uint64 ceremony, uint16 dealer) external view returns (bytes32);

    /// @notice Who complained against a dealer; bit `i - 1` stands for receiver `i`.
    function accusers(uint64 committeeId, uint64 ceremony, uint16 dealer) external view returns (uint256);

    /// @notice How many receivers confirmed this outcome.
    function confirmations(uint64 committeeId, uint64 ceremony, Outcome calldata outcome)
        external
        view
        returns (uint16);
}
