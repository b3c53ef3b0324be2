// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Offer} from "../types/MarketTypes.sol";
import {IAccessCondition} from "./IAccessCondition.sol";

/// @title A condition that a reader can meet by paying
/// @notice What `offer` says and the sender then does makes `canRead` true for the reader, where nothing else stands
/// against it. Software that buys shows the offer, and decodes its calldata, before it asks its user.
interface IOffer is IAccessCondition {
    /// @notice What it takes for `reader` to read `item`. Reverts where it is not on sale.
    function offer(bytes32 item, address reader) external view returns (Offer memory);
}
