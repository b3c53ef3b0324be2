// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Accusation, Outcome, Phase, RevealedShare} from "../src/types/CommitteeTypes.sol";
import {CeremonyFixture} from "./support/CeremonyFixture.sol";

/// Every message's digest against that of another implementation of EIP-712: forge's, from JSON.
contract MessageHashesTest is CeremonyFixture {
    bytes32 private constant CONTEXT = keccak256("context");

    function test_registration_isEip712() public view {
        _check(
            "Registration",
            '{"name":"operator","type":"address"},{"name":"identity","type":"address"},{"name":"endpoint","type":"string"},{"name":"metadata","type":"string"}',
            "",
            string.concat(
                '{"operator":"',
                vm.toString(operatorOf(1)),
                '","identity":"',
                vm.toString(identityOf(1)),
                '","endpoint":"https://node.example","metadata":"text"}'
            ),
            hashes.registration(operatorOf(1), identityOf(1), "https://node.example", "text")
        );
    }

    function test_ceremonyKey_isEip712() public view {
        _check(
            "CeremonyKey",
            '{"name":"ceremony","type":"uint64"},{"name":"proposal","type":"bytes32"},{"name":"member","type":"uint16"},{"name":"key","type":"bytes32"}',
            "",
            string.concat(
                '{"ceremony":7,"proposal":"', _context(), '","member":3,"key":"', _word("key"), '"}'
            ),
            hashes.ceremonyKey(7, CONTEXT, 3, keccak256("key"))
        );
    }

    function test_approval_isEip712() public view {
        _check(
            "Approval",
            '{"name":"ceremony","type":"uint64"},{"name":"context","type":"bytes32"}',
            "",
            string.concat('{"ceremony":7,"context":"', _context(), '"}'),
            hashes.approval(7, CONTEXT)
        );
    }

    function test_refresh_isEip712() public view {
        _check(
            "Refresh",
            '{"name":"ceremony","type":"uint64"},{"name":"context","type":"bytes32"}',
            "",
            string.concat('{"ceremony":7,"context":"', _context(), '"}'),
            hashes.refresh(7, CONTEXT)
        );
    }

    function test_dealing_isEip712() public view {
        _check(
            "Dealing",
            '{"name":"context","type":"bytes32"},{"name":"dealer","type":"uint16"},{"name":"dealingHash","type":"bytes32"}',
            "",
            string.concat(
                '{"context":"', _context(), '","dealer":256,"dealingHash":"', _word("dealing"), '"}'
            ),
            hashes.dealing(CONTEXT, 256, keccak256("dealing"))
        );
    }

    function test_complaint_isEip712() public view {
        Accusation[] memory accusations = new Accusation[](2);
        accusations[0] = Accusation(2, keccak256("a"));
        accusations[1] = Accusation(9, keccak256("b"));
        _check(
            "Complaint",
            '{"name":"context","type":"bytes32"},{"name":"receiver","type":"uint16"},{"name":"accusations","type":"Accusation[]"}',
            '"Accusation":[{"name":"dealer","type":"uint16"},{"name":"dealingHash","type":"bytes32"}],',
            string.concat(
                '{"context":"',
                _context(),
                '","receiver":4,"accusations":[{"dealer":2,"dealingHash":"',
                _word("a"),
                '"},{"dealer":9,"dealingHash":"',
                _word("b"),
                '"}]}'
            ),
            hashes.complaint(CONTEXT, 4, accusations)
        );
    }

    function test_answer_isEip712() public view {
        RevealedShare[] memory shares = new RevealedShare[](2);
        shares[0] = RevealedShare(1, keccak256("a"));
        shares[1] = RevealedShare(5, keccak256("b"));
        _check(
            "Answer",
            '{"name":"context","type":"bytes32"},{"name":"dealer","type":"uint16"},{"name":"shares","type":"RevealedShare[]"}',
            '"RevealedShare":[{"name":"receiver","type":"uint16"},{"name":"share","type":"bytes32"}],',
            string.concat(
                '{"context":"',
                _context(),
                '","dealer":4,"shares":[{"receiver":1,"share":"',
                _word("a"),
                '"},{"receiver":5,"share":"',
                _word("b"),
                '"}]}'
            ),
            hashes.answer(CONTEXT, 4, shares)
        );
    }

    function test_confirmation_isEip712() public view {
        Outcome memory outcome = Outcome(31, points()[0], keccak256("root"));
        _check(
            "Confirmation",
            '{"name":"context","type":"bytes32"},{"name":"receiver","type":"uint16"},{"name":"qualified","type":"uint256"},{"name":"networkKey","type":"bytes"},{"name":"keysRoot","type":"bytes32"},{"name":"proof","type":"bytes"}',
            "",
            string.concat(
                '{"context":"',
                _context(),
                '","receiver":4,"qualified":31,"networkKey":"',
                vm.toString(outcome.networkKey),
                '","keysRoot":"',
                _word("root"),
                '","proof":"0x010203"}'
            ),
            hashes.confirmation(CONTEXT, 4, outcome, hex"010203")
        );
    }

    function test_extension_isEip712() public view {
        _check(
            "Extension",
            '{"name":"context","type":"bytes32"},{"name":"phase","type":"uint8"},{"name":"member","type":"uint16"},{"name":"round","type":"uint8"}',
            "",
            string.concat('{"context":"', _context(), '","phase":2,"member":3,"round":7}'),
            hashes.extension(CONTEXT, Phase.Answer, 3, 7)
        );
    }

    /// @param fields The type's fields, as JSON.
    /// @param inner Further types, as JSON with a comma at the end.
    function _check(
        string memory primary,
        string memory fields,
        string memory inner,
        string memory message,
        bytes32 structHash
    ) private view {
        string memory types = string.concat(
            '{"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"},{"name":"salt","type":"bytes32"}],',
            inner,
            '"',
            primary,
            '":[',
            fields,
            "]},"
        );
        string memory domain = string.concat(
            '"domain":{"name":"Stheno","version":"1","chainId":31337,"verifyingContract":"',
            vm.toString(address(committee)),
            '","salt":"',
            vm.toString(committee.networkId(id)),
            '"},'
        );
        string memory typed =
            string.concat(types, domain, '"primaryType":"', primary, '","message":', message, "}");
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", committee.domainSeparator(id), structHash));
        assertEq(digest, vm.eip712HashTypedData(typed));
    }

    function _context() private pure returns (string memory) {
        return vm.toString(CONTEXT);
    }

    function _word(string memory text) private pure returns (string memory) {
        return vm.toString(keccak256(bytes(text)));
    }
}
