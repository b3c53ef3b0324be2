// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Test} from "./support/Test.sol";

/// What is deployed fits into what a chain takes.
contract SizesTest is Test {
    string[13] private _names = [
        "Committee",
        "AccessPass",
        "AccessRegistry",
        "PayPerAccess",
        "DataPass",
        "Subscription",
        "Splitter",
        "Escrow",
        "Catalogue",
        "Groth16Verifier",
        "OwnedGroup",
        "VotedGroup",
        "Nullifiers"
    ];

    /// Code of 24 KiB (EIP-170, and on Filecoin), in a message of 64 KiB with its constructor's arguments.
    function test_contracts_fitIntoTheLimits() public view {
        for (uint256 i = 0; i < _names.length; ++i) {
            string memory artifact = string.concat(_names[i], ".sol:", _names[i]);
            uint256 size = vm.getDeployedCode(artifact).length;
            assertGt(size, 1000, _names[i]);
            assertLt(size, 24 * 1024, _names[i]);
            assertLt(vm.getCode(artifact).length, 48 * 1024, _names[i]);
        }
    }
}
