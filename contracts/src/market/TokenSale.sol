// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../interfaces/IAccessCondition.sol";
import {IOffer} from "../interfaces/IOffer.sol";
import {ISale} from "../interfaces/ISale.sol";
import {ITokenSale} from "../interfaces/ITokenSale.sol";
import {Price} from "../types/MarketTypes.sol";
import {Sale} from "./Sale.sol";

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @title A sale of ERC-721 tokens that let their holders read
abstract contract TokenSale is ITokenSale, ERC721, Ownable2Step, Sale {
    /// @inheritdoc ITokenSale
    uint256 public sold;

    Price private _asked;

    constructor(string memory name_, string memory symbol_, address owner_, Price memory price_)
        ERC721(name_, symbol_)
        Ownable(owner_)
    {
        _setPrice(price_);
    }

    /// @inheritdoc ITokenSale
    function setPrice(Price calldata price) external onlyOwner {
        _setPrice(price);
    }

    /// @inheritdoc ITokenSale
    function stopSale() external onlyOwner {
        delete _asked;
        emit SaleStopped();
    }

    /// @inheritdoc ITokenSale
    function priceOf() external view returns (Price memory) {
        return _price(0);
    }

    function supportsInterface(bytes4 id) public view virtual override returns (bool) {
        return id == type(IAccessCondition).interfaceId || id == type(IOffer).interfaceId
            || id == type(ISale).interfaceId || id == type(ITokenSale).interfaceId
            || super.supportsInterface(id);
    }

    /// @dev A licence is about all that the tokens open.
    function _subject(bytes32) internal pure override returns (bytes32) {
        return 0;
    }

    /// @dev Whether this contract can sell for such a price.
    function _fits(Price memory price) internal view virtual returns (bool);

    function _price(bytes32 item) internal view override returns (Price memory price) {
        price = _asked;
        require(price.amount > 0, NotForSale(item));
    }

    function _setPrice(Price memory price) private {
        _checkPrice(price);
        require(_fits(price), BadPrice());
        _asked = price;
        emit PriceSet(price);
    }
}
