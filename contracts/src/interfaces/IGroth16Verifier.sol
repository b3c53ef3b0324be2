// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title A verifier of Groth16 proofs over BLS12-381, for the one circuit whose key it was made with
/// @notice Deployed once for a circuit, by anybody, and asked by any contract. Points are as EIP-2537 writes them: a
/// coordinate has 64 bytes, big-endian; of an element of Fp2 `c0` comes first. The key is
/// `α (G1, 128 bytes) ‖ β ‖ γ ‖ δ (G2, 256 each) ‖ IC₀ ‖ … ‖ ICₙ (G1)` for `n` public inputs, a proof
/// `A (G1) ‖ B (G2) ‖ C (G1)`, 512 bytes. A proof is right if `e(A, B) = e(α, β)·e(IC₀ + Σ xᵢ·ICᵢ, γ)·e(C, δ)`.
///
/// @dev What a right proof does not say: that it is new. Whoever has one makes others for the same inputs, without the
/// witness; so never tell proofs apart by their bytes, and count by a public input instead. Nor that the key is honest:
/// whoever knows the secrets of a circuit's setup proves what he likes. A key that anybody at all could prove with is
/// refused; that is all that a contract can see of it.
interface IGroth16Verifier {
    /// @notice Thrown when the key's length is not that of a key with 1 to 16 public inputs.
    error KeyLength(uint256 length);

    /// @notice Thrown when a point of the key is not canonical, off the curve or outside the subgroup; or no precompile
    /// said that it is not.
    error KeyNotOfPoints();

    /// @notice Thrown when a point of the key is at infinity.
    /// @param offset Where the point begins.
    error KeyAtInfinity(uint256 offset);

    /// @notice Thrown when two of β, γ, δ and the generator are the same but for the sign. Anybody proves anything where
    /// `γ = δ`, by `(α, β, -S)` with `S = IC₀ + Σ xᵢ·ICᵢ`; where `β = δ`, by `(S, γ, -α)`; where `β = γ`, by
    /// `(α + S, β + δ, α + S)`; and in like manner with the other signs. With the generator in such a place the setup was not
    /// finished. (Setups that fix γ to it on purpose lose nothing by another: γ times any number, all ICᵢ divided by it.)
    error KeyProvesAnything();

    /// @notice Thrown when there are not as many inputs as the key has.
    error WrongInputCount(uint256 count, uint256 expected);

    /// @notice Thrown when an input is not below the order of the groups. It would say the same as another number, and so
    /// be a second name of what may be used once.
    error InputNotCanonical(uint256 index);

    /// @notice Thrown when it was not found out whether the proof is right: give more gas. On a chain without the
    /// precompiles of EIP-2537 it never is.
    error Undecided();

    /// @notice Whether the proof is right for these inputs. What is false is false with any amount of gas: a proof of the
    /// wrong length, with a point that is none or at infinity, or that does not fit. The inputs are the caller's to know:
    /// wrong ones revert.
    /// @param inputs The public inputs in the circuit's order, without the leading 1.
    /// @param proof 512 bytes.
    function verify(uint256[] calldata inputs, bytes calldata proof) external view returns (bool);

    /// @notice How many public inputs there are.
    function inputCount() external view returns (uint256);

    /// @notice SHA-256 of the key, to compare with what the circuit's makers publish.
    function keyDigest() external view returns (bytes32);

    /// @notice The key.
    function verifyingKey() external view returns (bytes memory);
}
