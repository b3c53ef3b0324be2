// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Campaign} from "../support/Campaign.sol";
import {Test} from "../support/Test.sol";
import {ReleaseHandler} from "./ReleaseHandler.sol";

/// A key is stored once, never before its time, never while undecided, and it is the right one.
/// forge-config: default.invariant.runs = 32
/// forge-config: deep.invariant.runs = 200
contract ReleaseInvariants is Test, Campaign {
    ReleaseHandler private _handler;

    function setUp() public {
        _handler = new ReleaseHandler();
        target = address(_handler);
    }

    function invariant_keysAreStoredOnceAndInTime() public view {
        assertEq(_handler.wrongs(), 0, "a step that must fail succeeded, or the other way");
        assertEq(_handler.disagreements(), 0, "isOpen, publishedAt or keyOf");
        assertTrue(_handler.isConstant(), "network key or policy");
    }

    function steps() internal pure override returns (bytes4[] memory list) {
        list = new bytes4[](7);
        list[0] = ReleaseHandler.stepCreate.selector;
        list[1] = ReleaseHandler.stepDecide.selector;
        list[2] = ReleaseHandler.stepPublish.selector;
        list[3] = ReleaseHandler.stepPublishWrong.selector;
        list[4] = ReleaseHandler.stepPublishPoor.selector;
        list[5] = ReleaseHandler.stepPublishWithoutPrecompile.selector;
        list[6] = ReleaseHandler.stepTime.selector;
    }
}
