// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {GroupTerms, RootChange} from "../interfaces/IGroupRoot.sol";
import {IVotedGroup} from "../interfaces/IVotedGroup.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {GroupRoot} from "./GroupRoot.sol";

/// @title A group whose root is changed by a vote
/// @notice See `IVotedGroup`.
contract VotedGroup is GroupRoot, IVotedGroup {
    uint256 private constant MAX_VOTERS = 32;

    /// @inheritdoc IVotedGroup
    uint256 public immutable threshold;
    /// @inheritdoc IVotedGroup
    mapping(bytes32 proposal => uint256) public approvals;
    /// @inheritdoc IVotedGroup
    mapping(bytes32 proposal => mapping(address voter => bool)) public hasApproved;

    address[] private _voters;
    mapping(address account => bool) private _isVoter;

    constructor(address[] memory voters_, uint256 threshold_, GroupTerms memory terms) GroupRoot(terms) {
        require(voters_.length > 0 && voters_.length <= MAX_VOTERS, BadVoters());
        require(threshold_ > 0 && threshold_ <= voters_.length, BadThreshold(threshold_, voters_.length));
        address previous;
        for (uint256 i = 0; i < voters_.length; ++i) {
            Accounts.check(voters_[i]);
            require(voters_[i] > previous, BadVoters());
            previous = voters_[i];
            _isVoter[previous] = true;
        }
        (threshold, _voters) = (threshold_, voters_);
    }

    /// @inheritdoc IVotedGroup
    function approve(RootChange calldata change) external {
        require(_isVoter[msg.sender], NotAVoter(msg.sender));
        _checkChange(change);
        bytes32 proposal = proposalOf(change);
        require(!hasApproved[proposal][msg.sender], AlreadyApproved(proposal, msg.sender));
        hasApproved[proposal][msg.sender] = true;
        uint256 count = ++approvals[proposal];
        emit Approved(proposal, msg.sender, change.following, change, count);
        if (count == threshold) _change(change);
    }

    /// @inheritdoc IVotedGroup
    function voters() external view returns (address[] memory) {
        return _voters;
    }

    /// @inheritdoc IVotedGroup
    function proposalOf(RootChange calldata change) public pure returns (bytes32) {
        return keccak256(abi.encode(change));
    }
}
