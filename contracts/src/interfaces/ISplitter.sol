// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice One contributor of a split.
struct Share {
    address account;
    /// How many of the split's shares are his, at least 1.
    uint256 shares;
}

/// @notice What stands beside the way from a share up to the root.
struct Sibling {
    bytes32 hash;
    /// The sum of the shares below it.
    uint256 shares;
    /// Whether it stands on the left.
    bool left;
}

/// @title Revenue for many contributors, without a loop
/// @notice Whatever arrives, FIL or any ERC-20 token, is everybody's at once by his shares, and waits until it is
/// claimed (a pull payment, as OpenZeppelin's former PaymentSplitter has it). Contributors are the leaves of a Merkle
/// tree (as in Uniswap's MerkleDistributor), so that ten thousand cost as much as two.
///
/// The tree is a Merkle *sum* tree (as in Maxwell's and Todd's proofs of liabilities, with both sums hashed): each node
/// commits to how many shares are below it, so each leaf has its own place in `0 .. totalShares`, and no two claims
/// overlap, whoever built the tree.
///
/// Units are dealt like cards: of every `totalShares` units that arrive, the k-th is of whoever has the k-th share. So
/// claims only grow, they sum to what arrived to the last unit at any time, and there is no dust: the units of a round
/// that is not full are of the contributors who come first, which nobody can lose more than `shares` units by.
///
/// @dev A leaf is `keccak256(keccak256(abi.encode(account, shares)))`, a node
/// `keccak256(abi.encode(left, sharesOfLeft, right, sharesOfRight))`. The tree may have any shape of up to 64 levels.
interface ISplitter {
    /// @notice A contributor was paid.
    event Claimed(
        address indexed account, address indexed token, address to, uint256 firstShare, uint256 amount
    );

    /// @notice Thrown when a split has no shares.
    error NoContributors();

    /// @notice Thrown when the path does not lead from the share to the root.
    error NotInSplit(address account, uint256 shares);

    /// @notice Thrown when the shares on the path do not sum to the split's.
    error SharesDoNotSum(uint256 sum, uint256 totalShares);

    /// @notice Thrown when the path has more than 64 levels.
    error PathTooLong(uint256 levels);

    /// @notice Thrown when there is nothing to claim.
    error NothingToClaim(address account, address token);

    /// @notice Thrown when the sender is not the contributor.
    error NotTheContributor(address account);

    /// @notice Pays a contributor what is his. Anybody may call.
    /// @param token Zero is FIL.
    /// @param path From the share up.
    function claim(address token, Share calldata share, Sibling[] calldata path) external;

    /// @notice Pays what is the sender's to another, for contributors that cannot receive.
    function claimTo(address token, Share calldata share, Sibling[] calldata path, address to) external;

    /// @notice What a contributor can claim now.
    function claimable(address token, Share calldata share, Sibling[] calldata path)
        external
        view
        returns (uint256);

    /// @notice What has arrived in all.
    function received(address token) external view returns (uint256);

    /// @notice What was paid out in all.
    function paidOut(address token) external view returns (uint256);

    /// @notice The tree's root.
    function root() external view returns (bytes32);

    /// @notice How many shares there are.
    function totalShares() external view returns (uint256);
}
