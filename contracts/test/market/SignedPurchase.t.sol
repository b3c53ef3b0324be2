// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ILicensing} from "../../src/interfaces/ILicensing.sol";
import {ISale} from "../../src/interfaces/ISale.sol";
import {PayPerAccess} from "../../src/market/PayPerAccess.sol";
import {FIL, Permit, Price, Purchase} from "../../src/types/MarketTypes.sol";
import {OwnedWallet} from "../support/OwnedWallet.sol";
import {SaleFixture} from "../support/SaleFixture.sol";

import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// Purchases that a relayer sends, and licences.
/// forge-config: default.fuzz.runs = 1000
/// forge-config: deep.fuzz.runs = 100000
contract SignedPurchaseTest is SaleFixture {
    address private constant RELAYER = address(0x4e1a);

    PayPerAccess private _sale =
        PayPerAccess(vm.deployCode("PayPerAccess.sol:PayPerAccess", abi.encode(address(registry))));
    bytes32 private _item;

    function setUp() public {
        _item = newItem();
        _sell(inCoin());
        // The buyer has no FIL, and has allowed nothing.
        vm.deal(buyer, 0);
    }

    // ----------------------------------------------------------- buyBySignature

    function test_buyBySignature_needsNoFilOfTheBuyer() public {
        _relay(purchaseOf(_sale, _item, inCoin()));
        assertTrue(_sale.canRead(buyer, _item, ""));
        assertEq(coin.balanceOf(buyer), 1000 ether - PRICE);
        assertEq(_sale.nonces(buyer), 1);
    }

    function test_buyBySignature_takesCompactSignatures() public {
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        Permit memory permit = permitOf(address(_sale), PRICE);
        permit.signature = compact(permit.signature);
        vm.prank(RELAYER);
        _sale.buyBySignature(purchase, compact(sign(_sale, purchase)), permit, "");
        assertTrue(_sale.canRead(buyer, _item, ""));
    }

    function test_buyBySignature_failsIfReplayed() public {
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        bytes memory signature = sign(_sale, purchase);
        _relay(purchase);
        vm.prank(buyer);
        coin.approve(address(_sale), type(uint256).max);
        bytes memory refusal = abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, buyer, 1);
        Permit memory none;
        vm.expectRevert(refusal);
        _sale.buyBySignature(purchase, signature, none, "");
        vm.expectRevert(refusal);
        _sale.buyBySignature(purchase, compact(signature), none, "");
    }

    function test_buyBySignature_failsIfPurchaseExpired() public {
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        Permit memory permit = permitOf(address(_sale), PRICE);
        bytes memory signature = sign(_sale, purchase);
        vm.warp(purchase.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ISale.PurchaseExpired.selector, purchase.deadline));
        _sale.buyBySignature(purchase, signature, permit, "");
    }

    function test_buyBySignature_failsIfPermitExpired() public {
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        Permit memory permit = permitOf(address(_sale), PRICE);
        permit.deadline = vm.getBlockTimestamp() - 1;
        bytes memory signature = sign(_sale, purchase);
        vm.expectRevert(abi.encodeWithSelector(ISale.PermitRefused.selector, address(coin)));
        _sale.buyBySignature(purchase, signature, permit, "");
    }

    /// The permit of one purchase pays no second one.
    function test_buyBySignature_failsIfPermitIsReplayed() public {
        Permit memory permit = permitOf(address(_sale), PRICE);
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        _sale.buyBySignature(purchase, sign(_sale, purchase), permit, "");
        purchase = purchaseOf(_sale, _item, inCoin());
        bytes memory signature = sign(_sale, purchase);
        vm.expectRevert(abi.encodeWithSelector(ISale.PermitRefused.selector, address(coin)));
        _sale.buyBySignature(purchase, signature, permit, "");
    }

    function test_buyBySignature_failsIfPermitIsOfAnother() public {
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        Permit memory permit = permitOf(address(this), PRICE);
        bytes memory signature = sign(_sale, purchase);
        vm.expectRevert(abi.encodeWithSelector(ISale.PermitRefused.selector, address(coin)));
        _sale.buyBySignature(purchase, signature, permit, "");
        permit.signature = "?";
        vm.expectRevert(abi.encodeWithSelector(ISale.PermitRefused.selector, address(coin)));
        _sale.buyBySignature(purchase, signature, permit, "");
    }

    /// Who sends a permit ahead of the purchase stops nothing.
    function test_buyBySignature_survivesAPermitSentAhead() public {
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        Permit memory permit = permitOf(address(_sale), PRICE);
        (bytes32 r, bytes32 s) = abi.decode(permit.signature, (bytes32, bytes32));
        uint8 v = uint8(permit.signature[64]);
        coin.permit(buyer, address(_sale), PRICE, permit.deadline, v, r, s);
        _sale.buyBySignature(purchase, sign(_sale, purchase), permit, "");
        assertTrue(_sale.canRead(buyer, _item, ""));
    }

    /// A permit alone buys nothing: a relayer cannot spend the allowance on what he likes.
    function testFuzz_buyBySignature_failsIfAnythingWasChanged(uint8 field, uint256 other) public {
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        bytes memory signature = sign(_sale, purchase);
        vm.prank(buyer);
        coin.approve(address(_sale), type(uint256).max);
        bytes32 before = keccak256(abi.encode(purchase));
        field = field % 8;
        if (field == 0) purchase.item = bytes32(other);
        if (field == 1) purchase.reader = address(uint160(other));
        if (field == 2) purchase.payer = address(uint160(bound(other, 1, type(uint160).max - 1) | 1 << 159));
        if (field == 3) purchase.token = address(uint160(bound(other, 1, type(uint160).max - 1)));
        if (field == 4) purchase.price = other;
        if (field == 5) purchase.licence = bytes32(other);
        if (field == 6) purchase.nonce = other;
        if (field == 7) purchase.deadline = bound(other, vm.getBlockTimestamp(), type(uint256).max - 1);
        if (keccak256(abi.encode(purchase)) == before) return;
        Permit memory none;
        vm.expectRevert(ISale.PurchaseNotSigned.selector);
        _sale.buyBySignature(purchase, signature, none, "");
    }

    function test_buyBySignature_failsIfSignatureIsBad() public {
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        bytes memory signature = sign(_sale, purchase);
        bytes[5] memory bad = [
            bytes(""),
            new bytes(65),
            malleated(signature),
            bytes.concat(signature, hex"00"),
            signed(1, keccak256("other"))
        ];
        Permit memory none;
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(ISale.PurchaseNotSigned.selector);
            _sale.buyBySignature(purchase, bad[i], none, "");
        }
    }

    function test_buyBySignature_isBoundToItsContract() public {
        PayPerAccess other =
            PayPerAccess(vm.deployCode("PayPerAccess.sol:PayPerAccess", abi.encode(address(registry))));
        vm.prank(OWNER);
        other.setPrice(_item, inCoin());
        vm.prank(buyer);
        coin.approve(address(other), type(uint256).max);
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        bytes memory signature = sign(_sale, purchase);
        Permit memory none;
        vm.expectRevert(ISale.PurchaseNotSigned.selector);
        other.buyBySignature(purchase, signature, none, "");
    }

    function test_buyBySignature_failsIfPriceRose() public {
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        Price memory price = inCoin();
        price.amount = PRICE + 1;
        _sell(price);
        bytes memory signature = sign(_sale, purchase);
        Permit memory permit = permitOf(address(_sale), PRICE);
        vm.expectRevert(abi.encodeWithSelector(ISale.PriceRose.selector, PRICE + 1, PRICE));
        _sale.buyBySignature(purchase, signature, permit, "");
    }

    function test_buyBySignature_failsInFil() public {
        _sell(inFil());
        Purchase memory purchase = purchaseOf(_sale, _item, inFil());
        bytes memory signature = sign(_sale, purchase);
        Permit memory none;
        vm.expectRevert(ISale.NotByPermit.selector);
        _sale.buyBySignature(purchase, signature, none, "");
    }

    function test_buyBySignature_takesContractsThatPay() public {
        OwnedWallet wallet = new OwnedWallet(buyer);
        coin.mint(address(wallet), PRICE);
        vm.prank(address(wallet));
        coin.approve(address(_sale), PRICE);
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        (purchase.payer, purchase.reader) = (address(wallet), address(wallet));
        Permit memory none;
        _sale.buyBySignature(purchase, sign(_sale, purchase), none, "");
        assertTrue(_sale.canRead(address(wallet), _item, ""));
    }

    /// What is signed is what a wallet shows and hashes; by the runner's own EIP-712.
    function test_signatures_areOfTypedDataAsWalletsHashIt() public view {
        Purchase memory purchase = purchaseOf(_sale, _item, _licensed(inCoin()));
        string memory domain = string.concat(
            '"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},',
            '{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}]},',
            '"domain":{"name":"Stheno Sale","version":"1","chainId":31337,"verifyingContract":"',
            vm.toString(address(_sale)),
            '"},"primaryType":'
        );
        string memory typed = string.concat(
            '{"types":{"LicenceAcceptance":[{"name":"subject","type":"bytes32"},',
            '{"name":"licence","type":"bytes32"},{"name":"reader","type":"address"}],',
            domain,
            '"LicenceAcceptance","message":{"subject":"',
            vm.toString(_item),
            '","licence":"',
            vm.toString(LICENCE),
            '","reader":"',
            vm.toString(buyer),
            '"}}'
        );
        assertEq(acceptanceDigest(_sale, _item, LICENCE, buyer), vm.eip712HashTypedData(typed));
        typed = string.concat(
            '{"types":{"Purchase":[{"name":"item","type":"bytes32"},{"name":"reader","type":"address"},',
            '{"name":"payer","type":"address"},{"name":"token","type":"address"},',
            '{"name":"price","type":"uint256"},{"name":"licence","type":"bytes32"},',
            '{"name":"nonce","type":"uint256"},{"name":"deadline","type":"uint256"}],',
            domain,
            '"Purchase","message":',
            _message(purchase),
            "}"
        );
        assertEq(purchaseDigest(_sale, purchase), vm.eip712HashTypedData(typed));
    }

    function _message(Purchase memory purchase) private pure returns (string memory) {
        string memory people = string.concat(
            '{"item":"',
            vm.toString(purchase.item),
            '","reader":"',
            vm.toString(purchase.reader),
            '","payer":"',
            vm.toString(purchase.payer),
            '","token":"',
            vm.toString(purchase.token)
        );
        return string.concat(
            people,
            '","price":"',
            vm.toString(purchase.price),
            '","licence":"',
            vm.toString(purchase.licence),
            '","nonce":"',
            vm.toString(purchase.nonce),
            '","deadline":"',
            vm.toString(purchase.deadline),
            '"}'
        );
    }

    // ------------------------------------------------------------------ licences

    function test_buyFor_recordsTheLicence() public {
        _sell(_licensed(inFil()));
        vm.deal(BOB, PRICE);
        bytes memory agreed = consent(_sale, _item, LICENCE, buyer);
        vm.expectEmit();
        emit ILicensing.LicenceAccepted(_item, LICENCE, buyer);
        vm.prank(BOB);
        _sale.buyFor{value: PRICE}(_item, buyer, FIL, PRICE, agreed);
        assertEq(_sale.acceptedAt(_item, LICENCE, buyer), 1_000_000);
        assertTrue(_sale.canRead(buyer, _item, ""));
    }

    function test_buyFor_takesCompactConsent() public {
        _sell(_licensed(inFil()));
        vm.deal(BOB, PRICE);
        bytes memory agreed = compact(consent(_sale, _item, LICENCE, buyer));
        vm.prank(BOB);
        _sale.buyFor{value: PRICE}(_item, buyer, FIL, PRICE, agreed);
        assertTrue(_sale.canRead(buyer, _item, ""));
    }

    function test_buyFor_failsWithoutTheReadersConsent() public {
        _sell(_licensed(inFil()));
        vm.deal(buyer, 100 ether);
        bytes[4] memory bad = [
            bytes(""),
            consent(_sale, "other", LICENCE, buyer),
            consent(_sale, _item, "other", buyer),
            consent(_sale, _item, LICENCE, ALICE)
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ILicensing.LicenceNotAccepted.selector, LICENCE, buyer));
            vm.prank(buyer);
            _sale.buyFor{value: PRICE}(_item, buyer, FIL, PRICE, bad[i]);
        }
    }

    function test_acceptLicence_sufficesForLaterPurchases() public {
        _sell(_licensed(inFil()));
        _sale.acceptLicence(_item, LICENCE, buyer, consent(_sale, _item, LICENCE, buyer));
        vm.deal(BOB, PRICE);
        vm.prank(BOB);
        _sale.buyFor{value: PRICE}(_item, buyer, FIL, PRICE, "");
        assertTrue(_sale.canRead(buyer, _item, ""));
    }

    /// The date of an acceptance stays.
    function test_acceptLicence_canBeRepeated() public {
        bytes memory agreed = consent(_sale, _item, LICENCE, buyer);
        _sale.acceptLicence(_item, LICENCE, buyer, agreed);
        vm.warp(2_000_000);
        _sale.acceptLicence(_item, LICENCE, buyer, agreed);
        assertEq(_sale.acceptedAt(_item, LICENCE, buyer), 1_000_000);
    }

    function test_acceptLicence_failsForAnother() public {
        bytes memory agreed = consent(_sale, _item, LICENCE, buyer);
        vm.expectRevert(abi.encodeWithSelector(ILicensing.LicenceNotAccepted.selector, LICENCE, ALICE));
        _sale.acceptLicence(_item, LICENCE, ALICE, agreed);
        vm.expectRevert(abi.encodeWithSelector(ILicensing.LicenceNotAccepted.selector, LICENCE, address(0)));
        _sale.acceptLicence(_item, LICENCE, address(0), new bytes(65));
    }

    function test_acceptLicence_takesContracts() public {
        address wallet = address(new OwnedWallet(buyer));
        _sale.acceptLicence(_item, LICENCE, wallet, consent(_sale, _item, LICENCE, wallet));
        assertEq(_sale.acceptedAt(_item, LICENCE, wallet), 1_000_000);
    }

    /// Whoever pays for himself signs once for both.
    function test_buyBySignature_acceptsTheLicence() public {
        _sell(_licensed(inCoin()));
        _relay(purchaseOf(_sale, _item, _licensed(inCoin())));
        assertEq(_sale.acceptedAt(_item, LICENCE, buyer), 1_000_000);
    }

    function test_buyBySignature_failsIfLicenceChanged() public {
        _sell(_licensed(inCoin()));
        Purchase memory purchase = purchaseOf(_sale, _item, inCoin());
        Permit memory permit = permitOf(address(_sale), PRICE);
        bytes memory signature = sign(_sale, purchase);
        vm.expectRevert(abi.encodeWithSelector(ILicensing.WrongLicence.selector, 0, LICENCE));
        _sale.buyBySignature(purchase, signature, permit, "");
    }

    /// Who pays for another accepts nothing in his name.
    function test_buyBySignature_failsWithoutTheReadersConsent() public {
        _sell(_licensed(inCoin()));
        Purchase memory purchase = purchaseOf(_sale, _item, _licensed(inCoin()));
        purchase.reader = ALICE;
        Permit memory permit = permitOf(address(_sale), PRICE);
        bytes memory signature = sign(_sale, purchase);
        vm.expectRevert(abi.encodeWithSelector(ILicensing.LicenceNotAccepted.selector, LICENCE, ALICE));
        _sale.buyBySignature(purchase, signature, permit, "");
    }

    function _relay(Purchase memory purchase) private {
        Permit memory permit = permitOf(address(_sale), purchase.price);
        bytes memory signature = sign(_sale, purchase);
        vm.prank(RELAYER);
        _sale.buyBySignature(purchase, signature, permit, "");
    }

    function _licensed(Price memory price) private pure returns (Price memory) {
        price.licence = LICENCE;
        return price;
    }

    function _sell(Price memory price) private {
        vm.prank(OWNER);
        _sale.setPrice(_item, price);
    }
}
