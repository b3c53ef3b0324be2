// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Money that waits for its payees
/// @notice Nobody is paid while somebody else buys, so no payee can stop a sale: what he is owed waits until it is
/// withdrawn.
interface IProceeds {
    /// @notice An account is owed more.
    event Credited(address indexed account, address indexed token, uint256 amount);

    /// @notice What an account was owed was paid out.
    event Withdrawn(address indexed account, address indexed token, address indexed to, uint256 amount);

    /// @notice Thrown when less was sent than it costs.
    error Underpaid(uint256 paid, uint256 amount);

    /// @notice Thrown when FIL was sent where a token is paid.
    error FilNotExpected(uint256 value);

    /// @notice Thrown when less of a token arrived than was sent: it takes a fee, and cannot be paid in.
    error ShortTransfer(address token, uint256 received, uint256 amount);

    /// @notice Thrown when nothing is owed.
    error NothingOwed(address account, address token);

    /// @notice Pays an account what it is owed. Anybody may call.
    /// @param token Zero is FIL.
    function withdraw(address account, address token) external;

    /// @notice Pays what the sender is owed to another, for payees that cannot receive.
    function withdrawTo(address token, address to) external;

    /// @notice What an account is owed.
    function owed(address account, address token) external view returns (uint256);
}
