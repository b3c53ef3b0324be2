// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {CeremonyState, Phase} from "../types/CommitteeTypes.sol";

/// @title Why the committee contract refuses a call
interface ICommitteeErrors {
    /// @notice Thrown when there is no committee of this number.
    error UnknownCommittee(uint64 committeeId);

    /// @notice Thrown when the committee has no ceremony of this number.
    error UnknownCeremony(uint64 ceremony);

    /// @notice Thrown when the committee has no epoch of this number.
    error UnknownEpoch(uint64 epoch);

    /// @notice Thrown when a window of a phase is zero or longer than a year.
    error BadWindows();

    /// @notice Thrown when the devnet flag is asked for on a chain that is not local.
    error NotALocalChain(uint256 chainId);

    /// @notice Thrown when the operator has a node in this committee already.
    error AlreadyRegistered(address operator);

    /// @notice Thrown when the sender is a Filecoin actor without a key that Ethereum's signatures can be of.
    error UnusableOperator(address operator);

    /// @notice Thrown when another node of this committee has this identity.
    error IdentityTaken(address identity);

    /// @notice Thrown when the operator has no node in this committee.
    error NotRegistered(address operator);

    /// @notice Thrown when the endpoint is empty or a text is longer than allowed.
    error BadTextLength(uint256 length, uint256 maximum);

    /// @notice Thrown when the sender may not propose: neither the owner nor the operator of a serving member, nor,
    /// for a refresh, the identity of one.
    error NotAProposer(address sender);

    /// @notice Thrown when a ceremony is proposed or would start while another runs, or when the sender has a
    /// proposal open.
    error CeremonyOpen(uint64 ceremony);

    /// @notice Thrown when there are no members, or more than 256.
    error BadSize(uint256 size);

    /// @notice Thrown when the threshold is not in `⌈(size + 1) / 2⌉ .. size`, or the size is 1 and the committee is
    /// no devnet.
    error BadThreshold(uint16 threshold, uint256 size);

    /// @notice Thrown when the member list names an operator twice.
    error DuplicateMember(address operator);

    /// @notice Thrown when the ceremony is in another state than the call needs.
    error WrongState(CeremonyState state);

    /// @notice Thrown when keys and approvals are too late.
    error ConsentClosed(uint64 closed);

    /// @notice Thrown when the epoch that a proposal would reshare (0: none) does not serve any more.
    error EpochOver(uint64 epoch);

    /// @notice Thrown when a phase is not open: `block.number` is not in `[opens, closes)`.
    error PhaseNotOpen(Phase phase, uint64 opens, uint64 closes);

    /// @notice Thrown when an index is 0 or larger than the list that it points into.
    error BadIndex(uint16 index, uint16 size);

    /// @notice Thrown when an operator that approves is not among those whose consent counts.
    error NotADealer(address operator);

    /// @notice Thrown when the same member, dealer or receiver sends the same kind of message twice.
    error AlreadyDone(uint16 index);

    /// @notice Thrown when the signature is not by the one that it has to be by.
    error WrongSigner(address expected, address actual);

    /// @notice Thrown when a ceremony key is not a canonical X25519 public key, or one of low order.
    error BadCeremonyKey(bytes32 key);

    /// @notice Thrown when a dealing has not the one length that `(threshold, size)` gives.
    error BadDealingLength(uint256 length, uint256 expected);

    /// @notice Thrown when a complaint or answer is empty, or has more entries than allowed.
    error BadEntryCount(uint256 count, uint256 maximum);

    /// @notice Thrown when the entries of a complaint or answer are not in strictly ascending order.
    error NotAscending(uint16 index);

    /// @notice Thrown when an accusation cites another dealing than the stored one, or there is none.
    error WrongDealingHash(uint16 dealer, bytes32 stored);

    /// @notice Thrown when a dealer answers a complaint that was not made.
    error NoSuchComplaint(uint16 receiver);

    /// @notice Thrown when a proof of possession is empty or longer than 256 bytes.
    error BadProofLength(uint256 length);

    /// @notice Thrown when the qualified dealers of an outcome did not all deal, or are too few (in a reshare:
    /// not exactly as many as the old threshold).
    error BadQualified(uint256 qualified);

    /// @notice Thrown when the network key is not 256 bytes, not a point of G2, not in the subgroup, or infinity.
    error BadNetworkKey();

    /// @notice Thrown when a reshare would change the committee's key.
    error NetworkKeyChanged();

    /// @notice Thrown when a phase was extended eight times already.
    error NoMoreExtensions(Phase phase);

    /// @notice Thrown when too few members confirmed this outcome.
    error NoQuorum(uint16 confirmations, uint16 needed);

    /// @notice Thrown when an activation comes before Confirm has closed.
    error TooEarly(uint64 opens);

    /// @notice Thrown when a ceremony cannot be failed now: it may still succeed.
    error NotFailed();

    /// @notice Thrown when the arrays of a call have different lengths.
    error LengthMismatch();

    /// @notice Thrown when a published key is not the one under the epoch's root.
    error BadKeyProof(uint16 index);
}
