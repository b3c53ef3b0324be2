// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What there is to ask of Filecoin Onchain Cloud's PDPVerifier
/// @notice The part that nodes read for `storage` conditions. Data sets count from 1.
interface IPdpVerifier {
    /// @notice Whether a data set exists and was not deleted.
    function dataSetLive(uint256 setId) external view returns (bool);

    /// @notice The epoch in which possession was last proven; reverts where the data set does not live.
    function getDataSetLastProvenEpoch(uint256 setId) external view returns (uint256);
}
