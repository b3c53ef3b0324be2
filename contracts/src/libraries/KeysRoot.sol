// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title The Merkle tree over a committee's node keys
/// @notice Leaf `i` is `keccak256(i as 2 bytes big-endian ‖ X_i compressed, 96 bytes)`; a node is keccak256 of its
/// two children in ascending order; a node without a sibling moves up as it is.
/// @dev A leaf's preimage has 98 bytes and a node's 64, so neither passes for the other.
library KeysRoot {
    /// @dev Length of a compressed node key.
    uint256 internal constant KEY_BYTES = 96;

    /// @notice Whether `key` is the node key of `index` under `root`.
    function proves(bytes32 root, uint16 index, bytes calldata key, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        if (key.length != KEY_BYTES) return false;
        return MerkleProof.verifyCalldata(proof, root, keccak256(abi.encodePacked(index, key)));
    }
}
