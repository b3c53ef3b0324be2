// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {G2Vectors} from "../support/G2Vectors.sol";

/// forge-config: deep.fuzz.runs = 100000
contract Bls12381Test is G2Vectors {
    /// @dev (p - 1) / 2, 48 bytes.
    bytes private constant HALF =
        hex"0d0088f51cbff34d258dd3db21a5d66bb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555";

    function isKey(bytes calldata point) external view returns (bool) {
        return Bls12381.isKey(point);
    }

    function compress(bytes calldata point) external pure returns (bytes memory) {
        return abi.encodePacked(Bls12381.compress(point));
    }

    function test_compress_meetsTheVectors() public view {
        bytes[] memory given = points();
        bytes[] memory wanted = compressedPoints();
        assertEq(given.length, 32);
        for (uint256 i = 0; i < given.length; ++i) {
            assertEq(this.compress(given[i]), wanted[i]);
        }
    }

    /// Of a point and its negative exactly one has the larger y, and they have the same x.
    function testFuzz_compress_tellsAPointFromItsNegative(uint256 scalar) public view {
        bytes memory point = _multiple(bound(scalar, 1, type(uint128).max));
        bytes memory negative = _negate(point);
        assertTrue(this.isKey(negative));
        bytes memory a = this.compress(point);
        bytes memory b = this.compress(negative);
        assertEq(a[0] ^ b[0], bytes1(0x20));
        assertEq(a[0] & 0xc0, bytes1(0x80));
        a[0] = b[0];
        assertEq(a, b);
    }

    /// y.c1 decides; where it is zero, y.c0 does. Such points need not exist for the rule to be tested.
    function test_compress_comparesCoordinatesInOrder() public view {
        bytes memory zero = new bytes(48);
        bytes memory above = _plusOne(HALF);
        assertEq(this.compress(_point(zero, HALF))[0], bytes1(0x80));
        assertEq(this.compress(_point(zero, above))[0], bytes1(0xa0));
        assertEq(this.compress(_point(above, HALF))[0], bytes1(0x80));
        assertEq(this.compress(_point(HALF, above))[0], bytes1(0xa0));
        assertEq(this.compress(_point(HALF, zero))[0], bytes1(0x80));
        assertEq(this.compress(_point(above, zero))[0], bytes1(0xa0));
    }

    function testFuzz_isKey_takesMultiplesOfTheGenerator(uint256 scalar) public view {
        assertTrue(this.isKey(_multiple(bound(scalar, 1, type(uint128).max))));
    }

    function testFuzz_isKey_refusesFlippedBits(uint256 scalar, uint256 bit) public view {
        bytes memory point = _multiple(bound(scalar, 1, type(uint128).max));
        bit = bound(bit, 0, 8 * 256 - 1);
        point[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        assertFalse(this.isKey(point));
    }

    function test_isKey_refusesOtherLengths() public view {
        bytes memory point = points()[0];
        assertFalse(this.isKey(""));
        assertFalse(this.isKey(compressedPoints()[0]));
        assertFalse(this.isKey(bytes.concat(point, hex"00")));
    }

    function test_isKey_refusesInfinity() public view {
        assertFalse(this.isKey(new bytes(256)));
    }

    function test_isKey_refusesPointsOutsideTheSubgroup() public view {
        assertFalse(this.isKey(outsideSubgroup()));
    }

    function test_isKey_refusesPointsOffTheCurve() public view {
        assertFalse(this.isKey(offCurve()));
    }

    function test_isKey_refusesCoordinatesAboveP() public view {
        assertFalse(this.isKey(notCanonical()));
    }

    /// Where there is no precompile a call succeeds and returns nothing.
    function test_isKey_refusesIfThereIsNoPrecompile() public {
        bytes memory point = points()[0];
        vm.mockCall(address(0x0e), bytes(""), bytes(""));
        assertFalse(this.isKey(point));
    }

    function _multiple(uint256 scalar) private view returns (bytes memory) {
        (bool done, bytes memory product) = address(0x0e).staticcall(abi.encodePacked(points()[0], scalar));
        require(done);
        return product;
    }

    function _negate(bytes memory point) private pure returns (bytes memory negative) {
        negative = bytes.concat(point);
        _negateCoordinate(negative, 128);
        _negateCoordinate(negative, 192);
    }

    /// @dev p minus the 64-byte number at `offset`, by two 32-byte words.
    function _negateCoordinate(bytes memory point, uint256 offset) private pure {
        uint256 pHigh = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
        uint256 pLow = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
        assembly ("memory-safe") {
            let at := add(add(point, 32), offset)
            let high := mload(at)
            let low := mload(add(at, 32))
            mstore(at, sub(sub(pHigh, high), lt(pLow, low)))
            mstore(add(at, 32), sub(pLow, low))
        }
    }

    /// @dev A "point" with x = 0 and the given y.
    function _point(bytes memory c0, bytes memory c1) private pure returns (bytes memory) {
        return bytes.concat(new bytes(128), new bytes(16), c0, new bytes(16), c1);
    }

    function _plusOne(bytes memory number) private pure returns (bytes memory more) {
        more = bytes.concat(number);
        more[47] = bytes1(uint8(more[47]) + 1);
    }
}
