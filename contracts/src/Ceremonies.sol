// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {CommitteeStorage} from "./CommitteeStorage.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {MessageHashes} from "./libraries/MessageHashes.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {Timetable} from "./libraries/Timetable.sol";
import {Transcript} from "./libraries/Transcript.sol";
import {
    Accusation,
    CeremonyInfo,
    CeremonyKind,
    CeremonyProgress,
    CeremonyState,
    Outcome,
    Phase,
    RevealedShare
} from "./types/CommitteeTypes.sol";

/// @title The four phases of a running ceremony
/// @dev Every call checks, in this order: phase, index, not done before, form, signature; then it changes
/// state, takes the message into the transcript, and emits it.
abstract contract Ceremonies is CommitteeStorage {
    /// @dev Keep events below Filecoin's 8 KiB.
    uint256 private constant DEALING_PART_BYTES = 7168;
    uint256 private constant ENTRIES_PER_EVENT = 96;

    uint256 private constant MAX_PROOF_BYTES = 256;

    /// @inheritdoc ICommittee
    function deal(
        uint64 committeeId,
        uint64 ceremony,
        uint16 dealer,
        bytes calldata dealing,
        bytes calldata signature
    ) external {
        (State storage state, Ceremony storage record) = _open(committeeId, ceremony, Phase.Deal);
        address identity = _identity(state, _dealers(state, record), dealer);
        uint256 dealt = _insert(record.dealt, dealer);
        // Commitments, proof of knowledge of the constant, and a sealed share for each receiver.
        uint256 expected = 96 * uint256(record.threshold) + 128 + 80 * uint256(record.size);
        require(dealing.length == expected, BadDealingLength(dealing.length, expected));
        bytes32 hash = keccak256(dealing);
        bytes32 structHash = MessageHashes.dealing(record.context, dealer, hash);
        _requireSigner(state, identity, structHash, signature);

        record.dealt = dealt;
        record.dealings[dealer] = hash;
        _append(record, Transcript.DEAL, dealer, structHash);
        _emitDealing(committeeId, ceremony, dealer, dealing);
        emit DealingPosted(committeeId, ceremony, dealer, hash, signature);
    }

    /// @inheritdoc ICommittee
    function complain(
        uint64 committeeId,
        uint64 ceremony,
        uint16 receiver,
        Accusation[] calldata accusations,
        bytes calldata signature
    ) external {
        (State storage state, Ceremony storage record) = _open(committeeId, ceremony, Phase.Complain);
        address identity = _identity(state, record, receiver);
        uint256 complained = _insert(record.complained, receiver);
        _requireEntryCount(accusations.length, _maxAccusations(record));
        _accuse(record, receiver, accusations);
        bytes32 structHash = MessageHashes.complaint(record.context, receiver, accusations);
        _requireSigner(state, identity, structHash, signature);

        record.complained = complained;
        _append(record, Transcript.COMPLAIN, receiver, structHash);
        _emitComplaint(committeeId, ceremony, receiver, accusations, signature);
    }

    /// @inheritdoc ICommittee
    function answer(
        uint64 committeeId,
        uint64 ceremony,
        uint16 dealer,
        RevealedShare[] calldata shares,
        bytes calldata signature
    ) external {
        (State storage state, Ceremony storage record) = _open(committeeId, ceremony, Phase.Answer);
        address identity = _identity(state, _dealers(state, record), dealer);
        uint256 answered = _insert(record.answered, dealer);
        // The new polynomials have degree `threshold - 1` in every kind of ceremony.
        _requireEntryCount(shares.length, record.threshold - 1);
        _requireAccusers(record.accusers[dealer], shares);
        bytes32 structHash = MessageHashes.answer(record.context, dealer, shares);
        _requireSigner(state, identity, structHash, signature);

        record.answered = answered;
        _append(record, Transcript.ANSWER, dealer, structHash);
        _emitAnswer(committeeId, ceremony, dealer, shares, signature);
    }

    /// @inheritdoc ICommittee
    function confirm(
        uint64 committeeId,
        uint64 ceremony,
        uint16 receiver,
        Outcome calldata outcome,
        bytes calldata proof,
        bytes calldata signature
    ) external {
        (State storage state, Ceremony storage record) = _open(committeeId, ceremony, Phase.Confirm);
        address identity = _identity(state, record, receiver);
        uint256 confirmed = _insert(record.confirmed, receiver);
        require(proof.length != 0 && proof.length <= MAX_PROOF_BYTES, BadProofLength(proof.length));
        _requirePlausible(state, record, outcome);
        bytes32 structHash = MessageHashes.confirmation(record.context, receiver, outcome, proof);
        _requireSigner(state, identity, structHash, signature);

        record.confirmed = confirmed;
        uint16 count = ++record.confirmations[MessageHashes.outcome(outcome)];
        if (count > record.bestConfirmations) record.bestConfirmations = count;
        _append(record, Transcript.CONFIRM, receiver, structHash);
        emit Confirmed(committeeId, ceremony, receiver, outcome, proof, signature);
    }

    /// @inheritdoc ICommittee
    function extend(uint64 committeeId, uint64 ceremony, Phase phase, uint16 member, bytes calldata signature)
        external
    {
        (State storage state, Ceremony storage record) = _open(committeeId, ceremony, phase);
        address identity = _identity(state, record, member);
        uint8 round = Timetable.extensionsOf(record.extensions, phase);
        require(round < Timetable.MAX_EXTENSIONS, NoMoreExtensions(phase));
        uint256 votes = _insert(record.extensionVotes[phase][round], member);
        bytes32 structHash = MessageHashes.extension(record.context, phase, member, round);
        _requireSigner(state, identity, structHash, signature);

        record.extensionVotes[phase][round] = votes;
        _append(record, Transcript.EXTEND, member, structHash);
        emit ExtensionSigned(committeeId, ceremony, member, phase, round, signature);
        if (Quorum.count(votes) == record.threshold) _prolong(committeeId, ceremony, phase);
    }

    /// @inheritdoc ICommittee
    function ceremonyInfo(uint64 committeeId, uint64 ceremony)
        external
        view
        returns (CeremonyInfo memory info)
    {
        State storage state = _state(committeeId);
        Ceremony storage record = _ceremony(state, ceremony);
        info.kind = record.kind;
        info.state = record.state;
        info.threshold = record.threshold;
        info.size = record.size;
        info.oldThreshold = record.oldThreshold;
        info.dealers = record.dealerCount;
        info.fromEpoch = record.fromEpoch;
        info.proposer = record.proposer;
        info.proposal = record.proposal;
        info.context = record.context;
        info.proposedAt = record.proposedAt;
        info.consentCloses = Timetable.consentCloses(state.windows, record.proposedAt);
        info.start = record.start;
        if (record.start != 0) (info.opens, info.closes) = _phases(state, record);
        info.transcript = record.transcript;
    }

    /// @inheritdoc ICommittee
    function ceremonyProgress(uint64 committeeId, uint64 ceremony)
        external
        view
        returns (CeremonyProgress memory progress)
    {
        Ceremony storage record = _ceremony(_state(committeeId), ceremony);
        for (uint16 member = 1; member <= record.size; ++member) {
            if (record.keys[member] != 0) progress.keys |= Quorum.bit(member);
        }
        progress.approvals = record.approvals;
        progress.dealt = record.dealt;
        progress.complained = record.complained;
        progress.answered = record.answered;
        progress.confirmed = record.confirmed;
        progress.bestConfirmations = record.bestConfirmations;
        for (uint8 phase = 0; phase < Timetable.PHASES; ++phase) {
            progress.extensions[phase] = Timetable.extensionsOf(record.extensions, Phase(phase));
        }
    }

    /// @inheritdoc ICommittee
    function dealingHash(uint64 committeeId, uint64 ceremony, uint16 dealer) external view returns (bytes32) {
        return _ceremony(_state(committeeId), ceremony).dealings[dealer];
    }

    /// @inheritdoc ICommittee
    function accusers(uint64 committeeId, uint64 ceremony, uint16 dealer) external view returns (uint256) {
        return _ceremony(_state(committeeId), ceremony).accusers[dealer];
    }

    /// @inheritdoc ICommittee
    function confirmations(uint64 committeeId, uint64 ceremony, Outcome calldata outcome)
        external
        view
        returns (uint16)
    {
        return _ceremony(_state(committeeId), ceremony).confirmations[MessageHashes.outcome(outcome)];
    }

    function _phases(State storage state, Ceremony storage record)
        internal
        view
        returns (uint64[4] memory opens, uint64[4] memory closes)
    {
        return Timetable.phases(state.windows, record.start, record.extensions);
    }

    function _closes(State storage state, Ceremony storage record, Phase phase)
        internal
        view
        returns (uint64)
    {
        (, uint64[4] memory closes) = _phases(state, record);
        return closes[uint8(phase)];
    }

    /// @dev In a reshare the key is known, so a confirmation of another is refused at once.
    function _requireKey(State storage state, Ceremony storage record, bytes calldata networkKey)
        internal
        view
    {
        require(
            record.kind == CeremonyKind.First || keccak256(networkKey) == state.networkKeyHash,
            NetworkKeyChanged()
        );
    }

    function _open(uint64 committeeId, uint64 ceremony, Phase phase)
        private
        view
        returns (State storage state, Ceremony storage record)
    {
        state = _state(committeeId);
        record = _ceremony(state, ceremony);
        require(record.state == CeremonyState.Running, WrongState(record.state));
        (uint64[4] memory opens, uint64[4] memory closes) = _phases(state, record);
        uint64 opening = opens[uint8(phase)];
        uint64 closing = closes[uint8(phase)];
        require(block.number >= opening && block.number < closing, PhaseNotOpen(phase, opening, closing));
    }

    function _append(Ceremony storage record, uint8 kind, uint16 sender, bytes32 structHash) private {
        record.transcript = Transcript.append(record.transcript, kind, sender, structHash);
    }

    /// @dev More dealers than that cannot be corrupt: it is the receiver who lies.
    function _maxAccusations(Ceremony storage record) private view returns (uint256) {
        return (record.kind == CeremonyKind.First ? record.threshold : record.oldThreshold) - 1;
    }

    function _prolong(uint64 committeeId, uint64 ceremony, Phase phase) private {
        State storage state = _state(committeeId);
        Ceremony storage record = _ceremony(state, ceremony);
        uint32 extensions = Timetable.extend(record.extensions, phase);
        record.extensions = extensions;
        emit PhaseExtended(
            committeeId,
            ceremony,
            phase,
            Timetable.extensionsOf(extensions, phase),
            _closes(state, record, phase)
        );
    }

    function _accuse(Ceremony storage record, uint16 receiver, Accusation[] calldata accusations) private {
        uint256 receiverBit = Quorum.bit(receiver);
        uint16 last = 0;
        for (uint256 i = 0; i < accusations.length; ++i) {
            uint16 dealer = accusations[i].dealer;
            require(dealer > last, NotAscending(dealer));
            last = dealer;
            bytes32 stored = record.dealings[dealer];
            require(stored != 0 && stored == accusations[i].dealingHash, WrongDealingHash(dealer, stored));
            record.accusers[dealer] |= receiverBit;
        }
    }

    function _requireAccusers(uint256 receivers, RevealedShare[] calldata shares) private pure {
        uint16 last = 0;
        for (uint256 i = 0; i < shares.length; ++i) {
            uint16 receiver = shares[i].receiver;
            require(receiver > last, NotAscending(receiver));
            last = receiver;
            bool accused = receiver <= Quorum.MAX_MEMBERS && receivers & Quorum.bit(receiver) != 0;
            require(accused, NoSuchComplaint(receiver));
        }
    }

    function _requireEntryCount(uint256 count, uint256 maximum) private pure {
        require(count != 0 && count <= maximum, BadEntryCount(count, maximum));
    }

    function _requirePlausible(State storage state, Ceremony storage record, Outcome calldata outcome)
        private
        view
    {
        require(outcome.networkKey.length == 256, BadNetworkKey());
        _requireKey(state, record, outcome.networkKey);
        uint256 count = Quorum.count(outcome.qualified);
        // A reshare interpolates, so its set has exactly the old threshold; a first ceremony adds up.
        bool enough =
            record.kind == CeremonyKind.First ? count >= record.threshold : count == record.oldThreshold;
        require(enough && outcome.qualified & ~record.dealt == 0, BadQualified(outcome.qualified));
    }

    function _emitDealing(uint64 committeeId, uint64 ceremony, uint16 dealer, bytes calldata dealing)
        private
    {
        uint16 parts = _parts(dealing.length, DEALING_PART_BYTES);
        for (uint16 part = 0; part < parts; ++part) {
            (uint256 from, uint256 to) = _part(part, DEALING_PART_BYTES, dealing.length);
            emit DealingPart(committeeId, ceremony, dealer, part, parts, dealing[from:to]);
        }
    }

    function _emitComplaint(
        uint64 committeeId,
        uint64 ceremony,
        uint16 receiver,
        Accusation[] calldata accusations,
        bytes calldata signature
    ) private {
        uint16 parts = _parts(accusations.length, ENTRIES_PER_EVENT);
        for (uint16 part = 0; part < parts; ++part) {
            (uint256 from, uint256 to) = _part(part, ENTRIES_PER_EVENT, accusations.length);
            emit Complained(committeeId, ceremony, receiver, part, parts, accusations[from:to], signature);
        }
    }

    function _emitAnswer(
        uint64 committeeId,
        uint64 ceremony,
        uint16 dealer,
        RevealedShare[] calldata shares,
        bytes calldata signature
    ) private {
        uint16 parts = _parts(shares.length, ENTRIES_PER_EVENT);
        for (uint16 part = 0; part < parts; ++part) {
            (uint256 from, uint256 to) = _part(part, ENTRIES_PER_EVENT, shares.length);
            emit Answered(committeeId, ceremony, dealer, part, parts, shares[from:to], signature);
        }
    }

    function _parts(uint256 length, uint256 size) private pure returns (uint16) {
        return uint16((length + size - 1) / size);
    }

    function _part(uint256 part, uint256 size, uint256 length)
        private
        pure
        returns (uint256 from, uint256 to)
    {
        from = part * size;
        to = from + size < length ? from + size : length;
    }
}
