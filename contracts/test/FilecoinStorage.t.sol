// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {FilecoinPayDouble, PdpVerifierDouble} from "./support/FilecoinStorage.sol";
import {Test} from "./support/Test.sol";

/// The doubles answer to the selectors that nodes call, in the shape that nodes read.
contract FilecoinStorageTest is Test {
    /// As `crates/protocol/src/evaluate/leaf/storage.rs` has them, and the deployed contracts' ABI.
    bytes4 private constant DATA_SET_LIVE = 0xca759f27;
    bytes4 private constant LAST_PROVEN_EPOCH = 0x04595c1a;
    bytes4 private constant GET_RAIL = 0x22e440b3;
    bytes4 private constant ACCOUNT_INFO = 0x05f4c536;

    PdpVerifierDouble private _verifier = new PdpVerifierDouble();
    FilecoinPayDouble private _pay = new FilecoinPayDouble();

    function test_verifier_answersAsNodesAsk() public {
        _verifier.put(7, true, 123);
        assertEq(_word(_ask(address(_verifier), abi.encodeWithSelector(DATA_SET_LIVE, 7))), 1);
        assertEq(_word(_ask(address(_verifier), abi.encodeWithSelector(DATA_SET_LIVE, 8))), 0);
        assertEq(_word(_ask(address(_verifier), abi.encodeWithSelector(LAST_PROVEN_EPOCH, 7))), 123);
        (bool ok,) = address(_verifier).staticcall(abi.encodeWithSelector(LAST_PROVEN_EPOCH, 8));
        assertFalse(ok, "a data set that does not live has no epoch");
    }

    function test_pay_answersAsNodesAsk() public {
        FilecoinPayDouble.RailView memory rail;
        rail.token = address(0xa);
        rail.from = address(0xb);
        rail.endEpoch = 99;
        _pay.putRail(3, rail);
        bytes memory answer = _ask(address(_pay), abi.encodeWithSelector(GET_RAIL, 3));
        assertEq(answer.length, 12 * 32);
        assertEq(_word(answer, 0), 0xa);
        assertEq(_word(answer, 1), 0xb);
        assertEq(_word(answer, 9), 99);
        (bool ok,) = address(_pay).staticcall(abi.encodeWithSelector(GET_RAIL, 4));
        assertFalse(ok, "a rail that is over is not shown");

        _pay.putAccount(address(0xa), address(0xb), 77);
        answer = _ask(address(_pay), abi.encodeWithSelector(ACCOUNT_INFO, address(0xa), address(0xb)));
        assertEq(answer.length, 4 * 32);
        assertEq(_word(answer, 0), 77);
    }

    function _ask(address to, bytes memory data) private view returns (bytes memory answer) {
        bool ok;
        (ok, answer) = to.staticcall(data);
        assertTrue(ok);
    }

    function _word(bytes memory answer) private pure returns (uint256) {
        assertEq(answer.length, 32);
        return _word(answer, 0);
    }

    function _word(bytes memory answer, uint256 index) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(answer, 32), mul(32, index)))
        }
    }
}
