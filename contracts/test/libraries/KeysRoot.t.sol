// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {KeysRoot} from "../../src/libraries/KeysRoot.sol";
import {KeysTree} from "../support/KeysTree.sol";
import {Test} from "../support/Test.sol";

/// forge-config: deep.fuzz.runs = 100000
contract KeysRootTest is Test {
    function proves(bytes32 root, uint16 index, bytes calldata key, bytes32[] calldata proof)
        external
        pure
        returns (bool)
    {
        return KeysRoot.proves(root, index, key, proof);
    }

    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_proves_everyKeyOfATree(bytes32 seed, uint256 size) public view {
        bytes[] memory keys = _keys(seed, bound(size, 1, 17));
        bytes32 root = KeysTree.root(keys);
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes32[] memory proof = KeysTree.proof(keys, i);
            assertTrue(this.proves(root, uint16(i + 1), keys[i], proof));
            // Not at another place, and not with another key.
            assertFalse(this.proves(root, uint16(i + 2), keys[i], proof));
            keys[i][5] ^= 0x01;
            assertFalse(this.proves(root, uint16(i + 1), keys[i], proof));
            keys[i][5] ^= 0x01;
        }
    }

    function test_proves_keysOfTheLargestTree() public view {
        bytes[] memory keys = _keys("large", 256);
        bytes32 root = KeysTree.root(keys);
        bytes32[] memory proof = KeysTree.proof(keys, 255);
        assertEq(proof.length, 8);
        assertTrue(this.proves(root, 256, keys[255], proof));
    }

    /// Three keys, by hand: the third has no sibling and moves up.
    function test_root_promotesTheOddOne() public view {
        bytes[] memory keys = _keys("three", 3);
        bytes32 a = keccak256(abi.encodePacked(uint16(1), keys[0]));
        bytes32 b = keccak256(abi.encodePacked(uint16(2), keys[1]));
        bytes32 c = keccak256(abi.encodePacked(uint16(3), keys[2]));
        bytes32 ab = a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
        bytes32 root = ab < c ? keccak256(abi.encodePacked(ab, c)) : keccak256(abi.encodePacked(c, ab));
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = ab;
        assertTrue(this.proves(root, 3, keys[2], proof));
        assertEq(KeysTree.root(keys), root);
    }

    function test_proves_failsIfLengthIsNot96() public view {
        bytes memory short = new bytes(95);
        bytes32 root = keccak256(abi.encodePacked(uint16(1), short));
        assertFalse(this.proves(root, 1, short, new bytes32[](0)));
    }

    function _keys(bytes32 seed, uint256 size) private pure returns (bytes[] memory keys) {
        keys = new bytes[](size);
        for (uint256 i = 0; i < size; ++i) {
            bytes32 word = keccak256(abi.encode(seed, i));
            keys[i] = abi.encodePacked(word, keccak256(abi.encode(word)), ~word);
        }
    }
}
