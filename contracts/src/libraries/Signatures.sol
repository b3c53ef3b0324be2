// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Signatures of keys and of contracts
/// @notice Of a key 65 bytes `r ‖ s ‖ v`, or 64 by ERC-2098, with low `s`; of a contract what its ERC-1271 takes. What
/// was signed must bear a number or be harmless when it is repeated: the two forms are two byte strings.
library Signatures {
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (signer.code.length > 0) {
            return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
        }
        (uint8 v, bytes32 r, bytes32 s) = ECDSA.parseCalldata(signature);
        (address recovered, ECDSA.RecoverError fault,) = ECDSA.tryRecover(digest, v, r, s);
        return fault == ECDSA.RecoverError.NoError && recovered == signer;
    }
}
