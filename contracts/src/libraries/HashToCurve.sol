// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Eip2537} from "./Eip2537.sol";

/// @title Hashing to BLS12-381's scalars and to G1
/// @notice RFC 9380 with SHA-256: `expand_message_xmd`, `hash_to_field` into the scalars as the crate `stheno-crypto`
/// uses it (L = 48), and the suite `BLS12381G1_XMD:SHA-256_SSWU_RO_`.
library HashToCurve {
    /// @dev The order r of the groups.
    uint256 internal constant R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    /// @dev 2^256 modulo r.
    uint256 private constant TWO_256 = 0x1824b159acc5056f998c4fefecbc4ff55884b7fa0003480200000001fffffffe;

    /// @notice Thrown where RFC 9380 has no `expand_message_xmd`: the tag is longer than 255 bytes, or more than 255
    /// blocks are wanted.
    error CannotExpand(uint256 tagLength, uint256 length);

    /// @notice RFC 9380 §5.3.1, `expand_message_xmd` with SHA-256.
    function expandMessage(bytes memory message, bytes memory tag, uint256 length)
        internal
        pure
        returns (bytes memory uniform)
    {
        uint256 blocks = (length + 31) / 32;
        require(tag.length <= 255 && blocks <= 255, CannotExpand(tag.length, length));
        bytes memory suffix = abi.encodePacked(tag, uint8(tag.length));
        bytes32 first = sha256(abi.encodePacked(new bytes(64), message, uint16(length), uint8(0), suffix));
        uniform = new bytes(32 * blocks);
        bytes32 previous;
        for (uint256 i = 1; i <= blocks; ++i) {
            previous = sha256(abi.encodePacked(first ^ previous, uint8(i), suffix));
            assembly ("memory-safe") {
                mstore(add(uniform, mul(i, 32)), previous)
            }
        }
        assembly ("memory-safe") {
            mstore(uniform, length)
        }
    }

    /// @notice `hash_to_field` into the scalars: 48 uniform bytes modulo r.
    function toScalar(bytes memory message, bytes memory tag) internal pure returns (uint256) {
        bytes memory uniform = expandMessage(message, tag, 48);
        uint256 high;
        uint256 low;
        assembly ("memory-safe") {
            high := shr(128, mload(add(uniform, 32)))
            low := mload(add(uniform, 48))
        }
        return addmod(mulmod(high, TWO_256, R), low, R);
    }

    /// @notice The point of G1 that a message hashes to, as EIP-2537 writes it.
    /// @return answered Whether all precompiles answered; the point means nothing if not.
    function toG1(bytes memory message, bytes memory tag)
        internal
        view
        returns (bool answered, bytes memory point)
    {
        bytes memory uniform = expandMessage(message, tag, 128);
        bytes memory other;
        (answered, point) = _map(uniform, 0);
        if (!answered) return (false, point);
        (answered, other) = _map(uniform, 64);
        if (!answered) return (false, point);
        // The cofactor is cleared by the map, of each point: that is the same as of the sum.
        return Eip2537.g1Add(point, other);
    }

    /// @dev The point of the 64 bytes at `offset`.
    function _map(bytes memory uniform, uint256 offset)
        private
        view
        returns (bool answered, bytes memory point)
    {
        bytes32 high;
        bytes32 low;
        assembly ("memory-safe") {
            high := mload(add(add(uniform, 32), offset))
            low := mload(add(add(uniform, 64), offset))
        }
        bytes memory element;
        (answered, element) = Eip2537.reduce(abi.encodePacked(high, low));
        if (!answered) return (false, point);
        return Eip2537.mapToG1(element);
    }
}
