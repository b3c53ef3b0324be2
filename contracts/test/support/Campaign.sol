// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title A campaign of random calls against one handler
/// @dev The runner asks these functions what it may call.
abstract contract Campaign {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address internal target;

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = target;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(target, steps());
    }

    /// @dev The handler's functions that the runner calls.
    function steps() internal pure virtual returns (bytes4[] memory);
}
