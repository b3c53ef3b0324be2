// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Kind, Resource, Roles} from "../types/AccessTypes.sol";

/// @title Who may do what to an id
abstract contract Ownership is IAccessRegistry {
    mapping(bytes32 id => Resource) internal _resources;

    /// How often an id changed hands; roles are of one owner's time.
    mapping(bytes32 id => uint256) private _reigns;
    mapping(bytes32 id => mapping(uint256 reign => mapping(address account => uint8))) private _roles;

    /// @inheritdoc IAccessRegistry
    function transferOwnership(bytes32 id, address to) external {
        Resource storage owned = _owned(id);
        require(msg.sender == owned.owner, NotAllowed(id, msg.sender, Roles.ALL));
        if (to != address(0)) Accounts.check(to);
        owned.pendingOwner = to;
        emit OwnershipOffered(id, msg.sender, to);
    }

    /// @inheritdoc IAccessRegistry
    function acceptOwnership(bytes32 id) external {
        Resource storage owned = _owned(id);
        require(msg.sender == owned.pendingOwner, NotAllowed(id, msg.sender, Roles.ALL));
        emit OwnershipTransferred(id, owned.owner, msg.sender);
        (owned.owner, owned.pendingOwner) = (msg.sender, address(0));
        ++_reigns[id];
    }

    /// @inheritdoc IAccessRegistry
    function setRoles(bytes32 id, address account, uint8 roles) external {
        _only(id, Roles.DELEGATE);
        Accounts.check(account);
        require(roles <= Roles.ALL, NoSuchRole(roles));
        if (msg.sender != ownerOf(id)) {
            bool delegates = (roles | _effectiveRoles(id, account)) & Roles.DELEGATE != 0;
            require(!delegates, NotAllowed(id, msg.sender, Roles.ALL));
        }
        _roles[id][_reign(id)][account] = roles;
        emit RolesSet(id, account, roles);
    }

    /// @inheritdoc IAccessRegistry
    function resource(bytes32 id) external view returns (Resource memory found) {
        found = _resources[id];
        if (found.kind == Kind.Period) found.owner = _resources[found.collection].owner;
    }

    /// @inheritdoc IAccessRegistry
    function ownerOf(bytes32 id) public view returns (address) {
        Resource storage found = _known(id);
        return found.kind == Kind.Period ? _resources[found.collection].owner : found.owner;
    }

    /// @inheritdoc IAccessRegistry
    function may(bytes32 id, address account, uint8 roles) public view returns (bool) {
        if (account == ownerOf(id)) return true;
        uint8 held = _effectiveRoles(id, account);
        // An owner's own doing needs more than any role, and no role is no permission.
        if (roles == 0 || roles > Roles.ALL) return false;
        return held & Roles.DELEGATE != 0 || held & roles == roles;
    }

    /// @inheritdoc IAccessRegistry
    function rolesOf(bytes32 id, address account) public view returns (uint8) {
        return _roles[id][_reign(id)][account];
    }

    /// @dev Reverts unless the sender may do it.
    function _only(bytes32 id, uint8 role) internal view {
        require(may(id, msg.sender, role), NotAllowed(id, msg.sender, role));
    }

    /// @dev Reverts for what was never registered.
    function _known(bytes32 id) internal view returns (Resource storage found) {
        found = _resources[id];
        require(found.kind != Kind.None, Unknown(id));
    }

    function _owned(bytes32 id) private view returns (Resource storage found) {
        found = _known(id);
        require(found.kind != Kind.Period, BelongsToCollection(id, found.collection));
    }

    function _effectiveRoles(bytes32 id, address account) private view returns (uint8 roles) {
        roles = rolesOf(id, account);
        bytes32 collection = _resources[id].collection;
        if (collection != 0) roles |= rolesOf(collection, account);
    }

    /// @dev A period changes hands with its collection.
    function _reign(bytes32 id) private view returns (uint256) {
        bytes32 collection = _resources[id].collection;
        return _reigns[collection == 0 ? id : collection];
    }
}
