// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {MessageHashes} from "../../src/libraries/MessageHashes.sol";
import {Accusation, Outcome, Phase, RevealedShare} from "../../src/types/CommitteeTypes.sol";

/// @title The message hashes, callable: they take calldata
contract HashesHarness {
    function networkId(uint64 committeeId) external view returns (bytes32) {
        return MessageHashes.networkId(committeeId);
    }

    function domainSeparator(bytes32 network) external view returns (bytes32) {
        return MessageHashes.domainSeparator(network);
    }

    function registration(
        address operator,
        address identity,
        string calldata endpoint,
        string calldata metadata
    ) external pure returns (bytes32) {
        return MessageHashes.registration(operator, identity, endpoint, metadata);
    }

    function ceremonyKey(uint64 ceremony, bytes32 proposal, uint16 member, bytes32 key)
        external
        pure
        returns (bytes32)
    {
        return MessageHashes.ceremonyKey(ceremony, proposal, member, key);
    }

    function approval(uint64 ceremony, bytes32 context) external pure returns (bytes32) {
        return MessageHashes.approval(ceremony, context);
    }

    function refresh(uint64 ceremony, bytes32 context) external pure returns (bytes32) {
        return MessageHashes.refresh(ceremony, context);
    }

    function dealing(bytes32 context, uint16 dealer, bytes32 dealingHash) external pure returns (bytes32) {
        return MessageHashes.dealing(context, dealer, dealingHash);
    }

    function complaint(bytes32 context, uint16 receiver, Accusation[] calldata accusations)
        external
        pure
        returns (bytes32)
    {
        return MessageHashes.complaint(context, receiver, accusations);
    }

    function answer(bytes32 context, uint16 dealer, RevealedShare[] calldata shares)
        external
        pure
        returns (bytes32)
    {
        return MessageHashes.answer(context, dealer, shares);
    }

    function confirmation(bytes32 context, uint16 receiver, Outcome calldata outcome, bytes calldata proof)
        external
        pure
        returns (bytes32)
    {
        return MessageHashes.confirmation(context, receiver, outcome, proof);
    }

    function extension(bytes32 context, Phase phase, uint16 member, uint8 round)
        external
        pure
        returns (bytes32)
    {
        return MessageHashes.extension(context, phase, member, round);
    }
}
