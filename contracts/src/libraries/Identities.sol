// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bls12381} from "./Bls12381.sol";
import {HashToCurve} from "./HashToCurve.sol";

/// @title What a key is encrypted to
/// @notice An identity is 128 bytes: `network id ‖ fingerprint of the network key ‖ policy digest ‖ item`
/// (crates/crypto/SPEC.md §3). A contract that derives all four knows what it speaks of.
library Identities {
    bytes private constant NETWORK_ID_TAG = "STHENO-V1-NETWORK-ID";
    bytes private constant POLICY_DIGEST_TAG = "STHENO-V1-POLICY-DIGEST";
    bytes private constant POINT_TAG = "STHENO-V1-IDENTITY-BLS12381G1_XMD:SHA-256_SSWU_RO_";

    /// @notice Names one committee of one contract on one chain.
    function networkId(uint64 chainId, address committee, uint64 committeeId)
        internal
        pure
        returns (bytes32)
    {
        return _hash(NETWORK_ID_TAG, abi.encodePacked(chainId, committee, committeeId));
    }

    /// @notice SHA-256 of the compressed network key: what a writer pins.
    /// @param networkKey 256 bytes, as EIP-2537 writes the point.
    function fingerprint(bytes memory networkKey) internal pure returns (bytes32) {
        return sha256(Bls12381.compressed(networkKey));
    }

    /// @notice Names one policy by its canonical bytes (crates/protocol/SPEC.md, deterministic CBOR).
    function policyDigest(bytes memory policy) internal pure returns (bytes32) {
        return _hash(POLICY_DIGEST_TAG, policy);
    }

    /// @notice The 128 bytes of an identity.
    function identity(bytes32 network, bytes32 keyFingerprint, bytes32 policy, bytes32 item)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(network, keyFingerprint, policy, item);
    }

    /// @notice The point `Q` of an identity, as EIP-2537 writes it.
    /// @return answered Whether all precompiles answered; the point means nothing if not.
    function point(bytes memory identity_) internal view returns (bool answered, bytes memory) {
        return HashToCurve.toG1(identity_, POINT_TAG);
    }

    function _hash(bytes memory tag, bytes memory message) private pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(tag.length), tag, message));
    }
}
