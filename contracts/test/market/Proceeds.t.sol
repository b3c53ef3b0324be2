// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IProceeds} from "../../src/interfaces/IProceeds.sol";
import {ISale} from "../../src/interfaces/ISale.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {PayPerAccess} from "../../src/market/PayPerAccess.sol";
import {FIL, Price} from "../../src/types/MarketTypes.sol";
import {FalseCoin, FeeCoin, HookCoin, ICoinHook, LyingCoin, MuteCoin} from "../support/BadTokens.sol";
import {SaleFixture} from "../support/SaleFixture.sol";

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract ProceedsTest is SaleFixture {
    PayPerAccess private _sale =
        PayPerAccess(vm.deployCode("PayPerAccess.sol:PayPerAccess", abi.encode(address(registry))));
    bytes32 private _item;

    function setUp() public {
        _item = newItem();
    }

    // ------------------------------------------------------------------ withdraw

    function test_withdraw_paysThePayeeWhoeverCalls() public {
        _sell(inFil());
        buy(_sale, _item, inFil());
        vm.expectEmit();
        emit IProceeds.Withdrawn(PAYEE, FIL, PAYEE, PRICE);
        vm.prank(BOB);
        _sale.withdraw(PAYEE, FIL);
        assertEq(PAYEE.balance, PRICE);
        assertEq(_sale.owed(PAYEE, FIL), 0);
        vm.expectRevert(abi.encodeWithSelector(IProceeds.NothingOwed.selector, PAYEE, FIL));
        _sale.withdraw(PAYEE, FIL);
    }

    function test_withdraw_paysTokens() public {
        _sell(inCoin());
        buy(_sale, _item, inCoin());
        _sale.withdraw(PAYEE, address(coin));
        assertEq(coin.balanceOf(PAYEE), PRICE);
    }

    /// A price that changes takes nobody's proceeds along.
    function test_withdraw_isOfWhoeverWasPayee() public {
        _sell(inFil());
        buy(_sale, _item, inFil());
        Price memory price = inFil();
        price.payee = BOB;
        _sell(price);
        buy(_sale, _item, price);
        assertEq(_sale.owed(PAYEE, FIL), PRICE);
        assertEq(_sale.owed(BOB, FIL), PRICE);
    }

    function test_withdraw_failsForAContractThatRefuses() public {
        Payee payee = new Payee(_sale);
        Price memory price = inFil();
        price.payee = address(payee);
        _sell(price);
        buy(_sale, _item, price);
        vm.expectRevert(Payee.Refused.selector);
        _sale.withdraw(address(payee), FIL);
        assertEq(_sale.owed(address(payee), FIL), PRICE);
        // Nobody else is stopped, and it can have it sent elsewhere.
        payee.withdrawTo(FIL, BOB);
        assertEq(BOB.balance, PRICE);
    }

    function test_withdrawTo_paysTheSendersOwnAlone() public {
        _sell(inFil());
        buy(_sale, _item, inFil());
        vm.expectRevert(abi.encodeWithSelector(IProceeds.NothingOwed.selector, BOB, FIL));
        vm.prank(BOB);
        _sale.withdrawTo(FIL, BOB);
        vm.expectRevert(Accounts.ZeroAddress.selector);
        vm.prank(PAYEE);
        _sale.withdrawTo(FIL, address(0));
    }

    // ------------------------------------------------------------------- tokens

    function test_buyFor_takesTokensThatReturnNothing() public {
        MuteCoin mute = new MuteCoin();
        mute.mint(buyer, PRICE);
        _sell(inToken(address(mute)));
        vm.startPrank(buyer);
        mute.approve(address(_sale), PRICE);
        _sale.buyFor(_item, buyer, address(mute), PRICE, "");
        vm.stopPrank();
        _sale.withdraw(PAYEE, address(mute));
        assertEq(mute.balanceOf(PAYEE), PRICE);
    }

    function test_buyFor_failsIfTokenReturnsFalse() public {
        address token = address(new FalseCoin());
        _sell(inToken(token));
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        vm.prank(buyer);
        _sale.buyFor(_item, buyer, token, PRICE, "");
    }

    function test_buyFor_failsIfNothingArrives() public {
        address token = address(new LyingCoin());
        _sell(inToken(token));
        vm.expectRevert(abi.encodeWithSelector(IProceeds.ShortTransfer.selector, token, 0, PRICE));
        vm.prank(buyer);
        _sale.buyFor(_item, buyer, token, PRICE, "");
    }

    function test_buyFor_failsIfTokenTakesAFee() public {
        FeeCoin fee = new FeeCoin();
        fee.mint(buyer, 2 * PRICE);
        _sell(inToken(address(fee)));
        vm.startPrank(buyer);
        fee.approve(address(_sale), 2 * PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(IProceeds.ShortTransfer.selector, address(fee), PRICE - 1, PRICE)
        );
        _sale.buyFor(_item, buyer, address(fee), PRICE, "");
    }

    // --------------------------------------------------------------- reentrancy

    function test_withdraw_failsIfReentered() public {
        Payee payee = new Payee(_sale);
        payee.plan(abi.encodeCall(IProceeds.withdraw, (address(payee), FIL)), true);
        Price memory price = inFil();
        price.payee = address(payee);
        _sell(price);
        buy(_sale, _item, price);
        _sell(inFil());
        buy(_sale, _item, inFil());
        _sale.withdraw(address(payee), FIL);
        assertFalse(payee.succeeded());
        assertEq(address(payee).balance, PRICE);
        assertEq(address(_sale).balance, PRICE);
    }

    /// A buyer who withdraws while his change comes back.
    function test_buyFor_failsIfReenteredByChange() public {
        Payee payee = new Payee(_sale);
        vm.deal(address(payee), 100 ether);
        Price memory price = inFil();
        price.payee = address(payee);
        _sell(price);
        payee.plan(abi.encodeCall(IProceeds.withdraw, (address(payee), FIL)), true);
        payee.buy(_item, 2 * PRICE);
        assertFalse(payee.succeeded());
        assertEq(address(payee).balance, 100 ether - PRICE);
        assertEq(_sale.owed(address(payee), FIL), PRICE);
    }

    /// A token that calls its sender in the middle of a payment (ERC-777), who buys again.
    function test_buyFor_failsIfReenteredByAToken() public {
        HookCoin hook = new HookCoin();
        Payee payee = new Payee(_sale);
        hook.mint(address(payee), 10 * PRICE);
        payee.start(hook, 10 * PRICE);
        _sell(inToken(address(hook)));
        bytes memory again = abi.encodeCall(ISale.buyFor, (_item, address(payee), address(hook), PRICE, ""));
        payee.plan(again, true);
        payee.buyIn(hook, _item, PRICE);
        assertFalse(payee.succeeded());
        assertEq(
            payee.refusal(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        assertEq(hook.balanceOf(address(_sale)), PRICE);
        assertEq(_sale.owed(PAYEE, address(hook)), PRICE);
    }

    function _sell(Price memory price) private {
        vm.prank(OWNER);
        _sale.setPrice(_item, price);
    }
}

/// Buys and is paid, and calls back when money comes; refuses money unless it has a plan.
contract Payee is ICoinHook {
    PayPerAccess private immutable SALE;
    bytes private _plan;
    bool private _accepts;
    bool public succeeded;
    bytes public refusal;

    error Refused();

    constructor(PayPerAccess sale) {
        SALE = sale;
    }

    receive() external payable {
        require(_accepts, Refused());
        _callBack();
    }

    function coinMoves(address, address) external {
        _callBack();
    }

    function plan(bytes calldata call, bool accepts) external {
        (_plan, _accepts) = (call, accepts);
    }

    function start(HookCoin hook, uint256 amount) external {
        hook.hook();
        hook.approve(address(SALE), amount);
    }

    function buy(bytes32 item, uint256 value) external {
        SALE.buyFor{value: value}(item, address(this), FIL, value, "");
    }

    function buyIn(HookCoin hook, bytes32 item, uint256 price) external {
        SALE.buyFor(item, address(this), address(hook), price, "");
    }

    function withdrawTo(address token, address to) external {
        SALE.withdrawTo(token, to);
    }

    function _callBack() private {
        (succeeded, refusal) = address(SALE).call(_plan);
    }
}
