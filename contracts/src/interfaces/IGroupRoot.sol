// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice What a group is made with, for good.
/// @param emptyRoot The root of the tree without members.
/// @param depth Levels of the tree, from 1 to 32: what the circuit was made for.
/// @param window Seconds for which a root that was replaced is valid still.
/// @param history Of how many replaced roots, at most, the latest.
struct GroupTerms {
    uint256 emptyRoot;
    uint8 depth;
    uint32 window;
    uint32 history;
}

/// @notice A change of the root that is proposed.
/// @param following How many changes there were before: a change is made for one state of the group, and for no other.
/// @param root The new root; 0 for none, so that nobody is a member, which only a revoking change may say.
/// @param store Whatever tells where the members are found that the root is made of, such as a digest of a list: not
/// looked at.
/// @param revoking Whether all roots before are invalid at once: for members who have to go now.
struct RootChange {
    uint64 following;
    uint256 root;
    bytes32 store;
    bool revoking;
}

/// @title A group of members who are not named: the root of a Merkle tree of their commitments
/// @notice Members prove in zero knowledge that they are in the tree, and the proof names its root. So that a proof that
/// is on its way survives a change, a root that was replaced stays valid for `window` seconds, if no more than `history`
/// roots were replaced since and no change was revoking. A member who was removed by a change that was not revoking
/// proves for so long.
///
/// `isValid` and `validUntil` are of the state they are asked at: nodes ask at their anchor. Who may change the root is
/// the contract's that implements this.
///
/// @dev The tree itself is kept off the chain, and not checked: whoever may change the root says who is a member, and
/// can put in and leave out whom he likes. An index counts changes from 1.
interface IGroupRoot {
    /// @notice The root was changed.
    /// @param index Number of the change, from 1.
    /// @param newRoot The root from now on, or 0.
    /// @param oldRoot The root until now, or 0.
    event RootChanged(
        uint64 indexed index, uint256 indexed newRoot, uint256 indexed oldRoot, bytes32 store, bool revoking
    );

    /// @notice Thrown when the depth is not from 1 to 32.
    error NoSuchDepth(uint8 depth);

    /// @notice Thrown for a root that no group has: that of the tree without members, one that is not below the order of
    /// the scalars; or 0 by a change that is not revoking.
    error NotARoot(uint256 root);

    /// @notice Thrown when a change leaves the root as it is, and is not revoking.
    error NothingChanges(uint256 root);

    /// @notice Thrown when a change was made for another state of the group.
    error Stale(uint64 following, uint64 index);

    /// @notice Thrown when there is no root: none was set yet, or all members were removed.
    error NoRoot();

    /// @notice The root. Reverts if there is none: that is unknown to nodes, and unknown never grants.
    function root() external view returns (uint256);

    /// @notice How many changes there were.
    function index() external view returns (uint64);

    /// @notice Whether the root was valid at a time, in seconds since 1970, by what is known now: a change that comes later
    /// can only make it end earlier.
    function isValid(uint256 root_, uint64 time) external view returns (bool);

    /// @notice The first second at which the root is not valid: 2^64 - 1 of the root that there is, 0 of what is not, or no
    /// longer, in the history.
    function validUntil(uint256 root_) external view returns (uint64);

    /// @notice The root of the tree without members.
    function emptyRoot() external view returns (uint256);

    /// @notice Levels of the tree.
    function depth() external view returns (uint8);

    /// @notice For how many seconds a root that was replaced is valid still.
    function window() external view returns (uint32);

    /// @notice Of how many replaced roots, at most, the latest.
    function history() external view returns (uint32);
}
