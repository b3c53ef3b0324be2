// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Roots and proofs of the Merkle tree over node keys, as a node makes them
library KeysTree {
    function root(bytes[] memory keys) internal pure returns (bytes32) {
        bytes32[] memory row = _leaves(keys);
        while (row.length > 1) {
            row = _above(row);
        }
        return row[0];
    }

    /// @param position Index of the key in the array, from 0.
    function proof(bytes[] memory keys, uint256 position) internal pure returns (bytes32[] memory path) {
        bytes32[] memory row = _leaves(keys);
        path = new bytes32[](0);
        while (row.length > 1) {
            uint256 sibling = position ^ 1;
            if (sibling < row.length) path = _append(path, row[sibling]);
            row = _above(row);
            position /= 2;
        }
    }

    function _leaves(bytes[] memory keys) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            leaves[i] = keccak256(bytes.concat(bytes2(uint16(i + 1)), keys[i]));
        }
    }

    /// @dev Pairs in ascending order; one without a sibling moves up.
    function _above(bytes32[] memory row) private pure returns (bytes32[] memory next) {
        next = new bytes32[]((row.length + 1) / 2);
        for (uint256 i = 0; i < next.length; ++i) {
            bytes32 left = row[2 * i];
            if (2 * i + 1 == row.length) {
                next[i] = left;
                continue;
            }
            bytes32 right = row[2 * i + 1];
            next[i] = keccak256(left < right ? bytes.concat(left, right) : bytes.concat(right, left));
        }
    }

    function _append(bytes32[] memory path, bytes32 item) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](path.length + 1);
        for (uint256 i = 0; i < path.length; ++i) {
            longer[i] = path[i];
        }
        longer[path.length] = item;
    }
}
