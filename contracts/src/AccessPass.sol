// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {IAccessCondition} from "./interfaces/IAccessCondition.sol";

/// @title A pass that opens what was sealed to its holders
/// @notice An ordinary ERC-721 token with a price. Seal a file to "holds a token of this contract" and whoever
/// buys one reads it. Passes may be sold on; who held one and read keeps what he read.
contract AccessPass is ERC721, Ownable2Step, IAccessCondition {
    /// @notice Thrown when the payment is not exactly the price.
    error WrongPayment(uint256 paid, uint256 price);

    /// @notice The price was set.
    event PriceChanged(uint256 price);

    /// @notice The proceeds were paid out.
    event Withdrawn(address indexed to, uint256 amount);

    /// @notice What a pass costs, in attoFIL (wei).
    uint256 public price;

    /// @notice How many passes there are; their ids count from 1.
    uint256 public sold;

    constructor(string memory name_, string memory symbol_, uint256 price_, address owner_)
        ERC721(name_, symbol_)
        Ownable(owner_)
    {
        _setPrice(price_);
    }

    /// @notice Buys a pass for the sender. The payment is exactly the price: a change of price in flight makes
    /// the purchase fail, not dearer.
    function buy() external payable returns (uint256 id) {
        return _sell(msg.sender);
    }

    /// @notice Buys a pass for `holder`.
    function buyFor(address holder) external payable returns (uint256 id) {
        return _sell(holder);
    }

    /// @notice Sets the price; 0 gives passes away.
    function setPrice(uint256 newPrice) external onlyOwner {
        _setPrice(newPrice);
    }

    /// @notice Pays everything out to `to`.
    function withdraw(address payable to) external onlyOwner {
        uint256 amount = address(this).balance;
        emit Withdrawn(to, amount);
        Address.sendValue(to, amount);
    }

    /// @inheritdoc IAccessCondition
    /// @dev Every holder may read every item that is sealed to this condition.
    function canRead(address reader, bytes32, bytes calldata) external view returns (bool) {
        return reader != address(0) && balanceOf(reader) > 0;
    }

    function _sell(address holder) private returns (uint256 id) {
        require(msg.value == price, WrongPayment(msg.value, price));
        id = ++sold;
        // Last, since a contract that receives a pass may call back.
        _safeMint(holder, id);
    }

    function _setPrice(uint256 newPrice) private {
        price = newPrice;
        emit PriceChanged(newPrice);
    }
}
