// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice Answers the calls that it was made for, each with the same bytes for ever, and reverts on
/// every other.
contract FixedAnswers {
    mapping(bytes32 callHash => bool) private _known;
    mapping(bytes32 callHash => bytes) private _answers;

    constructor(bytes[] memory calls, bytes[] memory answers) {
        for (uint256 i = 0; i < calls.length; ++i) {
            _known[keccak256(calls[i])] = true;
            _answers[keccak256(calls[i])] = answers[i];
        }
    }

    fallback(bytes calldata call) external returns (bytes memory) {
        bytes32 callHash = keccak256(call);
        require(_known[callHash], "not in the script");
        return _answers[callHash];
    }
}

/// @notice Makes many of them in one transaction, at the addresses of its nonces from 1 on.
contract FixedAnswersFactory {
    function make(bytes[][] calldata calls, bytes[][] calldata answers) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            new FixedAnswers(calls[i], answers[i]);
        }
    }
}
