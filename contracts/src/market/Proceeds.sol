// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IProceeds} from "../interfaces/IProceeds.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Money} from "../libraries/Money.sol";

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title Money that waits for its payees
abstract contract Proceeds is IProceeds, ReentrancyGuardTransient {
    mapping(address account => mapping(address token => uint256)) private _owed;

    /// @inheritdoc IProceeds
    function withdraw(address account, address token) external nonReentrant {
        _payOut(account, token, account);
    }

    /// @inheritdoc IProceeds
    function withdrawTo(address token, address to) external nonReentrant {
        Accounts.check(to);
        _payOut(msg.sender, token, to);
    }

    /// @inheritdoc IProceeds
    function owed(address account, address token) external view returns (uint256) {
        return _owed[account][token];
    }

    function _credit(address account, address token, uint256 amount) internal {
        _owed[account][token] += amount;
        emit Credited(account, token, amount);
    }

    function _payOut(address account, address token, address to) private {
        uint256 amount = _owed[account][token];
        require(amount > 0, NothingOwed(account, token));
        _owed[account][token] = 0;
        emit Withdrawn(account, token, to, amount);
        Money.pay(token, to, amount);
    }
}
