// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../interfaces/IGroth16Verifier.sol";
import {Eip2537} from "./Eip2537.sol";
import {HashToCurve} from "./HashToCurve.sol";
import {ThresholdVerifier, Verdict} from "./ThresholdVerifier.sol";

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";

/// @title Groth16 over BLS12-381, by the precompiles of EIP-2537
/// @notice See `IGroth16Verifier` for encodings and equation. As in `ThresholdVerifier`, the proof is the *claim*, and key
/// and inputs are the *terms*.
library Groth16 {
    using Bytes for bytes;

    /// @notice Most public inputs of a key: a sum of so many multiples, and the pairings, fit well into a block of
    /// Filecoin's.
    uint256 internal constant MAX_INPUTS = 16;

    uint256 private constant PROOF_BYTES = 512;
    uint256 private constant B = 128;
    uint256 private constant C = 384;

    uint256 private constant BETA = 128;
    uint256 private constant GAMMA = 384;
    uint256 private constant DELTA = 640;
    uint256 private constant IC = 896;

    /// @notice Reverts for a key that is none, or that anybody can prove anything with.
    /// @return inputs How many public inputs it has.
    function checkKey(bytes memory key) internal view returns (uint256 inputs) {
        inputs = _inputCount(key);
        _checkPoints(key, inputs);
        bytes32[4] memory different =
            [_xOf(Eip2537.g2(), 0), _xOf(key, BETA), _xOf(key, GAMMA), _xOf(key, DELTA)];
        for (uint256 i = 1; i < 4; ++i) {
            for (uint256 k = 0; k < i; ++k) {
                require(different[i] != different[k], IGroth16Verifier.KeyProvesAnything());
            }
        }
    }

    /// @notice Whether the proof is right. Reverts for inputs that are none.
    /// @param key One that `checkKey` let pass.
    function verify(bytes memory key, uint256[] memory inputs, bytes memory proof)
        internal
        view
        returns (Verdict)
    {
        _checkInputs(inputs, _inputCount(key));
        (bool wellFormed, bytes memory minusA) = _minusA(proof);
        if (!wellFormed) return Verdict.Invalid;
        (bool answered, bytes memory statement) = _statement(key, inputs);
        if (!answered) return Verdict.Undecided;
        statement = bytes.concat(key.slice(0, GAMMA), statement, key.slice(GAMMA, DELTA));
        return
            _judge(bytes.concat(minusA, proof.slice(B, C)), statement, proof.slice(C), key.slice(DELTA, IC));
    }

    /// @dev What the equation takes instead of `A`. Not of a proof that has another length or a point at infinity, which
    /// precompiles take and the scheme does not.
    function _minusA(bytes memory proof) private pure returns (bool wellFormed, bytes memory minusA) {
        if (proof.length != PROOF_BYTES) return (false, minusA);
        bytes memory a = proof.slice(0, B);
        if (Eip2537.isInfinity(a) || Eip2537.isInfinity(proof.slice(B, C))) return (false, minusA);
        if (Eip2537.isInfinity(proof.slice(C))) return (false, minusA);
        return Eip2537.g1Negative(a);
    }

    /// @dev `e(-A, B)·e(α, β)·e(statement, γ)·e(C, δ) = 1`, and generators for `A`, `B` and `C` as the control.
    /// @param terms The two factors in the middle.
    function _judge(bytes memory ab, bytes memory terms, bytes memory c, bytes memory delta)
        private
        view
        returns (Verdict)
    {
        return ThresholdVerifier.judge(
            bytes.concat(ab, terms, c, delta),
            bytes.concat(Eip2537.g1(), Eip2537.g2(), terms, Eip2537.g1(), delta)
        );
    }

    /// @dev `IC₀ + Σ xᵢ·ICᵢ`. An addition is far cheaper than one more term of the sum.
    function _statement(bytes memory key, uint256[] memory inputs)
        private
        view
        returns (bool answered, bytes memory)
    {
        bytes memory terms;
        for (uint256 i = 0; i < inputs.length; ++i) {
            uint256 start = IC + Eip2537.G1_BYTES * (i + 1);
            terms = abi.encodePacked(terms, key.slice(start, start + Eip2537.G1_BYTES), inputs[i]);
        }
        bytes memory sum;
        (answered, sum) = Eip2537.g1Sum(terms);
        if (!answered) return (false, sum);
        return Eip2537.g1Add(key.slice(IC, IC + Eip2537.G1_BYTES), sum);
    }

    /// @dev A sum of multiples is no answer if one point is none, whatever the factors; addition would not look.
    function _checkPoints(bytes memory key, uint256 inputs) private view {
        bytes memory inG1 = abi.encodePacked(_finite(key, 0, BETA), uint256(1));
        for (uint256 start = IC; start < IC + Eip2537.G1_BYTES * (inputs + 1); start += Eip2537.G1_BYTES) {
            inG1 = abi.encodePacked(inG1, _finite(key, start, start + Eip2537.G1_BYTES), uint256(1));
        }
        bytes memory inG2 = abi.encodePacked(_finite(key, BETA, GAMMA), uint256(1));
        inG2 = abi.encodePacked(inG2, _finite(key, GAMMA, DELTA), uint256(1));
        inG2 = abi.encodePacked(inG2, _finite(key, DELTA, IC), uint256(1));
        (bool first,) = Eip2537.g1Sum(inG1);
        (bool second,) = Eip2537.g2Sum(inG2);
        require(first && second, IGroth16Verifier.KeyNotOfPoints());
    }

    function _finite(bytes memory key, uint256 start, uint256 end) private pure returns (bytes memory point) {
        point = key.slice(start, end);
        require(!Eip2537.isInfinity(point), IGroth16Verifier.KeyAtInfinity(start));
    }

    function _checkInputs(uint256[] memory inputs, uint256 expected) private pure {
        require(inputs.length == expected, IGroth16Verifier.WrongInputCount(inputs.length, expected));
        for (uint256 i = 0; i < inputs.length; ++i) {
            require(inputs[i] < HashToCurve.R, IGroth16Verifier.InputNotCanonical(i));
        }
    }

    function _inputCount(bytes memory key) private pure returns (uint256) {
        uint256 length = key.length;
        require(length >= IC && (length - IC) % Eip2537.G1_BYTES == 0, IGroth16Verifier.KeyLength(length));
        uint256 points = (length - IC) / Eip2537.G1_BYTES;
        require(points >= 2 && points <= MAX_INPUTS + 1, IGroth16Verifier.KeyLength(length));
        return points - 1;
    }

    /// @dev Names a point of G2 up to its sign, which is all that a forger would have to change.
    function _xOf(bytes memory key, uint256 start) private pure returns (bytes32) {
        return keccak256(key.slice(start, start + Eip2537.G2_BYTES / 2));
    }
}
