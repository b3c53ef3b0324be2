// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {CommitteeStorage} from "./CommitteeStorage.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {MessageHashes} from "./libraries/MessageHashes.sol";
import {Timetable} from "./libraries/Timetable.sol";
import {CommitteeInfo, MemberInfo, Windows} from "./types/CommitteeTypes.sol";

/// @title Committees and the nodes that may become their members
/// @dev Anybody may register; nothing runs over all who did, so it costs nobody else anything.
abstract contract Registry is CommitteeStorage {
    uint256 private constant MAX_ENDPOINT = 256;
    uint256 private constant MAX_METADATA = 512;

    /// @inheritdoc ICommittee
    function createCommittee(Windows calldata windows, bool devnet) external returns (uint64 committeeId) {
        require(Timetable.isValid(windows), BadWindows());
        require(!devnet || _isLocalChain(), NotALocalChain(block.chainid));

        committeeId = ++_committeeCount;
        State storage state = _newState(committeeId);
        state.owner = msg.sender;
        state.windows = windows;
        state.devnet = devnet;
        state.networkId = MessageHashes.networkId(committeeId);
        emit CommitteeCreated(committeeId, msg.sender, state.networkId, windows, devnet);
    }

    /// @inheritdoc ICommittee
    function register(
        uint64 committeeId,
        address identity,
        string calldata endpoint,
        string calldata metadata,
        bytes calldata identitySignature
    ) external {
        State storage state = _state(committeeId);
        require(!_isMaskedId(msg.sender), UnusableOperator(msg.sender));
        Node storage node = state.nodes[msg.sender];
        require(node.identity == address(0), AlreadyRegistered(msg.sender));
        require(state.operatorOf[identity] == address(0), IdentityTaken(identity));
        _requireTexts(endpoint, metadata);
        bytes32 structHash = MessageHashes.registration(msg.sender, identity, endpoint, metadata);
        _requireSigner(state, identity, structHash, identitySignature);

        ++state.members;
        state.operatorOf[identity] = msg.sender;
        node.identity = identity;
        node.endpoint = endpoint;
        node.metadata = metadata;
        emit MemberRegistered(committeeId, msg.sender, identity, endpoint, metadata, identitySignature);
    }

    /// @inheritdoc ICommittee
    function setEndpoint(uint64 committeeId, string calldata endpoint, string calldata metadata) external {
        Node storage node = _node(_state(committeeId), msg.sender);
        _requireTexts(endpoint, metadata);
        node.endpoint = endpoint;
        node.metadata = metadata;
        emit EndpointChanged(committeeId, msg.sender, endpoint, metadata);
    }

    /// @inheritdoc ICommittee
    function committee(uint64 committeeId) external view returns (CommitteeInfo memory) {
        State storage state = _state(committeeId);
        return CommitteeInfo({
            owner: state.owner,
            windows: state.windows,
            epoch: state.epoch,
            ceremony: state.ceremony,
            running: state.running,
            members: state.members,
            devnet: state.devnet
        });
    }

    /// @inheritdoc ICommittee
    function networkId(uint64 committeeId) external view returns (bytes32) {
        return _state(committeeId).networkId;
    }

    /// @inheritdoc ICommittee
    function domainSeparator(uint64 committeeId) external view returns (bytes32) {
        return MessageHashes.domainSeparator(_state(committeeId).networkId);
    }

    /// @inheritdoc ICommittee
    function memberOf(uint64 committeeId, address operator) external view returns (MemberInfo memory) {
        return _memberInfo(_state(committeeId), operator);
    }

    function _memberInfo(State storage state, address operator) internal view returns (MemberInfo memory) {
        Node storage node = _node(state, operator);
        return MemberInfo(operator, node.identity, node.endpoint, node.metadata);
    }

    function _node(State storage state, address operator) private view returns (Node storage node) {
        node = state.nodes[operator];
        require(node.identity != address(0), NotRegistered(operator));
    }

    function _requireTexts(string calldata endpoint, string calldata metadata) private pure {
        uint256 length = bytes(endpoint).length;
        require(length != 0 && length <= MAX_ENDPOINT, BadTextLength(length, MAX_ENDPOINT));
        length = bytes(metadata).length;
        require(length <= MAX_METADATA, BadTextLength(length, MAX_METADATA));
    }

    /// @dev How the FEVM shows actors that have no Ethereum address: 0xff, eleven zeros, the actor's id. Nothing
    /// recovers to it, and before finality the id is not even stable.
    function _isMaskedId(address sender) private pure returns (bool) {
        return uint160(sender) >> 64 == 0xff << 88;
    }

    /// @dev Filecoin's local devnet, and what development chains call themselves by default.
    function _isLocalChain() private view returns (bool) {
        return block.chainid == 31415926 || block.chainid == 31337;
    }
}
