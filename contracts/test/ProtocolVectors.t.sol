// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bls12381} from "../src/libraries/Bls12381.sol";
import {ItemIds} from "../src/libraries/ItemIds.sol";
import {KeysRoot} from "../src/libraries/KeysRoot.sol";
import {MessageHashes} from "../src/libraries/MessageHashes.sol";
import {Timetable} from "../src/libraries/Timetable.sol";
import {Transcript} from "../src/libraries/Transcript.sol";
import {
    Accusation,
    CeremonyKind,
    Member,
    Outcome,
    Phase,
    RevealedShare,
    Windows
} from "../src/types/CommitteeTypes.sol";
import {HashesHarness} from "./support/HashesHarness.sol";
import {Test} from "./support/Test.sol";

/// The frozen vectors of the Rust crates: both sides must compute the same bytes.
contract ProtocolVectorsTest is Test {
    string private json;
    HashesHarness private hashes;

    function setUp() public {
        json = vm.readFile("../tests/vectors/protocol-ceremony.json");
        vm.chainId(_uint(".domain.chainId"));
        hashes = HashesHarness(vm.parseJsonAddress(json, ".domain.contract"));
        vm.etch(address(hashes), address(new HashesHarness()).code);
    }

    function proves(bytes32 root, uint16 index, bytes calldata key, bytes32[] calldata proof)
        external
        pure
        returns (bool)
    {
        return KeysRoot.proves(root, index, key, proof);
    }

    function compress(bytes calldata point) external pure returns (bytes memory) {
        return abi.encodePacked(Bls12381.compress(point));
    }

    function test_domain_isTheCratesDomain() public view {
        bytes32 network = hashes.networkId(uint64(_uint(".domain.committeeId")));
        assertEq(network, _word(".domain.networkId"));
        assertEq(hashes.domainSeparator(network), _word(".domain.separator"));
    }

    function test_terms_haveTheCratesDigests() public view {
        bytes32 proposal = MessageHashes.proposal(
            _word(".domain.networkId"),
            uint64(_uint(".terms.ceremony")),
            CeremonyKind(_uint(".terms.kind")),
            uint16(_uint(".terms.threshold")),
            _members(".terms.members", 3),
            _members(".terms.dealers", 2),
            _windows(".terms.windows")
        );
        assertEq(proposal, _word(".terms.proposal"));
        bytes32[] memory keys = vm.parseJsonBytes32Array(json, ".terms.ceremonyKeys");
        assertEq(MessageHashes.context(proposal, keys), _word(".terms.context"));
    }

    function test_registration_hasTheCratesHash() public view {
        string memory message = _message(0);
        _check(
            0,
            hashes.registration(
                vm.parseJsonAddress(json, string.concat(message, "operator")),
                vm.parseJsonAddress(json, string.concat(message, "identity")),
                vm.parseJsonString(json, string.concat(message, "endpoint")),
                vm.parseJsonString(json, string.concat(message, "metadata"))
            )
        );
    }

    function test_consent_hasTheCratesHashes() public view {
        uint64 ceremony = uint64(_field(1, "ceremony"));
        _check(
            1,
            hashes.ceremonyKey(
                ceremony, _fieldWord(1, "proposal"), uint16(_field(1, "member")), _fieldWord(1, "key")
            )
        );
        _check(2, hashes.approval(uint64(_field(2, "ceremony")), _fieldWord(2, "context")));
        _check(8, hashes.refresh(uint64(_field(8, "ceremony")), _fieldWord(8, "context")));
    }

    function test_phases_haveTheCratesHashes() public view {
        bytes32 context = _word(".terms.context");
        _check(3, hashes.dealing(context, uint16(_field(3, "dealer")), _fieldWord(3, "dealingHash")));

        Accusation[] memory accusations = new Accusation[](2);
        accusations[0] = _accusation("accusations[0]");
        accusations[1] = _accusation("accusations[1]");
        _check(4, hashes.complaint(context, uint16(_field(4, "receiver")), accusations));

        RevealedShare[] memory shares = new RevealedShare[](1);
        shares[0] = RevealedShare(uint16(_field(5, "shares[0].receiver")), _fieldWord(5, "shares[0].share"));
        _check(5, hashes.answer(context, uint16(_field(5, "dealer")), shares));

        Outcome memory outcome =
            Outcome(_field(6, "qualified"), _fieldBytes(6, "networkKey"), _fieldWord(6, "keysRoot"));
        uint16 receiver = uint16(_field(6, "receiver"));
        _check(6, hashes.confirmation(context, receiver, outcome, _fieldBytes(6, "proof")));

        Phase phase = Phase(_field(7, "phase"));
        uint8 round = uint8(_field(7, "round"));
        _check(7, hashes.extension(context, phase, uint16(_field(7, "member")), round));
    }

    function test_transcript_isTheCratesTranscript() public view {
        bytes32[] memory wanted = vm.parseJsonBytes32Array(json, ".transcript");
        bytes32 transcript = _word(".terms.context");
        assertEq(transcript, wanted[0]);
        for (uint256 i = 3; i < 8; ++i) {
            string memory place = string.concat(".messages[", vm.toString(i), "]");
            transcript = Transcript.append(
                transcript,
                uint8(_uint(string.concat(place, ".kind"))),
                uint16(_uint(string.concat(place, ".sender"))),
                _word(string.concat(place, ".structHash"))
            );
            assertEq(transcript, wanted[i - 2]);
        }
    }

    function test_keysRoot_provesTheCratesKeys() public view {
        for (uint256 tree = 0; vm.keyExistsJson(json, _tree(tree, "root")); ++tree) {
            bytes32 root = _word(_tree(tree, "root"));
            bytes[] memory keys = vm.parseJsonBytesArray(json, _tree(tree, "keys"));
            for (uint256 i = 0; i < keys.length; ++i) {
                string memory place = string.concat("proofs[", vm.toString(i), "]");
                bytes32[] memory proof = vm.parseJsonBytes32Array(json, _tree(tree, place));
                assertTrue(this.proves(root, uint16(i + 1), keys[i], proof));
            }
            assertGt(keys.length, 0);
        }
        assertTrue(vm.keyExistsJson(json, _tree(1, "root")));
    }

    function test_timetable_isTheCratesTimetable() public view {
        Windows memory windows = _windows(".timetable.windows");
        uint64 start = uint64(_uint(".timetable.start"));
        (uint64[4] memory opens, uint64[4] memory closes) = Timetable.phases(windows, start, 0);
        _checkBlocks(opens, ".timetable.phases.opens");
        _checkBlocks(closes, ".timetable.phases.closes");
        (opens, closes) = Timetable.phases(windows, start, Timetable.extend(0, Phase.Complain));
        _checkBlocks(opens, ".timetable.afterOneExtensionOfComplain.opens");
        _checkBlocks(closes, ".timetable.afterOneExtensionOfComplain.closes");
    }

    function test_itemIds_areTheCratesIds() public {
        json = vm.readFile("../tests/vectors/protocol-registry-items.json");
        for (uint256 i = 0; i < 5; ++i) {
            string memory place = string.concat(".ids[", vm.toString(i), "].");
            vm.chainId(_uint(string.concat(place, "chain")));
            address registry = vm.parseJsonAddress(json, string.concat(place, "registry"));
            address owner = vm.parseJsonAddress(json, string.concat(place, "owner"));
            bytes32 salt = _word(string.concat(place, "salt"));
            assertEq(ItemIds.item(registry, owner, salt), _word(string.concat(place, "item")));
            bytes32 collection = ItemIds.collection(registry, owner, salt);
            assertEq(collection, _word(string.concat(place, "collection")));
            uint64 number = uint64(_uint(string.concat(place, "number")));
            bytes32 period = ItemIds.period(registry, collection, number, _word(string.concat(place, "seed")));
            assertEq(period, _word(string.concat(place, "period")));
        }
        assertFalse(vm.keyExistsJson(json, ".ids[5]"));
    }

    function test_compress_givesTheCratesNetworkKey() public view {
        string memory identities = vm.readFile("../tests/vectors/crypto-identity.json");
        bytes memory point = vm.parseJsonBytes(identities, "[0].networkKeyEip2537");
        assertEq(this.compress(point), vm.parseJsonBytes(identities, "[0].networkKey"));
    }

    function _check(uint256 message, bytes32 structHash) private view {
        assertEq(structHash, _word(string.concat(".messages[", vm.toString(message), "].structHash")));
    }

    function _checkBlocks(uint64[4] memory blocks, string memory path) private view {
        uint256[] memory wanted = vm.parseJsonUintArray(json, path);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(blocks[i], wanted[i]);
        }
    }

    function _accusation(string memory place) private view returns (Accusation memory) {
        uint16 dealer = uint16(_field(4, string.concat(place, ".dealer")));
        return Accusation(dealer, _fieldWord(4, string.concat(place, ".dealingHash")));
    }

    function _members(string memory path, uint256 count) private view returns (Member[] memory members) {
        members = new Member[](count);
        for (uint256 i = 0; i < count; ++i) {
            string memory place = string.concat(path, "[", vm.toString(i), "]");
            members[i] = Member(
                vm.parseJsonAddress(json, string.concat(place, ".operator")),
                vm.parseJsonAddress(json, string.concat(place, ".identity"))
            );
        }
        assertFalse(vm.keyExistsJson(json, string.concat(path, "[", vm.toString(count), "]")));
    }

    function _windows(string memory path) private view returns (Windows memory) {
        return Windows({
            deal: uint32(_uint(string.concat(path, ".deal"))),
            complain: uint32(_uint(string.concat(path, ".complain"))),
            answer: uint32(_uint(string.concat(path, ".answer"))),
            confirm: uint32(_uint(string.concat(path, ".confirm"))),
            margin: uint32(_uint(string.concat(path, ".margin"))),
            consentDelay: uint32(_uint(string.concat(path, ".consentDelay")))
        });
    }

    function _message(uint256 message) private pure returns (string memory) {
        return string.concat(".messages[", vm.toString(message), "].typedData.message.");
    }

    function _field(uint256 message, string memory name) private view returns (uint256) {
        return _uint(string.concat(_message(message), name));
    }

    function _fieldWord(uint256 message, string memory name) private view returns (bytes32) {
        return _word(string.concat(_message(message), name));
    }

    function _fieldBytes(uint256 message, string memory name) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(_message(message), name));
    }

    function _tree(uint256 tree, string memory name) private pure returns (string memory) {
        return string.concat(".keysRoot[", vm.toString(tree), "].", name);
    }

    function _uint(string memory path) private view returns (uint256) {
        return vm.parseJsonUint(json, path);
    }

    function _word(string memory path) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, path);
    }
}
