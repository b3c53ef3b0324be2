// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Times until which something lasts
library Deadline {
    /// @notice `duration` more seconds, from now or from the end that is still to come; at most for good, which is
    /// `type(uint64).max`.
    function extend(uint64 until, uint64 duration) internal view returns (uint64) {
        return add(until > block.timestamp ? until : uint64(block.timestamp), duration);
    }

    /// @notice The sum, at most `type(uint64).max`.
    function add(uint64 time, uint64 duration) internal pure returns (uint64) {
        uint256 sum = uint256(time) + duration;
        return sum > type(uint64).max ? type(uint64).max : uint64(sum);
    }
}
