// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {GroupTerms, IGroupRoot, RootChange} from "../../src/interfaces/IGroupRoot.sol";
import {IVotedGroup} from "../../src/interfaces/IVotedGroup.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {Test} from "../support/Test.sol";

contract VotedGroupTest is Test {
    address private constant MASKED = 0xFf000000000000000000000000000000000003E8;
    uint256 private constant EMPTY = 0xe;

    IVotedGroup private group;

    function setUp() public {
        vm.warp(1_800_000_000);
        group = this.deploy(_people(5), 3);
    }

    function deploy(address[] calldata voters, uint256 threshold) external returns (IVotedGroup) {
        bytes memory arguments = abi.encode(voters, threshold, GroupTerms(EMPTY, 20, 1 hours, 3));
        return IVotedGroup(vm.deployCode("VotedGroup.sol:VotedGroup", arguments));
    }

    // -------------------------------------------------------------------- deployment

    function test_constructor_namesTheVoters() public view {
        assertEq(group.threshold(), 3);
        assertEq(abi.encode(group.voters()), abi.encode(_people(5)));
    }

    function test_constructor_takesOneToThirtyTwoVoters() public {
        assertEq(this.deploy(_people(1), 1).voters().length, 1);
        assertEq(this.deploy(_people(32), 32).voters().length, 32);
        vm.expectRevert(IVotedGroup.BadVoters.selector);
        this.deploy(_people(33), 1);
        vm.expectRevert(IVotedGroup.BadVoters.selector);
        this.deploy(_people(0), 0);
    }

    function test_constructor_failsIfAVoterIsNamedTwiceOrCannotBeKept() public {
        address[] memory voters = _people(5);
        voters[3] = voters[2];
        vm.expectRevert(IVotedGroup.BadVoters.selector);
        this.deploy(voters, 3);
        voters = _people(5);
        (voters[0], voters[4]) = (voters[4], voters[0]);
        vm.expectRevert(IVotedGroup.BadVoters.selector);
        this.deploy(voters, 3);
        voters = _people(5);
        voters[0] = address(0);
        vm.expectRevert(Accounts.ZeroAddress.selector);
        this.deploy(voters, 3);
        voters = _people(5);
        voters[4] = MASKED;
        vm.expectRevert(abi.encodeWithSelector(Accounts.MaskedId.selector, MASKED));
        this.deploy(voters, 3);
    }

    function test_constructor_failsIfTheThresholdIsNoneOrTooMany() public {
        vm.expectRevert(abi.encodeWithSelector(IVotedGroup.BadThreshold.selector, uint256(0), uint256(5)));
        this.deploy(_people(5), 0);
        vm.expectRevert(abi.encodeWithSelector(IVotedGroup.BadThreshold.selector, uint256(6), uint256(5)));
        this.deploy(_people(5), 6);
    }

    // ----------------------------------------------------------------------- approve

    function test_approve_makesTheChangeWithTheLastThatIsNeeded() public {
        RootChange memory change = RootChange(0, 100, "store", false);
        bytes32 proposal = group.proposalOf(change);
        assertEq(proposal, keccak256(abi.encode(change)));
        vm.expectEmit();
        emit IVotedGroup.Approved(proposal, _person(0), 0, change, 1);
        _approve(0, change);
        _approve(4, change);
        assertEq(group.index(), 0);
        assertEq(group.approvals(proposal), 2);
        assertTrue(group.hasApproved(proposal, _person(4)));
        assertFalse(group.hasApproved(proposal, _person(2)));
        vm.expectEmit();
        emit IVotedGroup.Approved(proposal, _person(2), 0, change, 3);
        vm.expectEmit();
        emit IGroupRoot.RootChanged(1, 100, 0, "store", false);
        _approve(2, change);
        assertEq(group.root(), 100);
        assertTrue(group.isValid(100, 1_800_000_000));
    }

    function test_approve_makesTheChangeOfOneVoterAtOnce() public {
        group = this.deploy(_people(1), 1);
        _approve(0, RootChange(0, 100, 0, false));
        assertEq(group.root(), 100);
    }

    function test_approve_takesAllWhereAllAreNeeded() public {
        group = this.deploy(_people(32), 32);
        RootChange memory change = RootChange(0, 100, 0, false);
        for (uint256 i = 0; i < 31; ++i) {
            _approve(i, change);
        }
        assertEq(group.index(), 0);
        _approve(31, change);
        assertEq(group.root(), 100);
    }

    function test_approve_failsIfTheSenderIsNoVoter() public {
        vm.expectRevert(abi.encodeWithSelector(IVotedGroup.NotAVoter.selector, _person(5)));
        _approve(5, RootChange(0, 100, 0, false));
    }

    function test_approve_failsTheSecondTime() public {
        RootChange memory change = RootChange(0, 100, 0, false);
        _approve(0, change);
        bytes32 proposal = group.proposalOf(change);
        vm.expectRevert(abi.encodeWithSelector(IVotedGroup.AlreadyApproved.selector, proposal, _person(0)));
        _approve(0, change);
    }

    /// Every field is voted on.
    function test_approve_countsEachChangeByItself() public {
        RootChange[4] memory changes = [
            RootChange(0, 100, "a", false),
            RootChange(0, 101, "a", false),
            RootChange(0, 100, "b", false),
            RootChange(0, 100, "a", true)
        ];
        for (uint256 i = 0; i < 4; ++i) {
            _approve(0, changes[i]);
            _approve(1, changes[i]);
            assertEq(group.approvals(group.proposalOf(changes[i])), 2);
        }
        assertEq(group.index(), 0);
        _approve(2, changes[1]);
        assertEq(group.root(), 101);
    }

    function test_approve_lapsesWithEveryChange() public {
        RootChange memory early = RootChange(0, 100, 0, false);
        RootChange memory first = RootChange(0, 200, 0, false);
        for (uint256 i = 0; i < 2; ++i) {
            _approve(i, early);
        }
        for (uint256 i = 2; i < 5; ++i) {
            _approve(i, first);
        }
        vm.expectRevert(abi.encodeWithSelector(IGroupRoot.Stale.selector, uint64(0), uint64(1)));
        _approve(3, early);
        // The same root for the new state takes all approvals again.
        RootChange memory again = RootChange(1, 100, 0, false);
        _approve(0, again);
        _approve(1, again);
        assertEq(group.root(), 200);
        _approve(2, again);
        assertEq(group.root(), 100);
    }

    /// What could never be made is not voted on.
    function test_approve_failsForAChangeThatCannotBeMade() public {
        vm.expectRevert(abi.encodeWithSelector(IGroupRoot.NotARoot.selector, EMPTY));
        _approve(0, RootChange(0, EMPTY, 0, false));
        vm.expectRevert(abi.encodeWithSelector(IGroupRoot.NotARoot.selector, uint256(0)));
        _approve(0, RootChange(0, 0, 0, false));
        vm.expectRevert(abi.encodeWithSelector(IGroupRoot.Stale.selector, uint64(1), uint64(0)));
        _approve(0, RootChange(1, 100, 0, false));
    }

    function test_approve_revokes() public {
        for (uint256 i = 0; i < 3; ++i) {
            _approve(i, RootChange(0, 100, 0, false));
        }
        for (uint256 i = 0; i < 3; ++i) {
            _approve(i, RootChange(1, 0, 0, true));
        }
        assertFalse(group.isValid(100, 1_800_000_000));
        vm.expectRevert(IGroupRoot.NoRoot.selector);
        group.root();
    }

    // -------------------------------------------------------------------------- helpers

    function _approve(uint256 person, RootChange memory change) private {
        vm.prank(_person(person));
        group.approve(change);
    }

    function _people(uint256 count) private pure returns (address[] memory list) {
        list = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = _person(i);
        }
    }

    function _person(uint256 i) private pure returns (address) {
        return address(uint160(0x10000 + i));
    }
}
