// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../../src/interfaces/IAccessRegistry.sol";
import {Ask, Roles, Term, Truth} from "../../src/types/AccessTypes.sol";
import {Answering, Burning, Echoing, Garbled, Reverting} from "../support/Conditions.sol";
import {RegistryFixture} from "../support/RegistryFixture.sol";
import {Badges, Coin, Passes} from "../support/Tokens.sol";

/// forge-config: default.fuzz.runs = 1000
/// forge-config: deep.fuzz.runs = 100000
contract TermsTest is RegistryFixture {
    address private _yes = address(new Answering(true));
    address private _no = address(new Answering(false));
    address private _broken = address(new Reverting());
    bytes32 private _item;

    function setUp() public {
        vm.warp(1000);
        _item = newItem();
    }

    // ----------------------------------------------------------------- one term

    function test_canRead_isFalseWithoutTerms() public view {
        assertFalse(registry.canRead(ALICE, _item, ""));
        assertEq(registry.explain(ALICE, _item, "").length, 0);
    }

    function test_canRead_failsForWhatHasNotBegun() public {
        vm.expectRevert(unknown("nothing"));
        registry.canRead(ALICE, "nothing", "");
    }

    function test_open_letsEverybodyRead() public {
        set(_item, these(open()));
        assertTrue(registry.canRead(ALICE, _item, ""));
        assertTrue(registry.canRead(address(this), _item, ""));
    }

    function test_canRead_isFalseForNobody() public {
        set(_item, these(open()));
        assertFalse(registry.canRead(address(0), _item, ""));
    }

    function testFuzz_holds20_asksForABalance(uint256 balance, uint256 least) public {
        least = bound(least, 1, type(uint256).max - 1);
        Coin coin = new Coin();
        coin.mint(ALICE, balance);
        set(_item, these(holds20(address(coin), least)));
        assertEq(registry.canRead(ALICE, _item, ""), balance >= least);
    }

    function test_holds721_asksForTokens() public {
        Passes passes = new Passes();
        set(_item, these(holds721(address(passes), 2)));
        passes.mint(ALICE, 1);
        assertFalse(registry.canRead(ALICE, _item, ""));
        passes.mint(ALICE, 2);
        assertTrue(registry.canRead(ALICE, _item, ""));
        vm.prank(ALICE);
        passes.transferFrom(ALICE, BOB, 2);
        assertFalse(registry.canRead(ALICE, _item, ""));
    }

    function test_holds1155_asksForOneToken() public {
        Badges badges = new Badges();
        set(_item, these(holds1155(address(badges), 7, 3)));
        badges.mint(ALICE, 8, 100);
        badges.mint(ALICE, 7, 2);
        assertFalse(registry.canRead(ALICE, _item, ""));
        badges.mint(ALICE, 7, 1);
        assertTrue(registry.canRead(ALICE, _item, ""));
    }

    function test_condition_isAskedOfReaderItemAndContext() public {
        set(_item, these(condition(address(new Echoing()))));
        assertTrue(registry.canRead(ALICE, _item, abi.encode(ALICE, _item)));
        assertFalse(registry.canRead(BOB, _item, abi.encode(ALICE, _item)));
        assertFalse(registry.canRead(ALICE, _item, ""));
    }

    function test_listed_takesAProof() public {
        (bytes32 alice, bytes32 bob) = (_leaf(ALICE), _leaf(BOB));
        bytes32 root = keccak256(alice < bob ? abi.encode(alice, bob) : abi.encode(bob, alice));
        set(_item, these(listed(root)));
        assertTrue(registry.canRead(ALICE, _item, abi.encode(bob)));
        assertTrue(registry.canRead(BOB, _item, abi.encode(alice)));
        // A proof that is wrong, of another, missing, of a wrong length or too long shows nothing.
        bytes[5] memory wrong =
            [abi.encode(root), abi.encode(alice), bytes(""), bytes("?"), new bytes(32 * 65)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(undecided(_item));
            registry.canRead(ALICE, _item, wrong[i]);
        }
    }

    function test_listed_takesAListOfOne() public {
        set(_item, these(listed(_leaf(ALICE))));
        assertTrue(registry.canRead(ALICE, _item, ""));
    }

    // --------------------------------------------------- contracts that answer badly

    function test_canRead_isUndecidedIfAContractAnswersBadly() public {
        address[6] memory bad = [
            _broken,
            address(new Garbled(0)),
            address(new Garbled(31)),
            address(new Garbled(32)), // 2 is no bool
            address(new Garbled(64)),
            address(new Burning())
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            set(_item, these(condition(bad[i])));
            vm.expectRevert(undecided(_item));
            registry.canRead{gas: 10_000_000}(ALICE, _item, "");
        }
    }

    /// A token that reverts is no token that nobody holds.
    function test_canRead_isUndecidedIfATokenAnswersBadly() public {
        address[3] memory bad = [_yes, address(new Garbled(31)), address(new Garbled(64))];
        for (uint256 i = 0; i < bad.length; ++i) {
            Term[3] memory asks = [holds20(bad[i], 1), holds721(bad[i], 1), holds1155(bad[i], 1, 1)];
            for (uint256 j = 0; j < asks.length; ++j) {
                set(_item, these(asks[j]));
                vm.expectRevert(undecided(_item));
                registry.canRead(ALICE, _item, "");
            }
        }
    }

    function test_canRead_isUndecidedIfAContractIsGone() public {
        set(_item, these(condition(_yes)));
        vm.etch(_yes, "");
        vm.expectRevert(undecided(_item));
        registry.canRead(ALICE, _item, "");
    }

    function test_canRead_decidesWithoutWhatDoesNotMatter() public {
        set(_item, these(condition(_broken), condition(_yes), any(2)));
        assertTrue(registry.canRead(ALICE, _item, ""));
        set(_item, these(condition(_broken), condition(_no), all(2)));
        assertFalse(registry.canRead(ALICE, _item, ""));
        set(_item, these(condition(_broken), condition(_yes), all(2)));
        vm.expectRevert(undecided(_item));
        registry.canRead(ALICE, _item, "");
        set(_item, these(condition(_broken), condition(_no), any(2)));
        vm.expectRevert(undecided(_item));
        registry.canRead(ALICE, _item, "");
    }

    /// What burns its gas leaves enough for the others, also in the widest tree.
    function test_canRead_survivesContractsThatBurnGas() public {
        Term[] memory terms = new Term[](16);
        for (uint256 i = 0; i < 14; ++i) {
            terms[i] = condition(address(new Burning()));
        }
        (terms[14], terms[15]) = (condition(_yes), any(15));
        set(_item, terms);
        assertTrue(registry.canRead{gas: 10_000_000}(ALICE, _item, ""));
    }

    /// An item whose terms ask for the item itself comes to an end.
    function test_canRead_isUndecidedIfTermsGoInCircles() public {
        set(_item, these(condition(address(registry))));
        vm.expectRevert(undecided(_item));
        registry.canRead{gas: 10_000_000}(ALICE, _item, "");
    }

    /// With little gas the answer is lost; it never becomes another.
    function testFuzz_canRead_neverLiesForWantOfGas(uint256 gas_, bool right) public {
        gas_ = bound(gas_, 0, 200_000);
        address sure = right ? _yes : _no;
        set(_item, these(condition(sure), condition(_broken), right ? any(2) : all(2)));
        try registry.canRead{gas: gas_}(ALICE, _item, "") returns (bool answer) {
            assertEq(answer, right);
        } catch {}
    }

    function test_canRead_failsIfContextIsHuge() public {
        set(_item, these(open()));
        assertTrue(registry.canRead(ALICE, _item, new bytes(8192)));
        vm.expectRevert(abi.encodeWithSelector(IAccessRegistry.ContextTooLarge.selector, 8193));
        registry.canRead(ALICE, _item, new bytes(8193));
    }

    /// The dearest question that a reader can ask stays below what nodes allow.
    function test_canRead_isBoundedInGas() public {
        Term[] memory terms = new Term[](16);
        address echo = address(new Echoing());
        for (uint256 i = 0; i < 15; ++i) {
            terms[i] = condition(echo);
        }
        terms[15] = any(15);
        set(_item, terms);
        uint256 before = gasleft();
        registry.canRead(ALICE, _item, new bytes(8192));
        assertLt(before - gasleft(), 1_000_000);
    }

    // -------------------------------------------------------------------- editing

    function test_setTerms_canBeEditedAtAnyTime() public {
        set(_item, these(condition(_no), condition(_yes), all(2)));
        assertFalse(registry.canRead(ALICE, _item, ""));
        vm.expectEmit();
        emit IAccessRegistry.TermsSet(_item, these(open()));
        set(_item, these(open()));
        assertTrue(registry.canRead(ALICE, _item, ""));
        assertEq(registry.termsOf(_item).length, 1);
        set(_item, these(condition(_no), condition(_yes), any(2)));
        assertTrue(registry.canRead(ALICE, _item, ""));
        set(_item, new Term[](0));
        assertFalse(registry.canRead(ALICE, _item, ""));
    }

    function test_setTerms_ofACollectionHoldForPeriodsWithoutTheirOwn() public {
        bytes32 collection = newCollection();
        bytes32 one = begin(collection);
        set(collection, these(open()));
        bytes32 two = begin(collection);
        set(two, these(condition(_no)));
        assertTrue(registry.canRead(ALICE, one, ""));
        assertFalse(registry.canRead(ALICE, two, ""));
        set(two, new Term[](0));
        assertTrue(registry.canRead(ALICE, two, ""));
        assertTrue(registry.termsOf(two)[0].ask == Ask.Open);
    }

    function test_setTerms_failsIfNotAllowed() public {
        vm.expectRevert(notAllowed(_item, BOB, Roles.TERMS));
        vm.prank(BOB);
        registry.setTerms(_item, these(open()));
        vm.expectRevert(unknown("nothing"));
        set("nothing", these(open()));
    }

    function test_setTerms_failsIfTooMany() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessRegistry.TooManyTerms.selector, 17));
        set(_item, new Term[](17));
    }

    function test_setTerms_failsIfNoTree() public {
        Term[3][4] memory bad = [
            [open(), open(), open()],
            [open(), open(), all(3)],
            [all(1), open(), all(2)],
            [open(), open(), any(1)]
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(IAccessRegistry.BadTree.selector);
            set(_item, these(bad[i][0], bad[i][1], bad[i][2]));
        }
    }

    function test_setTerms_failsIfFieldsDoNotFit() public {
        Term[11] memory bad = [
            Term(Ask.Open, 1, address(0), 0, 0),
            Term(Ask.Open, 0, _yes, 0, 0),
            Term(Ask.Open, 0, address(0), 1, 0),
            Term(Ask.Granted, 0, address(0), 0, 1),
            Term(Ask.Listed, 0, address(0), 0, 0),
            Term(Ask.Holds20, 0, _yes, 0, 0), // at least 0 is everybody
            Term(Ask.Holds721, 0, address(0), 0, 1),
            Term(Ask.Holds721, 0, _yes, 1, 1),
            Term(Ask.Condition, 0, address(0), 0, 0),
            Term(Ask.Paid, 0, address(0), 0, 0),
            Term(Ask.All, 0, address(0), 0, 0) // all of nothing is everybody
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessRegistry.BadTerm.selector, 0));
            set(_item, these(bad[i]));
        }
    }

    function test_setTerms_failsIfThereIsNoContract() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessRegistry.NoContract.selector, 0, ALICE));
        set(_item, these(condition(ALICE)));
    }

    // ---------------------------------------------------------------------- trees

    function test_explain_saysWhatEachTermCameTo() public {
        set(_item, these(condition(_broken), condition(_yes), any(2)));
        Truth[] memory truths = registry.explain(ALICE, _item, "");
        assertTrue(truths[0] == Truth.Unknown && truths[1] == Truth.True && truths[2] == Truth.True);
    }

    /// Any tree comes to what the same tree comes to when it is judged from its root down.
    function testFuzz_canRead_judgesTreesAsTheirDefinition(uint256 seed) public {
        Term[] memory terms = _tree(seed);
        set(_item, terms);
        (Truth expected,) = _judge(terms, terms.length - 1);
        Truth[] memory truths = registry.explain(ALICE, _item, "");
        assertTrue(truths[truths.length - 1] == expected);
        if (expected == Truth.Unknown) vm.expectRevert(undecided(_item));
        assertEq(registry.canRead(ALICE, _item, ""), expected == Truth.True);
    }

    /// Pushes leaves and combines what stands open, as the seed says, until one tree of at most 16 terms is there.
    function _tree(uint256 seed) private view returns (Term[] memory terms) {
        Term[] memory built = new Term[](16);
        uint256 open_ = 0;
        uint256 count = 0;
        while (count < 15 && (count == 0 || seed % 7 > 0)) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (open_ > 0 && seed % 3 == 0) {
                uint8 parts = uint8(bound(seed >> 8, 1, open_));
                built[count++] = seed & 16 == 0 ? all(parts) : any(parts);
                open_ -= parts - 1;
            } else {
                uint256 pick = (seed >> 8) % 3;
                built[count++] = condition(pick == 0 ? _yes : pick == 1 ? _no : _broken);
                ++open_;
            }
        }
        if (open_ > 1) built[count++] = seed & 32 == 0 ? all(uint8(open_)) : any(uint8(open_));
        terms = new Term[](count);
        for (uint256 i = 0; i < count; ++i) {
            terms[i] = built[i];
        }
    }

    /// The truth of the tree whose root is at `root`, and where it begins.
    function _judge(Term[] memory terms, uint256 root) private view returns (Truth truth, uint256 begins) {
        if (terms[root].parts == 0) {
            address target = terms[root].target;
            return (target == _yes ? Truth.True : target == _no ? Truth.False : Truth.Unknown, root);
        }
        uint256[3] memory counts;
        begins = root;
        for (uint256 i = 0; i < terms[root].parts; ++i) {
            Truth part;
            (part, begins) = _judge(terms, begins - 1);
            ++counts[uint256(part)];
        }
        (uint256 no, uint256 yes, uint256 unknown_) = (counts[0], counts[1], counts[2]);
        if (terms[root].ask == Ask.All) {
            truth = no > 0 ? Truth.False : unknown_ > 0 ? Truth.Unknown : Truth.True;
        } else {
            truth = yes > 0 ? Truth.True : unknown_ > 0 ? Truth.Unknown : Truth.False;
        }
    }

    function _leaf(address account) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account))));
    }
}
