// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../../src/interfaces/IAccessCondition.sol";
import {ILicensing} from "../../src/interfaces/ILicensing.sol";
import {IOffer} from "../../src/interfaces/IOffer.sol";
import {ISale} from "../../src/interfaces/ISale.sol";
import {ITokenSale} from "../../src/interfaces/ITokenSale.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {DataPass} from "../../src/market/DataPass.sol";
import {FIL, Offer, Permit, Price, Purchase} from "../../src/types/MarketTypes.sol";
import {OwnedWallet} from "../support/OwnedWallet.sol";
import {SaleFixture} from "../support/SaleFixture.sol";

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract DataPassTest is SaleFixture {
    DataPass private _pass = _deploy(inFil());

    function test_buyFor_givesAPass() public {
        vm.prank(buyer);
        _pass.buyFor{value: PRICE + 1}(ITEM, ALICE, FIL, PRICE, "");
        assertEq(_pass.ownerOf(1), ALICE);
        assertEq(_pass.sold(), 1);
        assertTrue(_pass.canRead(ALICE, ITEM, ""));
        assertTrue(_pass.canRead(ALICE, "other", ""));
        assertFalse(_pass.canRead(buyer, ITEM, ""));
        assertEq(_pass.owed(PAYEE, FIL), PRICE);
        assertEq(buyer.balance, 1000 ether - PRICE);
    }

    function test_buyBySignature_givesAPass() public {
        _pass = _deploy(_licensed(inCoin()));
        Purchase memory purchase = purchaseOf(_pass, ITEM, _licensed(inCoin()));
        Permit memory permit = permitOf(address(_pass), PRICE);
        _pass.buyBySignature(purchase, sign(_pass, purchase), permit, "");
        assertEq(_pass.ownerOf(1), buyer);
        // A pass opens all that was sealed to it, and so its licence is about all.
        assertEq(_pass.acceptedAt(0, LICENCE, buyer), 1_000_000);
        assertEq(_pass.subjectOf(ITEM), 0);
    }

    function test_buyFor_takesConsentForEverything() public {
        _pass = _deploy(_licensed(inFil()));
        vm.startPrank(buyer);
        bytes memory ofItem = consent(_pass, ITEM, LICENCE, buyer);
        vm.expectRevert(abi.encodeWithSelector(ILicensing.LicenceNotAccepted.selector, LICENCE, buyer));
        _pass.buyFor{value: PRICE}(ITEM, buyer, FIL, PRICE, ofItem);
        _pass.buyFor{value: PRICE}(ITEM, buyer, FIL, PRICE, consent(_pass, 0, LICENCE, buyer));
        assertEq(_pass.ownerOf(1), buyer);
    }

    function test_canRead_followsThePass() public {
        buy(_pass, ITEM, inFil());
        vm.prank(buyer);
        _pass.transferFrom(buyer, BOB, 1);
        assertFalse(_pass.canRead(buyer, ITEM, ""));
        assertTrue(_pass.canRead(BOB, ITEM, ""));
        assertFalse(_pass.canRead(address(0), ITEM, ""));
    }

    function test_buyFor_failsIfReaderCannotReceive() public {
        address wallet = address(new OwnedWallet(ALICE));
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, wallet));
        _pass.buyFor{value: PRICE}(ITEM, wallet, FIL, PRICE, "");
    }

    function test_buyFor_failsIfReenteredByTheReader() public {
        Greedy greedy = new Greedy(_pass);
        vm.deal(address(greedy), 10 * PRICE);
        greedy.buy(PRICE);
        assertEq(
            greedy.refusal(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        assertEq(_pass.sold(), 1);
        assertEq(address(_pass).balance, PRICE);
    }

    function test_offer_isEnoughToRead() public {
        Offer memory offer = _pass.offer(ITEM, ALICE);
        assertEq(offer.amount, PRICE);
        vm.prank(buyer);
        (bool ok,) = offer.target.call{value: offer.amount}(offer.data);
        assertTrue(ok);
        assertTrue(_pass.canRead(ALICE, ITEM, ""));
    }

    function test_setPrice_takesTheOwnerAlone() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, ALICE));
        vm.prank(ALICE);
        _pass.setPrice(inCoin());
        vm.expectEmit();
        emit ITokenSale.PriceSet(inCoin());
        vm.prank(OWNER);
        _pass.setPrice(inCoin());
        assertEq(_pass.priceOf().token, address(coin));
    }

    function test_setPrice_failsIfNobodyCanMeanIt() public {
        Price[5] memory bad = badPrices();
        vm.startPrank(OWNER);
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(ISale.BadPrice.selector);
            _pass.setPrice(bad[i]);
        }
        // A pass has no end.
        Price memory price = inFil();
        price.duration = 100;
        vm.expectRevert(ISale.BadPrice.selector);
        _pass.setPrice(price);
        price = inFil();
        price.payee = MASKED;
        vm.expectRevert(abi.encodeWithSelector(Accounts.MaskedId.selector, MASKED));
        _pass.setPrice(price);
    }

    function test_stopSale_leavesThePasses() public {
        buy(_pass, ITEM, inFil());
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        _pass.stopSale();
        vm.prank(OWNER);
        _pass.stopSale();
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, ITEM));
        _pass.buyFor(ITEM, buyer, FIL, PRICE, "");
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, ITEM));
        _pass.offer(ITEM, buyer);
        assertTrue(_pass.canRead(buyer, ITEM, ""));
    }

    function test_constructor_failsIfOwnerIsZero() public {
        vm.expectRevert();
        vm.deployCode("DataPass.sol:DataPass", abi.encode("Data", "DATA", address(0), inFil()));
    }

    function test_supportsInterface_namesTokenAndSale() public view {
        assertTrue(_pass.supportsInterface(type(IERC721).interfaceId));
        assertTrue(_pass.supportsInterface(type(IAccessCondition).interfaceId));
        assertTrue(_pass.supportsInterface(type(IOffer).interfaceId));
        assertTrue(_pass.supportsInterface(type(ISale).interfaceId));
        assertFalse(_pass.supportsInterface(0xffffffff));
    }

    function _deploy(Price memory price) private returns (DataPass) {
        bytes memory arguments = abi.encode("Data set 1", "DS1", OWNER, price);
        return DataPass(vm.deployCode("DataPass.sol:DataPass", arguments));
    }

    function _licensed(Price memory price) private pure returns (Price memory) {
        price.licence = LICENCE;
        return price;
    }
}

/// Buys again while it receives a pass.
contract Greedy is IERC721Receiver {
    DataPass private immutable PASS;
    bytes public refusal;

    constructor(DataPass pass) {
        PASS = pass;
    }

    function buy(uint256 price) public {
        PASS.buyFor{value: price}("item", address(this), FIL, price, "");
    }

    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        try PASS.buyFor{value: 5e18}("item", address(this), FIL, 5e18, "") {}
        catch (bytes memory reason) {
            refusal = reason;
        }
        return IERC721Receiver.onERC721Received.selector;
    }
}
