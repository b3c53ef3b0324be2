// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @dev The token that stands for the chain's own currency, in attoFIL.
address constant FIL = address(0);

/// @notice What it takes to read: a call that somebody makes, and what he pays with it.
struct Offer {
    /// The ERC-20 token to pay in; zero is FIL.
    address token;
    /// How much, in the token's smallest unit.
    uint256 amount;
    /// The contract to call, with `amount` as the value if it is FIL. A token's allowance goes to it.
    address target;
    /// The calldata. In our contracts `ISale.buyFor`, without consent to a licence yet.
    bytes data;
    /// Hash of the licence that the reader accepts by his signature; zero for none.
    bytes32 licence;
    /// Until when the offer holds, in seconds since 1970; `type(uint64).max` for no end.
    uint64 expires;
}

/// @notice For how much, and for how long, a seller sells.
struct Price {
    /// The ERC-20 token to pay in; zero is FIL.
    address token;
    /// How much, at least 1: what costs nothing is not sold, but open.
    uint256 amount;
    /// Who gets it; a `Splitter` for many.
    address payee;
    /// Hash of the licence that readers accept; zero for none.
    bytes32 licence;
    /// How many seconds a purchase lasts, at least 1; `type(uint64).max` for good.
    uint64 duration;
    /// Until when the offer holds, in seconds since 1970; `type(uint64).max` for no end.
    uint64 expires;
}

/// @notice What a buyer signs (EIP-712), so that somebody else can send it and pay the gas.
struct Purchase {
    bytes32 item;
    /// Who will read.
    address reader;
    /// Who pays, and signs.
    address payer;
    address token;
    /// The most that the payer pays.
    uint256 price;
    /// The licence, accepted by this signature if the payer is the reader.
    bytes32 licence;
    /// `nonces(payer)`.
    uint256 nonce;
    /// Until when it may be sent, in seconds since 1970.
    uint256 deadline;
}

/// @notice An ERC-2612 permit of a purchase's price to the seller's contract.
struct Permit {
    uint256 deadline;
    /// 65 bytes `r ‖ s ‖ v`, or 64 by ERC-2098; empty where the allowance is there already.
    bytes signature;
}
