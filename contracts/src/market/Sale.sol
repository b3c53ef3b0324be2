// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ILicensing} from "../interfaces/ILicensing.sol";
import {IOffer} from "../interfaces/IOffer.sol";
import {ISale} from "../interfaces/ISale.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Money} from "../libraries/Money.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {FIL, Offer, Permit, Price, Purchase} from "../types/MarketTypes.sol";
import {Licensing} from "./Licensing.sol";
import {Proceeds} from "./Proceeds.sol";

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A sale of access
/// @notice How a purchase goes; what is sold, and for how much, is the inheriting contract's.
abstract contract Sale is ISale, Licensing, Proceeds, Nonces {
    bytes32 private constant PURCHASE_TYPEHASH = keccak256(
        "Purchase(bytes32 item,address reader,address payer,address token,uint256 price,bytes32 licence,uint256 nonce,uint256 deadline)"
    );

    /// @inheritdoc ISale
    function buyFor(bytes32 item, address reader, address token, uint256 price, bytes calldata consent)
        external
        payable
        nonReentrant
    {
        Price memory asked = _agreed(item, token, price);
        _requireLicence(_subject(item), asked.licence, reader, consent);
        _buy(item, reader, msg.sender, asked);
        Money.giveChange(token, asked.amount);
    }

    /// @inheritdoc ISale
    function buyBySignature(
        Purchase calldata purchase,
        bytes calldata signature,
        Permit calldata permit,
        bytes calldata consent
    ) external nonReentrant {
        require(purchase.token != FIL, NotByPermit());
        require(block.timestamp <= purchase.deadline, PurchaseExpired(purchase.deadline));
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(PURCHASE_TYPEHASH, purchase)));
        require(Signatures.isValid(purchase.payer, digest, signature), PurchaseNotSigned());
        _useCheckedNonce(purchase.payer, purchase.nonce);

        Price memory asked = _agreed(purchase.item, purchase.token, purchase.price);
        require(purchase.licence == asked.licence, WrongLicence(purchase.licence, asked.licence));
        bytes32 subject = _subject(purchase.item);
        if (purchase.payer == purchase.reader) _record(subject, asked.licence, purchase.reader);
        else _requireLicence(subject, asked.licence, purchase.reader, consent);
        _usePermit(purchase, permit, asked.amount);
        _buy(purchase.item, purchase.reader, purchase.payer, asked);
    }

    /// @inheritdoc IOffer
    function offer(bytes32 item, address reader) external view returns (Offer memory) {
        bytes32 sold = _soldFor(item);
        Price memory asked = _price(sold);
        require(block.timestamp < asked.expires, OfferExpired(asked.expires));
        bytes memory data = abi.encodeCall(ISale.buyFor, (sold, reader, asked.token, asked.amount, ""));
        return Offer(asked.token, asked.amount, address(this), data, asked.licence, asked.expires);
    }

    /// @inheritdoc ISale
    function nonces(address payer) public view override(ISale, Nonces) returns (uint256) {
        return super.nonces(payer);
    }

    /// @inheritdoc ILicensing
    function subjectOf(bytes32 item) external view returns (bytes32) {
        return _subject(item);
    }

    /// @dev What a licence is about.
    function _subject(bytes32 item) internal view virtual returns (bytes32);

    /// @dev What to buy in order to read an item.
    function _soldFor(bytes32 item) internal view virtual returns (bytes32) {
        return item;
    }

    /// @dev What it costs; reverts with `NotForSale`.
    function _price(bytes32 item) internal view virtual returns (Price memory);

    /// @dev Gives the reader his right and credits the payment, which is here. May call the reader, last.
    function _deliver(bytes32 item, address reader, address payer, Price memory paid) internal virtual;

    /// @dev Reverts for a price that nobody can mean.
    function _checkPrice(Price memory price) internal view {
        Accounts.check(price.payee);
        bool good = price.amount > 0 && price.duration > 0 && price.expires > block.timestamp
            && (price.token == FIL || price.token.code.length > 0);
        require(good, BadPrice());
    }

    function _agreed(bytes32 item, address token, uint256 most) internal view returns (Price memory asked) {
        asked = _price(item);
        require(block.timestamp < asked.expires, OfferExpired(asked.expires));
        require(token == asked.token, WrongToken(token, asked.token));
        require(asked.amount <= most, PriceRose(asked.amount, most));
    }

    function _buy(bytes32 item, address reader, address payer, Price memory asked) private {
        Accounts.check(reader);
        Money.take(asked.token, payer, asked.amount);
        emit Bought(item, reader, payer, asked.token, asked.amount);
        _deliver(item, reader, payer, asked);
    }

    /// @dev A permit that was sent by somebody else before is refused by the token, and not needed.
    function _usePermit(Purchase calldata purchase, Permit calldata permit, uint256 amount) private {
        if (permit.signature.length == 0) return;
        (uint8 v, bytes32 r, bytes32 s) = ECDSA.parseCalldata(permit.signature);
        try IERC20Permit(purchase.token)
            .permit(purchase.payer, address(this), purchase.price, permit.deadline, v, r, s) {}
        catch {
            bool allowed = IERC20(purchase.token).allowance(purchase.payer, address(this)) >= amount;
            require(allowed, PermitRefused(purchase.token));
        }
    }
}
