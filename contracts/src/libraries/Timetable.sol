// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Phase, Windows} from "../types/CommitteeTypes.sol";

/// @title When the phases of a ceremony open and close
/// @notice A phase is open in blocks `[opens, closes)`. Each opens a margin after the one before has closed, so
/// that the closing is final by then, whatever happened in it: there are no shortcuts.
library Timetable {
    /// @dev Number of phases.
    uint256 internal constant PHASES = 4;

    /// @dev How often a phase can be extended.
    uint8 internal constant MAX_EXTENSIONS = 8;

    /// @dev No window is longer than a year of 30-second blocks, so block numbers never overflow.
    uint32 internal constant MAX_WINDOW = 1_051_200;

    /// @dev Waiting times that people need to act in: so many times a window, and never less than so many blocks.
    uint64 private constant PATIENCE = 20;
    uint64 private constant MIN_PATIENCE = 100;

    /// @notice Whether the windows can be a committee's.
    function isValid(Windows memory windows) internal pure returns (bool) {
        uint32[PHASES] memory lengths = _lengths(windows);
        for (uint256 i = 0; i < PHASES; ++i) {
            if (lengths[i] == 0 || lengths[i] > MAX_WINDOW) return false;
        }
        return windows.margin <= MAX_WINDOW && windows.consentDelay <= MAX_WINDOW;
    }

    /// @notice First block in which keys and approvals are too late.
    function consentCloses(Windows memory windows, uint64 proposedAt) internal pure returns (uint64) {
        return proposedAt + _patience(windows.deal);
    }

    /// @notice First block of the phase Deal, when the last approval that was needed came in block `approvedAt`.
    function startAfter(Windows memory windows, uint64 approvedAt) internal pure returns (uint64) {
        return approvedAt + (windows.consentDelay == 0 ? 1 : windows.consentDelay);
    }

    /// @notice First block in which a ceremony with a quorum may be given up, since nobody could activate it.
    function activationCloses(Windows memory windows, uint64 confirmCloses) internal pure returns (uint64) {
        return confirmCloses + _patience(windows.confirm);
    }

    /// @notice The blocks `[opens, closes)` of every phase.
    /// @param start First block of the phase Deal.
    /// @param extensions How often each phase was extended, see `extensionsOf`.
    function phases(Windows memory windows, uint64 start, uint32 extensions)
        internal
        pure
        returns (uint64[PHASES] memory opens, uint64[PHASES] memory closes)
    {
        uint32[PHASES] memory lengths = _lengths(windows);
        uint64 next = start;
        for (uint256 i = 0; i < PHASES; ++i) {
            opens[i] = next;
            closes[i] = next + uint64(lengths[i]) * (1 + uint64(extensionsOf(extensions, Phase(i))));
            next = closes[i] + windows.margin;
        }
    }

    /// @notice How often `phase` was extended: one byte each, Deal in the lowest.
    function extensionsOf(uint32 extensions, Phase phase) internal pure returns (uint8) {
        return uint8(extensions >> (8 * uint8(phase)));
    }

    /// @notice The extensions with one more for `phase`, of which there are fewer than 255.
    function extend(uint32 extensions, Phase phase) internal pure returns (uint32) {
        return extensions + (uint32(1) << (8 * uint8(phase)));
    }

    function _lengths(Windows memory windows) private pure returns (uint32[PHASES] memory) {
        return [windows.deal, windows.complain, windows.answer, windows.confirm];
    }

    function _patience(uint32 window) private pure returns (uint64) {
        uint64 blocks = PATIENCE * window;
        return blocks < MIN_PATIENCE ? MIN_PATIENCE : blocks;
    }
}
