// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IProceeds} from "../interfaces/IProceeds.sol";
import {FIL} from "../types/MarketTypes.sol";

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title FIL and ERC-20 tokens, in and out
library Money {
    using SafeERC20 for IERC20;

    /// @notice Takes a payment: FIL from the call's value, of which the rest is given back by `giveChange`; a token from
    /// `payer`, all of which must arrive.
    function take(address token, address payer, uint256 amount) internal {
        if (token == FIL) {
            require(msg.value >= amount, IProceeds.Underpaid(msg.value, amount));
            return;
        }
        require(msg.value == 0, IProceeds.FilNotExpected(msg.value));
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(payer, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        require(received >= amount, IProceeds.ShortTransfer(token, received, amount));
    }

    /// @notice Gives back what was sent beyond the price. Last, since the sender may be a contract.
    function giveChange(address token, uint256 amount) internal {
        if (token == FIL && msg.value > amount) Address.sendValue(payable(msg.sender), msg.value - amount);
    }

    function pay(address token, address to, uint256 amount) internal {
        if (token == FIL) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    function balance(address token) internal view returns (uint256) {
        return token == FIL ? address(this).balance : IERC20(token).balanceOf(address(this));
    }
}
