// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ITimedRelease} from "../../src/interfaces/ITimedRelease.sol";
import {Identities} from "../../src/libraries/Identities.sol";
import {CeremonyFixture} from "./CeremonyFixture.sol";

/// @title A committee that has its key, and the releases of its network
/// @dev The network key is a multiple of the generator whose factor the vectors tell; so a test can make the keys that a
/// committee would give out.
abstract contract ReleaseFixture is CeremonyFixture {
    ITimedRelease internal releases;

    function setUp() public virtual override {
        super.setUp();
        registerAll(5);
        run(3, people(1, 5));
        vm.warp(1_800_000_000);
        releases = deployReleases(id, networkKey());
    }

    function deployReleases(uint64 committeeId, bytes memory key) internal returns (ITimedRelease) {
        bytes memory arguments = abi.encode(committee, committeeId, key);
        return ITimedRelease(vm.deployCode("TimedRelease.sol:TimedRelease", arguments));
    }

    function networkKey() internal view returns (bytes memory) {
        return points()[7];
    }

    /// @dev What a threshold of the committee's nodes gives out for an item: `s·Q`.
    function keyOf(bytes32 item) internal view returns (bytes memory) {
        return timesQ(item, networkSecret());
    }

    /// @dev A multiple of an item's point.
    function timesQ(bytes32 item, uint256 factor) internal view returns (bytes memory) {
        (bool answered, bytes memory point) = Identities.point(releases.identityOf(item));
        require(answered);
        (bool done, bytes memory product) = address(0x0c).staticcall(abi.encodePacked(point, factor));
        require(done);
        return product;
    }

    /// @dev `s` of `networkKey`.
    function networkSecret() internal view returns (uint256) {
        string memory vectors = vm.readFile("test/vectors/g2.json");
        return uint256(vm.parseJsonBytes32(vectors, ".scalars[7]"));
    }
}
