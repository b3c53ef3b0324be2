// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ICommittee} from "./interfaces/ICommittee.sol";
import {MessageHashes} from "./libraries/MessageHashes.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {CeremonyKind, CeremonyState, Member, Phase, Windows} from "./types/CommitteeTypes.sol";

/// @title What is stored, and how its parts are found
abstract contract CommitteeStorage is ICommittee {
    /// @dev A registered node; the operator is the key. The identity never changes.
    struct Node {
        address identity;
        string endpoint;
        string metadata;
    }

    /// @dev A ceremony, see `CeremonyInfo`. Sets of members are bits, index 1 the lowest.
    struct Ceremony {
        CeremonyKind kind;
        CeremonyState state;
        uint16 threshold;
        uint16 size;
        uint16 oldThreshold;
        uint16 dealerCount;
        uint16 keyCount;
        uint16 approvalCount;
        uint16 bestConfirmations;
        uint64 fromEpoch;
        uint32 extensions;
        bool refresh;
        address proposer;
        uint64 proposedAt;
        uint64 start;
        bytes32 proposal;
        bytes32 context;
        bytes32 transcript;
        uint256 approvals;
        uint256 dealt;
        uint256 complained;
        uint256 answered;
        uint256 confirmed;
        /// The members, in the order of their indices. Identities are the registry's.
        address[] operators;
        /// From 1; 0 is no member.
        mapping(address operator => uint16 index) indexOf;
        mapping(uint16 member => bytes32 key) keys;
        mapping(uint16 dealer => bytes32 dealingHash) dealings;
        mapping(uint16 dealer => uint256 receivers) accusers;
        mapping(bytes32 outcome => uint16 count) confirmations;
        mapping(Phase phase => mapping(uint8 round => uint256 members)) extensionVotes;
    }

    /// @dev An epoch; its members are those of its ceremony.
    struct Epoch {
        uint64 ceremony;
        uint64 activatedAt;
        uint256 qualified;
        bytes32 keysRoot;
        mapping(uint16 index => bytes32[3] compressed) keys;
    }

    /// @dev A committee. `networkKeyHash` is keccak256 of the key's 256 bytes; 0 before the first epoch.
    struct State {
        address owner;
        uint64 epoch;
        uint32 members;
        Windows windows;
        uint64 ceremony;
        uint64 running;
        bool devnet;
        bytes32 networkId;
        bytes32 networkKeyHash;
        bytes32[3] networkKey;
        mapping(address operator => Node) nodes;
        mapping(address identity => address operator) operatorOf;
        mapping(address proposer => uint64 ceremony) latestOf;
        mapping(uint64 number => Ceremony) ceremonies;
        mapping(uint64 number => Epoch) epochs;
    }

    uint64 internal _committeeCount;
    mapping(uint64 committeeId => State) private _committees;

    function _newState(uint64 committeeId) internal view returns (State storage) {
        return _committees[committeeId];
    }

    function _state(uint64 committeeId) internal view returns (State storage state) {
        state = _committees[committeeId];
        require(state.owner != address(0), UnknownCommittee(committeeId));
    }

    function _ceremony(State storage state, uint64 ceremony) internal view returns (Ceremony storage record) {
        record = state.ceremonies[ceremony];
        require(record.state != CeremonyState.None, UnknownCeremony(ceremony));
    }

    function _epoch(State storage state, uint64 epoch) internal view returns (Epoch storage) {
        require(epoch != 0 && epoch <= state.epoch, UnknownEpoch(epoch));
        return state.epochs[epoch];
    }

    /// @dev The ceremony whose members deal in this one: itself if it is the first, else the one before.
    function _dealers(State storage state, Ceremony storage record) internal view returns (Ceremony storage) {
        if (record.kind == CeremonyKind.First) return record;
        return state.ceremonies[state.epochs[record.fromEpoch].ceremony];
    }

    function _members(State storage state, Ceremony storage record)
        internal
        view
        returns (Member[] memory members)
    {
        uint256 size = record.size;
        members = new Member[](size);
        for (uint256 i = 0; i < size; ++i) {
            address operator = record.operators[i];
            members[i] = Member(operator, state.nodes[operator].identity);
        }
    }

    /// @dev The identity of a member of the ceremony `record`; the index comes from a caller.
    function _identity(State storage state, Ceremony storage record, uint16 index)
        internal
        view
        returns (address)
    {
        _requireIndex(index, record.size);
        return state.nodes[record.operators[index - 1]].identity;
    }

    function _requireIndex(uint16 index, uint16 size) internal pure {
        require(index != 0 && index <= size, BadIndex(index, size));
    }

    /// @dev The set with `index` in it, which must not be there yet.
    function _insert(uint256 set, uint16 index) internal pure returns (uint256) {
        uint256 bit = Quorum.bit(index);
        require(set & bit == 0, AlreadyDone(index));
        return set | bit;
    }

    function _requireSigner(
        State storage state,
        address expected,
        bytes32 structHash,
        bytes calldata signature
    ) internal view {
        address actual = _signer(state, structHash, signature);
        require(actual != address(0) && actual == expected, WrongSigner(expected, actual));
    }

    /// @dev OpenZeppelin's recovery refuses the second signature (high `s`) of a message; it, and a malformed one,
    /// recover to nobody.
    function _signer(State storage state, bytes32 structHash, bytes calldata signature)
        internal
        view
        returns (address signer)
    {
        bytes32 domain = MessageHashes.domainSeparator(state.networkId);
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        (signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
    }
}
