// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Eip2537} from "../../src/libraries/Eip2537.sol";
import {HashToCurve} from "../../src/libraries/HashToCurve.sol";

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Keys whose secrets a test knows, and so proofs of whatever inputs it likes
/// @notice There is no circuit behind such a key. To a verifier its proofs are as good as any: it is what makes a setup's
/// secrets dangerous, and lets tests have a proof for inputs that they only know when they run.
library Groth16Simulator {
    uint256 private constant R = HashToCurve.R;
    uint256 private constant ALPHA = 3;
    uint256 private constant BETA = 5;
    uint256 private constant GAMMA = 7;
    uint256 private constant DELTA = 11;

    function key(uint256 inputs) internal view returns (bytes memory made) {
        return key(inputs, BETA, GAMMA, DELTA);
    }

    /// @dev A key with β, γ and δ of choice.
    function key(uint256 inputs, uint256 beta, uint256 gamma, uint256 delta)
        internal
        view
        returns (bytes memory made)
    {
        made = bytes.concat(timesG1(ALPHA), timesG2(beta), timesG2(gamma), timesG2(delta));
        for (uint256 i = 0; i <= inputs; ++i) {
            made = bytes.concat(made, timesG1(_ic(i)));
        }
    }

    /// @dev A proof under `key(inputs.length)`; another one for other randomness.
    function prove(uint256[] memory inputs, uint256 randomness) internal view returns (bytes memory) {
        uint256 a = uint256(keccak256(abi.encode("a", randomness))) % (R - 1) + 1;
        uint256 b = uint256(keccak256(abi.encode("b", randomness))) % (R - 1) + 1;
        uint256 rest = addmod(mulmod(ALPHA, BETA, R), mulmod(statement(inputs), GAMMA, R), R);
        uint256 c = mulmod(addmod(mulmod(a, b, R), R - rest, R), Math.invModPrime(DELTA, R), R);
        return bytes.concat(timesG1(a), timesG2(b), timesG1(c));
    }

    /// @dev The proof that needs no secret where `δ = factor·γ`: `(α, β, -S/factor)`.
    function forgeByGamma(uint256[] memory inputs, uint256 factor) internal view returns (bytes memory) {
        uint256 c = R - mulmod(statement(inputs), Math.invModPrime(factor, R), R);
        return bytes.concat(timesG1(ALPHA), timesG2(BETA), timesG1(c));
    }

    /// @dev The same where `δ = factor·β`: `(S, γ, -α/factor)`.
    function forgeByBeta(uint256[] memory inputs, uint256 factor) internal view returns (bytes memory) {
        uint256 c = R - mulmod(ALPHA, Math.invModPrime(factor, R), R);
        return bytes.concat(timesG1(statement(inputs)), timesG2(GAMMA), timesG1(c));
    }

    /// @dev The same where `γ = factor·β`: `(α + factor·S, β + δ, α + factor·S)`.
    function forgeByBoth(uint256[] memory inputs, uint256 factor) internal view returns (bytes memory) {
        bytes memory a = timesG1(addmod(ALPHA, mulmod(factor, statement(inputs), R), R));
        return bytes.concat(a, timesG2(BETA + DELTA), a);
    }

    /// @dev `IC₀ + Σ xᵢ·ICᵢ`, as a multiple of the generator.
    function statement(uint256[] memory inputs) internal pure returns (uint256 sum) {
        sum = _ic(0);
        for (uint256 i = 0; i < inputs.length; ++i) {
            sum = addmod(sum, mulmod(inputs[i], _ic(i + 1), R), R);
        }
    }

    function timesG1(uint256 factor) internal view returns (bytes memory product) {
        bool answered;
        (answered, product) = Eip2537.g1Sum(abi.encodePacked(Eip2537.g1(), factor));
        require(answered);
    }

    function timesG2(uint256 factor) internal view returns (bytes memory product) {
        bool answered;
        (answered, product) = Eip2537.g2Multiply(Eip2537.g2(), factor);
        require(answered);
    }

    function _ic(uint256 i) private pure returns (uint256) {
        return 13 + i * i;
    }
}
