// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../../src/interfaces/IAccessRegistry.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {Kind, Period, Resource, Roles} from "../../src/types/AccessTypes.sol";
import {RegistryFixture} from "../support/RegistryFixture.sol";

/// forge-config: default.fuzz.runs = 1000
/// forge-config: deep.fuzz.runs = 100000
contract ItemsTest is RegistryFixture {
    // ------------------------------------------------------------------ register

    function test_register_makesTheSenderTheOwner() public {
        bytes32 id = registry.itemId(OWNER, "salt");
        vm.warp(1000);
        vm.expectEmit();
        emit IAccessRegistry.Registered(id, OWNER, Kind.Item);
        assertEq(newItem(), id);
        Resource memory found = registry.resource(id);
        assertTrue(found.kind == Kind.Item);
        assertEq(found.owner, OWNER);
        assertEq(found.pendingOwner, address(0));
        assertEq(found.begun, 1000);
        assertEq(found.collection, 0);
    }

    /// The bytes of DESIGN: the tag behind its length, the chain, the registry, the owner, the salt.
    function testFuzz_itemId_isTheHashOfOwnerAndSalt(address owner, bytes32 salt, uint64 chain) public {
        vm.chainId(bound(chain, 1, type(uint64).max - 1));
        bytes memory of_ = abi.encodePacked(uint64(block.chainid), address(registry), owner, salt);
        bytes32 item = sha256(bytes.concat(hex"17", "STHENO-V1-REGISTRY-ITEM", of_));
        assertEq(registry.itemId(owner, salt), item);
        bytes32 collection = sha256(bytes.concat(hex"1d", "STHENO-V1-REGISTRY-COLLECTION", of_));
        assertEq(registry.collectionId(owner, salt), collection);
    }

    function testFuzz_register_givesEveryOwnerAndSaltItsOwnItem(address one, address two, bytes32 salt)
        public
        view
    {
        if (one == two) return;
        assertNotEq(registry.itemId(one, salt), registry.itemId(two, salt));
        assertNotEq(registry.itemId(one, salt), registry.collectionId(one, salt));
        assertNotEq(registry.itemId(one, salt), registry.itemId(one, keccak256(abi.encode(salt))));
    }

    /// Who saw the salt in the mempool gets an item of his own with it.
    function test_register_cannotBeSquatted() public {
        vm.prank(BOB);
        bytes32 his = registry.register("salt");
        bytes32 mine = newItem();
        assertNotEq(his, mine);
        assertEq(registry.ownerOf(mine), OWNER);
    }

    function test_register_failsIfTaken() public {
        bytes32 item = newItem();
        vm.expectRevert(abi.encodeWithSelector(IAccessRegistry.Taken.selector, item));
        newItem();
    }

    /// The salt of an item that was given away does not bring it back.
    function test_register_failsIfTakenAndGivenAway() public {
        bytes32 item = newItem();
        vm.prank(OWNER);
        registry.transferOwnership(item, BOB);
        vm.prank(BOB);
        registry.acceptOwnership(item);
        vm.expectRevert(abi.encodeWithSelector(IAccessRegistry.Taken.selector, item));
        newItem();
    }

    function test_register_failsIfSenderIsAMaskedId() public {
        vm.expectRevert(abi.encodeWithSelector(Accounts.MaskedId.selector, MASKED));
        vm.prank(MASKED);
        registry.register("salt");
    }

    function test_resource_isNothingForWhatWasNeverRegistered() public view {
        assertTrue(registry.resource("item").kind == Kind.None);
    }

    function test_ownerOf_failsForWhatWasNeverRegistered() public {
        vm.expectRevert(unknown("item"));
        registry.ownerOf("item");
    }

    // --------------------------------------------------------------- collections

    function test_begin_drawsAnItem() public {
        bytes32 collection = newCollection();
        vm.warp(2000);
        bytes32 item = begin(collection);
        assertEq(registry.periodCount(collection), 1);
        Period memory period = registry.periods(collection, 1, 1)[0];
        assertEq(period.item, item);
        assertEq(period.begun, 2000);
        Resource memory found = registry.resource(item);
        assertTrue(found.kind == Kind.Period);
        assertEq(found.owner, OWNER);
        assertEq(found.collection, collection);
        assertEq(found.begun, 2000);
    }

    /// A writer recomputes the item from the seed, and so takes nobody else's.
    function testFuzz_periodId_isTheHashOfCollectionNumberAndSeed(
        bytes32 collection,
        uint64 number,
        bytes32 seed
    ) public view {
        bytes memory of_ = abi.encodePacked(
            uint64(block.chainid), address(registry), collection, number, seed
        );
        bytes32 item = sha256(bytes.concat(hex"19", "STHENO-V1-REGISTRY-PERIOD", of_));
        assertEq(registry.periodId(collection, number, seed), item);
    }

    function test_begin_givesAnItemThatItsSeedGives() public {
        bytes32 collection = newCollection();
        begin(collection);
        bytes32 item = begin(collection);
        Period memory period = registry.periods(collection, 2, 1)[0];
        assertEq(registry.periodId(collection, 2, period.seed), item);
    }

    function testFuzz_begin_dependsOnSaltAndRandomness(bytes32 salt, bytes32 randomness) public {
        bytes32 collection = newCollection();
        vm.prevrandao(randomness);
        uint256 before = vm.getBlockNumber();
        vm.prank(OWNER);
        registry.begin(collection, salt);
        bytes32 seed = registry.periods(collection, 1, 1)[0].seed;
        assertEq(seed, keccak256(abi.encode(salt, randomness, before)));
    }

    function test_begin_failsIfNotAllowed() public {
        bytes32 collection = newCollection();
        vm.expectRevert(notAllowed(collection, BOB, Roles.PERIODS));
        vm.prank(BOB);
        registry.begin(collection, "period");
    }

    function test_begin_failsIfNoCollection() public {
        bytes32 item = newItem();
        vm.expectRevert(unknown(item));
        begin(item);
        vm.expectRevert(unknown("nothing"));
        begin("nothing");
        bytes32 period = begin(newCollection());
        vm.expectRevert(unknown(period));
        begin(period);
    }

    function test_createCollection_failsIfTaken() public {
        bytes32 collection = newCollection();
        vm.expectRevert(abi.encodeWithSelector(IAccessRegistry.Taken.selector, collection));
        newCollection();
    }

    function test_periods_comeInPages() public {
        bytes32 collection = newCollection();
        for (uint256 i = 0; i < 5; ++i) {
            begin(collection);
        }
        assertEq(registry.periods(collection, 1, 3).length, 3);
        assertEq(registry.periods(collection, 4, 3).length, 2);
        assertEq(registry.periods(collection, 4, type(uint64).max).length, 2);
        assertEq(registry.periods(collection, 6, 3).length, 0);
        assertEq(registry.periods(collection, 0, 3).length, 0);
        assertEq(registry.periods("nothing", 1, 3).length, 0);
    }

    // --------------------------------------------------------------------- batch

    function test_multicall_setsAnItemUpAtOnce() public {
        bytes32 item = registry.itemId(OWNER, "salt");
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(registry.register, ("salt"));
        calls[1] = abi.encodeCall(registry.setTerms, (item, these(granted())));
        calls[2] = abi.encodeCall(registry.grant, (item, these(ALICE), FOREVER));
        vm.prank(OWNER);
        bytes[] memory results = registry.multicall(calls);
        assertEq(abi.decode(results[0], (bytes32)), item);
        assertTrue(registry.canRead(ALICE, item, ""));
    }

    function test_multicall_doesAllOrNothing() public {
        bytes32 item = registry.itemId(OWNER, "salt");
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(registry.register, ("salt"));
        calls[1] = abi.encodeCall(registry.grant, (item, these(address(0)), FOREVER));
        vm.expectRevert(Accounts.ZeroAddress.selector);
        vm.prank(OWNER);
        registry.multicall(calls);
        assertTrue(registry.resource(item).kind == Kind.None);
    }
}
