// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {GroupTerms, IGroupRoot, RootChange} from "../../src/interfaces/IGroupRoot.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {HashToCurve} from "../../src/libraries/HashToCurve.sol";
import {OwnedGroup} from "../../src/zk/OwnedGroup.sol";
import {Test} from "../support/Test.sol";

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// forge-config: deep.fuzz.runs = 100000
contract OwnedGroupTest is Test {
    address private constant OWNER = address(0x0e);
    address private constant ALICE = address(0xa11ce);
    address private constant MASKED = 0xFf000000000000000000000000000000000003E8;
    uint64 private constant FOREVER = type(uint64).max;
    uint64 private constant BEGIN = 1_800_000_000;
    uint32 private constant WINDOW = 1 hours;
    uint32 private constant HISTORY = 3;
    uint256 private constant EMPTY = 0xe;

    OwnedGroup private group;

    /// @dev A root that was set, as the fuzz test's book has it.
    struct Entry {
        uint256 root;
        uint64 since;
        uint64 replaced; // 0 while it is the root
        bool revoked;
    }

    Entry[] private _book;

    function setUp() public {
        vm.warp(BEGIN);
        group = this.deploy(OWNER, _terms());
    }

    function deploy(address owner, GroupTerms calldata terms) external returns (OwnedGroup) {
        return OwnedGroup(vm.deployCode("OwnedGroup.sol:OwnedGroup", abi.encode(owner, terms)));
    }

    // -------------------------------------------------------------------- deployment

    function test_constructor_setsTheTerms() public view {
        assertEq(group.owner(), OWNER);
        assertEq(group.emptyRoot(), EMPTY);
        assertEq(uint256(group.depth()), 20);
        assertEq(uint256(group.window()), WINDOW);
        assertEq(uint256(group.history()), HISTORY);
        assertEq(group.index(), 0);
    }

    function test_constructor_failsForTermsThatNoGroupHas() public {
        uint256[3] memory roots = [uint256(0), HashToCurve.R, type(uint256).max];
        for (uint256 i = 0; i < 3; ++i) {
            GroupTerms memory terms = _terms();
            terms.emptyRoot = roots[i];
            vm.expectRevert(abi.encodeWithSelector(IGroupRoot.NotARoot.selector, roots[i]));
            this.deploy(OWNER, terms);
        }
        uint8[3] memory depths = [0, 33, 255];
        for (uint256 i = 0; i < 3; ++i) {
            GroupTerms memory terms = _terms();
            terms.depth = depths[i];
            vm.expectRevert(abi.encodeWithSelector(IGroupRoot.NoSuchDepth.selector, depths[i]));
            this.deploy(OWNER, terms);
        }
    }

    function test_constructor_failsForAnOwnerThatCannotBeKept() public {
        vm.expectRevert(abi.encodeWithSelector(Accounts.MaskedId.selector, MASKED));
        this.deploy(MASKED, _terms());
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        this.deploy(address(0), _terms());
    }

    // ------------------------------------------------------------------------ update

    function test_root_failsWhileThereIsNone() public {
        vm.expectRevert(IGroupRoot.NoRoot.selector);
        group.root();
        assertFalse(group.isValid(0, BEGIN));
        assertFalse(group.isValid(EMPTY, BEGIN));
        assertEq(group.validUntil(0), 0);
    }

    function test_update_setsTheRootAndSaysSo() public {
        vm.expectEmit();
        emit IGroupRoot.RootChanged(1, 100, 0, "store 1", false);
        _update(RootChange(0, 100, "store 1", false));
        vm.expectEmit();
        emit IGroupRoot.RootChanged(2, 200, 100, "store 2", true);
        _update(RootChange(1, 200, "store 2", true));
        assertEq(group.root(), 200);
        assertEq(group.index(), 2);
    }

    function test_update_failsIfTheSenderIsNotTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, ALICE));
        vm.prank(ALICE);
        group.update(RootChange(0, 100, 0, false));
    }

    function test_update_failsForWhatIsNoRoot() public {
        _set(100, false);
        uint256[3] memory roots = [EMPTY, HashToCurve.R, HashToCurve.R + 100];
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 revoking = 0; revoking < 2; ++revoking) {
                vm.expectRevert(abi.encodeWithSelector(IGroupRoot.NotARoot.selector, roots[i]));
                _update(RootChange(1, roots[i], 0, revoking == 1));
            }
        }
        vm.expectRevert(abi.encodeWithSelector(IGroupRoot.NotARoot.selector, uint256(0)));
        _update(RootChange(1, 0, 0, false));
    }

    /// Two who prepare a change of the same tree do not undo each other's.
    function test_update_failsIfItWasMadeForAnotherState() public {
        _set(100, false);
        vm.expectRevert(abi.encodeWithSelector(IGroupRoot.Stale.selector, uint64(0), uint64(1)));
        _update(RootChange(0, 200, 0, false));
        vm.expectRevert(abi.encodeWithSelector(IGroupRoot.Stale.selector, uint64(2), uint64(1)));
        _update(RootChange(2, 200, 0, false));
    }

    function test_update_failsIfNothingChanges() public {
        _set(100, false);
        vm.expectRevert(abi.encodeWithSelector(IGroupRoot.NothingChanges.selector, uint256(100)));
        _update(RootChange(1, 100, 0, false));
    }

    // ----------------------------------------------------------------------- history

    function test_isValid_endsWithTheWindow() public {
        _set(100, false);
        assertEq(group.validUntil(100), FOREVER);
        assertFalse(group.isValid(100, BEGIN - 1));
        assertTrue(group.isValid(100, BEGIN));
        assertTrue(group.isValid(100, FOREVER));
        vm.warp(BEGIN + 1000);
        _set(200, false);
        uint64 end = BEGIN + 1000 + WINDOW;
        assertEq(group.validUntil(100), end);
        assertTrue(group.isValid(100, BEGIN));
        assertTrue(group.isValid(100, end - 1));
        assertFalse(group.isValid(100, end));
        assertFalse(group.isValid(200, BEGIN + 999));
        assertTrue(group.isValid(200, BEGIN + 1000));
        assertFalse(group.isValid(300, BEGIN + 1000));
        assertEq(group.validUntil(300), 0);
    }

    function test_isValid_endsWithTheHistory() public {
        for (uint256 i = 1; i <= 4; ++i) {
            _set(i * 100, false);
        }
        // Three were replaced, and so many are kept.
        assertTrue(group.isValid(100, BEGIN));
        _set(500, false);
        assertFalse(group.isValid(100, BEGIN));
        assertEq(group.validUntil(100), 0);
        for (uint256 i = 2; i <= 5; ++i) {
            assertTrue(group.isValid(i * 100, BEGIN));
        }
    }

    function test_isValid_endsWithTheChangeWhereThereIsNoWindowOrHistory() public {
        for (uint256 i = 0; i < 2; ++i) {
            GroupTerms memory terms = _terms();
            (terms.window, terms.history) = i == 0 ? (uint32(0), HISTORY) : (WINDOW, uint32(0));
            group = this.deploy(OWNER, terms);
            _set(100, false);
            assertTrue(group.isValid(100, BEGIN));
            _set(200, false);
            assertFalse(group.isValid(100, BEGIN));
            assertTrue(group.isValid(200, BEGIN));
        }
    }

    function test_update_revokesAllRootsBefore() public {
        _set(100, false);
        _set(200, false);
        _set(300, true);
        assertFalse(group.isValid(100, BEGIN));
        assertFalse(group.isValid(200, BEGIN));
        assertEq(group.validUntil(200), 0);
        assertTrue(group.isValid(300, BEGIN));
        _set(400, false);
        assertTrue(group.isValid(300, BEGIN));
        assertFalse(group.isValid(200, BEGIN));
    }

    /// Who should go at once, and was only replaced.
    function test_update_revokesRootsBeforeAndKeepsTheRoot() public {
        _set(100, false);
        vm.warp(BEGIN + 10);
        _set(200, false);
        vm.warp(BEGIN + 20);
        _set(200, true);
        assertFalse(group.isValid(100, BEGIN + 20));
        assertTrue(group.isValid(200, BEGIN + 20));
        assertTrue(group.isValid(200, BEGIN + 10));
        assertEq(group.validUntil(200), FOREVER);
        assertEq(group.index(), 3);
    }

    function test_update_removesAllMembers() public {
        _set(100, false);
        _set(0, true);
        vm.expectRevert(IGroupRoot.NoRoot.selector);
        group.root();
        assertFalse(group.isValid(100, BEGIN));
        assertFalse(group.isValid(0, BEGIN));
        assertEq(group.validUntil(0), 0);
        // Again, and back.
        _set(0, true);
        _set(200, false);
        assertEq(group.root(), 200);
        assertTrue(group.isValid(200, BEGIN));
        assertFalse(group.isValid(0, BEGIN));
        _set(100, false);
        assertTrue(group.isValid(100, BEGIN));
    }

    function test_update_setsARootAgain() public {
        _set(100, false);
        vm.warp(BEGIN + 10);
        _set(200, false);
        vm.warp(BEGIN + 20);
        _set(100, false);
        assertEq(group.validUntil(100), FOREVER);
        assertTrue(group.isValid(100, BEGIN + 20 + 2 * WINDOW));
        // What is known of a root is of its last time.
        assertFalse(group.isValid(100, BEGIN + 19));
        vm.warp(BEGIN + 30);
        _set(300, false);
        assertEq(group.validUntil(100), BEGIN + 30 + WINDOW);
    }

    /// Against a list of all that happened, read from its end.
    /// forge-config: default.fuzz.runs = 1000
    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_isValid_isTheBooks(uint256[24] calldata dice) public {
        uint64 now_ = BEGIN;
        for (uint256 i = 0; i < dice.length; ++i) {
            now_ += uint64((dice[i] >> 8) % WINDOW);
            vm.warp(now_);
            uint256 root = 100 + (dice[i] >> 64) % 6;
            bool revoking = uint8(dice[i]) < 32;
            if (revoking && uint8(dice[i]) < 8) root = 0;
            bool same = _book.length > 0 && _book[_book.length - 1].root == root;
            if (!revoking && same) continue;
            _set(root, revoking);
            _write(root, now_, revoking, same);
            for (uint256 asked = 99; asked < 107; ++asked) {
                _assertValidity(asked, now_);
                _assertValidity(asked, now_ - uint64((dice[i] >> 128) % WINDOW));
                _assertValidity(asked, now_ + uint64((dice[i] >> 192) % WINDOW));
            }
            _assertValidity(0, now_);
        }
    }

    // --------------------------------------------------------------------- ownership

    function test_transferOwnership_takesTwoSteps() public {
        vm.prank(OWNER);
        group.transferOwnership(ALICE);
        assertEq(group.owner(), OWNER);
        assertEq(group.pendingOwner(), ALICE);
        _set(100, false);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, ALICE));
        vm.prank(ALICE);
        group.update(RootChange(1, 200, 0, false));
        vm.prank(ALICE);
        group.acceptOwnership();
        vm.prank(ALICE);
        group.update(RootChange(1, 200, 0, false));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, OWNER));
        vm.prank(OWNER);
        group.update(RootChange(2, 300, 0, false));
    }

    function test_transferOwnership_isTakenBack() public {
        vm.startPrank(OWNER);
        group.transferOwnership(ALICE);
        group.transferOwnership(address(0));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, ALICE));
        vm.prank(ALICE);
        group.acceptOwnership();
    }

    function test_transferOwnership_failsForWhoCannotBeKeptOrIsNotTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(Accounts.MaskedId.selector, MASKED));
        vm.prank(OWNER);
        group.transferOwnership(MASKED);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, ALICE));
        vm.prank(ALICE);
        group.transferOwnership(ALICE);
    }

    function test_renounceOwnership_freezesTheRoot() public {
        _set(100, false);
        vm.prank(OWNER);
        group.renounceOwnership();
        assertTrue(group.isValid(100, FOREVER));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, OWNER));
        _update(RootChange(1, 200, 0, false));
    }

    // -------------------------------------------------------------------------- helpers

    function _terms() private pure returns (GroupTerms memory) {
        return GroupTerms({emptyRoot: EMPTY, depth: 20, window: WINDOW, history: HISTORY});
    }

    function _set(uint256 root, bool revoking) private {
        _update(RootChange(group.index(), root, 0, revoking));
    }

    function _update(RootChange memory change) private {
        vm.prank(OWNER);
        group.update(change);
    }

    function _write(uint256 root, uint64 now_, bool revoking, bool same) private {
        if (revoking) {
            for (uint256 i = 0; i < _book.length; ++i) {
                _book[i].revoked = true;
            }
        }
        uint64 since = now_;
        if (_book.length > 0) {
            Entry storage last = _book[_book.length - 1];
            last.replaced = now_;
            if (same) since = last.since;
        }
        _book.push(Entry(root, since, 0, false));
    }

    function _assertValidity(uint256 root, uint64 time) private view {
        assertEq(group.isValid(root, time), _isValid(root, time));
    }

    /// @dev The latest entry of a root decides, if it is one of the last.
    function _isValid(uint256 root, uint64 time) private view returns (bool) {
        if (root == 0) return false;
        for (uint256 back = 0; back < _book.length && back <= HISTORY; ++back) {
            Entry storage entry = _book[_book.length - 1 - back];
            if (entry.root != root) continue;
            if (entry.revoked || time < entry.since) return false;
            return entry.replaced == 0 || time < entry.replaced + WINDOW;
        }
        return false;
    }
}
