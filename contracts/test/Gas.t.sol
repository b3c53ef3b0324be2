// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {AccessPass} from "../src/AccessPass.sol";
import {Accusation, Outcome, Phase, RevealedShare} from "../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./support/CeremonyFixture.sol";
import {KeysTree} from "./support/KeysTree.sol";

/// What each call costs as a transaction of its own, in Ethereum's gas, against `snapshots/` (npm run gas writes
/// them). Filecoin counts another gas, which follows this one only roughly.
/// forge-config: default.isolate = true
contract GasTest is CeremonyFixture {
    function test_gas_ceremonyOf5() public {
        _measure("committee-3-of-5", 5, 3);
    }

    function test_gas_ceremonyOf64() public {
        _measure("committee-43-of-64", 64, 43);
    }

    function test_gas_ceremonyOf256() public {
        _measure("committee-171-of-256", 256, 171);
    }

    function test_gas_accessPass() public {
        bytes memory arguments = abi.encode("Data set 1", "DS1", 1 ether, address(this));
        AccessPass pass = AccessPass(vm.deployCode("AccessPass.sol:AccessPass", arguments));
        pass.buy{value: 1 ether}();
        vm.snapshotGasLastCall("access-pass", "buy");
        pass.buyFor{value: 1 ether}(operatorOf(1));
        vm.snapshotGasLastCall("access-pass", "buyFor");
        pass.withdraw(payable(operatorOf(1)));
        vm.snapshotGasLastCall("access-pass", "withdraw");
    }

    function onERC721Received(address, address, uint256, bytes calldata) external pure returns (bytes4) {
        return this.onERC721Received.selector;
    }

    function _measure(string memory group, uint16 size, uint16 threshold) private {
        committee.createCommittee(windows, false);
        vm.snapshotGasLastCall(group, "createCommittee");
        registerAll(size);
        vm.snapshotGasLastCall(group, "register");
        _propose(threshold, size);
        vm.snapshotGasLastCall(group, "propose");
        postKeys();
        vm.snapshotGasLastCall(group, "postCeremonyKey, the last");
        approveAll();
        vm.snapshotGasLastCall(group, "approve, the last");

        goTo(Phase.Deal);
        dealAll();
        vm.snapshotGasLastCall(group, "deal");
        goTo(Phase.Complain);
        for (uint16 receiver = 2; receiver <= threshold; ++receiver) {
            complain(receiver, accusationsOf(1, threshold - 1));
        }
        vm.snapshotGasLastCall(group, "complain, against all it may");
        goTo(Phase.Answer);
        answer(1, sharesOf(2, threshold - 1));
        vm.snapshotGasLastCall(group, "answer, all it may");

        goTo(Phase.Confirm);
        Outcome memory outcome = outcomeOf(size);
        confirmAll(outcome);
        vm.snapshotGasLastCall(group, "confirm");
        goToEnd();
        committee.activate(id, ceremony, outcome);
        vm.snapshotGasLastCall(group, "activate, first");
        _publish(size);
        vm.snapshotGasLastCall(group, "publishKeys, 5 keys");
    }

    function _propose(uint16 threshold, uint16 size) private {
        (members, dealers) = (people(1, size), people(1, size));
        address[] memory operators = operatorsOf(members);
        vm.prank(owner);
        ceremony = committee.propose(id, threshold, operators);
    }

    function _publish(uint16 size) private {
        bytes[] memory all = nodeKeys(size);
        uint16[] memory indices = new uint16[](5);
        bytes[] memory keys = new bytes[](5);
        bytes32[][] memory proofs = new bytes32[][](5);
        for (uint16 i = 0; i < 5; ++i) {
            (indices[i], keys[i], proofs[i]) = (i + 1, all[i], KeysTree.proof(all, i));
        }
        committee.publishKeys(id, 1, indices, keys, proofs);
    }
}
