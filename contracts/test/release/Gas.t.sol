// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ReencryptionShare, Verdict} from "../../src/libraries/ThresholdVerifier.sol";
import {ReleaseFixture} from "../support/ReleaseFixture.sol";
import {Case} from "../support/VerifierHarness.sol";
import {VerifierVectors} from "../support/VerifierVectors.sol";

/// @dev `MeasuredVerifier`, which is compiled otherwise than tests are.
interface IMeasuredVerifier {
    function openedKey(bytes calldata identity, bytes calldata networkKey, bytes calldata key)
        external
        view
        returns (Verdict);

    function reencryptionShare(
        bytes calldata identity,
        bytes calldata signer,
        bytes calldata readerKey,
        ReencryptionShare calldata share
    ) external view returns (Verdict);
}

/// What checks cost, in Ethereum's gas, against `snapshots/` (npm run gas writes them).
/// forge-config: default.isolate = true
contract VerifierGasTest is VerifierVectors {
    function setUp() public override {
        super.setUp();
        readCases();
    }

    function test_gas_verdicts() public {
        IMeasuredVerifier measured = IMeasuredVerifier(vm.deployCode("MeasuredVerifier.sol:MeasuredVerifier"));
        Case memory key = openedKeys[0];
        assertTrue(measured.openedKey(key.identity, key.signer, key.key) == Verdict.Valid);
        vm.snapshotGasLastCall("threshold-verifier", "openedKey");
        Case memory share = combinedShares[0];
        Verdict verdict =
            measured.reencryptionShare(share.identity, share.signer, share.readerKey, share.share);
        assertTrue(verdict == Verdict.Valid);
        vm.snapshotGasLastCall("threshold-verifier", "reencryptionShare");
    }
}

/// What a release costs, each call as a transaction of its own.
/// forge-config: default.isolate = true
contract ReleaseGasTest is ReleaseFixture {
    function test_gas_release() public {
        bytes32 item = releases.create("gas", 1_800_000_001, address(this));
        vm.snapshotGasLastCall("timed-release", "create");
        releases.decide(item);
        vm.snapshotGasLastCall("timed-release", "decide");
        releases.isOpen(item);
        vm.snapshotGasLastCall("timed-release", "isOpen");
        releases.publish(item, keyOf(item));
        vm.snapshotGasLastCall("timed-release", "publish");
        releases.keyOf(item);
        vm.snapshotGasLastCall("timed-release", "keyOf");
    }
}
