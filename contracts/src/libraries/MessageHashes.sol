// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {
    Accusation,
    CeremonyKind,
    Member,
    Outcome,
    Phase,
    RevealedShare,
    Windows
} from "../types/CommitteeTypes.sol";

/// @title Hashes of everything that members sign
/// @notice The EIP-712 types of a ceremony. They are frozen: Rust, JavaScript and Solidity compute the same
/// bytes. OpenZeppelin's `EIP712` does not fit, since every committee of the contract has its own domain, told
/// apart by the salt.
library MessageHashes {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    bytes32 private constant NAME_HASH = keccak256("Stheno");
    bytes32 private constant VERSION_HASH = keccak256("1");

    bytes32 private constant REGISTRATION_TYPEHASH =
        keccak256("Registration(address operator,address identity,string endpoint,string metadata)");
    bytes32 private constant CEREMONY_KEY_TYPEHASH =
        keccak256("CeremonyKey(uint64 ceremony,bytes32 proposal,uint16 member,bytes32 key)");
    bytes32 private constant APPROVAL_TYPEHASH = keccak256("Approval(uint64 ceremony,bytes32 context)");
    bytes32 private constant REFRESH_TYPEHASH = keccak256("Refresh(uint64 ceremony,bytes32 context)");
    bytes32 private constant DEALING_TYPEHASH =
        keccak256("Dealing(bytes32 context,uint16 dealer,bytes32 dealingHash)");
    bytes32 private constant ACCUSATION_TYPEHASH = keccak256("Accusation(uint16 dealer,bytes32 dealingHash)");
    bytes32 private constant COMPLAINT_TYPEHASH = keccak256(
        "Complaint(bytes32 context,uint16 receiver,Accusation[] accusations)Accusation(uint16 dealer,bytes32 dealingHash)"
    );
    bytes32 private constant REVEALED_SHARE_TYPEHASH =
        keccak256("RevealedShare(uint16 receiver,bytes32 share)");
    bytes32 private constant ANSWER_TYPEHASH = keccak256(
        "Answer(bytes32 context,uint16 dealer,RevealedShare[] shares)RevealedShare(uint16 receiver,bytes32 share)"
    );
    bytes32 private constant CONFIRMATION_TYPEHASH = keccak256(
        "Confirmation(bytes32 context,uint16 receiver,uint256 qualified,bytes networkKey,bytes32 keysRoot,bytes proof)"
    );
    bytes32 private constant EXTENSION_TYPEHASH =
        keccak256("Extension(bytes32 context,uint8 phase,uint16 member,uint8 round)");

    /// @dev Length and text of the tag of network ids.
    bytes private constant NETWORK_ID_TAG = "\x14STHENO-V1-NETWORK-ID";

    /// @notice The network id of a committee of this contract: the salt of its domain, and part of every
    /// identity that anything is sealed to.
    function networkId(uint64 committeeId) internal view returns (bytes32) {
        return sha256(abi.encodePacked(NETWORK_ID_TAG, uint64(block.chainid), address(this), committeeId));
    }

    /// @notice The EIP-712 domain separator of the committee with this network id.
    function domainSeparator(bytes32 network) internal view returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this), network)
        );
    }

    /// @notice Digest of a ceremony's terms.
    function proposal(
        bytes32 network,
        uint64 ceremony,
        CeremonyKind kind,
        uint16 threshold,
        Member[] memory members,
        Member[] memory dealers,
        Windows memory windows
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(network, ceremony, kind, threshold, members, dealers, windows));
    }

    /// @notice Digest of a ceremony's terms and its members' ceremony keys.
    function context(bytes32 proposalDigest, bytes32[] memory ceremonyKeys) internal pure returns (bytes32) {
        return keccak256(abi.encode(proposalDigest, ceremonyKeys));
    }

    /// @notice What confirmations are counted by.
    function outcome(Outcome calldata result) internal pure returns (bytes32) {
        return keccak256(abi.encode(result.qualified, keccak256(result.networkKey), result.keysRoot));
    }

    function registration(
        address operator,
        address identity,
        string calldata endpoint,
        string calldata metadata
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                REGISTRATION_TYPEHASH,
                operator,
                identity,
                keccak256(bytes(endpoint)),
                keccak256(bytes(metadata))
            )
        );
    }

    function ceremonyKey(uint64 ceremony, bytes32 proposalDigest, uint16 member, bytes32 key)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(CEREMONY_KEY_TYPEHASH, ceremony, proposalDigest, member, key));
    }

    function approval(uint64 ceremony, bytes32 contextDigest) internal pure returns (bytes32) {
        return keccak256(abi.encode(APPROVAL_TYPEHASH, ceremony, contextDigest));
    }

    function refresh(uint64 ceremony, bytes32 contextDigest) internal pure returns (bytes32) {
        return keccak256(abi.encode(REFRESH_TYPEHASH, ceremony, contextDigest));
    }

    function dealing(bytes32 contextDigest, uint16 dealer, bytes32 dealingHash)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(DEALING_TYPEHASH, contextDigest, dealer, dealingHash));
    }

    function complaint(bytes32 contextDigest, uint16 receiver, Accusation[] calldata accusations)
        internal
        pure
        returns (bytes32)
    {
        bytes32[] memory hashes = new bytes32[](accusations.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = keccak256(abi.encode(ACCUSATION_TYPEHASH, accusations[i]));
        }
        return keccak256(
            abi.encode(COMPLAINT_TYPEHASH, contextDigest, receiver, keccak256(abi.encodePacked(hashes)))
        );
    }

    function answer(bytes32 contextDigest, uint16 dealer, RevealedShare[] calldata shares)
        internal
        pure
        returns (bytes32)
    {
        bytes32[] memory hashes = new bytes32[](shares.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = keccak256(abi.encode(REVEALED_SHARE_TYPEHASH, shares[i]));
        }
        return
            keccak256(abi.encode(ANSWER_TYPEHASH, contextDigest, dealer, keccak256(abi.encodePacked(hashes))));
    }

    function confirmation(
        bytes32 contextDigest,
        uint16 receiver,
        Outcome calldata result,
        bytes calldata proof
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CONFIRMATION_TYPEHASH,
                contextDigest,
                receiver,
                result.qualified,
                keccak256(result.networkKey),
                result.keysRoot,
                keccak256(proof)
            )
        );
    }

    function extension(bytes32 contextDigest, Phase phase, uint16 member, uint8 round)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(EXTENSION_TYPEHASH, contextDigest, phase, member, round));
    }
}
