// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {Deposit, Guarantee, IEscrow, Standing} from "../interfaces/IEscrow.sol";
import {IPdpVerifier} from "../interfaces/IPdpVerifier.sol";
import {StorageProof} from "../libraries/StorageProof.sol";
import {Truth} from "../types/AccessTypes.sol";
import {Price} from "../types/MarketTypes.sol";
import {ItemSale} from "./ItemSale.sol";

/// @title Sales that are paid when the data stayed stored
/// @notice See `IEscrow`.
contract Escrow is IEscrow, ItemSale {
    /// @notice Longest term, ten years of epochs.
    uint64 public constant MAX_TERM = 10 * 365 * 2880;

    /// @inheritdoc IEscrow
    IPdpVerifier public immutable verifier;

    /// @inheritdoc IEscrow
    uint256 public depositCount;

    /// @inheritdoc IEscrow
    mapping(bytes32 id => mapping(address reader => uint256)) public depositOf;

    struct Sold {
        bytes32 id;
        Guarantee guarantee;
    }

    mapping(bytes32 id => bytes32 sale) private _sales;
    mapping(bytes32 sale => Sold) private _sold;
    mapping(uint256 => Deposit) private _deposits;

    constructor(IAccessRegistry registry_, IPdpVerifier verifier_) ItemSale(registry_) {
        require(address(verifier_).code.length > 0, NoVerifier(address(verifier_)));
        verifier = verifier_;
    }

    /// @inheritdoc IEscrow
    function setSale(bytes32 id, Price calldata price, Guarantee calldata guarantee)
        external
        returns (bytes32 sale)
    {
        require(price.duration == type(uint64).max, NotForGood(price.duration));
        bool good = guarantee.dataSet > 0 && guarantee.term <= MAX_TERM && guarantee.window > 0
            && guarantee.window <= guarantee.term;
        require(good, BadGuarantee());
        sale = keccak256(abi.encode(id, guarantee));
        // The sale before, under another guarantee, ends.
        _dropPrice(id);
        _sales[id] = sale;
        _sold[sale] = Sold(id, guarantee);
        _putPrice(id, price);
        emit GuaranteeSet(id, sale, guarantee);
    }

    /// @inheritdoc IEscrow
    function settle(uint256 deposit) external nonReentrant {
        Standing standing = standingOf(deposit);
        bool decided = standing == Standing.Lapsed || standing == Standing.Kept;
        require(decided, NotSettleable(deposit, standing));
        _settle(deposit, standing == Standing.Kept ? Standing.Released : Standing.Refunded);
    }

    /// @inheritdoc IEscrow
    function giveUp(uint256 deposit) external nonReentrant {
        Deposit storage held = _deposits[deposit];
        require(held.settled == Standing.Held, NotSettleable(deposit, held.settled));
        if (msg.sender == held.payer) return _settle(deposit, Standing.Released);
        require(msg.sender == held.payee, NotAParty(deposit, msg.sender));
        _settle(deposit, Standing.Refunded);
    }

    /// @inheritdoc IEscrow
    function deposits(uint256 deposit) external view returns (Deposit memory) {
        return _deposits[deposit];
    }

    /// @inheritdoc IEscrow
    function saleInfo(bytes32 sale) external view returns (bytes32 id, Guarantee memory guarantee) {
        return (_sold[sale].id, _sold[sale].guarantee);
    }

    /// @inheritdoc IEscrow
    function standingOf(uint256 deposit) public view returns (Standing) {
        Deposit memory held = _deposits[deposit];
        if (held.settled != Standing.Held) return held.settled;
        bool runs = block.number <= held.ends;
        uint256 until = runs ? block.number : held.ends;
        (Truth live, Truth proven) = StorageProof.read(verifier, held.dataSet, until, held.window);
        if (live == Truth.False) {
            bool seenInTime = block.number <= uint256(held.ends) + held.window;
            return seenInTime ? Standing.Lapsed : Standing.Kept;
        }
        if (proven == Truth.False) return Standing.Lapsed;
        return runs || proven == Truth.Unknown ? Standing.Held : Standing.Kept;
    }

    function _deliver(bytes32 sale, address reader, address payer, Price memory paid) internal override {
        Sold memory sold = _sold[sale];
        Guarantee memory guarantee = sold.guarantee;
        require(!_reads(sold.id, reader), AlreadyBought(sold.id, reader));
        (Truth live, Truth proven) =
            StorageProof.read(verifier, guarantee.dataSet, block.number, guarantee.window);
        bool stored = live == Truth.True && proven == Truth.True;
        require(stored, NotStored(guarantee.dataSet));
        uint256 deposit = ++depositCount;
        uint64 ends = uint64(block.number) + guarantee.term;
        _deposits[deposit] = Deposit({
            payer: payer,
            payee: paid.payee,
            reader: reader,
            token: paid.token,
            amount: paid.amount,
            id: sold.id,
            dataSet: guarantee.dataSet,
            window: guarantee.window,
            ends: ends,
            settled: Standing.Held
        });
        depositOf[sold.id][reader] = deposit;
        emit Deposited(deposit, sold.id, reader, ends);
    }

    function _reads(bytes32 id, address reader) internal view override returns (bool) {
        uint256 deposit = depositOf[id][reader];
        return deposit != 0 && _deposits[deposit].settled != Standing.Refunded;
    }

    function _idOf(bytes32 sale) internal view override returns (bytes32) {
        return _sold[sale].id;
    }

    function _saleOf(bytes32 id) internal view override returns (bytes32) {
        return _sales[id];
    }

    /// @dev A licence is about the item, whatever is guaranteed of its storage.
    function _subject(bytes32 sale) internal view override returns (bytes32) {
        bytes32 id = _sold[sale].id;
        return id == 0 ? sale : id;
    }

    function _settle(uint256 deposit, Standing standing) private {
        Deposit storage held = _deposits[deposit];
        held.settled = standing;
        emit Settled(deposit, standing);
        _credit(standing == Standing.Released ? held.payee : held.payer, held.token, held.amount);
    }
}
