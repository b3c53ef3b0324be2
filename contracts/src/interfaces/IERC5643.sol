// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Subscription tokens, as ERC-5643 defines them
/// @dev The ERC-165 identifier is 0x8c65f84d.
interface IERC5643 {
    /// @notice A subscription ends at `expiration` from now on.
    event SubscriptionUpdate(uint256 indexed tokenId, uint64 expiration);

    /// @notice Renews a subscription for `duration` seconds.
    function renewSubscription(uint256 tokenId, uint64 duration) external payable;

    /// @notice Ends a subscription.
    function cancelSubscription(uint256 tokenId) external payable;

    /// @notice When a subscription ends, in seconds since 1970.
    function expiresAt(uint256 tokenId) external view returns (uint64);

    /// @notice Whether a subscription can be renewed.
    function isRenewable(uint256 tokenId) external view returns (bool);
}
