// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../../src/interfaces/IAccessCondition.sol";
import {IItemSale} from "../../src/interfaces/IItemSale.sol";
import {IOffer} from "../../src/interfaces/IOffer.sol";
import {IProceeds} from "../../src/interfaces/IProceeds.sol";
import {ISale} from "../../src/interfaces/ISale.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {PayPerAccess} from "../../src/market/PayPerAccess.sol";
import {Roles} from "../../src/types/AccessTypes.sol";
import {FIL, Offer, Price} from "../../src/types/MarketTypes.sol";
import {SaleFixture} from "../support/SaleFixture.sol";
import {Coin} from "../support/Tokens.sol";
import {OwnedWallet} from "../support/OwnedWallet.sol";

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";

/// forge-config: default.fuzz.runs = 1000
/// forge-config: deep.fuzz.runs = 100000
contract PayPerAccessTest is SaleFixture {
    PayPerAccess private _sale =
        PayPerAccess(vm.deployCode("PayPerAccess.sol:PayPerAccess", abi.encode(address(registry))));
    bytes32 private _item;

    function setUp() public {
        _item = newItem();
    }

    // ----------------------------------------------------------------------- buy

    function test_buyFor_letsTheReaderRead() public {
        _setPrice(_item, inFil());
        assertFalse(_sale.canRead(buyer, _item, ""));
        vm.expectEmit();
        emit ISale.Bought(_item, ALICE, buyer, FIL, PRICE);
        vm.prank(buyer);
        _sale.buyFor{value: PRICE}(_item, ALICE, FIL, PRICE, "");
        assertTrue(_sale.canRead(ALICE, _item, ""));
        assertFalse(_sale.canRead(buyer, _item, ""));
        assertEq(_sale.paidUntil(_item, ALICE), FOREVER);
        assertEq(_sale.owed(PAYEE, FIL), PRICE);
        assertEq(address(_sale).balance, PRICE);
    }

    function test_buyFor_takesTokens() public {
        _setPrice(_item, inCoin());
        buy(_sale, _item, inCoin());
        assertTrue(_sale.canRead(buyer, _item, ""));
        assertEq(_sale.owed(PAYEE, address(coin)), PRICE);
        assertEq(coin.balanceOf(address(_sale)), PRICE);
    }

    function testFuzz_buyFor_returnsWhatIsOverpaid(uint256 paid) public {
        paid = bound(paid, 0, 1000 ether);
        _setPrice(_item, inFil());
        if (paid < PRICE) {
            vm.expectRevert(abi.encodeWithSelector(IProceeds.Underpaid.selector, paid, PRICE));
        }
        vm.prank(buyer);
        _sale.buyFor{value: paid}(_item, buyer, FIL, PRICE, "");
        assertEq(buyer.balance, paid < PRICE ? 1000 ether : 1000 ether - PRICE);
        assertEq(address(_sale).balance, paid < PRICE ? 0 : PRICE);
        assertEq(_sale.canRead(buyer, _item, ""), paid >= PRICE);
    }

    /// What is sent is not what is agreed to.
    function testFuzz_buyFor_failsIfPriceRose(uint256 agreed) public {
        _setPrice(_item, inFil());
        if (agreed < PRICE) {
            vm.expectRevert(abi.encodeWithSelector(ISale.PriceRose.selector, PRICE, agreed));
        }
        vm.prank(buyer);
        _sale.buyFor{value: 1000 ether}(_item, buyer, FIL, agreed, "");
    }

    function test_buyFor_takesTheLowerPriceIfItFell() public {
        _setPrice(_item, inCoin());
        vm.prank(buyer);
        coin.approve(address(_sale), 2 * PRICE);
        vm.prank(buyer);
        _sale.buyFor(_item, buyer, address(coin), 2 * PRICE, "");
        assertEq(coin.balanceOf(buyer), 1000 ether - PRICE);
    }

    function test_buyFor_failsIfTokenIsWrong() public {
        _setPrice(_item, inCoin());
        vm.expectRevert(abi.encodeWithSelector(ISale.WrongToken.selector, FIL, address(coin)));
        vm.prank(buyer);
        _sale.buyFor{value: PRICE}(_item, buyer, FIL, PRICE, "");
        Coin other = new Coin();
        vm.expectRevert(abi.encodeWithSelector(ISale.WrongToken.selector, address(other), address(coin)));
        _sale.buyFor(_item, buyer, address(other), PRICE, "");
    }

    function test_buyFor_failsIfFilComesWithTokens() public {
        _setPrice(_item, inCoin());
        vm.prank(buyer);
        coin.approve(address(_sale), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IProceeds.FilNotExpected.selector, 1));
        vm.prank(buyer);
        _sale.buyFor{value: 1}(_item, buyer, address(coin), PRICE, "");
    }

    function test_buyFor_failsIfNotForSale() public {
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, _item));
        _sale.buyFor(_item, buyer, FIL, PRICE, "");
        _setPrice(_item, inFil());
        vm.prank(OWNER);
        _sale.stopSale(_item);
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, _item));
        _sale.buyFor(_item, buyer, FIL, PRICE, "");
    }

    function test_buyFor_failsIfOfferExpired() public {
        Price memory price = inFil();
        price.expires = 1_000_100;
        _setPrice(_item, price);
        vm.warp(1_000_100);
        vm.expectRevert(abi.encodeWithSelector(ISale.OfferExpired.selector, 1_000_100));
        vm.prank(buyer);
        _sale.buyFor{value: PRICE}(_item, buyer, FIL, PRICE, "");
        vm.expectRevert(abi.encodeWithSelector(ISale.OfferExpired.selector, 1_000_100));
        _sale.offer(_item, buyer);
    }

    function test_buyFor_failsIfReaderCannotBeKept() public {
        _setPrice(_item, inFil());
        vm.startPrank(buyer);
        vm.expectRevert(Accounts.ZeroAddress.selector);
        _sale.buyFor{value: PRICE}(_item, address(0), FIL, PRICE, "");
        vm.expectRevert(abi.encodeWithSelector(Accounts.MaskedId.selector, MASKED));
        _sale.buyFor{value: PRICE}(_item, MASKED, FIL, PRICE, "");
    }

    function test_buyFor_takesAContractAsReader() public {
        _setPrice(_item, inFil());
        address wallet = address(new OwnedWallet(ALICE));
        vm.prank(buyer);
        _sale.buyFor{value: PRICE}(_item, wallet, FIL, PRICE, "");
        assertTrue(_sale.canRead(wallet, _item, ""));
    }

    /// Who cannot receive his change sends the price exactly.
    function test_buyFor_failsIfChangeCannotBeReturned() public {
        _setPrice(_item, inFil());
        Wall wall = new Wall(_sale);
        vm.deal(address(wall), 100 ether);
        vm.expectRevert();
        wall.buy(_item, PRICE + 1);
        wall.buy(_item, PRICE);
        assertTrue(_sale.canRead(address(wall), _item, ""));
    }

    function testFuzz_buyFor_lastsAsLongAsPaidFor(uint64 duration, uint8 times, uint64 later) public {
        Price memory price = inCoin();
        price.duration = uint64(bound(duration, 1, type(uint64).max));
        times = uint8(bound(times, 1, 4));
        _setPrice(_item, price);
        for (uint256 i = 0; i < times; ++i) {
            buy(_sale, _item, price);
        }
        uint256 until = 1_000_000 + uint256(price.duration) * times;
        if (until > type(uint64).max) until = type(uint64).max;
        assertEq(_sale.paidUntil(_item, buyer), until);
        vm.warp(later);
        assertEq(_sale.canRead(buyer, _item, ""), later < until);
    }

    function test_buyFor_beginsNowIfAnEarlierPurchaseLapsed() public {
        Price memory price = inFil();
        price.duration = 100;
        _setPrice(_item, price);
        buy(_sale, _item, price);
        vm.warp(2_000_000);
        buy(_sale, _item, price);
        assertEq(_sale.paidUntil(_item, buyer), 2_000_100);
    }

    // --------------------------------------------------------------- collections

    function test_buyFor_ofACollectionOpensItsPeriods() public {
        bytes32 collection = newCollection();
        bytes32 one = begin(collection);
        _setPrice(collection, inFil());
        buy(_sale, collection, inFil());
        bytes32 two = begin(collection);
        assertTrue(_sale.canRead(buyer, one, ""));
        assertTrue(_sale.canRead(buyer, two, ""));
        assertFalse(_sale.canRead(ALICE, one, ""));
    }

    function test_buyFor_ofAPeriodOpensThatAlone() public {
        bytes32 collection = newCollection();
        bytes32 one = begin(collection);
        bytes32 two = begin(collection);
        _setPrice(one, inFil());
        buy(_sale, one, inFil());
        assertTrue(_sale.canRead(buyer, one, ""));
        assertFalse(_sale.canRead(buyer, two, ""));
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, two));
        _sale.buyFor(two, buyer, FIL, PRICE, "");
    }

    function test_canRead_failsForWhatHasNotBegun() public {
        bytes32 collection = newCollection();
        _setPrice(collection, inFil());
        buy(_sale, collection, inFil());
        vm.expectRevert(unknown(collection));
        _sale.canRead(buyer, collection, "");
        vm.expectRevert(unknown("nothing"));
        _sale.canRead(buyer, "nothing", "");
    }

    /// The registry's terms name the sale, and the policy names the registry.
    function test_registry_grantsWhoPaid() public {
        set(_item, these(paid(address(_sale))));
        _setPrice(_item, inFil());
        assertFalse(registry.canRead(buyer, _item, ""));
        buy(_sale, _item, inFil());
        assertTrue(registry.canRead(buyer, _item, ""));
    }

    // --------------------------------------------------------------------- offer

    function test_offer_saysWhatItTakes() public {
        Price memory price = inFil();
        (price.licence, price.expires) = (LICENCE, 2_000_000);
        _setPrice(_item, price);
        Offer memory offer = _sale.offer(_item, ALICE);
        assertEq(offer.token, FIL);
        assertEq(offer.amount, PRICE);
        assertEq(offer.target, address(_sale));
        assertEq(offer.licence, LICENCE);
        assertEq(offer.expires, 2_000_000);
        assertEq(offer.data, abi.encodeCall(ISale.buyFor, (_item, ALICE, FIL, PRICE, "")));
    }

    /// Who does what the offer says, reads.
    function test_offer_isEnoughToRead() public {
        bytes32 collection = newCollection();
        bytes32 period = begin(collection);
        _setPrice(collection, inFil());
        Offer memory offer = _sale.offer(period, ALICE);
        vm.prank(buyer);
        (bool ok,) = offer.target.call{value: offer.amount}(offer.data);
        assertTrue(ok);
        assertTrue(_sale.canRead(ALICE, period, ""));
    }

    function test_offer_prefersThePeriodsOwnPrice() public {
        bytes32 collection = newCollection();
        bytes32 period = begin(collection);
        _setPrice(collection, inFil());
        _setPrice(period, inCoin());
        assertEq(_sale.offer(period, ALICE).token, address(coin));
    }

    function test_offer_failsIfNotForSale() public {
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, _item));
        _sale.offer(_item, ALICE);
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, bytes32("nothing")));
        _sale.offer("nothing", ALICE);
    }

    function test_supportsInterface_namesTheSale() public view {
        assertTrue(_sale.supportsInterface(type(IERC165).interfaceId));
        assertTrue(_sale.supportsInterface(type(IAccessCondition).interfaceId));
        assertTrue(_sale.supportsInterface(type(IOffer).interfaceId));
        assertTrue(_sale.supportsInterface(type(ISale).interfaceId));
        assertFalse(_sale.supportsInterface(0xffffffff));
    }

    // --------------------------------------------------------------------- price

    function test_setPrice_takesTheItemsSellerAlone() public {
        vm.expectRevert(notAllowed(_item, BOB, Roles.SALES));
        vm.prank(BOB);
        _sale.setPrice(_item, inFil());
        vm.prank(OWNER);
        registry.setRoles(_item, BOB, Roles.SALES);
        vm.expectEmit();
        emit IItemSale.PriceSet(_item, inFil());
        vm.prank(BOB);
        _sale.setPrice(_item, inFil());
        assertEq(_sale.priceOf(_item).amount, PRICE);
        vm.expectRevert(notAllowed(_item, ALICE, Roles.SALES));
        vm.prank(ALICE);
        _sale.stopSale(_item);
    }

    function test_setPrice_failsIfItemWasNeverCreated() public {
        vm.expectRevert(unknown("nothing"));
        _setPrice("nothing", inFil());
    }

    function test_setPrice_failsIfNobodyCanMeanIt() public {
        Price[5] memory bad = badPrices();
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(ISale.BadPrice.selector);
            _setPrice(_item, bad[i]);
        }
        Price memory price = inFil();
        price.payee = address(0);
        vm.expectRevert(Accounts.ZeroAddress.selector);
        _setPrice(_item, price);
    }

    /// Nobody pays the last owner for what he cannot give any more.
    function test_buyFor_failsIfItemChangedHands() public {
        _setPrice(_item, inFil());
        buy(_sale, _item, inFil());
        vm.prank(OWNER);
        registry.transferOwnership(_item, BOB);
        vm.prank(BOB);
        registry.acceptOwnership(_item);
        bytes memory refusal = abi.encodeWithSelector(ISale.NotForSale.selector, _item);
        vm.expectRevert(refusal);
        vm.prank(buyer);
        _sale.buyFor{value: PRICE}(_item, ALICE, FIL, PRICE, "");
        vm.expectRevert(refusal);
        _sale.offer(_item, ALICE);
        vm.expectRevert(refusal);
        _sale.priceOf(_item);
        vm.prank(BOB);
        _sale.setPrice(_item, inCoin());
        buy(_sale, _item, inCoin());
        assertTrue(_sale.canRead(buyer, _item, ""));
    }

    function test_stopSale_leavesWhatWasBought() public {
        _setPrice(_item, inFil());
        buy(_sale, _item, inFil());
        vm.expectEmit();
        emit IItemSale.SaleStopped(_item);
        vm.prank(OWNER);
        _sale.stopSale(_item);
        assertTrue(_sale.canRead(buyer, _item, ""));
    }

    function test_constructor_failsWithoutRegistry() public {
        vm.expectRevert();
        vm.deployCode("PayPerAccess.sol:PayPerAccess", abi.encode(ALICE));
    }

    function _setPrice(bytes32 id, Price memory price) private {
        vm.prank(OWNER);
        _sale.setPrice(id, price);
    }
}

/// Buys, and cannot receive.
contract Wall {
    ISale private immutable SALE;

    constructor(ISale sale) {
        SALE = sale;
    }

    function buy(bytes32 item, uint256 value) external {
        SALE.buyFor{value: value}(item, address(this), FIL, value, "");
    }
}
