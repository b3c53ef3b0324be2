// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../../src/interfaces/IGroth16Verifier.sol";
import {Eip2537} from "../../src/libraries/Eip2537.sol";
import {HashToCurve} from "../../src/libraries/HashToCurve.sol";
import {Verdict} from "../../src/libraries/ThresholdVerifier.sol";
import {Groth16Harness} from "../support/Groth16Harness.sol";
import {Groth16Simulator} from "../support/Groth16Simulator.sol";
import {Groth16Vectors} from "../support/Groth16Vectors.sol";

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";

/// Which keys a verifier is not made with.
contract Groth16KeyTest is Groth16Vectors {
    using Bytes for bytes;

    uint256 private constant R = HashToCurve.R;
    uint256 private constant BETA = 128;
    uint256 private constant GAMMA = 384;
    uint256 private constant DELTA = 640;

    Groth16Harness private harness;

    function setUp() public override {
        super.setUp();
        harness = Groth16Harness(vm.deployCode("Groth16Harness.sol:Groth16Harness"));
    }

    function test_constructor_takesOneToSixteenInputs() public {
        assertEq(deployVerifier(Groth16Simulator.key(1)).inputCount(), 1);
        assertEq(deployVerifier(Groth16Simulator.key(16)).inputCount(), 16);
    }

    function test_constructor_failsForALengthThatNoKeyHas() public {
        _assertLength("");
        _assertLength(new bytes(895));
        _assertLength(realKey().slice(0, 896));
        _assertLength(Groth16Simulator.key(0));
        _assertLength(Groth16Simulator.key(17));
        _assertLength(bytes.concat(realKey(), hex"00"));
        _assertLength(realKey().slice(0, 896 + 6 * 128 - 1));
    }

    function test_constructor_failsForAPointAtInfinity() public {
        bytes memory key = realKey();
        for (uint256 start = 0; start < key.length; start += _sizeAt(start)) {
            bytes memory none = new bytes(_sizeAt(start));
            _assertRefused(
                _with(key, start, none),
                abi.encodeWithSelector(IGroth16Verifier.KeyAtInfinity.selector, start)
            );
        }
    }

    function test_constructor_failsForAPointThatIsNone() public {
        bytes memory key = realKey();
        bytes memory why = abi.encodeWithSelector(IGroth16Verifier.KeyNotOfPoints.selector);
        for (uint256 start = 0; start < key.length; start += _sizeAt(start)) {
            bool isG1 = _sizeAt(start) == 128;
            _assertRefused(_with(key, start, isG1 ? outsideG1() : outsideG2()), why);
            // Off the curve, and not canonical.
            _assertRefused(_with(key, start, bytes.concat(new bytes(63), hex"01")), why);
            _assertRefused(_with(key, start, hex"80"), why);
        }
    }

    function test_constructor_failsIfAPrecompileIsAbsent() public {
        address[2] memory all = [address(0x0c), address(0x0e)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.mockCall(all[i], bytes(""), bytes(""));
            _assertRefused(realKey(), abi.encodeWithSelector(IGroth16Verifier.KeyNotOfPoints.selector));
            vm.clearMockedCalls();
        }
    }

    // -------------------------------------------------------- keys that prove anything

    /// The other sign is as bad, and as easy to use.
    function test_constructor_failsIfGammaIsDelta() public {
        uint256[2] memory signs = [uint256(1), R - 1];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory key = Groth16Simulator.key(5, 5, 7, mulmod(7, signs[i], R));
            for (uint256 k = 1; k < 4; ++k) {
                _assertForged(key, _inputs(k), Groth16Simulator.forgeByGamma(_inputs(k), signs[i]));
            }
            _assertProvesAnything(key);
        }
    }

    function test_constructor_failsIfBetaIsDelta() public {
        uint256[2] memory signs = [uint256(1), R - 1];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory key = Groth16Simulator.key(5, 5, 7, mulmod(5, signs[i], R));
            for (uint256 k = 1; k < 4; ++k) {
                _assertForged(key, _inputs(k), Groth16Simulator.forgeByBeta(_inputs(k), signs[i]));
            }
            _assertProvesAnything(key);
        }
    }

    function test_constructor_failsIfBetaIsGamma() public {
        uint256[2] memory signs = [uint256(1), R - 1];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory key = Groth16Simulator.key(5, 5, mulmod(5, signs[i], R), 11);
            for (uint256 k = 1; k < 4; ++k) {
                _assertForged(key, _inputs(k), Groth16Simulator.forgeByBoth(_inputs(k), signs[i]));
            }
            _assertProvesAnything(key);
        }
    }

    function test_constructor_failsForTheGenerator() public {
        uint256[3] memory places = [BETA, GAMMA, DELTA];
        for (uint256 i = 0; i < 3; ++i) {
            _assertProvesAnything(_with(realKey(), places[i], Eip2537.g2()));
            _assertProvesAnything(_with(realKey(), places[i], Eip2537.g2Negative()));
        }
    }

    /// What no contract can see: a setup whose secrets somebody kept. It is the circuit's makers who must be trusted.
    function test_constructor_takesAKeyWithAKnownRatio() public {
        bytes memory key = Groth16Simulator.key(5, 5, 7, 21);
        _assertForged(key, _inputs(1), Groth16Simulator.forgeByGamma(_inputs(1), 3));
        assertEq(deployVerifier(key).inputCount(), 5);
    }

    // -------------------------------------------------------------------------- helpers

    /// @dev A call of its own: a cheatcode that deploys would end the test where a revert is expected of it.
    function deploy(bytes calldata key) external returns (IGroth16Verifier) {
        return deployVerifier(key);
    }

    /// @dev That such a key lets anybody prove false things, which is why it is refused.
    function _assertForged(bytes memory key, uint256[] memory inputs, bytes memory forged) private view {
        assertTrue(harness.verify(key, inputs, forged) == Verdict.Valid);
        assertTrue(harness.verify(Groth16Simulator.key(5), inputs, forged) == Verdict.Invalid);
    }

    function _inputs(uint256 seed) private pure returns (uint256[] memory inputs) {
        inputs = new uint256[](5);
        inputs[seed] = uint256(keccak256(abi.encode(seed))) % R;
    }

    function _assertProvesAnything(bytes memory key) private {
        _assertRefused(key, abi.encodeWithSelector(IGroth16Verifier.KeyProvesAnything.selector));
    }

    function _assertLength(bytes memory key) private {
        _assertRefused(key, abi.encodeWithSelector(IGroth16Verifier.KeyLength.selector, key.length));
    }

    function _assertRefused(bytes memory key, bytes memory why) private {
        vm.expectRevert(why);
        this.deploy(key);
    }

    function _sizeAt(uint256 start) private pure returns (uint256) {
        return start >= 128 && start < 896 ? 256 : 128;
    }

    function _with(bytes memory key, uint256 start, bytes memory part) private pure returns (bytes memory) {
        return bytes.concat(key.slice(0, start), part, key.slice(start + part.length));
    }
}
