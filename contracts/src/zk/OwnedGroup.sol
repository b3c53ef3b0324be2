// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {GroupTerms, RootChange} from "../interfaces/IGroupRoot.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {GroupRoot} from "./GroupRoot.sol";

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title A group whose owner changes the root
/// @notice See `IGroupRoot`. The owner may be a contract. Where the ownership is given up the root stays as it is: nobody
/// joins, and nobody can be removed.
contract OwnedGroup is GroupRoot, Ownable2Step {
    constructor(address owner_, GroupTerms memory terms) GroupRoot(terms) Ownable(owner_) {
        Accounts.check(owner_);
    }

    /// @notice Changes the root.
    function update(RootChange calldata change) external onlyOwner {
        _change(change);
    }

    /// @notice Offers the ownership, which the next owner has to accept; the zero address takes an offer back.
    function transferOwnership(address newOwner) public override onlyOwner {
        if (newOwner != address(0)) Accounts.check(newOwner);
        super.transferOwnership(newOwner);
    }
}
