// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {NullifiersFixture} from "../support/NullifiersFixture.sol";
import {RegistryFixture} from "../support/RegistryFixture.sol";

/// A recorded use as a term of the registry's.
contract NullifiersTermsTest is RegistryFixture, NullifiersFixture {
    bytes32 private _item;

    function setUp() public override {
        super.setUp();
        setRoot(ROOT, false);
        _item = newItem();
        set(_item, these(condition(address(nullifiers))));
    }

    function test_canRead_isTrueForWhoUsedTheItem() public {
        assertFalse(_ask(ALICE));
        use(_item, ALICE, 1);
        assertTrue(_ask(ALICE));
        assertFalse(_ask(BOB));
        vm.warp(BEGIN + DAY);
        assertFalse(_ask(ALICE));
        use(_item, ALICE, 1);
        assertTrue(_ask(ALICE));
    }

    function test_canRead_isFalseForAUseOfAnotherItem() public {
        use("another", ALICE, 1);
        assertFalse(_ask(ALICE));
    }

    /// Whatever a reader sends along with his request.
    function test_canRead_doesNotLookAtTheContext() public {
        use(_item, ALICE, 1);
        assertTrue(registry.canRead(ALICE, _item, hex"ffff"));
        assertFalse(registry.canRead(BOB, _item, abi.encode(ALICE)));
    }

    function test_canRead_failsBeforeTheFirstPeriod() public {
        set(_item, these(condition(address(nullifiers)), granted(), any(2)));
        grant(_item, BOB, FOREVER);
        vm.warp(BEGIN - 1);
        vm.expectRevert(undecided(_item));
        registry.canRead(ALICE, _item, "");
        // Decided without it.
        assertTrue(registry.canRead(BOB, _item, ""));
    }

    function test_canRead_isCombinedWithOtherTerms() public {
        set(_item, these(condition(address(nullifiers)), granted(), all(2)));
        use(_item, ALICE, 1);
        assertFalse(_ask(ALICE));
        grant(_item, ALICE, FOREVER);
        assertTrue(_ask(ALICE));
        grant(_item, BOB, FOREVER);
        assertFalse(_ask(BOB));
    }

    /// As a node asks: by static call, from the zero address.
    function _ask(address reader) private returns (bool) {
        vm.prank(address(0));
        return registry.canRead(reader, _item, "");
    }
}
