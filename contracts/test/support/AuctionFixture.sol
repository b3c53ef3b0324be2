// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

import {ISealedBidAuction} from "../../src/examples/ISealedBidAuction.sol";
import {Eip2537} from "../../src/libraries/Eip2537.sol";
import {Encapsulation} from "../../src/libraries/Encapsulation.sol";
import {ReleaseFixture} from "./ReleaseFixture.sol";

/// A token that its maker can stop.
contract Painting is ERC721("Painting", "P") {
    bool public stopped;

    function mint(address to, uint256 tokenId) external {
        _mint(to, tokenId);
    }

    function stop(bool stopped_) external {
        stopped = stopped_;
    }

    function _update(address to, uint256 tokenId, address auth) internal override returns (address) {
        require(!stopped, "stopped");
        return super._update(to, tokenId, auth);
    }
}

/// @title An auction, its bidders, and what their programs do
abstract contract AuctionFixture is ReleaseFixture {
    uint64 internal constant ENDS = 1_800_100_000;
    uint32 internal constant GRACE = 2 days;
    uint32 internal constant OPENING = 1 days;
    uint128 internal constant RESERVE = 1 ether;

    ISealedBidAuction internal auctions;
    Painting internal painting;
    uint256 internal number;

    address internal seller = vm.addr(uint256(keccak256("seller")));
    address internal alice = vm.addr(uint256(keccak256("alice")));
    address internal bob = vm.addr(uint256(keccak256("bob")));
    address internal carol = vm.addr(uint256(keccak256("carol")));

    function setUp() public virtual override {
        super.setUp();
        auctions = ISealedBidAuction(
            vm.deployCode("SealedBidAuction.sol:SealedBidAuction", abi.encode(address(releases)))
        );
        painting = new Painting();
        painting.mint(seller, 7);
        number = putUp(7);
        vm.deal(alice, 100 ether);
        vm.deal(bob, 100 ether);
        vm.deal(carol, 100 ether);
    }

    function putUp(uint256 tokenId) internal returns (uint256 created) {
        vm.startPrank(seller);
        painting.approve(address(auctions), tokenId);
        created = auctions.create(painting, tokenId, RESERVE, ENDS, GRACE, OPENING);
        vm.stopPrank();
    }

    function placeBid(address bidder, bytes32 secret, uint256 amount, uint256 deposit)
        internal
        returns (ISealedBidAuction.SealedBid memory sealedBid)
    {
        sealedBid = seal(secret, bidder, amount);
        vm.prank(bidder);
        auctions.bid{value: deposit}(number, sealedBid);
    }

    /// @dev As a bidder's program seals; `V`, which contracts do not read, is left out.
    function seal(bytes32 secret, address bidder, uint256 amount)
        internal
        view
        returns (ISealedBidAuction.SealedBid memory)
    {
        bytes memory identity = releases.identityOf(auctions.auctionInfo(number).item);
        (bool answered, bytes memory u) =
            Eip2537.g2Multiply(Eip2537.g2(), Encapsulation.scalar(identity, secret));
        require(answered);
        return ISealedBidAuction.SealedBid(u, 0, bytes32(amount) ^ auctions.maskOf(number, bidder, secret));
    }

    function publishKey() internal {
        vm.warp(ENDS);
        bytes32 item = auctions.auctionInfo(number).item;
        releases.publish(item, keyOf(item));
    }

    function openBid(uint32 bidNumber, bytes32 secret, address bidder, uint256 amount) internal {
        auctions.open(number, bidNumber, seal(secret, bidder, amount), secret);
    }

    function refundTo(uint32 bidNumber, address bidder, uint256 amount) internal {
        assertEq(auctions.refundOf(number, bidNumber), amount);
        uint256 before = bidder.balance;
        auctions.refund(number, bidNumber);
        assertEq(bidder.balance - before, amount);
    }
}
