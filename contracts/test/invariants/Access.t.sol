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
        assertEq(_handler.disagreements(), 0, "owner or canRead");
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
