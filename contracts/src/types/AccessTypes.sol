// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice What an id of the registry names.
enum Kind {
    None, // nothing: it was never registered
    Item, // one file, or several under one key
    Collection, // periods that share an owner, and terms unless they have their own
    Period // an item of a collection, drawn when it began
}

/// @notice What one term asks for.
enum Ask {
    Open, // nothing: everybody
    Granted, // a grant of the registry that has not ended, of the item or its collection
    Listed, // to be in a list of addresses, by a proof in the context
    Holds20, // a balance of an ERC-20 token
    Holds721, // a number of ERC-721 tokens of a contract
    Holds1155, // a balance of one ERC-1155 token
    Paid, // a payment: what a contract that sells, an `IOffer`, says by `canRead`
    Condition, // what any other `IAccessCondition` says
    All, // all of the terms below it
    Any // at least one of the terms below it
}

/// @notice One term. A tree of terms is a list in postfix order: `All` and `Any` stand behind their parts.
struct Term {
    Ask ask;
    /// How many parts `All` and `Any` have, at least 1; 0 for the others.
    uint8 parts;
    /// The contract that is asked: the token, the seller, the condition; zero for the others.
    address target;
    /// The token id of `Holds1155`; the Merkle root of `Listed`; zero for the others.
    uint256 id;
    /// The least balance of `Holds20`, `Holds721`, `Holds1155`, at least 1; zero for the others.
    uint256 least;
}

/// @notice What a term came to. A contract that reverts, answers something else, or is not there leaves it unknown.
enum Truth {
    False,
    True,
    Unknown
}

/// @notice What there is to know of an id.
struct Resource {
    Kind kind;
    /// Who owns it; of a period, who owns the collection.
    address owner;
    /// Who may accept the ownership; zero for nobody.
    address pendingOwner;
    /// When it was registered or began, in seconds since 1970.
    uint64 begun;
    /// The collection of a period; zero for the others.
    bytes32 collection;
}

/// @notice A period of a collection.
struct Period {
    bytes32 item;
    /// What the item was drawn with, so that anybody can recompute it.
    bytes32 seed;
    /// When it began, in seconds since 1970.
    uint64 begun;
}

/// @notice What an owner can let others do, each a bit.
library Roles {
    /// Set the terms.
    uint8 internal constant TERMS = 1;
    /// Grant and revoke.
    uint8 internal constant GRANTS = 2;
    /// Begin periods.
    uint8 internal constant PERIODS = 4;
    /// Set prices and list in catalogues: of contracts that ask the registry for it.
    uint8 internal constant SALES = 8;
    /// All of the above, and give them to others. Not: transfer ownership, name delegates.
    uint8 internal constant DELEGATE = 16;

    uint8 internal constant ALL = 31;
}
