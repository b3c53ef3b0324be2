// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../interfaces/IAccessCondition.sol";
import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {Probe} from "../libraries/Probe.sol";
import {TermTree} from "../libraries/TermTree.sol";
import {Ask, Resource, Roles, Term, Truth} from "../types/AccessTypes.sol";
import {Grants} from "./Grants.sol";

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title Terms: what it takes to read, and whether a reader has it
abstract contract Terms is Grants {
    /// Longest context that is looked at.
    uint256 private constant MAX_CONTEXT = 8192;
    /// Most siblings of a Merkle proof.
    uint256 private constant MAX_SIBLINGS = 64;

    mapping(bytes32 id => Term[]) private _terms;

    /// @inheritdoc IAccessRegistry
    function setTerms(bytes32 id, Term[] calldata terms) external {
        _only(id, Roles.TERMS);
        TermTree.check(terms);
        Term[] storage kept = _terms[id];
        while (kept.length > terms.length) kept.pop();
        for (uint256 i = 0; i < terms.length; ++i) {
            if (i < kept.length) kept[i] = terms[i];
            else kept.push(terms[i]);
        }
        emit TermsSet(id, terms);
    }

    /// @inheritdoc IAccessCondition
    /// @dev `context` goes to every term that takes one: to conditions as it is; to `Listed` as the siblings of the
    /// Merkle proof from the leaf up, 32 bytes each. Nobody has the zero address.
    function canRead(address reader, bytes32 item, bytes calldata context) external view returns (bool) {
        Truth[] memory truths = _judge(reader, item, context);
        if (truths.length == 0 || reader == address(0)) return false;
        Truth root = truths[truths.length - 1];
        require(root != Truth.Unknown, Undecided(item));
        return root == Truth.True;
    }

    /// @inheritdoc IAccessRegistry
    function explain(address reader, bytes32 item, bytes calldata context)
        external
        view
        returns (Truth[] memory)
    {
        return _judge(reader, item, context);
    }

    /// @inheritdoc IAccessRegistry
    function termsOf(bytes32 id) external view returns (Term[] memory) {
        return _effectiveTerms(id, _known(id));
    }

    function _judge(address reader, bytes32 item, bytes calldata context)
        private
        view
        returns (Truth[] memory truths)
    {
        Resource storage found = _known(item);
        require(context.length <= MAX_CONTEXT, ContextTooLarge(context.length));
        Term[] storage terms = _effectiveTerms(item, found);
        truths = new Truth[](terms.length);
        bytes memory question = abi.encodeCall(IAccessCondition.canRead, (reader, item, context));
        for (uint256 i = 0; i < truths.length; ++i) {
            Term memory term = terms[i];
            if (term.ask == Ask.Open) truths[i] = Truth.True;
            else if (term.ask == Ask.Granted) truths[i] = _truth(_isGranted(item, reader));
            else if (term.ask == Ask.Listed) truths[i] = _listed(bytes32(term.id), reader, context);
            else if (term.ask < Ask.All) truths[i] = _asked(term, reader, question, truths.length - i);
        }
        TermTree.combine(terms, truths);
    }

    /// @dev Each contract gets its share of the gas that is left, so that one cannot use up the others'. A contract
    /// that runs out is unknown: with less gas an answer can get lost, but never become another.
    function _asked(Term memory term, address reader, bytes memory question, uint256 left)
        private
        view
        returns (Truth)
    {
        uint256 gas_ = gasleft() / (left + 1);
        if (term.ask == Ask.Paid || term.ask == Ask.Condition) {
            return Probe.yesOrNo(term.target, gas_, question);
        }
        if (term.ask == Ask.Holds1155) question = abi.encodeCall(IERC1155.balanceOf, (reader, term.id));
        else if (term.ask == Ask.Holds721) question = abi.encodeCall(IERC721.balanceOf, (reader));
        else question = abi.encodeCall(IERC20.balanceOf, (reader));
        return Probe.atLeast(term.target, gas_, question, term.least);
    }

    /// @dev A wrong proof shows nothing: who is listed can send one as well. So it is unknown, not false.
    function _listed(bytes32 root, address reader, bytes calldata context) private pure returns (Truth) {
        if (context.length % 32 != 0 || context.length > 32 * MAX_SIBLINGS) return Truth.Unknown;
        bytes32[] memory proof = new bytes32[](context.length / 32);
        for (uint256 i = 0; i < proof.length; ++i) {
            proof[i] = bytes32(context[32 * i:32 * i + 32]);
        }
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(reader))));
        return MerkleProof.verify(proof, root, leaf) ? Truth.True : Truth.Unknown;
    }

    function _effectiveTerms(bytes32 id, Resource storage found) private view returns (Term[] storage terms) {
        terms = _terms[id];
        if (terms.length == 0 && found.collection != 0) terms = _terms[found.collection];
    }

    function _truth(bool holds) private pure returns (Truth) {
        return holds ? Truth.True : Truth.False;
    }
}
