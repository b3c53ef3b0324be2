// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ReencryptionShare} from "../../src/libraries/ThresholdVerifier.sol";
import {Test} from "./Test.sol";
import {Case, VerifierHarness} from "./VerifierHarness.sol";

/// @title The frozen vectors of the crate `stheno-crypto` for contracts
abstract contract VerifierVectors is Test {
    string internal json;
    VerifierHarness internal harness;

    /// @dev The first of each is right, and the others are wrong.
    Case[] internal openedKeys;
    Case[] internal nodeShares;
    Case[] internal combinedShares;

    function setUp() public virtual {
        json = vm.readFile("../tests/vectors/crypto-onchain.json");
        harness = VerifierHarness(vm.deployCode("VerifierHarness.sol:VerifierHarness"));
    }

    /// @dev To be called in `setUp`: reading JSON takes far longer than checking it.
    function readCases() internal {
        _readOpenedKeys();
        _readShares(".nodeShares.cases", nodeShares);
        _readShares(".combinedShares.cases", combinedShares);
    }

    function networkKey() internal view returns (bytes memory) {
        return vm.parseJsonBytes(json, ".networkKey");
    }

    /// @dev What the node sends for the first of `nodeShares`.
    function nodeShareOnTheWire() internal view returns (bytes memory) {
        return vm.parseJsonBytes(json, ".nodeShares.wire");
    }

    function placeOf(string memory list, uint256 i) internal pure returns (string memory) {
        return string.concat(list, "[", vm.toString(i), "]");
    }

    function bytesAt(string memory place, string memory name) internal view returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(place, name));
    }

    function countOf(string memory list) internal view returns (uint256 count) {
        while (vm.keyExistsJson(json, placeOf(list, count))) ++count;
    }

    function _readOpenedKeys() private {
        uint256 count = countOf(".openedKeys");
        for (uint256 i = 0; i < count; ++i) {
            Case memory given;
            string memory place = placeOf(".openedKeys", i);
            given.isKey = true;
            given.signer = networkKey();
            given.key = bytesAt(place, ".key");
            _readNames(given, place);
            openedKeys.push(given);
        }
    }

    function _readShares(string memory list, Case[] storage cases) private {
        uint256 count = countOf(list);
        for (uint256 i = 0; i < count; ++i) {
            Case memory given;
            string memory place = placeOf(list, i);
            given.signer = bytesAt(place, ".signer");
            given.readerKey = bytesAt(place, ".readerKey");
            given.share =
                ReencryptionShare(bytesAt(place, ".c1"), bytesAt(place, ".c2"), bytesAt(place, ".c3"));
            _readNames(given, place);
            cases.push(given);
        }
    }

    function _readNames(Case memory given, string memory place) private view {
        given.name = vm.parseJsonString(json, string.concat(place, ".name"));
        given.identity = bytesAt(place, ".identity");
        given.valid = vm.parseJsonBool(json, string.concat(place, ".valid"));
    }
}
