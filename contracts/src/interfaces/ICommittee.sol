// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {
    Accusation,
    CeremonyInfo,
    CeremonyKind,
    CeremonyProgress,
    CeremonyState,
    CommitteeInfo,
    EpochInfo,
    Member,
    MemberInfo,
    Outcome,
    Phase,
    RevealedShare,
    Windows
} from "../types/CommitteeTypes.sol";

/// @title Registry and broadcast channel of threshold committees
/// @notice Members register here, and every message of a ceremony (making the key, or resharing it to other
/// members) is an event here, so that its outcome is a function of the finalised log that anybody can
/// recompute.
///
/// A ceremony goes through: proposal, ceremony keys, approvals (all operators; in a reshare, as many old
/// operators as the old threshold), then the phases Deal, Complain, Answer and Confirm, each open for
/// `closes - opens` blocks, and activation. There are no shortcuts in the timetable. A ceremony that does not
/// come to an end fails, and the epoch before it goes on serving.
///
/// @dev Indices of members, dealers and receivers count from 1. Messages are EIP-712 typed data (domain:
/// name "Stheno", version "1", chain id, this contract, salt = `networkId`), signed by the identity key of the
/// member that they speak for, or for approvals the operator key, and may be sent by anybody. Signatures are
/// 65 bytes `r ‖ s ‖ v` with low `s`. The contract checks form, signer, time and count; it does not check
/// cryptography (save that the network key is in the subgroup): members do that, and their confirmations
/// count.
///
/// What is absent: upgrades, an administrator, a way to change a committee's windows, key or network id.
interface ICommittee {
    // ------------------------------------------------------------------ registry

    /// @notice A committee was created.
    event CommitteeCreated(
        uint64 indexed committeeId, address indexed owner, bytes32 networkId, Windows windows, bool devnet
    );

    /// @notice An operator registered a node; `signature` is the identity's over `Registration`.
    event MemberRegistered(
        uint64 indexed committeeId,
        address indexed operator,
        address indexed identity,
        string endpoint,
        string metadata,
        bytes signature
    );

    /// @notice An operator changed what its node tells about itself.
    event EndpointChanged(
        uint64 indexed committeeId, address indexed operator, string endpoint, string metadata
    );

    // ------------------------------------------------------------------- consent

    /// @notice A ceremony was proposed. Its members follow in `CeremonyMembers` events of the same
    /// transaction; dealers are the members of the epoch that serves, or in a first ceremony the members.
    event CeremonyProposed(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        address indexed proposer,
        CeremonyKind kind,
        uint16 threshold,
        uint16 size,
        uint64 fromEpoch,
        bytes32 proposal
    );

    /// @notice Up to 96 members of a proposed ceremony, from index `first` on.
    event CeremonyMembers(
        uint64 indexed committeeId, uint64 indexed ceremony, uint16 indexed first, Member[] members
    );

    /// @notice A member posted its X25519 key for this ceremony; `signature` over `CeremonyKey`.
    event CeremonyKeyPosted(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed member,
        bytes32 key,
        bytes signature
    );

    /// @notice All ceremony keys are there; `context` is what operators approve.
    event CeremonyContextFixed(uint64 indexed committeeId, uint64 indexed ceremony, bytes32 context);

    /// @notice An operator approved the context; `signature` is the operator's over `Approval`.
    event CeremonyApproved(
        uint64 indexed committeeId, uint64 indexed ceremony, address indexed operator, bytes signature
    );

    /// @notice Enough operators approved; dealing opens in block `start`.
    event CeremonyStarted(uint64 indexed committeeId, uint64 indexed ceremony, bytes32 context, uint64 start);

    // ------------------------------------------------------------------ ceremony

    /// @notice A part of a dealing, at most 7,168 bytes (Filecoin refuses events of 8 KiB); `part` counts from
    /// 0. All parts and then `DealingPosted` are in one transaction, in order.
    event DealingPart(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed dealer,
        uint16 part,
        uint16 parts,
        bytes data
    );

