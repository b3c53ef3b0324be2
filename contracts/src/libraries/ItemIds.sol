// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Ids that nobody can squat
/// @notice An id is the SHA-256 of a tag, behind its length, the chain, the registry, and what makes it its owner's.
/// Who sees an id in an envelope or a mempool cannot register it for himself.
library ItemIds {
    bytes private constant ITEM_TAG = "\x17STHENO-V1-REGISTRY-ITEM";
    bytes private constant COLLECTION_TAG = "\x1dSTHENO-V1-REGISTRY-COLLECTION";
    bytes private constant PERIOD_TAG = "\x19STHENO-V1-REGISTRY-PERIOD";

    /// @notice `sha256(tag ‖ chain id ‖ registry ‖ owner ‖ salt)`, the chain id as 8 bytes.
    /// @param owner Who registers it.
    function item(address registry, address owner, bytes32 salt) internal view returns (bytes32) {
        return sha256(abi.encodePacked(ITEM_TAG, uint64(block.chainid), registry, owner, salt));
    }

    /// @notice `sha256(tag ‖ chain id ‖ registry ‖ owner ‖ salt)`, the chain id as 8 bytes.
    /// @param owner Who creates it.
    function collection(address registry, address owner, bytes32 salt) internal view returns (bytes32) {
        return sha256(abi.encodePacked(COLLECTION_TAG, uint64(block.chainid), registry, owner, salt));
    }

    /// @notice `sha256(tag ‖ chain id ‖ registry ‖ collection ‖ number ‖ seed)`, integers as 8 bytes.
    /// @param number The period's, from 1.
    function period(address registry, bytes32 ofCollection, uint64 number, bytes32 seed)
        internal
        view
        returns (bytes32)
    {
        return
            sha256(abi.encodePacked(PERIOD_TAG, uint64(block.chainid), registry, ofCollection, number, seed));
    }
}
