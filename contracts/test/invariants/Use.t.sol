// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Campaign} from "../support/Campaign.sol";
import {Test} from "../support/Test.sol";
import {UseHandler} from "./UseHandler.sol";

/// Each member uses an item once in a period, by a root that is valid, for the recipient whom he named.
/// forge-config: default.invariant.runs = 32
/// forge-config: deep.invariant.runs = 200
contract UseInvariants is Test, Campaign {
    UseHandler private _handler;

    function setUp() public {
        _handler = new UseHandler();
        target = address(_handler);
    }

    function invariant_membersUseOnce() public view {
        assertEq(_handler.wrongs(), 0, "a step that must fail succeeded, or the other way");
        assertEq(_handler.disagreements(), 0, "canRead, isUsed or isValid");
    }

    function steps() internal pure override returns (bytes4[] memory list) {
        list = new bytes4[](6);
        list[0] = UseHandler.stepChange.selector;
        list[1] = UseHandler.stepTime.selector;
        list[2] = UseHandler.stepUse.selector;
        list[3] = UseHandler.stepReplay.selector;
        list[4] = UseHandler.stepSteal.selector;
        list[5] = UseHandler.stepWrong.selector;
    }
}
