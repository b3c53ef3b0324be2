// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Ceremonies} from "./Ceremonies.sol";
import {Registry} from "./Registry.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {Bls12381} from "./libraries/Bls12381.sol";
import {KeysRoot} from "./libraries/KeysRoot.sol";
import {MessageHashes} from "./libraries/MessageHashes.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {Timetable} from "./libraries/Timetable.sol";
import {CeremonyKind, CeremonyState, EpochInfo, MemberInfo, Outcome, Phase} from "./types/CommitteeTypes.sol";

/// @title How a ceremony ends, and the epochs that come of it
abstract contract Epochs is Registry, Ceremonies {
    /// @inheritdoc ICommittee
    function activate(uint64 committeeId, uint64 ceremony, Outcome calldata outcome) external {
        State storage state = _state(committeeId);
        Ceremony storage record = _ceremony(state, ceremony);
        require(record.state == CeremonyState.Running, WrongState(record.state));
        uint64 closed = _closes(state, record, Phase.Confirm);
        require(block.number >= closed, TooEarly(closed));
        uint16 count = record.confirmations[MessageHashes.outcome(outcome)];
        uint16 needed = Quorum.ofConfirmations(record.threshold, record.size);
        require(count >= needed, NoQuorum(count, needed));
        _requireKey(state, record, outcome.networkKey);
        if (record.kind == CeremonyKind.First) {
            require(Bls12381.isKey(outcome.networkKey), BadNetworkKey());
            state.networkKeyHash = keccak256(outcome.networkKey);
            state.networkKey = Bls12381.compress(outcome.networkKey);
        }

        state.running = 0;
        record.state = CeremonyState.Active;
        uint64 epoch = ++state.epoch;
        Epoch storage made = state.epochs[epoch];
        made.ceremony = ceremony;
        made.activatedAt = uint64(block.number);
        made.qualified = outcome.qualified;
        made.keysRoot = outcome.keysRoot;
        emit CeremonyActivated(committeeId, ceremony, epoch, outcome);
    }

    /// @inheritdoc ICommittee
    function fail(uint64 committeeId, uint64 ceremony) external {
        State storage state = _state(committeeId);
        Ceremony storage record = _ceremony(state, ceremony);
        CeremonyState before = record.state;
        if (before == CeremonyState.Running) {
            require(block.number >= _givenUp(state, record), NotFailed());
            state.running = 0;
        } else {
            require(before == CeremonyState.Keys || before == CeremonyState.Approval, WrongState(before));
            bool late = block.number >= Timetable.consentCloses(state.windows, record.proposedAt);
            bool stale = record.fromEpoch != state.epoch;
            require(late || stale || msg.sender == record.proposer, NotFailed());
        }
        record.state = CeremonyState.Failed;
        emit CeremonyFailed(committeeId, ceremony, before);
    }

    /// @inheritdoc ICommittee
    function publishKeys(
        uint64 committeeId,
        uint64 epoch,
        uint16[] calldata indices,
        bytes[] calldata keys,
        bytes32[][] calldata proofs
    ) external {
        require(indices.length == keys.length && keys.length == proofs.length, LengthMismatch());
        for (uint256 i = 0; i < indices.length; ++i) {
            _publishKey(committeeId, epoch, indices[i], keys[i], proofs[i]);
        }
    }

    /// @inheritdoc ICommittee
    function epochInfo(uint64 committeeId, uint64 epoch) external view returns (EpochInfo memory) {
        State storage state = _state(committeeId);
        Epoch storage made = _epoch(state, epoch);
        Ceremony storage record = state.ceremonies[made.ceremony];
        return EpochInfo({
            ceremony: made.ceremony,
            threshold: record.threshold,
            size: record.size,
            activatedAt: made.activatedAt,
            context: record.context,
            qualified: made.qualified,
            networkKey: abi.encodePacked(state.networkKey),
            keysRoot: made.keysRoot
        });
    }

    /// @inheritdoc ICommittee
    function epochMembers(uint64 committeeId, uint64 epoch, uint16 first, uint16 count)
        external
        view
        returns (MemberInfo[] memory page)
    {
        State storage state = _state(committeeId);
        Ceremony storage record = state.ceremonies[_epoch(state, epoch).ceremony];
        page = new MemberInfo[](_pageLength(record.size, first, count));
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = _memberInfo(state, record.operators[first - 1 + i]);
        }
    }

    /// @inheritdoc ICommittee
    function epochKeys(uint64 committeeId, uint64 epoch, uint16 first, uint16 count)
        external
        view
        returns (bytes[] memory page)
    {
        State storage state = _state(committeeId);
        Epoch storage made = _epoch(state, epoch);
        page = new bytes[](_pageLength(state.ceremonies[made.ceremony].size, first, count));
        for (uint256 i = 0; i < page.length; ++i) {
            bytes32[3] memory key = made.keys[uint16(first + i)];
            // A compressed point has its top bit set, so no key begins with a zero word.
            if (key[0] != 0) page[i] = abi.encodePacked(key);
        }
    }

    function _publishKey(
        uint64 committeeId,
        uint64 epoch,
        uint16 index,
        bytes calldata key,
        bytes32[] calldata proof
    ) private {
        State storage state = _state(committeeId);
        Epoch storage made = _epoch(state, epoch);
        _requireIndex(index, state.ceremonies[made.ceremony].size);
        if (made.keys[index][0] != 0) return;
        require(KeysRoot.proves(made.keysRoot, index, key, proof), BadKeyProof(index));
        made.keys[index] = [bytes32(key[:32]), bytes32(key[32:64]), bytes32(key[64:])];
        emit KeyPublished(committeeId, epoch, index, key);
    }

    /// @dev From this block on nobody loses by failing a running ceremony: it has no quorum; or it has one, and
    /// there was ample time to activate it.
    function _givenUp(State storage state, Ceremony storage record) private view returns (uint64) {
        uint64 closed = _closes(state, record, Phase.Confirm);
        if (record.bestConfirmations < Quorum.ofConfirmations(record.threshold, record.size)) {
            return closed;
        }
        return Timetable.activationCloses(state.windows, closed);
    }

    function _pageLength(uint16 size, uint16 first, uint16 count) private pure returns (uint256) {
        _requireIndex(first, size);
        uint16 left = size - first + 1;
        return count < left ? count : left;
    }
}
