// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {FIL} from "../../src/types/MarketTypes.sol";
import {Campaign} from "../support/Campaign.sol";
import {Test} from "../support/Test.sol";
import {MarketHandler} from "./MarketHandler.sol";

/// Money in is money out and held; nobody reads who did not pay; shares sum to the last unit.
contract MarketInvariants is Test, Campaign {
    MarketHandler private _handler;

    function setUp() public {
        _handler = new MarketHandler();
        target = address(_handler);
    }

    function invariant_moneyAndRightsAgreeWithTheBook() public view {
        assertEq(_handler.wrongs(), 0, "a step that must fail succeeded, or the other way");
        address[2] memory tokens = [FIL, _handler.coinAddress()];
        for (uint256 i = 0; i < 2; ++i) {
            _checkMoney(tokens[i]);
            _checkSplit(tokens[i]);
        }
        assertEq(_handler.disagreements(), 0, "canRead");
    }

    function _checkMoney(address token) private view {
        for (uint256 sale = 0; sale < 4; ++sale) {
            address from = _handler.saleAt(sale);
            uint256 held = _handler.balanceOf(from, token);
            uint256 in_ = _handler.moneyIn(from, token);
            assertEq(in_, _handler.moneyOut(from, token) + held, "in = out + held");
            uint256 owed = _handler.owedInAll(from, token);
            if (sale == 1) owed += _handler.heldInEscrow(token);
            assertEq(held, owed, "held = owed + in escrow");
        }
    }

    function _checkSplit(address token) private view {
        address splitter = address(_handler.splitter());
        uint256 paid = _handler.splitter().paidOut(token);
        assertEq(paid, _handler.moneyOut(splitter, token), "paid out");
        uint256 open = 0;
        for (uint256 who = 0; who < _handler.CONTRIBUTORS(); ++who) {
            open += _handler.claimable(who, token);
        }
        assertEq(open, _handler.balanceOf(splitter, token), "claims sum to what is there");
    }

    function steps() internal pure override returns (bytes4[] memory list) {
        list = new bytes4[](10);
        list[0] = MarketHandler.stepPrice.selector;
        list[1] = MarketHandler.stepIntrude.selector;
        list[2] = MarketHandler.stepBuy.selector;
        list[3] = MarketHandler.stepUnderpay.selector;
        list[4] = MarketHandler.stepTransfer.selector;
        list[5] = MarketHandler.stepSettle.selector;
        list[6] = MarketHandler.stepGiveUp.selector;
        list[7] = MarketHandler.stepWithdraw.selector;
        list[8] = MarketHandler.stepClaim.selector;
        list[9] = MarketHandler.stepTime.selector;
    }
}
