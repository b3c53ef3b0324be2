// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {Items} from "./Items.sol";
import {Terms} from "./Terms.sol";

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

/// @title Terms of access that can be edited
/// @notice See `IAccessRegistry`.
contract AccessRegistry is Items, Terms, Multicall {
    /// @inheritdoc IAccessRegistry
    function multicall(bytes[] calldata calls)
        public
        override(IAccessRegistry, Multicall)
        returns (bytes[] memory results)
    {
        return super.multicall(calls);
    }
}
