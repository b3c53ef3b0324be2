// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bls12381} from "./Bls12381.sol";
import {Eip2537} from "./Eip2537.sol";
import {Identities} from "./Identities.sol";

/// @notice What was found out about a statement. The zero value is the one that proves nothing.
/// @param Undecided Nothing was found out: a precompile did not answer, or the keys that the caller brought are
/// none. Never act on it, neither for the statement nor against it.
/// @param Valid The statement is true.
/// @param Invalid The statement is false, whoever called, with however little gas.
enum Verdict {
    Undecided,
    Valid,
    Invalid
}

/// @notice What a node, or a committee together, returns for an identity and a reader's key `B`:
/// `(k·P1, k·P2, k·B + s·Q)`, each as EIP-2537 writes it.
/// @param c1 128 bytes, in G1.
/// @param c2 256 bytes, in G2.
/// @param c3 128 bytes, in G1.
struct ReencryptionShare {
    bytes c1;
    bytes c2;
    bytes c3;
}

/// @title Checks of what a committee gives out
/// @notice The equations of crates/crypto/SPEC.md §5 and §6, by the precompiles of EIP-2537. All points are as these
/// take them; one that is not canonical, not on the curve, outside the subgroup, at infinity or of another length
/// proves nothing. There are two kinds of arguments. The *claim* is what is judged: a key, a share. The *terms* (the
/// identity, the network key or a node's key, the reader's key) are what it is judged by, and the caller's to know: what
/// is wrong with them is nobody else's fault, and a claim that is not wrong by itself is `Undecided`.
///
/// @dev A failed call of the pairing precompile has two causes that look alike: a bad point, or too little gas, which
/// whoever calls the contract chooses. So a failed call is followed by a second one, the *control*, which has the same
/// length and the same terms, and generators in place of the claim. It gets no more gas than the first: each may have
/// half of what was left, and pairing costs depend on the length alone. If the control is answered, gas, precompile and
/// terms were in order, and the claim was at fault: `Invalid`. If it is not, `Undecided`. A call that succeeds with
/// anything but 0 or 1 in 32 bytes (FEVM, where a precompile is missing: with nothing) is `Undecided` at once. Costs
/// are written down nowhere, since Filecoin's differ from Ethereum's and may change. The price is that twice the gas of
/// a pairing must be at hand; it is not spent. (The FEVM's precompiles take no gas limit. There want of gas ends the
/// call of whoever contains this library, and the control is for bad points alone.)
library ThresholdVerifier {
    uint256 private constant IDENTITY_BYTES = 128;

    /// @notice Whether `key` is what the identity's key is under this network key: `e(K, P2) = e(Q, PK)`.
    /// @dev Everybody who has it opens everything that was sealed to the identity.
    /// @param identity 128 bytes, see `Identities`: a term.
    /// @param networkKey 256 bytes: a term.
    /// @param key 128 bytes: the claim.
    function openedKey(bytes memory identity, bytes memory networkKey, bytes memory key)
        internal
        view
        returns (Verdict)
    {
        if (identity.length != IDENTITY_BYTES || !_isFinite(networkKey, Eip2537.G2_BYTES)) {
            return Verdict.Undecided;
        }
        if (!_isFinite(key, Eip2537.G1_BYTES)) return Verdict.Invalid;
        (bool answered, bytes memory point) = Identities.point(identity);
        if (!answered) return Verdict.Undecided;
        bytes memory terms = bytes.concat(Eip2537.g2Negative(), point, networkKey);
        return judge(bytes.concat(key, terms), bytes.concat(Eip2537.g1(), terms));
    }

    /// @notice Whether `share` is what the holder of the secret behind `signer` returns for this identity and reader:
    /// `e(C1, P2) = e(P1, C2)` and `e(C3, P2) = e(B, C2)·e(Q, S)`. With a node's key `X_i` as the signer it is that
    /// node's share; with the network key it is the combined share of a threshold of nodes.
    /// @param identity 128 bytes, see `Identities`: a term.
    /// @param signer 256 bytes: a term.
    /// @param readerKey 128 bytes: a term.
    /// @param share The claim.
    function reencryptionShare(
        bytes memory identity,
        bytes memory signer,
        bytes memory readerKey,
        ReencryptionShare memory share
    ) internal view returns (Verdict) {
        if (
            identity.length != IDENTITY_BYTES || !_isFinite(signer, Eip2537.G2_BYTES)
                || !_isFinite(readerKey, Eip2537.G1_BYTES)
        ) {
            return Verdict.Undecided;
        }
        if (
            !_isFinite(share.c1, Eip2537.G1_BYTES) || !_isFinite(share.c2, Eip2537.G2_BYTES)
                || !_isFinite(share.c3, Eip2537.G1_BYTES)
        ) {
            return Verdict.Invalid;
        }
        Verdict masked = _sameMask(share.c1, share.c2);
        if (masked != Verdict.Valid) return masked;
        (bool answered, bytes memory point) = Identities.point(identity);
        if (!answered) return Verdict.Undecided;
        return judge(
            _opening(share.c3, readerKey, share.c2, bytes.concat(point, signer)),
            _opening(Eip2537.g1(), readerKey, Eip2537.g2(), bytes.concat(point, signer))
        );
    }

    /// @notice The 288 bytes that a node sends for a share, whose digest its receipt signs:
    /// `C1 ‖ C3` uncompressed, `C2` compressed.
    /// @dev Of a share whose points are canonical; a verdict of `Valid` says so.
    function wire(ReencryptionShare memory share) internal pure returns (bytes memory) {
        return bytes.concat(
            Bls12381.uncompressed(share.c1), Bls12381.uncompressed(share.c3), Bls12381.compressed(share.c2)
        );
    }

    /// @dev `e(C1, P2) = e(P1, C2)`: the same `k` in both.
    function _sameMask(bytes memory c1, bytes memory c2) private view returns (Verdict) {
        bytes memory between = bytes.concat(Eip2537.g2Negative(), Eip2537.g1());
        return judge(bytes.concat(c1, between, c2), bytes.concat(Eip2537.g1(), between, Eip2537.g2()));
    }

    /// @dev The factors of `e(C3, P2) = e(B, C2)·e(Q, S)`.
    function _opening(bytes memory c3, bytes memory readerKey, bytes memory c2, bytes memory key)
        private
        pure
        returns (bytes memory)
    {
        return bytes.concat(c3, Eip2537.g2Negative(), readerKey, c2, key);
    }

    /// @notice Whether the product of `pairs` is 1; see above for `control`.
    function judge(bytes memory pairs, bytes memory control) internal view returns (Verdict) {
        uint256 gasLimit = gasleft() / 2;
        Eip2537.Answer answer = Eip2537.pairingCheck(gasLimit, pairs);
        if (answer == Eip2537.Answer.One) return Verdict.Valid;
        if (answer == Eip2537.Answer.NotOne) return Verdict.Invalid;
        if (answer == Eip2537.Answer.Nothing) return Verdict.Undecided;
        answer = Eip2537.pairingCheck(gasLimit, control);
        bool answered = answer == Eip2537.Answer.One || answer == Eip2537.Answer.NotOne;
        return answered ? Verdict.Invalid : Verdict.Undecided;
    }

    /// @dev Whether a point has its length and is not at infinity, which the precompile takes and the scheme does not.
    function _isFinite(bytes memory point, uint256 length) private pure returns (bool) {
        return point.length == length && !Eip2537.isInfinity(point);
    }
}
