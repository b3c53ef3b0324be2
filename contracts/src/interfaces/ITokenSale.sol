// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Price} from "../types/MarketTypes.sol";

/// @title A sale of ERC-721 tokens that let their holders read
/// @notice The item of a purchase is whichever the buyer wants to read; the token opens all that was sealed to this
/// contract.
interface ITokenSale {
    /// @notice Tokens cost this from now on.
    event PriceSet(Price price);

    /// @notice No more tokens are sold; those that were stay good.
    event SaleStopped();

    /// @notice Sets the price. By the owner.
    function setPrice(Price calldata price) external;

    /// @notice Ends the sale. By the owner.
    function stopSale() external;

    /// @notice What a token costs; reverts with `ISale.NotForSale`.
    function priceOf() external view returns (Price memory);

    /// @notice How many tokens were sold; their ids count from 1.
    function sold() external view returns (uint256);
}
