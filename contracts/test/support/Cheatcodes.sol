// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The test runner's cheatcodes that our tests use
/// @notice forge answers these calls at one fixed address; the Foundry book describes each. Declared here,
/// since the runner's own Solidity library is not published as an npm package.
interface Cheatcodes {
    /// @dev An event that was recorded.
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    /// @dev What a call used.
    struct Gas {
        uint64 limit;
        uint64 used;
        uint64 memory_;
        int64 refunded;
        uint64 remaining;
    }

    // Who calls, when, on which chain, with what.
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function roll(uint256 blockNumber) external;
    function warp(uint256 timestamp) external;
    function chainId(uint256 id) external;
    function prevrandao(bytes32 randomness) external;
    function deal(address account, uint256 balance) external;
    function etch(address account, bytes calldata code) external;
    function mockCall(address callee, bytes calldata data, bytes calldata result) external;
    function skip(bool skipped, string calldata why) external;
    function mockCallRevert(address callee, bytes calldata data, bytes calldata result) external;
    function clearMockedCalls() external;
    function getBlockNumber() external view returns (uint256);
    function getBlockTimestamp() external view returns (uint256);

    // Keys and digests.
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function eip712HashTypedData(string calldata json) external pure returns (bytes32);

    // What is expected of the next call, and what it did.
    function expectRevert() external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata returned) external;
    function expectPartialRevert(bytes4 selector) external;
    function expectEmit() external;
    function expectEmit(bool first, bool second, bool third, bool data) external;
    function expectEmit(address emitter) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function lastCallGas() external view returns (Gas memory);
    function snapshotGasLastCall(string calldata group, string calldata name) external returns (uint256);

    // Artefacts, files, text.
    function deployCode(string calldata artifact) external returns (address);
    function deployCode(string calldata artifact, bytes calldata arguments) external returns (address);
    function getCode(string calldata artifact) external view returns (bytes memory);
    function getDeployedCode(string calldata artifact) external view returns (bytes memory);
    function readFile(string calldata path) external view returns (string memory);
    function keyExistsJson(string calldata json, string calldata key) external view returns (bool);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function parseJsonBytes32(string calldata json, string calldata key) external pure returns (bytes32);
    function parseJsonAddress(string calldata json, string calldata key) external pure returns (address);
    function parseJsonString(string calldata json, string calldata key) external pure returns (string memory);
    function parseJsonUint(string calldata json, string calldata key) external pure returns (uint256);
    function parseJsonBool(string calldata json, string calldata key) external pure returns (bool);
    function parseBytes(string calldata text) external pure returns (bytes memory);
    function envOr(string calldata name, string calldata otherwise) external view returns (string memory);
    function parseJsonBytesArray(string calldata json, string calldata key)
        external
        pure
        returns (bytes[] memory);
    function parseJsonBytes32Array(string calldata json, string calldata key)
        external
        pure
        returns (bytes32[] memory);
    function parseJsonUintArray(string calldata json, string calldata key)
        external
        pure
        returns (uint256[] memory);
    function toString(address value) external pure returns (string memory);
    function toString(bytes calldata value) external pure returns (string memory);
    function toString(bytes32 value) external pure returns (string memory);
    function toString(uint256 value) external pure returns (string memory);

    // Assertions; the runner prints both sides.
    function assertTrue(bool condition, string calldata why) external pure;
    function assertFalse(bool condition, string calldata why) external pure;
    function assertEq(uint256 left, uint256 right, string calldata why) external pure;
    function assertEq(bool left, bool right, string calldata why) external pure;
    function assertEq(address left, address right, string calldata why) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata why) external pure;
    function assertEq(string calldata left, string calldata right, string calldata why) external pure;
    function assertEq(bytes calldata left, bytes calldata right, string calldata why) external pure;
    function assertNotEq(bytes32 left, bytes32 right, string calldata why) external pure;
    function assertNotEq(address left, address right, string calldata why) external pure;
    function assertNotEq(uint256 left, uint256 right, string calldata why) external pure;
    function assertLt(uint256 left, uint256 right, string calldata why) external pure;
    function assertLe(uint256 left, uint256 right, string calldata why) external pure;
    function assertGt(uint256 left, uint256 right, string calldata why) external pure;
    function assertGe(uint256 left, uint256 right, string calldata why) external pure;
}
