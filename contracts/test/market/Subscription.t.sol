// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IERC5643} from "../../src/interfaces/IERC5643.sol";
import {ILicensing} from "../../src/interfaces/ILicensing.sol";
import {IProceeds} from "../../src/interfaces/IProceeds.sol";
import {ISale} from "../../src/interfaces/ISale.sol";
import {Subscription} from "../../src/market/Subscription.sol";
import {FIL, Offer, Price} from "../../src/types/MarketTypes.sol";
import {SaleFixture} from "../support/SaleFixture.sol";

import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// forge-config: default.fuzz.runs = 1000
/// forge-config: deep.fuzz.runs = 100000
contract SubscriptionTest is SaleFixture {
    uint64 private constant MONTH = 30 days;
    uint64 private constant GRACE = 3 days;
    uint64 private constant START = 1_000_000;

    Subscription private _club = _deploy(_monthly(inFil()));

    // ----------------------------------------------------------------------- buy

    function test_buyFor_subscribesForAPeriod() public {
        vm.expectEmit();
        emit IERC5643.SubscriptionUpdate(1, START + MONTH);
        vm.prank(buyer);
        _club.buyFor{value: PRICE}(ITEM, buyer, FIL, PRICE, "");
        assertEq(_club.ownerOf(1), buyer);
        assertEq(_club.subscriptionOf(buyer), 1);
        assertEq(_club.expiresAt(1), START + MONTH);
        assertTrue(_club.canRead(buyer, ITEM, ""));
        assertFalse(_club.canRead(ALICE, ITEM, ""));
        assertFalse(_club.canRead(address(0), ITEM, ""));
        assertEq(_club.owed(PAYEE, FIL), PRICE);
    }

    function test_buyFor_renewsASubscription() public {
        _buy();
        vm.warp(START + 10 days);
        _buy();
        assertEq(_club.sold(), 1);
        assertEq(_club.expiresAt(1), START + 2 * MONTH);
    }

    function test_offer_isEnoughToRead() public {
        Offer memory offer = _club.offer(ITEM, ALICE);
        vm.prank(buyer);
        (bool ok,) = offer.target.call{value: offer.amount}(offer.data);
        assertTrue(ok);
        assertTrue(_club.canRead(ALICE, ITEM, ""));
    }

    // --------------------------------------------------------------------- grace

    function testFuzz_canRead_endsWithTheGrace(uint64 later) public {
        _buy();
        vm.warp(later);
        assertEq(_club.canRead(buyer, ITEM, ""), later < START + MONTH + GRACE);
    }

    function testFuzz_renewal_goesOnFromTheEndOrFromNow(uint256 later) public {
        later = bound(later, START, START + 10 * MONTH);
        _buy();
        vm.warp(later);
        _buy();
        uint256 from = later < START + MONTH + GRACE ? START + MONTH : later;
        assertEq(_club.expiresAt(1), from + MONTH);
        assertTrue(_club.canRead(buyer, ITEM, ""));
    }

    // --------------------------------------------------------- renewSubscription

    function testFuzz_renewSubscription_costsThePriceOfItsPeriods(uint64 duration, uint256 paid) public {
        _buy();
        duration = uint64(bound(duration, 0, 24 * MONTH));
        if (duration % 2 == 0) duration -= duration % MONTH;
        paid = bound(paid, 0, 200 ether);
        uint256 cost = PRICE * (duration / MONTH);
        bool good = duration > 0 && duration % MONTH == 0;
        if (!good) {
            vm.expectRevert(abi.encodeWithSelector(Subscription.BadDuration.selector, duration, MONTH));
        } else if (paid < cost) {
            vm.expectRevert(abi.encodeWithSelector(IProceeds.Underpaid.selector, paid, cost));
        }
        vm.deal(BOB, 200 ether);
        vm.prank(BOB);
        _club.renewSubscription{value: paid}(1, duration);
        bool renewed = good && paid >= cost;
        assertEq(_club.expiresAt(1), START + MONTH + (renewed ? duration : 0));
        assertEq(_club.owed(PAYEE, FIL), PRICE + (renewed ? cost : 0));
        assertEq(BOB.balance, 200 ether - (renewed ? cost : 0));
    }

    function test_renewSubscription_takesTokens() public {
        _club = _deploy(_monthly(inCoin()));
        buy(_club, ITEM, _monthly(inCoin()));
        vm.startPrank(buyer);
        coin.approve(address(_club), 3 * PRICE);
        _club.renewSubscription(1, 3 * MONTH);
        assertEq(_club.expiresAt(1), START + 4 * MONTH);
        assertEq(coin.balanceOf(address(_club)), 4 * PRICE);
        vm.expectRevert(abi.encodeWithSelector(IProceeds.FilNotExpected.selector, 1));
        _club.renewSubscription{value: 1}(1, MONTH);
    }

    function test_renewSubscription_failsIfNotThere() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        _club.renewSubscription(1, MONTH);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        _club.expiresAt(1);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        _club.isRenewable(1);
    }

    function test_renewSubscription_failsIfNoLongerSold() public {
        _buy();
        assertTrue(_club.isRenewable(1));
        Price memory price = _monthly(inFil());
        price.expires = START + 100;
        vm.prank(OWNER);
        _club.setPrice(price);
        vm.warp(START + 100);
        assertFalse(_club.isRenewable(1));
        vm.expectRevert(abi.encodeWithSelector(ISale.OfferExpired.selector, START + 100));
        _club.renewSubscription(1, MONTH);
        vm.prank(OWNER);
        _club.stopSale();
        assertFalse(_club.isRenewable(1));
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, 0));
        _club.renewSubscription(1, MONTH);
    }

    function test_renewSubscription_failsIfLicenceIsNewToTheHolder() public {
        _buy();
        Price memory price = _monthly(inFil());
        price.licence = LICENCE;
        vm.prank(OWNER);
        _club.setPrice(price);
        vm.deal(BOB, PRICE);
        vm.expectRevert(abi.encodeWithSelector(ILicensing.LicenceNotAccepted.selector, LICENCE, buyer));
        vm.prank(BOB);
        _club.renewSubscription{value: PRICE}(1, MONTH);
        _club.acceptLicence(0, LICENCE, buyer, consent(_club, 0, LICENCE, buyer));
        vm.prank(BOB);
        _club.renewSubscription{value: PRICE}(1, MONTH);
    }

    function test_renewSubscription_neverOverflows() public {
        Price memory price = _monthly(inFil());
        (price.amount, price.duration) = (1, FOREVER - 1);
        _club = _deploy(price);
        buy(_club, ITEM, price);
        assertEq(_club.expiresAt(1), FOREVER);
        assertTrue(_club.canRead(buyer, ITEM, ""));
        vm.deal(BOB, 1);
        vm.prank(BOB);
        _club.renewSubscription{value: 1}(1, FOREVER - 1);
        assertEq(_club.expiresAt(1), FOREVER);
    }

    // -------------------------------------------------------------------- cancel

    function test_cancelSubscription_endsIt() public {
        _buy();
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InsufficientApproval.selector, ALICE, 1));
        vm.prank(ALICE);
        _club.cancelSubscription(1);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IProceeds.FilNotExpected.selector, 1));
        _club.cancelSubscription{value: 1}(1);
        vm.expectEmit();
        emit IERC5643.SubscriptionUpdate(1, 0);
        _club.cancelSubscription(1);
        vm.stopPrank();
        assertFalse(_club.canRead(buyer, ITEM, ""));
        assertEq(_club.subscriptionOf(buyer), 0);
        _buy();
        assertEq(_club.subscriptionOf(buyer), 2);
    }

    // ------------------------------------------------------------------ transfer

    function test_canRead_followsTheToken() public {
        _buy();
        vm.prank(buyer);
        _club.transferFrom(buyer, BOB, 1);
        assertFalse(_club.canRead(buyer, ITEM, ""));
        assertTrue(_club.canRead(BOB, ITEM, ""));
        assertEq(_club.subscriptionOf(BOB), 1);
    }

    function test_transferFrom_failsIfReceiverSubscribes() public {
        _buy();
        vm.prank(buyer);
        _club.buyFor{value: PRICE}(ITEM, ALICE, FIL, PRICE, "");
        vm.expectRevert(abi.encodeWithSelector(Subscription.AlreadySubscribed.selector, ALICE));
        vm.prank(buyer);
        _club.transferFrom(buyer, ALICE, 1);
    }

    function test_transferFrom_toItselfChangesNothing() public {
        _buy();
        vm.prank(buyer);
        _club.transferFrom(buyer, buyer, 1);
        assertEq(_club.subscriptionOf(buyer), 1);
    }

    // --------------------------------------------------------------------- other

    function test_setPrice_failsIfItHasNoPeriod() public {
        vm.expectRevert(ISale.BadPrice.selector);
        vm.prank(OWNER);
        _club.setPrice(inFil());
    }

    function test_supportsInterface_namesErc5643() public view {
        assertTrue(type(IERC5643).interfaceId == bytes4(0x8c65f84d));
        assertTrue(_club.supportsInterface(0x8c65f84d));
        assertTrue(_club.supportsInterface(type(IERC721).interfaceId));
        assertTrue(_club.supportsInterface(type(ISale).interfaceId));
    }

    function _buy() private {
        buy(_club, ITEM, _monthly(inFil()));
    }

    function _monthly(Price memory price) private pure returns (Price memory) {
        price.duration = MONTH;
        return price;
    }

    function _deploy(Price memory price) private returns (Subscription) {
        bytes memory arguments = abi.encode("Club", "CLUB", OWNER, price, GRACE);
        return Subscription(vm.deployCode("Subscription.sol:Subscription", arguments));
    }
}
