// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title How many members it takes
library Quorum {
    /// @dev Sets of members are bits of one word.
    uint256 internal constant MAX_MEMBERS = 256;

    /// @notice Whether `threshold` of `size` may hold a key: `⌈(size + 1) / 2⌉ ≤ threshold ≤ size`, so that two
    /// disjoint halves can never both reach it. A committee of one exists on devnets only.
    function isValid(uint256 threshold, uint256 size, bool devnet) internal pure returns (bool) {
        if (size == 1 && !devnet) return false;
        return threshold > size / 2 && threshold <= size;
    }

    /// @notice Equal confirmations that activate an outcome: `size - ⌊(size - threshold) / 2⌋`.
    function ofConfirmations(uint16 threshold, uint16 size) internal pure returns (uint16) {
        return size - (size - threshold) / 2;
    }

    /// @notice The set of the member `index`, which counts from 1.
    function bit(uint16 index) internal pure returns (uint256) {
        return uint256(1) << (index - 1);
    }

    /// @notice How many members a set has.
    function count(uint256 set) internal pure returns (uint256 members) {
        for (; set != 0; set &= set - 1) {
            ++members;
        }
    }
}
