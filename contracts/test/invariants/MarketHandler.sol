// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Deposit, Guarantee, Standing} from "../../src/interfaces/IEscrow.sol";
import {IProceeds} from "../../src/interfaces/IProceeds.sol";
import {ISale} from "../../src/interfaces/ISale.sol";
import {Share, Sibling} from "../../src/interfaces/ISplitter.sol";
import {DataPass} from "../../src/market/DataPass.sol";
import {Escrow} from "../../src/market/Escrow.sol";
import {PayPerAccess} from "../../src/market/PayPerAccess.sol";
import {Splitter} from "../../src/market/Splitter.sol";
import {Subscription} from "../../src/market/Subscription.sol";
import {FIL, Offer, Price} from "../../src/types/MarketTypes.sol";
import {PdpVerifierDouble} from "../support/FilecoinStorage.sol";
import {SaleFixture} from "../support/SaleFixture.sol";
import {SplitTree} from "../support/SplitTree.sol";

/// @title Random sellers, buyers and payees, and a book of what they paid and may read
/// @dev Money is FIL and one coin; sales are all kinds that there are.
contract MarketHandler is SaleFixture {
    using SplitTree for SplitTree.Tree;

    uint256 public constant READERS = 4;
    uint256 public constant CONTRIBUTORS = 7;
    uint256 public constant ITEMS = 4;
    uint64 private constant TERM = 1000;
    uint64 private constant WINDOW = 100;
    uint64 private constant GRACE = 50;

    PdpVerifierDouble public verifier = new PdpVerifierDouble();
    PayPerAccess public till;
    Escrow public escrow;
    DataPass public pass;
    Subscription public club;
    Splitter public splitter;

    /// Two items, and two periods of a collection; the last is the collection.
    bytes32[5] public ids;
    address[] public accounts;
    /// What a contract took and gave.
    mapping(address contract_ => mapping(address token => uint256)) public moneyIn;
    mapping(address contract_ => mapping(address token => uint256)) public moneyOut;
    /// Steps that went otherwise than the book says.
    uint256 public wrongs;
    /// Purchases that succeeded, and calls that were refused; to see that a campaign does something.
    uint256 public bought;
    uint256 public refused;

    mapping(bytes32 id => mapping(address reader => uint64)) private _paidUntil;
    mapping(address reader => uint256) private _passes;
    mapping(address reader => uint64) private _subscribedUntil;
    mapping(bytes32 id => mapping(address reader => uint256)) private _deposit;
    mapping(uint256 deposit => bool) private _refunded;

    Share[] private _shares;
    Sibling[][] private _paths;

    constructor() {
        vm.roll(10_000);
        bytes memory registry_ = abi.encode(address(registry));
        till = PayPerAccess(vm.deployCode("PayPerAccess.sol:PayPerAccess", registry_));
        escrow = Escrow(vm.deployCode("Escrow.sol:Escrow", abi.encode(registry, verifier)));
        pass = DataPass(vm.deployCode("DataPass.sol:DataPass", abi.encode("Pass", "P", OWNER, inFil())));
        Price memory monthly = inCoin();
        monthly.duration = 300;
        bytes memory arguments = abi.encode("Club", "C", OWNER, monthly, GRACE);
        club = Subscription(vm.deployCode("Subscription.sol:Subscription", arguments));
        _deploySplitter();
        verifier.put(1, true, 10_000);
        ids[0] = newItem("one");
        ids[1] = newItem("two");
        ids[4] = newCollection();
        (ids[2], ids[3]) = (begin(ids[4]), begin(ids[4]));
        for (uint256 i = 0; i < READERS; ++i) {
            accounts.push(_reader(i));
            vm.deal(_reader(i), 1e30);
            coin.mint(_reader(i), 1e30);
            for (uint256 j = 0; j < 4; ++j) {
                vm.prank(_reader(i));
                coin.approve(address(_sale(j)), type(uint256).max);
            }
        }
        accounts.push(PAYEE);
        accounts.push(address(splitter));
    }

    // --------------------------------------------------------------------- steps

    function stepPrice(uint256 sale, uint256 id, uint256 amount, uint256 duration, bool fil, bool split)
        external
    {
        Price memory price = Price({
            token: fil ? FIL : address(coin),
            amount: bound(amount, 1, 1e24),
            payee: split ? address(splitter) : PAYEE,
            licence: 0,
            duration: uint64(bound(duration, 1, 500)),
            expires: FOREVER
        });
        id %= 5;
        vm.prank(OWNER);
        if (sale % 4 == 0) {
            till.setPrice(ids[id], price);
        } else if (sale % 4 == 1) {
            price.duration = FOREVER;
            escrow.setSale(ids[id], price, Guarantee(1, TERM, WINDOW));
        } else if (sale % 4 == 2) {
            price.duration = FOREVER;
            pass.setPrice(price);
        } else {
            club.setPrice(price);
        }
    }

    /// What a stranger or a reader sets is refused.
    function stepIntrude(uint256 who, uint256 id) external {
        bytes[4] memory calls = [
            abi.encodeCall(till.setPrice, (ids[id % 5], inFil())),
            abi.encodeCall(escrow.setSale, (ids[id % 5], inFil(), Guarantee(1, TERM, WINDOW))),
            abi.encodeCall(pass.setPrice, (inFil())),
            abi.encodeCall(escrow.giveUp, (1 + id % 50))
        ];
        address[4] memory to = [address(till), address(escrow), address(pass), address(escrow)];
        // A party to a deposit may give it up.
        address sender = who % 2 == 0 ? _reader(who) : address(0x666);
        if (who % 4 == 3 && escrow.deposits(1 + id % 50).payer == sender) return;
        vm.prank(sender);
        (bool ok,) = to[who % 4].call(calls[who % 4]);
        if (ok) ++wrongs;
    }

    function stepBuy(uint256 sale, uint256 id, uint256 reader, uint256 payer, uint256 over) external {
        ISale from = _sale(sale);
        Offer memory offer;
        try from.offer(ids[id % 5], _reader(reader)) returns (Offer memory made) {
            offer = made;
        } catch {
            ++refused;
            return;
        }
        uint256 before = _balance(_reader(payer), offer.token);
        uint256 value = offer.token == FIL ? offer.amount + over % 1e20 : 0;
        vm.prank(_reader(payer));
        (bool ok,) = offer.target.call{value: value}(offer.data);
        uint256 paid = before - _balance(_reader(payer), offer.token);
        if (paid != (ok ? offer.amount : 0)) ++wrongs;
        moneyIn[address(from)][offer.token] += paid;
        if (ok) _enter(sale, offer.data, _reader(reader));
        else ++refused;
    }

    /// Too little is refused, whatever else is right.
    function stepUnderpay(uint256 sale, uint256 id, uint256 reader, uint256 under) external {
        ISale from = _sale(sale);
        try from.offer(ids[id % 5], _reader(reader)) returns (Offer memory offer) {
            if (offer.token != FIL) return;
            vm.prank(_reader(reader));
            (bool ok,) = offer.target.call{value: under % offer.amount}(offer.data);
            if (ok) ++wrongs;
        } catch {
            ++refused;
        }
    }

    function stepTransfer(uint256 from, uint256 to, uint256 id) external {
        if (pass.sold() == 0) return;
        id = 1 + id % pass.sold();
        bool may = pass.ownerOf(id) == _reader(from);
        vm.prank(_reader(from));
        try pass.transferFrom(_reader(from), _reader(to), id) {
            if (!may) ++wrongs;
            --_passes[_reader(from)];
            ++_passes[_reader(to)];
        } catch {
            if (may) ++wrongs;
        }
    }

    function stepSettle(uint256 deposit) external {
        deposit = 1 + deposit % (escrow.depositCount() + 1);
        Standing expected = _expected(deposit);
        if (escrow.standingOf(deposit) != expected) ++wrongs;
        bool may = expected == Standing.Lapsed || expected == Standing.Kept;
        try escrow.settle(deposit) {
            if (!may) ++wrongs;
            if (expected == Standing.Lapsed) _refunded[deposit] = true;
        } catch {
            if (may) ++wrongs;
        }
    }

    function stepGiveUp(uint256 deposit, bool payee) external {
        deposit = 1 + deposit % (escrow.depositCount() + 1);
        Deposit memory held = escrow.deposits(deposit);
        if (held.settled != Standing.Held) return;
        vm.prank(payee ? held.payee : held.payer);
        escrow.giveUp(deposit);
        if (payee) _refunded[deposit] = true;
    }

    function stepWithdraw(uint256 sale, uint256 account, bool fil) external {
        ISale from = _sale(sale);
        address token = fil ? FIL : address(coin);
        address to = accounts[account % accounts.length];
        uint256 owed = from.owed(to, token);
        uint256 before = _balance(to, token);
        try from.withdraw(to, token) {
            if (_balance(to, token) != before + owed || owed == 0) ++wrongs;
            moneyOut[address(from)][token] += owed;
        } catch {
            if (owed > 0) ++wrongs;
        }
    }

    function stepClaim(uint256 who, bool fil) external {
        who %= CONTRIBUTORS;
        address token = fil ? FIL : address(coin);
        uint256 open = claimable(who, token);
        try splitter.claim(token, _shares[who], _paths[who]) {
            if (open == 0) ++wrongs;
            moneyOut[address(splitter)][token] += open;
        } catch {
            if (open > 0) ++wrongs;
        }
    }

    function stepTime(uint256 epochs, bool proves, bool lives) external {
        vm.roll(vm.getBlockNumber() + epochs % 150);
        vm.warp(vm.getBlockTimestamp() + epochs % 150);
        // Lives nearly always.
        if (proves) verifier.put(1, lives || epochs % 8 > 0, vm.getBlockNumber());
    }

    // ---------------------------------------------------------------------- book

    /// @dev In how many cases a sale says otherwise than the book.
    function disagreements() external view returns (uint256 count) {
        for (uint256 sale = 0; sale < 4; ++sale) {
            for (uint256 i = 0; i < ITEMS * READERS; ++i) {
                address reader = _reader(i / ITEMS);
                bool reads = _sale(sale).canRead(reader, ids[i % ITEMS], "");
                if (reads != _mayRead(sale, i % ITEMS, reader)) ++count;
            }
        }
    }

    /// @dev Whether a reader may read an item by a sale.
    function _mayRead(uint256 sale, uint256 id, address reader) private view returns (bool) {
        if (sale == 2) return _passes[reader] > 0;
        if (sale == 3) return uint256(_subscribedUntil[reader]) + GRACE > vm.getBlockTimestamp();
        if (_reads(sale, ids[id], reader)) return true;
        return id >= 2 && _reads(sale, ids[4], reader);
    }

    function saleAt(uint256 sale) external view returns (address) {
        return address(_sale(sale));
    }

    function owedInAll(address from, address token) external view returns (uint256 sum) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            sum += IProceeds(from).owed(accounts[i], token);
        }
    }

    function heldInEscrow(address token) external view returns (uint256 sum) {
        for (uint256 i = 1; i <= escrow.depositCount(); ++i) {
            Deposit memory held = escrow.deposits(i);
            if (held.settled == Standing.Held && held.token == token) sum += held.amount;
        }
    }

    function claimable(uint256 who, address token) public view returns (uint256) {
        return splitter.claimable(token, _shares[who], _paths[who]);
    }

    function balanceOf(address account, address token) external view returns (uint256) {
        return _balance(account, token);
    }

    function coinAddress() external view returns (address) {
        return address(coin);
    }

    // ------------------------------------------------------------------- private

    function _enter(uint256 sale, bytes memory data, address reader) private {
        ++bought;
        bytes32 named;
        assembly ("memory-safe") {
            named := mload(add(data, 36))
        }
        if (sale % 4 == 0) {
            uint64 now_ = uint64(vm.getBlockTimestamp());
            uint64 from = _paidUntil[named][reader] > now_ ? _paidUntil[named][reader] : now_;
            _paidUntil[named][reader] = from + till.priceOf(named).duration;
        } else if (sale % 4 == 1) {
            (bytes32 id,) = escrow.saleInfo(named);
            _deposit[id][reader] = escrow.depositCount();
        } else if (sale % 4 == 2) {
            ++_passes[reader];
        } else {
            uint64 now_ = uint64(vm.getBlockTimestamp());
            uint64 end = _subscribedUntil[reader];
            _subscribedUntil[reader] = (end + GRACE > now_ ? end : now_) + club.priceOf().duration;
        }
    }

    function _reads(uint256 sale, bytes32 id, address reader) private view returns (bool) {
        if (sale == 0) return _paidUntil[id][reader] > vm.getBlockTimestamp();
        return _deposit[id][reader] != 0 && !_refunded[_deposit[id][reader]];
    }

    /// @dev The rule of `IEscrow`, from what the verifier was told.
    function _expected(uint256 deposit) private view returns (Standing) {
        Deposit memory held = escrow.deposits(deposit);
        if (held.settled != Standing.Held) return held.settled;
        uint256 now_ = vm.getBlockNumber();
        if (!verifier.dataSetLive(1)) return now_ <= held.ends + WINDOW ? Standing.Lapsed : Standing.Kept;
        uint256 until = now_ < held.ends ? now_ : held.ends;
        if (verifier.getDataSetLastProvenEpoch(1) + WINDOW < until) return Standing.Lapsed;
        return now_ <= held.ends ? Standing.Held : Standing.Kept;
    }

    function _sale(uint256 sale) private view returns (ISale) {
        sale %= 4;
        if (sale == 0) return till;
        if (sale == 1) return escrow;
        return sale == 2 ? ISale(pass) : ISale(club);
    }

    function _reader(uint256 who) private pure returns (address) {
        return address(uint160(0x2000 + who % READERS));
    }

    function _balance(address account, address token) private view returns (uint256) {
        return token == FIL ? account.balance : coin.balanceOf(account);
    }

    function _deploySplitter() private {
        for (uint256 i = 0; i < CONTRIBUTORS; ++i) {
            _shares.push(Share(address(uint160(0x3000 + i)), 1 + i * i * 13));
        }
        SplitTree.Tree memory tree = SplitTree.build(_shares);
        for (uint256 i = 0; i < CONTRIBUTORS; ++i) {
            Sibling[] memory path = tree.path(i);
            _paths.push();
            for (uint256 j = 0; j < path.length; ++j) {
                _paths[i].push(path[j]);
            }
        }
        (bytes32 root, uint256 sum) = tree.root();
        splitter = Splitter(payable(vm.deployCode("Splitter.sol:Splitter", abi.encode(root, sum))));
    }
}
