// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ISplitter, Share, Sibling} from "../interfaces/ISplitter.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Money} from "../libraries/Money.sol";

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Revenue for many contributors, without a loop
/// @notice See `ISplitter`. Shares are fixed for good: who wants others makes another splitter.
contract Splitter is ISplitter, ReentrancyGuardTransient {
    uint256 private constant MAX_LEVELS = 64;

    /// @inheritdoc ISplitter
    bytes32 public immutable root;

    /// @inheritdoc ISplitter
    uint256 public immutable totalShares;

    /// @inheritdoc ISplitter
    mapping(address token => uint256) public paidOut;

    /// By a contributor's first share, which no other has.
    mapping(address token => mapping(uint256 firstShare => uint256 amount)) private _claimed;

    constructor(bytes32 root_, uint256 totalShares_) {
        require(root_ != 0 && totalShares_ > 0, NoContributors());
        (root, totalShares) = (root_, totalShares_);
    }

    receive() external payable {}

    /// @inheritdoc ISplitter
    function claim(address token, Share calldata share, Sibling[] calldata path) external nonReentrant {
        _claim(token, share, path, share.account);
    }

    /// @inheritdoc ISplitter
    function claimTo(address token, Share calldata share, Sibling[] calldata path, address to)
        external
        nonReentrant
    {
        require(msg.sender == share.account, NotTheContributor(share.account));
        _claim(token, share, path, to);
    }

    /// @inheritdoc ISplitter
    function claimable(address token, Share calldata share, Sibling[] calldata path)
        external
        view
        returns (uint256)
    {
        return _open(token, _firstShare(share, path), share.shares);
    }

    /// @inheritdoc ISplitter
    function received(address token) public view returns (uint256) {
        return Money.balance(token) + paidOut[token];
    }

    function _claim(address token, Share calldata share, Sibling[] calldata path, address to) private {
        Accounts.check(to);
        uint256 first = _firstShare(share, path);
        uint256 amount = _open(token, first, share.shares);
        require(amount > 0, NothingToClaim(share.account, token));
        _claimed[token][first] += amount;
        paidOut[token] += amount;
        emit Claimed(share.account, token, to, first, amount);
        Money.pay(token, to, amount);
    }

    /// @dev A token whose balances shrink by themselves can leave less than was claimed; then nothing is open.
    function _open(address token, uint256 first, uint256 shares) private view returns (uint256) {
        uint256 arrived = received(token);
        uint256 ofRound = arrived % totalShares;
        uint256 entitled = (arrived / totalShares) * shares;
        entitled += Math.min(Math.saturatingSub(ofRound, first), shares);
        return Math.saturatingSub(entitled, _claimed[token][first]);
    }

    /// @dev Where a contributor's shares begin: behind all that stand to the left of his way up.
    function _firstShare(Share calldata share, Sibling[] calldata path) private view returns (uint256 first) {
        require(path.length <= MAX_LEVELS, PathTooLong(path.length));
        bytes32 hash = keccak256(bytes.concat(keccak256(abi.encode(share.account, share.shares))));
        uint256 sum = share.shares;
        for (uint256 i = 0; i < path.length; ++i) {
            Sibling calldata beside = path[i];
            if (beside.left) {
                hash = keccak256(abi.encode(beside.hash, beside.shares, hash, sum));
                first += beside.shares;
            } else {
                hash = keccak256(abi.encode(hash, sum, beside.hash, beside.shares));
            }
            sum += beside.shares;
        }
        require(hash == root, NotInSplit(share.account, share.shares));
        require(sum == totalShares, SharesDoNotSum(sum, totalShares));
    }
}
