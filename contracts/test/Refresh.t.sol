// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommitteeErrors} from "../src/interfaces/ICommitteeErrors.sol";
import {CeremonyKind, CeremonyState, Outcome, Phase} from "../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./support/CeremonyFixture.sol";

/// What nodes may do without their operators: renew the shares of an unchanged committee, and nothing else.
contract RefreshTest is CeremonyFixture {
    function setUp() public override {
        super.setUp();
        registerAll(6);
        run(3, people(1, 4));
    }

    function test_refresh_runsByNodesAlone() public {
        _proposeBy(identityOf(2), 3, people(1, 4));
        assertTrue(info().kind == CeremonyKind.Reshare);
        assertEq(info().proposer, identityOf(2));
        postKeys();
        approveRefresh(4);
        approveRefresh(1);
        assertTrue(info().state == CeremonyState.Approval);
        approveRefresh(2);
        assertTrue(info().state == CeremonyState.Running);
        assertEq(committee.ceremonyProgress(id, ceremony).approvals, 11);
        goTo(Phase.Deal);
        dealAll();
        goTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(3);
        confirmAll(outcome);
        goToEnd();
        committee.activate(id, ceremony, outcome);
        assertEq(committee.committee(id).epoch, 2);
    }

    /// An operator may approve as ever, and counts once with its node.
    function test_refresh_countsAMemberOnce() public {
        _proposeBy(identityOf(1), 3, people(1, 4));
        postKeys();
        approve(1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyDone.selector, 1));
        this.approveRefresh(1);
        approveRefresh(2);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyDone.selector, 2));
        this.approve(2);
        assertTrue(info().state == CeremonyState.Approval);
    }

    function test_refresh_waitsForTheOldThreshold() public {
        _proposeBy(identityOf(1), 3, people(1, 4));
        postKeys();
        approveRefresh(1);
        approveRefresh(2);
        assertTrue(info().state == CeremonyState.Approval);
        assertEq(info().start, 0);
    }

    function test_propose_failsIfANodeWouldChangeTheThreshold() public {
        _expectNotAProposer(1, 4, people(1, 4));
    }

    function test_propose_failsIfANodeWouldChangeTheMembers() public {
        _expectNotAProposer(1, 3, people(1, 5));
        _expectNotAProposer(1, 3, people(1, 3));
        _expectNotAProposer(1, 3, people(2, 5));
    }

    function test_propose_failsIfANodeWouldChangeTheOrder() public {
        uint256[] memory list = people(1, 4);
        (list[0], list[1]) = (list[1], list[0]);
        _expectNotAProposer(1, 3, list);
    }

    function test_propose_failsIfANodeIsNoMember() public {
        _expectNotAProposer(5, 3, people(1, 4));
    }

    /// Before the first epoch there is nothing to refresh.
    function test_propose_failsIfANodeWouldMakeTheFirstKey() public {
        vm.prank(owner);
        id = committee.createCommittee(windows, false);
        registerAll(4);
        _expectNotAProposer(1, 3, people(1, 4));
    }

    function test_propose_failsIfTheNodeHasLeft() public {
        run(2, people(2, 4));
        _expectNotAProposer(1, 2, people(2, 4));
    }

    /// Whoever proposed it: a node's word is worth nothing where anything changes.
    function test_approve_failsIfNodesApproveAChangedCommittee() public {
        uint256[] memory swapped = people(1, 4);
        (swapped[0], swapped[1]) = (swapped[1], swapped[0]);
        _expectNoRefresh(3, people(1, 5));
        _expectNoRefresh(4, people(1, 4));
        _expectNoRefresh(3, swapped);
    }

    function test_approve_failsIfAnotherNodeSpeaksForTheMember() public {
        _proposeBy(identityOf(1), 3, people(1, 4));
        postKeys();
        bytes memory signature = sign(identityKey(2), hashes.refresh(ceremony, info().context));
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.approve(id, ceremony, operatorOf(1), signature);
    }

    /// What a node signs for one refresh is of no use in the next, nor as an operator's approval.
    function test_approve_failsIfTheRefreshIsAnother() public {
        _proposeBy(identityOf(1), 3, people(1, 4));
        postKeys();
        bytes memory signature = sign(identityKey(1), hashes.refresh(ceremony, info().context));
        vm.prank(identityOf(1));
        committee.fail(id, ceremony);
        _proposeBy(identityOf(1), 3, people(1, 4));
        postKeys();
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.approve(id, ceremony, operatorOf(1), signature);
        signature = sign(identityKey(1), hashes.approval(ceremony, info().context));
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        committee.approve(id, ceremony, operatorOf(1), signature);
    }

    function test_approve_failsIfARefreshIsSignedByNobody() public {
        _proposeBy(identityOf(1), 3, people(1, 4));
        postKeys();
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, operatorOf(1), address(0))
        );
        committee.approve(id, ceremony, operatorOf(1), new bytes(65));
    }

    function _proposeBy(address sender, uint16 threshold, uint256[] memory list) private {
        dealers = members;
        vm.prank(sender);
        ceremony = committee.propose(id, threshold, operatorsOf(list));
        members = list;
    }

    function _expectNotAProposer(uint256 person, uint16 threshold, uint256[] memory list) private {
        address[] memory operators = operatorsOf(list);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotAProposer.selector, identityOf(person)));
        vm.prank(identityOf(person));
        committee.propose(id, threshold, operators);
    }

    function _expectNoRefresh(uint16 threshold, uint256[] memory list) private {
        uint256[] memory before = members;
        propose(threshold, list);
        postKeys();
        for (uint256 person = 1; person <= 4; ++person) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    ICommitteeErrors.WrongSigner.selector, operatorOf(person), _recovered(person)
                )
            );
            this.approveRefresh(person);
        }
        vm.prank(owner);
        committee.fail(id, ceremony);
        members = before;
    }

    /// @dev Whoever a node's signature over `Refresh` seems to be of, read as one over `Approval`.
    function _recovered(uint256 person) private view returns (address) {
        bytes memory signature = sign(identityKey(person), hashes.refresh(ceremony, info().context));
        bytes32 digest = keccak256(
            abi.encodePacked(
                hex"1901", committee.domainSeparator(id), hashes.approval(ceremony, info().context)
            )
        );
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return ecrecover(digest, uint8(signature[64]), r, s);
    }
}
