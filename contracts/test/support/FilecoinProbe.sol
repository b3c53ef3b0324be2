// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Accounts} from "../../src/libraries/Accounts.sol";
import {Eip2537} from "../../src/libraries/Eip2537.sol";
import {Identities} from "../../src/libraries/Identities.sol";
import {Probe} from "../../src/libraries/Probe.sol";
import {Signatures} from "../../src/libraries/Signatures.sol";
import {Truth} from "../../src/types/AccessTypes.sol";

/// @title What a contract sees of the chain that it runs on, and what our libraries make of it
/// @notice For the tests on Filecoin's virtual machine (tests/fevm): each function is one question.
contract FilecoinProbe {
    event Data(bytes data);

    bytes32 private transient _kept;

    receive() external payable {}

    function sender() external view returns (address sender_, address origin) {
        return (msg.sender, tx.origin);
    }

    function chain() external view returns (uint256 id, uint256 number, uint256 time, uint256 gasLimit) {
        return (block.chainid, block.number, block.timestamp, block.gaslimit);
    }

    function code(address account) external view returns (uint256 length, bytes32 hash) {
        return (account.code.length, account.codehash);
    }

    function keepable(address account) external pure {
        Accounts.check(account);
    }

    function yesOrNo(address target, bytes calldata question) external view returns (Truth) {
        return Probe.yesOrNo(target, gasleft() / 2, question);
    }

    function atLeast(address target, bytes calldata question, uint256 least) external view returns (Truth) {
        return Probe.atLeast(target, gasleft() / 2, question, least);
    }

    function isValid(address signer, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return Signatures.isValid(signer, digest, signature);
    }

    /// @notice Any call at all, with no more gas than that, and what was left of it.
    function ask(address target, uint256 gasLimit, bytes calldata question)
        external
        view
        returns (bool done, bytes memory answer, uint256 used)
    {
        uint256 before = gasleft();
        (done, answer) = target.staticcall{gas: gasLimit}(question);
        used = before - gasleft();
    }

    function pairingCheck(uint256 gasLimit, bytes calldata pairs) external view returns (Eip2537.Answer) {
        return Eip2537.pairingCheck(gasLimit, pairs);
    }

    /// @notice What an identity is hashed to.
    function point(bytes calldata identity) external view returns (bool answered, bytes memory) {
        return Identities.point(identity);
    }

    /// @notice An event of so many bytes of data, behind the two words that say so.
    function emitBytes(uint256 length) external {
        emit Data(new bytes(length));
    }

    /// @notice What the slot held before, in this message.
    function keep(bytes32 value) external returns (bytes32 before) {
        before = _kept;
        _kept = value;
    }
}
