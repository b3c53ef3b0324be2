// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Price} from "../types/MarketTypes.sol";
import {IAccessRegistry} from "./IAccessRegistry.sol";

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";

/// @title A sale of items and collections of a registry, by whoever owns them
/// @notice One contract serves all sellers, each for what he may sell: `Roles.SALES` in the registry. Who buys an item reads it; who buys a collection reads its periods, those to
/// come as well, while his purchase lasts. A
/// sale ends when what it sells changes hands: the next owner sets his own price.
interface IItemSale is IERC165 {
    /// @notice An item or collection is on sale.
    event PriceSet(bytes32 indexed id, Price price);

    /// @notice An item or collection is on sale no more; what was bought stays bought.
    event SaleStopped(bytes32 indexed id);

    /// @notice Thrown when there is no contract where the registry should be.
    error NoRegistry(address registry);

    /// @notice Ends a sale. By whom has `Roles.SALES`.
    function stopSale(bytes32 id) external;

    /// @notice What it costs; reverts with `ISale.NotForSale`.
    function priceOf(bytes32 id) external view returns (Price memory);

    /// @notice The registry.
    function registry() external view returns (IAccessRegistry);
}
