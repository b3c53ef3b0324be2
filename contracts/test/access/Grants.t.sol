// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../../src/interfaces/IAccessRegistry.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {Roles} from "../../src/types/AccessTypes.sol";
import {Answering} from "../support/Conditions.sol";
import {RegistryFixture} from "../support/RegistryFixture.sol";

/// forge-config: default.fuzz.runs = 1000
/// forge-config: deep.fuzz.runs = 100000
contract GrantsTest is RegistryFixture {
    function setUp() public {
        vm.warp(1000);
    }

    function test_grant_letsReadersReadUntilRevoked() public {
        bytes32 item = newItem();
        set(item, these(granted()));
        address[] memory readers = new address[](2);
        (readers[0], readers[1]) = (ALICE, BOB);
        vm.expectEmit();
        emit IAccessRegistry.Granted(item, ALICE, FOREVER);
        vm.expectEmit();
        emit IAccessRegistry.Granted(item, BOB, FOREVER);
        vm.prank(OWNER);
        registry.grant(item, readers, FOREVER);
        assertTrue(registry.canRead(ALICE, item, ""));
        assertTrue(registry.canRead(BOB, item, ""));
        revoke(item, ALICE);
        assertFalse(registry.canRead(ALICE, item, ""));
        assertEq(registry.grantedUntil(item, ALICE), 0);
        assertTrue(registry.canRead(BOB, item, ""));
    }

    function testFuzz_grant_endsAtItsTime(uint64 until, uint64 now_) public {
        until = uint64(bound(until, 1001, type(uint64).max));
        bytes32 item = newItem();
        set(item, these(granted()));
        grant(item, ALICE, until);
        vm.warp(now_);
        assertEq(registry.canRead(ALICE, item, ""), now_ < until);
        assertFalse(registry.canRead(BOB, item, ""));
    }

    function testFuzz_grant_failsIfExpired(uint64 until) public {
        until = uint64(bound(until, 0, 1000));
        bytes32 item = newItem();
        vm.expectRevert(abi.encodeWithSelector(IAccessRegistry.Expired.selector, until));
        grant(item, ALICE, until);
    }

    function test_grant_replacesAnEarlierOne() public {
        bytes32 item = newItem();
        grant(item, ALICE, 5000);
        grant(item, ALICE, 2000);
        assertEq(registry.grantedUntil(item, ALICE), 2000);
    }

    /// Without a term that asks for grants, a grant is nothing.
    function test_grant_isNothingWithoutATerm() public {
        bytes32 item = newItem();
        grant(item, ALICE, FOREVER);
        assertFalse(registry.canRead(ALICE, item, ""));
    }

    function test_grant_ofACollectionHoldsForItsPeriods() public {
        bytes32 collection = newCollection();
        set(collection, these(granted()));
        bytes32 one = begin(collection);
        bytes32 two = begin(collection);
        grant(collection, ALICE, FOREVER);
        grant(one, BOB, FOREVER);
        assertTrue(registry.canRead(ALICE, one, ""));
        assertTrue(registry.canRead(ALICE, two, ""));
        assertTrue(registry.canRead(BOB, one, ""));
        assertFalse(registry.canRead(BOB, two, ""));
    }

    function test_grant_readsForAContract() public {
        address contract_ = address(new Answering(true));
        bytes32 item = newItem();
        set(item, these(granted()));
        grant(item, contract_, FOREVER);
        assertTrue(registry.canRead(contract_, item, ""));
    }

    function test_grant_failsIfNotAllowed() public {
        bytes32 item = newItem();
        vm.startPrank(BOB);
        vm.expectRevert(notAllowed(item, BOB, Roles.GRANTS));
        registry.grant(item, these(BOB), FOREVER);
        vm.expectRevert(notAllowed(item, BOB, Roles.GRANTS));
        registry.revoke(item, these(ALICE));
    }

    function test_grant_failsIfInputIsBad() public {
        bytes32 item = newItem();
        vm.expectRevert(Accounts.ZeroAddress.selector);
        grant(item, address(0), FOREVER);
        vm.expectRevert(abi.encodeWithSelector(Accounts.MaskedId.selector, MASKED));
        grant(item, MASKED, FOREVER);
        vm.expectRevert(unknown("nothing"));
        grant("nothing", ALICE, FOREVER);
        vm.expectRevert(IAccessRegistry.Nothing.selector);
        vm.prank(OWNER);
        registry.grant(item, new address[](0), FOREVER);
        vm.expectRevert(IAccessRegistry.Nothing.selector);
        vm.prank(OWNER);
        registry.revoke(item, new address[](0));
    }
}
