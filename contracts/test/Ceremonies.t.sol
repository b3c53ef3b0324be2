// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {
    Accusation,
    CeremonyInfo,
    CeremonyProgress,
    CeremonyState,
    Outcome,
    Phase,
    RevealedShare
} from "../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./support/CeremonyFixture.sol";
import {Vm} from "forge-std/Vm.sol";

/// A ceremony of 5 with threshold 3, about to deal.
contract CeremoniesTest is CeremonyFixture {
    function setUp() public override {
        super.setUp();
        registerAll(8);
        start(3, people(1, 5));
    }

    // ---------------------------------------------------------------------- deal

    function test_deal_storesTheHash() public {
        goTo(Phase.Deal);
        deal(2);
        assertEq(committee.dealingHash(id, ceremony, 2), keccak256(dealingOf(2)));
        assertEq(committee.dealingHash(id, ceremony, 1), 0);
        assertEq(committee.ceremonyProgress(id, ceremony).dealt, 1 << 1);
    }

    function test_deal_takesTheMessageIntoTheTranscript() public {
        goTo(Phase.Deal);
        bytes32 before = info().transcript;
        assertEq(before, info().context);
        deal(2);
        bytes32 structHash = hashes.dealing(info().context, 2, keccak256(dealingOf(2)));
        assertEq(info().transcript, keccak256(abi.encode(before, uint8(1), uint16(2), structHash)));
    }

    function test_deal_failsIfNotOpenYet() public {
        CeremonyInfo memory now_ = info();
        bytes memory dealing = dealingOf(1);
        bytes memory signature = signDealing(1, dealing);
        bytes memory refusal = _notOpen(Phase.Deal);
        vm.roll(now_.opens[0] - 1);
        vm.expectRevert(refusal);
        committee.deal(id, ceremony, 1, dealing, signature);
        vm.roll(now_.opens[0]);
        committee.deal(id, ceremony, 1, dealing, signature);
    }

    function test_deal_failsIfClosed() public {
        CeremonyInfo memory now_ = info();
        vm.roll(now_.closes[0] - 1);
        deal(1);
        vm.roll(now_.closes[0]);
        vm.expectRevert(_notOpen(Phase.Deal));
        this.deal(2);
    }

    function test_deal_failsIfConsentIsIncomplete() public {
        vm.prank(owner);
        id = committee.createCommittee(windows, false);
        registerAll(3);
        propose(2, people(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongState.selector, CeremonyState.Keys));
        this.deal(1);
    }

    function test_deal_failsIfSentTwice() public {
        goTo(Phase.Deal);
        deal(1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyDone.selector, 1));
        this.deal(1);
    }

    function test_deal_failsIfIndexIsNoDealer() public {
        goTo(Phase.Deal);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadIndex.selector, 0, 5));
        committee.deal(id, ceremony, 0, "", "");
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadIndex.selector, 6, 5));
        committee.deal(id, ceremony, 6, "", "");
    }

    function test_deal_failsIfAnotherMemberSigned() public {
        goTo(Phase.Deal);
        bytes memory dealing = dealingOf(1);
        bytes memory signature = signDealing(2, dealing);
        vm.expectPartialRevert(ICommittee.WrongSigner.selector);
        committee.deal(id, ceremony, 1, dealing, signature);
    }

    function test_deal_failsIfTheOperatorSignedInsteadOfTheIdentity() public {
        goTo(Phase.Deal);
        bytes memory dealing = dealingOf(1);
        bytes memory signature = sign(operatorKey(1), hashes.dealing(info().context, 1, keccak256(dealing)));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongSigner.selector, identityOf(1), operatorOf(1)));
        committee.deal(id, ceremony, 1, dealing, signature);
    }

    function test_deal_failsIfOneByteChanged() public {
        goTo(Phase.Deal);
        bytes memory dealing = dealingOf(1);
        bytes memory signature = signDealing(1, dealing);
        dealing[0] ^= 0x01;
        vm.expectPartialRevert(ICommittee.WrongSigner.selector);
        committee.deal(id, ceremony, 1, dealing, signature);
    }

    function testFuzz_deal_failsIfLengthIsNotTheOne(uint256 length) public {
        goTo(Phase.Deal);
        length = bound(length, 0, 2000);
        bytes memory dealing = new bytes(length);
        bytes memory signature = signDealing(1, dealing);
        // 96 · 3 commitments, 128 for the proof, 80 · 5 sealed shares.
        if (length != 816) {
            vm.expectRevert(abi.encodeWithSelector(ICommittee.BadDealingLength.selector, length, 816));
        }
        committee.deal(id, ceremony, 1, dealing, signature);
    }

    // ------------------------------------------------------------------ complain

    function test_complain_marksTheDealers() public {
        _dealAnd(Phase.Complain);
        bytes32 before = info().transcript;
        Accusation[] memory accusations = new Accusation[](2);
        (accusations[0], accusations[1]) = (accusationOf(2), accusationOf(5));
        vm.expectEmit(true, true, true, false);
        emit ICommittee.Complained(id, ceremony, 4, 0, 1, accusations, "");
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
        vm.expectRevert(_notOpen(Phase.Complain));
        this.complain(1, accusations);
        vm.roll(info().closes[0]);
        vm.expectRevert(_notOpen(Phase.Complain));
        this.complain(1, accusations);
        goTo(Phase.Answer);
        vm.expectRevert(_notOpen(Phase.Complain));
        this.complain(1, accusations);
    }

    /// A node that was shown a garbled dealing cannot be made to complain.
    function test_complain_failsIfItCitesAnotherDealing() public {
        _dealAnd(Phase.Complain);
        Accusation[] memory accusations = new Accusation[](1);
        accusations[0] = Accusation(2, keccak256("garbled"));
        bytes32 stored = committee.dealingHash(id, ceremony, 2);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongDealingHash.selector, 2, stored));
        this.complain(1, accusations);
    }

    function test_complain_failsIfDealerDidNotDeal() public {
        goTo(Phase.Deal);
        deal(1);
        goTo(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(2, 1);
        assertEq(accusations[0].dealingHash, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongDealingHash.selector, 2, bytes32(0)));
        this.complain(1, accusations);
    }

    function test_complain_failsIfSentTwice() public {
        _dealAnd(Phase.Complain);
        complain(1, accusationsOf(2, 1));
        Accusation[] memory others = accusationsOf(3, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyDone.selector, 1));
        this.complain(1, others);
    }

    function test_complain_failsIfAccusationsAreMoreThanCanBeTrue() public {
        _dealAnd(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(1, 3);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadEntryCount.selector, 3, 2));
        this.complain(4, accusations);
    }

    function test_complain_failsIfEmpty() public {
        _dealAnd(Phase.Complain);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadEntryCount.selector, 0, 2));
        this.complain(4, new Accusation[](0));
    }

    function test_complain_failsIfDealersAreNotAscending() public {
        _dealAnd(Phase.Complain);
        Accusation[] memory accusations = new Accusation[](2);
        (accusations[0], accusations[1]) = (accusationOf(2), accusationOf(2));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotAscending.selector, 2));
        this.complain(4, accusations);
        accusations[1] = accusationOf(1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotAscending.selector, 1));
        this.complain(4, accusations);
    }

    function test_complain_failsIfAnotherMemberSigned() public {
        _dealAnd(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(2, 1);
        bytes memory signature = sign(identityKey(3), hashes.complaint(info().context, 1, accusations));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongSigner.selector, identityOf(1), identityOf(3)));
        committee.complain(id, ceremony, 1, accusations, signature);
    }

    /// A refused complaint leaves nothing behind.
    function test_complain_changesNothingIfRefused() public {
        _dealAnd(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(2, 1);
        vm.expectRevert();
        committee.complain(id, ceremony, 1, accusations, "");
        assertEq(committee.accusers(id, ceremony, 2), 0);
        assertEq(committee.ceremonyProgress(id, ceremony).complained, 0);
    }

    // -------------------------------------------------------------------- answer

    function test_answer_takesSharesOfComplainers() public {
        _dealAnd(Phase.Complain);
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
        _dealAnd(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        goTo(Phase.Answer);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoSuchComplaint.selector, 1));
        this.answer(2, sharesOf(1, 1));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoSuchComplaint.selector, 2));
        this.answer(3, sharesOf(1, 2));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoSuchComplaint.selector, 300));
        this.answer(3, sharesOf(300, 1));
    }

    /// Three complaints, threshold 3: three shares would make the polynomial public.
    function test_answer_failsIfItWouldRevealThePolynomial() public {
        _dealAnd(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        complain(2, accusationsOf(3, 1));
        complain(4, accusationsOf(3, 1));
        goTo(Phase.Answer);
        RevealedShare[] memory shares = new RevealedShare[](3);
        (shares[0].receiver, shares[1].receiver, shares[2].receiver) = (1, 2, 4);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadEntryCount.selector, 3, 2));
        this.answer(3, shares);
    }

    function test_answer_failsIfEmpty() public {
        _dealAnd(Phase.Answer);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadEntryCount.selector, 0, 2));
        this.answer(3, new RevealedShare[](0));
    }

    function test_answer_failsIfReceiversAreNotAscending() public {
        _dealAnd(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        goTo(Phase.Answer);
        RevealedShare[] memory shares = new RevealedShare[](2);
        (shares[0].receiver, shares[1].receiver) = (1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotAscending.selector, 1));
        this.answer(3, shares);
        shares[0].receiver = 0;
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotAscending.selector, 0));
        this.answer(3, shares);
    }

    function test_answer_failsIfSentTwice() public {
        _dealAnd(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        goTo(Phase.Answer);
        answer(3, sharesOf(1, 1));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyDone.selector, 3));
        this.answer(3, sharesOf(1, 1));
    }

    function test_answer_failsIfAnotherMemberSigned() public {
        _dealAnd(Phase.Complain);
        complain(1, accusationsOf(3, 1));
        goTo(Phase.Answer);
        bytes memory signature = sign(identityKey(1), hashes.answer(info().context, 3, sharesOf(1, 1)));
        vm.expectPartialRevert(ICommittee.WrongSigner.selector);
        committee.answer(id, ceremony, 3, sharesOf(1, 1), signature);
    }

    // ------------------------------------------------------------------- confirm

    function test_confirm_countsEqualOutcomes() public {
        _dealAnd(Phase.Confirm);
        Outcome memory outcome = outcomeOf(5);
        Outcome memory another = outcomeOf(4);
        confirm(1, outcome);
        confirm(2, another);
        bytes32 before = info().transcript;
        confirm(3, outcome);
        assertEq(committee.confirmations(id, ceremony, outcome), 2);
        assertEq(committee.confirmations(id, ceremony, another), 1);
        CeremonyProgress memory progress = committee.ceremonyProgress(id, ceremony);
        assertEq(progress.confirmed, 7);
        assertEq(progress.bestConfirmations, 2);
        bytes memory proof = bytes.concat(keccak256(abi.encode("proof", uint16(3))));
        bytes32 structHash = hashes.confirmation(info().context, 3, outcome, proof);
        assertEq(info().transcript, keccak256(abi.encode(before, uint8(4), uint16(3), structHash)));
    }

    function test_confirm_failsIfSentTwice() public {
        _dealAnd(Phase.Confirm);
        confirm(1, outcomeOf(5));
        Outcome memory another = outcomeOf(4);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyDone.selector, 1));
        this.confirm(1, another);
    }

    function test_confirm_failsIfQualifiedAreTooFew() public {
        _dealAnd(Phase.Confirm);
        Outcome memory outcome = outcomeOf(2);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadQualified.selector, 3));
        this.confirm(1, outcome);
    }

    function test_confirm_failsIfAQualifiedDealerDidNotDeal() public {
        goTo(Phase.Deal);
        deal(1);
        deal(2);
        deal(4);
        goTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(3);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadQualified.selector, 7));
        this.confirm(1, outcome);
        outcome.qualified = 11;
        confirm(1, outcome);
    }

    function test_confirm_failsIfKeyHasAnotherLength() public {
        _dealAnd(Phase.Confirm);
        Outcome memory outcome = outcomeOf(5);
        outcome.networkKey = new bytes(96);
        vm.expectRevert(ICommittee.BadNetworkKey.selector);
        this.confirm(1, outcome);
    }

    function test_confirm_failsIfProofIsMissingOrTooLong() public {
        _dealAnd(Phase.Confirm);
        Outcome memory outcome = outcomeOf(5);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadProofLength.selector, 0));
        committee.confirm(id, ceremony, 1, outcome, "", "");
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadProofLength.selector, 257));
        committee.confirm(id, ceremony, 1, outcome, new bytes(257), "");
    }

    function test_confirm_failsIfAnotherMemberSigned() public {
        _dealAnd(Phase.Confirm);
        Outcome memory outcome = outcomeOf(5);
        bytes memory signature = sign(identityKey(2), hashes.confirmation(info().context, 1, outcome, "p"));
        vm.expectPartialRevert(ICommittee.WrongSigner.selector);
        committee.confirm(id, ceremony, 1, outcome, "p", signature);
    }

    function test_confirm_failsIfPhaseIsAnother() public {
        _dealAnd(Phase.Answer);
        Outcome memory outcome = outcomeOf(5);
        vm.expectRevert(_notOpen(Phase.Confirm));
        this.confirm(1, outcome);
        goToEnd();
        vm.expectRevert(_notOpen(Phase.Confirm));
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
        emit ICommittee.PhaseExtended(id, ceremony, Phase.Complain, 1, before.closes[1] + 11);
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
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoMoreExtensions.selector, Phase.Deal));
        this.extend(Phase.Deal, 1);
    }

    function test_extend_failsIfSentTwiceInARound() public {
        goTo(Phase.Deal);
        extend(Phase.Deal, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyDone.selector, 1));
        this.extend(Phase.Deal, 1);
    }

    /// One member's signature of one round does not count in the next.
    function test_extend_failsIfSignatureIsOfAnEarlierRound() public {
        goTo(Phase.Deal);
        bytes memory signature = sign(identityKey(1), hashes.extension(info().context, Phase.Deal, 1, 0));
        extend(Phase.Deal, 1);
        extend(Phase.Deal, 2);
        extend(Phase.Deal, 3);
        vm.expectPartialRevert(ICommittee.WrongSigner.selector);
        committee.extend(id, ceremony, Phase.Deal, 1, signature);
    }

    function test_extend_failsIfPhaseIsNotOpen() public {
        goTo(Phase.Deal);
        vm.expectRevert(_notOpen(Phase.Confirm));
        this.extend(Phase.Confirm, 1);
        vm.roll(info().closes[0]);
        vm.expectRevert(_notOpen(Phase.Deal));
        this.extend(Phase.Deal, 1);
    }

    // ------------------------------------------------------------ the event limit

    /// The largest dealing there is: 256 of 256.
    function test_deal_splitsIntoPartsThatReassemble() public {
        _large(256);
        goTo(Phase.Deal);
        bytes memory dealing = dealingOf(256);
        assertEq(dealing.length, 45_184);
        vm.recordLogs();
        deal(256);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes memory whole;
        for (uint256 i = 0; i + 1 < logs.length; ++i) {
            assertEq(logs[i].topics[0], ICommittee.DealingPart.selector);
            assertEq(uint256(logs[i].topics[3]), 256);
            assertLt(logs[i].data.length, 7500);
            (uint16 part, uint16 parts, bytes memory data) = abi.decode(logs[i].data, (uint16, uint16, bytes));
            assertEq(part, i);
            assertEq(parts, logs.length - 1);
            assertLe(data.length, 7168);
            whole = bytes.concat(whole, data);
        }
        assertEq(whole, dealing);
        assertEq(logs[logs.length - 1].topics[0], ICommittee.DealingPosted.selector);
    }

    /// As many accusations and revealed shares as can be: 255 each, in events of at most 96.
    function test_complainAndAnswer_splitIntoPartsThatReassemble() public {
        _large(256);
        goTo(Phase.Deal);
        dealAll();
        goTo(Phase.Complain);
        Accusation[] memory accusations = accusationsOf(2, 255);
        vm.recordLogs();
        complain(1, accusations);
        Vm.Log[] memory logs = vm.getRecordedLogs();
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

    function _dealAnd(Phase phase) private {
        goTo(Phase.Deal);
        dealAll();
        goTo(phase);
    }

    /// A ceremony of `size` of `size`, about to deal.
    function _large(uint16 size) private {
        vm.prank(owner);
        id = committee.createCommittee(windows, false);
        registerAll(size);
        start(size, people(1, size));
    }

    function _notOpen(Phase phase) private view returns (bytes memory) {
        CeremonyInfo memory now_ = info();
        return abi.encodeWithSelector(
            ICommittee.PhaseNotOpen.selector, phase, now_.opens[uint8(phase)], now_.closes[uint8(phase)]
        );
    }
}
