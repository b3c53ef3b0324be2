// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The policy of what opens to everybody
/// @notice One condition: a `call` of `isOpen(:item)` that returns true, read at final blocks and at the head like every
/// other. In JSON: `{ "version": 1, "rule": { "call": { "chain": …, "to": …, "function":
/// "isOpen(bytes32) view returns (bool)", "args": [":item"], "returns": { "==": true } } } }`.
library ReleasePolicy {
    /// @notice The policy's canonical bytes (crates/protocol/SPEC.md, policy.cddl).
    function encode(uint64 chainId, address to) internal pure returns (bytes memory) {
        bytes memory chain = _unsigned(chainId);
        // {1: 1, 2: [16, {1: chain,
        bytes memory head = bytes.concat(hex"a20101028210a701", chain);
        // 2: to, 4: function,
        bytes memory callee = abi.encodePacked(hex"0254", to, hex"0475", "isOpen(bytes32)(bool)");
        // 5: [{0: "item"}], 6: [0], 7: equal, 8: [true]}]}
        return bytes.concat(head, callee, hex"0581a100646974656d068100070008", hex"81f5");
    }

    /// @dev An unsigned integer in the shortest form of RFC 8949.
    function _unsigned(uint64 number) private pure returns (bytes memory) {
        if (number < 24) return abi.encodePacked(uint8(number));
        if (number <= type(uint8).max) return abi.encodePacked(hex"18", uint8(number));
        if (number <= type(uint16).max) return abi.encodePacked(hex"19", uint16(number));
        if (number <= type(uint32).max) return abi.encodePacked(hex"1a", uint32(number));
        return abi.encodePacked(hex"1b", number);
    }
}
