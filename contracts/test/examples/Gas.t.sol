// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ISealedBidAuction} from "../../src/examples/ISealedBidAuction.sol";
import {AuctionFixture} from "../support/AuctionFixture.sol";

/// What an auction costs, each call as a transaction of its own.
/// forge-config: default.isolate = true
contract AuctionGasTest is AuctionFixture {
    function test_gas_auction() public {
        ISealedBidAuction.SealedBid memory first = placeBid(alice, "a", 2 ether, 3 ether);
        vm.snapshotGasLastCall("sealed-bid-auction", "bid");
        placeBid(bob, "b", 3 ether, 4 ether);
        publishKey();
        auctions.open(number, 1, first, "a");
        vm.snapshotGasLastCall("sealed-bid-auction", "open");
        openBid(2, "b", bob, 3 ether);
        auctions.settle(number);
        vm.snapshotGasLastCall("sealed-bid-auction", "settle");
        auctions.refund(number, 1);
        vm.snapshotGasLastCall("sealed-bid-auction", "refund");
    }
}
