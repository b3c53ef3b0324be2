// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Points of BLS12-381, as the precompiles write them and as everybody else does
/// @notice Precompiles take 256 bytes (EIP-2537: `x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1`, each 16 zero bytes and 48
/// big-endian); everything hashed or stored is compressed to 96 (ZCash/IETF: `x.c1 ‖ x.c0`, flags in the top
/// three bits).
library Bls12381 {
    /// @dev Length of a point of G2 in the form of EIP-2537.
    uint256 internal constant G2_BYTES = 256;

    /// @dev EIP-2537 multi-scalar multiplication in G2; it refuses points outside the subgroup.
    address private constant G2_MSM = address(0x0e);

    /// @dev keccak256 of 256 zero bytes: how EIP-2537 writes the point at infinity.
    bytes32 private constant INFINITY_HASH =
        0xd397b3b043d87fcd6fad1291ff0bfd16401c274896d8c63a923727f077b8e0b5;

    /// @dev (p - 1) / 2, split into its upper 16 and lower 32 bytes.
    uint256 private constant HALF_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// @dev Flags of the compressed form: compressed, and y is the larger of the two roots.
    bytes32 private constant COMPRESSED = bytes32(uint256(0x80) << 248);
    bytes32 private constant LARGER_Y = bytes32(uint256(0x20) << 248);

    /// @notice Whether the bytes are a canonical point of the subgroup of order r, other than infinity.
    /// @dev Multiplies by 1 and compares. The comparison also tells a chain without the precompile, where the
    /// call succeeds with empty output.
    function isKey(bytes calldata point) internal view returns (bool) {
        if (point.length != G2_BYTES || keccak256(point) == INFINITY_HASH) return false;
        (bool done, bytes memory product) = G2_MSM.staticcall(abi.encodePacked(point, uint256(1)));
        return done && product.length == G2_BYTES && keccak256(product) == keccak256(point);
    }

    /// @notice Compresses a point, given 256 bytes for which `isKey` holds.
    function compress(bytes calldata point) internal pure returns (bytes32[3] memory words) {
        // x.c1 is at 80..128, x.c0 at 16..64: the first 48 bytes of the result, and the last.
        words[0] = bytes32(point[80:112]) | COMPRESSED;
        words[1] = bytes32(abi.encodePacked(point[112:128], point[16:32]));
        words[2] = bytes32(point[32:64]);
        if (_isLarger(point[144:192], point[208:256])) words[0] |= LARGER_Y;
    }

    /// @notice Compresses a canonical point of G2 that is in memory: 96 bytes from 256.
    function compressed(bytes memory point) internal pure returns (bytes memory) {
        uint256[8] memory words = abi.decode(point, (uint256[8]));
        bool zero = words[6] == 0 && words[7] == 0;
        (uint256 high, uint256 low) = zero ? (words[4], words[5]) : (words[6], words[7]);
        bool larger = high > HALF_HIGH || (high == HALF_HIGH && low > HALF_LOW);
        uint128 flags = larger ? uint128(0xa0) << 120 : uint128(0x80) << 120;
        return abi.encodePacked(uint128(words[2]) | flags, words[3], uint128(words[0]), words[1]);
    }

    /// @notice A canonical point of G1 without its padding: 96 bytes from 128.
    function uncompressed(bytes memory point) internal pure returns (bytes memory) {
        uint256[4] memory words = abi.decode(point, (uint256[4]));
        return abi.encodePacked(uint128(words[0]), words[1], uint128(words[2]), words[3]);
    }

    /// @dev Whether `c0 + c1·u` is larger than its negative: c1 decides, and c0 where c1 is zero.
    function _isLarger(bytes calldata c0, bytes calldata c1) private pure returns (bool) {
        bytes calldata decisive = _isZero(c1) ? c0 : c1;
        uint256 high = uint128(bytes16(decisive[:16]));
        uint256 low = uint256(bytes32(decisive[16:]));
        return high > HALF_HIGH || (high == HALF_HIGH && low > HALF_LOW);
    }

    function _isZero(bytes calldata coordinate) private pure returns (bool) {
        return bytes16(coordinate[:16]) == 0 && bytes32(coordinate[16:]) == 0;
    }
}
