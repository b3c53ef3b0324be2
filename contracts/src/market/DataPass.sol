// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../interfaces/IAccessCondition.sol";
import {Price} from "../types/MarketTypes.sol";
import {TokenSale} from "./TokenSale.sol";

/// @title A pass that is sold for FIL or a token, under a licence if there is one
/// @notice An ERC-721 token; who holds one reads what was sealed to this contract. Passes may be sold on, and the right
/// goes with them: a licence binds whom the pass was first bought for.
contract DataPass is TokenSale {
    constructor(string memory name_, string memory symbol_, address owner_, Price memory price_)
        TokenSale(name_, symbol_, owner_, price_)
    {}

    /// @inheritdoc IAccessCondition
    /// @dev Every holder may read every item that is sealed to this condition.
    function canRead(address reader, bytes32, bytes calldata) external view returns (bool) {
        return reader != address(0) && balanceOf(reader) > 0;
    }

    function _deliver(bytes32, address reader, address, Price memory paid) internal override {
        _credit(paid.payee, paid.token, paid.amount);
        _safeMint(reader, ++sold);
    }

    function _fits(Price memory price) internal pure override returns (bool) {
        return price.duration == type(uint64).max;
    }
}
