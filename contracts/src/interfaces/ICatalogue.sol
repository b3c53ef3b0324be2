// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "./IAccessRegistry.sol";
import {IOffer} from "./IOffer.sol";

/// @notice What a seller says of a data set. Only the offer is more than words: check the rest before you pay.
struct Listing {
    /// A name for people, 1 to 128 bytes of UTF-8.
    string title;
    /// CID of the encrypted manifest, in binary, 4 to 128 bytes.
    bytes manifest;
    /// CID of a sample that everybody can read, at most 128 bytes; empty for none.
    bytes sample;
    /// Bytes that are stored.
    uint64 size;
    /// Id of the network that the data are sealed to.
    bytes32 network;
    /// The data set of the storage proofs, as PDPVerifier numbers it; 0 for none.
    uint256 dataSet;
    /// Who sells it.
    IOffer offer;
}

/// @notice A listing with what the catalogue knows of it.
struct Entry {
    /// The item or collection.
    bytes32 item;
    /// Who listed it last.
    address seller;
    /// When, in seconds since 1970.
    uint64 updated;
    /// Whether it is listed now; if not, the listing is empty.
    bool listed;
    Listing listing;
}

/// @title What is for sale
/// @notice Data sets, in pages of state: a reader needs one call and no log. There is one entry for each item or
/// collection, by whom the registry lets sell it; its number stays the same for good, so that pages do not shift.
///
/// What is absent: a curator, and a fee. Anybody can list what he registered, so software that shows the catalogue
/// chooses what to show.
interface ICatalogue {
    /// @notice An item or collection was listed, or its listing changed.
    event Listed(bytes32 indexed item, uint256 indexed number, address indexed seller);

    /// @notice An item or collection is listed no more.
    event Unlisted(bytes32 indexed item, uint256 indexed number);

    /// @notice Thrown when there is no contract where the registry should be.
    error NoRegistry(address registry);

    /// @notice Thrown when a part of a listing is missing or too long.
    error BadListing(string part);

    /// @notice Thrown when the item is not listed.
    error NotListed(bytes32 item);

    /// @notice Lists an item or collection, or changes its listing. By whom has `Roles.SALES`. It must be on sale: its
    /// offer does not revert.
    function list(bytes32 item, Listing calldata listing) external;

    /// @notice Takes a listing away. By whom has `Roles.SALES`.
    function unlist(bytes32 item) external;

    /// @notice The entry of an item or collection; reverts where it is not listed.
    function entryOf(bytes32 item) external view returns (Entry memory);

    /// @notice Up to `count` entries, at most 50; those that are listed no more among them.
    /// @param first Number of the first to return, from 1.
    function page(uint256 first, uint256 count) external view returns (Entry[] memory);

    /// @notice How many entries there are.
    function entryCount() external view returns (uint256);

    /// @notice The registry.
    function registry() external view returns (IAccessRegistry);
}
