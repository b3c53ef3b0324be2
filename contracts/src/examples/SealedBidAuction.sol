// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {ITimedRelease} from "../interfaces/ITimedRelease.sol";
import {Encapsulation} from "../libraries/Encapsulation.sol";
import {Verdict} from "../libraries/ThresholdVerifier.sol";
import {ISealedBidAuction} from "./ISealedBidAuction.sol";

/// @title A sealed-bid auction that opens itself
contract SealedBidAuction is ISealedBidAuction {
    bytes32 private constant MASK_TYPEHASH = keccak256(
        "SealedBidMask(bytes32 secret,uint256 chainId,address contract,uint256 auction,address bidder)"
    );

    /// @inheritdoc ISealedBidAuction
    uint32 public constant LEAST_TIME = 1 days;

    /// @inheritdoc ISealedBidAuction
    uint256 public constant SETTLEMENT_TIME = 30 days;

    /// @inheritdoc ISealedBidAuction
    ITimedRelease public immutable releases;

    /// @inheritdoc ISealedBidAuction
    uint256 public auctionCount;

    /// @inheritdoc ISealedBidAuction
    mapping(address seller => uint256 amount) public proceeds;

    mapping(uint256 auction => Auction) private _auctions;
    mapping(uint256 auction => mapping(uint32 bid => Bid)) private _bids;

    constructor(ITimedRelease releases_) {
        releases = releases_;
    }

    /// @inheritdoc ISealedBidAuction
    function create(
        IERC721 token,
        uint256 tokenId,
        uint128 reserve,
        uint64 biddingEnds,
        uint32 keyGrace,
        uint32 openingTime
    ) external returns (uint256 number) {
        require(reserve != 0, ZeroReserve());
        require(biddingEnds > block.timestamp, EndsInThePast(biddingEnds));
        require(keyGrace >= LEAST_TIME && openingTime >= LEAST_TIME, TooShort(LEAST_TIME));
        number = ++auctionCount;
        bytes32 item = releases.create(bytes32(number), biddingEnds, address(0));
        Auction storage auction = _auctions[number];
        (auction.seller, auction.state, auction.item) = (msg.sender, State.Running, item);
        (auction.token, auction.tokenId, auction.reserve) = (token, tokenId, reserve);
        auction.biddingEnds = biddingEnds;
        (auction.keyGrace, auction.openingTime) = (keyGrace, openingTime);
        emit AuctionCreated(number, msg.sender, token, tokenId, item);
        token.transferFrom(msg.sender, address(this), tokenId);
    }

    /// @inheritdoc ISealedBidAuction
    function bid(uint256 number, SealedBid calldata sealedBid) external payable returns (uint32 bidNumber) {
        Auction storage auction = _running(number);
        require(block.timestamp < auction.biddingEnds, BiddingOver(number));
        require(sealedBid.u.length == 256, MalformedBid());
        require(msg.value >= auction.reserve, DepositTooSmall(msg.value, auction.reserve));
        require(msg.value <= type(uint96).max, DepositTooLarge(msg.value));
        uint128 deposit = uint128(msg.value);
        bidNumber = ++auction.bids;
        auction.deposits += deposit;
        _bids[number][bidNumber] = Bid(msg.sender, BidState.Sealed, deposit, _hash(sealedBid));
        emit BidPlaced(number, bidNumber, msg.sender, deposit, sealedBid);
    }

    /// @inheritdoc ISealedBidAuction
    function open(uint256 number, uint32 bidNumber, SealedBid calldata sealedBid, bytes32 secret) external {
        Auction storage auction = _running(number);
        uint64 publishedAt = releases.publishedAt(auction.item);
        require(publishedAt != 0, KeyNotPublished(number));
        require(block.timestamp < publishedAt + auction.openingTime, OpeningOver(number));
        Bid storage record = _bid(number, bidNumber);
        require(record.state == BidState.Sealed, AlreadyOpened(number, bidNumber));
        require(record.sealedHash == _hash(sealedBid), NotTheSealedBid(number, bidNumber));
        Verdict verdict = Encapsulation.opens(releases.identityOf(auction.item), sealedBid.u, secret);
        require(verdict != Verdict.Invalid, WrongSecret(number, bidNumber));
        require(verdict == Verdict.Valid, NotDecided(number, bidNumber));

        uint256 amount = uint256(sealedBid.masked ^ maskOf(number, record.bidder, secret));
        bool stands = amount >= auction.reserve && amount <= record.deposit;
        record.state = stands ? BidState.Standing : BidState.Void;
        ++auction.opened;
        auction.openedDeposits += record.deposit;
        // Of equal bids the earlier wins, in whatever order they are opened.
        uint128 best = auction.bestAmount;
        if (stands && (amount > best || (amount == best && bidNumber < auction.best))) {
            (auction.best, auction.bestAmount) = (bidNumber, uint128(amount));
        }
        emit BidOpened(number, bidNumber, amount, record.state);
    }

    /// @inheritdoc ISealedBidAuction
    function settle(uint256 number) external {
        Auction storage auction = _running(number);
        require(_isOver(auction), NotOverYet(number));
        auction.state = State.Settled;
        uint128 price = auction.bestAmount;
        address winner = price == 0 ? address(0) : _bids[number][auction.best].bidder;
        uint128 forfeited = auction.deposits - auction.openedDeposits;
        proceeds[auction.seller] += uint256(price) + forfeited;
        auction.tokenReturned = price == 0;
        emit Settled(number, winner, price, forfeited);
        // Not the "safe" transfer: a winner that is a contract could refuse it and keep everybody waiting.
        auction.token.transferFrom(address(this), price == 0 ? auction.seller : winner, auction.tokenId);
    }

    /// @inheritdoc ISealedBidAuction
    function cancel(uint256 number) external {
        Auction storage auction = _running(number);
        require(_isHopeless(auction), NotOverYet(number));
        auction.state = State.Cancelled;
        emit Cancelled(number);
    }

    /// @inheritdoc ISealedBidAuction
    function reclaim(uint256 number) external {
        Auction storage auction = _auctions[number];
        require(auction.state == State.Cancelled && !auction.tokenReturned, WrongState(number, auction.state));
        auction.tokenReturned = true;
        auction.token.transferFrom(address(this), auction.seller, auction.tokenId);
    }

    /// @inheritdoc ISealedBidAuction
    function refund(uint256 number, uint32 bidNumber) external {
        Bid storage record = _bid(number, bidNumber);
        uint256 amount = refundOf(number, bidNumber);
        require(amount != 0, NothingToRefund(number, bidNumber));
        record.state = BidState.Paid;
        emit Refunded(number, bidNumber, record.bidder, amount);
        Address.sendValue(payable(record.bidder), amount);
    }

    /// @inheritdoc ISealedBidAuction
    function withdraw() external {
        uint256 amount = proceeds[msg.sender];
        require(amount != 0, NothingToWithdraw());
        proceeds[msg.sender] = 0;
        Address.sendValue(payable(msg.sender), amount);
    }

    /// @inheritdoc ISealedBidAuction
    function refundOf(uint256 number, uint32 bidNumber) public view returns (uint256) {
        Auction storage auction = _auctions[number];
        Bid storage record = _bid(number, bidNumber);
        if (record.state == BidState.Paid) return 0;
        if (auction.state == State.Cancelled) return record.deposit;
        // The losers need not wait for the token to be delivered.
        if (record.state == BidState.Sealed || (auction.state == State.Running && !_isOver(auction))) {
            return 0;
        }
        bool isBest = auction.bestAmount != 0 && auction.best == bidNumber;
        if (!isBest) return record.deposit;
        return auction.state == State.Settled ? record.deposit - auction.bestAmount : 0;
    }

    /// @inheritdoc ISealedBidAuction
    function maskOf(uint256 number, address bidder, bytes32 secret) public view returns (bytes32) {
        return keccak256(abi.encode(MASK_TYPEHASH, secret, block.chainid, address(this), number, bidder));
    }

    /// @inheritdoc ISealedBidAuction
    function auctionInfo(uint256 number) external view returns (Auction memory) {
        return _auctions[number];
    }

    /// @inheritdoc ISealedBidAuction
    function bidInfo(uint256 number, uint32 bidNumber) external view returns (Bid memory) {
        return _bid(number, bidNumber);
    }

    /// @dev Whether nothing can be opened any more: all bids are, or their time is up.
    function _isOver(Auction storage auction) private view returns (bool) {
        if (block.timestamp < auction.biddingEnds) return false;
        if (auction.opened == auction.bids) return true;
        uint64 publishedAt = releases.publishedAt(auction.item);
        return publishedAt != 0 && block.timestamp >= publishedAt + auction.openingTime;
    }

    function _isHopeless(Auction storage auction) private view returns (bool) {
        uint256 publishedAt = releases.publishedAt(auction.item);
        if (publishedAt == 0) return block.timestamp >= uint256(auction.biddingEnds) + auction.keyGrace;
        return block.timestamp >= publishedAt + auction.openingTime + SETTLEMENT_TIME;
    }

    function _running(uint256 number) private view returns (Auction storage auction) {
        auction = _auctions[number];
        require(auction.state == State.Running, WrongState(number, auction.state));
    }

    function _bid(uint256 number, uint32 bidNumber) private view returns (Bid storage record) {
        record = _bids[number][bidNumber];
        require(record.bidder != address(0), UnknownBid(number, bidNumber));
    }

    function _hash(SealedBid calldata sealedBid) private pure returns (bytes32) {
        return keccak256(abi.encode(sealedBid));
    }
}
