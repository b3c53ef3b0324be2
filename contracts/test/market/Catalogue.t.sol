// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Entry, ICatalogue, Listing} from "../../src/interfaces/ICatalogue.sol";
import {IOffer} from "../../src/interfaces/IOffer.sol";
import {ISale} from "../../src/interfaces/ISale.sol";
import {Catalogue} from "../../src/market/Catalogue.sol";
import {PayPerAccess} from "../../src/market/PayPerAccess.sol";
import {Roles} from "../../src/types/AccessTypes.sol";
import {FIL, Offer} from "../../src/types/MarketTypes.sol";
import {SaleFixture} from "../support/SaleFixture.sol";

contract CatalogueTest is SaleFixture {
    PayPerAccess private _sale =
        PayPerAccess(vm.deployCode("PayPerAccess.sol:PayPerAccess", abi.encode(address(registry))));
    Catalogue private _catalogue =
        Catalogue(vm.deployCode("Catalogue.sol:Catalogue", abi.encode(address(registry))));

    function test_list_showsADataSet() public {
        bytes32 item = _onSale("one");
        vm.expectEmit();
        emit ICatalogue.Listed(item, 1, OWNER);
        _list(item, _listing());
        Entry memory entry = _catalogue.entryOf(item);
        assertEq(entry.item, item);
        assertEq(entry.seller, OWNER);
        assertEq(entry.updated, 1_000_000);
        assertTrue(entry.listed);
        assertEq(abi.encode(entry.listing), abi.encode(_listing()));
    }

    /// From a page to reading, by what stands in the page alone.
    function test_page_isEnoughToBuy() public {
        bytes32 item = _onSale("one");
        _list(item, _listing());
        Entry memory entry = _catalogue.page(1, 10)[0];
        Offer memory offer = entry.listing.offer.offer(entry.item, buyer);
        vm.prank(buyer);
        (bool ok,) = offer.target.call{value: offer.amount}(offer.data);
        assertTrue(ok);
        assertTrue(entry.listing.offer.canRead(buyer, item, ""));
    }

    function test_list_takesCollections() public {
        bytes32 collection = newCollection();
        vm.prank(OWNER);
        _sale.setPrice(collection, inFil());
        _list(collection, _listing());
        assertTrue(_catalogue.entryOf(collection).listed);
    }

    function test_list_changesAListing() public {
        bytes32 item = _onSale("one");
        _list(item, _listing());
        Listing memory other = _listing();
        (other.title, other.sample) = ("Whales, second edition", "");
        _list(item, other);
        assertEq(_catalogue.entryCount(), 1);
        assertEq(abi.encode(_catalogue.entryOf(item).listing), abi.encode(other));
    }

    function test_unlist_leavesTheOthersWhereTheyAre() public {
        bytes32[3] memory items = [_onSale("one"), _onSale("two"), _onSale("three")];
        for (uint256 i = 0; i < 3; ++i) {
            _list(items[i], _listing());
        }
        vm.expectEmit();
        emit ICatalogue.Unlisted(items[1], 2);
        vm.prank(OWNER);
        _catalogue.unlist(items[1]);
        Entry[] memory page = _catalogue.page(2, 2);
        assertEq(page[0].item, items[1]);
        assertFalse(page[0].listed);
        assertEq(page[0].listing.manifest.length, 0);
        assertEq(page[1].item, items[2]);
        assertTrue(page[1].listed);
        vm.expectRevert(abi.encodeWithSelector(ICatalogue.NotListed.selector, items[1]));
        _catalogue.entryOf(items[1]);
        vm.expectRevert(abi.encodeWithSelector(ICatalogue.NotListed.selector, items[1]));
        vm.prank(OWNER);
        _catalogue.unlist(items[1]);
        _list(items[1], _listing());
        assertEq(_catalogue.entryCount(), 3);
    }

    function test_page_isBounded() public {
        for (uint256 i = 0; i < 60; ++i) {
            _list(_onSale(bytes32(i)), _listing());
        }
        assertEq(_catalogue.page(1, 60).length, 50);
        assertEq(_catalogue.page(51, type(uint256).max).length, 10);
        assertEq(_catalogue.page(61, 10).length, 0);
        assertEq(_catalogue.page(0, 10).length, 0);
        assertEq(_catalogue.page(1, 0).length, 0);
    }

    function test_list_takesTheItemsSellerAlone() public {
        bytes32 item = _onSale("one");
        vm.expectRevert(notAllowed(item, BOB, Roles.SALES));
        vm.prank(BOB);
        _catalogue.list(item, _listing());
        _list(item, _listing());
        vm.expectRevert(notAllowed(item, BOB, Roles.SALES));
        vm.prank(BOB);
        _catalogue.unlist(item);
        vm.expectRevert(unknown("nothing"));
        _list("nothing", _listing());
    }

    function test_list_failsIfNotForSale() public {
        bytes32 item = newItem();
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, item));
        _list(item, _listing());
    }

    function test_list_failsIfListingIsBad() public {
        bytes32 item = _onSale("one");
        Listing[10] memory bad;
        for (uint256 i = 0; i < bad.length; ++i) {
            bad[i] = _listing();
        }
        (bad[0].title, bad[1].title) = ("", string(new bytes(129)));
        (bad[2].manifest, bad[3].manifest) = (hex"010203", new bytes(129));
        (bad[4].sample, bad[5].sample) = (hex"01", new bytes(129));
        (bad[6].size, bad[7].network) = (0, 0);
        (bad[8].offer, bad[9].offer) = (IOffer(address(0)), IOffer(ALICE));
        string[10] memory parts = [
            "title", "title", "manifest", "manifest", "sample", "sample", "size", "network", "offer", "offer"
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ICatalogue.BadListing.selector, parts[i]));
            _list(item, bad[i]);
        }
    }

    function test_constructor_failsWithoutRegistry() public {
        vm.expectRevert();
        vm.deployCode("Catalogue.sol:Catalogue", abi.encode(ALICE));
    }

    function _onSale(bytes32 salt) private returns (bytes32 item) {
        item = newItem(salt);
        vm.prank(OWNER);
        _sale.setPrice(item, inFil());
    }

    function _list(bytes32 item, Listing memory listing) private {
        vm.prank(OWNER);
        _catalogue.list(item, listing);
    }

    function _listing() private view returns (Listing memory) {
        return Listing({
            title: "Whales",
            manifest: hex"0155122000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            sample: hex"0155122000",
            size: 1 << 40,
            network: keccak256("network"),
            dataSet: 7,
            offer: _sale
        });
    }
}
