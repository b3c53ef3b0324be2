// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A stablecoin for development chains
/// @notice What USDFC is to a devnet: 18 decimals, permits (ERC-2612), and no worth.
contract DevnetDollar is ERC20Permit {
    /// @param holders Who has money from the start.
    /// @param amount How much each of them has.
    constructor(address[] memory holders, uint256 amount)
        ERC20("Devnet dollar", "USDFC")
        ERC20Permit("Devnet dollar")
    {
        for (uint256 i = 0; i < holders.length; ++i) {
            _mint(holders[i], amount);
        }
    }
}
