// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {ITimedRelease} from "../interfaces/ITimedRelease.sol";

/// @title A sealed-bid auction that opens itself: the worked example of `TimedRelease`
/// @notice Sells one ERC-721 token for FIL, to the highest bid, for that bid (first price).
///
/// *Bidding.* The auction has an item of `TimedRelease` that opens when bidding ends. A bidder draws 32 random bytes `σ`,
/// encapsulates them to the item's identity (`stheno_crypto::encapsulate`), which gives `U` and `V`, and sends these with
/// `masked = amount ⊕ mask(σ, auction, bidder)` (`maskOf`) and a deposit of at least the amount. What is public is the
/// deposit: who would hide the amount well deposits more.
///
/// *Opening.* After the end the committee gives the item's key to everybody. It is posted in `TimedRelease`, which checks
/// it; from that moment, and not before, bids are opened here, for a window of time. Whoever has the key finds each `σ`
/// and opens the bid by it: the contract checks `U = ρ(σ)·P2` and computes the amount itself. So no bidder has to come
/// back, and nobody's word is taken for what a bid was.
///
/// *A bid that nobody can open.* What `V` hides can only be told by the value of a pairing, which no contract can have,
/// so the contract cannot tell garbage from a bid that nobody cared to open. It need not: whoever sealed well can be
/// opened by anybody, himself included, so after the window a bid that is still closed was sealed badly, and its whole
/// deposit goes to the seller. It stands in nobody's way. Nor does it pay to seal badly, look at the others' bids, and then
/// open only the one that suits: a deposit is at least the amount, so to keep back a bid of `b` costs `b` or more, and to
/// let it be opened at most `b` and brings the token (commit-and-reveal auctions take deposits for the same reason; there
/// they also hit whoever has gone offline). A bid that opens to less than the reserve, or to more than its deposit, is
/// void and gets its deposit back: what it opens to was fixed when it was sent.
///
/// *Copies.* The mask is of the bidder's address, so that a copied bid opens to noise, and is void.
///
/// *Ways out.* If no key is posted within `keyGrace` of the end (the committee is gone), or the token cannot be delivered
/// within `SETTLEMENT_TIME` (the seller's token is broken), the auction is cancelled by anybody, and all deposits go back
/// in full. All payments are by pull: nobody's refusal to take money stops another's.
///
/// @dev An example, not audited: no reward for who opens, no other currencies. The seller may bid too, as in every sealed
/// auction; forfeited deposits are his, so to keep bids back costs him nothing, and gives him what he has anyway by
/// bidding: to keep his token. `SETTLEMENT_TIME` counts from the end of the opening window.
interface ISealedBidAuction {
    /// @notice What became of an auction.
    enum State {
        None,
        Running,
        Settled,
        Cancelled
    }

    /// @notice What became of a bid.
    enum BidState {
        Sealed,
        Standing,
        Void,
        Paid
    }

    /// @notice An auction. Times are block times, lengths seconds, money attoFIL.
    /// @param item What bids are sealed to, in `releases`.
    /// @param best Number of the best bid so far; meaningful if `bestAmount` is not 0.
    /// @param deposits Of all bids together.
    /// @param openedDeposits Of those that were opened.
    struct Auction {
        address seller;
        uint64 biddingEnds;
        uint32 keyGrace;
        State state;
        IERC721 token;
        uint32 openingTime;
        uint32 bids;
        uint32 opened;
        uint256 tokenId;
        bytes32 item;
        uint128 reserve;
        uint128 bestAmount;
        uint128 deposits;
        uint128 openedDeposits;
        uint32 best;
        bool tokenReturned;
    }

    /// @notice A bid.
    /// @param sealedHash Hash of what was sealed; the event has it.
    struct Bid {
        address bidder;
        BidState state;
        uint128 deposit;
        bytes32 sealedHash;
    }

    /// @notice What a bidder sends.
    /// @param u 256 bytes, as EIP-2537 writes the point.
    /// @param v What the key's holder needs to find `σ`.
    /// @param masked The amount under its mask.
    struct SealedBid {
        bytes u;
        bytes32 v;
        bytes32 masked;
    }

    /// @notice A token was put up.
    event AuctionCreated(
        uint256 indexed auction, address indexed seller, IERC721 token, uint256 tokenId, bytes32 item
    );

    /// @notice Somebody bid.
    event BidPlaced(
        uint256 indexed auction,
        uint32 indexed bid,
        address indexed bidder,
        uint128 deposit,
        SealedBid sealedBid
    );

    /// @notice A bid was opened; `amount` is what was bid, whether it stands or is void.
    event BidOpened(uint256 indexed auction, uint32 indexed bid, uint256 amount, BidState state);

    /// @notice An auction came to its end; nobody won where `winner` is zero. `forfeited` is what was never opened.
    event Settled(uint256 indexed auction, address winner, uint128 price, uint128 forfeited);

    /// @notice An auction ended without a sale.
    event Cancelled(uint256 indexed auction);

