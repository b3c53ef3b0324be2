// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Share, Sibling} from "../../src/interfaces/ISplitter.sol";

/// @title A Merkle sum tree, as an SDK builds it
/// @dev Level by level; a node without a sibling goes up as it is.
library SplitTree {
    struct Tree {
        bytes32[][] hashes;
        uint256[][] sums;
    }

    function build(Share[] memory shares) internal pure returns (Tree memory tree) {
        uint256 levels = 1;
        for (uint256 size = shares.length; size > 1; size = (size + 1) / 2) {
            ++levels;
        }
        (tree.hashes, tree.sums) = (new bytes32[][](levels), new uint256[][](levels));
        (tree.hashes[0], tree.sums[0]) = (new bytes32[](shares.length), new uint256[](shares.length));
        for (uint256 i = 0; i < shares.length; ++i) {
            tree.hashes[0][i] = leaf(shares[i]);
            tree.sums[0][i] = shares[i].shares;
        }
        for (uint256 level = 1; level < levels; ++level) {
            (tree.hashes[level], tree.sums[level]) = _above(tree.hashes[level - 1], tree.sums[level - 1]);
        }
    }

    function root(Tree memory tree) internal pure returns (bytes32 hash, uint256 sum) {
        uint256 top = tree.hashes.length - 1;
        return (tree.hashes[top][0], tree.sums[top][0]);
    }

    function path(Tree memory tree, uint256 index) internal pure returns (Sibling[] memory list) {
        Sibling[] memory all = new Sibling[](tree.hashes.length - 1);
        uint256 count = 0;
        for (uint256 level = 0; level + 1 < tree.hashes.length; ++level) {
            uint256 beside = index ^ 1;
            if (beside < tree.hashes[level].length) {
                all[count++] = Sibling(tree.hashes[level][beside], tree.sums[level][beside], beside < index);
            }
            index /= 2;
        }
        list = new Sibling[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = all[i];
        }
    }

    function leaf(Share memory share) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(share.account, share.shares))));
    }

    function node(bytes32 left, uint256 ofLeft, bytes32 right, uint256 ofRight)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(left, ofLeft, right, ofRight));
    }

    function _above(bytes32[] memory hashes, uint256[] memory sums)
        private
        pure
        returns (bytes32[] memory above, uint256[] memory sumsAbove)
    {
        uint256 size = (hashes.length + 1) / 2;
        (above, sumsAbove) = (new bytes32[](size), new uint256[](size));
        for (uint256 i = 0; i < size; ++i) {
            if (2 * i + 1 == hashes.length) {
                (above[i], sumsAbove[i]) = (hashes[2 * i], sums[2 * i]);
            } else {
                above[i] = node(hashes[2 * i], sums[2 * i], hashes[2 * i + 1], sums[2 * i + 1]);
                sumsAbove[i] = sums[2 * i] + sums[2 * i + 1];
            }
        }
    }
}
