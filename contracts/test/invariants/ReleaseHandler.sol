// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ReleaseFixture} from "../support/ReleaseFixture.sol";

/// @title Random creators, deciders and posters of keys, and a book of what may be open and stored
contract ReleaseHandler is ReleaseFixture {
    struct Entry {
        bytes32 item;
        uint64 opensAt;
        address decider;
        bool decided;
        uint64 publishedAt;
        bytes key;
    }

    uint256 private constant PEOPLE = 3;
    uint256 private constant MOST_ITEMS = 12;
    /// With so much gas every verdict is reached.
    uint256 private constant ENOUGH = 2_000_000;

    Entry[] private _book;
    mapping(bytes32 item => uint256 number) private _numberOf;
    /// Steps that went otherwise than the book says.
    uint256 public wrongs;
    /// Keys that were stored, and calls that were refused; to see that a campaign does something.
    uint256 public published;
    uint256 public refused;

    bytes private _networkKey;
    uint256 private _secret;
    bytes32 private _policyHash;

    constructor() {
        setUp();
        _networkKey = networkKey();
        _secret = networkSecret();
        _policyHash = keccak256(releases.policy());
    }

    // --------------------------------------------------------------------- steps

    function stepCreate(uint256 who, uint256 salt, uint256 opensAt, uint256 decider) external {
        if (_book.length == MOST_ITEMS) return;
        uint64 time = opensAt % 4 == 0 ? 0 : uint64(_now() - 100 + bound(opensAt, 0, 1000));
        address by = decider % 3 == 0 ? address(0) : _person(decider);
        bytes32 item = releases.itemOf(_person(who), bytes32(salt % 8));
        bool may = (time != 0 || by != address(0)) && _numberOf[item] == 0;
        vm.prank(_person(who));
        try releases.create(bytes32(salt % 8), time, by) returns (bytes32 made) {
            _judge(may && made == item);
            _book.push(Entry(item, time, by, false, 0, _times(item, _secret)));
            _numberOf[item] = _book.length;
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    function stepDecide(uint256 who, uint256 number, uint256 honest) external {
        if (_book.length == 0) return;
        Entry storage entry = _book[number % _book.length];
        address by = honest % 2 == 0 ? entry.decider : _person(who);
        // Nobody sends as zero, who stands for no decider.
        if (by == address(0)) return;
        bool may = by == entry.decider && !entry.decided;
        vm.prank(by);
        try releases.decide(entry.item) {
            _judge(may);
            entry.decided = true;
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    /// Anybody posts the right key.
    function stepPublish(uint256 who, uint256 number) external {
        if (_book.length == 0) return;
        Entry storage entry = _book[number % _book.length];
        bool may = _isOpen(entry) && entry.publishedAt == 0;
        vm.prank(_person(who));
        try releases.publish(entry.item, entry.key) {
            _judge(may);
            entry.publishedAt = _now();
            ++published;
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    /// Anybody posts another one: another item's, a multiple of the right one, what is no point, another length.
    function stepPublishWrong(uint256 who, uint256 number, uint256 kind, uint256 by) external {
        if (_book.length == 0) return;
        Entry storage entry = _book[number % _book.length];
        bytes memory key = entry.key;
        if (kind % 5 == 0) key = _book[(number % _book.length + 1) % _book.length].key;
        if (kind % 5 == 1) key = _times(entry.item, _secret + bound(by, 1, 1000));
        if (kind % 5 == 2) key[by % 128] = bytes1(uint8(key[by % 128]) ^ uint8(1 << (by % 8)));
        if (kind % 5 == 3) key = new bytes(128);
        if (kind % 5 == 4) key = bytes.concat(key, hex"00");
        if (keccak256(key) == keccak256(entry.key)) return;
        vm.prank(_person(who));
        try releases.publish(entry.item, key) {
            ++wrongs;
        } catch {
            ++refused;
        }
    }

    /// The right key, with gas that may not do: it is stored, or nothing is.
    function stepPublishPoor(uint256 number, uint256 gasLimit) external {
        if (_book.length == 0) return;
        Entry storage entry = _book[number % _book.length];
        gasLimit = bound(gasLimit, 50_000, ENOUGH);
        try releases.publish{gas: gasLimit}(entry.item, entry.key) {
            _judge(_isOpen(entry) && entry.publishedAt == 0);
            entry.publishedAt = _now();
            ++published;
        } catch {
            ++refused;
        }
    }

    /// The right key, where a precompile is missing: nothing is stored.
    function stepPublishWithoutPrecompile(uint256 number, uint256 missing) external {
        if (_book.length == 0) return;
        Entry storage entry = _book[number % _book.length];
        address[4] memory needed = [address(0x05), address(0x0b), address(0x0f), address(0x10)];
        vm.mockCall(needed[missing % 4], bytes(""), bytes(""));
        try releases.publish(entry.item, entry.key) {
            ++wrongs;
        } catch {
            ++refused;
        }
        vm.clearMockedCalls();
    }

    function stepTime(uint256 seconds_) external {
        vm.warp(_now() + bound(seconds_, 1, 200));
    }

    // ------------------------------------------------------------------ the book

    /// Items about which the contract says otherwise than the book.
    function disagreements() external view returns (uint256 count) {
        for (uint256 i = 0; i < _book.length; ++i) {
            Entry storage entry = _book[i];
            if (releases.isOpen(entry.item) != _isOpen(entry)) ++count;
            if (releases.publishedAt(entry.item) != entry.publishedAt) ++count;
            if (releases.release(entry.item).decided != entry.decided) ++count;
            try releases.keyOf(entry.item) returns (bytes memory key) {
                if (entry.publishedAt == 0 || keccak256(key) != keccak256(entry.key)) ++count;
                if (!entry.decided && entry.publishedAt < entry.opensAt) ++count;
            } catch {
                if (entry.publishedAt != 0) ++count;
            }
        }
    }

    /// Whether network key and policy are what they were.
    function isConstant() external view returns (bool) {
        return keccak256(releases.networkKey()) == keccak256(_networkKey)
            && keccak256(releases.policy()) == _policyHash;
    }

    function _isOpen(Entry storage entry) private view returns (bool) {
        return entry.decided || (entry.opensAt != 0 && _now() >= entry.opensAt);
    }

    function _judge(bool right) private {
        if (!right) ++wrongs;
    }

    function _times(bytes32 item, uint256 factor) private view returns (bytes memory) {
        return timesQ(item, factor);
    }

    function _now() private view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }

    function _person(uint256 who) private pure returns (address) {
        return address(uint160(0xbeef00 + who % PEOPLE));
    }
}
