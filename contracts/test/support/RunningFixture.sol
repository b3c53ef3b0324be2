// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommitteeErrors} from "../../src/interfaces/ICommitteeErrors.sol";
import {CeremonyInfo, Phase} from "../../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./CeremonyFixture.sol";

/// @title A ceremony of 3 of 5, about to deal
abstract contract RunningFixture is CeremonyFixture {
    function setUp() public virtual override {
        super.setUp();
        registerAll(8);
        start(3, people(1, 5));
    }

    /// @dev All have dealt, and it is `phase`.
    function dealAllAndGoTo(Phase phase) internal {
        goTo(Phase.Deal);
        dealAll();
        goTo(phase);
    }

    /// @dev A ceremony of `size` of `size`, about to deal.
    function startLarge(uint16 size) internal {
        vm.prank(owner);
        id = committee.createCommittee(windows, false);
        registerAll(size);
        start(size, people(1, size));
    }

    /// @dev How a message is refused because of the time.
    function notOpen(Phase phase) internal view returns (bytes memory) {
        CeremonyInfo memory now_ = info();
        return abi.encodeWithSelector(
            ICommitteeErrors.PhaseNotOpen.selector, phase, now_.opens[uint8(phase)], now_.closes[uint8(phase)]
        );
    }
}
