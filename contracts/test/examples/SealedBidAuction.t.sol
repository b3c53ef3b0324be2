// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ISealedBidAuction} from "../../src/examples/ISealedBidAuction.sol";
import {ITimedRelease} from "../../src/interfaces/ITimedRelease.sol";
import {AuctionFixture} from "../support/AuctionFixture.sol";

/// A bidder that takes no money, or takes it and asks for more.
contract RudeBidder {
    ISealedBidAuction private immutable _AUCTIONS;
    bool private _greedy;

    constructor(ISealedBidAuction auctions, bool greedy) payable {
        _AUCTIONS = auctions;
        _greedy = greedy;
    }

    function bid(uint256 number, ISealedBidAuction.SealedBid calldata sealedBid, uint256 deposit) external {
        _AUCTIONS.bid{value: deposit}(number, sealedBid);
    }

    receive() external payable {
        require(_greedy, "no, thank you");
        _AUCTIONS.refund(1, 1);
    }
}

/// forge-config: deep.fuzz.runs = 100000
contract SealedBidAuctionTest is AuctionFixture {
    // ----------------------------------------------------------------- the whole way

    function test_auction_goesToTheHighestBidForItsPrice() public {
        placeBid(alice, "a", 3 ether, 10 ether);
        placeBid(bob, "b", 5 ether, 8 ether);
        placeBid(carol, "c", 4 ether, 4 ether);
        publishKey();
        openBid(2, "b", bob, 5 ether);
        openBid(1, "a", alice, 3 ether);
        openBid(3, "c", carol, 4 ether);
        auctions.settle(number);

        assertEq(painting.ownerOf(7), bob);
        assertEq(auctions.proceeds(seller), 5 ether);
        refundTo(1, alice, 10 ether);
        refundTo(2, bob, 3 ether);
        refundTo(3, carol, 4 ether);
        vm.prank(seller);
        auctions.withdraw();
        assertEq(seller.balance, 5 ether);
        assertEq(address(auctions).balance, 0);
    }

    /// Whoever seals garbage loses his own deposit, and nobody else loses anything.
    function test_garbage_costsItsBidderAlone() public {
        placeBid(alice, "a", 3 ether, 10 ether);
        vm.prank(bob);
        auctions.bid{value: 20 ether}(number, ISealedBidAuction.SealedBid(new bytes(256), "v", "masked"));
        publishKey();
        openBid(1, "a", alice, 3 ether);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NotOverYet.selector, number));
        auctions.settle(number);
        vm.warp(ENDS + OPENING);
        auctions.settle(number);

        assertEq(painting.ownerOf(7), alice);
        assertEq(auctions.proceeds(seller), 23 ether);
        refundTo(1, alice, 7 ether);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NothingToRefund.selector, number, 2));
        auctions.refund(number, 2);
    }

    /// A bid that is copied, or changed, opens to noise: the mask is of its bidder.
    function test_copy_isVoid() public {
        placeBid(alice, "a", 3 ether, 10 ether);
        ISealedBidAuction.SealedBid memory copy = seal("a", alice, 3 ether);
        copy.masked ^= bytes32(uint256(1));
        vm.prank(bob);
        auctions.bid{value: 50 ether}(number, copy);
        publishKey();
        auctions.open(number, 2, copy, "a");
        assertTrue(auctions.bidInfo(number, 2).state == ISealedBidAuction.BidState.Void);
        openBid(1, "a", alice, 3 ether);
        auctions.settle(number);
        assertEq(painting.ownerOf(7), alice);
        refundTo(2, bob, 50 ether);
    }

    function test_void_isABidAboveItsDepositOrBelowTheReserve() public {
        placeBid(alice, "a", 10 ether + 1, 10 ether);
        placeBid(bob, "b", RESERVE - 1, 10 ether);
        publishKey();
        openBid(1, "a", alice, 10 ether + 1);
        openBid(2, "b", bob, RESERVE - 1);
        auctions.settle(number);
        assertEq(painting.ownerOf(7), seller);
        assertEq(auctions.proceeds(seller), 0);
        refundTo(1, alice, 10 ether);
        refundTo(2, bob, 10 ether);
    }

    function test_bids_atTheirLimitsStand() public {
        placeBid(alice, "a", RESERVE, RESERVE);
        publishKey();
        openBid(1, "a", alice, RESERVE);
        auctions.settle(number);
        assertEq(painting.ownerOf(7), alice);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NothingToRefund.selector, number, 1));
        auctions.refund(number, 1);
    }

    function test_equalBids_theEarlierWinsInWhateverOrderTheyAreOpened() public {
        placeBid(alice, "a", 3 ether, 3 ether);
        placeBid(bob, "b", 3 ether, 3 ether);
        publishKey();
        openBid(2, "b", bob, 3 ether);
        openBid(1, "a", alice, 3 ether);
        auctions.settle(number);
        assertEq(painting.ownerOf(7), alice);
    }

    function test_noBids_theTokenGoesBack() public {
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NotOverYet.selector, number));
        auctions.settle(number);
        vm.warp(ENDS);
        auctions.settle(number);
        assertEq(painting.ownerOf(7), seller);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISealedBidAuction.WrongState.selector, number, ISealedBidAuction.State.Settled
            )
        );
        auctions.reclaim(number);
    }

    /// Whatever is bid: the highest wins, all money is accounted for, and nobody pays more than his deposit.
    /// forge-config: default.fuzz.runs = 1000
    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_auction_paysOutWhatItTook(
        uint128[4] calldata amounts,
        uint128[4] calldata deposits,
        uint256 opened
    ) public {
        address[4] memory bidders = [alice, bob, carol, alice];
        uint256 highest;
        uint256 total;
        for (uint32 i = 0; i < 4; ++i) {
            (uint256 amount, uint256 deposit) = _fuzzed(amounts[i], deposits[i]);
            total += deposit;
            placeBid(bidders[i], keccak256(abi.encode(i)), amount, deposit);
        }
        publishKey();
        for (uint32 i = 0; i < 4; ++i) {
            if ((opened >> i) & 1 == 0) continue;
            (uint256 amount, uint256 deposit) = _fuzzed(amounts[i], deposits[i]);
            openBid(i + 1, keccak256(abi.encode(i)), bidders[i], amount);
            if (amount >= RESERVE && amount <= deposit && amount > highest) highest = amount;
        }
        vm.warp(ENDS + OPENING);
        auctions.settle(number);
        assertEq(auctions.auctionInfo(number).bestAmount, highest);
        uint256 paid = auctions.proceeds(seller);
        for (uint32 i = 1; i <= 4; ++i) {
            uint256 amount = auctions.refundOf(number, i);
            if (amount == 0) continue;
            paid += amount;
            auctions.refund(number, i);
        }
        assertEq(paid, total);
        assertEq(address(auctions).balance, auctions.proceeds(seller));
    }

    // ------------------------------------------------------------------------ creating

    function test_create_takesTheTokenAndMakesAnItem() public view {
        assertEq(painting.ownerOf(7), address(auctions));
        ISealedBidAuction.Auction memory auction = auctions.auctionInfo(number);
        assertEq(auction.item, releases.itemOf(address(auctions), bytes32(number)));
        ITimedRelease.Release memory record = releases.release(auction.item);
        assertEq(record.opensAt, ENDS);
        assertEq(record.decider, address(0));
    }

    function test_create_refusesSenselessTerms() public {
        vm.startPrank(seller);
        vm.expectRevert(ISealedBidAuction.ZeroReserve.selector);
        auctions.create(painting, 8, 0, ENDS, GRACE, OPENING);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.EndsInThePast.selector, 1_800_000_000));
        auctions.create(painting, 8, 1, 1_800_000_000, GRACE, OPENING);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.TooShort.selector, 1 days));
        auctions.create(painting, 8, 1, ENDS, 1 days - 1, OPENING);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.TooShort.selector, 1 days));
        auctions.create(painting, 8, 1, ENDS, GRACE, 1 days - 1);
        vm.expectRevert();
        auctions.create(painting, 8, 1, ENDS, GRACE, OPENING);
    }

    // ------------------------------------------------------------------------- bidding

    function test_bid_failsOnceTheItemIsOpen() public {
        ISealedBidAuction.SealedBid memory sealedBid = seal("a", alice, 2 ether);
        vm.warp(ENDS - 1);
        auctions.bid{value: 2 ether}(number, sealedBid);
        vm.warp(ENDS);
        assertTrue(releases.isOpen(auctions.auctionInfo(number).item));
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.BiddingOver.selector, number));
        auctions.bid{value: 2 ether}(number, sealedBid);
    }

    function test_bid_refusesWhatCannotWin() public {
        ISealedBidAuction.SealedBid memory sealedBid = seal("a", alice, 2 ether);
        vm.expectRevert(
            abi.encodeWithSelector(ISealedBidAuction.DepositTooSmall.selector, RESERVE - 1, RESERVE)
        );
        auctions.bid{value: RESERVE - 1}(number, sealedBid);
        vm.deal(alice, type(uint128).max);
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(ISealedBidAuction.DepositTooLarge.selector, uint256(type(uint96).max) + 1)
        );
        auctions.bid{value: uint256(type(uint96).max) + 1}(number, sealedBid);
        sealedBid.u = new bytes(255);
        vm.expectRevert(ISealedBidAuction.MalformedBid.selector);
        auctions.bid{value: 1 ether}(number, sealedBid);
        vm.expectRevert(
            abi.encodeWithSelector(ISealedBidAuction.WrongState.selector, 9, ISealedBidAuction.State.None)
        );
        auctions.bid{value: 1 ether}(9, sealedBid);
    }

    // ------------------------------------------------------------------------- opening

    /// Nothing is opened on anybody's word: the key that the contract checked comes first.
    function test_open_failsUntilTheKeyIsPublished() public {
        ISealedBidAuction.SealedBid memory sealedBid = placeBid(alice, "a", 2 ether, 2 ether);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.KeyNotPublished.selector, number));
        auctions.open(number, 1, sealedBid, "a");
        vm.warp(ENDS);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.KeyNotPublished.selector, number));
        auctions.open(number, 1, sealedBid, "a");
        bytes32 item = auctions.auctionInfo(number).item;
        bytes memory wrong = timesQ(item, 5);
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.WrongKey.selector, item));
        releases.publish(item, wrong);
        publishKey();
        auctions.open(number, 1, sealedBid, "a");
    }

    function test_open_failsIfTheWindowHasClosed() public {
        ISealedBidAuction.SealedBid memory sealedBid = placeBid(alice, "a", 2 ether, 2 ether);
        publishKey();
        vm.warp(ENDS + OPENING);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.OpeningOver.selector, number));
        auctions.open(number, 1, sealedBid, "a");
    }

    function test_open_failsIfAnythingIsNotTheBidders() public {
        ISealedBidAuction.SealedBid memory sealedBid = placeBid(alice, "a", 2 ether, 3 ether);
        publishKey();
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.WrongSecret.selector, number, 1));
        auctions.open(number, 1, sealedBid, "b");
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.UnknownBid.selector, number, 2));
        auctions.open(number, 2, sealedBid, "a");
        ISealedBidAuction.SealedBid memory other = seal("b", alice, 3 ether);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NotTheSealedBid.selector, number, 1));
        auctions.open(number, 1, other, "b");
        sealedBid.masked ^= bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NotTheSealedBid.selector, number, 1));
        auctions.open(number, 1, sealedBid, "a");
    }

    function test_open_failsTheSecondTime() public {
        ISealedBidAuction.SealedBid memory sealedBid = placeBid(alice, "a", 2 ether, 3 ether);
        placeBid(bob, "b", 2 ether, 3 ether);
        publishKey();
        auctions.open(number, 1, sealedBid, "a");
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.AlreadyOpened.selector, number, 1));
        auctions.open(number, 1, sealedBid, "a");
    }

    function test_open_failsIfThereIsNoPrecompile() public {
        ISealedBidAuction.SealedBid memory sealedBid = placeBid(alice, "a", 2 ether, 3 ether);
        publishKey();
        vm.mockCall(address(0x0e), bytes(""), bytes(""));
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NotDecided.selector, number, 1));
        auctions.open(number, 1, sealedBid, "a");
        vm.clearMockedCalls();
        auctions.open(number, 1, sealedBid, "a");
    }

    /// With whatever gas: a bid opens to what it is, or not at all, and is never called wrong.
    function test_open_isNeverMisledForWantOfGas() public {
        ISealedBidAuction.SealedBid memory sealedBid = placeBid(alice, "a", 2 ether, 3 ether);
        publishKey();
        uint256 reverts;
        for (uint256 gasLimit = 10_000; auctions.auctionInfo(number).opened == 0; gasLimit += 500) {
            assertLt(gasLimit, 400_000);
            try auctions.open{gas: gasLimit}(number, 1, sealedBid, "a") {}
            catch (bytes memory why) {
                assertNotEq(bytes32(why), bytes32(ISealedBidAuction.WrongSecret.selector));
                ++reverts;
            }
        }
        assertGt(reverts, 10);
        assertEq(auctions.auctionInfo(number).bestAmount, 2 ether);
    }

    // ---------------------------------------------------------------------- ways out

    function test_cancel_refundsAllIfNoKeyCame() public {
        placeBid(alice, "a", 2 ether, 3 ether);
        placeBid(bob, "b", 2 ether, 4 ether);
        vm.warp(ENDS + GRACE - 1);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NotOverYet.selector, number));
        auctions.cancel(number);
        vm.warp(ENDS + GRACE);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NotOverYet.selector, number));
        auctions.settle(number);
        auctions.cancel(number);
        refundTo(1, alice, 3 ether);
        refundTo(2, bob, 4 ether);
        auctions.reclaim(number);
        assertEq(painting.ownerOf(7), seller);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISealedBidAuction.WrongState.selector, number, ISealedBidAuction.State.Cancelled
            )
        );
        auctions.reclaim(number);
        assertEq(address(auctions).balance, 0);
    }

    function test_cancel_failsOnceTheKeyIsPublished() public {
        placeBid(alice, "a", 2 ether, 3 ether);
        vm.warp(ENDS + GRACE + 5);
        bytes32 item = auctions.auctionInfo(number).item;
        releases.publish(item, keyOf(item));
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NotOverYet.selector, number));
        auctions.cancel(number);
    }

    /// A token that cannot be delivered holds nobody's money: the losers' not at all, the winner's for a month.
    function test_cancel_refundsTheWinnerIfTheTokenIsBroken() public {
        placeBid(alice, "a", 2 ether, 3 ether);
        placeBid(bob, "b", 3 ether, 4 ether);
        publishKey();
        openBid(1, "a", alice, 2 ether);
        openBid(2, "b", bob, 3 ether);
        painting.stop(true);
        vm.expectRevert(bytes(abi.encodeWithSignature("Error(string)", "stopped")));
        auctions.settle(number);
        refundTo(1, alice, 3 ether);
        assertEq(auctions.refundOf(number, 2), 0);

        uint256 end = ENDS + OPENING + auctions.SETTLEMENT_TIME();
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NotOverYet.selector, number));
        auctions.cancel(number);
        vm.warp(end);
        auctions.cancel(number);
        refundTo(2, bob, 4 ether);
        painting.stop(false);
        auctions.reclaim(number);
        assertEq(painting.ownerOf(7), seller);
        assertEq(address(auctions).balance, 0);
    }

    // ---------------------------------------------------------------------- refunds

    function test_refund_isNotPaidTwice() public {
        placeBid(alice, "a", 2 ether, 3 ether);
        placeBid(bob, "b", 3 ether, 4 ether);
        publishKey();
        openBid(1, "a", alice, 2 ether);
        assertEq(auctions.refundOf(number, 1), 0);
        openBid(2, "b", bob, 3 ether);
        refundTo(1, alice, 3 ether);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NothingToRefund.selector, number, 1));
        auctions.refund(number, 1);
        auctions.settle(number);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NothingToRefund.selector, number, 1));
        auctions.refund(number, 1);
    }

    function test_refund_cannotBeEnteredAgain() public {
        RudeBidder greedy = new RudeBidder(auctions, true);
        vm.deal(address(greedy), 9 ether);
        greedy.bid(number, seal("g", address(greedy), 2 ether), 3 ether);
        placeBid(bob, "b", 3 ether, 4 ether);
        publishKey();
        openBid(1, "g", address(greedy), 2 ether);
        openBid(2, "b", bob, 3 ether);
        vm.expectRevert(abi.encodeWithSelector(ISealedBidAuction.NothingToRefund.selector, number, 1));
        auctions.refund(number, 1);
        auctions.settle(number);
        refundTo(2, bob, 1 ether);
    }

    function test_refund_ofWhoTakesNoMoneyKeepsNobodyWaiting() public {
        RudeBidder rude = new RudeBidder(auctions, false);
        vm.deal(address(rude), 9 ether);
        rude.bid(number, seal("r", address(rude), 5 ether), 6 ether);
        placeBid(bob, "b", 3 ether, 4 ether);
        publishKey();
        openBid(1, "r", address(rude), 5 ether);
        openBid(2, "b", bob, 3 ether);
        auctions.settle(number);
        // A contract that is no receiver of tokens gets its token all the same.
        assertEq(painting.ownerOf(7), address(rude));
        vm.expectRevert();
        auctions.refund(number, 1);
        refundTo(2, bob, 4 ether);
        vm.prank(seller);
        auctions.withdraw();
        assertEq(seller.balance, 5 ether);
    }

    function test_withdraw_failsIfThereIsNothing() public {
        vm.expectRevert(ISealedBidAuction.NothingToWithdraw.selector);
        auctions.withdraw();
    }

    function test_size_isBelowTheLimit() public view {
        assertLt(address(auctions).code.length, 24_576);
    }

    function _fuzzed(uint128 amount, uint128 deposit) private pure returns (uint256, uint256) {
        return (bound(amount, 0, 22 ether), bound(deposit, RESERVE, 20 ether));
    }
}
