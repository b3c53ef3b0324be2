// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../../src/interfaces/IGroth16Verifier.sol";
import {Eip2537} from "../../src/libraries/Eip2537.sol";
import {HashToCurve} from "../../src/libraries/HashToCurve.sol";
import {Groth16Simulator} from "../support/Groth16Simulator.sol";
import {Groth16Vectors, Proven} from "../support/Groth16Vectors.sol";

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";

/// forge-config: deep.fuzz.runs = 100000
contract Groth16VerifierTest is Groth16Vectors {
    using Bytes for bytes;

    address private constant G1_ADD = address(0x0b);
    address private constant G1_MSM = address(0x0c);
    address private constant PAIRING_CHECK = address(0x0f);

    /// @dev More than a verification needs; a precompile that fails here uses up what it is given.
    uint256 private constant PLENTY = 5_000_000;
    uint256 private constant R = HashToCurve.R;
    /// @dev The base field's modulus, in the 64 bytes of a coordinate.
    bytes private constant P =
        hex"000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    IGroth16Verifier private verifier;
    /// @dev Of a key whose secrets are known.
    IGroth16Verifier private simulated;
    Proven private right;

    function setUp() public override {
        super.setUp();
        verifier = deployVerifier(realKey());
        simulated = deployVerifier(Groth16Simulator.key(5));
        right = realProof(0);
    }

    // -------------------------------------------------------------------- deployment

    function test_constructor_keepsTheKey() public view {
        assertEq(verifier.verifyingKey(), realKey());
        assertEq(verifier.keyDigest(), sha256(realKey()));
        assertEq(verifier.inputCount(), 5);
    }

    // ------------------------------------------------------------------ right proofs

    function test_verify_isTrueForProofsOfArkworks() public view {
        assertTrue(verifier.verify(right.inputs, right.proof));
        Proven memory second = realProof(1);
        assertTrue(verifier.verify(second.inputs, second.proof));
    }

    /// A proof is not a name: whoever has one makes others of the same inputs, without knowing the witness.
    function test_verify_isTrueForARerandomisedProof() public view {
        assertNotEq(keccak256(right.proof), keccak256(right.rerandomised));
        assertTrue(verifier.verify(right.inputs, right.rerandomised));
    }

    /// The simplest other proof: both signs changed.
    function test_verify_isTrueWithANegatedPair() public view {
        bytes memory a = _negative(right.proof.slice(0, 128));
        bytes memory b = right.proof.slice(128, 384);
        for (uint256 i = 128; i < 256; i += 64) {
            b = _with(b, i, _negative(bytes.concat(new bytes(64), b.slice(i, i + 64))).slice(64));
        }
        assertTrue(verifier.verify(right.inputs, bytes.concat(a, b, right.proof.slice(384))));
    }

    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_verify_isTrueForTheProofOfAnyInputs(uint256[5] memory seeds, uint256 randomness)
        public
        view
    {
        uint256[] memory inputs = new uint256[](5);
        for (uint256 i = 0; i < 5; ++i) {
            inputs[i] = seeds[i] % R;
        }
        assertTrue(simulated.verify(inputs, Groth16Simulator.prove(inputs, randomness)));
    }

    function test_verify_isTrueForFewestAndMostInputs() public {
        uint256[2] memory counts = [uint256(1), 16];
        for (uint256 i = 0; i < 2; ++i) {
            IGroth16Verifier other = deployVerifier(Groth16Simulator.key(counts[i]));
            uint256[] memory inputs = new uint256[](counts[i]);
            // Zeros, whose sum is at infinity, and the largest there are.
            assertTrue(other.verify(inputs, Groth16Simulator.prove(inputs, 1)));
            for (uint256 k = 0; k < inputs.length; ++k) {
                inputs[k] = R - 1;
            }
            assertTrue(other.verify(inputs, Groth16Simulator.prove(inputs, 2)));
        }
    }

    // ------------------------------------------------------------------ wrong inputs

    function test_verify_isFalseWithAnyOtherInput() public view {
        for (uint256 i = 0; i < 5; ++i) {
            uint256[] memory inputs = right.inputs;
            uint256 was = inputs[i];
            inputs[i] = addmod(was, 1, R);
            assertFalse(verifier.verify(inputs, right.proof));
            inputs[i] = 0;
            assertFalse(verifier.verify(inputs, right.proof));
            inputs[i] = R - was;
            assertFalse(verifier.verify(inputs, right.proof));
            for (uint256 k = 0; k < i; ++k) {
                inputs = right.inputs;
                (inputs[i], inputs[k]) = (inputs[k], inputs[i]);
                assertFalse(verifier.verify(inputs, right.proof));
            }
        }
        assertFalse(verifier.verify(realProof(1).inputs, right.proof));
    }

    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_verify_isFalseWithAnotherInput(uint256 which, uint256 input) public view {
        uint256[] memory inputs = right.inputs;
        which = bound(which, 0, 4);
        input %= R;
        bool same = inputs[which] == input;
        inputs[which] = input;
        assertEq(verifier.verify(inputs, right.proof), same);
    }

    /// A second name for the same number would be a second nullifier.
    function test_verify_failsIfAnInputIsNotCanonical() public {
        for (uint256 i = 0; i < 5; ++i) {
            uint256[] memory inputs = right.inputs;
            uint256[3] memory others = [R + inputs[i], R, type(uint256).max];
            for (uint256 k = 0; k < 3; ++k) {
                inputs[i] = others[k];
                vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.InputNotCanonical.selector, i));
                verifier.verify(inputs, right.proof);
            }
        }
    }

    function test_verify_failsIfThereAreMoreOrFewerInputs() public {
        uint256[3] memory counts = [uint256(0), 4, 6];
        for (uint256 i = 0; i < 3; ++i) {
            uint256[] memory inputs = new uint256[](counts[i]);
            for (uint256 k = 0; k < counts[i] && k < 5; ++k) {
                inputs[k] = right.inputs[k];
            }
            vm.expectRevert(
                abi.encodeWithSelector(IGroth16Verifier.WrongInputCount.selector, counts[i], uint256(5))
            );
            verifier.verify(inputs, right.proof);
        }
    }

    // ------------------------------------------------------------------ wrong proofs

    function test_verify_isFalseForAnotherLength() public view {
        _assertFalse("");
        _assertFalse(right.proof.slice(0, 511));
        _assertFalse(bytes.concat(right.proof, hex"00"));
        _assertFalse(bytes.concat(right.proof, right.proof));
    }

    function test_verify_isFalseForAPointAtInfinity() public view {
        _assertFalse(_with(right.proof, 0, new bytes(128)));
        _assertFalse(_with(right.proof, 128, new bytes(256)));
        _assertFalse(_with(right.proof, 384, new bytes(128)));
        _assertFalse(new bytes(512));
    }

    function test_verify_isFalseForAPointOutsideTheSubgroup() public view {
        _assertFalse(_with(right.proof, 0, outsideG1()));
        _assertFalse(_with(right.proof, 128, outsideG2()));
        _assertFalse(_with(right.proof, 384, outsideG1()));
        // Right but for a part that pairings could not see.
        (, bytes memory a) = Eip2537.g1Add(right.proof.slice(0, 128), outsideG1());
        (, bytes memory c) = Eip2537.g1Add(right.proof.slice(384), outsideG1());
        _assertFalse(_with(right.proof, 0, a));
        _assertFalse(_with(right.proof, 384, c));
    }

    function test_verify_isFalseForAPointOffTheCurve() public view {
        // y of x, of each coordinate in turn.
        for (uint256 start = 0; start < 512; start += 64) {
            _assertFalse(_with(right.proof, start, bytes.concat(new bytes(63), hex"01")));
        }
    }

    function test_verify_isFalseForACoordinateThatIsNotCanonical() public view {
        for (uint256 start = 0; start < 512; start += 64) {
            _assertFalse(_with(right.proof, start, P));
            _assertFalse(_with(right.proof, start, _plusP(right.proof, start)));
            // Padding that is not zero.
            _assertFalse(_with(right.proof, start, hex"01"));
            bytes memory most = new bytes(64);
            for (uint256 i = 0; i < 64; ++i) {
                most[i] = 0xff;
            }
            _assertFalse(_with(right.proof, start, most));
        }
    }

    function test_verify_isFalseForOtherRightPoints() public view {
        Proven memory second = realProof(1);
        _assertFalse(second.proof);
        _assertFalse(_with(right.proof, 0, second.proof.slice(0, 128)));
        _assertFalse(_with(right.proof, 128, second.proof.slice(128, 384)));
        _assertFalse(_with(right.proof, 384, second.proof.slice(384)));
        // A and C changed places, A negated, and c1 before c0.
        bytes memory swapped = _with(right.proof, 0, right.proof.slice(384));
        _assertFalse(_with(swapped, 384, right.proof.slice(0, 128)));
        _assertFalse(_with(right.proof, 0, _negative(right.proof.slice(0, 128))));
        bytes memory other = _with(right.proof, 128, right.proof.slice(192, 256));
        other = _with(other, 192, right.proof.slice(128, 192));
        other = _with(other, 256, right.proof.slice(320, 384));
        _assertFalse(_with(other, 320, right.proof.slice(256, 320)));
    }

    /// forge-config: default.fuzz.runs = 1000
    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_verify_isFalseWithAFlippedBit(uint256 bit) public view {
        bit = bound(bit, 0, 8 * 512 - 1);
        bytes memory proof = right.proof;
        proof[bit / 8] ^= bytes1(uint8(1) << uint8(bit % 8));
        _assertFalse(proof);
    }

    /// forge-config: default.fuzz.runs = 1000
    function testFuzz_verify_isFalseForNoise(bytes calldata noise) public view {
        _assertFalse(noise);
    }

    // ------------------------------------------------------------------- no answer

    /// What nobody answered is neither true nor false: it reverts, which is unknown to registry and nodes.
    function test_verify_failsIfAPrecompileIsAbsent() public {
        address[3] memory all = [G1_ADD, G1_MSM, PAIRING_CHECK];
        bytes[4] memory answers = [bytes(""), hex"01", new bytes(31), new bytes(129)];
        for (uint256 i = 0; i < all.length; ++i) {
            for (uint256 k = 0; k < answers.length; ++k) {
                vm.mockCall(all[i], bytes(""), answers[k]);
                _assertUndecided(right.proof);
                _assertUndecided(realProof(1).proof);
                vm.clearMockedCalls();
            }
            vm.mockCallRevert(all[i], bytes(""), bytes(""));
            _assertUndecided(right.proof);
            _assertUndecided(_with(right.proof, 0, outsideG1()));
            vm.clearMockedCalls();
        }
        vm.mockCall(PAIRING_CHECK, bytes(""), abi.encode(2));
        _assertUndecided(right.proof);
    }

    /// However little gas a caller gives: what is right is never called wrong, nor what is wrong right.
    function test_verify_isNeverMisjudgedForWantOfGas() public view {
        _starve(right.proof, true);
        _starve(realProof(1).proof, false);
        _starve(_with(right.proof, 0, outsideG1()), false);
        _starve(_with(right.proof, 192, bytes.concat(new bytes(63), hex"01")), false);
        _starve(_with(right.proof, 384, P), false);
    }

    // -------------------------------------------------------------------------- helpers

    function _assertFalse(bytes memory proof) private view {
        assertFalse(verifier.verify{gas: PLENTY}(right.inputs, proof));
    }

    function _assertUndecided(bytes memory proof) private {
        uint256[] memory inputs = right.inputs;
        vm.expectRevert(IGroth16Verifier.Undecided.selector);
        verifier.verify{gas: PLENTY}(inputs, proof);
    }

    function _starve(bytes memory proof, bool wanted) private view {
        uint256[] memory inputs = right.inputs;
        uint256 answers;
        uint256 failures;
        for (uint256 gas_ = 20_000; gas_ < 1_500_000; gas_ += 2_000 + gas_ / 200) {
            try verifier.verify{gas: gas_}(inputs, proof) returns (bool answer) {
                assertEq(answer, wanted);
                ++answers;
            } catch {
                ++failures;
            }
        }
        assertGt(answers, 10);
        assertGt(failures, 10);
    }

    function _negative(bytes memory point) private pure returns (bytes memory negative) {
        bool done;
        (done, negative) = Eip2537.g1Negative(point);
        require(done);
    }

    /// @dev The coordinate at `start`, made larger by p.
    function _plusP(bytes memory proof, uint256 start) private pure returns (bytes memory sum) {
        sum = proof.slice(start, start + 64);
        bytes memory p = P;
        uint256 carry;
        for (uint256 k = 0; k < 64; ++k) {
            uint256 i = 63 - k;
            carry += uint256(uint8(sum[i])) + uint8(p[i]);
            sum[i] = bytes1(uint8(carry));
            carry >>= 8;
        }
    }

    function _with(bytes memory proof, uint256 start, bytes memory part) private pure returns (bytes memory) {
        return bytes.concat(proof.slice(0, start), part, proof.slice(start + part.length));
    }
}
