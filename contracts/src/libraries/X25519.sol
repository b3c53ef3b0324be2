// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Which bytes are a public key for X25519
library X25519 {
    /// @dev The two points of order 8, as in RFC 7748's little-endian bytes.
    bytes32 private constant ORDER_8_A = 0xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800;
    bytes32 private constant ORDER_8_B = 0x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157;

    /// @dev All bytes of p = 2^255 - 19 but the first.
    bytes32 private constant P_TAIL = 0x00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f;

    /// @notice Whether `key` is canonical (below p, top bit clear) and not of low order.
    /// @dev Low order is 0, 1, p - 1 and the two points of order 8; with such a key the shared secret is zero
    /// whatever the sender does, and everybody could read the share.
    function isPublicKey(bytes32 key) internal pure returns (bool) {
        uint8 first = uint8(key[0]);
        uint8 last = uint8(key[31]);
        bytes32 tail = key & ~bytes32(uint256(0xff) << 248);
        if (last > 0x7f) return false;
        // First byte 0xec is p - 1, everything above is not canonical.
        if (tail == P_TAIL && first >= 0xec) return false;
        if (tail == 0 && first <= 1) return false;
        return key != ORDER_8_A && key != ORDER_8_B;
    }
}
