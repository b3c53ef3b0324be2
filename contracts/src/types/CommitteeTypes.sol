// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice What a ceremony makes: the first key of a committee, or new shares of the key that it has.
/// @dev A refresh is a reshare to the same members with the same threshold.
enum CeremonyKind {
    First,
    Reshare
}

/// @notice Where a ceremony stands.
/// @dev `Keys`: members post their ceremony keys. `Approval`: all keys are there, the context is fixed, and
/// operators approve it. `Running`: the timetable of the four phases is fixed, or has begun.
enum CeremonyState {
    None,
    Keys,
    Approval,
    Running,
    Active,
    Failed
}

/// @notice The four phases of a running ceremony.
enum Phase {
    Deal,
    Complain,
    Answer,
    Confirm
}

/// @notice The committee's clock, in blocks. Fixed when the committee is created.
/// @param deal Length of the phase Deal; the consent window is derived from it, see `CeremonyInfo`.
/// @param complain Length of the phase Complain.
/// @param answer Length of the phase Answer.
/// @param confirm Length of the phase Confirm.
/// @param margin Blocks between the end of a phase and the start of the next, so that the end is final.
/// @param consentDelay Blocks between the last approval that was needed and the phase Deal.
struct Windows {
    uint32 deal;
    uint32 complain;
    uint32 answer;
    uint32 confirm;
    uint32 margin;
    uint32 consentDelay;
}

/// @notice One member of a ceremony. Its place in the list, counted from 1, is its node index.
/// @param operator Approves member lists and registers the node: the key of a person.
/// @param identity Signs the node's ceremony messages and receipts: the key of a machine.
struct Member {
    address operator;
    address identity;
}

/// @notice A registered member, with what it tells about itself.
/// @param endpoint URL under which the node serves requests.
/// @param metadata Free text of the operator's, JSON by convention.
struct MemberInfo {
    address operator;
    address identity;
    string endpoint;
    string metadata;
}

/// @notice A receiver's claim that a dealer's share is missing or wrong.
/// @param dealer Index of the dealer.
/// @param dealingHash keccak256 of the dealing that the receiver saw; must be the stored one.
struct Accusation {
    uint16 dealer;
    bytes32 dealingHash;
}

/// @notice A dealer's answer to an accusation: the share, in the clear.
/// @param receiver Index of the receiver that complained.
/// @param share The scalar, 32 bytes big-endian.
struct RevealedShare {
    uint16 receiver;
    bytes32 share;
}

/// @notice What a ceremony came to, as every member computes it from the log.
/// @param qualified Bit `i - 1` is set when dealer `i` counts.
/// @param networkKey The key of the committee: a point of G2 in the 256-byte form of EIP-2537.
/// @param keysRoot Merkle root over the node keys `X_1 .. X_n`, see `KeysRoot`.
struct Outcome {
    uint256 qualified;
    bytes networkKey;
    bytes32 keysRoot;
}

/// @notice A committee at a glance.
/// @param owner May propose ceremonies, and nothing else.
/// @param epoch Number of the epoch that serves; 0 before the first.
/// @param ceremony Number of the latest ceremony; 0 before the first.
/// @param running Number of the ceremony that runs; 0 if none does.
/// @param members How many operators are registered.
/// @param devnet Whether a committee of one is allowed; only ever true on local chains.
struct CommitteeInfo {
    address owner;
    Windows windows;
    uint64 epoch;
    uint64 ceremony;
    uint64 running;
    uint32 members;
    bool devnet;
}

/// @notice One membership of a committee.
/// @param ceremony The ceremony that made it.
/// @param activatedAt Block of its activation.
/// @param context The ceremony's context digest.
/// @param qualified See `Outcome`.
/// @param networkKey 96 bytes, compressed; the same in all epochs of a committee.
/// @param keysRoot See `Outcome`.
struct EpochInfo {
    uint64 ceremony;
    uint16 threshold;
    uint16 size;
    uint64 activatedAt;
    bytes32 context;
    uint256 qualified;
    bytes networkKey;
    bytes32 keysRoot;
}

/// @notice A ceremony's terms and timetable.
/// @param oldThreshold Threshold of the epoch that is reshared; 0 in a first ceremony.
/// @param dealers How many members deal: the old ones, or in a first ceremony all.
/// @param fromEpoch The epoch that is reshared; 0 in a first ceremony.
/// @param proposer Who proposed it; may withdraw it (`fail`) until it runs.
/// @param proposal Digest of the terms.
/// @param context Digest of the terms and the ceremony keys; 0 until all keys are posted.
/// @param proposedAt Block of the proposal.
/// @param consentCloses First block in which keys and approvals are too late:
/// `proposedAt + max(20 * windows.deal, 100)`.
/// @param start First block of the phase Deal; 0 until enough operators approved.
/// @param opens First block of each phase; zeros until `start` is fixed.
/// @param closes Block after the last of each phase; moves when a phase is extended.
/// @param transcript Running hash of all messages of the four phases.
struct CeremonyInfo {
    CeremonyKind kind;
    CeremonyState state;
    uint16 threshold;
    uint16 size;
    uint16 oldThreshold;
    uint16 dealers;
    uint64 fromEpoch;
    address proposer;
    bytes32 proposal;
    bytes32 context;
    uint64 proposedAt;
    uint64 consentCloses;
    uint64 start;
    uint64[4] opens;
    uint64[4] closes;
    bytes32 transcript;
}

/// @notice Who has done what in a ceremony; bit `i - 1` stands for index `i`.
/// @param keys Members that posted a ceremony key.
/// @param approvals Dealers whose operator approved (first ceremony: dealers are the members).
/// @param dealt Dealers that dealt.
/// @param complained Receivers that complained.
/// @param answered Dealers that answered.
/// @param confirmed Receivers that confirmed.
/// @param bestConfirmations The largest number of confirmations of one and the same outcome.
/// @param extensions How often each phase was extended.
struct CeremonyProgress {
    uint256 keys;
    uint256 approvals;
    uint256 dealt;
    uint256 complained;
    uint256 answered;
    uint256 confirmed;
    uint16 bestConfirmations;
    uint8[4] extensions;
}
