// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Campaign} from "../support/Campaign.sol";
import {Test} from "../support/Test.sol";
import {AuctionHandler} from "./AuctionHandler.sol";

/// Money in is money out and held, the highest bid has the token, and everybody is owed what the book says.
/// forge-config: default.invariant.runs = 32
/// forge-config: deep.invariant.runs = 200
contract AuctionInvariants is Test, Campaign {
    AuctionHandler private _handler;

    function setUp() public {
        _handler = new AuctionHandler();
        target = address(_handler);
    }

    function invariant_moneyAndTokensAgreeWithTheBook() public view {
        assertEq(_handler.wrongs(), 0, "a step that must fail succeeded, or the other way");
        assertEq(_handler.moneyIn(), _handler.moneyOut() + _handler.held(), "in = out + held");
        assertEq(_handler.held(), _handler.owed(), "held = owed");
        assertEq(_handler.disagreements(), 0, "state, token or refunds");
    }

    function steps() internal pure override returns (bytes4[] memory list) {
        list = new bytes4[](13);
        list[0] = AuctionHandler.stepPutUp.selector;
        list[1] = AuctionHandler.stepBid.selector;
        list[2] = AuctionHandler.stepPublish.selector;
        list[3] = AuctionHandler.stepOpen.selector;
        list[4] = AuctionHandler.stepSettle.selector;
        list[5] = AuctionHandler.stepCancel.selector;
        list[6] = AuctionHandler.stepReclaim.selector;
        list[7] = AuctionHandler.stepRefund.selector;
        list[8] = AuctionHandler.stepWithdraw.selector;
        list[9] = AuctionHandler.stepStop.selector;
        list[10] = AuctionHandler.stepTime.selector;
        list[11] = AuctionHandler.stepOpenAll.selector;
        list[12] = AuctionHandler.stepMatch.selector;
    }
}
