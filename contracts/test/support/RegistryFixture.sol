// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../../src/interfaces/IAccessRegistry.sol";
import {Ask, Term} from "../../src/types/AccessTypes.sol";
import {Test} from "./Test.sol";

/// @title A registry with an owner, and terms by a word each
abstract contract RegistryFixture is Test {
    address internal constant OWNER = address(0x0e);
    address internal constant ALICE = address(0xa11ce);
    address internal constant BOB = address(0xb0b);
    /// As the FEVM shows a caller with an f1 key whose actor has the id 1000.
    address internal constant MASKED = 0xFf000000000000000000000000000000000003E8;
    uint64 internal constant FOREVER = type(uint64).max;

    IAccessRegistry internal registry = IAccessRegistry(vm.deployCode("AccessRegistry.sol:AccessRegistry"));

    function newItem() internal returns (bytes32) {
        return newItem("salt");
    }

    function newItem(bytes32 salt) internal returns (bytes32) {
        vm.prank(OWNER);
        return registry.register(salt);
    }

    function newCollection() internal returns (bytes32) {
        vm.prank(OWNER);
        return registry.createCollection("salt");
    }

    function begin(bytes32 collection) internal returns (bytes32) {
        vm.prank(OWNER);
        return registry.begin(collection, "period");
    }

    function set(bytes32 id, Term[] memory terms) internal {
        vm.prank(OWNER);
        registry.setTerms(id, terms);
    }

    function grant(bytes32 id, address reader, uint64 until) internal {
        vm.prank(OWNER);
        registry.grant(id, these(reader), until);
    }

    function revoke(bytes32 id, address reader) internal {
        vm.prank(OWNER);
        registry.revoke(id, these(reader));
    }

    function notAllowed(bytes32 id, address account, uint8 role) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessRegistry.NotAllowed.selector, id, account, role);
    }

    function unknown(bytes32 id) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessRegistry.Unknown.selector, id);
    }

    function undecided(bytes32 item) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessRegistry.Undecided.selector, item);
    }

    function these(address one) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = one;
    }

    function these(Term memory one) internal pure returns (Term[] memory list) {
        list = new Term[](1);
        list[0] = one;
    }

    function these(Term memory one, Term memory two, Term memory three)
        internal
        pure
        returns (Term[] memory list)
    {
        list = new Term[](3);
        (list[0], list[1], list[2]) = (one, two, three);
    }

    function open() internal pure returns (Term memory term) {
        term.ask = Ask.Open;
    }

    function granted() internal pure returns (Term memory term) {
        term.ask = Ask.Granted;
    }

    function listed(bytes32 root) internal pure returns (Term memory term) {
        (term.ask, term.id) = (Ask.Listed, uint256(root));
    }

    function holds20(address token, uint256 least) internal pure returns (Term memory term) {
        (term.ask, term.target, term.least) = (Ask.Holds20, token, least);
    }

    function holds721(address token, uint256 least) internal pure returns (Term memory term) {
        (term.ask, term.target, term.least) = (Ask.Holds721, token, least);
    }

    function holds1155(address token, uint256 id, uint256 least) internal pure returns (Term memory term) {
        (term.ask, term.target, term.id, term.least) = (Ask.Holds1155, token, id, least);
    }

    function paid(address target) internal pure returns (Term memory term) {
        (term.ask, term.target) = (Ask.Paid, target);
    }

    function condition(address target) internal pure returns (Term memory term) {
        (term.ask, term.target) = (Ask.Condition, target);
    }

    function all(uint8 parts) internal pure returns (Term memory term) {
        (term.ask, term.parts) = (Ask.All, parts);
    }

    function any(uint8 parts) internal pure returns (Term memory term) {
        (term.ask, term.parts) = (Ask.Any, parts);
    }
}
