// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Timetable} from "../../src/libraries/Timetable.sol";
import {Phase, Windows} from "../../src/types/CommitteeTypes.sol";
import {Test} from "../support/Test.sol";

/// forge-config: deep.fuzz.runs = 100000
contract TimetableTest is Test {
    /// Phases follow one another with the margin between them, however long they are and how often extended.
    function testFuzz_phases_areInOrder(Windows memory windows, uint64 start, uint32 extensions) public pure {
        windows = _valid(windows);
        start = uint64(bound(start, 1, type(uint56).max));
        (uint64[4] memory opens, uint64[4] memory closes) = Timetable.phases(windows, start, extensions);
        assertEq(opens[0], start);
        for (uint256 i = 0; i < 4; ++i) {
            assertLt(opens[i], closes[i]);
            if (i > 0) assertEq(opens[i], closes[i - 1] + windows.margin);
        }
    }

    /// An extension moves its phase's end and all after it by one window, and nothing before.
    function testFuzz_extend_movesWhatComesAfter(Windows memory windows, uint64 start, uint8 which)
        public
        pure
    {
        windows = _valid(windows);
        start = uint64(bound(start, 1, type(uint56).max));
        Phase phase = Phase(which % 4);
        uint32[4] memory lengths = [windows.deal, windows.complain, windows.answer, windows.confirm];
        (uint64[4] memory opens, uint64[4] memory closes) = Timetable.phases(windows, start, 0x01010101);
        (uint64[4] memory newOpens, uint64[4] memory newCloses) =
            Timetable.phases(windows, start, Timetable.extend(0x01010101, phase));
        for (uint256 i = 0; i < 4; ++i) {
            uint64 shift = lengths[uint8(phase)];
            assertEq(newOpens[i], opens[i] + (i > uint8(phase) ? shift : 0));
            assertEq(newCloses[i], closes[i] + (i >= uint8(phase) ? shift : 0));
        }
    }

    function testFuzz_extend_countsPhasesApart(uint8[4] memory times) public pure {
        uint32 extensions = 0;
        for (uint8 phase = 0; phase < 4; ++phase) {
            times[phase] %= Timetable.MAX_EXTENSIONS + 1;
            for (uint8 i = 0; i < times[phase]; ++i) {
                extensions = Timetable.extend(extensions, Phase(phase));
            }
        }
        for (uint8 phase = 0; phase < 4; ++phase) {
            assertEq(Timetable.extensionsOf(extensions, Phase(phase)), times[phase]);
        }
    }

    function test_startAfter_isNeverTheBlockOfTheApproval() public pure {
        Windows memory windows;
        assertEq(Timetable.startAfter(windows, 10), 11);
        windows.consentDelay = 1;
        assertEq(Timetable.startAfter(windows, 10), 11);
        windows.consentDelay = 7;
        assertEq(Timetable.startAfter(windows, 10), 17);
    }

    function test_consentCloses_leavesPeopleTime() public pure {
        Windows memory windows;
        windows.deal = 4;
        assertEq(Timetable.consentCloses(windows, 10), 110);
        windows.deal = 6;
        assertEq(Timetable.consentCloses(windows, 10), 130);
    }

    function _valid(Windows memory windows) private pure returns (Windows memory) {
        uint32 year = Timetable.MAX_WINDOW;
        windows.deal = uint32(bound(windows.deal, 1, year));
        windows.complain = uint32(bound(windows.complain, 1, year));
        windows.answer = uint32(bound(windows.answer, 1, year));
        windows.confirm = uint32(bound(windows.confirm, 1, year));
        windows.margin = uint32(bound(windows.margin, 0, year));
        windows.consentDelay = uint32(bound(windows.consentDelay, 0, year));
        assertTrue(Timetable.isValid(windows));
        return windows;
    }
}
