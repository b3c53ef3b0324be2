// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../interfaces/IGroth16Verifier.sol";
import {CodeData} from "../libraries/CodeData.sol";
import {Groth16} from "../libraries/Groth16.sol";
import {Verdict} from "../libraries/ThresholdVerifier.sol";

/// @title Groth16 proofs of one circuit
/// @notice See `IGroth16Verifier`. No owner: another key is another verifier.
contract Groth16Verifier is IGroth16Verifier {
    /// @inheritdoc IGroth16Verifier
    uint256 public immutable inputCount;
    /// @inheritdoc IGroth16Verifier
    bytes32 public immutable keyDigest;

    address private immutable _KEY;

    constructor(bytes memory key) {
        inputCount = Groth16.checkKey(key);
        keyDigest = sha256(key);
        _KEY = CodeData.write(key);
    }

    /// @inheritdoc IGroth16Verifier
    function verify(uint256[] calldata inputs, bytes calldata proof) external view returns (bool) {
        Verdict verdict = Groth16.verify(verifyingKey(), inputs, proof);
        require(verdict != Verdict.Undecided, Undecided());
        return verdict == Verdict.Valid;
    }

    /// @inheritdoc IGroth16Verifier
    function verifyingKey() public view returns (bytes memory) {
        return CodeData.read(_KEY);
    }
}
