// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ISealedBidAuction} from "../../src/examples/ISealedBidAuction.sol";
import {AuctionFixture} from "../support/AuctionFixture.sol";

/// @title Random sellers and bidders, and a book of who bid what, who must win and who is owed how much
contract AuctionHandler is AuctionFixture {
    struct Sent {
        address bidder;
        uint256 amount;
        uint256 deposit;
        bytes32 secret;
        ISealedBidAuction.SealedBid sealedBid;
        bool opened;
        bool paid;
    }

    struct Lot {
        uint256 tokenId;
        uint64 ends;
        uint64 publishedAt;
        ISealedBidAuction.State state;
        bool returned;
        address winner;
    }

    uint256 private constant PEOPLE = 4;
    uint256 private constant MOST_LOTS = 3;
    uint256 private constant MOST_BIDS = 6;
    uint256 private constant DEPOSIT = 10 ether;

    /// Lots by the number of their auction.
    mapping(uint256 auction => Lot) private _lots;
    mapping(uint256 auction => Sent[]) private _bids;
    uint256 private _count = 1;
    uint256 private _secret;
    bool private _stopped;

    /// Steps that went otherwise than the book says.
    uint256 public wrongs;
    uint256 public moneyIn;
    uint256 public moneyOut;
    /// To see that a campaign does something.
    uint256 public opened;
    uint256 public sold;
    uint256 public cancelled;
    uint256 public refused;

    /// What each account may withdraw.
    mapping(address seller => uint256) private _proceeds;

    constructor() {
        setUp();
        _secret = networkSecret();
        for (uint256 i = 0; i < PEOPLE; ++i) {
            vm.deal(_person(i), 1e30);
        }
        // The fixture's own auction is the first lot.
        _lots[1] = Lot(7, ENDS, 0, ISealedBidAuction.State.Running, false, address(0));
    }

    // --------------------------------------------------------------------- steps

    function stepPutUp(uint256 lasts) external {
        if (_count == MOST_LOTS || _stopped) return;
        uint256 tokenId = 100 + ++_count;
        uint64 ends = _now() + uint64(bound(lasts, 1, 20_000));
        painting.mint(seller, tokenId);
        vm.startPrank(seller);
        painting.approve(address(auctions), tokenId);
        uint256 made = auctions.create(painting, tokenId, RESERVE, ends, GRACE, OPENING);
        vm.stopPrank();
        if (made != _count) ++wrongs;
        _lots[made] = Lot(tokenId, ends, 0, ISealedBidAuction.State.Running, false, address(0));
    }

    /// An honest bid, one above its deposit, one under the reserve, one that nobody can open, or somebody else's.
    function stepBid(uint256 lot, uint256 who, uint256 amount, uint256 deposit, uint256 kind) external {
        number = _lot(lot);
        if (_bids[number].length == MOST_BIDS) return;
        deposit = bound(deposit, RESERVE - 1, DEPOSIT);
        // Few amounts, so that bids are often equal.
        amount = kind % 7 < 5 ? (1 + amount % 4) * 1 ether : amount;
        amount = kind % 5 == 0 ? deposit + 1 + amount % 1 ether : bound(amount, RESERVE, DEPOSIT);
        if (kind % 5 == 1) amount = amount % RESERVE;
        if (kind % 5 == 2 && amount > deposit) deposit = amount;
        bytes32 secret = keccak256(abi.encode(number, _bids[number].length, amount));
        ISealedBidAuction.SealedBid memory sealedBid = seal(secret, _person(who), amount);
        if (kind % 5 == 3) {
            secret = 0;
            sealedBid.u = new bytes(256);
        }
        if (kind % 5 == 4 && _bids[number].length != 0) {
            Sent storage copied = _bids[number][who % _bids[number].length];
            (secret, sealedBid) = (copied.secret, copied.sealedBid);
            bytes32 mask = auctions.maskOf(number, _person(who), secret);
            amount = uint256(sealedBid.masked ^ mask);
        }
        _bid(who, Sent(_person(who), amount, deposit, secret, sealedBid, false, false));
    }

    /// An honest bid of exactly what somebody else bid.
    function stepMatch(uint256 lot, uint256 who, uint256 which) external {
        number = _lot(lot);
        if (_bids[number].length == 0 || _bids[number].length == MOST_BIDS) return;
        uint256 amount = _bids[number][which % _bids[number].length].amount;
        if (amount < RESERVE || amount > DEPOSIT) return;
        bytes32 secret = keccak256(abi.encode(number, _bids[number].length, amount));
        ISealedBidAuction.SealedBid memory sealedBid = seal(secret, _person(who), amount);
        _bid(who, Sent(_person(who), amount, amount, secret, sealedBid, false, false));
    }

    function stepPublish(uint256 lot) external {
        number = _lot(lot);
        bytes32 item = auctions.auctionInfo(number).item;
        bool may = _now() >= _lots[number].ends && _lots[number].publishedAt == 0;
        try releases.publish(item, timesQ(item, _secret)) {
            _judge(may);
            _lots[number].publishedAt = _now();
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    /// With the right secret, or another one, or somebody else's bid.
    function stepOpen(uint256 lot, uint256 which, uint256 kind) external {
        number = _lot(lot);
        if (_bids[number].length == 0) return;
        uint256 index = which % _bids[number].length;
        Sent storage sent = _bids[number][index];
        bytes32 secret = kind % 4 == 0 ? bytes32(kind) : sent.secret;
        Sent storage shown = kind % 4 == 1 ? _bids[number][(which / 7) % _bids[number].length] : sent;
        bool may = _isRunning(number) && _lots[number].publishedAt != 0 && sent.secret != 0
            && _now() < _lots[number].publishedAt + OPENING && !sent.opened && secret == sent.secret
            && keccak256(abi.encode(shown.sealedBid)) == keccak256(abi.encode(sent.sealedBid));
        try auctions.open(number, uint32(index + 1), shown.sealedBid, secret) {
            _judge(may);
            sent.opened = true;
            ++opened;
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    /// Whoever has the key opens all that it opens, from the last or the first.
    function stepOpenAll(uint256 lot, bool backwards) external {
        number = _lot(lot);
        uint256 count = _bids[number].length;
        for (uint256 i = 0; i < count; ++i) {
            uint256 index = backwards ? count - 1 - i : i;
            Sent storage sent = _bids[number][index];
            bool may = _isRunning(number) && _lots[number].publishedAt != 0 && sent.secret != 0
                && _now() < _lots[number].publishedAt + OPENING && !sent.opened;
            if (!may) continue;
            auctions.open(number, uint32(index + 1), sent.sealedBid, sent.secret);
            sent.opened = true;
            ++opened;
        }
    }

    function stepSettle(uint256 lot) external {
        number = _lot(lot);
        Lot storage entry = _lots[number];
        bool may = _isRunning(number) && _isOver(number) && !_stopped;
        try auctions.settle(number) {
            _judge(may);
            entry.state = ISealedBidAuction.State.Settled;
            (address winner, uint256 price,) = _best(number);
            entry.winner = winner;
            entry.returned = winner == address(0);
            _proceeds[seller] += price + _forfeited(number);
            ++sold;
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    function stepCancel(uint256 lot) external {
        number = _lot(lot);
        Lot storage entry = _lots[number];
        bool hopeless = entry.publishedAt == 0
            ? _now() >= entry.ends + GRACE
            : _now() >= uint256(entry.publishedAt) + OPENING + 30 days;
        bool may = _isRunning(number) && hopeless;
        try auctions.cancel(number) {
            _judge(may);
            entry.state = ISealedBidAuction.State.Cancelled;
            ++cancelled;
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    function stepReclaim(uint256 lot) external {
        number = _lot(lot);
        bool may =
            _lots[number].state == ISealedBidAuction.State.Cancelled && !_lots[number].returned && !_stopped;
        try auctions.reclaim(number) {
            _judge(may);
            _lots[number].returned = true;
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    function stepRefund(uint256 lot, uint256 which) external {
        number = _lot(lot);
        if (_bids[number].length == 0) return;
        uint256 index = which % _bids[number].length;
        Sent storage sent = _bids[number][index];
        uint256 due = _due(number, index);
        uint256 before = sent.bidder.balance;
        try auctions.refund(number, uint32(index + 1)) {
            _judge(due != 0 && sent.bidder.balance - before == due);
            moneyOut += due;
            sent.paid = true;
        } catch {
            _judge(due == 0);
            ++refused;
        }
    }

    function stepWithdraw(uint256 who) external {
        address account = who % 2 == 0 ? seller : _person(who);
        uint256 due = _proceeds[account];
        uint256 before = account.balance;
        vm.prank(account);
        try auctions.withdraw() {
            _judge(due != 0 && account.balance - before == due);
            moneyOut += due;
            _proceeds[account] = 0;
        } catch {
            _judge(due == 0);
            ++refused;
        }
    }

    /// The token's maker stops it, and lets it go again.
    function stepStop(uint256 often) external {
        _stopped = often % 8 == 0;
        painting.stop(_stopped);
    }

    /// A while, or until bidding ends, or the window for opening, or all hope.
    function stepTime(uint256 seconds_, uint256 lot, uint256 kind) external {
        Lot storage entry = _lots[_lot(lot)];
        uint256 then = _now() + bound(seconds_, 1, 3000);
        if (kind % 4 == 0) then = entry.ends;
        if (kind % 16 == 1) then = uint256(entry.publishedAt) + OPENING;
        if (kind % 32 == 2) then = uint256(entry.ends) + GRACE;
        if (kind % 32 == 3) then = uint256(entry.publishedAt) + OPENING + 30 days;
        if (then > _now()) vm.warp(then);
    }

    // ------------------------------------------------------------------ the book

    function held() external view returns (uint256) {
        return address(auctions).balance;
    }

    /// What must still be there: of running auctions every deposit that was not paid back, of others what is due.
    function owed() external view returns (uint256 sum) {
        sum = _proceeds[seller];
        for (uint256 lot = 1; lot <= _count; ++lot) {
            bool running = _isRunning(lot);
            for (uint256 i = 0; i < _bids[lot].length; ++i) {
                if (_bids[lot][i].paid) continue;
                sum += running ? _bids[lot][i].deposit : _due(lot, i);
            }
        }
    }

    /// Lots about whose state, token or refunds the contract says otherwise than the book.
    function disagreements() external view returns (uint256 count) {
        for (uint256 lot = 1; lot <= _count; ++lot) {
            Lot storage entry = _lots[lot];
            if (auctions.auctionInfo(lot).state != entry.state) ++count;
            address holder = address(auctions);
            if (entry.winner != address(0)) holder = entry.winner;
            if (entry.returned) holder = seller;
            if (painting.ownerOf(entry.tokenId) != holder) ++count;
            for (uint256 i = 0; i < _bids[lot].length; ++i) {
                if (auctions.refundOf(lot, uint32(i + 1)) != _due(lot, i)) ++count;
            }
        }
    }

    /// Who wins among what was opened: the highest bid from the reserve to its deposit, of equals the first.
    function _best(uint256 lot) private view returns (address winner, uint256 price, uint256 best) {
        for (uint256 i = 0; i < _bids[lot].length; ++i) {
            Sent storage sent = _bids[lot][i];
            bool stands = sent.opened && sent.amount >= RESERVE && sent.amount <= sent.deposit;
            if (stands && sent.amount > price) (winner, price, best) = (sent.bidder, sent.amount, i);
        }
    }

    function _due(uint256 lot, uint256 index) private view returns (uint256) {
        Sent storage sent = _bids[lot][index];
        ISealedBidAuction.State state = _lots[lot].state;
        if (sent.paid) return 0;
        if (state == ISealedBidAuction.State.Cancelled) return sent.deposit;
        if (!sent.opened || (state == ISealedBidAuction.State.Running && !_isOver(lot))) return 0;
        (, uint256 price, uint256 best) = _best(lot);
        if (price == 0 || best != index) return sent.deposit;
        return state == ISealedBidAuction.State.Settled ? sent.deposit - price : 0;
    }

    /// Deposits of what was never opened.
    function _forfeited(uint256 lot) private view returns (uint256 sum) {
        for (uint256 i = 0; i < _bids[lot].length; ++i) {
            if (!_bids[lot][i].opened) sum += _bids[lot][i].deposit;
        }
    }

    function _bid(uint256 who, Sent memory sent) private {
        bool may = _isRunning(number) && _now() < _lots[number].ends && sent.deposit >= RESERVE;
        vm.prank(_person(who));
        try auctions.bid{value: sent.deposit}(number, sent.sealedBid) {
            _judge(may);
            moneyIn += sent.deposit;
            _bids[number].push(sent);
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    function _isOver(uint256 lot) private view returns (bool) {
        Lot storage entry = _lots[lot];
        if (_now() < entry.ends) return false;
        bool all = true;
        for (uint256 i = 0; i < _bids[lot].length; ++i) {
            all = all && _bids[lot][i].opened;
        }
        return all || (entry.publishedAt != 0 && _now() >= entry.publishedAt + OPENING);
    }

    function _isRunning(uint256 lot) private view returns (bool) {
        return _lots[lot].state == ISealedBidAuction.State.Running;
    }

    function _judge(bool right) private {
        if (!right) ++wrongs;
    }

    function _lot(uint256 lot) private view returns (uint256) {
        return 1 + lot % _count;
    }

    function _now() private view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }

    function _person(uint256 who) private pure returns (address) {
        return address(uint160(0xbeef00 + who % PEOPLE));
    }
}
