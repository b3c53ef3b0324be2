// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../../src/interfaces/IGroth16Verifier.sol";
import {GroupTerms, IGroupRoot, RootChange} from "../../src/interfaces/IGroupRoot.sol";
import {INullifiers} from "../../src/interfaces/INullifiers.sol";
import {OwnedGroup} from "../../src/zk/OwnedGroup.sol";
import {Groth16Simulator} from "./Groth16Simulator.sol";
import {Groth16Vectors} from "./Groth16Vectors.sol";

/// @title A group, and two records of its uses: one for arkworks' proofs, and one for those that a test can make
abstract contract NullifiersFixture is Groth16Vectors {
    uint64 internal constant BEGIN = 1_800_000_000;
    uint64 internal constant DAY = 1 days;
    uint32 internal constant WINDOW = 1 hours;
    /// @dev How long credentials are proven to hold.
    uint64 internal constant SLACK = 1 days;
    /// @dev A root, and the one bound of the circuit whose proofs a test makes.
    uint256 internal constant ROOT = 100;
    uint256 internal constant BOUND = 18;
    bytes32 internal constant ITEM = "item";

    OwnedGroup internal group;
    /// @dev Where the vectors have it, on their chain.
    INullifiers internal real;
    INullifiers internal nullifiers;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(BEGIN);
        vm.chainId(314);
        GroupTerms memory terms = GroupTerms({emptyRoot: 0xe, depth: 20, window: WINDOW, history: 3});
        group = OwnedGroup(vm.deployCode("OwnedGroup.sol:OwnedGroup", abi.encode(address(this), terms)));
        address place = vm.parseJsonAddress(json, ".contract");
        real = deployAt(place, deployVerifier(realKey()), DAY, new uint256[](0));
        nullifiers = deployAt(address(0x5103), deployVerifier(Groth16Simulator.key(6)), DAY, theseBounds());
    }

    /// @dev Runs the constructor at an address of choice, since proofs name the contract.
    function deployAt(address place, IGroth16Verifier verifier, uint64 period, uint256[] memory bounds)
        internal
        returns (INullifiers)
    {
        bytes memory arguments = abi.encode(group, verifier, BEGIN, period, bounds);
        vm.etch(place, bytes.concat(vm.getCode("Nullifiers.sol:Nullifiers"), arguments));
        (bool done, bytes memory code) = place.call("");
        require(done);
        vm.etch(place, code);
        return INullifiers(place);
    }

    function setRoot(uint256 root, bool revoking) internal {
        group.update(RootChange(group.index(), root, 0, revoking));
    }

    function theseBounds() internal pure returns (uint256[] memory bounds) {
        bounds = new uint256[](1);
        bounds[0] = BOUND;
    }

    /// @dev What a member's proof says now.
    function inputsOf(bytes32 item, address recipient, uint256 nullifier)
        internal
        view
        returns (uint256[] memory inputs)
    {
        inputs = new uint256[](6);
        (inputs[0], inputs[1]) = (ROOT, nullifier);
        inputs[2] = nullifiers.scopeOf(item, nullifiers.currentPeriod());
        (inputs[3], inputs[4]) = (nullifiers.bindingOf(recipient), BOUND);
        inputs[5] = vm.getBlockTimestamp() + SLACK;
    }

    /// @dev Has a member use an item.
    function use(bytes32 item, address recipient, uint256 nullifier) internal {
        uint256[] memory inputs = inputsOf(item, recipient, nullifier);
        nullifiers.use(item, recipient, inputs, Groth16Simulator.prove(inputs, nullifier));
    }
}
