// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice Answers every call with what it was told to answer, bytes as they are; zero where it was told nothing.
/// @dev Deployed by the end-to-end tests (tests/e2e/hostile), never in earnest: with it, the right of any kind of
/// condition is bought and lost by a transaction.
contract Scripted {
    mapping(bytes32 question => bytes) private _answers;

    function tell(bytes calldata question, bytes calldata answer) external {
        _answers[keccak256(question)] = answer;
    }

    fallback(bytes calldata question) external returns (bytes memory) {
        bytes memory answer = _answers[keccak256(question)];
        return answer.length == 0 ? abi.encode(uint256(0)) : answer;
    }
}
