// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {CommitteeStorage} from "./CommitteeStorage.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {MessageHashes} from "./libraries/MessageHashes.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {Timetable} from "./libraries/Timetable.sol";
import {X25519} from "./libraries/X25519.sol";
import {CeremonyKind, CeremonyState, Member, Phase} from "./types/CommitteeTypes.sol";

/// @title How a ceremony comes about: proposal, ceremony keys, approvals
/// @dev Old members hold the key, so old members decide who gets it: whoever proposes, a reshare starts only
/// with the approval of `oldThreshold` of their operators, over everything that matters. A refresh leaves members,
/// order and threshold as they are, and so gives the key to nobody who has it not: for that, and for nothing else,
/// a member's identity key may propose and approve as well, so that shares are renewed without a person.
abstract contract Consent is CommitteeStorage {
    /// @dev Keeps a `CeremonyMembers` event below Filecoin's 8 KiB.
    uint256 private constant MEMBERS_PER_EVENT = 96;

    /// @inheritdoc ICommittee
    function propose(uint64 committeeId, uint16 threshold, address[] calldata operators)
        external
        returns (uint64 ceremony)
    {
        State storage state = _state(committeeId);
        bool refresh = _isRefresh(state, threshold, operators);
        require(_mayPropose(state, msg.sender, refresh), NotAProposer(msg.sender));
        require(state.running == 0, CeremonyOpen(state.running));
        uint64 latest = state.latestOf[msg.sender];
        require(!_isPending(state.ceremonies[latest].state), CeremonyOpen(latest));
        require(operators.length != 0 && operators.length <= Quorum.MAX_MEMBERS, BadSize(operators.length));
        require(
            Quorum.isValid(threshold, operators.length, state.devnet),
            BadThreshold(threshold, operators.length)
        );

        ceremony = ++state.ceremony;
        state.latestOf[msg.sender] = ceremony;
        Ceremony storage record = state.ceremonies[ceremony];
        record.state = CeremonyState.Keys;
        record.refresh = refresh;
        record.threshold = threshold;
        record.size = uint16(operators.length);
        record.proposer = msg.sender;
        record.proposedAt = uint64(block.number);
        _enlist(state, record, operators);
        if (state.epoch == 0) {
            record.dealerCount = record.size;
        } else {
            record.kind = CeremonyKind.Reshare;
            record.fromEpoch = state.epoch;
            Ceremony storage old = _dealers(state, record);
            record.oldThreshold = old.threshold;
            record.dealerCount = old.size;
        }
        _announce(committeeId, ceremony, state, record);
    }

    /// @inheritdoc ICommittee
    function postCeremonyKey(
        uint64 committeeId,
        uint64 ceremony,
        uint16 member,
        bytes32 key,
        bytes calldata signature
    ) external {
        State storage state = _state(committeeId);
        Ceremony storage record = _ceremony(state, ceremony);
        require(record.state == CeremonyState.Keys, WrongState(record.state));
        _requireConsentOpen(state, record);
        address identity = _identity(state, record, member);
        require(record.keys[member] == 0, AlreadyDone(member));
        require(X25519.isPublicKey(key), BadCeremonyKey(key));
        bytes32 structHash = MessageHashes.ceremonyKey(ceremony, record.proposal, member, key);
        _requireSigner(state, identity, structHash, signature);

        record.keys[member] = key;
        emit CeremonyKeyPosted(committeeId, ceremony, member, key, signature);
        if (++record.keyCount == record.size) {
            record.state = CeremonyState.Approval;
            record.context = MessageHashes.context(record.proposal, _keys(record));
            emit CeremonyContextFixed(committeeId, ceremony, record.context);
        }
    }

    /// @inheritdoc ICommittee
    function approve(uint64 committeeId, uint64 ceremony, address operator, bytes calldata signature)
        external
    {
        State storage state = _state(committeeId);
        Ceremony storage record = _ceremony(state, ceremony);
        _requireApprovalOpen(state, record);
        uint16 dealer = _dealers(state, record).indexOf[operator];
        require(dealer != 0, NotADealer(operator));
        uint256 approvals = _insert(record.approvals, dealer);
        if (!_isRefreshApproval(state, record, ceremony, operator, signature)) {
            _requireSigner(state, operator, MessageHashes.approval(ceremony, record.context), signature);
        }

        record.approvals = approvals;
        emit CeremonyApproved(committeeId, ceremony, operator, signature);
        // Equal once only: approvals that come later change nothing.
        if (++record.approvalCount == _approvalsNeeded(record)) {
            require(state.running == 0, CeremonyOpen(state.running));
            state.running = ceremony;
            record.state = CeremonyState.Running;
            record.start = Timetable.startAfter(state.windows, uint64(block.number));
            record.transcript = record.context;
            emit CeremonyStarted(committeeId, ceremony, record.context, record.start);
        }
    }

    /// @inheritdoc ICommittee
    function ceremonyMembers(uint64 committeeId, uint64 ceremony) external view returns (Member[] memory) {
        State storage state = _state(committeeId);
        return _members(state, _ceremony(state, ceremony));
    }

    /// @inheritdoc ICommittee
    function ceremonyDealers(uint64 committeeId, uint64 ceremony) external view returns (Member[] memory) {
        State storage state = _state(committeeId);
        return _members(state, _dealers(state, _ceremony(state, ceremony)));
    }

    /// @inheritdoc ICommittee
    function ceremonyKeys(uint64 committeeId, uint64 ceremony) external view returns (bytes32[] memory) {
        return _keys(_ceremony(_state(committeeId), ceremony));
    }

    /// @dev Whether this is the serving committee once more: the same threshold, the same members in the same order.
    /// Identities are then the same as well, since an operator's never changes.
    function _isRefresh(State storage state, uint16 threshold, address[] calldata operators)
        private
        view
        returns (bool)
    {
        if (state.epoch == 0) return false;
        Ceremony storage serving = _serving(state);
        return threshold == serving.threshold && operators.length == serving.operators.length
            && keccak256(abi.encode(operators)) == keccak256(abi.encode(serving.operators));
    }

    function _mayPropose(State storage state, address sender, bool refresh) private view returns (bool) {
        if (sender == state.owner) return true;
        if (state.epoch == 0) return false;
        Ceremony storage serving = _serving(state);
        return serving.indexOf[sender] != 0 || (refresh && serving.indexOf[state.operatorOf[sender]] != 0);
    }

    /// @dev Whether the dealer's own node, by its identity key, approves a refresh.
    function _isRefreshApproval(
        State storage state,
        Ceremony storage record,
        uint64 ceremony,
        address operator,
        bytes calldata signature
    ) private view returns (bool) {
        if (!record.refresh) return false;
        bytes32 structHash = MessageHashes.refresh(ceremony, record.context);
        return _signer(state, structHash, signature) == state.nodes[operator].identity;
    }

    /// @dev The ceremony that made the epoch that serves; there is one.
    function _serving(State storage state) private view returns (Ceremony storage) {
        return state.ceremonies[state.epochs[state.epoch].ceremony];
    }

    function _isPending(CeremonyState state) private pure returns (bool) {
        return state == CeremonyState.Keys || state == CeremonyState.Approval;
    }

    /// @dev Every operator of a first ceremony's members; of a reshare's old ones, as many as hold the key.
    function _approvalsNeeded(Ceremony storage record) private view returns (uint16) {
        return record.kind == CeremonyKind.First ? record.size : record.oldThreshold;
    }

    function _requireConsentOpen(State storage state, Ceremony storage record) private view {
        uint64 closed = Timetable.consentCloses(state.windows, record.proposedAt);
        require(block.number < closed, ConsentClosed(closed));
        require(record.fromEpoch == state.epoch, EpochOver(record.fromEpoch));
    }

    /// @dev Approvals that start the ceremony come within the consent window, more of them until Deal closes.
    function _requireApprovalOpen(State storage state, Ceremony storage record) private view {
        if (record.state == CeremonyState.Running) {
            (uint64[4] memory opens, uint64[4] memory closes) =
                Timetable.phases(state.windows, record.start, record.extensions);
            require(block.number < closes[0], PhaseNotOpen(Phase.Deal, opens[0], closes[0]));
        } else {
            require(record.state == CeremonyState.Approval, WrongState(record.state));
            _requireConsentOpen(state, record);
        }
    }

    function _enlist(State storage state, Ceremony storage record, address[] calldata operators) private {
        for (uint256 i = 0; i < operators.length; ++i) {
            address operator = operators[i];
            require(state.nodes[operator].identity != address(0), NotRegistered(operator));
            require(record.indexOf[operator] == 0, DuplicateMember(operator));
            record.indexOf[operator] = uint16(i + 1);
        }
        record.operators = operators;
    }

    function _announce(uint64 committeeId, uint64 ceremony, State storage state, Ceremony storage record)
        private
    {
        Member[] memory members = _members(state, record);
        Member[] memory dealers =
            record.kind == CeremonyKind.First ? members : _members(state, _dealers(state, record));
        record.proposal = MessageHashes.proposal(
            state.networkId, ceremony, record.kind, record.threshold, members, dealers, state.windows
        );
        emit CeremonyProposed(
            committeeId,
            ceremony,
            msg.sender,
            record.kind,
            record.threshold,
            record.size,
            record.fromEpoch,
            record.proposal
        );
        for (uint256 from = 0; from < members.length; from += MEMBERS_PER_EVENT) {
            uint256 left = members.length - from;
            Member[] memory part = new Member[](left < MEMBERS_PER_EVENT ? left : MEMBERS_PER_EVENT);
            for (uint256 i = 0; i < part.length; ++i) {
                part[i] = members[from + i];
            }
            emit CeremonyMembers(committeeId, ceremony, uint16(from + 1), part);
        }
    }

    function _keys(Ceremony storage record) private view returns (bytes32[] memory keys) {
        keys = new bytes32[](record.size);
        for (uint256 i = 0; i < keys.length; ++i) {
            keys[i] = record.keys[uint16(i + 1)];
        }
    }
}
