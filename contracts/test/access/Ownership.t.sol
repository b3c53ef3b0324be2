// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../../src/interfaces/IAccessRegistry.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {Roles} from "../../src/types/AccessTypes.sol";
import {RegistryFixture} from "../support/RegistryFixture.sol";

contract OwnershipTest is RegistryFixture {
    function test_transferOwnership_takesTwoSteps() public {
        bytes32 item = newItem();
        vm.expectEmit();
        emit IAccessRegistry.OwnershipOffered(item, OWNER, BOB);
        vm.prank(OWNER);
        registry.transferOwnership(item, BOB);
        assertEq(registry.ownerOf(item), OWNER);
        assertEq(registry.resource(item).pendingOwner, BOB);
        vm.expectEmit();
        emit IAccessRegistry.OwnershipTransferred(item, OWNER, BOB);
        vm.prank(BOB);
        registry.acceptOwnership(item);
        assertEq(registry.ownerOf(item), BOB);
        assertEq(registry.resource(item).pendingOwner, address(0));
        vm.expectRevert(notAllowed(item, OWNER, Roles.TERMS));
        set(item, these(open()));
    }

    function test_transferOwnership_canBeTakenBack() public {
        bytes32 item = newItem();
        vm.startPrank(OWNER);
        registry.transferOwnership(item, BOB);
        registry.transferOwnership(item, address(0));
        vm.stopPrank();
        vm.expectRevert(notAllowed(item, BOB, Roles.ALL));
        vm.prank(BOB);
        registry.acceptOwnership(item);
    }

    function test_transferOwnership_failsIfNotOwner() public {
        bytes32 item = newItem();
        vm.prank(OWNER);
        registry.setRoles(item, BOB, Roles.ALL);
        vm.expectRevert(notAllowed(item, BOB, Roles.ALL));
        vm.prank(BOB);
        registry.transferOwnership(item, BOB);
    }

    function test_transferOwnership_failsIfToIsAMaskedId() public {
        bytes32 item = newItem();
        vm.expectRevert(abi.encodeWithSelector(Accounts.MaskedId.selector, MASKED));
        vm.prank(OWNER);
        registry.transferOwnership(item, MASKED);
    }

    function test_acceptOwnership_failsIfNothingIsOffered() public {
        bytes32 item = newItem();
        vm.expectRevert(notAllowed(item, address(this), Roles.ALL));
        registry.acceptOwnership(item);
        vm.expectRevert(unknown("nothing"));
        registry.acceptOwnership("nothing");
    }

    function test_transferOwnership_failsForAPeriod() public {
        bytes32 collection = newCollection();
        bytes32 item = begin(collection);
        bytes memory refusal =
            abi.encodeWithSelector(IAccessRegistry.BelongsToCollection.selector, item, collection);
        vm.expectRevert(refusal);
        vm.prank(OWNER);
        registry.transferOwnership(item, BOB);
        vm.expectRevert(refusal);
        registry.acceptOwnership(item);
    }

    function test_acceptOwnership_takesPeriodsAlong() public {
        bytes32 collection = newCollection();
        bytes32 item = begin(collection);
        _handOver(collection, BOB);
        assertEq(registry.ownerOf(item), BOB);
        assertEq(registry.resource(item).owner, BOB);
        vm.prank(BOB);
        registry.setTerms(item, these(open()));
    }

    /// Whom the last owner trusted, the next does not know.
    function test_acceptOwnership_endsAllRoles() public {
        bytes32 collection = newCollection();
        bytes32 item = begin(collection);
        vm.startPrank(OWNER);
        registry.setRoles(collection, ALICE, Roles.DELEGATE);
        registry.setRoles(item, ALICE, Roles.GRANTS);
        vm.stopPrank();
        _handOver(collection, BOB);
        assertFalse(registry.may(collection, ALICE, Roles.TERMS));
        assertFalse(registry.may(item, ALICE, Roles.GRANTS));
        assertEq(registry.rolesOf(item, ALICE), 0);
    }

    function test_acceptOwnership_leavesTermsAndGrants() public {
        bytes32 item = newItem();
        set(item, these(granted()));
        grant(item, ALICE, FOREVER);
        _handOver(item, BOB);
        assertTrue(registry.canRead(ALICE, item, ""));
    }

    // --------------------------------------------------------------------- roles

    function test_setRoles_allowsWhatTheySay() public {
        bytes32 collection = newCollection();
        vm.expectEmit();
        emit IAccessRegistry.RolesSet(collection, ALICE, Roles.GRANTS | Roles.SALES);
        vm.prank(OWNER);
        registry.setRoles(collection, ALICE, Roles.GRANTS | Roles.SALES);
        assertEq(registry.rolesOf(collection, ALICE), Roles.GRANTS | Roles.SALES);
        assertTrue(registry.may(collection, ALICE, Roles.GRANTS));
        assertTrue(registry.may(collection, ALICE, Roles.GRANTS | Roles.SALES));
        assertFalse(registry.may(collection, ALICE, Roles.GRANTS | Roles.TERMS));
        assertFalse(registry.may(collection, ALICE, 0));
        vm.startPrank(ALICE);
        registry.grant(collection, these(BOB), FOREVER);
        vm.expectRevert(notAllowed(collection, ALICE, Roles.TERMS));
        registry.setTerms(collection, these(open()));
        vm.expectRevert(notAllowed(collection, ALICE, Roles.PERIODS));
        registry.begin(collection, "period");
    }

    function test_setRoles_holdForPeriodsOfTheCollection() public {
        bytes32 collection = newCollection();
        bytes32 item = begin(collection);
        vm.prank(OWNER);
        registry.setRoles(collection, ALICE, Roles.TERMS);
        vm.prank(ALICE);
        registry.setTerms(item, these(open()));
    }

    /// A role for one period is no role for the others.
    function test_setRoles_ofAPeriodStayThere() public {
        bytes32 collection = newCollection();
        bytes32 one = begin(collection);
        bytes32 two = begin(collection);
        vm.prank(OWNER);
        registry.setRoles(one, ALICE, Roles.TERMS);
        assertTrue(registry.may(one, ALICE, Roles.TERMS));
        assertFalse(registry.may(two, ALICE, Roles.TERMS));
        assertFalse(registry.may(collection, ALICE, Roles.TERMS));
    }

    function test_setRoles_canBeTakenAway() public {
        bytes32 item = newItem();
        vm.startPrank(OWNER);
        registry.setRoles(item, ALICE, Roles.TERMS);
        registry.setRoles(item, ALICE, 0);
        vm.stopPrank();
        assertFalse(registry.may(item, ALICE, Roles.TERMS));
    }

    function test_delegate_doesAllButHandOverAndNameDelegates() public {
        bytes32 collection = newCollection();
        vm.prank(OWNER);
        registry.setRoles(collection, ALICE, Roles.DELEGATE);
        vm.startPrank(ALICE);
        registry.begin(collection, "period");
        registry.setTerms(collection, these(granted()));
        registry.grant(collection, these(BOB), FOREVER);
        registry.setRoles(collection, BOB, Roles.TERMS);
        assertTrue(registry.may(collection, BOB, Roles.TERMS));
        vm.expectRevert(notAllowed(collection, ALICE, Roles.ALL));
        registry.setRoles(collection, BOB, Roles.DELEGATE);
        vm.expectRevert(notAllowed(collection, ALICE, Roles.ALL));
        registry.transferOwnership(collection, ALICE);
    }

    function test_delegate_cannotRemoveADelegate() public {
        bytes32 collection = newCollection();
        bytes32 item = begin(collection);
        vm.startPrank(OWNER);
        registry.setRoles(collection, ALICE, Roles.DELEGATE);
        registry.setRoles(collection, BOB, Roles.DELEGATE);
        vm.stopPrank();
        vm.startPrank(ALICE);
        vm.expectRevert(notAllowed(collection, ALICE, Roles.ALL));
        registry.setRoles(collection, BOB, 0);
        vm.expectRevert(notAllowed(item, ALICE, Roles.ALL));
        registry.setRoles(item, BOB, 0);
    }

    function test_setRoles_failsIfNotAllowed() public {
        bytes32 item = newItem();
        vm.expectRevert(notAllowed(item, BOB, Roles.DELEGATE));
        vm.prank(BOB);
        registry.setRoles(item, BOB, Roles.TERMS);
    }

    function test_setRoles_failsIfInputIsBad() public {
        bytes32 item = newItem();
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IAccessRegistry.NoSuchRole.selector, 32));
        registry.setRoles(item, BOB, 32);
        vm.expectRevert(Accounts.ZeroAddress.selector);
        registry.setRoles(item, address(0), 1);
        vm.expectRevert(unknown("nothing"));
        registry.setRoles("nothing", BOB, 1);
    }

    function _handOver(bytes32 id, address to) private {
        vm.prank(OWNER);
        registry.transferOwnership(id, to);
        vm.prank(to);
        registry.acceptOwnership(id);
    }
}
