// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../../src/interfaces/IAccessCondition.sol";

/// @title Conditions that answer as they are told, well and badly
contract Answering is IAccessCondition {
    bool private immutable ANSWER;

    constructor(bool answer) {
        ANSWER = answer;
    }

    function canRead(address, bytes32, bytes calldata) external view returns (bool) {
        return ANSWER;
    }
}

/// Grants whom the context names, to see what arrives.
contract Echoing is IAccessCondition {
    function canRead(address reader, bytes32 item, bytes calldata context) external pure returns (bool) {
        return keccak256(context) == keccak256(abi.encode(reader, item));
    }
}

contract Reverting is IAccessCondition {
    error No();

    function canRead(address, bytes32, bytes calldata) external pure returns (bool) {
        revert No();
    }
}

/// Answers any call with so many bytes, the first word being 2.
contract Garbled {
    uint256 private immutable SIZE;

    constructor(uint256 size) {
        SIZE = size;
    }

    fallback() external {
        uint256 size = SIZE;
        assembly {
            mstore(0, 2)
            return(0, size)
        }
    }
}

/// Uses all gas that it gets.
contract Burning is IAccessCondition {
    function canRead(address, bytes32, bytes calldata) external pure returns (bool) {
        uint256 i = 0;
        while (true) {
            unchecked {
                ++i;
            }
        }
        return true;
    }
}
