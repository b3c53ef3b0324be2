// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {
    CeremonyInfo,
    CeremonyKind,
    CeremonyProgress,
    CeremonyState,
    Member,
    Outcome,
    Phase
} from "../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./support/CeremonyFixture.sol";
import {Vm} from "forge-std/Vm.sol";

contract ConsentTest is CeremonyFixture {
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
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1 + 3);
        uint256 next = 1;
        for (uint256 i = 1; i < logs.length; ++i) {
            assertEq(logs[i].topics[0], ICommittee.CeremonyMembers.selector);
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
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotAProposer.selector, operatorOf(1)));
        vm.prank(operatorOf(1));
        committee.propose(id, 2, operators);
    }

    function test_propose_failsIfSenderHasAProposalOpen() public {
        propose(2, people(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.CeremonyOpen.selector, 1));
        this.propose(2, people(1, 3));
        postKeys();
        vm.expectRevert(abi.encodeWithSelector(ICommittee.CeremonyOpen.selector, 1));
        this.propose(2, people(1, 3));
    }

    function test_propose_failsIfACeremonyRuns() public {
        start(2, people(1, 3));
        assertEq(committee.committee(id).running, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.CeremonyOpen.selector, 1));
        this.propose(2, people(1, 3));
    }

    function test_propose_failsIfMemberIsNotRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotRegistered.selector, operatorOf(9)));
        this.propose(5, people(1, 9));
    }

    function test_propose_failsIfMemberIsNamedTwice() public {
        uint256[] memory list = people(1, 3);
        list[2] = 1;
        vm.expectRevert(abi.encodeWithSelector(ICommittee.DuplicateMember.selector, operatorOf(1)));
        this.propose(2, list);
    }

    function test_propose_failsIfThereAreNoMembersOrTooMany() public {
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadSize.selector, 0));
        committee.propose(id, 1, new address[](0));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadSize.selector, 257));
        committee.propose(id, 200, new address[](257));
    }

    function testFuzz_propose_failsIfThresholdIsOutOfBounds(uint16 threshold, uint256 size) public {
        size = bound(size, 1, 8);
        bool allowed = size > 1 && threshold >= (size + 2) / 2 && threshold <= size;
        if (!allowed) {
            vm.expectRevert(abi.encodeWithSelector(ICommittee.BadThreshold.selector, threshold, size));
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

    // ----------------------------------------------------------- postCeremonyKey

    function test_postCeremonyKey_fixesTheContextWithTheLastKey() public {
        propose(2, people(1, 3));
        postKey(3);
        postKey(1);
        assertTrue(info().state == CeremonyState.Keys);
        assertEq(info().context, 0);
        bytes32[] memory keys = new bytes32[](3);
        (keys[0], keys[1], keys[2]) = (keyOf(1), keyOf(2), keyOf(3));
        bytes32 context = keccak256(abi.encode(info().proposal, keys));
        vm.expectEmit();
        emit ICommittee.CeremonyContextFixed(id, ceremony, context);
        this.postKey(2);
        assertTrue(info().state == CeremonyState.Approval);
        assertEq(info().context, context);
        assertEq(abi.encode(committee.ceremonyKeys(id, ceremony)), abi.encode(keys));
        assertEq(committee.ceremonyProgress(id, ceremony).keys, 7);
    }

    function test_postCeremonyKey_failsIfSentTwice() public {
        propose(2, people(1, 3));
        postKey(1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyDone.selector, 1));
        this.postKey(1);
    }

    function test_postCeremonyKey_failsIfAllAreThere() public {
        propose(2, people(1, 3));
        postKeys();
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongState.selector, CeremonyState.Approval));
        this.postKey(1);
    }

    function test_postCeremonyKey_failsIfIndexIsNoMember() public {
        propose(2, people(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadIndex.selector, 0, 3));
        committee.postCeremonyKey(id, ceremony, 0, keyOf(1), "");
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadIndex.selector, 4, 3));
        committee.postCeremonyKey(id, ceremony, 4, keyOf(1), "");
    }

    function test_postCeremonyKey_failsIfAnotherMemberSigned() public {
        propose(2, people(1, 3));
        bytes32 structHash = hashes.ceremonyKey(ceremony, info().proposal, 1, keyOf(1));
        bytes memory signature = sign(identityKey(2), structHash);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongSigner.selector, identityOf(1), identityOf(2)));
        committee.postCeremonyKey(id, ceremony, 1, keyOf(1), signature);
    }

    function test_postCeremonyKey_failsIfSignatureIsOfAnEarlierCeremony() public {
        propose(2, people(1, 3));
        bytes32 key = keyOf(1);
        bytes memory signature = sign(identityKey(1), hashes.ceremonyKey(1, info().proposal, 1, key));
        vm.prank(owner);
        committee.fail(id, 1);
        propose(2, people(1, 3));
        vm.expectPartialRevert(ICommittee.WrongSigner.selector);
        committee.postCeremonyKey(id, 2, 1, key, signature);
    }

    function test_postCeremonyKey_failsIfKeyHasLowOrder() public {
        propose(2, people(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadCeremonyKey.selector, bytes32(0)));
        committee.postCeremonyKey(id, ceremony, 1, 0, "");
        bytes32 order8 = 0xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800;
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadCeremonyKey.selector, order8));
        committee.postCeremonyKey(id, ceremony, 1, order8, "");
    }

    function test_postCeremonyKey_failsIfLate() public {
        propose(2, people(1, 3));
        vm.roll(1199);
        postKey(1);
        vm.roll(1200);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.ConsentClosed.selector, 1200));
        this.postKey(2);
    }

    function test_postCeremonyKey_failsIfCeremonyIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(ICommittee.UnknownCeremony.selector, 1));
        committee.postCeremonyKey(id, 1, 1, bytes32(uint256(9)), "");
    }

    // ------------------------------------------------------------------- approve

    function test_approve_startsWithTheLastOperatorInAFirstCeremony() public {
        propose(2, people(1, 3));
        postKeys();
        approve(1);
        approve(3);
        assertTrue(info().state == CeremonyState.Approval);
        vm.roll(1100);
        vm.expectEmit();
        emit ICommittee.CeremonyStarted(id, ceremony, info().context, 1105);
        this.approve(2);
        CeremonyInfo memory now_ = info();
        assertTrue(now_.state == CeremonyState.Running);
        assertEq(now_.start, 1105);
        assertEq(now_.transcript, now_.context);
        assertEq(now_.opens[0], 1105);
        assertEq(now_.closes[0], 1115);
        assertEq(now_.opens[1], 1118);
        assertEq(now_.closes[1], 1129);
        assertEq(now_.opens[2], 1132);
        assertEq(now_.closes[2], 1144);
        assertEq(now_.opens[3], 1147);
        assertEq(now_.closes[3], 1160);
    }

    function test_approve_failsIfKeysAreMissing() public {
        propose(2, people(1, 3));
        postKey(1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongState.selector, CeremonyState.Keys));
        this.approve(1);
    }

    function test_approve_failsIfOperatorIsNoDealer() public {
        propose(2, people(1, 3));
        postKeys();
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotADealer.selector, operatorOf(4)));
        this.approve(4);
    }

    function test_approve_failsIfSentTwice() public {
        propose(2, people(1, 3));
        postKeys();
        approve(2);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyDone.selector, 2));
        this.approve(2);
    }

    function test_approve_failsIfTheIdentitySignedInsteadOfTheOperator() public {
        propose(2, people(1, 3));
        postKeys();
        bytes memory signature = sign(identityKey(1), hashes.approval(ceremony, info().context));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongSigner.selector, operatorOf(1), identityOf(1)));
        committee.approve(id, ceremony, operatorOf(1), signature);
    }

    function test_approve_failsIfContextIsAnother() public {
        propose(2, people(1, 3));
        postKeys();
        bytes memory signature = sign(operatorKey(1), hashes.approval(ceremony, bytes32(uint256(1))));
        vm.expectPartialRevert(ICommittee.WrongSigner.selector);
        committee.approve(id, ceremony, operatorOf(1), signature);
    }

    function test_approve_failsIfLate() public {
        propose(2, people(1, 3));
        postKeys();
        vm.roll(1200);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.ConsentClosed.selector, 1200));
        this.approve(1);
    }

    // -------------------------------------------------------------- fail (early)

    function test_fail_failsIfOthersMayStillConsent() public {
        propose(2, people(1, 3));
        vm.roll(1199);
        vm.expectRevert(ICommittee.NotFailed.selector);
        committee.fail(id, ceremony);
        postKeys();
        vm.expectRevert(ICommittee.NotFailed.selector);
        committee.fail(id, ceremony);
    }

    function test_fail_makesWayForAnotherProposal() public {
        propose(2, people(1, 3));
        vm.roll(1200);
        vm.expectEmit();
        emit ICommittee.CeremonyFailed(id, ceremony, CeremonyState.Keys);
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
        vm.expectRevert(ICommittee.NotFailed.selector);
        vm.prank(owner);
        committee.fail(id, ceremony);
    }

    function test_fail_failsIfOverAlready() public {
        propose(2, people(1, 3));
        vm.startPrank(owner);
        committee.fail(id, ceremony);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongState.selector, CeremonyState.Failed));
        committee.fail(id, ceremony);
    }

    // ------------------------------------------------------------------- reshare

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

    function test_approve_startsAReshareWithOldThreshold() public {
        run(2, people(1, 3));
        propose(3, people(3, 6));
        postKeys();
        approve(3);
        assertTrue(info().state == CeremonyState.Approval);
        approve(1);
        assertTrue(info().state == CeremonyState.Running);
    }

    /// The owner proposes, its own nodes as members post keys and approve: nothing starts.
    function test_approve_failsIfOwnerTriesAReshareAlone() public {
        run(2, people(1, 3));
        propose(3, people(4, 7));
        postKeys();
        for (uint256 person = 4; person <= 7; ++person) {
            vm.expectRevert(abi.encodeWithSelector(ICommittee.NotADealer.selector, operatorOf(person)));
            this.approve(person);
        }
        bytes memory signature = sign(uint256(keccak256("owner")), hashes.approval(ceremony, info().context));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotADealer.selector, owner));
        committee.approve(id, ceremony, owner, signature);
        assertTrue(info().state == CeremonyState.Approval);
    }

    /// A node deals only if its own operator approved, so the others' approvals are still welcome.
    function test_approve_takesMoreOldOperatorsUntilDealCloses() public {
        run(2, people(1, 3));
        start(3, people(3, 6));
        CeremonyInfo memory now_ = info();
        vm.roll(now_.closes[0] - 1);
        approve(3);
        assertEq(info().start, now_.start);
        CeremonyProgress memory progress = committee.ceremonyProgress(id, ceremony);
        assertEq(progress.approvals, 7);
    }

    function test_approve_failsIfDealHasClosed() public {
        run(2, people(1, 3));
        start(3, people(3, 6));
        CeremonyInfo memory now_ = info();
        vm.roll(now_.closes[0]);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommittee.PhaseNotOpen.selector, Phase.Deal, now_.opens[0], now_.closes[0]
            )
        );
        this.approve(3);
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

    /// Of two proposals with enough approvals one runs; the other may when that one has failed.
    function test_approve_failsIfAnotherCeremonyRuns() public {
        run(2, people(1, 3));
        (uint64 first, uint64 second) = _twoApproved();
        ceremony = first;
        approve(2);
        ceremony = second;
        vm.expectRevert(abi.encodeWithSelector(ICommittee.CeremonyOpen.selector, first));
        this.approve(2);
        ceremony = first;
        goToEnd();
        committee.fail(id, first);
        assertEq(committee.committee(id).running, 0);
        ceremony = second;
        approve(2);
        assertEq(committee.committee(id).running, second);
    }

    function test_approve_failsIfTheEpochIsOver() public {
        run(2, people(1, 3));
        (uint64 first, uint64 second) = _twoApproved();
        ceremony = first;
        approve(2);
        goTo(Phase.Deal);
        dealAll();
        goTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(2);
        confirmAll(outcome);
        goToEnd();
        committee.activate(id, first, outcome);
        assertEq(committee.committee(id).running, 0);
        ceremony = second;
        vm.expectRevert(abi.encodeWithSelector(ICommittee.EpochOver.selector, 1));
        this.approve(2);
        // Nothing can come of it, so anybody may close it at once.
        committee.fail(id, second);
    }

    /// Two reshares to the same members, each one approval short of running.
    function _twoApproved() private returns (uint64 first, uint64 second) {
        propose(2, people(1, 3));
        first = ceremony;
        address[] memory operators = operatorsOf(people(1, 3));
        vm.prank(operatorOf(1));
        second = committee.propose(id, 2, operators);
        for (uint64 number = first; number <= second; ++number) {
            ceremony = number;
            postKeys();
            approve(1);
        }
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
