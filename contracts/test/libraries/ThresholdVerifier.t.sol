// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Verdict} from "../../src/libraries/ThresholdVerifier.sol";
import {Case} from "../support/VerifierHarness.sol";
import {VerifierVectors} from "../support/VerifierVectors.sol";

/// Every verdict is the crate's, and none that was not reached with an answer is one.
/// forge-config: deep.fuzz.runs = 100000
contract ThresholdVerifierTest is VerifierVectors {
    address private constant MODEXP = address(0x05);
    address private constant G1_ADD = address(0x0b);
    address private constant PAIRING_CHECK = address(0x0f);
    address private constant MAP_FP_TO_G1 = address(0x10);

    /// @dev More than any check needs.
    uint256 private constant PLENTY = 5_000_000;

    function setUp() public override {
        super.setUp();
        readCases();
    }

    // ------------------------------------------------------------------- vectors

    function test_openedKey_hasTheCratesVerdicts() public view {
        Case[] memory cases = openedKeys;
        assertEq(cases.length, 12);
        for (uint256 i = 0; i < cases.length; ++i) {
            _assertVerdict(cases[i], _ask(cases[i], PLENTY));
        }
    }

    function test_nodeShare_hasTheCratesVerdicts() public view {
        Case[] memory cases = nodeShares;
        assertEq(cases.length, 23);
        for (uint256 i = 0; i < cases.length; ++i) {
            _assertVerdict(cases[i], _ask(cases[i], PLENTY));
        }
    }

    function test_combinedShare_hasTheCratesVerdicts() public view {
        Case[] memory cases = combinedShares;
        assertEq(cases.length, 23);
        for (uint256 i = 0; i < cases.length; ++i) {
            _assertVerdict(cases[i], _ask(cases[i], PLENTY));
        }
    }

    function test_wire_isWhatTheNodeSends() public view {
        assertEq(harness.wire(nodeShares[0].share), nodeShareOnTheWire());
    }

    // --------------------------------------------------------- flipped and garbled

    /// forge-config: default.fuzz.runs = 1000
    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_openedKey_isInvalidWithAFlippedBit(uint256 bit) public view {
        Case memory given = openedKeys[0];
        bit = bound(bit, 0, 8 * given.key.length - 1);
        given.key[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        assertEq(uint256(_ask(given, PLENTY)), uint256(Verdict.Invalid));
    }

    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_share_isInvalidWithAFlippedBit(uint256 bit) public view {
        Case memory given = nodeShares[0];
        bit = bound(bit, 0, 8 * 512 - 1);
        bytes1 mask = bytes1(uint8(1 << (bit % 8)));
        uint256 place = bit / 8;
        if (place < 128) given.share.c1[place] ^= mask;
        else if (place < 384) given.share.c2[place - 128] ^= mask;
        else given.share.c3[place - 384] ^= mask;
        assertEq(uint256(_ask(given, PLENTY)), uint256(Verdict.Invalid));
    }

    /// forge-config: default.fuzz.runs = 1000
    function testFuzz_openedKey_isInvalidWithAnotherLength(bytes calldata key) public view {
        Case memory given = openedKeys[0];
        given.key = key.length == 128 ? bytes.concat(key, hex"00") : key;
        assertEq(uint256(_ask(given, PLENTY)), uint256(Verdict.Invalid));
    }

    // ----------------------------------------------------------------------- terms

    /// What is wrong with the keys that a claim is judged by is no fault of the claim's.
    function test_verdict_isUndecidedIfTheTermsAreNoKeys() public view {
        bytes memory outside = _invalid(nodeShares, "C2 outside the subgroup").share.c2;
        bytes memory readerOutside = _invalid(nodeShares, "C1 with torsion").share.c1;
        bytes[4] memory keys = [bytes(""), new bytes(256), outside, bytes.concat(outside, hex"00")];
        for (uint256 i = 0; i < keys.length; ++i) {
            Case memory opened = openedKeys[0];
            opened.signer = keys[i];
            _assertUndecided(opened);
            Case memory share = nodeShares[0];
            share.signer = keys[i];
            _assertUndecided(share);
        }
        Case memory longer = openedKeys[0];
        longer.identity = bytes.concat(longer.identity, hex"00");
        _assertUndecided(longer);
        longer = nodeShares[0];
        longer.identity = bytes.concat(longer.identity, hex"00");
        _assertUndecided(longer);
        bytes[4] memory readers =
            [bytes(""), new bytes(128), readerOutside, bytes.concat(readerOutside, hex"00")];
        for (uint256 i = 0; i < readers.length; ++i) {
            Case memory share = nodeShares[0];
            share.readerKey = readers[i];
            _assertUndecided(share);
        }
    }

    // --------------------------------------------------------------- absent precompiles

    /// On the FEVM a call to a precompile that is not there succeeds with nothing.
    function test_verdict_isUndecidedIfAPrecompileIsAbsent() public {
        _assertUndecidedWithout(MODEXP, "");
        _assertUndecidedWithout(G1_ADD, "");
        _assertUndecidedWithout(MAP_FP_TO_G1, "");
        _assertUndecidedWithout(PAIRING_CHECK, "");
    }

    function test_verdict_isUndecidedIfAPrecompileAnswersTooMuchOrTooLittle() public {
        address[4] memory all = [MODEXP, G1_ADD, MAP_FP_TO_G1, PAIRING_CHECK];
        for (uint256 i = 0; i < all.length; ++i) {
            _assertUndecidedWithout(all[i], hex"01");
            _assertUndecidedWithout(all[i], new bytes(31));
            _assertUndecidedWithout(all[i], new bytes(129));
        }
    }

    function test_verdict_isUndecidedIfThePairingIsNeitherOneNorZero() public {
        _assertUndecidedWithout(PAIRING_CHECK, abi.encode(2));
        _assertUndecidedWithout(PAIRING_CHECK, abi.encode(uint256(1) << 255));
    }

    function test_verdict_isUndecidedIfThePairingAlwaysFails() public {
        vm.mockCallRevert(PAIRING_CHECK, bytes(""), bytes(""));
        _assertUndecided(openedKeys[0]);
        _assertUndecided(nodeShares[0]);
        _assertUndecided(_invalid(openedKeys, "off the curve"));
        _assertUndecided(_invalid(nodeShares, "C3 with torsion"));
    }

    // ------------------------------------------------------------------- starved of gas

    /// However little gas a caller gives: what is right is never called wrong, nor what is wrong right.
    function test_openedKey_isNeverMisjudgedForWantOfGas() public view {
        _starve(openedKeys[0]);
        _starve(_invalid(openedKeys, "another item's key"));
        _starve(_invalid(openedKeys, "off the curve"));
        _starve(_invalid(openedKeys, "outside the subgroup"));
        _starve(_invalid(openedKeys, "y not below p"));
    }

    function test_nodeShare_isNeverMisjudgedForWantOfGas() public view {
        _starve(nodeShares[0]);
        _starve(_invalid(nodeShares, "for another reader"));
        _starve(_invalid(nodeShares, "C1 with torsion"));
        _starve(_invalid(nodeShares, "C2 outside the subgroup"));
        _starve(_invalid(nodeShares, "C3 off the curve"));
    }

    function test_combinedShare_isNeverMisjudgedForWantOfGas() public view {
        _starve(combinedShares[0]);
        _starve(_invalid(combinedShares, "of another key"));
        _starve(_invalid(combinedShares, "C3 with torsion"));
    }

    /// forge-config: default.fuzz.runs = 1000
    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_openedKey_isNeverMisjudgedForWantOfGas(uint256 gasLimit, uint256 which) public view {
        Case memory given = openedKeys[bound(which, 0, openedKeys.length - 1)];
        _askWith(given, bound(gasLimit, 20_000, 700_000));
    }

    // -------------------------------------------------------------------------- helpers

    /// @dev Tries many limits of gas, and sees each that matters: too little for anything, for an answer, enough.
    function _starve(Case memory given) private view {
        bool[4] memory seen;
        for (uint256 gasLimit = 20_000; gasLimit < 1_000_000; gasLimit += 200 + gasLimit / 400) {
            seen[_askWith(given, gasLimit)] = true;
        }
        assertTrue(seen[3], "no limit was too low");
        assertTrue(seen[uint256(Verdict.Undecided)], "no limit left it undecided");
        assertTrue(seen[uint256(given.valid ? Verdict.Valid : Verdict.Invalid)], "no limit was enough");
    }

    /// @dev The verdict with so much gas, or 3 for a revert, which decides nothing either.
    function _askWith(Case memory given, uint256 gasLimit) private view returns (uint256) {
        try harness.ask{gas: gasLimit}(given) returns (Verdict verdict) {
            if (verdict != Verdict.Undecided) _assertVerdict(given, verdict);
            return uint256(verdict);
        } catch {
            return 3;
        }
    }

    function _ask(Case memory given, uint256 gasLimit) private view returns (Verdict) {
        return harness.ask{gas: gasLimit}(given);
    }

    function _assertVerdict(Case memory given, Verdict verdict) private pure {
        Verdict wanted = given.valid ? Verdict.Valid : Verdict.Invalid;
        assertEq(uint256(verdict), uint256(wanted), given.name);
    }

    function _assertUndecided(Case memory given) private view {
        assertEq(uint256(_ask(given, PLENTY)), uint256(Verdict.Undecided), given.name);
    }

    function _assertUndecidedWithout(address precompile, bytes memory answer) private {
        vm.mockCall(precompile, bytes(""), answer);
        _assertUndecided(openedKeys[0]);
        _assertUndecided(openedKeys[1]);
        _assertUndecided(combinedShares[0]);
        _assertUndecided(combinedShares[1]);
        vm.clearMockedCalls();
        assertEq(uint256(_ask(openedKeys[0], PLENTY)), uint256(Verdict.Valid));
    }

    function _invalid(Case[] storage cases, string memory name) private view returns (Case memory) {
        for (uint256 i = 0; i < cases.length; ++i) {
            if (keccak256(bytes(cases[i].name)) == keccak256(bytes(name))) {
                assertFalse(cases[i].valid);
                return cases[i];
            }
        }
        revert(name);
    }
}
