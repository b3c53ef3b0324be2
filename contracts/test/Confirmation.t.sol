// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommitteeErrors} from "../src/interfaces/ICommitteeErrors.sol";
import {ICommitteeEvents} from "../src/interfaces/ICommitteeEvents.sol";
import {CeremonyInfo, CeremonyProgress, Outcome, Phase} from "../src/types/CommitteeTypes.sol";
import {RunningFixture} from "./support/RunningFixture.sol";

/// The phase Confirm, and extensions of all phases.
contract ConfirmationTest is RunningFixture {
    // ------------------------------------------------------------------- confirm

    function test_confirm_countsEqualOutcomes() public {
        dealAllAndGoTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(5);
        Outcome memory another = outcomeOf(4);
        confirm(1, outcome);
        bytes32 before = info().transcript;
        confirm(3, outcome);
        bytes32 after_ = info().transcript;
        confirm(2, another);
        assertEq(committee.confirmations(id, ceremony, outcome), 2);
        assertEq(committee.confirmations(id, ceremony, another), 1);
        CeremonyProgress memory progress = committee.ceremonyProgress(id, ceremony);
        assertEq(progress.confirmed, 7);
        assertEq(progress.bestConfirmations, 2);
        bytes memory proof = bytes.concat(keccak256(abi.encode("proof", uint16(3))));
        bytes32 structHash = hashes.confirmation(info().context, 3, outcome, proof);
        assertEq(after_, keccak256(abi.encode(before, uint8(4), uint16(3), structHash)));
    }

    function test_confirm_failsIfSentTwice() public {
        dealAllAndGoTo(Phase.Confirm);
        confirm(1, outcomeOf(5));
        Outcome memory another = outcomeOf(4);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyDone.selector, 1));
        this.confirm(1, another);
    }

    function test_confirm_failsIfQualifiedAreTooFew() public {
        dealAllAndGoTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(2);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadQualified.selector, 3));
        this.confirm(1, outcome);
    }

    function test_confirm_failsIfAQualifiedDealerDidNotDeal() public {
        goTo(Phase.Deal);
        deal(1);
        deal(2);
        deal(4);
        goTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(3);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadQualified.selector, 7));
        this.confirm(1, outcome);
        outcome.qualified = 11;
        confirm(1, outcome);
    }

    function test_confirm_failsIfKeyHasAnotherLength() public {
        dealAllAndGoTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(5);
        outcome.networkKey = new bytes(96);
        vm.expectRevert(ICommitteeErrors.BadNetworkKey.selector);
        this.confirm(1, outcome);
    }

    function test_confirm_failsIfProofIsMissingOrTooLong() public {
        dealAllAndGoTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(5);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadProofLength.selector, 0));
        committee.confirm(id, ceremony, 1, outcome, "", "");
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadProofLength.selector, 257));
        committee.confirm(id, ceremony, 1, outcome, new bytes(257), "");
    }

    function test_confirm_failsIfAnotherMemberSigned() public {
        dealAllAndGoTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(5);
        bytes memory signature = sign(identityKey(2), hashes.confirmation(info().context, 1, outcome, "p"));
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.confirm(id, ceremony, 1, outcome, "p", signature);
    }

    function test_confirm_failsIfPhaseIsAnother() public {
        dealAllAndGoTo(Phase.Answer);
        Outcome memory outcome = outcomeOf(5);
        vm.expectRevert(notOpen(Phase.Confirm));
        this.confirm(1, outcome);
        goToEnd();
        vm.expectRevert(notOpen(Phase.Confirm));
        this.confirm(1, outcome);
    }

    // -------------------------------------------------------------------- extend

    function test_extend_movesThePhaseAndAllAfterIt() public {
        goTo(Phase.Complain);
        CeremonyInfo memory before = info();
        extend(Phase.Complain, 1);
        extend(Phase.Complain, 4);
        assertEq(info().closes[1], before.closes[1]);
        vm.expectEmit();
        emit ICommitteeEvents.PhaseExtended(id, ceremony, Phase.Complain, 1, before.closes[1] + 11);
        this.extend(Phase.Complain, 2);
        CeremonyInfo memory after_ = info();
        assertEq(after_.closes[0], before.closes[0]);
        assertEq(after_.opens[1], before.opens[1]);
        for (uint256 i = 1; i < 4; ++i) {
            assertEq(after_.closes[i], before.closes[i] + 11);
            if (i > 1) assertEq(after_.opens[i], before.opens[i] + 11);
        }
    }

    function test_extend_takesTheMessageIntoTheTranscript() public {
        goTo(Phase.Deal);
        bytes32 before = info().transcript;
        extend(Phase.Deal, 5);
        bytes32 structHash = hashes.extension(info().context, Phase.Deal, 5, 0);
        assertEq(info().transcript, keccak256(abi.encode(before, uint8(5), uint16(5), structHash)));
    }

    function test_extend_failsAfterEightRounds() public {
        goTo(Phase.Deal);
        for (uint8 round = 0; round < 8; ++round) {
            extend(Phase.Deal, 1);
            extend(Phase.Deal, 2);
            extend(Phase.Deal, 3);
        }
        assertEq(committee.ceremonyProgress(id, ceremony).extensions[0], 8);
        assertEq(info().closes[0], info().opens[0] + 9 * 10);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NoMoreExtensions.selector, Phase.Deal));
        this.extend(Phase.Deal, 1);
    }

    function test_extend_failsIfSentTwiceInARound() public {
        goTo(Phase.Deal);
        extend(Phase.Deal, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyDone.selector, 1));
        this.extend(Phase.Deal, 1);
    }

    /// One member's signature of one round does not count in the next.
    function test_extend_failsIfSignatureIsOfAnEarlierRound() public {
        goTo(Phase.Deal);
        bytes memory signature = sign(identityKey(1), hashes.extension(info().context, Phase.Deal, 1, 0));
        extend(Phase.Deal, 1);
        extend(Phase.Deal, 2);
        extend(Phase.Deal, 3);
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.extend(id, ceremony, Phase.Deal, 1, signature);
    }

    function test_extend_failsIfPhaseIsNotOpen() public {
        goTo(Phase.Deal);
        vm.expectRevert(notOpen(Phase.Confirm));
        this.extend(Phase.Confirm, 1);
        vm.roll(info().closes[0]);
        vm.expectRevert(notOpen(Phase.Deal));
        this.extend(Phase.Deal, 1);
    }
}
