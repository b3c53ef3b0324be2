// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ILicensing} from "../interfaces/ILicensing.sol";
import {Signatures} from "../libraries/Signatures.sol";

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Licences that readers accepted
abstract contract Licensing is ILicensing, EIP712("Stheno Sale", "1") {
    bytes32 private constant ACCEPTANCE_TYPEHASH =
        keccak256("LicenceAcceptance(bytes32 subject,bytes32 licence,address reader)");

    mapping(bytes32 subject => mapping(bytes32 licence => mapping(address reader => uint64))) private
        _accepted;

    /// @inheritdoc ILicensing
    function acceptLicence(bytes32 subject, bytes32 licence, address reader, bytes calldata signature)
        external
    {
        _accept(subject, licence, reader, signature);
    }

    /// @inheritdoc ILicensing
    function acceptedAt(bytes32 subject, bytes32 licence, address reader) public view returns (uint64) {
        return _accepted[subject][licence][reader];
    }

    /// @dev Reverts unless there is no licence, or the reader accepts it now or did before.
    function _requireLicence(bytes32 subject, bytes32 licence, address reader, bytes calldata consent)
        internal
    {
        if (licence == 0 || acceptedAt(subject, licence, reader) != 0) return;
        _accept(subject, licence, reader, consent);
    }

    /// @dev For an acceptance that was checked.
    function _record(bytes32 subject, bytes32 licence, address reader) internal {
        if (licence == 0 || acceptedAt(subject, licence, reader) != 0) return;
        _accepted[subject][licence][reader] = uint64(block.timestamp);
        emit LicenceAccepted(subject, licence, reader);
    }

    function _accept(bytes32 subject, bytes32 licence, address reader, bytes calldata signature) private {
        bytes32 digest =
            _hashTypedDataV4(keccak256(abi.encode(ACCEPTANCE_TYPEHASH, subject, licence, reader)));
        require(Signatures.isValid(reader, digest, signature), LicenceNotAccepted(licence, reader));
        _record(subject, licence, reader);
    }
}
