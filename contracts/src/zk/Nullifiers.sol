// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../interfaces/IAccessCondition.sol";
import {IGroth16Verifier} from "../interfaces/IGroth16Verifier.sol";
import {IGroupRoot} from "../interfaces/IGroupRoot.sol";
import {INullifiers} from "../interfaces/INullifiers.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {HashToCurve} from "../libraries/HashToCurve.sol";

/// @title Uses of items by members of a group, once for each period
/// @notice See `INullifiers`. No owner: other terms are another contract.
contract Nullifiers is INullifiers {
    // Where the public inputs stand.
    uint256 private constant ROOT = 0;
    uint256 private constant NULLIFIER = 1;
    uint256 private constant SCOPE = 2;
    uint256 private constant BINDING = 3;
    uint256 private constant BOUNDS = 4;

    bytes private constant SCOPE_TAG = "STHENO-V1-NULLIFIER-SCOPE";
    bytes private constant BINDING_TAG = "STHENO-V1-NULLIFIER-BINDING";

    /// @inheritdoc INullifiers
    IGroupRoot public immutable group;
    /// @inheritdoc INullifiers
    IGroth16Verifier public immutable verifier;
    /// @inheritdoc INullifiers
    uint64 public immutable start;
    /// @inheritdoc INullifiers
    uint64 public immutable periodLength;

    // Whether the last input is a time.
    bool private immutable _DATED;
    // A hash in the code is cheaper to compare with than numbers in storage.
    bytes32 private immutable _BOUNDS_HASH;

    uint256[] private _bounds;
    mapping(uint256 scope => mapping(uint256 nullifier => bool)) private _used;
    mapping(uint256 scope => mapping(address recipient => bool)) private _recorded;

    constructor(
        IGroupRoot group_,
        IGroth16Verifier verifier_,
        uint64 start_,
        uint64 periodLength_,
        uint256[] memory bounds_
    ) {
        uint256 count = verifier_.inputCount();
        // A credential's circuit has a time behind its bounds, a membership's has neither.
        _DATED = count != BOUNDS;
        uint256 expected = BOUNDS + bounds_.length + (_DATED ? 1 : 0);
        require(count == expected, WrongVerifier(count, expected));
        for (uint256 i = 0; i < bounds_.length; ++i) {
            require(bounds_[i] <= type(uint64).max, BoundTooLarge(bounds_[i]));
        }
        (group, verifier, start, periodLength) = (group_, verifier_, start_, periodLength_);
        (_bounds, _BOUNDS_HASH) = (bounds_, keccak256(abi.encode(bounds_)));
    }

    /// @inheritdoc INullifiers
    function use(bytes32 item, address recipient, uint256[] calldata inputs, bytes calldata proof) external {
        Accounts.check(recipient);
        uint64 period = currentPeriod();
        uint256 scope = scopeOf(item, period);
        _checkInputs(scope, recipient, inputs);
        uint256 nullifier = inputs[NULLIFIER];
        require(!_used[scope][nullifier], AlreadyUsed(nullifier));
        require(verifier.verify(inputs, proof), InvalidProof());
        _used[scope][nullifier] = true;
        _recorded[scope][recipient] = true;
        emit Used(item, period, recipient, nullifier, inputs[ROOT]);
    }

    /// @inheritdoc IAccessCondition
    /// @dev Reverts before the first period. The context is not looked at: a proof in it would limit nothing.
    function canRead(address reader, bytes32 item, bytes calldata) external view returns (bool) {
        return isRecorded(item, currentPeriod(), reader);
    }

    /// @inheritdoc INullifiers
    function isUsed(bytes32 item, uint64 period, uint256 nullifier) external view returns (bool) {
        return _used[scopeOf(item, period)][nullifier];
    }

    /// @inheritdoc INullifiers
    function bounds() external view returns (uint256[] memory) {
        return _bounds;
    }

    /// @inheritdoc INullifiers
    function isRecorded(bytes32 item, uint64 period, address recipient) public view returns (bool) {
        return _recorded[scopeOf(item, period)][recipient];
    }

    /// @inheritdoc INullifiers
    function currentPeriod() public view returns (uint64) {
        require(block.timestamp >= start, NotBegun(start));
        return periodLength == 0 ? 0 : (uint64(block.timestamp) - start) / periodLength;
    }

    /// @inheritdoc INullifiers
    function scopeOf(bytes32 item, uint64 period) public view returns (uint256) {
        bytes memory message = abi.encodePacked(uint64(block.chainid), address(this), item, period);
        return HashToCurve.toScalar(message, SCOPE_TAG);
    }

    /// @inheritdoc INullifiers
    function bindingOf(address recipient) public view returns (uint256) {
        bytes memory message = abi.encodePacked(uint64(block.chainid), address(this), recipient);
        return HashToCurve.toScalar(message, BINDING_TAG);
    }

    function _checkInputs(uint256 scope, address recipient, uint256[] calldata inputs) private view {
        uint256 time = BOUNDS + _bounds.length;
        uint256 expected = _DATED ? time + 1 : time;
        require(inputs.length == expected, IGroth16Verifier.WrongInputCount(inputs.length, expected));
        require(inputs[SCOPE] == scope, WrongScope(inputs[SCOPE], scope));
        uint256 binding = bindingOf(recipient);
        require(inputs[BINDING] == binding, WrongBinding(inputs[BINDING], binding));
        require(keccak256(abi.encode(inputs[BOUNDS:time])) == _BOUNDS_HASH, WrongBounds());
        if (_DATED) {
            // From 2^64 on the circuit's comparison would wrap.
            require(inputs[time] <= type(uint64).max, WrongTime(inputs[time]));
            require(inputs[time] >= block.timestamp, WrongTime(inputs[time]));
        }
        require(group.isValid(inputs[ROOT], uint64(block.timestamp)), RootNotValid(inputs[ROOT]));
    }
}