    /// @notice A dealing is complete; `signature` over `Dealing`.
    event DealingPosted(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed dealer,
        bytes32 dealingHash,
        bytes signature
    );

    /// @notice A receiver complained, in parts of at most 96 accusations of one transaction, in order;
    /// `signature` is over the whole `Complaint`, and the same in every part.
    event Complained(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed receiver,
        uint16 part,
        uint16 parts,
        Accusation[] accusations,
        bytes signature
    );

    /// @notice A dealer answered, in parts of at most 96 shares of one transaction, in order; `signature` is
    /// over the whole `Answer`, and the same in every part.
    event Answered(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed dealer,
        uint16 part,
        uint16 parts,
        RevealedShare[] shares,
        bytes signature
    );

    /// @notice A receiver holds its share and confirms the outcome; `signature` over `Confirmation`.
    event Confirmed(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed receiver,
        Outcome outcome,
        bytes proof,
        bytes signature
    );

    /// @notice A member asked for extension number `round` (from 0) of `phase`; `signature` over `Extension`.
    event ExtensionSigned(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        uint16 indexed member,
        Phase phase,
        uint8 round,
        bytes signature
    );

    /// @notice A phase got one more window; it now closes in block `closes`, and later phases move with it.
    event PhaseExtended(
        uint64 indexed committeeId,
        uint64 indexed ceremony,
        Phase indexed phase,
        uint8 extensions,
        uint64 closes
    );

    /// @notice The ceremony succeeded; its members serve as `epoch` once this block is final.
    event CeremonyActivated(
        uint64 indexed committeeId, uint64 indexed ceremony, uint64 indexed epoch, Outcome outcome
    );

    /// @notice The ceremony is over without a result; another may be proposed. `state` is where it ended.
    event CeremonyFailed(uint64 indexed committeeId, uint64 indexed ceremony, CeremonyState state);

    /// @notice A node's public key `X_i`, 96 bytes compressed, was proven against `keysRoot` and stored.
    event KeyPublished(uint64 indexed committeeId, uint64 indexed epoch, uint16 indexed index, bytes key);

    // -------------------------------------------------------------------- errors

    /// @notice Thrown when there is no committee of this number.
    error UnknownCommittee(uint64 committeeId);

    /// @notice Thrown when the committee has no ceremony of this number.
    error UnknownCeremony(uint64 ceremony);

    /// @notice Thrown when the committee has no epoch of this number.
    error UnknownEpoch(uint64 epoch);

    /// @notice Thrown when a window of a phase is zero or longer than a year.
    error BadWindows();

    /// @notice Thrown when the devnet flag is asked for on a chain that is not local.
    error NotALocalChain(uint256 chainId);

    /// @notice Thrown when the operator has a node in this committee already.
    error AlreadyRegistered(address operator);

    /// @notice Thrown when the sender is a Filecoin actor without a key that Ethereum's signatures can be of.
    error UnusableOperator(address operator);

    /// @notice Thrown when another node of this committee has this identity.
    error IdentityTaken(address identity);

    /// @notice Thrown when the operator has no node in this committee.
    error NotRegistered(address operator);

    /// @notice Thrown when the endpoint is empty or a text is longer than allowed.
    error BadTextLength(uint256 length, uint256 maximum);

    /// @notice Thrown when the sender may not propose: neither the owner nor the operator of a serving member.
    error NotAProposer(address sender);

    /// @notice Thrown when a ceremony is proposed or would start while another runs, or when the sender has a
    /// proposal open.
    error CeremonyOpen(uint64 ceremony);

    /// @notice Thrown when there are no members, or more than 256.
    error BadSize(uint256 size);

    /// @notice Thrown when the threshold is not in `⌈(size + 1) / 2⌉ .. size`, or the size is 1 and the committee is
    /// no devnet.
    error BadThreshold(uint16 threshold, uint256 size);

    /// @notice Thrown when the member list names an operator twice.
    error DuplicateMember(address operator);

    /// @notice Thrown when the ceremony is in another state than the call needs.
    error WrongState(CeremonyState state);

