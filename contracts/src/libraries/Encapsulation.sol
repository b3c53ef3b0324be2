// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Eip2537} from "./Eip2537.sol";
import {HashToCurve} from "./HashToCurve.sol";
import {Verdict} from "./ThresholdVerifier.sol";

/// @title What a contract can check of something that was sealed to an identity
/// @notice Whoever seals draws a secret `σ` and writes `U = ρ·P2` with `ρ = hash_to_field(σ ‖ id)` beside `V`, which is
/// `σ` under a mask that only the identity's key takes off (crates/crypto/SPEC.md §4: Boneh and Franklin's encryption
/// with the transform of Fujisaki and Okamoto). The mask comes from the value of a pairing, which no precompile tells;
/// but by the transform `U` commits to `σ`. So whoever opened it, with the identity's key, proves what came out by
/// `σ` alone.
library Encapsulation {
    bytes private constant SCALAR_TAG = "STHENO-V1-SEAL-SCALAR";

    /// @notice Whether `secret` is the `σ` behind `U`. There is no second one: that would be a collision of SHA-256.
    /// @dev No point of a caller's meets a precompile, so that the only reason for no answer is that there was none.
    /// @param identity 128 bytes, see `Identities`.
    /// @param u 256 bytes, as EIP-2537 writes the point.
    function opens(bytes memory identity, bytes memory u, bytes32 secret) internal view returns (Verdict) {
        (bool answered, bytes memory expected) = Eip2537.g2Multiply(Eip2537.g2(), scalar(identity, secret));
        if (!answered) return Verdict.Undecided;
        return keccak256(expected) == keccak256(u) ? Verdict.Valid : Verdict.Invalid;
    }

    /// @notice `ρ`, from which `U` is made.
    function scalar(bytes memory identity, bytes32 secret) internal pure returns (uint256) {
        return HashToCurve.toScalar(bytes.concat(secret, identity), SCALAR_TAG);
    }
}
