// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommitteeErrors} from "../src/interfaces/ICommitteeErrors.sol";
import {ICommitteeEvents} from "../src/interfaces/ICommitteeEvents.sol";
import {Accusation, Phase, RevealedShare} from "../src/types/CommitteeTypes.sol";
import {RunningFixture} from "./support/RunningFixture.sol";
import {Cheatcodes} from "./support/Cheatcodes.sol";

/// The phases Complain and Answer.
contract ComplaintsTest is RunningFixture {
    // ------------------------------------------------------------------ complain

    function test_complain_marksTheDealers() public {
        dealAllAndGoTo(Phase.Complain);
        bytes32 before = info().transcript;
        Accusation[] memory accusations = new Accusation[](2);
        (accusations[0], accusations[1]) = (accusationOf(2), accusationOf(5));
        vm.expectEmit(true, true, true, false);
        emit ICommitteeEvents.Complained(id, ceremony, 4, 0, 1, accusations, "");
        this.complain(4, accusations);
        assertEq(committee.accusers(id, ceremony, 2), 1 << 3);
        assertEq(committee.accusers(id, ceremony, 5), 1 << 3);
        assertEq(committee.accusers(id, ceremony, 1), 0);
        assertEq(committee.ceremonyProgress(id, ceremony).complained, 1 << 3);
        bytes32 structHash = hashes.complaint(info().context, 4, accusations);
        assertEq(info().transcript, keccak256(abi.encode(before, uint8(2), uint16(4), structHash)));
    }

    function test_complain_failsIfPhaseIsAnother() public {
        goTo(Phase.Deal);
        dealAll();
        Accusation[] memory accusations = accusationsOf(2, 1);
        vm.expectRevert(notOpen(Phase.Complain));
        this.complain(1, accusations);
        vm.roll(info().closes[0]);
        vm.expectRevert(notOpen(Phase.Complain));
        this.complain(1, accusations);
        goTo(Phase.Answer);
        vm.expectRevert(notOpen(Phase.Complain));
        this.complain(1, accusations);
    }

    /// A node that was shown a garbled dealing cannot be made to complain.
    function test_complain_failsIfItCitesAnotherDealing() public {
        dealAllAndGoTo(Phase.Complain);
        Accusation[] memory accusations = new Accusation[](1);
        accusations[0] = Accusation(2, keccak256("garbled"));
        bytes32 stored = committee.dealingHash(id, ceremony, 2);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongDealingHash.selector, 2, stored));
        this.complain(1, accusations);
    }

    function test_complain_failsIfDealerDidNotDeal() public {
        goTo(Phase.Deal);
        deal(1);
        goTo(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(2, 1);
        assertEq(accusations[0].dealingHash, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongDealingHash.selector, 2, bytes32(0)));
        this.complain(1, accusations);
    }

    function test_complain_failsIfSentTwice() public {
        dealAllAndGoTo(Phase.Complain);
        complain(1, accusationsOf(2, 1));
        Accusation[] memory others = accusationsOf(3, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyDone.selector, 1));
        this.complain(1, others);
    }

    function test_complain_failsIfAccusationsAreMoreThanCanBeTrue() public {
        dealAllAndGoTo(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(1, 3);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadEntryCount.selector, 3, 2));
        this.complain(4, accusations);
    }

    function test_complain_failsIfEmpty() public {
        dealAllAndGoTo(Phase.Complain);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadEntryCount.selector, 0, 2));
        this.complain(4, new Accusation[](0));
    }

    function test_complain_failsIfDealersAreNotAscending() public {
        dealAllAndGoTo(Phase.Complain);
        Accusation[] memory accusations = new Accusation[](2);
        (accusations[0], accusations[1]) = (accusationOf(2), accusationOf(2));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotAscending.selector, 2));
        this.complain(4, accusations);
        accusations[1] = accusationOf(1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotAscending.selector, 1));
        this.complain(4, accusations);
    }

    function test_complain_failsIfAnotherMemberSigned() public {
        dealAllAndGoTo(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(2, 1);
        bytes memory signature = sign(identityKey(3), hashes.complaint(info().context, 1, accusations));
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, identityOf(1), identityOf(3))
        );
        committee.complain(id, ceremony, 1, accusations, signature);
    }

    /// A refused complaint leaves nothing behind.
    function test_complain_changesNothingIfRefused() public {
        dealAllAndGoTo(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(2, 1);
        vm.expectRevert();
        committee.complain(id, ceremony, 1, accusations, "");
        assertEq(committee.accusers(id, ceremony, 2), 0);
        assertEq(committee.ceremonyProgress(id, ceremony).complained, 0);
    }

    // -------------------------------------------------------------------- answer

    function test_answer_takesSharesOfComplainers() public {
        dealAllAndGoTo(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        complain(2, accusationsOf(3, 1));
        goTo(Phase.Answer);
        bytes32 before = info().transcript;
        answer(3, sharesOf(1, 2));
        assertEq(committee.ceremonyProgress(id, ceremony).answered, 1 << 2);
        bytes32 structHash = hashes.answer(info().context, 3, sharesOf(1, 2));
        assertEq(info().transcript, keccak256(abi.encode(before, uint8(3), uint16(3), structHash)));
    }

    function test_answer_failsIfNobodyComplained() public {
        dealAllAndGoTo(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        goTo(Phase.Answer);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NoSuchComplaint.selector, 1));
        this.answer(2, sharesOf(1, 1));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NoSuchComplaint.selector, 2));
        this.answer(3, sharesOf(1, 2));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NoSuchComplaint.selector, 300));
        this.answer(3, sharesOf(300, 1));
    }

    /// Three complaints, threshold 3: three shares would make the polynomial public.
    function test_answer_failsIfItWouldRevealThePolynomial() public {
        dealAllAndGoTo(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        complain(2, accusationsOf(3, 1));
        complain(4, accusationsOf(3, 1));
        goTo(Phase.Answer);
        RevealedShare[] memory shares = new RevealedShare[](3);
        (shares[0].receiver, shares[1].receiver, shares[2].receiver) = (1, 2, 4);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadEntryCount.selector, 3, 2));
        this.answer(3, shares);
    }

    function test_answer_failsIfEmpty() public {
        dealAllAndGoTo(Phase.Answer);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadEntryCount.selector, 0, 2));
        this.answer(3, new RevealedShare[](0));
    }

    function test_answer_failsIfReceiversAreNotAscending() public {
        dealAllAndGoTo(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        goTo(Phase.Answer);
        RevealedShare[] memory shares = new RevealedShare[](2);
        (shares[0].receiver, shares[1].receiver) = (1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotAscending.selector, 1));
        this.answer(3, shares);
        shares[0].receiver = 0;
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotAscending.selector, 0));
        this.answer(3, shares);
    }

    function test_answer_failsIfSentTwice() public {
        dealAllAndGoTo(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        goTo(Phase.Answer);
        answer(3, sharesOf(1, 1));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyDone.selector, 3));
        this.answer(3, sharesOf(1, 1));
    }

    function test_answer_failsIfAnotherMemberSigned() public {
        dealAllAndGoTo(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        goTo(Phase.Answer);
        bytes memory signature = sign(identityKey(1), hashes.answer(info().context, 3, sharesOf(1, 1)));
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.answer(id, ceremony, 3, sharesOf(1, 1), signature);
    }

    // ------------------------------------------------------------ the event limit

    /// As many accusations and revealed shares as can be: 255 each, in events of at most 96.
    function test_complainAndAnswer_splitIntoPartsThatReassemble() public {
        startLarge(256);
        goTo(Phase.Deal);
        dealAll();
        goTo(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(2, 255);
        vm.recordLogs();
        complain(1, accusations);
        Cheatcodes.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 3);
        uint256 next = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            assertLt(logs[i].data.length, 7500);
            (uint16 part, uint16 parts, Accusation[] memory entries,) =
                abi.decode(logs[i].data, (uint16, uint16, Accusation[], bytes));
            assertEq(part, i);
            assertEq(parts, 3);
            for (uint256 j = 0; j < entries.length; ++j) {
                assertEq(abi.encode(entries[j]), abi.encode(accusations[next++]));
            }
        }
        assertEq(next, 255);

        for (uint16 receiver = 2; receiver <= 256; ++receiver) {
            complain(receiver, accusationsOf(1, 1));
        }
        goTo(Phase.Answer);
        vm.recordLogs();
        answer(1, sharesOf(2, 255));
        logs = vm.getRecordedLogs();
        assertEq(logs.length, 3);
        next = 2;
        for (uint256 i = 0; i < logs.length; ++i) {
            assertLt(logs[i].data.length, 7500);
            (,, RevealedShare[] memory entries,) =
                abi.decode(logs[i].data, (uint16, uint16, RevealedShare[], bytes));
            for (uint256 j = 0; j < entries.length; ++j) {
                assertEq(entries[j].receiver, next++);
            }
        }
        assertEq(next, 257);
    }
}
