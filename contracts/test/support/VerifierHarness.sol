// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ReencryptionShare, ThresholdVerifier, Verdict} from "../../src/libraries/ThresholdVerifier.sol";

/// @notice A statement with the crate's verdict on it. Where `key` is empty it is about the share.
struct Case {
    string name;
    bytes identity;
    bytes signer;
    bytes readerKey;
    bytes key;
    ReencryptionShare share;
    bool isKey;
    bool valid;
}

/// @title The verifier, callable with as little gas as a test likes
contract VerifierHarness {
    function ask(Case calldata given) external view returns (Verdict) {
        if (given.isKey) {
            return ThresholdVerifier.openedKey(given.identity, given.signer, given.key);
        }
        return ThresholdVerifier.reencryptionShare(given.identity, given.signer, given.readerKey, given.share);
    }

    function wire(ReencryptionShare calldata share) external pure returns (bytes memory) {
        return ThresholdVerifier.wire(share);
    }
}
