// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {Entry, ICatalogue, Listing} from "../interfaces/ICatalogue.sol";
import {Roles} from "../types/AccessTypes.sol";

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title What is for sale
/// @notice See `ICatalogue`.
contract Catalogue is ICatalogue {
    /// Most entries of a page: an answer stays below what RPC nodes give out, however long its texts are.
    uint256 private constant MAX_PAGE = 50;
    uint256 private constant MAX_TEXT = 128;
    /// The shortest CID: version, codec, hash function and length, without a digest.
    uint256 private constant MIN_CID = 4;

    /// @inheritdoc ICatalogue
    IAccessRegistry public immutable registry;

    Entry[] private _entries;
    mapping(bytes32 item => uint256 number) private _numbers;

    constructor(IAccessRegistry registry_) {
        require(address(registry_).code.length > 0, NoRegistry(address(registry_)));
        registry = registry_;
    }

    /// @inheritdoc ICatalogue
    function list(bytes32 item, Listing calldata listing) external {
        _onlySeller(item);
        _check(listing);
        // On sale, or this reverts.
        listing.offer.offer(item, msg.sender);
        uint256 number = _numbers[item];
        if (number == 0) {
            _entries.push();
            number = _entries.length;
            _numbers[item] = number;
        }
        _entries[number - 1] = Entry(item, msg.sender, uint64(block.timestamp), true, listing);
        emit Listed(item, number, msg.sender);
    }

    /// @inheritdoc ICatalogue
    function unlist(bytes32 item) external {
        _onlySeller(item);
        Entry storage entry = _listed(item);
        delete entry.listing;
        (entry.listed, entry.updated) = (false, uint64(block.timestamp));
        emit Unlisted(item, _numbers[item]);
    }

    /// @inheritdoc ICatalogue
    function entryOf(bytes32 item) external view returns (Entry memory) {
        return _listed(item);
    }

    /// @inheritdoc ICatalogue
    function page(uint256 first, uint256 count) external view returns (Entry[] memory entries) {
        if (first == 0 || first > _entries.length) return entries;
        uint256 size = Math.min(Math.min(count, MAX_PAGE), _entries.length - first + 1);
        entries = new Entry[](size);
        for (uint256 i = 0; i < size; ++i) {
            entries[i] = _entries[first - 1 + i];
        }
    }

    /// @inheritdoc ICatalogue
    function entryCount() external view returns (uint256) {
        return _entries.length;
    }

    function _check(Listing calldata listing) private view {
        uint256 title = bytes(listing.title).length;
        require(title > 0 && title <= MAX_TEXT, BadListing("title"));
        uint256 manifest = listing.manifest.length;
        require(manifest >= MIN_CID && manifest <= MAX_TEXT, BadListing("manifest"));
        uint256 sample = listing.sample.length;
        require(sample == 0 || (sample >= MIN_CID && sample <= MAX_TEXT), BadListing("sample"));
        require(listing.size > 0, BadListing("size"));
        require(listing.network != 0, BadListing("network"));
        require(address(listing.offer).code.length > 0, BadListing("offer"));
    }

    function _listed(bytes32 item) private view returns (Entry storage entry) {
        uint256 number = _numbers[item];
        require(number > 0, NotListed(item));
        entry = _entries[number - 1];
        require(entry.listed, NotListed(item));
    }

    function _onlySeller(bytes32 item) private view {
        bool allowed = registry.may(item, msg.sender, Roles.SALES);
        require(allowed, IAccessRegistry.NotAllowed(item, msg.sender, Roles.SALES));
    }
}
