// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../../src/interfaces/IGroth16Verifier.sol";
import {GroupTerms, RootChange} from "../../src/interfaces/IGroupRoot.sol";
import {IVotedGroup} from "../../src/interfaces/IVotedGroup.sol";
import {Groth16Simulator} from "../support/Groth16Simulator.sol";
import {Proven} from "../support/Groth16Vectors.sol";
import {NullifiersFixture} from "../support/NullifiersFixture.sol";

/// What private conditions cost, each call as a transaction of its own.
/// forge-config: default.isolate = true
contract PrivateConditionsGasTest is NullifiersFixture {
    function test_gas_verifier() public {
        Proven memory given = realProof(0);
        real.verifier().verify(given.inputs, given.proof);
        vm.snapshotGasLastCall("private-conditions", "Groth16Verifier.verify, 5 inputs");
        IGroth16Verifier widest = deployVerifier(Groth16Simulator.key(16));
        uint256[] memory inputs = new uint256[](16);
        for (uint256 i = 0; i < 16; ++i) {
            inputs[i] = uint256(keccak256(abi.encode(i))) >> 2;
        }
        widest.verify(inputs, Groth16Simulator.prove(inputs, 1));
        vm.snapshotGasLastCall("private-conditions", "Groth16Verifier.verify, 16 inputs");
    }

    function test_gas_groups() public {
        group.update(RootChange(0, 100, "store", false));
        vm.snapshotGasLastCall("private-conditions", "OwnedGroup.update, first");
        group.update(RootChange(1, 200, "store", false));
        vm.snapshotGasLastCall("private-conditions", "OwnedGroup.update");
        group.isValid(100, BEGIN);
        vm.snapshotGasLastCall("private-conditions", "isValid, as a transaction's call");
        address[] memory voters = new address[](3);
        for (uint160 i = 0; i < 3; ++i) {
            voters[i] = address(0x10000 + i);
        }
        bytes memory arguments = abi.encode(voters, 2, GroupTerms(0xe, 20, WINDOW, 3));
        IVotedGroup voted = IVotedGroup(vm.deployCode("VotedGroup.sol:VotedGroup", arguments));
        vm.prank(voters[0]);
        voted.approve(RootChange(0, 100, "store", false));
        vm.snapshotGasLastCall("private-conditions", "VotedGroup.approve");
        vm.prank(voters[1]);
        voted.approve(RootChange(0, 100, "store", false));
        vm.snapshotGasLastCall("private-conditions", "VotedGroup.approve, the last");
    }

    function test_gas_uses() public {
        Proven memory given = realProof(0);
        setRoot(given.inputs[0], false);
        bytes32 item = vm.parseJsonBytes32(json, ".item");
        address recipient = vm.parseJsonAddress(json, ".recipient");
        real.use(item, recipient, given.inputs, given.proof);
        vm.snapshotGasLastCall("private-conditions", "Nullifiers.use, 6 inputs");
        real.canRead(recipient, item, "");
        vm.snapshotGasLastCall("private-conditions", "Nullifiers.canRead, as a transaction's call");
    }
}
