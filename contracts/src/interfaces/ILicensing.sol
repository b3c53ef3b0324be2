// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Licences that readers accepted
/// @notice A licence is a text; its hash is accepted by the reader's EIP-712 signature over
/// `LicenceAcceptance(bytes32 subject,bytes32 licence,address reader)` and recorded for good. The domain has name
/// "Stheno Sale" and version "1". Signatures are 65 bytes `r ‖ s ‖ v` or 64 by ERC-2098, with low `s`; those of
/// contracts are checked by ERC-1271.
interface ILicensing {
    /// @notice A reader accepted a licence.
    event LicenceAccepted(bytes32 indexed subject, bytes32 indexed licence, address indexed reader);

    /// @notice Thrown when the reader did not accept the licence.
    error LicenceNotAccepted(bytes32 licence, address reader);

    /// @notice Thrown when a signed purchase names another licence than the offer.
    error WrongLicence(bytes32 named, bytes32 licence);

    /// @notice Records an acceptance; anybody may send it.
    /// @param subject `subjectOf` the item.
    /// @param signature The reader's, over `LicenceAcceptance`.
    function acceptLicence(bytes32 subject, bytes32 licence, address reader, bytes calldata signature)
        external;

    /// @notice What a licence is about when this item is bought: the item, or zero for all that this contract sells.
    function subjectOf(bytes32 item) external view returns (bytes32 subject);

    /// @notice When a reader accepted, in seconds since 1970; 0 for never.
    function acceptedAt(bytes32 subject, bytes32 licence, address reader) external view returns (uint64);
}
