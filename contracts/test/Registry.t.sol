// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {ICommitteeErrors} from "../src/interfaces/ICommitteeErrors.sol";
import {ICommitteeEvents} from "../src/interfaces/ICommitteeEvents.sol";
import {CommitteeInfo, MemberInfo, Windows} from "../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./support/CeremonyFixture.sol";

contract RegistryTest is CeremonyFixture {
    // ----------------------------------------------------------- createCommittee

    function test_createCommittee_storesItsTerms() public view {
        CommitteeInfo memory info_ = committee.committee(id);
        assertEq(id, 1);
        assertEq(info_.owner, owner);
        assertEq(abi.encode(info_.windows), abi.encode(windows));
        assertEq(info_.epoch, 0);
        assertEq(info_.ceremony, 0);
        assertEq(info_.running, 0);
        assertEq(info_.members, 0);
        assertFalse(info_.devnet);
    }

    function test_createCommittee_emitsNetworkId() public {
        bytes32 expected = sha256(
            abi.encodePacked(uint8(20), "STHENO-V1-NETWORK-ID", uint64(31337), address(committee), uint64(2))
        );
        vm.expectEmit();
        emit ICommitteeEvents.CommitteeCreated(2, address(this), expected, windows, true);
        uint64 second = committee.createCommittee(windows, true);
        assertEq(committee.networkId(second), expected);
    }

    /// The digest is computed elsewhere, from the formula, for this chain id, address and number.
    function test_networkId_isTheFrozenOne() public {
        ICommittee other = ICommittee(address(0xcc));
        vm.etch(address(other), address(committee).code);
        for (uint64 i = 1; i <= 7; ++i) {
            other.createCommittee(windows, false);
        }
        assertEq(other.networkId(7), 0xe2821e189dbd4c18a7ebda6a33886a1fa73e2d421845a50ba94a2cfcd798a379);
    }

    function test_domainSeparator_differsBetweenCommittees() public {
        uint64 second = committee.createCommittee(windows, false);
        assertNotEq(committee.domainSeparator(id), committee.domainSeparator(second));
    }

    function testFuzz_createCommittee_failsIfPhaseHasNoBlocks(uint8 phase) public {
        Windows memory bad = windows;
        phase = phase % 4;
        if (phase == 0) bad.deal = 0;
        if (phase == 1) bad.complain = 0;
        if (phase == 2) bad.answer = 0;
        if (phase == 3) bad.confirm = 0;
        vm.expectRevert(ICommitteeErrors.BadWindows.selector);
        committee.createCommittee(bad, false);
    }

    function test_createCommittee_failsIfWindowIsLongerThanAYear() public {
        Windows memory bad = windows;
        bad.answer = 1_051_201;
        vm.expectRevert(ICommitteeErrors.BadWindows.selector);
        committee.createCommittee(bad, false);
        bad = windows;
        bad.margin = 1_051_201;
        vm.expectRevert(ICommitteeErrors.BadWindows.selector);
        committee.createCommittee(bad, false);
        bad = windows;
        bad.consentDelay = 1_051_201;
        vm.expectRevert(ICommitteeErrors.BadWindows.selector);
        committee.createCommittee(bad, false);
    }

    function test_createCommittee_takesDevnetFlagOnLocalChains() public {
        vm.chainId(31415926);
        assertTrue(committee.committee(committee.createCommittee(windows, true)).devnet);
    }

    function test_createCommittee_failsIfDevnetIsOnAnotherChain() public {
        vm.chainId(314);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotALocalChain.selector, 314));
        committee.createCommittee(windows, true);
    }

    // ------------------------------------------------------------------ register

    function test_register_storesTheNode() public {
        register(1);
        MemberInfo memory node = committee.memberOf(id, operatorOf(1));
        assertEq(node.operator, operatorOf(1));
        assertEq(node.identity, identityOf(1));
        assertEq(node.endpoint, "http://localhost");
        assertEq(node.metadata, "{}");
        assertEq(committee.committee(id).members, 1);
    }

    function test_register_emitsTheSignature() public {
        bytes memory signature =
            sign(identityKey(1), hashes.registration(operatorOf(1), identityOf(1), "https://a", ""));
        vm.expectEmit();
        emit ICommitteeEvents.MemberRegistered(id, operatorOf(1), identityOf(1), "https://a", "", signature);
        vm.prank(operatorOf(1));
        committee.register(id, identityOf(1), "https://a", "", signature);
    }

    function test_register_failsIfIdentityDidNotSign() public {
        bytes memory signature =
            sign(identityKey(2), hashes.registration(operatorOf(1), identityOf(1), "https://a", ""));
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, identityOf(1), identityOf(2))
        );
        vm.prank(operatorOf(1));
        committee.register(id, identityOf(1), "https://a", "", signature);
    }

    /// A front-runner cannot take a registration over: the identity names its operator.
    function test_register_failsIfSignatureIsForAnotherOperator() public {
        bytes memory signature =
            sign(identityKey(1), hashes.registration(operatorOf(1), identityOf(1), "https://a", ""));
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        vm.prank(operatorOf(2));
        committee.register(id, identityOf(1), "https://a", "", signature);
    }

    function test_register_failsIfSignatureIsForAnotherCommittee() public {
        bytes memory signature =
            sign(identityKey(1), hashes.registration(operatorOf(1), identityOf(1), "https://a", ""));
        uint64 second = committee.createCommittee(windows, false);
        vm.expectPartialRevert(ICommitteeErrors.WrongSigner.selector);
        vm.prank(operatorOf(1));
        committee.register(second, identityOf(1), "https://a", "", signature);
    }

    function test_register_failsIfSignatureHasHighS() public {
        bytes memory signature =
            sign(identityKey(1), hashes.registration(operatorOf(1), identityOf(1), "https://a", ""));
        (bytes32 r, bytes32 s, uint8 v) = _split(signature);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory twin = abi.encodePacked(r, order - uint256(s), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, identityOf(1), address(0))
        );
        vm.prank(operatorOf(1));
        committee.register(id, identityOf(1), "https://a", "", twin);
    }

    /// Nobody recovers to the zero address, so nobody registers it: neither by a signature of no one nor by none.
    function testFuzz_register_failsIfIdentityIsZero(bytes calldata signature) public {
        vm.expectRevert();
        committee.register(id, address(0), "https://a", "", signature);
        vm.expectRevert();
        committee.register(id, address(0), "https://a", "", new bytes(65));
    }

    function test_register_failsIfIdentityIsTaken() public {
        register(1);
        bytes memory signature =
            sign(identityKey(1), hashes.registration(operatorOf(2), identityOf(1), "https://a", ""));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.IdentityTaken.selector, identityOf(1)));
        vm.prank(operatorOf(2));
        committee.register(id, identityOf(1), "https://a", "", signature);
    }

    function test_register_failsIfOperatorHasANode() public {
        register(1);
        bytes memory signature =
            sign(identityKey(2), hashes.registration(operatorOf(1), identityOf(2), "https://a", ""));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.AlreadyRegistered.selector, operatorOf(1)));
        vm.prank(operatorOf(1));
        committee.register(id, identityOf(2), "https://a", "", signature);
    }

    /// A Filecoin account that is no Ethereum account: no signature is ever its own.
    function test_register_failsIfOperatorIsAMaskedId() public {
        address masked = address(0xFF00000000000000000000000000000000001234);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.UnusableOperator.selector, masked));
        vm.prank(masked);
        committee.register(id, identityOf(1), "https://a", "", "");
    }

    function test_register_failsIfEndpointIsEmpty() public {
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadTextLength.selector, 0, 256));
        committee.register(id, identityOf(1), "", "", "");
    }

    function test_register_failsIfTextIsTooLong() public {
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadTextLength.selector, 257, 256));
        committee.register(id, identityOf(1), string(new bytes(257)), "", "");
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadTextLength.selector, 513, 512));
        committee.register(id, identityOf(1), "https://a", string(new bytes(513)), "");
    }

    function test_register_takesTextsOfFullLength() public {
        string memory endpoint = string(new bytes(256));
        string memory metadata = string(new bytes(512));
        bytes memory signature =
            sign(identityKey(1), hashes.registration(operatorOf(1), identityOf(1), endpoint, metadata));
        vm.prank(operatorOf(1));
        committee.register(id, identityOf(1), endpoint, metadata, signature);
        assertEq(committee.memberOf(id, operatorOf(1)).metadata, metadata);
    }

    function test_register_failsIfCommitteeIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.UnknownCommittee.selector, 2));
        committee.register(2, identityOf(1), "https://a", "", "");
    }

    // --------------------------------------------------------------- setEndpoint

    function test_setEndpoint_changesWhatTheNodeTells() public {
        register(1);
        vm.expectEmit();
        emit ICommitteeEvents.EndpointChanged(id, operatorOf(1), "https://b", "new");
        vm.prank(operatorOf(1));
        committee.setEndpoint(id, "https://b", "new");
        MemberInfo memory node = committee.memberOf(id, operatorOf(1));
        assertEq(node.endpoint, "https://b");
        assertEq(node.metadata, "new");
        assertEq(node.identity, identityOf(1));
    }

    function test_setEndpoint_failsIfSenderHasNoNode() public {
        register(1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotRegistered.selector, address(this)));
        committee.setEndpoint(id, "https://b", "");
    }

    function test_setEndpoint_failsIfEndpointIsEmpty() public {
        register(1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.BadTextLength.selector, 0, 256));
        vm.prank(operatorOf(1));
        committee.setEndpoint(id, "", "");
    }

    function _split(bytes memory signature) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
    }
}
