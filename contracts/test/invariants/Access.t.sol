// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Campaign} from "../support/Campaign.sol";
import {Test} from "../support/Test.sol";
import {AccessHandler} from "./AccessHandler.sol";

/// Nobody reads without a term that allows it, nobody does what he may not, whatever happened before.
contract AccessInvariants is Test, Campaign {
    AccessHandler private _handler;

    function setUp() public {
        _handler = new AccessHandler();
        target = address(_handler);
    }

    function invariant_onlyTermsGrant() public view {
        assertEq(_handler.wrongs(), 0, "a step that must fail succeeded, or the other way");
        for (uint256 index = 0; index < _handler.IDS(); ++index) {
            assertTrue(_handler.ownerAgrees(index), "owner");
            // 2 and 5 are collections, which nobody reads.
            if (index == 2 || index == 5) continue;
            for (uint256 who = 0; who < _handler.PEOPLE(); ++who) {
                assertEq(_handler.reads(index, who), _handler.mayRead(index, who), "canRead");
            }
        }
    }

    function steps() internal pure override returns (bytes4[] memory list) {
        list = new bytes4[](8);
        list[0] = AccessHandler.stepTerms.selector;
        list[1] = AccessHandler.stepGrant.selector;
        list[2] = AccessHandler.stepRevoke.selector;
        list[3] = AccessHandler.stepRoles.selector;
        list[4] = AccessHandler.stepOffer.selector;
        list[5] = AccessHandler.stepAccept.selector;
        list[6] = AccessHandler.stepSquat.selector;
        list[7] = AccessHandler.stepTime.selector;
    }
}
