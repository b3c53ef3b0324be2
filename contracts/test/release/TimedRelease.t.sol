// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommitteeErrors} from "../../src/interfaces/ICommitteeErrors.sol";
import {ITimedRelease} from "../../src/interfaces/ITimedRelease.sol";
import {Identities} from "../../src/libraries/Identities.sol";
import {ReleasePolicy} from "../../src/release/ReleasePolicy.sol";
import {ReleaseFixture} from "../support/ReleaseFixture.sol";

/// forge-config: deep.fuzz.runs = 100000
contract TimedReleaseTest is ReleaseFixture {
    uint64 private constant OPENS = 1_800_100_000;
    address private decider = vm.addr(uint256(keccak256("decider")));
    address private anybody = vm.addr(uint256(keccak256("anybody")));

    bytes32 private timed;
    bytes32 private decided;

    function setUp() public override {
        super.setUp();
        timed = releases.create("timed", OPENS, address(0));
        decided = releases.create("decided", 0, decider);
    }

    // ------------------------------------------------------------------- deployment

    function test_constructor_namesTheCommittee() public view {
        bytes memory identity = releases.identityOf(timed);
        bytes32 digest = Identities.policyDigest(releases.policy());
        assertEq(
            identity,
            bytes.concat(
                committee.networkId(id), sha256(committee.epochInfo(id, 1).networkKey), digest, timed
            )
        );
        assertEq(releases.networkKey(), networkKey());
    }

    function test_constructor_failsIfTheKeyIsNotTheCommittees() public {
        bytes memory other = points()[8];
        vm.expectRevert(ITimedRelease.ForeignNetworkKey.selector);
        this.deploy(id, other);
        bytes memory long = bytes.concat(networkKey(), hex"00");
        vm.expectRevert(ITimedRelease.ForeignNetworkKey.selector);
        this.deploy(id, long);
    }

    function test_constructor_failsIfTheCommitteeHasNoKey() public {
        vm.prank(owner);
        uint64 second = committee.createCommittee(windows, false);
        bytes memory key = networkKey();
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.UnknownEpoch.selector, 1));
        this.deploy(second, key);
    }

    /// @dev A call of its own: a cheatcode that deploys would end the test where a revert is expected of it.
    function deploy(uint64 committeeId, bytes calldata key) external returns (ITimedRelease) {
        return deployReleases(committeeId, key);
    }

    function test_policy_isCanonicalCbor() public pure {
        address to = 0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359;
        bytes memory tail = hex"0254fb6916095ca1df60bb79ce92ce3ea74c37c5d359"
            hex"047569734f70656e28627974657333322928626f6f6c29" hex"0581a100646974656d068100" hex"07000881f5";
        assertEq(ReleasePolicy.encode(1, to), bytes.concat(hex"a20101028210a70101", tail));
        assertEq(ReleasePolicy.encode(23, to), bytes.concat(hex"a20101028210a70117", tail));
        assertEq(ReleasePolicy.encode(24, to), bytes.concat(hex"a20101028210a7011818", tail));
        assertEq(ReleasePolicy.encode(255, to), bytes.concat(hex"a20101028210a70118ff", tail));
        assertEq(ReleasePolicy.encode(314, to), bytes.concat(hex"a20101028210a70119013a", tail));
        assertEq(ReleasePolicy.encode(314159, to), bytes.concat(hex"a20101028210a7011a0004cb2f", tail));
        assertEq(
            ReleasePolicy.encode(1 << 32, to), bytes.concat(hex"a20101028210a7011b0000000100000000", tail)
        );
    }

    function test_policy_isTheCrates() public view {
        string memory policies = vm.readFile("../tests/vectors/protocol-policies.json");
        uint256 found;
        for (uint256 i = 0; vm.keyExistsJson(policies, _policy(i, "name")); ++i) {
            string memory name = vm.parseJsonString(policies, _policy(i, "name"));
            if (keccak256(bytes(name)) != keccak256("what opens to everybody")) continue;
            ++found;
            bytes memory ours = ReleasePolicy.encode(314, 0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359);
            assertEq(ours, vm.parseJsonBytes(policies, _policy(i, "cbor")));
            bytes32 digest = vm.parseJsonBytes32(policies, _policy(i, "digest"));
            assertEq(Identities.policyDigest(ours), digest);
        }
        assertEq(found, 1);
    }

    // -------------------------------------------------------------------------- items

    function test_create_namesTheItemByItsCreator() public {
        assertEq(timed, releases.itemOf(address(this), "timed"));
        vm.prank(anybody);
        bytes32 other = releases.create("timed", OPENS, address(0));
        assertEq(other, releases.itemOf(anybody, "timed"));
        assertNotEq(timed, other);
    }

    function test_create_recordsTheTerms() public {
        vm.expectEmit();
        emit ITimedRelease.Created(releases.itemOf(address(this), "both"), address(this), OPENS, decider);
        bytes32 both = releases.create("both", OPENS, decider);
        ITimedRelease.Release memory record = releases.release(both);
        assertEq(record.decider, decider);
        assertEq(record.opensAt, OPENS);
        assertFalse(record.decided);
        assertEq(record.publishedAt, 0);
    }

    function test_create_failsIfTheSaltIsUsed() public {
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.AlreadyCreated.selector, timed));
        releases.create("timed", OPENS + 1, decider);
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.AlreadyCreated.selector, decided));
        releases.create("decided", OPENS, address(0));
    }

    function test_create_failsIfItWouldNeverOpen() public {
        vm.expectRevert(ITimedRelease.NeverOpens.selector);
        releases.create("never", 0, address(0));
    }

    /// A revert is unknown to the nodes, and unknown never grants.
    function test_isOpen_failsIfNobodyMadeTheItem() public {
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.UnknownItem.selector, bytes32("x")));
        releases.isOpen("x");
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.UnknownItem.selector, bytes32("x")));
        releases.release("x");
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.UnknownItem.selector, bytes32("x")));
        releases.publish("x", new bytes(128));
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.UnknownItem.selector, bytes32("x")));
        releases.decide("x");
    }

    /// forge-config: default.fuzz.runs = 1000
    function testFuzz_isOpen_turnsAtTheTime(uint64 opensAt, uint64 now_) public {
        opensAt = opensAt == 0 ? 1 : opensAt;
        bytes32 item = releases.create("fuzzed", opensAt, address(0));
        vm.warp(now_);
        assertEq(releases.isOpen(item), now_ >= opensAt);
    }

    function test_decide_opensForGood() public {
        assertFalse(releases.isOpen(decided));
        vm.warp(type(uint64).max);
        assertFalse(releases.isOpen(decided));
        vm.expectEmit();
        emit ITimedRelease.Decided(decided);
        vm.prank(decider);
        releases.decide(decided);
        assertTrue(releases.isOpen(decided));
    }

    function test_decide_opensBeforeTheTime() public {
        bytes32 both = releases.create("both", OPENS, decider);
        vm.prank(decider);
        releases.decide(both);
        assertTrue(releases.isOpen(both));
    }

    function test_decide_failsIfTheSenderIsNotTheDecider() public {
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.NotTheDecider.selector, address(this), decider));
        releases.decide(decided);
        vm.expectRevert(
            abi.encodeWithSelector(ITimedRelease.NotTheDecider.selector, address(this), address(0))
        );
        releases.decide(timed);
    }

    function test_decide_failsTheSecondTime() public {
        vm.startPrank(decider);
        releases.decide(decided);
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.AlreadyDecided.selector, decided));
        releases.decide(decided);
    }

    // --------------------------------------------------------------------------- keys

    function test_publish_storesTheKeyOfWhoeverPostsIt() public {
        bytes memory key = keyOf(timed);
        vm.warp(OPENS + 7);
        vm.expectEmit();
        emit ITimedRelease.Published(timed, key);
        vm.prank(anybody);
        releases.publish(timed, key);
        assertEq(releases.keyOf(timed), key);
        assertEq(releases.publishedAt(timed), OPENS + 7);
        assertEq(releases.release(timed).publishedAt, OPENS + 7);
    }

    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_publish_storesTheKeysOfAllItems(bytes32 salt) public {
        bytes32 item = releases.create(keccak256(abi.encode(salt)), 1, address(0));
        bytes memory key = keyOf(item);
        releases.publish(item, key);
        assertEq(releases.keyOf(item), key);
    }

    function test_publish_storesAKeyThatWasDecidedOn() public {
        vm.prank(decider);
        releases.decide(decided);
        releases.publish(decided, keyOf(decided));
        assertEq(releases.keyOf(decided), keyOf(decided));
    }

    function test_publish_failsBeforeTheItemIsOpen() public {
        bytes memory key = keyOf(timed);
        vm.warp(OPENS - 1);
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.NotOpenYet.selector, timed));
        releases.publish(timed, key);
        key = keyOf(decided);
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.NotOpenYet.selector, decided));
        releases.publish(decided, key);
    }

    function test_publish_failsTheSecondTime() public {
        vm.warp(OPENS);
        bytes memory key = keyOf(timed);
        releases.publish(timed, key);
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.AlreadyPublished.selector, timed));
        releases.publish(timed, key);
    }

    function test_publish_failsIfTheKeyIsWrong() public {
        bytes[7] memory wrong = [
            keyOf(decided),
            timesQ(timed, 1),
            timesQ(timed, networkSecret() + 1),
            bytes(""),
            new bytes(128),
            bytes.concat(keyOf(timed), hex"00"),
            _bent(keyOf(timed))
        ];
        vm.warp(OPENS);
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ITimedRelease.WrongKey.selector, timed));
            releases.publish(timed, wrong[i]);
            _assertNothingStored();
        }
    }

    /// forge-config: default.fuzz.runs = 1000
    /// forge-config: deep.fuzz.runs = 20000
    function testFuzz_publish_failsIfABitIsFlipped(uint256 bit) public {
        bytes memory key = keyOf(timed);
        bit = bound(bit, 0, 8 * 128 - 1);
        key[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        vm.warp(OPENS);
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.WrongKey.selector, timed));
        releases.publish(timed, key);
    }

    function test_publish_failsIfAPrecompileIsAbsent() public {
        bytes memory key = keyOf(timed);
        vm.warp(OPENS);
        address[4] memory needed = [address(0x05), address(0x0b), address(0x0f), address(0x10)];
        for (uint256 i = 0; i < needed.length; ++i) {
            vm.mockCall(needed[i], bytes(""), bytes(""));
            vm.expectRevert(abi.encodeWithSelector(ITimedRelease.NotDecided.selector, timed));
            releases.publish(timed, key);
            _assertNothingStored();
            vm.clearMockedCalls();
        }
        releases.publish(timed, key);
    }

    /// With whatever gas: a right key is stored or nothing is, and it is never called wrong.
    function test_publish_isNeverMisledForWantOfGas() public {
        bytes memory key = keyOf(timed);
        bytes memory wrong = keyOf(decided);
        bytes memory bent = _bent(key);
        vm.warp(OPENS);
        bool[3] memory seen;
        for (uint256 gasLimit = 20_000; releases.publishedAt(timed) == 0; gasLimit += 500) {
            assertLt(gasLimit, 1_000_000);
            try releases.publish{gas: gasLimit}(timed, wrong) {
                revert("a wrong key was stored");
            } catch {}
            try releases.publish{gas: gasLimit}(timed, bent) {
                revert("a bent key was stored");
            } catch {}
            try releases.publish{gas: gasLimit}(timed, key) {
                seen[0] = true;
            } catch (bytes memory why) {
                assertNotEq(bytes32(why), bytes32(ITimedRelease.WrongKey.selector));
                seen[why.length == 0 ? 1 : 2] = true;
            }
        }
        assertTrue(seen[0] && seen[1] && seen[2]);
        assertEq(releases.keyOf(timed), key);
    }

    function test_keyOf_failsIfThereIsNone() public {
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.NotPublished.selector, timed));
        releases.keyOf(timed);
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.NotPublished.selector, bytes32("x")));
        releases.keyOf("x");
    }

    function test_size_isBelowTheLimit() public view {
        assertLt(address(releases).code.length, 24_576);
    }

    function _assertNothingStored() private {
        assertEq(releases.publishedAt(timed), 0);
        vm.expectRevert(abi.encodeWithSelector(ITimedRelease.NotPublished.selector, timed));
        releases.keyOf(timed);
    }

    function _policy(uint256 i, string memory name) private pure returns (string memory) {
        return string.concat(".policies[", vm.toString(i), "].", name);
    }

    /// @dev Off the curve.
    function _bent(bytes memory key) private pure returns (bytes memory bent) {
        bent = bytes.concat(key);
        bent[127] ^= 0x01;
    }
}
