// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Deposit, Guarantee, IEscrow, Standing} from "../../src/interfaces/IEscrow.sol";
import {ISale} from "../../src/interfaces/ISale.sol";
import {Escrow} from "../../src/market/Escrow.sol";
import {Roles} from "../../src/types/AccessTypes.sol";
import {FIL, Offer, Permit, Price, Purchase} from "../../src/types/MarketTypes.sol";
import {PdpVerifierDouble} from "../support/FilecoinStorage.sol";
import {SaleFixture} from "../support/SaleFixture.sol";

/// forge-config: default.fuzz.runs = 1000
/// forge-config: deep.fuzz.runs = 100000
contract EscrowTest is SaleFixture {
    uint64 private constant START = 100_000;
    uint64 private constant TERM = 50_000;
    uint64 private constant WINDOW = 5760;
    uint256 private constant SET = 7;

    PdpVerifierDouble private _verifier = new PdpVerifierDouble();
    Escrow private _escrow =
        Escrow(vm.deployCode("Escrow.sol:Escrow", abi.encode(address(registry), address(_verifier))));
    bytes32 private _item;

    function setUp() public {
        vm.roll(START);
        _verifier.put(SET, true, START);
        _item = newItem();
        _sell(_item, inFil());
    }

    // ----------------------------------------------------------------------- buy

    function test_buyFor_holdsThePayment() public {
        uint256 deposit = _buy();
        assertEq(deposit, 1);
        assertTrue(_escrow.canRead(buyer, _item, ""));
        assertEq(_escrow.owed(PAYEE, FIL), 0);
        assertEq(address(_escrow).balance, PRICE);
        assertTrue(_escrow.standingOf(1) == Standing.Held);
        Deposit memory held = _escrow.deposits(1);
        assertEq(held.payer, buyer);
        assertEq(held.payee, PAYEE);
        assertEq(held.amount, PRICE);
        assertEq(held.id, _item);
        assertEq(held.ends, START + TERM);
    }

    function test_buyFor_ofACollectionOpensItsPeriods() public {
        bytes32 collection = newCollection();
        bytes32 period = begin(collection);
        _sell(collection, inFil());
        Offer memory offer = _escrow.offer(period, buyer);
        vm.prank(buyer);
        (bool ok,) = offer.target.call{value: offer.amount}(offer.data);
        assertTrue(ok);
        assertTrue(_escrow.canRead(buyer, period, ""));
    }

    function test_buyBySignature_holdsThePayment() public {
        Price memory price = inCoin();
        price.licence = LICENCE;
        bytes32 sale = _sell(_item, price);
        Purchase memory purchase = purchaseOf(_escrow, sale, price);
        Permit memory permit = permitOf(address(_escrow), PRICE);
        _escrow.buyBySignature(purchase, sign(_escrow, purchase), permit, "");
        assertEq(_escrow.deposits(1).payer, buyer);
        // The licence is about the item, whatever the guarantee.
        assertEq(_escrow.acceptedAt(_item, LICENCE, buyer), 1_000_000);
    }

    /// A seller who changes the guarantee in flight sells nothing.
    function test_buyFor_failsIfGuaranteeChanged() public {
        Offer memory offer = _escrow.offer(_item, buyer);
        Guarantee memory worse = _guarantee();
        worse.term = worse.window;
        vm.prank(OWNER);
        _escrow.setSale(_item, inFil(), worse);
        vm.prank(buyer);
        (bool ok,) = offer.target.call{value: offer.amount}(offer.data);
        assertFalse(ok);
        assertEq(buyer.balance, 1000 ether);
    }

    function test_buyFor_failsIfItemIsNamedWithoutItsGuarantee() public {
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, _item));
        vm.prank(buyer);
        _escrow.buyFor{value: PRICE}(_item, buyer, FIL, PRICE, "");
    }

    function test_buyFor_failsIfNotStoredNow() public {
        bytes memory refusal = abi.encodeWithSelector(IEscrow.NotStored.selector, SET);
        bytes32 sale = _sale(_item);
        vm.startPrank(buyer);
        _verifier.put(SET, false, START);
        vm.expectRevert(refusal);
        _escrow.buyFor{value: PRICE}(sale, buyer, FIL, PRICE, "");
        _verifier.put(SET, true, START - WINDOW - 1);
        vm.expectRevert(refusal);
        _escrow.buyFor{value: PRICE}(sale, buyer, FIL, PRICE, "");
        _verifier.put(SET, true, 0);
        vm.expectRevert(refusal);
        _escrow.buyFor{value: PRICE}(sale, buyer, FIL, PRICE, "");
        vm.etch(address(_verifier), "");
        vm.expectRevert(refusal);
        _escrow.buyFor{value: PRICE}(sale, buyer, FIL, PRICE, "");
    }

    /// Epoch 0 is no proof, in the first epochs of a chain either.
    function test_buyFor_failsIfNeverProven() public {
        vm.roll(10);
        _verifier.put(SET, true, 0);
        bytes32 sale = _sale(_item);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotStored.selector, SET));
        vm.prank(buyer);
        _escrow.buyFor{value: PRICE}(sale, buyer, FIL, PRICE, "");
    }

    function test_buyFor_failsIfReaderHasIt() public {
        _buy();
        bytes32 sale = _sale(_item);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AlreadyBought.selector, _item, buyer));
        vm.prank(buyer);
        _escrow.buyFor{value: PRICE}(sale, buyer, FIL, PRICE, "");
    }

    // -------------------------------------------------------------------- settle

    function test_settle_paysThePayeeAfterTheTerm() public {
        _buy();
        _cannotSettle(Standing.Held);
        vm.roll(START + TERM);
        _verifier.put(SET, true, START + TERM - 1);
        _cannotSettle(Standing.Held);
        vm.roll(START + TERM + 1);
        vm.expectEmit();
        emit IEscrow.Settled(1, Standing.Released);
        _escrow.settle(1);
        assertEq(_escrow.owed(PAYEE, FIL), PRICE);
        _escrow.withdraw(PAYEE, FIL);
        assertEq(PAYEE.balance, PRICE);
        assertTrue(_escrow.canRead(buyer, _item, ""));
        _cannotSettle(Standing.Released);
    }

    function test_settle_paysThePayerIfProofsStop() public {
        _buy();
        vm.roll(START + WINDOW);
        _cannotSettle(Standing.Held);
        vm.roll(START + WINDOW + 1);
        assertTrue(_escrow.standingOf(1) == Standing.Lapsed);
        vm.prank(BOB);
        _escrow.settle(1);
        assertEq(_escrow.owed(buyer, FIL), PRICE);
        assertFalse(_escrow.canRead(buyer, _item, ""));
        _escrow.withdraw(buyer, FIL);
        assertEq(buyer.balance, 1000 ether);
        _cannotSettle(Standing.Refunded);
    }

    function test_settle_paysThePayerIfDeleted() public {
        _buy();
        _verifier.put(SET, false, START);
        _escrow.settle(1);
        assertEq(_escrow.owed(buyer, FIL), PRICE);
        // What was refunded can be bought again.
        _verifier.put(SET, true, START);
        assertEq(_buy(), 2);
        assertTrue(_escrow.canRead(buyer, _item, ""));
    }

    /// Whoever stops proving before the end of the term is not paid after it.
    function test_settle_paysThePayerIfProofsStoppedBeforeTheEnd() public {
        _buy();
        _verifier.put(SET, true, START + TERM - WINDOW - 1);
        vm.roll(START + 10 * TERM);
        _escrow.settle(1);
        assertEq(_escrow.owed(buyer, FIL), PRICE);
    }

    /// Deleted after the term: nobody knows when, so the payee waits for a window.
    function test_settle_waitsForAWindowIfDeletedAfterTheTerm() public {
        _buy();
        _verifier.put(SET, false, 0);
        vm.roll(START + TERM + WINDOW);
        assertTrue(_escrow.standingOf(1) == Standing.Lapsed);
        vm.roll(START + TERM + WINDOW + 1);
        assertTrue(_escrow.standingOf(1) == Standing.Kept);
        _escrow.settle(1);
        assertEq(_escrow.owed(PAYEE, FIL), PRICE);
    }

    function test_settle_waitsWhileTheVerifierFails() public {
        _buy();
        vm.etch(address(_verifier), hex"fe");
        _cannotSettle(Standing.Held);
        vm.roll(START + 10 * TERM);
        _cannotSettle(Standing.Held);
    }

    /// Too little gas settles nothing; it never settles for the wrong side.
    function testFuzz_settle_isNeverWrongForWantOfGas(uint256 gas_, bool kept) public {
        _buy();
        vm.roll(START + TERM + WINDOW + 1);
        _verifier.put(SET, true, kept ? START + TERM : START);
        try _escrow.settle{gas: bound(gas_, 20_000, 200_000)}(1) {
            assertEq(_escrow.owed(PAYEE, FIL), kept ? PRICE : 0);
            assertEq(_escrow.owed(buyer, FIL), kept ? 0 : PRICE);
        } catch {}
    }

    /// The rule of `IEscrow`, written down once more.
    function testFuzz_standingOf_followsTheRule(uint64 now_, uint64 proven, bool live) public {
        _buy();
        now_ = uint64(bound(now_, START, START + 2 * TERM));
        proven = uint64(bound(proven, START, now_));
        vm.roll(now_);
        _verifier.put(SET, live, proven);
        Standing expected;
        if (now_ <= START + TERM) {
            expected = live && now_ - proven <= WINDOW ? Standing.Held : Standing.Lapsed;
        } else if (live) {
            expected = proven + WINDOW >= START + TERM ? Standing.Kept : Standing.Lapsed;
        } else {
            expected = now_ <= START + TERM + WINDOW ? Standing.Lapsed : Standing.Kept;
        }
        assertTrue(_escrow.standingOf(1) == expected);
    }

    function test_settle_failsForNoDeposit() public {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSettleable.selector, 9, Standing.None));
        _escrow.settle(9);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSettleable.selector, 9, Standing.None));
        _escrow.giveUp(9);
    }

    // -------------------------------------------------------------------- giveUp

    function test_giveUp_ofThePayerPaysThePayee() public {
        _buy();
        vm.prank(buyer);
        _escrow.giveUp(1);
        assertEq(_escrow.owed(PAYEE, FIL), PRICE);
        assertTrue(_escrow.canRead(buyer, _item, ""));
    }

    function test_giveUp_ofThePayeePaysThePayer() public {
        _buy();
        vm.prank(PAYEE);
        _escrow.giveUp(1);
        assertEq(_escrow.owed(buyer, FIL), PRICE);
        assertFalse(_escrow.canRead(buyer, _item, ""));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSettleable.selector, 1, Standing.Refunded));
        vm.prank(buyer);
        _escrow.giveUp(1);
    }

    function test_giveUp_failsForOthers() public {
        _buy();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotAParty.selector, 1, OWNER));
        vm.prank(OWNER);
        _escrow.giveUp(1);
    }

    // ---------------------------------------------------------------------- sale

    function test_setSale_takesTheItemsSellerAlone() public {
        vm.expectRevert(notAllowed(_item, BOB, Roles.SALES));
        vm.prank(BOB);
        _escrow.setSale(_item, inFil(), _guarantee());
        vm.expectRevert(unknown("nothing"));
        _escrow.setSale("nothing", inFil(), _guarantee());
    }

    function test_setSale_failsIfGuaranteeIsNone() public {
        Guarantee[5] memory bad;
        for (uint256 i = 0; i < bad.length; ++i) {
            bad[i] = _guarantee();
        }
        (bad[0].dataSet, bad[1].term, bad[2].window) = (0, 0, 0);
        bad[3].term = _escrow.MAX_TERM() + 1;
        bad[4].window = TERM + 1;
        vm.startPrank(OWNER);
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(IEscrow.BadGuarantee.selector);
            _escrow.setSale(_item, inFil(), bad[i]);
        }
        Price memory price = inFil();
        price.duration = 100;
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotForGood.selector, 100));
        _escrow.setSale(_item, price, _guarantee());
        price = inFil();
        price.amount = 0;
        vm.expectRevert(ISale.BadPrice.selector);
        _escrow.setSale(_item, price, _guarantee());
    }

    function test_buyFor_failsIfItemChangedHands() public {
        bytes32 sale = _sale(_item);
        vm.prank(OWNER);
        registry.transferOwnership(_item, BOB);
        vm.prank(BOB);
        registry.acceptOwnership(_item);
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, sale));
        vm.prank(buyer);
        _escrow.buyFor{value: PRICE}(sale, buyer, FIL, PRICE, "");
    }

    function test_stopSale_leavesDeposits() public {
        _buy();
        vm.prank(OWNER);
        _escrow.stopSale(_item);
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, _item));
        _escrow.offer(_item, ALICE);
        vm.expectRevert(abi.encodeWithSelector(ISale.NotForSale.selector, _item));
        _escrow.priceOf(_item);
        assertTrue(_escrow.canRead(buyer, _item, ""));
        assertTrue(_escrow.standingOf(1) == Standing.Held);
    }

    function test_saleInfo_saysWhatIsGuaranteed() public view {
        (bytes32 id, Guarantee memory guarantee) = _escrow.saleInfo(_sale(_item));
        assertEq(id, _item);
        assertEq(guarantee.dataSet, SET);
        assertEq(guarantee.term, TERM);
        assertEq(guarantee.window, WINDOW);
    }

    function test_constructor_failsWithoutVerifier() public {
        vm.expectRevert();
        vm.deployCode("Escrow.sol:Escrow", abi.encode(address(registry), ALICE));
    }

    // ------------------------------------------------------------------- fixture

    function _guarantee() private pure returns (Guarantee memory) {
        return Guarantee(SET, TERM, WINDOW);
    }

    function _sell(bytes32 id, Price memory price) private returns (bytes32) {
        vm.prank(OWNER);
        return _escrow.setSale(id, price, _guarantee());
    }

    function _sale(bytes32 id) private pure returns (bytes32) {
        return keccak256(abi.encode(id, _guarantee()));
    }

    function _buy() private returns (uint256) {
        buy(_escrow, _sale(_item), inFil());
        return _escrow.depositCount();
    }

    function _cannotSettle(Standing standing) private {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSettleable.selector, 1, standing));
        _escrow.settle(1);
    }
}
