// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Listing} from "../src/interfaces/ICatalogue.sol";
import {Guarantee} from "../src/interfaces/IEscrow.sol";
import {Share, Sibling} from "../src/interfaces/ISplitter.sol";
import {Catalogue} from "../src/market/Catalogue.sol";
import {DataPass} from "../src/market/DataPass.sol";
import {Escrow} from "../src/market/Escrow.sol";
import {PayPerAccess} from "../src/market/PayPerAccess.sol";
import {Splitter} from "../src/market/Splitter.sol";
import {Subscription} from "../src/market/Subscription.sol";
import {Term} from "../src/types/AccessTypes.sol";
import {FIL, Permit, Price, Purchase} from "../src/types/MarketTypes.sol";
import {PdpVerifierDouble} from "./support/FilecoinStorage.sol";
import {SaleFixture} from "./support/SaleFixture.sol";
import {SplitTree} from "./support/SplitTree.sol";

/// What each call of registry and market costs as a transaction of its own, as `GasTest` has it for the committee.
/// forge-config: default.isolate = true
contract MarketGasTest is SaleFixture {
    using SplitTree for SplitTree.Tree;

    PayPerAccess private _till =
        PayPerAccess(vm.deployCode("PayPerAccess.sol:PayPerAccess", abi.encode(address(registry))));

    function test_gas_registry() public {
        vm.startPrank(OWNER);
        bytes32 item = registry.register("salt");
        vm.snapshotGasLastCall("access-registry", "register");
        bytes32 collection = registry.createCollection("salt");
        vm.snapshotGasLastCall("access-registry", "createCollection");
        registry.begin(collection, "period");
        vm.snapshotGasLastCall("access-registry", "begin");
        registry.setTerms(item, these(granted(), holds20(address(coin), 1), any(2)));
        vm.snapshotGasLastCall("access-registry", "setTerms, 3 terms");
        address[] memory readers = new address[](100);
        for (uint160 i = 0; i < 100; ++i) {
            readers[i] = address(0x10000 + i);
        }
        registry.grant(item, these(ALICE), FOREVER);
        vm.snapshotGasLastCall("access-registry", "grant, 1 reader");
        registry.grant(item, readers, FOREVER);
        vm.snapshotGasLastCall("access-registry", "grant, 100 readers");
        registry.revoke(item, these(ALICE));
        vm.snapshotGasLastCall("access-registry", "revoke, 1 reader");
        registry.canRead(readers[0], item, "");
        vm.snapshotGasLastCall("access-registry", "canRead, 3 terms");
        Term[] memory terms = new Term[](16);
        for (uint256 i = 0; i < 15; ++i) {
            terms[i] = holds20(address(coin), 1);
        }
        terms[15] = any(15);
        registry.setTerms(item, terms);
        vm.snapshotGasLastCall("access-registry", "setTerms, 16 terms");
        registry.canRead(ALICE, item, "");
        vm.snapshotGasLastCall("access-registry", "canRead, 16 terms");
    }

    function test_gas_sales() public {
        bytes32 item = newItem();
        vm.prank(OWNER);
        _till.setPrice(item, inFil());
        vm.snapshotGasLastCall("market", "PayPerAccess.setPrice");
        vm.prank(buyer);
        _till.buyFor{value: PRICE}(item, buyer, FIL, PRICE, "");
        vm.snapshotGasLastCall("market", "PayPerAccess.buyFor, FIL");
        Price memory price = inCoin();
        price.licence = LICENCE;
        vm.prank(OWNER);
        _till.setPrice(item, price);
        Purchase memory purchase = purchaseOf(_till, item, price);
        Permit memory permit = permitOf(address(_till), PRICE);
        _till.buyBySignature(purchase, sign(_till, purchase), permit, "");
        vm.snapshotGasLastCall("market", "PayPerAccess.buyBySignature, permit and licence");
        _till.withdraw(PAYEE, FIL);
        vm.snapshotGasLastCall("market", "PayPerAccess.withdraw, FIL");

        DataPass pass =
            DataPass(vm.deployCode("DataPass.sol:DataPass", abi.encode("Data set 1", "DS1", OWNER, inFil())));
        vm.prank(buyer);
        pass.buyFor{value: PRICE}(ITEM, buyer, FIL, PRICE, "");
        vm.snapshotGasLastCall("market", "DataPass.buyFor, FIL");
        price = inFil();
        price.duration = 30 days;
        Subscription club = Subscription(
            vm.deployCode("Subscription.sol:Subscription", abi.encode("Club", "CLUB", OWNER, price, 0))
        );
        vm.startPrank(buyer);
        club.buyFor{value: PRICE}(ITEM, buyer, FIL, PRICE, "");
        vm.snapshotGasLastCall("market", "Subscription.buyFor, FIL");
        club.renewSubscription{value: PRICE}(1, 30 days);
        vm.snapshotGasLastCall("market", "Subscription.renewSubscription, FIL");
    }

    function test_gas_escrow() public {
        PdpVerifierDouble verifier = new PdpVerifierDouble();
        vm.roll(100_000);
        verifier.put(7, true, 100_000);
        Escrow escrow =
            Escrow(vm.deployCode("Escrow.sol:Escrow", abi.encode(address(registry), address(verifier))));
        bytes32 item = newItem();
        vm.prank(OWNER);
        bytes32 sale = escrow.setSale(item, inFil(), Guarantee(7, 1000, 100));
        vm.snapshotGasLastCall("market", "Escrow.setSale");
        vm.prank(buyer);
        escrow.buyFor{value: PRICE}(sale, buyer, FIL, PRICE, "");
        vm.snapshotGasLastCall("market", "Escrow.buyFor, FIL");
        vm.roll(100_101);
        escrow.settle(1);
        vm.snapshotGasLastCall("market", "Escrow.settle, refund");
    }

    function test_gas_splitter() public {
        Share[] memory shares = new Share[](10_000);
        for (uint160 i = 0; i < shares.length; ++i) {
            shares[i] = Share(address(0x10000 + i), 1 + i % 7);
        }
        SplitTree.Tree memory tree = SplitTree.build(shares);
        (bytes32 root, uint256 sum) = tree.root();
        Splitter splitter = Splitter(payable(vm.deployCode("Splitter.sol:Splitter", abi.encode(root, sum))));
        vm.deal(address(splitter), 1 ether);
        Sibling[] memory path = tree.path(5000);
        splitter.claim(FIL, shares[5000], path);
        vm.snapshotGasLastCall("market", "Splitter.claim, of 10000");
    }

    function test_gas_catalogue() public {
        Catalogue catalogue =
            Catalogue(vm.deployCode("Catalogue.sol:Catalogue", abi.encode(address(registry))));
        bytes32 item = newItem();
        Listing memory listing = Listing({
            title: "Whales",
            manifest: hex"0155122000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            sample: hex"0155122000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            size: 1 << 40,
            network: keccak256("network"),
            dataSet: 7,
            offer: _till
        });
        vm.startPrank(OWNER);
        _till.setPrice(item, inFil());
        catalogue.list(item, listing);
        vm.snapshotGasLastCall("market", "Catalogue.list");
        catalogue.unlist(item);
        vm.snapshotGasLastCall("market", "Catalogue.unlist");
    }
}
