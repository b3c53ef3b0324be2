// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroupRoot, RootChange} from "./IGroupRoot.sol";

/// @title A group whose root is changed by a vote
/// @notice Voters are named for good when the group is made. The first change that `threshold` of them approved is made,
/// by the last approval. Approvals are for one state of the group: with each change all that came too late lapse. Changes
/// stand side by side, so who approved one may approve another as well; an approval is not taken back.
/// @dev A vote over a group whose voters change: an `OwnedGroup` that is owned by a contract that votes.
interface IVotedGroup is IGroupRoot {
    /// @notice A voter approved a change.
    /// @param approvals How many did so far.
    event Approved(
        bytes32 indexed proposal,
        address indexed voter,
        uint64 indexed following,
        RootChange change,
        uint256 approvals
    );

    /// @notice Thrown when there are no voters, more than 32, or they are not in ascending order, which each is in once.
    error BadVoters();

    /// @notice Thrown when the threshold is 0, or more than there are voters.
    error BadThreshold(uint256 threshold, uint256 voters);

    /// @notice Thrown when the sender is no voter.
    error NotAVoter(address sender);

    /// @notice Thrown when the voter approved the change before.
    error AlreadyApproved(bytes32 proposal, address voter);

    /// @notice Approves a change, and makes it if enough did.
    function approve(RootChange calldata change) external;

    /// @notice Names a change: `keccak256(abi.encode(change))`.
    function proposalOf(RootChange calldata change) external pure returns (bytes32);

    /// @notice How many voters approved a change.
    function approvals(bytes32 proposal) external view returns (uint256);

    /// @notice Whether a voter approved a change.
    function hasApproved(bytes32 proposal, address voter) external view returns (bool);

    /// @notice How many approvals make a change.
    function threshold() external view returns (uint256);

    /// @notice Who votes, in ascending order.
    function voters() external view returns (address[] memory);
}
