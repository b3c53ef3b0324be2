// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Addresses that may be kept
/// @notice A caller with an f1 or f3 key appears to the FEVM as `0xff ‖ eleven zero bytes ‖ actor id`. Such an address
/// signs nothing that a contract can check, and the id can change until it is final: what is given to it can be lost.
library Accounts {
    /// @notice Thrown when an address is zero.
    error ZeroAddress();

    /// @notice Thrown when an address is the mask of a Filecoin actor id. Use an Ethereum-style account (f410).
    error MaskedId(address account);

    /// @notice Reverts for an address that cannot be kept.
    function check(address account) internal pure {
        require(account != address(0), ZeroAddress());
        require(uint160(account) >> 64 != uint96(0xff) << 88, MaskedId(account));
    }
}