    /// @notice Thrown when keys and approvals are too late.
    error ConsentClosed(uint64 closed);

    /// @notice Thrown when the epoch that a proposal would reshare (0: none) does not serve any more.
    error EpochOver(uint64 epoch);

    /// @notice Thrown when a phase is not open: `block.number` is not in `[opens, closes)`.
    error PhaseNotOpen(Phase phase, uint64 opens, uint64 closes);

    /// @notice Thrown when an index is 0 or larger than the list that it points into.
    error BadIndex(uint16 index, uint16 size);

    /// @notice Thrown when an operator that approves is not among those whose consent counts.
    error NotADealer(address operator);

    /// @notice Thrown when the same member, dealer or receiver sends the same kind of message twice.
    error AlreadyDone(uint16 index);

    /// @notice Thrown when the signature is not by the one that it has to be by.
    error WrongSigner(address expected, address actual);

    /// @notice Thrown when a ceremony key is not a canonical X25519 public key, or one of low order.
    error BadCeremonyKey(bytes32 key);

    /// @notice Thrown when a dealing has not the one length that `(threshold, size)` gives.
    error BadDealingLength(uint256 length, uint256 expected);

    /// @notice Thrown when a complaint or answer is empty, or has more entries than allowed.
    error BadEntryCount(uint256 count, uint256 maximum);

    /// @notice Thrown when the entries of a complaint or answer are not in strictly ascending order.
    error NotAscending(uint16 index);

    /// @notice Thrown when an accusation cites another dealing than the stored one, or there is none.
    error WrongDealingHash(uint16 dealer, bytes32 stored);

    /// @notice Thrown when a dealer answers a complaint that was not made.
    error NoSuchComplaint(uint16 receiver);

    /// @notice Thrown when a proof of possession is empty or longer than 256 bytes.
    error BadProofLength(uint256 length);

    /// @notice Thrown when the qualified dealers of an outcome did not all deal, or are too few (in a reshare:
    /// not exactly as many as the old threshold).
    error BadQualified(uint256 qualified);

    /// @notice Thrown when the network key is not 256 bytes, not a point of G2, not in the subgroup, or infinity.
    error BadNetworkKey();

    /// @notice Thrown when a reshare would change the committee's key.
    error NetworkKeyChanged();

    /// @notice Thrown when a phase was extended eight times already.
    error NoMoreExtensions(Phase phase);

    /// @notice Thrown when too few members confirmed this outcome.
    error NoQuorum(uint16 confirmations, uint16 needed);

    /// @notice Thrown when an activation comes before Confirm has closed.
    error TooEarly(uint64 opens);

    /// @notice Thrown when a ceremony cannot be failed now: it may still succeed.
    error NotFailed();

    /// @notice Thrown when the arrays of a call have different lengths.
    error LengthMismatch();

    /// @notice Thrown when a published key is not the one under the epoch's root.
    error BadKeyProof(uint16 index);

    // ---------------------------------------------------------- registry: calls

    /// @notice Creates a committee. The sender becomes its owner, who may propose ceremonies and nothing else.
    /// @param windows Lengths of the phases; fixed for good, and part of what operators approve.
    /// @param devnet Allow a committee of one node; only on chains 31415926 and 31337.
    /// @return committeeId Its number, from 1.
    function createCommittee(Windows calldata windows, bool devnet) external returns (uint64 committeeId);

    /// @notice Registers the sender as the operator of a node. An operator's identity is fixed for good: a node
    /// whose identity key is lost comes back under another operator address. An operator has a key of its own,
    /// since it approves ceremonies by signature: a contract cannot.
    /// @param identity Address of the node's identity key, unique in the committee.
    /// @param endpoint URL of the node, 1 to 256 bytes.
    /// @param metadata Free text, at most 512 bytes.
    /// @param identitySignature The identity's signature over `Registration`.
    function register(
        uint64 committeeId,
        address identity,
        string calldata endpoint,
        string calldata metadata,
        bytes calldata identitySignature
    ) external;

