// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {Deadline} from "../libraries/Deadline.sol";
import {Price} from "../types/MarketTypes.sol";
import {ItemSale} from "./ItemSale.sol";

/// @title Pay for an item or a collection, and read it
/// @notice The payment is the payee's at once. A purchase while another lasts adds to it.
contract PayPerAccess is ItemSale {
    /// @notice Until when a reader has paid for this very id, in seconds since 1970; `type(uint64).max` for good.
    mapping(bytes32 id => mapping(address reader => uint64)) public paidUntil;

    constructor(IAccessRegistry registry_) ItemSale(registry_) {}

    /// @notice Puts an item, a collection or a period on sale. By whom has `Roles.SALES` in the registry.
    function setPrice(bytes32 id, Price calldata price) external {
        _putPrice(id, price);
    }

    function _deliver(bytes32 id, address reader, address, Price memory paid) internal override {
        paidUntil[id][reader] = Deadline.extend(paidUntil[id][reader], paid.duration);
        _credit(paid.payee, paid.token, paid.amount);
    }

    function _reads(bytes32 id, address reader) internal view override returns (bool) {
        return paidUntil[id][reader] > block.timestamp;
    }
}
