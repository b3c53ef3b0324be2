// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommittee} from "../interfaces/ICommittee.sol";
import {ITimedRelease} from "../interfaces/ITimedRelease.sol";
import {Identities} from "../libraries/Identities.sol";
import {ThresholdVerifier, Verdict} from "../libraries/ThresholdVerifier.sol";
import {ReleasePolicy} from "./ReleasePolicy.sol";

/// @title Keys that become public, for the committee of one network
contract TimedRelease is ITimedRelease {
    bytes32 private constant ITEM_TYPEHASH =
        keccak256("TimedReleaseItem(uint256 chainId,address contract,address creator,bytes32 salt)");

    /// @notice Names the committee.
    bytes32 public immutable networkId;
    /// @notice SHA-256 of the compressed network key.
    bytes32 public immutable fingerprint;
    /// @notice Names `policy()`.
    bytes32 public immutable policyDigest;

    // The network key never changes, and code is cheaper to read than storage. Its x and y, real part first.
    bytes32 private immutable _KEY_0;
    bytes32 private immutable _KEY_1;
    bytes32 private immutable _KEY_2;
    bytes32 private immutable _KEY_3;
    bytes32 private immutable _KEY_4;
    bytes32 private immutable _KEY_5;
    bytes32 private immutable _KEY_6;
    bytes32 private immutable _KEY_7;

    mapping(bytes32 item => Release) private _releases;
    /// @dev Keys without the padding of their coordinates, which is zero: x ‖ y.
    mapping(bytes32 item => bytes32[3]) private _keys;

    /// @param committee The contract of the committee, on this chain.
    /// @param committeeId Its number there; it must have a key.
    /// @param networkKey_ The key, 256 bytes as EIP-2537 writes it; the committee's contract tells it compressed.
    constructor(ICommittee committee, uint64 committeeId, bytes memory networkKey_) {
        bytes32 pinned = sha256(committee.epochInfo(committeeId, 1).networkKey);
        require(
            networkKey_.length == 256 && Identities.fingerprint(networkKey_) == pinned, ForeignNetworkKey()
        );
        networkId = Identities.networkId(uint64(block.chainid), address(committee), committeeId);
        fingerprint = pinned;
        policyDigest = Identities.policyDigest(policy());
        bytes32[8] memory words = abi.decode(networkKey_, (bytes32[8]));
        (_KEY_0, _KEY_1, _KEY_2, _KEY_3) = (words[0], words[1], words[2], words[3]);
        (_KEY_4, _KEY_5, _KEY_6, _KEY_7) = (words[4], words[5], words[6], words[7]);
    }

    /// @inheritdoc ITimedRelease
    function create(bytes32 salt, uint64 opensAt, address decider) external returns (bytes32 item) {
        require(opensAt != 0 || decider != address(0), NeverOpens());
        item = itemOf(msg.sender, salt);
        require(!_exists(_releases[item]), AlreadyCreated(item));
        _releases[item] = Release({decider: decider, opensAt: opensAt, decided: false, publishedAt: 0});
        emit Created(item, msg.sender, opensAt, decider);
    }

    /// @inheritdoc ITimedRelease
    function decide(bytes32 item) external {
        Release storage record = _release(item);
        require(msg.sender == record.decider, NotTheDecider(msg.sender, record.decider));
        require(!record.decided, AlreadyDecided(item));
        record.decided = true;
        emit Decided(item);
    }

    /// @inheritdoc ITimedRelease
    function publish(bytes32 item, bytes calldata key) external {
        Release storage record = _release(item);
        require(record.publishedAt == 0, AlreadyPublished(item));
        require(_isOpen(record), NotOpenYet(item));
        Verdict verdict = ThresholdVerifier.openedKey(identityOf(item), networkKey(), key);
        require(verdict != Verdict.Invalid, WrongKey(item));
        require(verdict == Verdict.Valid, NotDecided(item));
        record.publishedAt = uint64(block.timestamp);
        // A key that is right is canonical, and so its padding zero.
        _keys[item] =
            [bytes32(key[16:48]), bytes32(bytes.concat(key[48:64], key[80:96])), bytes32(key[96:128])];
        emit Published(item, key);
    }

    /// @inheritdoc ITimedRelease
    function isOpen(bytes32 item) external view returns (bool) {
        return _isOpen(_release(item));
    }

    /// @inheritdoc ITimedRelease
    function keyOf(bytes32 item) external view returns (bytes memory) {
        require(_releases[item].publishedAt != 0, NotPublished(item));
        bytes32[3] memory words = _keys[item];
        bytes16 padding;
        bytes16 xTail = bytes16(words[1]);
        bytes16 yHead = bytes16(words[1] << 128);
        return bytes.concat(padding, words[0], xTail, padding, yHead, words[2]);
    }

    /// @inheritdoc ITimedRelease
    function publishedAt(bytes32 item) external view returns (uint64) {
        return _releases[item].publishedAt;
    }

    /// @inheritdoc ITimedRelease
    function release(bytes32 item) external view returns (Release memory) {
        return _release(item);
    }

    /// @inheritdoc ITimedRelease
    function itemOf(address creator, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(ITEM_TYPEHASH, block.chainid, address(this), creator, salt));
    }

    /// @inheritdoc ITimedRelease
    function identityOf(bytes32 item) public view returns (bytes memory) {
        return Identities.identity(networkId, fingerprint, policyDigest, item);
    }

    /// @inheritdoc ITimedRelease
    function policy() public view returns (bytes memory) {
        return ReleasePolicy.encode(uint64(block.chainid), address(this));
    }

    /// @inheritdoc ITimedRelease
    function networkKey() public view returns (bytes memory) {
        return bytes.concat(_KEY_0, _KEY_1, _KEY_2, _KEY_3, _KEY_4, _KEY_5, _KEY_6, _KEY_7);
    }

    function _isOpen(Release storage record) private view returns (bool) {
        return record.decided || (record.opensAt != 0 && block.timestamp >= record.opensAt);
    }

    function _release(bytes32 item) private view returns (Release storage record) {
        record = _releases[item];
        require(_exists(record), UnknownItem(item));
    }

    function _exists(Release storage record) private view returns (bool) {
        return record.opensAt != 0 || record.decider != address(0);
    }
}
