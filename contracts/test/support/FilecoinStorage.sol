// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The part of Filecoin Onchain Cloud's PDPVerifier that `storage` conditions read
/// @notice The real functions, with the real way to refuse; what they answer is set by hand.
contract PdpVerifierDouble {
    struct DataSet {
        bool live;
        uint256 lastProvenEpoch;
    }

    mapping(uint256 setId => DataSet) private _dataSets;

    /// @notice Thrown when a data set was deleted or never made.
    error DataSetNotLive();

    function put(uint256 setId, bool live, uint256 lastProvenEpoch) external {
        _dataSets[setId] = DataSet(live, lastProvenEpoch);
    }

    function dataSetLive(uint256 setId) public view returns (bool) {
        return _dataSets[setId].live;
    }

    function getDataSetLastProvenEpoch(uint256 setId) external view returns (uint256) {
        require(dataSetLive(setId), DataSetNotLive());
        return _dataSets[setId].lastProvenEpoch;
    }
}

/// @title The part of FilecoinPayV1 that `storage` conditions read
/// @notice The real functions and the real view of a rail; what they answer is set by hand.
contract FilecoinPayDouble {
    struct RailView {
        address token;
        address from;
        address to;
        address operator;
        address validator;
        uint256 paymentRate;
        uint256 lockupPeriod;
        uint256 lockupFixed;
        uint256 settledUpTo;
        uint256 endEpoch;
        uint256 commissionRateBps;
        address serviceFeeRecipient;
    }

    mapping(uint256 railId => RailView) private _rails;
    mapping(address token => mapping(address owner => uint256 epoch)) private _fundedUntil;

    /// @notice Thrown when a rail was never made, or has ended and is settled.
    error RailInactiveOrSettled(uint256 railId);

    function putRail(uint256 railId, RailView calldata rail) external {
        _rails[railId] = rail;
    }

    function putAccount(address token, address owner, uint256 fundedUntilEpoch) external {
        _fundedUntil[token][owner] = fundedUntilEpoch;
    }

    function getRail(uint256 railId) external view returns (RailView memory) {
        require(_rails[railId].from != address(0), RailInactiveOrSettled(railId));
        return _rails[railId];
    }

    function getAccountInfoIfSettled(address token, address owner)
        external
        view
        returns (
            uint256 fundedUntilEpoch,
            uint256 currentFunds,
            uint256 availableFunds,
            uint256 currentLockupRate
        )
    {
        return (_fundedUntil[token][owner], 0, 0, 0);
    }
}
