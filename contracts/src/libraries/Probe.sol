// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Truth} from "../types/AccessTypes.sol";

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

/// @title Questions to contracts that may not answer
/// @notice A revert, exhausted gas, no code, or anything but one clean word of 32 bytes is unknown. No more than that
/// word is ever copied, so that a large answer costs only the contract that makes it.
library Probe {
    /// @notice What a function that returns one `bool` says.
    function yesOrNo(address target, uint256 gas_, bytes memory question) internal view returns (Truth) {
        (bool answered, uint256 word) = _ask(target, gas_, question);
        if (!answered || word > 1) return Truth.Unknown;
        return word == 1 ? Truth.True : Truth.False;
    }

    /// @notice Whether a function that returns one `uint256` returns at least so much.
    function atLeast(address target, uint256 gas_, bytes memory question, uint256 least)
        internal
        view
        returns (Truth)
    {
        (bool answered, uint256 word) = _ask(target, gas_, question);
        if (!answered) return Truth.Unknown;
        return word >= least ? Truth.True : Truth.False;
    }

    function _ask(address target, uint256 gas_, bytes memory question)
        private
        view
        returns (bool answered, uint256 word)
    {
        assembly ("memory-safe") {
            answered := staticcall(gas_, target, add(question, 0x20), mload(question), 0x00, 0x20)
            word := mload(0x00)
        }
        // No code answers nothing.
        answered = answered && LowLevelCall.returnDataSize() == 32;
    }
}