    /// @notice A bidder was paid what is his.
    event Refunded(uint256 indexed auction, uint32 indexed bid, address indexed bidder, uint256 amount);

    /// @notice Thrown when the reserve is 0.
    error ZeroReserve();

    /// @notice Thrown when bidding would be over already.
    error EndsInThePast(uint64 biddingEnds);

    /// @notice Thrown when the committee, or whoever opens bids, would have less time than `LEAST_TIME`.
    error TooShort(uint32 least);

    /// @notice Thrown when the auction does not exist, or is over, or its token was given back.
    error WrongState(uint256 auction, State state);

    /// @notice Thrown when bidding has ended.
    error BiddingOver(uint256 auction);

    /// @notice Thrown when `u` has not 256 bytes.
    error MalformedBid();

    /// @notice Thrown when the deposit is below the reserve, so that the bid could not win.
    error DepositTooSmall(uint256 deposit, uint128 reserve);

    /// @notice Thrown when the deposit is more than there is money.
    error DepositTooLarge(uint256 deposit);

    /// @notice Thrown when there is no such bid.
    error UnknownBid(uint256 auction, uint32 bid);

    /// @notice Thrown when the auction's key is not in `releases` yet.
    error KeyNotPublished(uint256 auction);

    /// @notice Thrown when the window for opening has closed.
    error OpeningOver(uint256 auction);

    /// @notice Thrown when what is given is not what the bidder sent.
    error NotTheSealedBid(uint256 auction, uint32 bid);

    /// @notice Thrown when the bid is open.
    error AlreadyOpened(uint256 auction, uint32 bid);

    /// @notice Thrown when the secret is not what the bid was sealed with.
    error WrongSecret(uint256 auction, uint32 bid);

    /// @notice Thrown when the secret could not be checked: give more gas.
    error NotDecided(uint256 auction, uint32 bid);

    /// @notice Thrown when bids can still be opened, or hope is not lost.
    error NotOverYet(uint256 auction);

    /// @notice Thrown when the bidder gets nothing back, or not yet, or not again.
    error NothingToRefund(uint256 auction, uint32 bid);

    /// @notice Thrown when the sender has no proceeds.
    error NothingToWithdraw();

    /// @notice Puts a token up. The contract takes it from the sender, who has approved that.
    /// @param reserve The least that is accepted, at least 1.
    /// @param biddingEnds When bidding ends, and the item opens.
    /// @param keyGrace How long after that the committee has for its key; at least `LEAST_TIME`, like `openingTime`.
    /// @param openingTime How long bids may be opened once the key is posted.
    function create(
        IERC721 token,
        uint256 tokenId,
        uint128 reserve,
        uint64 biddingEnds,
        uint32 keyGrace,
        uint32 openingTime
    ) external returns (uint256 number);

    /// @notice Bids, with a deposit of at least what is bid. A bid cannot be taken back.
    function bid(uint256 number, SealedBid calldata sealedBid) external payable returns (uint32 bidNumber);

    /// @notice Opens a bid. Anybody may, from when the key is posted until the window closes.
    /// @param sealedBid What the bidder sent.
    /// @param secret `σ`: what `V` hides.
    function open(uint256 number, uint32 bidNumber, SealedBid calldata sealedBid, bytes32 secret) external;

    /// @notice Delivers the token to the best bid and its price to the seller; or the token back, where no bid stands.
    /// Anybody may, once all bids are open or the window has closed.
    function settle(uint256 number) external;

    /// @notice Ends an auction that cannot be settled; all deposits can be refunded. Anybody may.
    function cancel(uint256 number) external;

    /// @notice Gives the token of a cancelled auction back to its seller.
    function reclaim(uint256 number) external;

    /// @notice Pays a bidder what is his: the deposit, of the best bid what is above its price. Anybody may; the money
    /// goes to the bidder.
    function refund(uint256 number, uint32 bidNumber) external;

    /// @notice Pays the sender his proceeds.
    function withdraw() external;

    /// @notice What `refund` would pay now.
    function refundOf(uint256 number, uint32 bidNumber) external view returns (uint256);

    /// @notice What a bidder's amount is masked with.
    function maskOf(uint256 number, address bidder, bytes32 secret) external view returns (bytes32);

    /// @notice An auction.
    function auctionInfo(uint256 number) external view returns (Auction memory);

    /// @notice A bid; they are numbered from 1.
    function bidInfo(uint256 number, uint32 bidNumber) external view returns (Bid memory);

    /// @notice The least that a seller may give the committee for its key, and everybody for opening bids: who gives
    /// less could keep deposits.
    function LEAST_TIME() external view returns (uint32);

    /// @notice From the end of the opening window on, how long a settlement may fail before anybody may cancel.
    function SETTLEMENT_TIME() external view returns (uint256);

    /// @notice Where the keys of auctions are published.
    function releases() external view returns (ITimedRelease);

    /// @notice How many auctions there are; they are numbered from 1.
    function auctionCount() external view returns (uint256);

    /// @notice What a seller may withdraw.
    function proceeds(address seller) external view returns (uint256);
}
