// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ISplitter, Share, Sibling} from "../../src/interfaces/ISplitter.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {PayPerAccess} from "../../src/market/PayPerAccess.sol";
import {Splitter} from "../../src/market/Splitter.sol";
import {FIL, Price} from "../../src/types/MarketTypes.sol";
import {HookCoin, ICoinHook, MuteCoin} from "../support/BadTokens.sol";
import {SaleFixture} from "../support/SaleFixture.sol";
import {SplitTree} from "../support/SplitTree.sol";

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// forge-config: default.fuzz.runs = 1000
/// forge-config: deep.fuzz.runs = 100000
contract SplitterTest is SaleFixture {
    using SplitTree for SplitTree.Tree;

    // -------------------------------------------------------------------- exact

    function test_claim_paysEverybodyHisShare() public {
        (Splitter splitter, Share[] memory shares, SplitTree.Tree memory tree) = _split([uint256(1), 2, 7]);
        vm.deal(address(splitter), 100);
        assertEq(splitter.claimable(FIL, shares[2], tree.path(2)), 70);
        vm.expectEmit();
        emit ISplitter.Claimed(shares[2].account, FIL, shares[2].account, 3, 70);
        splitter.claim(FIL, shares[2], tree.path(2));
        splitter.claim(FIL, shares[0], tree.path(0));
        splitter.claim(FIL, shares[1], tree.path(1));
        assertEq(shares[0].account.balance, 10);
        assertEq(shares[1].account.balance, 20);
        assertEq(shares[2].account.balance, 70);
        assertEq(splitter.received(FIL), 100);
        assertEq(splitter.paidOut(FIL), 100);
    }

    /// A round that is not full is of those who come first: 13 is 10 and three cards.
    function test_claim_dealsTheLastUnits() public {
        (Splitter splitter, Share[] memory shares, SplitTree.Tree memory tree) = _split([uint256(1), 2, 7]);
        vm.deal(address(splitter), 13);
        assertEq(splitter.claimable(FIL, shares[0], tree.path(0)), 2);
        assertEq(splitter.claimable(FIL, shares[1], tree.path(1)), 4);
        assertEq(splitter.claimable(FIL, shares[2], tree.path(2)), 7);
    }

    /// Whatever arrives, and whoever claims when: nobody's claim shrinks, and all claims sum to what arrived.
    function testFuzz_claim_isExactToTheLastUnit(uint256 seed, uint8 count, uint96[6] memory payments)
        public
    {
        Share[] memory shares = _random(seed, bound(count, 1, 40));
        SplitTree.Tree memory tree = SplitTree.build(shares);
        Splitter splitter = _deploy(tree);
        uint256 total = 0;
        for (uint256 i = 0; i < payments.length; ++i) {
            // Some payments are smaller than a round.
            uint256 payment = seed & (1 << i) == 0 ? payments[i] : payments[i] % 100;
            total += payment;
            coin.mint(address(splitter), payment);
            for (uint256 j = 0; j < shares.length; ++j) {
                bool claims = uint256(keccak256(abi.encode(seed, i, j))) % 3 == 0;
                if (claims) _claim(splitter, shares, tree, j);
            }
        }
        uint256 sum = splitter.paidOut(address(coin));
        for (uint256 j = 0; j < shares.length; ++j) {
            sum += splitter.claimable(address(coin), shares[j], tree.path(j));
        }
        assertEq(sum, total);
        for (uint256 j = 0; j < shares.length; ++j) {
            _claim(splitter, shares, tree, j);
            assertEq(splitter.claimable(address(coin), shares[j], tree.path(j)), 0);
        }
        assertEq(splitter.paidOut(address(coin)), total);
        assertEq(coin.balanceOf(address(splitter)), 0);
    }

    /// Nobody is off from his proportion by more than his shares.
    function testFuzz_claim_isFair(uint256 seed, uint8 count, uint128 payment) public {
        Share[] memory shares = _random(seed, bound(count, 1, 10));
        SplitTree.Tree memory tree = SplitTree.build(shares);
        Splitter splitter = _deploy(tree);
        coin.mint(address(splitter), payment);
        for (uint256 j = 0; j < shares.length; ++j) {
            uint256 open = splitter.claimable(address(coin), shares[j], tree.path(j));
            uint256 whole = uint256(payment) / splitter.totalShares() * shares[j].shares;
            assertGe(open, whole);
            assertLe(open, whole + shares[j].shares);
        }
    }

    /// All ten thousand, to the last unit, each for the gas of a path of 14.
    function test_claim_paysTenThousand() public {
        Share[] memory shares = _random(7, 10_000);
        SplitTree.Tree memory tree = SplitTree.build(shares);
        Splitter splitter = _deploy(tree);
        uint256 total = 123_456_789 ether + 1;
        coin.mint(address(splitter), total);
        uint256 dearest = 0;
        for (uint256 j = 0; j < shares.length; ++j) {
            splitter.claim(address(coin), shares[j], tree.path(j));
            uint256 used = vm.lastCallGas().used;
            if (used > dearest) dearest = used;
        }
        assertLt(dearest, 150_000);
        assertEq(splitter.paidOut(address(coin)), total);
        assertEq(coin.balanceOf(address(splitter)), 0);
    }

    function test_claim_paysOneContributorEverything() public {
        Share[] memory shares = _random(1, 1);
        Splitter splitter = _deploy(SplitTree.build(shares));
        vm.deal(address(splitter), 5);
        splitter.claim(FIL, shares[0], new Sibling[](0));
        assertEq(shares[0].account.balance, 5);
    }

    function test_claim_countsAnAccountThatContributedTwiceTwice() public {
        Share[] memory shares = new Share[](2);
        (shares[0], shares[1]) = (Share(ALICE, 1), Share(ALICE, 1));
        SplitTree.Tree memory tree = SplitTree.build(shares);
        Splitter splitter = _deploy(tree);
        vm.deal(address(splitter), 10);
        splitter.claim(FIL, shares[0], tree.path(0));
        splitter.claim(FIL, shares[1], tree.path(1));
        assertEq(ALICE.balance, 10);
    }

    function test_claim_failsTwice() public {
        (Splitter splitter, Share[] memory shares, SplitTree.Tree memory tree) = _split([uint256(1), 2, 7]);
        vm.deal(address(splitter), 10);
        splitter.claim(FIL, shares[1], tree.path(1));
        vm.expectRevert(abi.encodeWithSelector(ISplitter.NothingToClaim.selector, shares[1].account, FIL));
        splitter.claim(FIL, shares[1], tree.path(1));
    }

    // -------------------------------------------------------------------- forged

    function test_claim_failsIfShareIsForged() public {
        (Splitter splitter, Share[] memory shares, SplitTree.Tree memory tree) = _split([uint256(1), 2, 7]);
        vm.deal(address(splitter), 100);
        Sibling[] memory path = tree.path(0);
        vm.expectRevert(abi.encodeWithSelector(ISplitter.NotInSplit.selector, BOB, 1));
        splitter.claim(FIL, Share(BOB, 1), path);
        vm.expectRevert(abi.encodeWithSelector(ISplitter.NotInSplit.selector, shares[0].account, 2));
        splitter.claim(FIL, Share(shares[0].account, 2), path);
        // Another place, another sum beside, another way.
        path[0].left = true;
        vm.expectRevert(abi.encodeWithSelector(ISplitter.NotInSplit.selector, shares[0].account, 1));
        splitter.claim(FIL, shares[0], path);
        path = tree.path(0);
        path[0].shares += 1;
        vm.expectRevert(abi.encodeWithSelector(ISplitter.NotInSplit.selector, shares[0].account, 1));
        splitter.claim(FIL, shares[0], path);
        vm.expectRevert(abi.encodeWithSelector(ISplitter.NotInSplit.selector, shares[0].account, 1));
        splitter.claim(FIL, shares[0], new Sibling[](0));
        vm.expectRevert(abi.encodeWithSelector(ISplitter.PathTooLong.selector, 65));
        splitter.claim(FIL, shares[0], new Sibling[](65));
    }

    function test_claim_failsIfSharesDoNotSum() public {
        Share[] memory shares = _random(1, 3);
        SplitTree.Tree memory tree = SplitTree.build(shares);
        (bytes32 root, uint256 sum) = tree.root();
        Splitter splitter = _deploy(root, sum + 1);
        vm.deal(address(splitter), 100);
        vm.expectRevert(abi.encodeWithSelector(ISplitter.SharesDoNotSum.selector, sum, sum + 1));
        splitter.claim(FIL, shares[0], tree.path(0));
    }

    /// A tree in which a node says less than is below it pays nobody below, rather than too much.
    function test_claim_failsBelowANodeThatLies() public {
        bytes32 below = SplitTree.node(SplitTree.leaf(Share(ALICE, 5)), 5, SplitTree.leaf(Share(ALICE, 5)), 5);
        bytes32 root = SplitTree.node(below, 1, SplitTree.leaf(Share(BOB, 9)), 9);
        Splitter splitter = _deploy(root, 10);
        vm.deal(address(splitter), 10);
        Sibling[] memory path = new Sibling[](2);
        path[0] = Sibling(SplitTree.leaf(Share(ALICE, 5)), 5, false);
        path[1] = Sibling(SplitTree.leaf(Share(BOB, 9)), 9, false);
        vm.expectRevert(abi.encodeWithSelector(ISplitter.NotInSplit.selector, ALICE, 5));
        splitter.claim(FIL, Share(ALICE, 5), path);
        path = new Sibling[](1);
        path[0] = Sibling(below, 1, true);
        splitter.claim(FIL, Share(BOB, 9), path);
        assertEq(BOB.balance, 9);
    }

    function test_constructor_failsWithoutContributors() public {
        vm.expectRevert(ISplitter.NoContributors.selector);
        this.deploy("root", 0);
        vm.expectRevert(ISplitter.NoContributors.selector);
        this.deploy(0, 1);
    }

    /// @dev A call of its own: a cheatcode that deploys would end the test where a revert is expected of it.
    function deploy(bytes32 root, uint256 sum) external returns (Splitter) {
        return _deploy(root, sum);
    }

    // ---------------------------------------------------------------------- whom

    function test_claimTo_isForTheContributorAlone() public {
        (Splitter splitter, Share[] memory shares, SplitTree.Tree memory tree) = _split([uint256(1), 2, 7]);
        vm.deal(address(splitter), 10);
        Sibling[] memory path = tree.path(2);
        vm.expectRevert(abi.encodeWithSelector(ISplitter.NotTheContributor.selector, shares[2].account));
        splitter.claimTo(FIL, shares[2], path, BOB);
        vm.prank(shares[2].account);
        splitter.claimTo(FIL, shares[2], path, BOB);
        assertEq(BOB.balance, 7);
        vm.expectRevert(Accounts.ZeroAddress.selector);
        vm.prank(shares[1].account);
        splitter.claimTo(FIL, shares[1], tree.path(1), address(0));
    }

    /// One contributor who refuses FIL stops nobody else.
    function test_claim_failsForAContractThatRefuses() public {
        Share[] memory shares = new Share[](2);
        Contributor wall = new Contributor();
        (shares[0], shares[1]) = (Share(address(wall), 1), Share(BOB, 1));
        SplitTree.Tree memory tree = SplitTree.build(shares);
        Splitter splitter = _deploy(tree);
        vm.deal(address(splitter), 10);
        vm.expectRevert(Contributor.Refused.selector);
        splitter.claim(FIL, shares[0], tree.path(0));
        splitter.claim(FIL, shares[1], tree.path(1));
        assertEq(splitter.claimable(FIL, shares[0], tree.path(0)), 5);
    }

    function test_claim_failsIfReentered() public {
        Contributor thief = new Contributor();
        Share[] memory shares = new Share[](2);
        (shares[0], shares[1]) = (Share(address(thief), 1), Share(BOB, 1));
        SplitTree.Tree memory tree = SplitTree.build(shares);
        Splitter splitter = _deploy(tree);
        HookCoin hook = new HookCoin();
        hook.mint(address(splitter), 10);
        thief.plan(hook, splitter, abi.encodeCall(splitter.claim, (address(hook), shares[0], tree.path(0))));
        splitter.claim(address(hook), shares[0], tree.path(0));
        assertEq(
            thief.refusal(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        assertEq(hook.balanceOf(address(thief)), 5);
    }

    function test_claim_takesTokensThatReturnNothing() public {
        (Splitter splitter, Share[] memory shares, SplitTree.Tree memory tree) = _split([uint256(1), 2, 7]);
        MuteCoin mute = new MuteCoin();
        mute.mint(address(splitter), 10);
        splitter.claim(address(mute), shares[2], tree.path(2));
        assertEq(mute.balanceOf(shares[2].account), 7);
    }

    /// A sale whose payee is a splitter: whoever likes moves the proceeds, and contributors claim.
    function test_splitter_receivesProceeds() public {
        (Splitter splitter, Share[] memory shares, SplitTree.Tree memory tree) = _split([uint256(1), 2, 7]);
        PayPerAccess sale =
            PayPerAccess(vm.deployCode("PayPerAccess.sol:PayPerAccess", abi.encode(address(registry))));
        bytes32 item = newItem();
        Price memory price = inFil();
        price.payee = address(splitter);
        vm.prank(OWNER);
        sale.setPrice(item, price);
        buy(sale, item, price);
        sale.withdraw(address(splitter), FIL);
        splitter.claim(FIL, shares[2], tree.path(2));
        assertEq(shares[2].account.balance, PRICE / 10 * 7);
    }

    // ------------------------------------------------------------------- fixture

    function _claim(Splitter splitter, Share[] memory shares, SplitTree.Tree memory tree, uint256 index)
        private
    {
        uint256 open = splitter.claimable(address(coin), shares[index], tree.path(index));
        uint256 before = coin.balanceOf(shares[index].account);
        if (open == 0) return;
        splitter.claim(address(coin), shares[index], tree.path(index));
        assertEq(coin.balanceOf(shares[index].account), before + open);
    }

    function _split(uint256[3] memory parts)
        private
        returns (Splitter splitter, Share[] memory shares, SplitTree.Tree memory tree)
    {
        shares = new Share[](3);
        for (uint256 i = 0; i < 3; ++i) {
            shares[i] = Share(_account(i), parts[i]);
        }
        tree = SplitTree.build(shares);
        splitter = _deploy(tree);
    }

    function _random(uint256 seed, uint256 count) private pure returns (Share[] memory shares) {
        shares = new Share[](count);
        for (uint256 i = 0; i < count; ++i) {
            shares[i] = Share(_account(i), 1 + uint256(keccak256(abi.encode(seed, i))) % 1000);
        }
    }

    function _account(uint256 i) private pure returns (address) {
        return address(uint160(0x10000 + i));
    }

    function _deploy(SplitTree.Tree memory tree) private returns (Splitter) {
        (bytes32 root, uint256 sum) = tree.root();
        return _deploy(root, sum);
    }

    function _deploy(bytes32 root, uint256 sum) private returns (Splitter) {
        return Splitter(payable(vm.deployCode("Splitter.sol:Splitter", abi.encode(root, sum))));
    }
}

/// Refuses FIL, and claims again when a coin comes.
contract Contributor is ICoinHook {
    Splitter private _splitter;
    bytes private _plan;
    bytes public refusal;

    error Refused();

    receive() external payable {
        revert Refused();
    }

    function plan(HookCoin hook, Splitter splitter, bytes calldata call) external {
        (_splitter, _plan) = (splitter, call);
        hook.hook();
    }

    function coinMoves(address, address) external {
        (, refusal) = address(_splitter).call(_plan);
    }
}
