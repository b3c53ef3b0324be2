// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {X25519} from "../../src/libraries/X25519.sol";
import {Test} from "../support/Test.sol";

/// forge-config: deep.fuzz.runs = 100000
contract X25519Test is Test {
    /// All encodings of low order that libsodium refuses, with and without the top bit.
    function test_isPublicKey_refusesLowOrder() public pure {
        bytes32[7] memory blocked = [
            bytes32(0),
            0x0100000000000000000000000000000000000000000000000000000000000000,
            0xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800,
            0x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157,
            0xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f,
            0xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f,
            0xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
        ];
        for (uint256 i = 0; i < blocked.length; ++i) {
            assertFalse(X25519.isPublicKey(blocked[i]));
            assertFalse(X25519.isPublicKey(blocked[i] | bytes32(uint256(0x80))));
        }
    }

    function test_isPublicKey_takesTheEdges() public pure {
        // The base point 9; p - 2; and 2.
        assertTrue(X25519.isPublicKey(bytes32(uint256(9) << 248)));
        assertTrue(X25519.isPublicKey(0xebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f));
        assertTrue(X25519.isPublicKey(bytes32(uint256(2) << 248)));
        // RFC 7748, section 6.1: Alice's and Bob's keys.
        assertTrue(X25519.isPublicKey(0x8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a));
        assertTrue(X25519.isPublicKey(0xde9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f));
    }

    function testFuzz_isPublicKey_refusesTheTopBit(bytes32 key) public pure {
        assertFalse(X25519.isPublicKey(key | bytes32(uint256(0x80))));
    }

    function testFuzz_isPublicKey_refusesNumbersFromPOn(uint8 number) public pure {
        bytes32 top = 0x00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f;
        uint256 first = bound(number, 0xec, 0xff);
        assertFalse(X25519.isPublicKey(top | bytes32(first << 248)));
        assertTrue(X25519.isPublicKey(top | bytes32(bound(number, 0, 0xeb) << 248)));
    }

    function testFuzz_isPublicKey_takesTheRest(bytes32 key) public pure {
        key &= ~bytes32(uint256(0x80));
        key |= bytes32(uint256(0x02) << 248);
        key &= ~bytes32(uint256(0x01) << 8);
        assertTrue(X25519.isPublicKey(key));
    }
}
