// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Permit, Purchase} from "../types/MarketTypes.sol";
import {ILicensing} from "./ILicensing.sol";
import {IOffer} from "./IOffer.sol";
import {IProceeds} from "./IProceeds.sol";

/// @title A sale of access
/// @notice One call buys, whatever is sold: a pass, a subscription, access to an item. Software that can show and make
/// this call can buy from each of them.
/// @dev A purchase that somebody else sends is signed as EIP-712 typed data in the domain of `ILicensing`:
/// `Purchase(bytes32 item,address reader,address payer,address token,uint256 price,bytes32 licence,uint256 nonce,uint256
/// deadline)`, in one line.
interface ISale is IOffer, ILicensing, IProceeds {
    /// @notice Somebody bought for a reader.
    event Bought(
        bytes32 indexed item, address indexed reader, address indexed payer, address token, uint256 amount
    );

    /// @notice Thrown when there is no price for this.
    error NotForSale(bytes32 item);

    /// @notice Thrown when the offer has ended.
    error OfferExpired(uint64 expires);

    /// @notice Thrown when it is sold for another token.
    error WrongToken(address given, address token);

    /// @notice Thrown when it costs more than the buyer agreed to.
    error PriceRose(uint256 price, uint256 agreed);

    /// @notice Thrown when a signed purchase is late.
    error PurchaseExpired(uint256 deadline);

    /// @notice Thrown when the payer did not sign this purchase.
    error PurchaseNotSigned();

    /// @notice Thrown when a signed purchase is to be paid in FIL, which nobody can draw from another.
    error NotByPermit();

    /// @notice Thrown when the token refused the permit, and the allowance does not suffice without it.
    error PermitRefused(address token);

    /// @notice Thrown when a price is zero, lasts no time, has ended, or is in a token that is no contract.
    error BadPrice();

    /// @notice Buys for `reader`; the sender pays.
    /// @dev In FIL the value is at least the price, and the rest comes back to the sender, who must be able to receive
    /// it. In a token the sender has allowed this contract the price, and the value is zero. A price that fell in
    /// flight is the lower one; a price that rose makes the purchase fail.
    /// @param item What to buy: as `offer` names it in its calldata.
    /// @param token The token that the buyer expects to pay in; zero is FIL.
    /// @param price The most that the buyer pays.
    /// @param consent The reader's signature for the licence; empty without one, or where it is recorded.
    function buyFor(bytes32 item, address reader, address token, uint256 price, bytes calldata consent)
        external
        payable;

    /// @notice Makes a purchase that its payer signed; anybody may send it. The payer needs no FIL.
    /// @dev The permit goes first; one that somebody else sent before does no harm.
    /// @param signature The payer's, over `Purchase`.
    /// @param permit The payer's permit of `purchase.price`.
    /// @param consent The reader's, where the payer is another and there is a licence.
    function buyBySignature(
        Purchase calldata purchase,
        bytes calldata signature,
        Permit calldata permit,
        bytes calldata consent
    ) external;

    /// @notice The number that the payer's next signed purchase bears.
    function nonces(address payer) external view returns (uint256);
}
