// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {
    Accusation,
    CeremonyKind,
    CeremonyState,
    Member,
    Outcome,
    Phase,
    RevealedShare,
    Windows
} from "../types/CommitteeTypes.sol";

/// @title What the committee contract tells: everything that a node needs to replay a ceremony
/// @dev Data of an event stays below 7.5 KB, since Filecoin refuses events of 8 KiB; what is longer comes in parts
/// of one transaction, in order. Indices of members, dealers and receivers count from 1.
interface ICommitteeEvents {
    // ------------------------------------------------------------------ registry

    /// @notice A committee was created.
    event CommitteeCreated(
        uint64 indexed committeeId, address indexed owner, bytes32 networkId, Windows windows, bool devnet
    );

    /// @notice An operator registered a node; `signature` is the identity's over `Registration`.
    event MemberRegistered(
        uint64 indexed committeeId,
        address indexed operator,
        address indexed identity,
        string endpoint,
        string metadata,
        bytes signature
    );

    /// @notice An operator changed what its node tells about itself.
    event EndpointChanged(
        uint64 indexed committeeId, address indexed operator, string endpoint, string metadata
    );

    // ------------------------------------------------------------------- consent

    /// @notice A ceremony was proposed. Its members follow in `CeremonyMembers` events of the same
    /// transaction; dealers are the members of the epoch that serves, or in a first ceremony the members.
    event CeremonyProposed(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        address indexed proposer,
        CeremonyKind kind,
        uint16 threshold,
        uint16 size,
        uint64 fromEpoch,
        bytes32 proposal
    );

    /// @notice Up to 96 members of a proposed ceremony, from index `first` on.
    event CeremonyMembers(
        uint64 indexed committeeId, uint64 indexed ceremony, uint16 indexed first, Member[] members
    );

    /// @notice A member posted its X25519 key for this ceremony; `signature` over `CeremonyKey`.
    event CeremonyKeyPosted(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed member,
        bytes32 key,
        bytes signature
    );

    /// @notice All ceremony keys are there; `context` is what operators approve.
    event CeremonyContextFixed(uint64 indexed committeeId, uint64 indexed ceremony, bytes32 context);

    /// @notice An operator approved the context; `signature` is the operator's over `Approval`, or, for a refresh
    /// alone, its node's identity's over `Refresh`.
    event CeremonyApproved(
        uint64 indexed committeeId, uint64 indexed ceremony, address indexed operator, bytes signature
    );

    /// @notice Enough operators approved; dealing opens in block `start`.
    event CeremonyStarted(uint64 indexed committeeId, uint64 indexed ceremony, bytes32 context, uint64 start);

    // ------------------------------------------------------------------ ceremony

    /// @notice A part of a dealing, at most 7,168 bytes (Filecoin refuses events of 8 KiB); `part` counts from
    /// 0. All parts and then `DealingPosted` are in one transaction, in order.
    event DealingPart(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed dealer,
        uint16 part,
        uint16 parts,
        bytes data
    );

    /// @notice A dealing is complete; `signature` over `Dealing`.
    event DealingPosted(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed dealer,
        bytes32 dealingHash,
        bytes signature
    );

    /// @notice A receiver complained, in parts of at most 96 accusations of one transaction, in order;
    /// `signature` is over the whole `Complaint`, and the same in every part.
    event Complained(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed receiver,
        uint16 part,
        uint16 parts,
        Accusation[] accusations,
        bytes signature
    );

    /// @notice A dealer answered, in parts of at most 96 shares of one transaction, in order; `signature` is
    /// over the whole `Answer`, and the same in every part.
    event Answered(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed dealer,
        uint16 part,
        uint16 parts,
        RevealedShare[] shares,
        bytes signature
    );

    /// @notice A receiver holds its share and confirms the outcome; `signature` over `Confirmation`.
    event Confirmed(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed receiver,
        Outcome outcome,
        bytes proof,
        bytes signature
    );

    /// @notice A member asked for extension number `round` (from 0) of `phase`; `signature` over `Extension`.
    event ExtensionSigned(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed member,
        Phase phase,
        uint8 round,
        bytes signature
    );

    /// @notice A phase got one more window; it now closes in block `closes`, and later phases move with it.
    event PhaseExtended(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        Phase indexed phase,
        uint8 extensions,
        uint64 closes
    );

    /// @notice The ceremony succeeded; its members serve as `epoch` once this block is final.
    event CeremonyActivated(
        uint64 indexed committeeId, uint64 indexed ceremony, uint64 indexed epoch, Outcome outcome
    );

    /// @notice The ceremony is over without a result; another may be proposed. `state` is where it ended.
    event CeremonyFailed(uint64 indexed committeeId, uint64 indexed ceremony, CeremonyState state);

    /// @notice A node's public key `X_i`, 96 bytes compressed, was proven against `keysRoot` and stored.
    event KeyPublished(uint64 indexed committeeId, uint64 indexed epoch, uint16 indexed index, bytes key);
}
