// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice Everything that a contract can do to a condition instead of answering it.
contract Unreliable {
    function nothing() external pure returns (uint256) {
        assembly {
            return(0, 0)
        }
    }

    function tooShort() external pure returns (uint256) {
        assembly {
            mstore(0, 1)
            return(1, 31)
        }
    }

    function tooMuch() external pure returns (uint256) {
        assembly {
            return(0, 20000)
        }
    }

    function reverts() external pure returns (uint256) {
        revert("not today");
    }

    function panics() external pure returns (uint256) {
        assert(false);
        return 1;
    }

    function burnsAllGas() external pure returns (uint256) {
        assembly {
            invalid()
        }
    }

    function expandsMemory() external pure returns (uint256) {
        assembly {
            mstore(shl(40, 1), 1)
            return(0, 32)
        }
    }

    /// @dev Without end, in steps that cost much gas and little time.
    function loops() external returns (uint256) {
        assembly {
            for { let slot := 0 } 1 { slot := add(slot, 1) } { sstore(slot, 1) }
        }
    }

    /// @dev 0xff and 0xfe are in no UTF-8 text.
    function garbledText() external pure returns (string memory) {
        bytes memory text = hex"796573fffe";
        return string(text);
    }

    /// @dev An array of 2^64 - 1 words, of which none follows.
    function endlessArray() external pure returns (uint256[] memory) {
        assembly {
            mstore(0, 32)
            mstore(32, 0xffffffffffffffff)
            return(0, 64)
        }
    }

    /// @dev Fits into no answer: 16 KiB are 512 words.
    function longArray() external pure returns (uint256[] memory answer) {
        answer = new uint256[](600);
        answer[0] = 1;
    }

    /// @dev An offset that leads behind the end.
    function wildOffset() external pure returns (uint256[] memory) {
        assembly {
            mstore(0, 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0)
            mstore(32, 1)
            mstore(64, 1)
            return(0, 96)
        }
    }

    /// @dev A `bool` that is neither.
    function neither() external pure returns (bool) {
        assembly {
            mstore(0, 2)
            return(0, 32)
        }
    }
}

/// @notice Delegates to whatever it was last pointed to.
contract Pointer {
    /// @dev The slot of ERC-1967.
    bytes32 private constant _SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    function pointTo(address implementation) external {
        assembly {
            sstore(_SLOT, implementation)
        }
    }

    fallback() external {
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), sload(_SLOT), 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch done
            case 0 { revert(0, returndatasize()) }
            default { return(0, returndatasize()) }
        }
    }
}

/// @notice Says yes to everybody.
contract SaysYes {
    function open(address) external pure returns (bool) {
        return true;
    }
}

/// @notice Says no to everybody.
contract SaysNo {
    function open(address) external pure returns (bool) {
        return false;
    }
}

/// @notice Says yes, until it is destroyed.
contract Mortal {
    function open(address) external pure returns (bool) {
        return true;
    }

    function end() external {
        selfdestruct(payable(msg.sender));
    }
}

/// @notice Is destroyed by the transaction that made it, so that nothing stays, on any hard fork.
contract Stillborn {
    constructor() {
        new Mortal().end();
    }
}
