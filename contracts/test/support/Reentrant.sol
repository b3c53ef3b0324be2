// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title A buyer who calls back in the middle of his own purchase
/// @notice For the tests on Filecoin's virtual machine (tests/fevm), where a call to another contract is a message of
/// its own.
contract Reentrant {
    address private _target;
    bytes private _question;

    bool public called;
    bool public succeeded;
    bytes public answer;

    /// @dev FIL that comes in during a call of `act`.
    receive() external payable {
        if (_target == address(0)) return;
        called = true;
        (succeeded, answer) = _target.call(_question);
    }

    /// @notice Makes a call with FIL, and, when FIL comes back in the middle of it, the other.
    function act(address target, uint256 value, bytes calldata data, bytes calldata question)
        external
        payable
    {
        (_target, _question) = (target, question);
        (bool done, bytes memory fault) = target.call{value: value}(data);
        require(done, string(fault));
        _target = address(0);
    }
}
