// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommitteeErrors} from "../src/interfaces/ICommitteeErrors.sol";
import {ICommitteeEvents} from "../src/interfaces/ICommitteeEvents.sol";
import {CeremonyInfo, CeremonyState, Phase} from "../src/types/CommitteeTypes.sol";
import {RunningFixture} from "./support/RunningFixture.sol";
import {Cheatcodes} from "./support/Cheatcodes.sol";

/// The phase Deal.
contract DealingTest is RunningFixture {
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
        bytes memory refusal = notOpen(Phase.Deal);
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
        vm.expectRevert(notOpen(Phase.Deal));
        this.deal(2);
    }

    function test_deal_failsIfConsentIsIncomplete() public {
        vm.prank(owner);
        id = committee.createCommittee(windows, false);
        registerAll(3);
        propose(2, people(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongState.selector, CeremonyState.Keys));
        this.deal(1);
    }

    function test_deal_failsIfSentTwice() public {
        goTo(Phase.Deal);
        deal(1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyDone.selector, 1));
        this.deal(1);
    }

    function test_deal_failsIfIndexIsNoDealer() public {
        goTo(Phase.Deal);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadIndex.selector, 0, 5));
        committee.deal(id, ceremony, 0, "", "");
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadIndex.selector, 6, 5));
        committee.deal(id, ceremony, 6, "", "");
    }

    function test_deal_failsIfAnotherMemberSigned() public {
        goTo(Phase.Deal);
        bytes memory dealing = dealingOf(1);
        bytes memory signature = signDealing(2, dealing);
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.deal(id, ceremony, 1, dealing, signature);
    }

    function test_deal_failsIfTheOperatorSignedInsteadOfTheIdentity() public {
        goTo(Phase.Deal);
        bytes memory dealing = dealingOf(1);
        bytes memory signature = sign(operatorKey(1), hashes.dealing(info().context, 1, keccak256(dealing)));
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, identityOf(1), operatorOf(1))
        );
        committee.deal(id, ceremony, 1, dealing, signature);
    }

    function test_deal_failsIfOneByteChanged() public {
        goTo(Phase.Deal);
        bytes memory dealing = dealingOf(1);
        bytes memory signature = signDealing(1, dealing);
        dealing[0] ^= 0x01;
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.deal(id, ceremony, 1, dealing, signature);
    }

    function testFuzz_deal_failsIfLengthIsNotTheOne(uint256 length) public {
        goTo(Phase.Deal);
        length = bound(length, 0, 2000);
        bytes memory dealing = new bytes(length);
        bytes memory signature = signDealing(1, dealing);
        // 96 · 3 commitments, 128 for the proof, 80 · 5 sealed shares.
        if (length != 816) {
            vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadDealingLength.selector, length, 816));
        }
        committee.deal(id, ceremony, 1, dealing, signature);
    }

    /// The largest dealing there is: 256 of 256.
    function test_deal_splitsIntoPartsThatReassemble() public {
        startLarge(256);
        goTo(Phase.Deal);
        bytes memory dealing = dealingOf(256);
        assertEq(dealing.length, 45_184);
        vm.recordLogs();
        deal(256);
        Cheatcodes.Log[] memory logs = vm.getRecordedLogs();
        bytes memory whole;
        for (uint256 i = 0; i + 1 < logs.length; ++i) {
            assertEq(logs[i].topics[0], ICommitteeEvents.DealingPart.selector);
            assertEq(uint256(logs[i].topics[3]), 256);
            assertLt(logs[i].data.length, 7500);
            (uint16 part, uint16 parts, bytes memory data) = abi.decode(logs[i].data, (uint16, uint16, bytes));
            assertEq(part, i);
            assertEq(parts, logs.length - 1);
            assertLe(data.length, 7168);
            whole = bytes.concat(whole, data);
        }
        assertEq(whole, dealing);
        assertEq(logs[logs.length - 1].topics[0], ICommitteeEvents.DealingPosted.selector);
    }
}
