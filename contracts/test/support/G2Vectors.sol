// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Test} from "./Test.sol";

/// @title Points of G2 that another library computed
abstract contract G2Vectors is Test {
    function _vectors() private view returns (string memory) {
        return vm.readFile("test/vectors/g2.json");
    }

    /// @dev Multiples of the generator, as EIP-2537 writes them.
    function points() internal view returns (bytes[] memory) {
        return vm.parseJsonBytesArray(_vectors(), ".points");
    }

    /// @dev The same points, compressed.
    function compressedPoints() internal view returns (bytes[] memory) {
        return vm.parseJsonBytesArray(_vectors(), ".compressed");
    }

    /// @dev On the curve, but not in the subgroup of order r.
    function outsideSubgroup() internal view returns (bytes memory) {
        return vm.parseJsonBytes(_vectors(), ".outsideSubgroup");
    }

    /// @dev The generator with 1 added to y.
    function offCurve() internal view returns (bytes memory) {
        return vm.parseJsonBytes(_vectors(), ".offCurve");
    }

    /// @dev The generator with p added to a coordinate.
    function notCanonical() internal view returns (bytes memory) {
        return vm.parseJsonBytes(_vectors(), ".notCanonical");
    }
}
