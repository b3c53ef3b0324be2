// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../../src/interfaces/IGroth16Verifier.sol";
import {Test} from "./Test.sol";

/// @notice What the vectors have for one period.
struct Proven {
    uint64 period;
    uint256[] inputs;
    bytes proof;
    bytes rerandomised;
}

/// @title A key and proofs that were not made by Solidity: of arkworks, for a toy circuit (the file says how)
abstract contract Groth16Vectors is Test {
    string internal json;

    function setUp() public virtual {
        json = vm.readFile("test/vectors/groth16.json");
    }

    function deployVerifier(bytes memory key) internal returns (IGroth16Verifier) {
        return IGroth16Verifier(vm.deployCode("Groth16Verifier.sol:Groth16Verifier", abi.encode(key)));
    }

    function realKey() internal view returns (bytes memory) {
        return vm.parseJsonBytes(json, ".key");
    }

    function realProof(uint64 period) internal view returns (Proven memory given) {
        string memory place = string.concat(".proofs[", vm.toString(uint256(period)), "]");
        given.period = uint64(vm.parseJsonUint(json, string.concat(place, ".period")));
        bytes32[] memory words = vm.parseJsonBytes32Array(json, string.concat(place, ".inputs"));
        given.inputs = new uint256[](words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            given.inputs[i] = uint256(words[i]);
        }
        given.proof = vm.parseJsonBytes(json, string.concat(place, ".proof"));
        given.rerandomised = vm.parseJsonBytes(json, string.concat(place, ".rerandomised"));
    }

    /// @dev A point on the curve, and not in the subgroup.
    function outsideG1() internal view returns (bytes memory) {
        return vm.parseJsonBytes(json, ".outside.g1");
    }

    /// @dev The same on the curve of G2.
    function outsideG2() internal view returns (bytes memory) {
        return vm.parseJsonBytes(json, ".outside.g2");
    }
}
