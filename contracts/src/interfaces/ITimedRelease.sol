// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Keys that become public at a time, or when somebody says so
/// @notice Seal a file to an item of this contract, and nobody reads it until the item opens; from then on everybody
/// does. Nobody has to come back for that: the committee asks `isOpen` and gives the item's key to whoever asks, who may
/// post it here. The key is checked against the network key, and stored once.
///
/// What is sealed to: the identity `network ‖ network key ‖ policy ‖ item` (`identityOf`), whose policy is
/// `policy()`: "`isOpen(item)` of this contract is true". The contract writes that policy itself, so whoever trusts its
/// code and the committee has nothing else to compare.
///
/// What is posted: the identity's key `K = s·Q` itself. A reader asks a threshold of nodes with a one-time key `B = b·P1`
/// as for any file, and without an account, since the policy names no reader; combines their shares into `(C1, C3)`;
/// and computes `K = C3 - b·C1`, from which `b` cannot be told. No signature and no standing is asked of who posts, since
/// `e(K, P2) = e(Q, PK)` holds for one point alone.
///
/// @dev What is absent: a way to open later than said, to close again, to replace a key, an owner, fees. A key is public
/// for ever, and opens everything that was or will be sealed to its item. `t` nodes that conspire can open early; and if
/// fewer than `t` answer when the time has come, the key comes late or never, for which contracts that build on this one
/// need a way out.
interface ITimedRelease {
    /// @notice An item.
    /// @param decider Who may open it at once; nobody if zero.
    /// @param opensAt Block time from which it is open; never if zero.
    /// @param decided Whether the decider opened it.
    /// @param publishedAt Block time at which its key was stored; zero if it was not.
    struct Release {
        address decider;
        uint64 opensAt;
        bool decided;
        uint64 publishedAt;
    }

    /// @notice An item was made.
    event Created(bytes32 indexed item, address indexed creator, uint64 opensAt, address indexed decider);

    /// @notice The decider opened an item.
    event Decided(bytes32 indexed item);

    /// @notice An item's key was found right, and stored.
    /// @param key 128 bytes, as EIP-2537 writes the point.
    event Published(bytes32 indexed item, bytes key);

    /// @notice Thrown when the network key is not the committee's.
    error ForeignNetworkKey();

    /// @notice Thrown when the creator has used the salt before.
    error AlreadyCreated(bytes32 item);

    /// @notice Thrown when there is neither a time nor a decider, so that the item would never open.
    error NeverOpens();

    /// @notice Thrown when nobody has made the item.
    error UnknownItem(bytes32 item);

    /// @notice Thrown when the sender is not the item's decider.
    error NotTheDecider(address sender, address decider);

    /// @notice Thrown when the item is open already.
    error AlreadyDecided(bytes32 item);

    /// @notice Thrown when a key is posted for an item that is not open.
    error NotOpenYet(bytes32 item);

    /// @notice Thrown when the item's key is stored already; it is the only one there is.
    error AlreadyPublished(bytes32 item);

    /// @notice Thrown when what is posted is not the item's key.
    error WrongKey(bytes32 item);

    /// @notice Thrown when the key could not be checked: give more gas. On a chain without the precompiles of EIP-2537 it
    /// never can.
    error NotDecided(bytes32 item);

    /// @notice Thrown when the item's key is not stored.
    error NotPublished(bytes32 item);

    /// @notice Makes an item, which depends on the sender, so that nobody can take it from him.
    /// @param salt Anything that the sender has not used.
    /// @param opensAt Block time from which it is open, or zero.
    /// @param decider Who may open it at once by `decide`, a person or a contract, or zero.
    function create(bytes32 salt, uint64 opensAt, address decider) external returns (bytes32 item);

    /// @notice Opens an item for good.
    function decide(bytes32 item) external;

    /// @notice Stores an item's key. Anybody may, once the item is open.
    /// @param key 128 bytes, as EIP-2537 writes the point.
    function publish(bytes32 item, bytes calldata key) external;

    /// @notice Whether the committee is to give the item's key to everybody. This is what its nodes ask.
    function isOpen(bytes32 item) external view returns (bool);

    /// @notice The item's key, 128 bytes. Never one that was not checked.
    function keyOf(bytes32 item) external view returns (bytes memory key);

    /// @notice When the item's key was stored; zero if it was not.
    function publishedAt(bytes32 item) external view returns (uint64);

    /// @notice An item's terms.
    function release(bytes32 item) external view returns (Release memory);

    /// @notice The item that `creator` makes with `salt`.
    function itemOf(address creator, bytes32 salt) external view returns (bytes32 item);

    /// @notice The 128 bytes that are sealed to for an item.
    function identityOf(bytes32 item) external view returns (bytes memory identity);

    /// @notice The policy of all items, as deterministic CBOR (crates/protocol/SPEC.md).
    function policy() external view returns (bytes memory);

    /// @notice The network key, 256 bytes as EIP-2537 writes the point.
    function networkKey() external view returns (bytes memory);
}
