// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Kind, Period, Resource, Term, Truth} from "../types/AccessTypes.sol";
import {IAccessCondition} from "./IAccessCondition.sol";

/// @title Terms of access that can be edited
/// @notice A file is sealed to an item of this registry by a policy's `grant` leaf, once. Who may open it is said here,
/// by terms that the item's owner edits at any time; the stored bytes stay as they are.
///
/// An *item* names one file, or several that share a key. A *collection* is a row of *periods* (a month, an issue, a
/// batch), each an item that is drawn when it begins: a reader whose right lapses keeps the periods that he opened and
/// gets no later ones. A period has its collection's terms until it gets its own.
///
/// @dev `canRead` is a function of the chain's state alone. It is *undecided*, and reverts, where an item has not
/// begun, and where a contract that the terms ask fails and the answer hangs on it: to nodes a revert is unknown, which
/// never grants, through `not` either. What a grant or a payment gave is permanent for what was opened with it.
///
/// What is absent: an administrator, upgrades, money, and a ban (accounts cost nothing, so a ban keeps nobody out).
interface IAccessRegistry is IAccessCondition {
    // ------------------------------------------------------------------- events

    /// @notice An item was registered or a collection created.
    event Registered(bytes32 indexed id, address indexed owner, Kind kind);

    /// @notice A period began.
    event Begun(bytes32 indexed collection, uint64 indexed number, bytes32 item, bytes32 seed);

    /// @notice The terms are these from now on.
    event TermsSet(bytes32 indexed id, Term[] terms);

    /// @notice A reader's grant ends at `until`; 0 is a revocation.
    event Granted(bytes32 indexed id, address indexed reader, uint64 until);

    /// @notice What an account may do; 0 is nothing.
    event RolesSet(bytes32 indexed id, address indexed account, uint8 roles);

    /// @notice The owner offers the ownership.
    event OwnershipOffered(bytes32 indexed id, address indexed from, address indexed to);

    /// @notice The ownership was accepted, or taken at registration. All roles have lapsed.
    event OwnershipTransferred(bytes32 indexed id, address indexed from, address indexed to);

    // ------------------------------------------------------------------- errors

    /// @notice Thrown when an id was never registered, or is of another kind than the call is about.
    error Unknown(bytes32 id);

    /// @notice Thrown when the id is registered already: its owner used the salt before.
    error Taken(bytes32 id);

    /// @notice Thrown when the account lacks the role.
    error NotAllowed(bytes32 id, address account, uint8 role);

    /// @notice Thrown when the ownership of a period is meant: it goes with the collection.
    error BelongsToCollection(bytes32 item, bytes32 collection);

    /// @notice Thrown when there are no such roles.
    error NoSuchRole(uint8 roles);

    /// @notice Thrown when a grant would end before it begins.
    error Expired(uint64 until);

    /// @notice Thrown when a list is empty.
    error Nothing();

    /// @notice Thrown when there are more terms than 16.
    error TooManyTerms(uint256 count);

    /// @notice Thrown when a term's fields do not fit what it asks for.
    error BadTerm(uint256 position);

    /// @notice Thrown when the terms are no single tree.
    error BadTree();

    /// @notice Thrown when there is no contract where a term asks one.
    error NoContract(uint256 position, address target);

    /// @notice Thrown when the context has more than 8,192 bytes.
    error ContextTooLarge(uint256 size);

    /// @notice Thrown when the answer hangs on something that failed: a contract that a term asks, or a proof.
    error Undecided(bytes32 item);

    // ----------------------------------------------------------- items, periods

    /// @notice Registers an item of the sender's. Until terms are set nobody reads.
    /// @param salt Of the sender's choice; each gives another item.
    /// @return item `itemId(sender, salt)`.
    function register(bytes32 salt) external returns (bytes32 item);

    /// @notice Creates a collection of the sender's.
    /// @return collection `collectionId(sender, salt)`.
    function createCollection(bytes32 salt) external returns (bytes32 collection);

    /// @notice Begins the next period of a collection. By whom has `Roles.PERIODS`.
    /// @dev The item is drawn from the salt, which nobody else knows before, and the block's randomness, which the
    /// sender does not know before. A chain that is reorganised draws another: seal to it when it is final.
    /// @param salt Random bytes.
    function begin(bytes32 collection, bytes32 salt) external returns (bytes32 item);

