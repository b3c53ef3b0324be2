// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "./IAccessCondition.sol";
import {IGroth16Verifier} from "./IGroth16Verifier.sol";
import {IGroupRoot} from "./IGroupRoot.sol";

/// @title Uses by members of a group who do not say which: each member once for an item and a period
/// @notice A member sends, or has anybody send, a proof that says: I am in the group of this root, and my nullifier for
/// this scope is this number. The nullifier is the same in all of a member's proofs for one scope, and tells nothing of
/// who he is; it is recorded, and not taken twice. Then the recipient that the proof names may read the item until the
/// period ends: this contract is the condition, `canRead`, for a policy's `call` leaf or a `Condition` of the registry.
///
/// Where uses are to be limited, it takes this record. Nodes that verify a proof for themselves limit nothing: each
/// answers alone, and none knows what was shown to the others or before.
///
/// Public inputs, in this order: root, nullifier, scope, binding. A credential's circuit has more: the bounds, which are
/// this contract's for good, and last a time, until which the proof says that the credential holds. Who proves chooses it,
/// late enough for the proof to be mined: at the block's time it must not have passed.
///
/// *Scope*, `toScalar(chain id ‖ this contract ‖ item ‖ period)`: what is to happen once. Nothing of it can be chosen by
/// who proves, and no two contracts share one, so that a member's uses here and elsewhere are not linked.
///
/// *Binding*, `toScalar(chain id ‖ this contract ‖ recipient)`: whom the proof is for. Who sees a proof on its way can
/// send it himself and pays for it, and it counts for the same recipient. So the sender can be anybody, such as a relayer
/// who is paid otherwise, and the recipient's account needs no coins that tell whose it is.
///
/// `toScalar` is `hash_to_field` of RFC 9380 with SHA-256 and 48 bytes, as for all scalars of the protocol, whose bias is
/// below 2^-128. Tags are `STHENO-V1-NULLIFIER-SCOPE` and `STHENO-V1-NULLIFIER-BINDING`; chain id and period have 8
/// bytes, big-endian.
///
/// @dev What is limited is who may read, not how often: a recipient reads as he likes until the period ends, and what he
/// opened stays open to him. What is not given: a recipient's account is public, and that it reads; only the member is
/// hidden, among those of the root, and no better than a group of that size hides anybody. A use stays one when its
/// member is removed: it ends with its period, or never where there are none. Members can lend their secrets. Periods
/// are told by block times: a proof that is mined in the next period is refused.
interface INullifiers is IAccessCondition {
    /// @notice A member used an item.
    event Used(
        bytes32 indexed item,
        uint64 indexed period,
        address indexed recipient,
        uint256 nullifier,
        uint256 root
    );

    /// @notice Thrown when the verifier's circuit has not as many inputs as this contract gives.
    error WrongVerifier(uint256 inputCount, uint256 expected);

    /// @notice Thrown when a bound is deployed that is above 2^64 - 1: the circuit's comparison would wrap.
    error BoundTooLarge(uint256 bound);

    /// @notice Thrown before the first period.
    error NotBegun(uint64 start);

    /// @notice Thrown when the proof's root is not, or no longer, the group's.
    error RootNotValid(uint256 root);

    /// @notice Thrown when the proof is for another scope: of another contract or item, or a period that is not now.
    error WrongScope(uint256 scope, uint256 expected);

    /// @notice Thrown when the proof is for another recipient, or contract.
    error WrongBinding(uint256 binding, uint256 expected);

    /// @notice Thrown when the proof's bounds are not this contract's.
    error WrongBounds();

    /// @notice Thrown when the time, until which the proof says that the credential holds, has passed or is above 2^64 - 1.
    error WrongTime(uint256 time);

    /// @notice Thrown when the member has used the item in this period, be it with another proof.
    error AlreadyUsed(uint256 nullifier);

    /// @notice Thrown when the proof is not right.
    error InvalidProof();

    /// @notice Records a use, which counts for the period that it is mined in. Anybody may send it.
    /// @param item What is used.
    /// @param recipient Who may read then; the proof names him.
    /// @param inputs Root, nullifier, scope, binding; of a credential then bounds, time.
    /// @param proof 512 bytes, see `IGroth16Verifier`.
    function use(bytes32 item, address recipient, uint256[] calldata inputs, bytes calldata proof) external;

    /// @notice Whether a use was recorded for the recipient.
    function isRecorded(bytes32 item, uint64 period, address recipient) external view returns (bool);

    /// @notice Whether a nullifier was used.
    function isUsed(bytes32 item, uint64 period, uint256 nullifier) external view returns (bool);

    /// @notice The period that is now, from 0. Reverts before the first.
    function currentPeriod() external view returns (uint64);

    /// @notice The scope of an item in a period.
    function scopeOf(bytes32 item, uint64 period) external view returns (uint256);

    /// @notice The binding of a proof for a recipient.
    function bindingOf(address recipient) external view returns (uint256);

    /// @notice Whose members.
    function group() external view returns (IGroupRoot);

    /// @notice Who verifies.
    function verifier() external view returns (IGroth16Verifier);

    /// @notice When the first period begins, in seconds since 1970.
    function start() external view returns (uint64);

    /// @notice How many seconds a period has; 0 if there is one that does not end.
    function periodLength() external view returns (uint64);

    /// @notice The public inputs between the fourth and the time.
    function bounds() external view returns (uint256[] memory);
}
