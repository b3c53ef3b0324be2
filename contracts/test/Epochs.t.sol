// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommitteeErrors} from "../src/interfaces/ICommitteeErrors.sol";
import {ICommitteeEvents} from "../src/interfaces/ICommitteeEvents.sol";
import {
    Accusation,
    CeremonyInfo,
    CeremonyState,
    EpochInfo,
    Member,
    MemberInfo,
    Outcome,
    Phase
} from "../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./support/CeremonyFixture.sol";
import {KeysTree} from "./support/KeysTree.sol";

contract EpochsTest is CeremonyFixture {
    function setUp() public override {
        super.setUp();
        registerAll(9);
    }

    // ------------------------------------------------------------------ activate

    function test_activate_makesTheFirstEpoch() public {
        Outcome memory outcome = run(3, people(1, 5));
        EpochInfo memory epoch = committee.epochInfo(id, 1);
        assertTrue(info().state == CeremonyState.Active);
        assertEq(committee.committee(id).epoch, 1);
        assertEq(epoch.ceremony, 1);
        assertEq(epoch.threshold, 3);
        assertEq(epoch.size, 5);
        assertEq(epoch.activatedAt, vm.getBlockNumber());
        assertEq(epoch.context, info().context);
        assertEq(epoch.qualified, 31);
        assertEq(epoch.networkKey, compressedPoints()[7]);
        assertEq(epoch.keysRoot, outcome.keysRoot);
    }

    function test_activate_emitsTheOutcome() public {
        Outcome memory outcome = _confirmed(5);
        goToEnd();
        vm.expectEmit();
        emit ICommitteeEvents.CeremonyActivated(id, ceremony, 1, outcome);
        committee.activate(id, ceremony, outcome);
    }

    /// n = 5, t = 3: one member may be away.
    function test_activate_needsAQuorumOfEqualConfirmations() public {
        Outcome memory outcome = _confirmed(4);
        goToEnd();
        committee.activate(id, ceremony, outcome);
    }

    function test_activate_failsIfQuorumIsMissing() public {
        Outcome memory outcome = _confirmed(3);
        goToEnd();
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NoQuorum.selector, 3, 4));
        committee.activate(id, ceremony, outcome);
    }

    function test_activate_failsIfConfirmationsDisagree() public {
        Outcome memory outcome = _confirmed(3);
        Outcome memory another = outcomeOf(4);
        confirm(4, another);
        confirm(5, another);
        goToEnd();
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NoQuorum.selector, 3, 4));
        committee.activate(id, ceremony, outcome);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NoQuorum.selector, 2, 4));
        committee.activate(id, ceremony, another);
    }

    function test_activate_failsIfOutcomeWasNotConfirmed() public {
        Outcome memory outcome = _confirmed(5);
        goToEnd();
        outcome.keysRoot = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NoQuorum.selector, 0, 4));
        committee.activate(id, ceremony, outcome);
    }

    /// No shortcut, even when everybody agrees.
    function test_activate_failsIfConfirmIsStillOpen() public {
        Outcome memory outcome = _confirmed(5);
        CeremonyInfo memory now_ = info();
        vm.roll(now_.closes[3] - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.TooEarly.selector, now_.closes[3]));
        committee.activate(id, ceremony, outcome);
    }

    function test_activate_failsIfDoneAlready() public {
        Outcome memory outcome = run(3, people(1, 5));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongState.selector, CeremonyState.Active));
        committee.activate(id, ceremony, outcome);
    }

    function test_activate_failsIfKeyIsOutsideTheSubgroup() public {
        _failsToActivate(outsideSubgroup());
    }

    function test_activate_failsIfKeyIsOffTheCurve() public {
        _failsToActivate(offCurve());
    }

    function test_activate_failsIfKeyIsInfinity() public {
        _failsToActivate(new bytes(256));
    }

    function test_activate_failsIfKeyIsNotCanonical() public {
        _failsToActivate(notCanonical());
    }

    // ------------------------------------------------------------------- reshare

    function test_reshare_keepsTheKeyAndChangesTheMembers() public {
        run(3, people(1, 5));
        bytes memory key = committee.epochInfo(id, 1).networkKey;
        run(4, people(3, 9));
        EpochInfo memory epoch = committee.epochInfo(id, 2);
        assertEq(committee.committee(id).epoch, 2);
        assertEq(epoch.networkKey, key);
        assertEq(epoch.threshold, 4);
        assertEq(epoch.size, 7);
        assertEq(epoch.qualified, 7);
        assertEq(committee.epochMembers(id, 2, 1, 1)[0].operator, operatorOf(3));
        // The epoch before is still there to be looked up.
        assertEq(committee.epochInfo(id, 1).size, 5);
        assertEq(committee.epochMembers(id, 1, 1, 1)[0].operator, operatorOf(1));
    }

    function test_reshare_refreshesToTheSameMembers() public {
        run(3, people(1, 5));
        run(3, people(1, 5));
        assertEq(committee.committee(id).epoch, 2);
        assertNotEq(committee.epochInfo(id, 1).context, committee.epochInfo(id, 2).context);
    }

    function test_reshare_failsIfItChangesTheKey() public {
        run(3, people(1, 5));
        start(3, people(1, 5));
        goTo(Phase.Deal);
        dealAll();
        goTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(3);
        outcome.networkKey = points()[8];
        vm.expectRevert(ICommitteeErrors.NetworkKeyChanged.selector);
        this.confirm(1, outcome);
    }

    function test_reshare_failsIfQualifiedAreNotTheOldThreshold() public {
        run(3, people(1, 5));
        start(4, people(3, 9));
        goTo(Phase.Deal);
        dealAll();
        goTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(4);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadQualified.selector, 15));
        this.confirm(1, outcome);
        confirm(1, outcomeOf(3));
    }

    /// Old members deal, new ones do not.
    function test_reshare_takesDealingsOfOldMembersOnly() public {
        run(3, people(1, 5));
        start(4, people(3, 9));
        goTo(Phase.Deal);
        deal(1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadIndex.selector, 6, 5));
        committee.deal(id, ceremony, 6, "", "");
        bytes memory dealing = dealingOf(2);
        bytes32 structHash = hashes.dealing(info().context, 2, keccak256(dealing));
        bytes memory signature = sign(identityKey(9), structHash);
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.deal(id, ceremony, 2, dealing, signature);
    }

    /// t_old = 3 bounds accusations, the new t = 4 bounds revealed shares.
    function test_reshare_boundsComplaintsByTheOldThresholdAndAnswersByTheNew() public {
        run(3, people(1, 5));
        start(4, people(3, 9));
        goTo(Phase.Deal);
        dealAll();
        goTo(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(1, 3);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadEntryCount.selector, 3, 2));
        this.complain(1, accusations);
        for (uint16 receiver = 1; receiver <= 4; ++receiver) {
            complain(receiver, accusationsOf(1, 2));
        }
        goTo(Phase.Answer);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadEntryCount.selector, 4, 3));
        this.answer(1, sharesOf(1, 4));
        answer(1, sharesOf(1, 3));
    }

    /// A reshare that fails leaves the epoch before it in service.
    function test_reshare_leavesTheOldEpochIfItFails() public {
        run(3, people(1, 5));
        start(4, people(3, 9));
        goToEnd();
        committee.fail(id, ceremony);
        assertEq(committee.committee(id).epoch, 1);
        assertEq(committee.committee(id).ceremony, 2);
        (members, dealers) = (people(1, 5), people(1, 5));
        run(4, people(3, 9));
        assertEq(committee.committee(id).epoch, 2);
    }

    // ---------------------------------------------------------------------- fail

    function test_fail_failsIfTheCeremonyMaySucceed() public {
        _confirmed(3);
        vm.roll(info().closes[3] - 1);
        vm.expectRevert(ICommitteeErrors.NotFailed.selector);
        committee.fail(id, ceremony);
    }

    function test_fail_closesACeremonyWithoutQuorum() public {
        _confirmed(3);
        goToEnd();
        vm.expectEmit();
        emit ICommitteeEvents.CeremonyFailed(id, ceremony, CeremonyState.Running);
        committee.fail(id, ceremony);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongState.selector, CeremonyState.Failed));
        committee.activate(id, ceremony, outcomeOf(5));
    }

    /// Whoever fails a good ceremony before somebody activates it gains nothing.
    function test_fail_waitsForTheActivationOfAQuorum() public {
        Outcome memory outcome = _confirmed(4);
        goToEnd();
        vm.expectRevert(ICommitteeErrors.NotFailed.selector);
        committee.fail(id, ceremony);
        vm.roll(info().closes[3] + 20 * 13 - 1);
        vm.expectRevert(ICommitteeErrors.NotFailed.selector);
        committee.fail(id, ceremony);
        committee.activate(id, ceremony, outcome);
    }

    function test_fail_closesACeremonyThatNobodyCouldActivate() public {
        _confirmedKey(offCurve());
        vm.roll(info().closes[3] + 20 * 13);
        committee.fail(id, ceremony);
        assertTrue(info().state == CeremonyState.Failed);
    }

    // --------------------------------------------------------------- publishKeys

    function test_publishKeys_storesProvenKeys() public {
        run(3, people(1, 5));
        bytes[] memory keys = nodeKeys(5);
        vm.expectEmit();
        emit ICommitteeEvents.KeyPublished(id, 1, 2, keys[1]);
        emit ICommitteeEvents.KeyPublished(id, 1, 5, keys[4]);
        _publish(2, 5, keys[1], keys[4]);
        bytes[] memory stored = committee.epochKeys(id, 1, 1, 5);
        assertEq(stored.length, 5);
        assertEq(stored[0].length, 0);
        assertEq(stored[1], keys[1]);
        assertEq(stored[4], keys[4]);
    }

    function test_publishKeys_passesOverKeysThatAreThere() public {
        run(3, people(1, 5));
        bytes[] memory keys = nodeKeys(5);
        _publish(2, 5, keys[1], keys[4]);
        vm.recordLogs();
        _publish(2, 3, keys[1], keys[2]);
        assertEq(vm.getRecordedLogs().length, 1);
        assertEq(committee.epochKeys(id, 1, 3, 1)[0], keys[2]);
    }

    function test_publishKeys_failsIfKeyIsAnotherNodes() public {
        run(3, people(1, 5));
        bytes[] memory keys = nodeKeys(5);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadKeyProof.selector, 3));
        this.publishOne(1, 3, keys[1], KeysTree.proof(keys, 1));
    }

    function test_publishKeys_failsIfLengthIsWrong() public {
        run(3, people(1, 5));
        bytes[] memory keys = nodeKeys(5);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadKeyProof.selector, 2));
        this.publishOne(1, 2, bytes.concat(keys[1], hex"00"), KeysTree.proof(keys, 1));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadKeyProof.selector, 2));
        this.publishOne(1, 2, "", KeysTree.proof(keys, 1));
    }

    function test_publishKeys_failsIfIndexIsOutOfBounds() public {
        run(3, people(1, 5));
        bytes[] memory keys = nodeKeys(5);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadIndex.selector, 6, 5));
        this.publishOne(1, 6, keys[1], KeysTree.proof(keys, 1));
    }

    function test_publishKeys_failsIfEpochIsUnknown() public {
        run(3, people(1, 5));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.UnknownEpoch.selector, 2));
        this.publishOne(2, 1, "", new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.UnknownEpoch.selector, 0));
        this.publishOne(0, 1, "", new bytes32[](0));
    }

    function test_publishKeys_failsIfArraysDiffer() public {
        run(3, people(1, 5));
        vm.expectRevert(ICommitteeErrors.LengthMismatch.selector);
        committee.publishKeys(id, 1, new uint16[](1), new bytes[](2), new bytes32[][](2));
        vm.expectRevert(ICommitteeErrors.LengthMismatch.selector);
        committee.publishKeys(id, 1, new uint16[](1), new bytes[](1), new bytes32[][](0));
    }

    // --------------------------------------------------------------------- views

    function test_epochMembers_givesPages() public {
        run(3, people(1, 5));
        vm.prank(operatorOf(5));
        committee.setEndpoint(id, "https://moved", "");
        MemberInfo[] memory page = committee.epochMembers(id, 1, 4, 100);
        assertEq(page.length, 2);
        assertEq(page[0].identity, identityOf(4));
        assertEq(page[1].endpoint, "https://moved");
        assertEq(committee.epochMembers(id, 1, 2, 3).length, 3);
        assertEq(committee.epochMembers(id, 1, 5, 0).length, 0);
    }

    function test_epochMembers_failsIfFirstIsOutOfBounds() public {
        run(3, people(1, 5));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadIndex.selector, 0, 5));
        committee.epochMembers(id, 1, 0, 5);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadIndex.selector, 6, 5));
        committee.epochMembers(id, 1, 6, 5);
    }

    function publishOne(uint64 epoch, uint16 index, bytes memory key, bytes32[] memory proof) public {
        uint16[] memory indices = new uint16[](1);
        bytes[] memory keys = new bytes[](1);
        bytes32[][] memory proofs = new bytes32[][](1);
        (indices[0], keys[0], proofs[0]) = (index, key, proof);
        committee.publishKeys(id, epoch, indices, keys, proofs);
    }

    function _publish(uint16 first, uint16 second, bytes memory firstKey, bytes memory secondKey) private {
        bytes[] memory all = nodeKeys(5);
        uint16[] memory indices = new uint16[](2);
        bytes[] memory keys = new bytes[](2);
        bytes32[][] memory proofs = new bytes32[][](2);
        (indices[0], indices[1]) = (first, second);
        (keys[0], keys[1]) = (firstKey, secondKey);
        (proofs[0], proofs[1]) = (KeysTree.proof(all, first - 1), KeysTree.proof(all, second - 1));
        committee.publishKeys(id, 1, indices, keys, proofs);
    }

    /// A first ceremony of 3 of 5, in its phase Confirm, of which `count` members confirmed one outcome.
    function _confirmed(uint16 count) private returns (Outcome memory outcome) {
        start(3, people(1, 5));
        goTo(Phase.Deal);
        dealAll();
        goTo(Phase.Confirm);
        outcome = outcomeOf(5);
        for (uint16 receiver = 1; receiver <= count; ++receiver) {
            confirm(receiver, outcome);
        }
    }

    function _confirmedKey(bytes memory key) private returns (Outcome memory outcome) {
        _confirmed(0);
        outcome = outcomeOf(5);
        outcome.networkKey = key;
        confirmAll(outcome);
    }

    function _failsToActivate(bytes memory key) private {
        Outcome memory outcome = _confirmedKey(key);
        goToEnd();
        vm.expectRevert(ICommitteeErrors.BadNetworkKey.selector);
        committee.activate(id, ceremony, outcome);
    }
}
