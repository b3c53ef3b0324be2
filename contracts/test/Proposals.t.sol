// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommitteeErrors} from "../src/interfaces/ICommitteeErrors.sol";
import {ICommitteeEvents} from "../src/interfaces/ICommitteeEvents.sol";
import {CeremonyInfo, CeremonyKind, CeremonyState, Member} from "../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./support/CeremonyFixture.sol";
import {Cheatcodes} from "./support/Cheatcodes.sol";

/// Proposals, and how they are withdrawn.
contract ProposalsTest is CeremonyFixture {
    function setUp() public override {
        super.setUp();
        registerAll(8);
    }

    // ------------------------------------------------------------------- propose

    function test_propose_fixesTheTerms() public {
        propose(3, people(1, 5));
        CeremonyInfo memory now_ = info();
        assertEq(ceremony, 1);
        assertTrue(now_.kind == CeremonyKind.First);
        assertTrue(now_.state == CeremonyState.Keys);
        assertEq(now_.threshold, 3);
        assertEq(now_.size, 5);
        assertEq(now_.dealers, 5);
        assertEq(now_.oldThreshold, 0);
        assertEq(now_.fromEpoch, 0);
        assertEq(now_.proposer, owner);
        assertEq(now_.proposedAt, 1000);
        assertEq(now_.consentCloses, 1200);
        assertEq(now_.start, 0);
        assertEq(now_.proposal, _proposalDigest(CeremonyKind.First, 3));
        assertEq(committee.committee(id).ceremony, 1);
    }

    function test_propose_keepsTheOrderOfMembers() public {
        uint256[] memory list = new uint256[](3);
        (list[0], list[1], list[2]) = (7, 2, 5);
        propose(2, list);
        Member[] memory enlisted = committee.ceremonyMembers(id, ceremony);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(enlisted[i].operator, operatorOf(list[i]));
            assertEq(enlisted[i].identity, identityOf(list[i]));
        }
        assertEq(abi.encode(committee.ceremonyDealers(id, ceremony)), abi.encode(enlisted));
    }

    function test_propose_emitsMembersInPartsBelowTheEventLimit() public {
        for (uint256 person = 9; person <= 200; ++person) {
            register(person);
        }
        vm.recordLogs();
        propose(101, people(1, 200));
        Cheatcodes.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1 + 3);
        uint256 next = 1;
        for (uint256 i = 1; i < logs.length; ++i) {
            assertEq(logs[i].topics[0], ICommitteeEvents.CeremonyMembers.selector);
            assertEq(uint256(logs[i].topics[3]), next);
            assertLt(logs[i].data.length, 7500);
            Member[] memory part = abi.decode(logs[i].data, (Member[]));
            for (uint256 j = 0; j < part.length; ++j) {
                assertEq(part[j].operator, operatorOf(next++));
            }
        }
        assertEq(next, 201);
    }

    function test_propose_failsIfSenderIsNeitherOwnerNorMember() public {
        address[] memory operators = operatorsOf(people(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotAProposer.selector, operatorOf(1)));
        vm.prank(operatorOf(1));
        committee.propose(id, 2, operators);
    }

    function test_propose_failsIfSenderHasAProposalOpen() public {
        propose(2, people(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.CeremonyOpen.selector, 1));
        this.propose(2, people(1, 3));
        postKeys();
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.CeremonyOpen.selector, 1));
        this.propose(2, people(1, 3));
    }

    function test_propose_failsIfACeremonyRuns() public {
        start(2, people(1, 3));
        assertEq(committee.committee(id).running, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.CeremonyOpen.selector, 1));
        this.propose(2, people(1, 3));
    }

    function test_propose_failsIfMemberIsNotRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotRegistered.selector, operatorOf(9)));
        this.propose(5, people(1, 9));
    }

    function test_propose_failsIfMemberIsNamedTwice() public {
        uint256[] memory list = people(1, 3);
        list[2] = 1;
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.DuplicateMember.selector, operatorOf(1)));
        this.propose(2, list);
    }

    function test_propose_failsIfThereAreNoMembersOrTooMany() public {
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadSize.selector, 0));
        committee.propose(id, 1, new address[](0));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadSize.selector, 257));
        committee.propose(id, 200, new address[](257));
    }

    function testFuzz_propose_failsIfThresholdIsOutOfBounds(uint16 threshold, uint256 size) public {
        size = bound(size, 1, 8);
        bool allowed = size > 1 && threshold >= (size + 2) / 2 && threshold <= size;
        if (!allowed) {
            vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadThreshold.selector, threshold, size));
        }
        this.propose(threshold, people(1, size));
    }

    function test_propose_takesACommitteeOfOneOnADevnet() public {
        vm.prank(owner);
        id = committee.createCommittee(windows, true);
        register(1);
        propose(1, people(1, 1));
        assertEq(info().size, 1);
    }

    function test_propose_letsAServingMemberProposeAReshare() public {
        run(2, people(1, 3));
        address[] memory operators = operatorsOf(people(2, 5));
        vm.prank(operatorOf(3));
        ceremony = committee.propose(id, 3, operators);
        CeremonyInfo memory now_ = info();
        assertTrue(now_.kind == CeremonyKind.Reshare);
        assertEq(now_.oldThreshold, 2);
        assertEq(now_.dealers, 3);
        assertEq(now_.fromEpoch, 1);
        assertEq(now_.proposer, operatorOf(3));
    }

    function test_propose_namesOldMembersAsDealersInAReshare() public {
        run(2, people(1, 3));
        propose(3, people(3, 6));
        Member[] memory old = committee.ceremonyDealers(id, ceremony);
        assertEq(old.length, 3);
        assertEq(old[0].operator, operatorOf(1));
        assertEq(committee.ceremonyMembers(id, ceremony)[0].operator, operatorOf(3));
        assertEq(info().proposal, _proposalDigest(CeremonyKind.Reshare, 3));
    }

    /// A corrupt member that proposes all the time cannot keep the others from resharing without it.
    function test_propose_failsToBlockProposalsOfOthers() public {
        run(2, people(1, 3));
        address[] memory junk = operatorsOf(people(3, 4));
        vm.prank(operatorOf(3));
        committee.propose(id, 2, junk);
        start(2, people(1, 2));
        assertEq(ceremony, 3);
        assertEq(committee.committee(id).running, 3);
    }

    // ---------------------------------------------------------------------- fail

    function test_fail_failsIfOthersMayStillConsent() public {
        propose(2, people(1, 3));
        vm.roll(1199);
        vm.expectRevert(ICommitteeErrors.NotFailed.selector);
        committee.fail(id, ceremony);
        postKeys();
        vm.expectRevert(ICommitteeErrors.NotFailed.selector);
        committee.fail(id, ceremony);
    }

    function test_fail_makesWayForAnotherProposal() public {
        propose(2, people(1, 3));
        vm.roll(1200);
        vm.expectEmit();
        emit ICommitteeEvents.CeremonyFailed(id, ceremony, CeremonyState.Keys);
        committee.fail(id, ceremony);
        assertTrue(info().state == CeremonyState.Failed);
        propose(3, people(1, 4));
        assertEq(ceremony, 2);
    }

    function test_fail_letsTheProposerWithdrawUntilItRuns() public {
        propose(2, people(1, 3));
        postKeys();
        vm.prank(owner);
        committee.fail(id, ceremony);
        start(2, people(1, 3));
        vm.expectRevert(ICommitteeErrors.NotFailed.selector);
        vm.prank(owner);
        committee.fail(id, ceremony);
    }

    function test_fail_failsIfOverAlready() public {
        propose(2, people(1, 3));
        vm.startPrank(owner);
        committee.fail(id, ceremony);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongState.selector, CeremonyState.Failed));
        committee.fail(id, ceremony);
    }

    function _proposalDigest(CeremonyKind kind, uint16 threshold) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                committee.networkId(id),
                ceremony,
                kind,
                threshold,
                committee.ceremonyMembers(id, ceremony),
                committee.ceremonyDealers(id, ceremony),
                windows
            )
        );
    }
}
