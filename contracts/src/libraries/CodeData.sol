// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

/// @title Bytes kept as the code of a contract that does nothing
/// @notice Written once, never changed, and far cheaper to read than storage: one copy, where storage takes a slot for each
/// 32 bytes. The code begins with `STOP`, so that whoever calls it calls nothing.
library CodeData {
    /// @notice Keeps up to 24,575 bytes; the same ones only once for a contract.
    function write(bytes memory data) internal returns (address) {
        uint16 length = uint16(data.length + 1);
        // PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN: all that follows these 10 bytes is the code.
        return Create2.deploy(0, 0, abi.encodePacked(hex"61", length, hex"80600a5f395ff3", hex"00", data));
    }

    /// @notice What was kept.
    function read(address keeper) internal view returns (bytes memory) {
        return Bytes.splice(keeper.code, 1);
    }
}
