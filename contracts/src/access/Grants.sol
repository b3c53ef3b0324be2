// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Roles} from "../types/AccessTypes.sol";
import {Ownership} from "./Ownership.sol";

/// @title Grants to readers, each with its end
abstract contract Grants is Ownership {
    mapping(bytes32 id => mapping(address reader => uint64 until)) private _grants;

    /// @inheritdoc IAccessRegistry
    function grant(bytes32 id, address[] calldata readers, uint64 until) external {
        require(until > block.timestamp, Expired(until));
        _set(id, readers, until);
    }

    /// @inheritdoc IAccessRegistry
    function revoke(bytes32 id, address[] calldata readers) external {
        _set(id, readers, 0);
    }

    /// @inheritdoc IAccessRegistry
    function grantedUntil(bytes32 id, address reader) public view returns (uint64) {
        return _grants[id][reader];
    }

    function _isGranted(bytes32 id, address reader) internal view returns (bool) {
        bytes32 collection = _resources[id].collection;
        return _grants[id][reader] > block.timestamp
            || (collection != 0 && _grants[collection][reader] > block.timestamp);
    }

    function _set(bytes32 id, address[] calldata readers, uint64 until) private {
        _only(id, Roles.GRANTS);
        require(readers.length > 0, Nothing());
        for (uint256 i = 0; i < readers.length; ++i) {
            Accounts.check(readers[i]);
            _grants[id][readers[i]] = until;
            emit Granted(id, readers[i], until);
        }
    }
}
