// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {Eip2537} from "../../src/libraries/Eip2537.sol";
import {Encapsulation} from "../../src/libraries/Encapsulation.sol";
import {HashToCurve} from "../../src/libraries/HashToCurve.sol";
import {Identities} from "../../src/libraries/Identities.sol";
import {Verdict} from "../../src/libraries/ThresholdVerifier.sol";
import {VerifierVectors} from "../support/VerifierVectors.sol";

/// Hashes, identities and encapsulations are the crate's.
/// forge-config: deep.fuzz.runs = 100000
contract HashToCurveTest is VerifierVectors {
    function expandMessage(bytes calldata message, bytes calldata tag, uint256 length)
        external
        pure
        returns (bytes memory)
    {
        return HashToCurve.expandMessage(message, tag, length);
    }

    function toG1(bytes calldata message, bytes calldata tag) external view returns (bool, bytes memory) {
        return HashToCurve.toG1(message, tag);
    }

    function compressed(bytes calldata point) external pure returns (bytes memory) {
        return abi.encodePacked(Bls12381.compress(point));
    }

    function isKey(bytes calldata point) external view returns (bool) {
        return Bls12381.isKey(point);
    }

    function opens(bytes calldata identity, bytes calldata u, bytes32 secret)
        external
        view
        returns (Verdict)
    {
        return Encapsulation.opens(identity, u, secret);
    }

    function test_expandMessage_isTheCrates() public view {
        uint256 count = countOf(".expandMessage");
        assertEq(count, 3);
        for (uint256 i = 0; i < count; ++i) {
            string memory place = placeOf(".expandMessage", i);
            bytes memory message = bytesAt(place, ".message");
            bytes memory tag = bytesAt(place, ".tag");
            assertEq(this.expandMessage(message, tag, 32), bytesAt(place, ".of32"));
            assertEq(this.expandMessage(message, tag, 48), bytesAt(place, ".of48"));
            assertEq(this.expandMessage(message, tag, 128), bytesAt(place, ".of128"));
        }
    }

    function test_expandMessage_isRfc9380s() public view {
        // RFC 9380, appendix K.1, SHA-256, the empty message and "abc".
        bytes memory tag = "QUUX-V01-CS02-with-expander-SHA256-128";
        assertEq(
            this.expandMessage("", tag, 32),
            hex"68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"
        );
        assertEq(
            this.expandMessage("abc", tag, 32),
            hex"d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"
        );
        assertEq(
            this.expandMessage("", tag, 128),
            hex"af84c27ccfd45d41914fdff5df25293e221afc53d8ad2ac06d5e3e29485dadbe"
            hex"e0d121587713a3e0dd4d5e69e93eb7cd4f5df4cd103e188cf60cb02edc3edf18"
            hex"eda8576c412b18ffb658e3dd6ec849469b979d444cf7b26911a08e63cf31f9dc"
            hex"c541708d3491184472c2c29bb749d4286b004ceb5ee6b9a7fa5b646c993f0ced"
        );
    }

    function test_expandMessage_refusesWhatTheRfcDoes() public {
        this.expandMessage("", new bytes(255), 255 * 32);
        vm.expectRevert(abi.encodeWithSelector(HashToCurve.CannotExpand.selector, 256, 32));
        this.expandMessage("", new bytes(256), 32);
        vm.expectRevert(abi.encodeWithSelector(HashToCurve.CannotExpand.selector, 1, 255 * 32 + 1));
        this.expandMessage("", new bytes(1), 255 * 32 + 1);
    }

    function test_toG1_isTheCrates() public view {
        uint256 count = countOf(".hashToG1");
        assertEq(count, 12);
        for (uint256 i = 0; i < count; ++i) {
            string memory place = placeOf(".hashToG1", i);
            (bool answered, bytes memory point) =
                HashToCurve.toG1(bytesAt(place, ".message"), bytesAt(place, ".tag"));
            assertTrue(answered);
            assertEq(point, bytesAt(place, ".point"));
        }
    }

    function test_toScalar_isTheCrates() public view {
        string memory hashes = vm.readFile("../tests/vectors/crypto-hash.json");
        for (uint256 i = 0; i < 3; ++i) {
            string memory place = placeOf("", i);
            uint256 scalar = HashToCurve.toScalar(
                vm.parseJsonBytes(hashes, string.concat(place, ".message")),
                bytes(vm.parseJsonString(hashes, string.concat(place, ".tag")))
            );
            assertEq(bytes32(scalar), vm.parseJsonBytes32(hashes, string.concat(place, ".hashToField")));
        }
    }

    /// forge-config: default.fuzz.runs = 1000
    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_toG1_isInTheSubgroup(bytes calldata message) public view {
        (bool answered, bytes memory point) = HashToCurve.toG1(message, "a tag");
        assertTrue(answered);
        bytes memory pair = bytes.concat(point, Eip2537.g2());
        assertTrue(Eip2537.pairingCheck(gasleft(), pair) == Eip2537.Answer.NotOne);
    }

    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_toG1_answersOrNotForWantOfGas(uint256 gasLimit) public view {
        (, bytes memory right) = this.toG1("m", "a tag");
        try this.toG1{gas: bound(gasLimit, 1_000, 100_000)}("m", "a tag") returns (
            bool answered, bytes memory point
        ) {
            if (answered) assertEq(point, right);
        } catch {}
    }

    function test_identities_areTheCrates() public view {
        string memory identities = vm.readFile("../tests/vectors/crypto-identity.json");
        for (uint256 i = 0; i < 2; ++i) {
            string memory place = placeOf("", i);
            bytes32 network = Identities.networkId(
                uint64(vm.parseJsonUint(identities, string.concat(place, ".chainId"))),
                vm.parseJsonAddress(identities, string.concat(place, ".contract")),
                uint64(vm.parseJsonUint(identities, string.concat(place, ".committeeId")))
            );
            assertEq(network, _word(identities, place, ".networkId"));
            bytes32 fingerprint = Identities.fingerprint(
                vm.parseJsonBytes(identities, string.concat(place, ".networkKeyEip2537"))
            );
            assertEq(fingerprint, _word(identities, place, ".fingerprint"));
            bytes32 digest = Identities.policyDigest(
                vm.parseJsonBytes(identities, string.concat(place, ".canonicalPolicy"))
            );
            assertEq(digest, _word(identities, place, ".policyDigest"));
            assertEq(
                Identities.identity(network, fingerprint, digest, _word(identities, place, ".item")),
                vm.parseJsonBytes(identities, string.concat(place, ".identity"))
            );
        }
    }

    function test_points_areTheCrates() public view {
        uint256 count = countOf(".identities");
        assertEq(count, 5);
        for (uint256 i = 0; i < count; ++i) {
            string memory place = placeOf(".identities", i);
            (bool answered, bytes memory point) = Identities.point(bytesAt(place, ".identity"));
            assertTrue(answered);
            assertEq(point, bytesAt(place, ".point"));
        }
    }

    /// Compressed in memory as from calldata, whatever the coordinates are.
    function testFuzz_compressed_isWhatCompressGives(uint256 scalar) public view {
        (, bytes memory point) = Eip2537.g2Multiply(Eip2537.g2(), scalar);
        if (scalar % HashToCurve.R == 0) return;
        assertEq(Bls12381.compressed(point), this.compressed(point));
    }

    function test_generators_areOnesThatFit() public view {
        bytes memory pairs = bytes.concat(Eip2537.g1(), Eip2537.g2(), Eip2537.g1(), Eip2537.g2Negative());
        assertTrue(Eip2537.pairingCheck(gasleft(), pairs) == Eip2537.Answer.One);
        assertTrue(this.isKey(Eip2537.g2()));
    }

    function test_opens_isTheCratesSeal() public view {
        uint256 count = countOf(".seals");
        assertEq(count, 5);
        for (uint256 i = 0; i < count; ++i) {
            string memory place = placeOf(".seals", i);
            bytes memory identity = bytesAt(place, ".identity");
            bytes memory u = bytesAt(place, ".u");
            bytes32 secret = bytes32(bytesAt(place, ".sigma"));
            assertTrue(this.opens(identity, u, secret) == Verdict.Valid);
            assertTrue(this.opens(identity, u, ~secret) == Verdict.Invalid);
            assertTrue(
                this.opens(bytesAt(placeOf(".seals", (i + 1) % 5), ".identity"), u, secret) == Verdict.Invalid
            );
            u[255] ^= 0x01;
            assertTrue(this.opens(identity, u, secret) == Verdict.Invalid);
            assertTrue(this.opens(identity, "", secret) == Verdict.Invalid);
        }
    }

    function test_opens_isUndecidedIfThereIsNoPrecompile() public {
        string memory place = placeOf(".seals", 0);
        vm.mockCall(address(0x0e), bytes(""), bytes(""));
        Verdict verdict =
            this.opens(bytesAt(place, ".identity"), bytesAt(place, ".u"), bytes32(bytesAt(place, ".sigma")));
        assertTrue(verdict == Verdict.Undecided);
    }

    function test_opens_isNeverMisjudgedForWantOfGas() public view {
        string memory place = placeOf(".seals", 0);
        bytes memory identity = bytesAt(place, ".identity");
        bytes memory u = bytesAt(place, ".u");
        bytes32 secret = bytes32(bytesAt(place, ".sigma"));
        bool[4] memory seen;
        for (uint256 gasLimit = 5_000; gasLimit < 120_000; gasLimit += 100) {
            uint256 right = _opensWith(gasLimit, identity, u, secret);
            uint256 wrong = _opensWith(gasLimit, identity, u, ~secret);
            assertTrue(right != uint256(Verdict.Invalid) && wrong != uint256(Verdict.Valid));
            (seen[right], seen[wrong]) = (true, true);
        }
        // Of a call that fails too little is left to say that it did.
        assertTrue(seen[uint256(Verdict.Valid)] && seen[uint256(Verdict.Invalid)] && seen[3]);
    }

    /// @dev The verdict with so much gas, or 3 for a revert.
    function _opensWith(uint256 gasLimit, bytes memory identity, bytes memory u, bytes32 secret)
        private
        view
        returns (uint256)
    {
        try this.opens{gas: gasLimit}(identity, u, secret) returns (Verdict verdict) {
            return uint256(verdict);
        } catch {
            return 3;
        }
    }

    function _word(string memory text, string memory place, string memory name)
        private
        pure
        returns (bytes32)
    {
        return vm.parseJsonBytes32(text, string.concat(place, name));
    }
}
