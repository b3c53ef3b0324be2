// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Eip2537} from "../../src/libraries/Eip2537.sol";
import {HashToCurve} from "../../src/libraries/HashToCurve.sol";
import {Test} from "../support/Test.sol";

/// Other people's vectors: EIP-2537's own, and RFC 9380's. They are kept beside the checkout, or where
/// `STHENO_VECTORS` says; where neither is there, or forge may not read it, the tests are skipped and say so.
contract Eip2537Test is Test {
    string private json;

    function test_g1Add_meetsTheVectors() public {
        uint256 count = _read("eip2537-add_G1_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            bytes memory input = _bytes(i, "Input");
            (bool answered, bytes memory sum) = Eip2537.g1Add(_slice(input, 0, 128), _slice(input, 128, 128));
            assertTrue(answered);
            assertEq(sum, _bytes(i, "Expected"));
        }
    }

    function test_g1Sum_meetsTheVectors() public {
        uint256 count = _read("eip2537-mul_G1_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            (bool answered, bytes memory product) = Eip2537.g1Sum(_bytes(i, "Input"));
            assertTrue(answered);
            assertEq(product, _bytes(i, "Expected"));
        }
    }

    function test_g2Sum_meetsTheVectors() public {
        uint256 count = _read("eip2537-mul_G2_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            (bool answered, bytes memory product) = Eip2537.g2Sum(_bytes(i, "Input"));
            assertTrue(answered);
            assertEq(product, _bytes(i, "Expected"));
        }
    }

    /// The negative is the point times r - 1, and infinity's is none that a precompile takes.
    function test_g1Negative_isTheMultipleByMinusOne() public {
        bytes memory point = Eip2537.g1();
        for (uint256 i = 1; i < 20; ++i) {
            (, bytes memory expected) = Eip2537.g1Sum(abi.encodePacked(point, HashToCurve.R - 1));
            (bool done, bytes memory negative) = Eip2537.g1Negative(point);
            assertTrue(done);
            assertEq(negative, expected);
            (, bytes memory sum) = Eip2537.g1Add(point, negative);
            assertTrue(Eip2537.isInfinity(sum));
            (, point) = Eip2537.g1Sum(abi.encodePacked(point, uint256(keccak256(abi.encode(i)))));
        }
        (bool none, bytes memory ofInfinity) = Eip2537.g1Negative(new bytes(128));
        assertTrue(none);
        (bool answered,) = this.g1Sum{gas: 1_000_000}(abi.encodePacked(ofInfinity, uint256(1)));
        assertFalse(answered);
    }

    function test_g1Negative_isNoneAboveP() public pure {
        bytes memory p = hex"000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd7"
            hex"64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
        (bool done, bytes memory negative) = Eip2537.g1Negative(bytes.concat(new bytes(64), p));
        assertTrue(done);
        assertEq(negative, new bytes(128));
        for (uint256 i = 0; i < 64; ++i) {
            bytes memory above = bytes.concat(new bytes(64), p);
            if (above[64 + i] == 0xff) continue;
            above[64 + i] = bytes1(uint8(above[64 + i]) + 1);
            (done,) = Eip2537.g1Negative(above);
            assertFalse(done);
        }
    }

    function test_g2Multiply_meetsTheVectors() public {
        uint256 count = _read("eip2537-mul_G2_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            bytes memory input = _bytes(i, "Input");
            (bool answered, bytes memory product) =
                Eip2537.g2Multiply(_slice(input, 0, 256), uint256(bytes32(_slice(input, 256, 32))));
            assertTrue(answered);
            assertEq(product, _bytes(i, "Expected"));
        }
    }

    function test_mapToG1_meetsTheVectors() public {
        uint256 count = _read("eip2537-map_fp_to_G1_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            (bool answered, bytes memory point) = Eip2537.mapToG1(_bytes(i, "Input"));
            assertTrue(answered);
            assertEq(point, _bytes(i, "Expected"));
        }
    }

    function test_pairingCheck_meetsTheVectors() public {
        uint256 count = _read("eip2537-pairing_check_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            Eip2537.Answer answer = Eip2537.pairingCheck(10_000_000, _bytes(i, "Input"));
            bool one = uint256(bytes32(_bytes(i, "Expected"))) == 1;
            assertTrue(answer == (one ? Eip2537.Answer.One : Eip2537.Answer.NotOne));
        }
    }

    function test_calls_failOnTheFailingVectors() public {
        uint256 count = _read("eip2537-fail-pairing_check_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            Eip2537.Answer answer = Eip2537.pairingCheck(10_000_000, _bytes(i, "Input"));
            assertTrue(answer == Eip2537.Answer.Failure);
        }
        count = _read("eip2537-fail-map_fp_to_G1_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            (bool answered,) = this.mapToG1{gas: 1_000_000}(_bytes(i, "Input"));
            assertFalse(answered);
        }
        count = _read("eip2537-fail-msm_G1_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            (bool answered,) = this.g1Sum{gas: 1_000_000}(_bytes(i, "Input"));
            assertFalse(answered);
        }
        count = _read("eip2537-fail-mul_G2_bls.json");
        for (uint256 i = 0; i < count; ++i) {
            bytes memory input = _bytes(i, "Input");
            if (input.length != 288) continue;
            (bool answered,) = this.g2Multiply{gas: 1_000_000}(
                _slice(input, 0, 256), uint256(bytes32(_slice(input, 256, 32)))
            );
            assertFalse(answered);
        }
    }

    function test_toG1_meetsRfc9380() public {
        if (!_open("rfc9380-bls12381g1-sswu-ro.json")) return;
        bytes memory tag = bytes(vm.parseJsonString(json, ".dst"));
        for (uint256 i = 0; i < 5; ++i) {
            string memory place = string.concat(".vectors[", vm.toString(i), "]");
            bytes memory message = bytes(vm.parseJsonString(json, string.concat(place, ".msg")));
            (bool answered, bytes memory point) = HashToCurve.toG1(message, tag);
            assertTrue(answered);
            bytes memory x = vm.parseJsonBytes(json, string.concat(place, ".P.x"));
            bytes memory y = vm.parseJsonBytes(json, string.concat(place, ".P.y"));
            assertEq(point, bytes.concat(bytes16(0), x, bytes16(0), y));
        }
    }

    function mapToG1(bytes calldata element) external view returns (bool, bytes memory) {
        return Eip2537.mapToG1(element);
    }

    function g1Sum(bytes calldata terms) external view returns (bool, bytes memory) {
        return Eip2537.g1Sum(terms);
    }

    function g2Multiply(bytes calldata point, uint256 scalar) external view returns (bool, bytes memory) {
        return Eip2537.g2Multiply(point, scalar);
    }

    /// @dev How many vectors the file has; none if it is not there.
    function _read(string memory name) private returns (uint256 count) {
        if (!_open(name)) return 0;
        while (vm.keyExistsJson(json, string.concat("[", vm.toString(count), "]"))) ++count;
        assertGe(count, 5);
    }

    function _open(string memory name) private returns (bool) {
        string memory folder = vm.envOr("STHENO_VECTORS", "../../shared/vectors");
        try vm.readFile(string.concat(folder, "/external/", name)) returns (string memory text) {
            json = text;
            return true;
        } catch {
            vm.skip(true, string.concat("no vectors in ", folder));
            return false;
        }
    }

    function _bytes(uint256 i, string memory name) private view returns (bytes memory) {
        string memory place = string.concat("[", vm.toString(i), "].", name);
        return vm.parseBytes(string.concat("0x", vm.parseJsonString(json, place)));
    }

    function _slice(bytes memory from, uint256 start, uint256 length)
        private
        pure
        returns (bytes memory slice)
    {
        slice = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            slice[i] = from[start + i];
        }
    }
}
