// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {
    Accusation,
    CeremonyInfo,
    Member,
    Outcome,
    Phase,
    RevealedShare,
    Windows
} from "../../src/types/CommitteeTypes.sol";
import {G2Vectors} from "./G2Vectors.sol";
import {HashesHarness} from "./HashesHarness.sol";
import {KeysTree} from "./KeysTree.sol";

/// @title A committee, people who may be members, and everything that they send
/// @dev People are numbers; each has an operator and an identity key. `members` and `dealers` say which
/// person an index of the current ceremony stands for. Steps are public so that a test can write
/// `vm.expectRevert(…); this.deal(1);`, where one call is the step with all that it looks up before.
abstract contract CeremonyFixture is G2Vectors {
    ICommittee internal committee;
    HashesHarness internal hashes;
    address internal owner = vm.addr(uint256(keccak256("owner")));
    Windows internal windows =
        Windows({deal: 10, complain: 11, answer: 12, confirm: 13, margin: 3, consentDelay: 5});
    uint64 internal id;

    uint64 internal ceremony;
    uint256[] internal members;
    uint256[] internal dealers;

    function setUp() public virtual {
        vm.roll(1000);
        committee = ICommittee(vm.deployCode("Committee.sol:Committee"));
        hashes = new HashesHarness();
        vm.prank(owner);
        id = committee.createCommittee(windows, false);
    }

    // -------------------------------------------------------------------- people

    function operatorKey(uint256 person) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("operator", person)));
    }

    function identityKey(uint256 person) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("identity", person)));
    }

    function operatorOf(uint256 person) internal pure returns (address) {
        return vm.addr(operatorKey(person));
    }

    function identityOf(uint256 person) internal pure returns (address) {
        return vm.addr(identityKey(person));
    }

    /// @dev The people `from .. to`.
    function people(uint256 from, uint256 to) internal pure returns (uint256[] memory list) {
        list = new uint256[](to + 1 - from);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = from + i;
        }
    }

    function operatorsOf(uint256[] memory list) internal pure returns (address[] memory operators) {
        operators = new address[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            operators[i] = operatorOf(list[i]);
        }
    }

    function sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", committee.domainSeparator(id), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // ------------------------------------------------------------------- consent

    function register(uint256 person) public {
        bytes32 structHash =
            hashes.registration(operatorOf(person), identityOf(person), "http://localhost", "{}");
        bytes memory signature = sign(identityKey(person), structHash);
        vm.prank(operatorOf(person));
        committee.register(id, identityOf(person), "http://localhost", "{}", signature);
    }

    function registerAll(uint256 count) public {
        for (uint256 person = 1; person <= count; ++person) {
            register(person);
        }
    }

    function propose(uint16 threshold, uint256[] memory list) public {
        dealers = committee.committee(id).epoch == 0 ? list : members;
        vm.prank(owner);
        ceremony = committee.propose(id, threshold, operatorsOf(list));
        members = list;
    }

    function keyOf(uint16 member) internal view returns (bytes32) {
        return keccak256(abi.encode("X25519", ceremony, member)) & ~bytes32(uint256(0x80));
    }

    function postKey(uint16 member) public {
        bytes32 structHash = hashes.ceremonyKey(ceremony, info().proposal, member, keyOf(member));
        bytes memory signature = sign(identityKey(members[member - 1]), structHash);
        committee.postCeremonyKey(id, ceremony, member, keyOf(member), signature);
    }

    function postKeys() public {
        for (uint16 member = 1; member <= members.length; ++member) {
            postKey(member);
        }
    }

    function approve(uint256 person) public {
        bytes memory signature = sign(operatorKey(person), hashes.approval(ceremony, info().context));
        committee.approve(id, ceremony, operatorOf(person), signature);
    }

    /// @dev By the person's node instead, which may approve refreshes alone.
    function approveRefresh(uint256 person) public {
        bytes memory signature = sign(identityKey(person), hashes.refresh(ceremony, info().context));
        committee.approve(id, ceremony, operatorOf(person), signature);
    }

    /// @dev As many dealers as it takes, in their order.
    function approveAll() public {
        uint16 old = info().oldThreshold;
        uint256 needed = old == 0 ? dealers.length : old;
        for (uint256 i = 0; i < needed; ++i) {
            approve(dealers[i]);
        }
    }

    /// @dev A ceremony that waits for its phase Deal.
    function start(uint16 threshold, uint256[] memory list) public {
        propose(threshold, list);
        postKeys();
        approveAll();
    }

    // ------------------------------------------------------------------ ceremony

    function info() internal view returns (CeremonyInfo memory) {
        return committee.ceremonyInfo(id, ceremony);
    }

    function goTo(Phase phase) internal {
        vm.roll(info().opens[uint8(phase)]);
    }

    function goToEnd() internal {
        vm.roll(info().closes[3]);
    }

    /// @dev Bytes of the right length; the contract does not look into them.
    function dealingOf(uint16 dealer) internal view returns (bytes memory dealing) {
        CeremonyInfo memory now_ = info();
        dealing = new bytes(96 * uint256(now_.threshold) + 128 + 80 * uint256(now_.size));
        bytes32 word = keccak256(abi.encode("dealing", now_.context, dealer));
        // The array is padded to whole words, so the last may be written whole.
        for (uint256 i = 0; i < dealing.length; i += 32) {
            word = keccak256(abi.encode(word));
            assembly ("memory-safe") {
                mstore(add(add(dealing, 32), i), word)
            }
        }
    }

    function signDealing(uint16 dealer, bytes memory dealing) internal view returns (bytes memory) {
        bytes32 structHash = hashes.dealing(info().context, dealer, keccak256(dealing));
        return sign(identityKey(dealers[dealer - 1]), structHash);
    }

    function deal(uint16 dealer) public {
        bytes memory dealing = dealingOf(dealer);
        committee.deal(id, ceremony, dealer, dealing, signDealing(dealer, dealing));
    }

    function dealAll() public {
        for (uint16 dealer = 1; dealer <= dealers.length; ++dealer) {
            deal(dealer);
        }
    }

    function accusationOf(uint16 dealer) internal view returns (Accusation memory) {
        return Accusation(dealer, committee.dealingHash(id, ceremony, dealer));
    }

    function accusationsOf(uint16 first, uint16 count) internal view returns (Accusation[] memory list) {
        list = new Accusation[](count);
        for (uint16 i = 0; i < count; ++i) {
            list[i] = accusationOf(first + i);
        }
    }

    function complain(uint16 receiver, Accusation[] memory accusations) public {
        bytes32 structHash = hashes.complaint(info().context, receiver, accusations);
        bytes memory signature = sign(identityKey(members[receiver - 1]), structHash);
        committee.complain(id, ceremony, receiver, accusations, signature);
    }

    function sharesOf(uint16 first, uint16 count) internal pure returns (RevealedShare[] memory list) {
        list = new RevealedShare[](count);
        for (uint16 i = 0; i < count; ++i) {
            list[i] = RevealedShare(first + i, keccak256(abi.encode("share", first + i)));
        }
    }

    function answer(uint16 dealer, RevealedShare[] memory shares) public {
        bytes32 structHash = hashes.answer(info().context, dealer, shares);
        bytes memory signature = sign(identityKey(dealers[dealer - 1]), structHash);
        committee.answer(id, ceremony, dealer, shares, signature);
    }

    function nodeKeys(uint256 count) internal view returns (bytes[] memory keys) {
        bytes[] memory all = compressedPoints();
        keys = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            keys[i] = all[i % all.length];
        }
    }

    /// @dev The first `count` dealers qualified; the key is a real point, and so are the node keys.
    function outcomeOf(uint256 count) internal view returns (Outcome memory) {
        uint256 qualified = count == 256 ? type(uint256).max : (uint256(1) << count) - 1;
        return Outcome(qualified, points()[7], KeysTree.root(nodeKeys(members.length)));
    }

    function confirm(uint16 receiver, Outcome memory outcome) public {
        bytes memory proof = bytes.concat(keccak256(abi.encode("proof", receiver)));
        bytes32 structHash = hashes.confirmation(info().context, receiver, outcome, proof);
        bytes memory signature = sign(identityKey(members[receiver - 1]), structHash);
        committee.confirm(id, ceremony, receiver, outcome, proof, signature);
    }

    function confirmAll(Outcome memory outcome) public {
        for (uint16 receiver = 1; receiver <= members.length; ++receiver) {
            confirm(receiver, outcome);
        }
    }

    function extend(Phase phase, uint16 member) public {
        uint8 round = committee.ceremonyProgress(id, ceremony).extensions[uint8(phase)];
        bytes32 structHash = hashes.extension(info().context, phase, member, round);
        bytes memory signature = sign(identityKey(members[member - 1]), structHash);
        committee.extend(id, ceremony, phase, member, signature);
    }

    /// @dev A whole ceremony without complaints, in which all dealers (reshare: the first old threshold) count.
    function run(uint16 threshold, uint256[] memory list) public returns (Outcome memory outcome) {
        start(threshold, list);
        goTo(Phase.Deal);
        dealAll();
        goTo(Phase.Confirm);
        uint16 old = info().oldThreshold;
        outcome = outcomeOf(old == 0 ? dealers.length : old);
        confirmAll(outcome);
        goToEnd();
        committee.activate(id, ceremony, outcome);
    }
}
