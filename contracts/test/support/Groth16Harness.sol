// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Groth16} from "../../src/libraries/Groth16.sol";
import {Verdict} from "../../src/libraries/ThresholdVerifier.sol";

/// @title The library alone, for keys that the contract would refuse
contract Groth16Harness {
    function checkKey(bytes calldata key) external view returns (uint256) {
        return Groth16.checkKey(key);
    }

    function verify(bytes calldata key, uint256[] calldata inputs, bytes calldata proof)
        external
        view
        returns (Verdict)
    {
        return Groth16.verify(key, inputs, proof);
    }
}
