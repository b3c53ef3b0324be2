// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../src/interfaces/IAccessCondition.sol";
import {Test} from "./support/Test.sol";

/// The example of README.md.
contract Membership is IAccessCondition {
    mapping(address member => uint256 paidUntil) public paidUntil;

    function pay() external payable {
        paidUntil[msg.sender] = block.timestamp + 30 days;
    }

    /// @inheritdoc IAccessCondition
    function canRead(address reader, bytes32, bytes calldata) external view returns (bool) {
        return paidUntil[reader] > block.timestamp;
    }
}

contract AccessConditionTest is Test {
    address private constant READER = address(0xa11ce);

    /// As a node asks: by static call, from the zero address.
    function test_canRead_endsWithTheMembership() public {
        Membership membership = new Membership();
        assertFalse(_ask(membership));
        vm.prank(READER);
        membership.pay();
        assertTrue(_ask(membership));
        vm.warp(vm.getBlockTimestamp() + 30 days);
        assertFalse(_ask(membership));
    }

    function _ask(IAccessCondition condition) private returns (bool) {
        vm.prank(address(0));
        return condition.canRead(READER, keccak256("item"), "");
    }
}