    // -------------------------------------------------------------------- terms

    /// @notice Sets the terms of an item, a collection or a period. By whom has `Roles.TERMS`.
    /// @dev At most 16 terms in postfix order: `[Granted, Holds721, All]` has no parts of three but
    /// `Term(All, parts = 2)`. No terms: nobody reads; a period without terms of its own has its collection's.
    function setTerms(bytes32 id, Term[] calldata terms) external;

    /// @notice Grants readers until a time. Holds where the terms ask for `Granted`. By whom has `Roles.GRANTS`.
    /// @param id An item; or a collection, for all its periods.
    /// @param until Seconds since 1970; `type(uint64).max` for no end. A later grant of a reader's replaces an earlier.
    function grant(bytes32 id, address[] calldata readers, uint64 until) external;

    /// @notice Takes grants back. By whom has `Roles.GRANTS`. What was opened stays open to its reader.
    /// @dev A grant of a period's collection must be revoked there.
    function revoke(bytes32 id, address[] calldata readers) external;

    // ---------------------------------------------------------------- ownership

    /// @notice Offers the ownership; zero takes the offer back. By the owner.
    function transferOwnership(bytes32 id, address to) external;

    /// @notice Accepts the ownership that was offered to the sender. Terms and grants stay, all roles lapse.
    function acceptOwnership(bytes32 id) external;

    /// @notice Lets an account do what `roles` says, and nothing else: `Roles`, each a bit. By the owner; by a delegate
    /// for others than delegates. A role for a collection holds for its periods.
    function setRoles(bytes32 id, address account, uint8 roles) external;

    /// @notice Makes several calls, all or none.
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results);

    // -------------------------------------------------------------------- views

    /// @notice The item that `owner` registers with `salt`:
    /// `sha256(0x17 ‖ "STHENO-V1-REGISTRY-ITEM" ‖ chain id ‖ this contract ‖ owner ‖ salt)`, the chain id as 8 bytes.
    function itemId(address owner, bytes32 salt) external view returns (bytes32);

    /// @notice The collection that `owner` creates with `salt`:
    /// `sha256(0x1d ‖ "STHENO-V1-REGISTRY-COLLECTION" ‖ chain id ‖ this contract ‖ owner ‖ salt)`.
    function collectionId(address owner, bytes32 salt) external view returns (bytes32);

    /// @notice The item that a period's seed gives:
    /// `sha256(0x19 ‖ "STHENO-V1-REGISTRY-PERIOD" ‖ chain id ‖ this contract ‖ collection ‖ number ‖ seed)`, integers
    /// as 8 bytes. A writer recomputes it, so that nobody can pass him another's item.
    function periodId(bytes32 collection, uint64 number, bytes32 seed) external view returns (bytes32);

    /// @notice An item, collection or period; `Kind.None` where nothing is registered.
    function resource(bytes32 id) external view returns (Resource memory);

    /// @notice Who owns an id.
    function ownerOf(bytes32 id) external view returns (address);

    /// @notice Whether an account may do it: the owner, a delegate, or who has all of `roles`; of a period, also by
    /// the collection.
    function may(bytes32 id, address account, uint8 roles) external view returns (bool);

    /// @notice What an account was allowed for this very id.
    function rolesOf(bytes32 id, address account) external view returns (uint8);

    /// @notice How many periods of a collection have begun.
    function periodCount(bytes32 collection) external view returns (uint64);

    /// @notice Up to `count` periods.
    /// @param first Number of the first to return, from 1.
    function periods(bytes32 collection, uint64 first, uint64 count)
        external
        view
        returns (Period[] memory page);

    /// @notice The terms that hold for an id: a period's own, or else its collection's.
    function termsOf(bytes32 id) external view returns (Term[] memory);

    /// @notice When a reader's grant for this very id ends; 0 for none.
    function grantedUntil(bytes32 id, address reader) external view returns (uint64);

    /// @notice What each term comes to for a reader, in the order of `termsOf`; the last is the answer.
    function explain(address reader, bytes32 item, bytes calldata context)
        external
        view
        returns (Truth[] memory);
}