    /// @notice Changes endpoint and metadata of the sender's node.
    function setEndpoint(uint64 committeeId, string calldata endpoint, string calldata metadata) external;

    // ----------------------------------------------------------- consent: calls

    /// @notice Proposes a ceremony: the first until an epoch is active, then reshares. By the owner, or the
    /// operator of a serving member. Several may be proposed, one by each proposer, so that no one can keep others
    /// from proposing; the one that gathers its approvals first runs, alone.
    /// @param threshold New threshold `t`, `⌈(n + 1) / 2⌉ ≤ t ≤ n`.
    /// @param operators The members, all registered; the order gives the node indices `1..n`, `n ≤ 256`.
    /// @return ceremony Its number, from 1.
    function propose(uint64 committeeId, uint16 threshold, address[] calldata operators)
        external
        returns (uint64 ceremony);

    /// @notice Posts a member's X25519 key for this ceremony, once.
    /// @param member Index among the new members.
    /// @param key The public key as RFC 7748 encodes it, canonical and not of low order.
    /// @param signature The member's identity over `CeremonyKey`.
    function postCeremonyKey(
        uint64 committeeId,
        uint64 ceremony,
        uint16 member,
        bytes32 key,
        bytes calldata signature
    ) external;

    /// @notice Approves the context, once all keys are posted. The ceremony starts with the last approval that is
    /// needed: of all operators in a first ceremony, of `oldThreshold` old operators in a reshare. Further old
    /// operators may approve until Deal closes (a node deals only if its own operator approved).
    /// @param operator An operator of a dealer.
    /// @param signature The operator's over `Approval`.
    function approve(uint64 committeeId, uint64 ceremony, address operator, bytes calldata signature) external;

    // ---------------------------------------------------------- ceremony: calls

    /// @notice Posts a dealer's dealing, once.
    /// @param dealing Exactly `96 * threshold + 128 + 80 * size` bytes.
    /// @param signature The dealer's identity over `Dealing`.
    function deal(
        uint64 committeeId,
        uint64 ceremony,
        uint16 dealer,
        bytes calldata dealing,
        bytes calldata signature
    ) external;

    /// @notice Posts a receiver's complaints, once and all together.
    /// @param accusations In ascending order of dealers; at most `threshold - 1` (reshare: `oldThreshold - 1`),
    /// since more dealers than that cannot be corrupt.
    /// @param signature The receiver's identity over `Complaint`.
    function complain(
        uint64 committeeId,
        uint64 ceremony,
        uint16 receiver,
        Accusation[] calldata accusations,
        bytes calldata signature
    ) external;

    /// @notice Posts the shares that a dealer reveals, once and all together.
    /// @param shares In ascending order of receivers, each of which complained against this dealer; at most
    /// `threshold - 1`, since one more would make the dealer's polynomial public.
    /// @param signature The dealer's identity over `Answer`.
    function answer(
        uint64 committeeId,
        uint64 ceremony,
        uint16 dealer,
        RevealedShare[] calldata shares,
        bytes calldata signature
    ) external;

    /// @notice Confirms an outcome, once. Of the outcome the contract checks that qualified dealers dealt and
    /// are enough, and in a reshare that the key is the committee's.
    /// @param proof The receiver's proof that it holds its share, 1 to 256 bytes; members check it.
    /// @param signature The receiver's identity over `Confirmation`.
    function confirm(
        uint64 committeeId,
        uint64 ceremony,
        uint16 receiver,
        Outcome calldata outcome,
        bytes calldata proof,
        bytes calldata signature
    ) external;

    /// @notice Asks for one more window for the phase that is open. When `threshold` members have asked, its end
    /// and everything after it moves by one window; at most 8 times a phase.
    /// @param phase The phase that is open now.
    /// @param member Index among the new members.
    /// @param signature The member's identity over `Extension` with the phase's number of extensions so far.
    function extend(uint64 committeeId, uint64 ceremony, Phase phase, uint16 member, bytes calldata signature)
        external;

