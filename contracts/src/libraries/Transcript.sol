// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The running hash over a ceremony's messages
/// @notice It starts as the ceremony's context. A node that recomputes it from the log and compares knows
/// whether its RPC left a message out.
library Transcript {
    /// @dev What kind of message was taken in.
    uint8 internal constant DEAL = 1;
    uint8 internal constant COMPLAIN = 2;
    uint8 internal constant ANSWER = 3;
    uint8 internal constant CONFIRM = 4;
    uint8 internal constant EXTEND = 5;

    /// @notice The transcript after one more message.
    /// @param kind One of the constants above.
    /// @param sender Index of the member that signed.
    /// @param structHash The message's EIP-712 struct hash.
    function append(bytes32 transcript, uint8 kind, uint16 sender, bytes32 structHash)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(transcript, kind, sender, structHash));
    }
}
