// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../../src/interfaces/IGroth16Verifier.sol";
import {Test} from "../support/Test.sol";

/// @notice The keys and proofs of the Rust crate's circuits, from the vectors that both are held to.
contract CircuitsTest is Test {
    uint256 private constant CIRCUITS = 2;

    string private json;

    function setUp() public {
        json = vm.readFile("../tests/vectors/circuits.json");
    }

    function test_verify_isTrueForProofsOfTheCrate() public {
        for (uint256 i = 0; i < CIRCUITS; ++i) {
            (IGroth16Verifier verifier, uint256[] memory inputs, bytes memory proof) = _of(i);
            assertEq(verifier.inputCount(), inputs.length);
            assertTrue(verifier.verify(inputs, proof));
        }
    }

    function test_verify_isFalseWithAnyInputAltered() public {
        for (uint256 i = 0; i < CIRCUITS; ++i) {
            (IGroth16Verifier verifier, uint256[] memory inputs, bytes memory proof) = _of(i);
            for (uint256 k = 0; k < inputs.length; ++k) {
                inputs[k] ^= 1;
                assertFalse(verifier.verify(inputs, proof));
                inputs[k] ^= 1;
            }
        }
    }

    /// Of the second circuit's bounds the first knows nothing, and each has a key of its own.
    function test_verify_isNotOfTheOtherCircuit() public {
        (IGroth16Verifier membership, uint256[] memory inputs, bytes memory proof) = _of(0);
        (IGroth16Verifier credential, uint256[] memory more, bytes memory other) = _of(1);
        assertFalse(membership.verify(inputs, other));
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.WrongInputCount.selector, 4, 13));
        credential.verify(inputs, proof);
        assertFalse(credential.verify(more, proof));
    }

    function _of(uint256 circuit)
        private
        returns (IGroth16Verifier verifier, uint256[] memory inputs, bytes memory proof)
    {
        string memory place = string.concat(".proofs[", vm.toString(circuit), "]");
        bytes memory key = vm.parseJsonBytes(json, string.concat(place, ".verifyingKeyEip2537"));
        verifier = IGroth16Verifier(vm.deployCode("Groth16Verifier.sol:Groth16Verifier", abi.encode(key)));
        bytes32[] memory words = vm.parseJsonBytes32Array(json, string.concat(place, ".inputs"));
        inputs = new uint256[](words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            inputs[i] = uint256(words[i]);
        }
        proof = vm.parseJsonBytes(json, string.concat(place, ".proofEip2537"));
    }
}