    /// @notice Makes the outcome the committee's next epoch. Anybody may call, once Confirm has closed.
    /// @param outcome The one that `size - ⌊(size - threshold) / 2⌋` receivers confirmed.
    function activate(uint64 committeeId, uint64 ceremony, Outcome calldata outcome) external;

    /// @notice Closes a ceremony that cannot succeed any more, so that another may be proposed. Anybody may call:
    /// after the consent window, when it did not start; after Confirm, when no outcome has its quorum; and
    /// `max(20 * windows.confirm, 100)` blocks after Confirm, when it has one that nobody could activate; and at
    /// once, when another ceremony ended the epoch that it would reshare. The proposer may withdraw the proposal
    /// until it runs.
    function fail(uint64 committeeId, uint64 ceremony) external;

    /// @notice Stores node keys of an epoch, so that readers find them without the log. Anybody may call; keys
    /// that are stored already are passed over.
    /// @param indices Node indices.
    /// @param keys The keys `X_i`, 96 bytes compressed.
    /// @param proofs Their Merkle proofs under the epoch's `keysRoot`.
    function publishKeys(
        uint64 committeeId,
        uint64 epoch,
        uint16[] calldata indices,
        bytes[] calldata keys,
        bytes32[][] calldata proofs
    ) external;

    // --------------------------------------------------------------------- views

    /// @notice The committee at a glance.
    function committee(uint64 committeeId) external view returns (CommitteeInfo memory);

    /// @notice The committee's network id:
    /// `sha256(0x14 ‖ "STHENO-V1-NETWORK-ID" ‖ chain id ‖ this contract ‖ committee id)`, integers as 8 bytes.
    function networkId(uint64 committeeId) external view returns (bytes32);

    /// @notice The EIP-712 domain separator of the committee's messages.
    function domainSeparator(uint64 committeeId) external view returns (bytes32);

    /// @notice The node of an operator.
    function memberOf(uint64 committeeId, address operator) external view returns (MemberInfo memory);

    /// @notice An epoch.
    function epochInfo(uint64 committeeId, uint64 epoch) external view returns (EpochInfo memory);

    /// @notice Up to `count` members of an epoch, with the endpoints of now.
    /// @param first Node index of the first to return, from 1.
    function epochMembers(uint64 committeeId, uint64 epoch, uint16 first, uint16 count)
        external
        view
        returns (MemberInfo[] memory page);

    /// @notice Up to `count` node keys of an epoch, 96 bytes compressed each; empty where not published.
    /// @param first Node index of the first to return, from 1.
    function epochKeys(uint64 committeeId, uint64 epoch, uint16 first, uint16 count)
        external
        view
        returns (bytes[] memory page);

    /// @notice A ceremony's terms and timetable.
    function ceremonyInfo(uint64 committeeId, uint64 ceremony)
        external
        view
        returns (CeremonyInfo memory info);

    /// @notice Who has done what in a ceremony.
    function ceremonyProgress(uint64 committeeId, uint64 ceremony)
        external
        view
        returns (CeremonyProgress memory progress);

    /// @notice The (new) members, who receive shares.
    function ceremonyMembers(uint64 committeeId, uint64 ceremony) external view returns (Member[] memory);

    /// @notice The dealers: the members of the epoch that is reshared, or in a first ceremony the members.
    function ceremonyDealers(uint64 committeeId, uint64 ceremony) external view returns (Member[] memory);

    /// @notice The members' ceremony keys; zero where not posted.
    function ceremonyKeys(uint64 committeeId, uint64 ceremony) external view returns (bytes32[] memory);

    /// @notice keccak256 of a dealer's dealing; zero where not posted.
    function dealingHash(uint64 committeeId, uint64 ceremony, uint16 dealer) external view returns (bytes32);

    /// @notice Who complained against a dealer; bit `i - 1` stands for receiver `i`.
    function accusers(uint64 committeeId, uint64 ceremony, uint16 dealer) external view returns (uint256);

    /// @notice How many receivers confirmed this outcome.
    function confirmations(uint64 committeeId, uint64 ceremony, Outcome calldata outcome)
        external
        view
        returns (uint16);
}
