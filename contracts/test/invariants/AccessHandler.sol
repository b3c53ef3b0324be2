// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../../src/interfaces/IAccessRegistry.sol";
import {Ask, Roles, Term} from "../../src/types/AccessTypes.sol";
import {Answering, Reverting} from "../support/Conditions.sol";
import {RegistryFixture} from "../support/RegistryFixture.sol";

/// @title Random owners, delegates and strangers at a registry, and a model of who may read
/// @dev Every step is tried by whom the runner chooses, with or without a right to it; the model says whether it must
/// succeed. `wrongs` counts the steps that went otherwise.
contract AccessHandler is RegistryFixture {
    uint256 public constant PEOPLE = 5;
    uint256 public constant IDS = 6;

    /// What terms an id can have, of which the model knows the meaning.
    enum Shape {
        None,
        Open,
        Granted,
        Never,
        GrantedAndYes,
        GrantedOrNever,
        GrantedAndNever,
        GrantedOrBroken,
        GrantedAndBroken
    }

    struct Model {
        address owner;
        address pending;
        Shape shape;
        /// 1 plus the index of the collection; 0 for none.
        uint256 collection;
        uint256 reign;
    }

    uint256 public wrongs;
    bytes32[] public ids;
    Model[] private _models;
    mapping(uint256 index => mapping(uint256 reign => mapping(address account => uint8))) private _roles;
    mapping(uint256 index => mapping(address account => uint64)) private _until;

    address private _yes = address(new Answering(true));
    address private _no = address(new Answering(false));
    address private _broken = address(new Reverting());

    /// Two items, a collection with two periods, another collection.
    constructor() {
        vm.warp(1_000_000);
        _add(newItem("one"), 0);
        _add(newItem("two"), 0);
        _add(newCollection(), 0);
        _add(begin(ids[2]), 3);
        _add(begin(ids[2]), 3);
        vm.prank(OWNER);
        _add(registry.createCollection("other"), 0);
    }

    // --------------------------------------------------------------------- steps

    function stepTerms(uint256 who, uint256 index, uint256 shape) external {
        index %= IDS;
        Shape chosen = Shape(shape % 9);
        bytes memory call = abi.encodeCall(registry.setTerms, (ids[index], _terms(chosen)));
        if (_try(who, call, _may(index, _person(who), Roles.TERMS))) _models[index].shape = chosen;
    }

    function stepGrant(uint256 who, uint256 index, uint256 reader, uint64 until) external {
        index %= IDS;
        until = uint64(bound(until, vm.getBlockTimestamp() - 10, vm.getBlockTimestamp() + 1000));
        bool may = until > vm.getBlockTimestamp() && _may(index, _person(who), Roles.GRANTS);
        bytes memory call = abi.encodeCall(registry.grant, (ids[index], these(_person(reader)), until));
        if (_try(who, call, may)) _until[index][_person(reader)] = until;
    }

    function stepRevoke(uint256 who, uint256 index, uint256 reader) external {
        index %= IDS;
        bytes memory call = abi.encodeCall(registry.revoke, (ids[index], these(_person(reader))));
        if (_try(who, call, _may(index, _person(who), Roles.GRANTS))) _until[index][_person(reader)] = 0;
    }

    function stepRoles(uint256 who, uint256 index, uint256 whom, uint8 roles) external {
        index %= IDS;
        roles %= 33;
        (address sender, address account) = (_person(who), _person(whom));
        bool may = roles <= Roles.ALL && _may(index, sender, Roles.DELEGATE);
        bool delegates = (roles | _held(index, account)) & Roles.DELEGATE != 0;
        if (delegates && sender != _ownerOf(index)) may = false;
        bytes memory call = abi.encodeCall(registry.setRoles, (ids[index], account, roles));
        if (_try(who, call, may)) _roles[index][_reign(index)][account] = roles;
    }

    function stepOffer(uint256 who, uint256 index, uint256 to) external {
        index %= IDS;
        bool may = _models[index].collection == 0 && _person(who) == _models[index].owner;
        bytes memory call = abi.encodeCall(registry.transferOwnership, (ids[index], _person(to)));
        if (_try(who, call, may)) _models[index].pending = _person(to);
    }

    function stepAccept(uint256 who, uint256 index) external {
        index %= IDS;
        Model storage model = _models[index];
        bool may = model.collection == 0 && _person(who) == model.pending;
        if (!_try(who, abi.encodeCall(registry.acceptOwnership, (ids[index])), may)) return;
        (model.owner, model.pending) = (_person(who), address(0));
        ++model.reign;
    }

    /// Registering again what is registered never succeeds, for its first owner either.
    function stepSquat(uint256 who) external {
        bool may = false;
        if (_person(who) == OWNER) _try(who, abi.encodeCall(registry.register, ("one")), may);
        if (_person(who) == OWNER) _try(who, abi.encodeCall(registry.createCollection, ("other")), may);
    }

    function stepTime(uint256 seconds_) external {
        vm.warp(vm.getBlockTimestamp() + seconds_ % 300);
    }

    // --------------------------------------------------------------------- model

    /// @dev 0 for no, 1 for yes, 2 for undecided.
    function mayRead(uint256 index, uint256 who) public view returns (uint256) {
        address reader = _person(who);
        Model memory model = _models[index];
        Shape shape = model.shape;
        bool granted_ = _until[index][reader] > vm.getBlockTimestamp();
        if (model.collection > 0) {
            if (shape == Shape.None) shape = _models[model.collection - 1].shape;
            granted_ = granted_ || _until[model.collection - 1][reader] > vm.getBlockTimestamp();
        }
        if (shape == Shape.Open) return 1;
        if (shape == Shape.None || shape == Shape.Never || shape == Shape.GrantedAndNever) return 0;
        if (shape == Shape.GrantedOrBroken) return granted_ ? 1 : 2;
        if (shape == Shape.GrantedAndBroken) return granted_ ? 2 : 0;
        return granted_ ? 1 : 0;
    }

    /// @dev What the registry says, in the same numbers.
    function reads(uint256 index, uint256 who) public view returns (uint256) {
        bytes memory call = abi.encodeCall(registry.canRead, (_person(who), ids[index], ""));
        (bool ok, bytes memory answer) = address(registry).staticcall(call);
        if (ok) return abi.decode(answer, (bool)) ? 1 : 0;
        return bytes4(answer) == IAccessRegistry.Undecided.selector ? 2 : 3;
    }

    /// @dev In how many cases the registry says otherwise than the model.
    function disagreements() external view returns (uint256 count) {
        for (uint256 index = 0; index < IDS; ++index) {
            if (!ownerAgrees(index)) ++count;
            // 2 and 5 are collections, which nobody reads.
            if (index == 2 || index == 5) continue;
            for (uint256 who = 0; who < PEOPLE; ++who) {
                if (reads(index, who) != mayRead(index, who)) ++count;
            }
        }
    }

    function ownerAgrees(uint256 index) public view returns (bool) {
        return registry.ownerOf(ids[index]) == _ownerOf(index);
    }

    // ------------------------------------------------------------------- private

    function _add(bytes32 id, uint256 collection) private {
        ids.push(id);
        _models.push(Model(OWNER, address(0), Shape.None, collection, 0));
    }

    function _try(uint256 who, bytes memory call, bool may) private returns (bool ok) {
        vm.prank(_person(who));
        (ok,) = address(registry).call(call);
        if (ok != may) ++wrongs;
    }

    function _person(uint256 who) private pure returns (address) {
        who %= PEOPLE;
        return who == 0 ? OWNER : address(uint160(0x1000 + who));
    }

    function _ownerOf(uint256 index) private view returns (address) {
        uint256 collection = _models[index].collection;
        return _models[collection == 0 ? index : collection - 1].owner;
    }

    function _reign(uint256 index) private view returns (uint256) {
        uint256 collection = _models[index].collection;
        return _models[collection == 0 ? index : collection - 1].reign;
    }

    function _held(uint256 index, address account) private view returns (uint8 roles) {
        roles = _roles[index][_reign(index)][account];
        uint256 collection = _models[index].collection;
        if (collection > 0) roles |= _roles[collection - 1][_reign(index)][account];
    }

    function _may(uint256 index, address account, uint8 role) private view returns (bool) {
        return account == _ownerOf(index) || _held(index, account) & (role | Roles.DELEGATE) != 0;
    }

    function _terms(Shape shape) private view returns (Term[] memory) {
        if (shape == Shape.None) return new Term[](0);
        if (shape == Shape.Open) return these(open());
        if (shape == Shape.Granted) return these(granted());
        if (shape == Shape.Never) return these(condition(_no));
        if (shape == Shape.GrantedAndYes) return these(granted(), condition(_yes), all(2));
        if (shape == Shape.GrantedOrNever) return these(granted(), condition(_no), any(2));
        if (shape == Shape.GrantedAndNever) return these(granted(), condition(_no), all(2));
        if (shape == Shape.GrantedOrBroken) return these(granted(), condition(_broken), any(2));
        return these(granted(), condition(_broken), all(2));
    }
}
