// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {AccessPass} from "../src/AccessPass.sol";
import {Test} from "./support/Test.sol";

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

/// A contract that buys again while it receives a pass.
contract GreedyBuyer is IERC721Receiver {
    AccessPass private immutable PASS;

    constructor(AccessPass pass) {
        PASS = pass;
    }

    function buy() external payable {
        PASS.buy{value: 1 ether}();
    }

    function onERC721Received(address, address, uint256 id, bytes calldata) external returns (bytes4) {
        if (id == 1) PASS.buy{value: 1 ether}();
        return IERC721Receiver.onERC721Received.selector;
    }
}

/// A contract that receives neither tokens nor money.
contract Wall {}

contract AccessPassTest is Test {
    uint256 private constant PRICE = 1 ether;
    address private constant ALICE = address(0xa11ce);
    address private constant BOB = address(0xb0b);

    AccessPass private pass;

    function setUp() public {
        bytes memory arguments = abi.encode("Data set 1", "DS1", PRICE, address(this));
        pass = AccessPass(vm.deployCode("AccessPass.sol:AccessPass", arguments));
        vm.deal(ALICE, 100 ether);
    }

    receive() external payable {}

    function test_constructor_setsNamePriceAndOwner() public view {
        assertEq(pass.name(), "Data set 1");
        assertEq(pass.symbol(), "DS1");
        assertEq(pass.price(), PRICE);
        assertEq(pass.owner(), address(this));
        assertEq(pass.sold(), 0);
    }

    // ----------------------------------------------------------------------- buy

    function test_buy_givesThePassToTheSender() public {
        vm.prank(ALICE);
        uint256 id = pass.buy{value: PRICE}();
        assertEq(id, 1);
        assertEq(pass.ownerOf(1), ALICE);
        assertEq(pass.balanceOf(ALICE), 1);
        assertEq(address(pass).balance, PRICE);
    }

    function testFuzz_buy_failsIfPaymentIsNotThePrice(uint256 paid) public {
        paid = bound(paid, 0, 100 ether);
        if (paid != PRICE) {
            vm.expectRevert(abi.encodeWithSelector(AccessPass.WrongPayment.selector, paid, PRICE));
        }
        vm.prank(ALICE);
        pass.buy{value: paid}();
        assertEq(address(pass).balance, paid == PRICE ? PRICE : 0);
    }

    /// A price that rises in flight makes the purchase fail.
    function test_buy_failsIfPriceChanged() public {
        pass.setPrice(2 ether);
        vm.expectRevert(abi.encodeWithSelector(AccessPass.WrongPayment.selector, PRICE, 2 ether));
        vm.prank(ALICE);
        pass.buy{value: PRICE}();
    }

    function test_buy_survivesReentry() public {
        GreedyBuyer buyer = new GreedyBuyer(pass);
        buyer.buy{value: 2 ether}();
        assertEq(pass.balanceOf(address(buyer)), 2);
        assertEq(pass.sold(), 2);
        assertEq(address(pass).balance, 2 ether);
    }

    function test_buyFor_givesThePassToTheHolder() public {
        vm.prank(ALICE);
        assertEq(pass.buyFor{value: PRICE}(BOB), 1);
        assertEq(pass.ownerOf(1), BOB);
        assertEq(pass.balanceOf(ALICE), 0);
    }

    function test_buyFor_failsIfHolderCannotReceive() public {
        address wall = address(new Wall());
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, wall));
        pass.buyFor{value: PRICE}(wall);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(0)));
        pass.buyFor{value: PRICE}(address(0));
    }

    // ------------------------------------------------------------------- canRead

    function test_canRead_followsThePass() public {
        assertFalse(pass.canRead(ALICE, "item", ""));
        vm.startPrank(ALICE);
        pass.buy{value: PRICE}();
        assertTrue(pass.canRead(ALICE, "item", ""));
        pass.transferFrom(ALICE, BOB, 1);
        assertFalse(pass.canRead(ALICE, "item", ""));
        assertTrue(pass.canRead(BOB, "item", ""));
    }

    function test_canRead_isFalseForNobody() public view {
        assertFalse(pass.canRead(address(0), "item", ""));
    }

    // --------------------------------------------------------------------- owner

    function test_setPrice_changesThePrice() public {
        vm.expectEmit();
        emit AccessPass.PriceChanged(0);
        pass.setPrice(0);
        vm.prank(ALICE);
        pass.buy();
        assertEq(pass.balanceOf(ALICE), 1);
    }

    function test_setPrice_failsIfNotOwner() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, ALICE));
        vm.prank(ALICE);
        pass.setPrice(0);
    }

    function test_withdraw_paysEverythingOut() public {
        pass.buyFor{value: PRICE}(ALICE);
        pass.buyFor{value: PRICE}(BOB);
        vm.expectEmit();
        emit AccessPass.Withdrawn(BOB, 2 ether);
        pass.withdraw(payable(BOB));
        assertEq(BOB.balance, 2 ether);
        assertEq(address(pass).balance, 0);
    }

    function test_withdraw_failsIfNotOwner() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, ALICE));
        vm.prank(ALICE);
        pass.withdraw(payable(ALICE));
    }

    function test_withdraw_failsIfPayeeRefuses() public {
        pass.buyFor{value: PRICE}(ALICE);
        address payable wall = payable(address(new Wall()));
        vm.expectRevert(Errors.FailedCall.selector);
        pass.withdraw(wall);
        assertEq(address(pass).balance, PRICE);
    }

    function test_transferOwnership_takesTwoSteps() public {
        pass.transferOwnership(BOB);
        assertEq(pass.owner(), address(this));
        vm.prank(BOB);
        pass.acceptOwnership();
        assertEq(pass.owner(), BOB);
    }
}
