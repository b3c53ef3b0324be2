// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Quorum} from "../../src/libraries/Quorum.sol";
import {Test} from "../support/Test.sol";

/// forge-config: deep.fuzz.runs = 100000
contract QuorumTest is Test {
    function testFuzz_isValid_isTheRule(uint256 threshold, uint256 size) public pure {
        size = bound(size, 2, 256);
        threshold = bound(threshold, 0, 300);
        // ⌈(n + 1) / 2⌉ ≤ t ≤ n
        bool wanted = threshold >= (size + 2) / 2 && threshold <= size;
        assertEq(Quorum.isValid(threshold, size, false), wanted);
        assertEq(Quorum.isValid(threshold, size, true), wanted);
    }

    function test_isValid_takesOneOfOneOnDevnetsOnly() public pure {
        assertTrue(Quorum.isValid(1, 1, true));
        assertFalse(Quorum.isValid(1, 1, false));
        assertFalse(Quorum.isValid(0, 0, true));
        assertFalse(Quorum.isValid(0, 1, true));
    }

    /// Two outcomes can never both have a quorum, and `t - 1` members alone can never make one.
    function testFuzz_ofConfirmations_isUnique(uint16 threshold, uint16 size) public pure {
        size = uint16(bound(size, 1, 256));
        threshold = uint16(bound(threshold, size / 2 + 1, size));
        uint16 needed = Quorum.ofConfirmations(threshold, size);
        assertGt(2 * needed, size);
        assertGe(needed, threshold);
        assertLe(needed, size);
        assertEq(needed, size - (size - threshold) / 2);
    }

    function test_ofConfirmations_matchesTheTable() public pure {
        assertEq(Quorum.ofConfirmations(1, 1), 1);
        assertEq(Quorum.ofConfirmations(2, 3), 3);
        assertEq(Quorum.ofConfirmations(3, 5), 4);
        assertEq(Quorum.ofConfirmations(43, 64), 54);
        assertEq(Quorum.ofConfirmations(171, 256), 214);
    }

    function testFuzz_count_countsBits(uint256 set) public pure {
        uint256 wanted = 0;
        for (uint16 index = 1; index <= 256; ++index) {
            if (set & Quorum.bit(index) != 0) ++wanted;
        }
        assertEq(Quorum.count(set), wanted);
    }

    function test_bit_countsFromOne() public pure {
        assertEq(Quorum.bit(1), 1);
        assertEq(Quorum.bit(256), 1 << 255);
    }
}
