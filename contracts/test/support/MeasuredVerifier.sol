// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ReencryptionShare, ThresholdVerifier, Verdict} from "../../src/libraries/ThresholdVerifier.sol";

/// @title The verifier as a contract would contain it: compiled as what is deployed, for the measurement of its gas
contract MeasuredVerifier {
    function openedKey(bytes calldata identity, bytes calldata networkKey, bytes calldata key)
        external
        view
        returns (Verdict)
    {
        return ThresholdVerifier.openedKey(identity, networkKey, key);
    }

    function reencryptionShare(
        bytes calldata identity,
        bytes calldata signer,
        bytes calldata readerKey,
        ReencryptionShare calldata share
    ) external view returns (Verdict) {
        return ThresholdVerifier.reencryptionShare(identity, signer, readerKey, share);
    }
}
