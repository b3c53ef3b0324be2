// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {GroupTerms, IGroupRoot, RootChange} from "../interfaces/IGroupRoot.sol";
import {HashToCurve} from "../libraries/HashToCurve.sol";

/// @title A group's root, and those that it replaced
abstract contract GroupRoot is IGroupRoot {
    /// @dev What is known of a root.
    struct Known {
        uint64 index; // of the change that set it last, from 1
        uint64 since; // when that was
        uint64 until; // when it ends; without meaning for the root that there is
    }

    uint8 private constant MAX_DEPTH = 32;

    /// @inheritdoc IGroupRoot
    uint256 public immutable emptyRoot;
    /// @inheritdoc IGroupRoot
    uint8 public immutable depth;
    /// @inheritdoc IGroupRoot
    uint32 public immutable window;
    /// @inheritdoc IGroupRoot
    uint32 public immutable history;

    uint256 private _root;
    /// @inheritdoc IGroupRoot
    uint64 public index;
    /// @dev The last change that was revoking: what was set before is invalid.
    uint64 private _revoked;
    mapping(uint256 root => Known) private _known;

    constructor(GroupTerms memory terms) {
        require(terms.depth > 0 && terms.depth <= MAX_DEPTH, NoSuchDepth(terms.depth));
        require(terms.emptyRoot != 0 && terms.emptyRoot < HashToCurve.R, NotARoot(terms.emptyRoot));
        (emptyRoot, depth, window, history) = (terms.emptyRoot, terms.depth, terms.window, terms.history);
    }

    /// @inheritdoc IGroupRoot
    function root() external view returns (uint256) {
        require(_root != 0, NoRoot());
        return _root;
    }

    /// @inheritdoc IGroupRoot
    function isValid(uint256 root_, uint64 time) external view returns (bool) {
        Known memory known = _known[root_];
        return _isKept(known) && time >= known.since && (root_ == _root || time < known.until);
    }

    /// @inheritdoc IGroupRoot
    function validUntil(uint256 root_) external view returns (uint64) {
        Known memory known = _known[root_];
        if (!_isKept(known)) return 0;
        return root_ == _root ? type(uint64).max : known.until;
    }

    /// @dev Reverts for a change that cannot be made now.
    function _checkChange(RootChange memory change) internal view {
        require(change.following == index, Stale(change.following, index));
        require(change.root != emptyRoot && change.root < HashToCurve.R, NotARoot(change.root));
        require(change.root != 0 || change.revoking, NotARoot(0));
        require(change.root != _root || change.revoking, NothingChanges(change.root));
    }

    /// @dev Makes a change, of whoever may.
    function _change(RootChange memory change) internal {
        _checkChange(change);
        (uint256 newRoot, uint256 oldRoot) = (change.root, _root);
        uint64 number = ++index;
        if (change.revoking) _revoked = number;
        uint64 now_ = uint64(block.timestamp);
        if (newRoot != oldRoot) {
            if (oldRoot != 0) _known[oldRoot].until = now_ + window;
            if (newRoot != 0) _known[newRoot].since = now_;
        }
        // No root is none that is ever known.
        if (newRoot != 0) _known[newRoot].index = number;
        _root = newRoot;
        emit RootChanged(number, newRoot, oldRoot, change.store, change.revoking);
    }

    function _isKept(Known memory known) private view returns (bool) {
        return known.index != 0 && known.index >= _revoked && index - known.index <= history;
    }
}
