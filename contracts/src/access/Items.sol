// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {ItemIds} from "../libraries/ItemIds.sol";
import {Kind, Period, Resource, Roles} from "../types/AccessTypes.sol";
import {Ownership} from "./Ownership.sol";

/// @title Items, collections and their periods
abstract contract Items is Ownership {
    mapping(bytes32 collection => Period[]) private _periods;

    /// @inheritdoc IAccessRegistry
    function register(bytes32 salt) external returns (bytes32 item) {
        item = itemId(msg.sender, salt);
        _create(item, Kind.Item);
    }

    /// @inheritdoc IAccessRegistry
    function createCollection(bytes32 salt) external returns (bytes32 collection) {
        collection = collectionId(msg.sender, salt);
        _create(collection, Kind.Collection);
    }

    /// @inheritdoc IAccessRegistry
    function begin(bytes32 collection, bytes32 salt) external returns (bytes32 item) {
        require(_resources[collection].kind == Kind.Collection, Unknown(collection));
        _only(collection, Roles.PERIODS);
        Period[] storage list = _periods[collection];
        uint64 number = uint64(list.length) + 1;
        bytes32 seed = keccak256(abi.encode(salt, block.prevrandao, block.number));
        item = periodId(collection, number, seed);
        uint64 begun = uint64(block.timestamp);
        list.push(Period(item, seed, begun));
        _resources[item] = Resource(Kind.Period, address(0), address(0), begun, collection);
        emit Begun(collection, number, item, seed);
    }

    /// @inheritdoc IAccessRegistry
    function periodCount(bytes32 collection) external view returns (uint64) {
        return uint64(_periods[collection].length);
    }

    /// @inheritdoc IAccessRegistry
    function periods(bytes32 collection, uint64 first, uint64 count)
        external
        view
        returns (Period[] memory page)
    {
        Period[] storage list = _periods[collection];
        if (first == 0 || first > list.length) return page;
        uint256 left = list.length - first + 1;
        page = new Period[](count < left ? count : left);
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = list[first - 1 + i];
        }
    }

    /// @inheritdoc IAccessRegistry
    function itemId(address owner, bytes32 salt) public view returns (bytes32) {
        return ItemIds.item(address(this), owner, salt);
    }

    /// @inheritdoc IAccessRegistry
    function collectionId(address owner, bytes32 salt) public view returns (bytes32) {
        return ItemIds.collection(address(this), owner, salt);
    }

    /// @inheritdoc IAccessRegistry
    function periodId(bytes32 collection, uint64 number, bytes32 seed) public view returns (bytes32) {
        return ItemIds.period(address(this), collection, number, seed);
    }

    function _create(bytes32 id, Kind kind) private {
        Accounts.check(msg.sender);
        require(_resources[id].kind == Kind.None, Taken(id));
        _resources[id] = Resource(kind, msg.sender, address(0), uint64(block.timestamp), 0);
        emit Registered(id, msg.sender, kind);
        emit OwnershipTransferred(id, address(0), msg.sender);
    }
}
