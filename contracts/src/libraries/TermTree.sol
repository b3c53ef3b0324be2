// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessRegistry} from "../interfaces/IAccessRegistry.sol";
import {Ask, Term, Truth} from "../types/AccessTypes.sol";

/// @title A tree of terms in postfix order
/// @notice Leaves stand in front of what combines them, so one walk with a stack judges the tree, without recursion.
library TermTree {
    uint256 internal constant MAX_TERMS = 16;

    /// @notice Reverts unless the terms are none, or one tree whose terms have exactly the fields that they ask for.
    function check(Term[] calldata terms) internal view {
        require(terms.length <= MAX_TERMS, IAccessRegistry.TooManyTerms(terms.length));
        if (terms.length == 0) return;
        uint256 open = 0;
        for (uint256 i = 0; i < terms.length; ++i) {
            Term calldata term = terms[i];
            _checkFields(term, i);
            if (term.parts > open) revert IAccessRegistry.BadTree();
            open = open - term.parts + 1;
        }
        require(open == 1, IAccessRegistry.BadTree());
    }

    /// @notice Fills in what `All` and `Any` come to, in Kleene's strong three-valued logic.
    /// @param truths Of the leaves, each at its position.
    function combine(Term[] storage terms, Truth[] memory truths) internal view {
        uint256[] memory stack = new uint256[](truths.length);
        uint256 top = 0;
        for (uint256 i = 0; i < truths.length; ++i) {
            Ask ask = terms[i].ask;
            if (ask >= Ask.All) {
                uint256 parts = terms[i].parts;
                top -= parts;
                truths[i] = _combined(truths, stack, top, parts, ask == Ask.All ? Truth.False : Truth.True);
            }
            stack[top++] = i;
        }
    }

    /// @param decisive The truth that one part suffices for: false of `All`, true of `Any`.
    function _combined(
        Truth[] memory truths,
        uint256[] memory stack,
        uint256 first,
        uint256 parts,
        Truth decisive
    ) private pure returns (Truth result) {
        result = decisive == Truth.True ? Truth.False : Truth.True;
        for (uint256 i = first; i < first + parts; ++i) {
            Truth part = truths[stack[i]];
            if (part == decisive) return decisive;
            if (part == Truth.Unknown) result = Truth.Unknown;
        }
    }

    function _checkFields(Term calldata term, uint256 position) private view {
        Ask ask = term.ask;
        bool combines = ask >= Ask.All;
        bool balance = ask >= Ask.Holds20 && ask <= Ask.Holds1155;
        bool asks = balance || ask == Ask.Paid || ask == Ask.Condition;
        bool fits = combines == (term.parts > 0) && balance == (term.least > 0)
            && asks == (term.target != address(0)) && (ask != Ask.Listed || term.id != 0)
            && (ask == Ask.Holds1155 || ask == Ask.Listed || term.id == 0);
        require(fits, IAccessRegistry.BadTerm(position));
        require(!asks || term.target.code.length > 0, IAccessRegistry.NoContract(position, term.target));
    }
}
