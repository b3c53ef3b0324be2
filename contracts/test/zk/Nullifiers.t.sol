// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../../src/interfaces/IGroth16Verifier.sol";
import {INullifiers} from "../../src/interfaces/INullifiers.sol";
import {Accounts} from "../../src/libraries/Accounts.sol";
import {HashToCurve} from "../../src/libraries/HashToCurve.sol";
import {Groth16Simulator} from "../support/Groth16Simulator.sol";
import {Proven} from "../support/Groth16Vectors.sol";
import {NullifiersFixture} from "../support/NullifiersFixture.sol";

/// forge-config: deep.fuzz.runs = 100000
contract NullifiersTest is NullifiersFixture {
    address private constant ALICE = address(0xa11ce);
    address private constant BOB = address(0xb0b);
    address private constant MALLORY = address(0xbad);
    address private constant MASKED = 0xFf000000000000000000000000000000000003E8;
    uint256 private constant NULLIFIER = 777;

    // ------------------------------------------------------------ with arkworks' proofs

    function test_use_recordsAProofOfArkworks() public {
        (bytes32 item, address recipient, Proven memory given) = _vector(0);
        assertFalse(real.canRead(recipient, item, ""));
        vm.expectEmit();
        emit INullifiers.Used(item, 0, recipient, given.inputs[1], given.inputs[0]);
        real.use(item, recipient, given.inputs, given.proof);
        assertTrue(real.canRead(recipient, item, ""));
        assertTrue(real.isRecorded(item, 0, recipient));
        assertTrue(real.isUsed(item, 0, given.inputs[1]));
        assertFalse(real.isUsed(item, 1, given.inputs[1]));
        assertFalse(real.canRead(address(this), item, ""));
        assertFalse(real.canRead(recipient, "another", ""));
    }

    function test_use_failsForTheSameProofAgain() public {
        (bytes32 item, address recipient, Proven memory given) = _vector(0);
        real.use(item, recipient, given.inputs, given.proof);
        vm.expectRevert(abi.encodeWithSelector(INullifiers.AlreadyUsed.selector, given.inputs[1]));
        real.use(item, recipient, given.inputs, given.proof);
    }

    /// Proofs can be changed into others; nullifiers cannot.
    function test_use_failsForARerandomisedProofOfTheSameUse() public {
        (bytes32 item, address recipient, Proven memory given) = _vector(0);
        assertTrue(real.verifier().verify(given.inputs, given.rerandomised));
        real.use(item, recipient, given.inputs, given.proof);
        vm.expectRevert(abi.encodeWithSelector(INullifiers.AlreadyUsed.selector, given.inputs[1]));
        real.use(item, recipient, given.inputs, given.rerandomised);
    }

    function test_use_takesTheMemberAgainInTheNextPeriod() public {
        (bytes32 item, address recipient, Proven memory given) = _vector(0);
        real.use(item, recipient, given.inputs, given.proof);
        vm.warp(BEGIN + DAY);
        assertFalse(real.canRead(recipient, item, ""));
        Proven memory second = realProof(1);
        real.use(item, recipient, second.inputs, second.proof);
        assertTrue(real.canRead(recipient, item, ""));
        // What says the same of the same member has nothing in common.
        assertNotEq(second.inputs[1], given.inputs[1]);
    }

    /// Both derivations are those of a program of another language.
    function test_scopeOfAndBindingOf_areTheVectors() public {
        IGroth16Verifier verifier = nullifiers.verifier();
        for (uint256 i = 0; i < 4; ++i) {
            string memory place = string.concat(".derivations[", vm.toString(i), "].");
            vm.chainId(vm.parseJsonUint(json, string.concat(place, "chain")));
            address at_ = vm.parseJsonAddress(json, string.concat(place, "contract"));
            INullifiers there = deployAt(at_, verifier, DAY, theseBounds());
            bytes32 item = vm.parseJsonBytes32(json, string.concat(place, "item"));
            uint64 period = uint64(vm.parseJsonUint(json, string.concat(place, "period")));
            address recipient = vm.parseJsonAddress(json, string.concat(place, "recipient"));
            bytes32 scope = vm.parseJsonBytes32(json, string.concat(place, "scope"));
            bytes32 binding = vm.parseJsonBytes32(json, string.concat(place, "binding"));
            assertEq(bytes32(there.scopeOf(item, period)), scope);
            assertEq(bytes32(there.bindingOf(recipient)), binding);
        }
    }

    // ------------------------------------------------------------------ who may send it

    /// Whoever takes a proof out of the mempool can only do what its member wanted.
    function test_use_countsForTheRecipientWhoeverSendsIt() public {
        (bytes32 item, address recipient, Proven memory given) = _vector(0);
        vm.prank(MALLORY);
        real.use(item, recipient, given.inputs, given.proof);
        assertTrue(real.canRead(recipient, item, ""));
        assertFalse(real.canRead(MALLORY, item, ""));
    }

    function test_use_failsForAnotherRecipient() public {
        (bytes32 item, address recipient, Proven memory given) = _vector(0);
        uint256 hers = real.bindingOf(MALLORY);
        vm.startPrank(MALLORY);
        vm.expectRevert(
            abi.encodeWithSelector(INullifiers.WrongBinding.selector, real.bindingOf(recipient), hers)
        );
        real.use(item, MALLORY, given.inputs, given.proof);
        uint256[] memory inputs = realProof(0).inputs;
        inputs[3] = hers;
        vm.expectRevert(INullifiers.InvalidProof.selector);
        real.use(item, MALLORY, inputs, given.proof);
        vm.expectRevert(INullifiers.InvalidProof.selector);
        real.use(item, MALLORY, inputs, given.rerandomised);
        vm.stopPrank();
        assertFalse(real.canRead(MALLORY, item, ""));
        real.use(item, recipient, given.inputs, given.proof);
    }

    function test_use_failsForARecipientThatCannotBeKept() public {
        setRoot(ROOT, false);
        vm.expectRevert(Accounts.ZeroAddress.selector);
        nullifiers.use(ITEM, address(0), new uint256[](6), "");
        vm.expectRevert(abi.encodeWithSelector(Accounts.MaskedId.selector, MASKED));
        nullifiers.use(ITEM, MASKED, new uint256[](6), "");
    }

    // ---------------------------------------------------------------------- once

    function test_use_failsForTheMemberWithAnotherRecipient() public {
        setRoot(ROOT, false);
        use(ITEM, ALICE, NULLIFIER);
        (uint256[] memory inputs, bytes memory proof) = _proof(ITEM, BOB, NULLIFIER);
        vm.expectRevert(abi.encodeWithSelector(INullifiers.AlreadyUsed.selector, NULLIFIER));
        nullifiers.use(ITEM, BOB, inputs, proof);
        assertFalse(nullifiers.canRead(BOB, ITEM, ""));
    }

    function test_use_takesOtherMembersItemsAndPeriods() public {
        setRoot(ROOT, false);
        use(ITEM, ALICE, NULLIFIER);
        use(ITEM, BOB, NULLIFIER + 1);
        use(ITEM, BOB, NULLIFIER + 2);
        use("another", ALICE, NULLIFIER);
        vm.warp(BEGIN + DAY);
        use(ITEM, ALICE, NULLIFIER);
        assertTrue(nullifiers.isUsed(ITEM, 0, NULLIFIER + 2));
        assertFalse(nullifiers.isUsed(ITEM, 1, NULLIFIER + 2));
    }

    /// The number r above would be a second nullifier of the same member.
    function test_use_failsForANullifierThatIsNotCanonical() public {
        (bytes32 item, address recipient, Proven memory given) = _vector(0);
        real.use(item, recipient, given.inputs, given.proof);
        uint256[] memory inputs = given.inputs;
        inputs[1] += HashToCurve.R;
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.InputNotCanonical.selector, uint256(1)));
        real.use(item, recipient, inputs, given.proof);
    }

    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_use_takesEachNullifierOnce(uint256[6] calldata dice) public {
        setRoot(ROOT, false);
        bool[3][2] memory used;
        for (uint256 i = 0; i < dice.length; ++i) {
            (uint256 who, uint256 what) = (dice[i] % 3, (dice[i] >> 8) % 2);
            bytes32 item = bytes32(what + 1);
            address recipient = address(uint160(0x10000 + (dice[i] >> 16) % 4));
            (uint256[] memory inputs, bytes memory proof) = _proof(item, recipient, who + 5);
            if (used[what][who]) {
                vm.expectRevert(abi.encodeWithSelector(INullifiers.AlreadyUsed.selector, who + 5));
            }
            nullifiers.use(item, recipient, inputs, proof);
            if (!used[what][who]) assertTrue(nullifiers.canRead(recipient, item, ""));
            used[what][who] = true;
        }
    }

    // ----------------------------------------------------------------- wrong inputs

    function test_use_failsForAProofThatIsNotRight() public {
        setRoot(ROOT, false);
        (uint256[] memory inputs, bytes memory proof) = _proof(ITEM, ALICE, NULLIFIER);
        inputs[1] = NULLIFIER + 1;
        vm.expectRevert(INullifiers.InvalidProof.selector);
        nullifiers.use(ITEM, ALICE, inputs, proof);
        vm.expectRevert(INullifiers.InvalidProof.selector);
        nullifiers.use(ITEM, ALICE, inputs, "");
        assertFalse(nullifiers.isUsed(ITEM, 0, NULLIFIER));
        assertFalse(nullifiers.canRead(ALICE, ITEM, ""));
    }

    function test_use_failsForAnotherScope() public {
        setRoot(ROOT, false);
        (uint256[] memory inputs, bytes memory proof) = _proof(ITEM, ALICE, NULLIFIER);
        _expectWrongScope(inputs[2], "another", 0);
        nullifiers.use("another", ALICE, inputs, proof);
        vm.warp(BEGIN + DAY);
        _expectWrongScope(inputs[2], ITEM, 1);
        nullifiers.use(ITEM, ALICE, inputs, proof);
        vm.warp(BEGIN + DAY - 1);
        nullifiers.use(ITEM, ALICE, inputs, proof);
    }

    function test_use_failsOnAnotherChainOrContract() public {
        setRoot(ROOT, false);
        (uint256[] memory inputs, bytes memory proof) = _proof(ITEM, ALICE, NULLIFIER);
        INullifiers twin = deployAt(address(0x5104), nullifiers.verifier(), DAY, theseBounds());
        vm.expectRevert(
            abi.encodeWithSelector(INullifiers.WrongScope.selector, inputs[2], twin.scopeOf(ITEM, 0))
        );
        twin.use(ITEM, ALICE, inputs, proof);
        vm.chainId(315);
        _expectWrongScope(inputs[2], ITEM, 0);
        nullifiers.use(ITEM, ALICE, inputs, proof);
    }

    function test_use_failsForOtherBounds() public {
        setRoot(ROOT, false);
        uint256[] memory inputs = inputsOf(ITEM, ALICE, NULLIFIER);
        inputs[4] = BOUND - 1;
        bytes memory proof = Groth16Simulator.prove(inputs, 1);
        vm.expectRevert(INullifiers.WrongBounds.selector);
        nullifiers.use(ITEM, ALICE, inputs, proof);
        inputs[4] = BOUND + HashToCurve.R;
        vm.expectRevert(INullifiers.WrongBounds.selector);
        nullifiers.use(ITEM, ALICE, inputs, proof);
    }

    /// A credential that was over when its use was mined, whatever its proof says of earlier times.
    function test_use_failsIfTheTimeHasPassed() public {
        setRoot(ROOT, false);
        uint256[] memory inputs = inputsOf(ITEM, ALICE, NULLIFIER);
        inputs[5] = vm.getBlockTimestamp() + 60;
        bytes memory proof = Groth16Simulator.prove(inputs, 1);
        vm.warp(inputs[5] + 1);
        vm.expectRevert(abi.encodeWithSelector(INullifiers.WrongTime.selector, inputs[5]));
        nullifiers.use(ITEM, ALICE, inputs, proof);
        vm.warp(inputs[5]);
        nullifiers.use(ITEM, ALICE, inputs, proof);
        assertTrue(nullifiers.canRead(ALICE, ITEM, ""));
    }

    function test_use_failsIfTheProofsTimeHasPassed() public {
        (bytes32 item, address recipient, Proven memory given) = _vector(0);
        uint256 time = given.inputs[4];
        vm.warp(time + 1);
        vm.expectRevert(abi.encodeWithSelector(INullifiers.WrongTime.selector, time));
        real.use(item, recipient, given.inputs, given.proof);
        uint256[] memory inputs = realProof(0).inputs;
        inputs[4] = time + 1;
        vm.expectRevert(INullifiers.InvalidProof.selector);
        real.use(item, recipient, inputs, given.proof);
    }

    /// The number r - 1 is a minute before the credential's beginning to the circuit, and late to the contract.
    function test_use_failsForATimeThatIsTooLarge() public {
        setRoot(ROOT, false);
        uint256[3] memory wrong = [uint256(1) << 64, HashToCurve.R - 60, block.timestamp + HashToCurve.R];
        for (uint256 i = 0; i < 3; ++i) {
            uint256[] memory inputs = inputsOf(ITEM, ALICE, NULLIFIER);
            inputs[5] = wrong[i];
            bytes memory proof = Groth16Simulator.prove(inputs, 1);
            vm.expectRevert(abi.encodeWithSelector(INullifiers.WrongTime.selector, wrong[i]));
            nullifiers.use(ITEM, ALICE, inputs, proof);
        }
    }

    function test_use_failsForMoreOrFewerInputs() public {
        uint256[4] memory counts = [uint256(0), 4, 5, 7];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IGroth16Verifier.WrongInputCount.selector, counts[i], uint256(6))
            );
            nullifiers.use(ITEM, ALICE, new uint256[](counts[i]), "");
        }
    }

    function test_use_followsTheGroupsRoots() public {
        (uint256[] memory inputs, bytes memory proof) = _proof(ITEM, ALICE, NULLIFIER);
        _expectRootNotValid();
        nullifiers.use(ITEM, ALICE, inputs, proof);
        setRoot(ROOT, false);
        setRoot(ROOT + 1, false);
        vm.warp(BEGIN + WINDOW);
        _expectRootNotValid();
        nullifiers.use(ITEM, ALICE, inputs, proof);
        vm.warp(BEGIN + WINDOW - 1);
        nullifiers.use(ITEM, ALICE, inputs, proof);
        (inputs, proof) = _proof(ITEM, ALICE, NULLIFIER + 1);
        setRoot(ROOT + 2, true);
        _expectRootNotValid();
        nullifiers.use(ITEM, ALICE, inputs, proof);
        // What was recorded stays recorded.
        assertTrue(nullifiers.canRead(ALICE, ITEM, ""));
    }

    // ----------------------------------------------------------------------- periods

    /// A revert is unknown to registry and nodes, and unknown never grants.
    function test_canRead_failsBeforeTheFirstPeriod() public {
        vm.warp(BEGIN - 1);
        bytes memory why = abi.encodeWithSelector(INullifiers.NotBegun.selector, BEGIN);
        vm.expectRevert(why);
        nullifiers.canRead(ALICE, ITEM, "");
        vm.expectRevert(why);
        nullifiers.currentPeriod();
        vm.expectRevert(why);
        nullifiers.use(ITEM, ALICE, new uint256[](6), "");
    }

    function test_canRead_endsWithThePeriod() public {
        setRoot(ROOT, false);
        vm.warp(BEGIN + 5 * DAY - 1);
        use(ITEM, ALICE, NULLIFIER);
        assertTrue(nullifiers.isRecorded(ITEM, 4, ALICE));
        assertTrue(nullifiers.canRead(ALICE, ITEM, ""));
        vm.warp(BEGIN + 5 * DAY);
        assertFalse(nullifiers.canRead(ALICE, ITEM, ""));
        assertTrue(nullifiers.isRecorded(ITEM, 4, ALICE));
    }

    function test_canRead_isTrueForGoodWhereThereIsOnePeriod() public {
        setRoot(ROOT, false);
        nullifiers = deployAt(address(0x5105), nullifiers.verifier(), 0, theseBounds());
        use(ITEM, ALICE, NULLIFIER);
        vm.warp(type(uint64).max);
        assertEq(nullifiers.currentPeriod(), 0);
        assertTrue(nullifiers.canRead(ALICE, ITEM, ""));
    }

    /// forge-config: default.fuzz.runs = 1000
    function testFuzz_currentPeriod_countsFromTheStart(uint64 now_, uint32 length) public {
        nullifiers = deployAt(address(0x5105), nullifiers.verifier(), length, theseBounds());
        now_ = uint64(bound(now_, BEGIN, type(uint64).max));
        vm.warp(now_);
        assertEq(nullifiers.currentPeriod(), length == 0 ? 0 : (now_ - BEGIN) / length);
    }

    // ----------------------------------------------------------------- want of gas

    /// Too little gas is no verdict, and records nothing.
    function test_use_failsForWantOfGas() public {
        setRoot(ROOT, false);
        (uint256[] memory inputs, bytes memory proof) = _proof(ITEM, ALICE, NULLIFIER);
        uint256 failures;
        for (uint256 gas_ = 50_000;; gas_ += 10_000) {
            try nullifiers.use{gas: gas_}(ITEM, ALICE, inputs, proof) {
                break;
            } catch (bytes memory why) {
                assertNotEq(bytes32(why), bytes32(INullifiers.InvalidProof.selector));
                assertFalse(nullifiers.isUsed(ITEM, 0, NULLIFIER));
                assertFalse(nullifiers.canRead(ALICE, ITEM, ""));
                ++failures;
            }
        }
        assertGt(failures, 10);
        assertTrue(nullifiers.canRead(ALICE, ITEM, ""));
    }

    // -------------------------------------------------------------------- deployment

    function test_constructor_setsTheTerms() public view {
        assertEq(address(nullifiers.group()), address(group));
        assertEq(nullifiers.start(), BEGIN);
        assertEq(nullifiers.periodLength(), DAY);
        assertEq(abi.encode(nullifiers.bounds()), abi.encode(theseBounds()));
        assertEq(nullifiers.verifier().inputCount(), 6);
    }

    function test_constructor_failsIfTheVerifierTakesOtherInputs() public {
        IGroth16Verifier verifier = nullifiers.verifier();
        for (uint256 count = 0; count < 4; ++count) {
            if (count == 1) continue;
            vm.expectRevert(abi.encodeWithSelector(INullifiers.WrongVerifier.selector, uint256(6), 5 + count));
            this.deploy(verifier, new uint256[](count));
        }
        IGroth16Verifier narrow = deployVerifier(Groth16Simulator.key(4));
        assertEq(this.deploy(narrow, new uint256[](0)).bounds().length, 0);
    }

    /// What is compared has 64 bits: the number r - 1 would be below all others.
    function test_constructor_failsIfABoundIsTooLarge() public {
        IGroth16Verifier verifier = nullifiers.verifier();
        uint256[3] memory wrong = [uint256(1) << 64, HashToCurve.R - 1, HashToCurve.R];
        uint256[] memory bounds = theseBounds();
        for (uint256 i = 0; i < 3; ++i) {
            bounds[0] = wrong[i];
            vm.expectRevert(abi.encodeWithSelector(INullifiers.BoundTooLarge.selector, wrong[i]));
            this.deploy(verifier, bounds);
        }
        bounds[0] = type(uint64).max;
        assertEq(abi.encode(this.deploy(verifier, bounds).bounds()), abi.encode(bounds));
    }

    // -------------------------------------------------------------------------- helpers

    function deploy(IGroth16Verifier verifier, uint256[] calldata bounds) external returns (INullifiers) {
        bytes memory arguments = abi.encode(group, verifier, BEGIN, DAY, bounds);
        return INullifiers(vm.deployCode("Nullifiers.sol:Nullifiers", arguments));
    }

    /// @dev What the vectors have for a period, with its root in the group.
    function _vector(uint64 period) private returns (bytes32 item, address recipient, Proven memory given) {
        item = vm.parseJsonBytes32(json, ".item");
        recipient = vm.parseJsonAddress(json, ".recipient");
        given = realProof(period);
        setRoot(given.inputs[0], false);
    }

    function _proof(bytes32 item, address recipient, uint256 nullifier)
        private
        view
        returns (uint256[] memory inputs, bytes memory proof)
    {
        inputs = inputsOf(item, recipient, nullifier);
        proof = Groth16Simulator.prove(inputs, nullifier);
    }

    function _expectWrongScope(uint256 scope, bytes32 item, uint64 period) private {
        uint256 expected = nullifiers.scopeOf(item, period);
        vm.expectRevert(abi.encodeWithSelector(INullifiers.WrongScope.selector, scope, expected));
    }

    function _expectRootNotValid() private {
        vm.expectRevert(abi.encodeWithSelector(INullifiers.RootNotValid.selector, ROOT));
    }
}
