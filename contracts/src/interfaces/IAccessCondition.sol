// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title A condition that decides who may read an item
/// @notice Implement this one view function, name the contract in a policy's `call` leaf, and every node of
/// the committee asks it, at a final block and again at the head, before it releases its share of a key.
/// @dev Nodes call by `eth_call` from the zero address with a gas cap, so `msg.sender` says nothing about the
/// reader. A revert, an exhausted gas cap or an undecodable answer counts as *unknown*, which never grants.
/// An answer of `true` is permanent for what the reader opens with it: a later `false` cannot take it back.
interface IAccessCondition {
    /// @notice Whether `reader` may open what was sealed to `item`.
    /// @param reader The account that signed the request.
    /// @param item The item that the envelope names: a file, or one period of a collection.
    /// @param context What the request carried for this condition; made by the reader, so trust nothing in it
    /// that is not proven.
    /// @return granted `true` to let the reader have it.
    function canRead(address reader, bytes32 item, bytes calldata context)
        external
        view
        returns (bool granted);
}
