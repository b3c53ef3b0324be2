// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IPdpVerifier} from "../interfaces/IPdpVerifier.sol";
import {Truth} from "../types/AccessTypes.sol";
import {Probe} from "./Probe.sol";

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Whether a data set is stored, as far as its verifier says
library StorageProof {
    /// @notice Whether a data set lives, and whether it was proven in the last `window` epochs before `until`, or later.
    /// @dev What does not answer is unknown. A caller who gives too little gas gets no other answer than that.
    function read(IPdpVerifier verifier, uint256 dataSet, uint256 until, uint256 window)
        internal
        view
        returns (Truth live, Truth proven)
    {
        bytes memory question = abi.encodeCall(IPdpVerifier.dataSetLive, (dataSet));
        live = Probe.yesOrNo(address(verifier), gasleft(), question);
        if (live != Truth.True) return (live, Truth.Unknown);
        question = abi.encodeCall(IPdpVerifier.getDataSetLastProvenEpoch, (dataSet));
        // Epoch 0 stands for never.
        uint256 least = Math.max(Math.saturatingSub(until, window), 1);
        proven = Probe.atLeast(address(verifier), gasleft(), question, least);
    }
}
