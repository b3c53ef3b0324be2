// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../interfaces/IAccessCondition.sol";
import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {IItemSale} from "../interfaces/IItemSale.sol";
import {IOffer} from "../interfaces/IOffer.sol";
import {ISale} from "../interfaces/ISale.sol";
import {Kind, Resource, Roles} from "../types/AccessTypes.sol";
import {Price} from "../types/MarketTypes.sol";
import {Sale} from "./Sale.sol";

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";

/// @title A sale of items and collections of a registry, by whoever owns them
abstract contract ItemSale is IItemSale, Sale {
    /// @inheritdoc IItemSale
    IAccessRegistry public immutable registry;

    mapping(bytes32 sale => Price) private _prices;
    /// Who owned it when the price was set: a sale ends when the item changes hands.
    mapping(bytes32 sale => address) private _owners;

    constructor(IAccessRegistry registry_) {
        require(address(registry_).code.length > 0, NoRegistry(address(registry_)));
        registry = registry_;
    }

    /// @inheritdoc IItemSale
    function stopSale(bytes32 id) external {
        _onlySeller(id);
        _priced(id);
        _dropPrice(id);
        emit SaleStopped(id);
    }

    /// @inheritdoc IItemSale
    function priceOf(bytes32 id) external view returns (Price memory) {
        return _priced(id);
    }

    /// @inheritdoc IAccessCondition
    /// @dev Reverts for what has not begun in the registry.
    function canRead(address reader, bytes32 item, bytes calldata) external view returns (bool) {
        Resource memory found = registry.resource(item);
        bool begun = found.kind == Kind.Item || found.kind == Kind.Period;
        require(begun, IAccessRegistry.Unknown(item));
        return _reads(item, reader) || (found.collection != 0 && _reads(found.collection, reader));
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == type(IAccessCondition).interfaceId
            || id == type(IOffer).interfaceId || id == type(ISale).interfaceId
            || id == type(IItemSale).interfaceId;
    }

    function _subject(bytes32 item) internal view virtual override returns (bytes32) {
        return item;
    }

    /// @dev Whether the reader has a right to this very id.
    function _reads(bytes32 id, address reader) internal view virtual returns (bool);

    /// @dev What a buyer names to buy this id: the id, or more than that.
    function _saleOf(bytes32 id) internal view virtual returns (bytes32) {
        return id;
    }

    /// @dev The id that a sale sells.
    function _idOf(bytes32 sale) internal view virtual returns (bytes32) {
        return sale;
    }

    function _putPrice(bytes32 id, Price calldata price) internal {
        _onlySeller(id);
        _checkPrice(price);
        bytes32 sale = _saleOf(id);
        (_prices[sale], _owners[sale]) = (price, registry.ownerOf(id));
        emit PriceSet(id, price);
    }

    function _dropPrice(bytes32 id) internal {
        delete _prices[_saleOf(id)];
    }

    /// @dev A period without a price of its own is bought with its collection.
    function _soldFor(bytes32 item) internal view override returns (bytes32) {
        bytes32 sale = _saleOf(item);
        if (_isOnSale(sale)) return sale;
        bytes32 collection = registry.resource(item).collection;
        sale = _saleOf(collection);
        return _isOnSale(sale) ? sale : item;
    }

    function _price(bytes32 sale) internal view override returns (Price memory) {
        require(_isOnSale(sale), NotForSale(sale));
        return _prices[sale];
    }

    function _priced(bytes32 id) private view returns (Price memory) {
        bytes32 sale = _saleOf(id);
        require(_isOnSale(sale), NotForSale(id));
        return _prices[sale];
    }

    function _isOnSale(bytes32 sale) private view returns (bool) {
        return _prices[sale].amount > 0 && registry.ownerOf(_idOf(sale)) == _owners[sale];
    }

    function _onlySeller(bytes32 id) private view {
        bool allowed = registry.may(id, msg.sender, Roles.SALES);
        require(allowed, IAccessRegistry.NotAllowed(id, msg.sender, Roles.SALES));
    }
}
