// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommitteeErrors} from "../src/interfaces/ICommitteeErrors.sol";
import {ICommitteeEvents} from "../src/interfaces/ICommitteeEvents.sol";
import {CeremonyInfo, CeremonyProgress, CeremonyState, Outcome, Phase} from "../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./support/CeremonyFixture.sol";

/// Ceremony keys and approvals.
contract ConsentTest is CeremonyFixture {
    function setUp() public override {
        super.setUp();
        registerAll(8);
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
        emit ICommitteeEvents.CeremonyContextFixed(id, ceremony, context);
        this.postKey(2);
        assertTrue(info().state == CeremonyState.Approval);
        assertEq(info().context, context);
        assertEq(abi.encode(committee.ceremonyKeys(id, ceremony)), abi.encode(keys));
        assertEq(committee.ceremonyProgress(id, ceremony).keys, 7);
    }

    function test_postCeremonyKey_failsIfSentTwice() public {
        propose(2, people(1, 3));
        postKey(1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyDone.selector, 1));
        this.postKey(1);
    }

    function test_postCeremonyKey_failsIfAllAreThere() public {
        propose(2, people(1, 3));
        postKeys();
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongState.selector, CeremonyState.Approval));
        this.postKey(1);
    }

    function test_postCeremonyKey_failsIfIndexIsNoMember() public {
        propose(2, people(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadIndex.selector, 0, 3));
        committee.postCeremonyKey(id, ceremony, 0, keyOf(1), "");
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadIndex.selector, 4, 3));
        committee.postCeremonyKey(id, ceremony, 4, keyOf(1), "");
    }

    function test_postCeremonyKey_failsIfAnotherMemberSigned() public {
        propose(2, people(1, 3));
        bytes32 structHash = hashes.ceremonyKey(ceremony, info().proposal, 1, keyOf(1));
        bytes memory signature = sign(identityKey(2), structHash);
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, identityOf(1), identityOf(2))
        );
        committee.postCeremonyKey(id, ceremony, 1, keyOf(1), signature);
    }

    function test_postCeremonyKey_failsIfSignatureIsOfAnEarlierCeremony() public {
        propose(2, people(1, 3));
        bytes32 key = keyOf(1);
        bytes memory signature = sign(identityKey(1), hashes.ceremonyKey(1, info().proposal, 1, key));
        vm.prank(owner);
        committee.fail(id, 1);
        propose(2, people(1, 3));
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.postCeremonyKey(id, 2, 1, key, signature);
    }

    function test_postCeremonyKey_failsIfKeyHasLowOrder() public {
        propose(2, people(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadCeremonyKey.selector, bytes32(0)));
        committee.postCeremonyKey(id, ceremony, 1, 0, "");
        bytes32 order8 = 0xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800;
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadCeremonyKey.selector, order8));
        committee.postCeremonyKey(id, ceremony, 1, order8, "");
    }

    function test_postCeremonyKey_failsIfLate() public {
        propose(2, people(1, 3));
        vm.roll(1199);
        postKey(1);
        vm.roll(1200);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.ConsentClosed.selector, 1200));
        this.postKey(2);
    }

    function test_postCeremonyKey_failsIfCeremonyIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.UnknownCeremony.selector, 1));
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
        emit ICommitteeEvents.CeremonyStarted(id, ceremony, info().context, 1105);
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
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongState.selector, CeremonyState.Keys));
        this.approve(1);
    }

    function test_approve_failsIfOperatorIsNoDealer() public {
        propose(2, people(1, 3));
        postKeys();
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotADealer.selector, operatorOf(4)));
        this.approve(4);
    }

    function test_approve_failsIfSentTwice() public {
        propose(2, people(1, 3));
        postKeys();
        approve(2);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyDone.selector, 2));
        this.approve(2);
    }

    function test_approve_failsIfTheIdentitySignedInsteadOfTheOperator() public {
        propose(2, people(1, 3));
        postKeys();
        bytes memory signature = sign(identityKey(1), hashes.approval(ceremony, info().context));
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, operatorOf(1), identityOf(1))
        );
        committee.approve(id, ceremony, operatorOf(1), signature);
    }

    function test_approve_failsIfContextIsAnother() public {
        propose(2, people(1, 3));
        postKeys();
        bytes memory signature = sign(operatorKey(1), hashes.approval(ceremony, bytes32(uint256(1))));
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.approve(id, ceremony, operatorOf(1), signature);
    }

    function test_approve_failsIfLate() public {
        propose(2, people(1, 3));
        postKeys();
        vm.roll(1200);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.ConsentClosed.selector, 1200));
        this.approve(1);
    }

    // ------------------------------------------------------------------- reshare

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
            vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotADealer.selector, operatorOf(person)));
            this.approve(person);
        }
        bytes memory signature = sign(uint256(keccak256("owner")), hashes.approval(ceremony, info().context));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotADealer.selector, owner));
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
                ICommitteeErrors.PhaseNotOpen.selector, Phase.Deal, now_.opens[0], now_.closes[0]
            )
        );
        this.approve(3);
    }

    /// Of two proposals with enough approvals one runs; the other may when that one has failed.
    function test_approve_failsIfAnotherCeremonyRuns() public {
        run(2, people(1, 3));
        (uint64 first, uint64 second) = _twoApproved();
        ceremony = first;
        approve(2);
        ceremony = second;
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.CeremonyOpen.selector, first));
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
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.EpochOver.selector, 1));
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
}
