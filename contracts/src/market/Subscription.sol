// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessCondition} from "../interfaces/IAccessCondition.sol";
import {IERC5643} from "../interfaces/IERC5643.sol";
import {Deadline} from "../libraries/Deadline.sol";
import {Money} from "../libraries/Money.sol";
import {Price} from "../types/MarketTypes.sol";
import {TokenSale} from "./TokenSale.sol";

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @title A subscription that is sold for FIL or a token
/// @notice An ERC-721 token with an end (ERC-5643), one for each account. The price's `duration` is one period of it;
/// buying again renews. In the days of grace after its end a subscriber still reads, and a renewal goes on from the end;
/// later it goes on from now. What was opened stays open, so give each period of time an item of its own: a collection.
contract Subscription is TokenSale, IERC5643 {
    /// @notice Thrown when the account has a subscription: there is one for each.
    error AlreadySubscribed(address account);

    /// @notice Thrown when a renewal is not for a whole number of periods, at least one.
    error BadDuration(uint64 duration, uint64 period);

    /// @notice How many seconds after its end a subscription still lets its holder read.
    uint64 public immutable grace;

    /// @notice An account's subscription; 0 for none.
    mapping(address account => uint256 tokenId) public subscriptionOf;

    mapping(uint256 tokenId => uint64) private _expiresAt;

    constructor(
        string memory name_,
        string memory symbol_,
        address owner_,
        Price memory price_,
        uint64 grace_
    ) TokenSale(name_, symbol_, owner_, price_) {
        grace = grace_;
    }

    /// @inheritdoc IERC5643
    /// @dev Anybody may pay. In a token the price comes from the sender's allowance; in FIL the rest comes back. The
    /// price is the current one: `buyFor` also lets the sender say how much he agrees to.
    function renewSubscription(uint256 tokenId, uint64 duration) external payable nonReentrant {
        address holder = _requireOwned(tokenId);
        Price memory asked = _price(0);
        asked = _agreed(0, asked.token, asked.amount);
        bool whole = duration > 0 && duration % asked.duration == 0;
        require(whole, BadDuration(duration, asked.duration));
        bool accepted = asked.licence == 0 || acceptedAt(0, asked.licence, holder) != 0;
        require(accepted, LicenceNotAccepted(asked.licence, holder));
        uint256 cost = asked.amount * (duration / asked.duration);
        Money.take(asked.token, msg.sender, cost);
        emit Bought(0, holder, msg.sender, asked.token, cost);
        _extend(tokenId, duration);
        _credit(asked.payee, asked.token, cost);
        Money.giveChange(asked.token, cost);
    }

    /// @inheritdoc IERC5643
    /// @dev By its holder, or whom he approved. Nothing is paid back, and the token is gone.
    function cancelSubscription(uint256 tokenId) external payable {
        require(msg.value == 0, FilNotExpected(msg.value));
        _checkAuthorized(_requireOwned(tokenId), msg.sender, tokenId);
        delete _expiresAt[tokenId];
        _burn(tokenId);
        emit SubscriptionUpdate(tokenId, 0);
    }

    /// @inheritdoc IERC5643
    /// @dev Without the grace: a policy's `subscription` leaf goes by this.
    function expiresAt(uint256 tokenId) external view returns (uint64) {
        _requireOwned(tokenId);
        return _expiresAt[tokenId];
    }

    /// @inheritdoc IERC5643
    function isRenewable(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return _onSale();
    }

    /// @inheritdoc IAccessCondition
    /// @dev Every subscriber may read every item that is sealed to this condition.
    function canRead(address reader, bytes32, bytes calldata) external view returns (bool) {
        uint256 tokenId = subscriptionOf[reader];
        return tokenId != 0 && uint256(_expiresAt[tokenId]) + grace > block.timestamp;
    }

    function supportsInterface(bytes4 id) public view override returns (bool) {
        return id == type(IERC5643).interfaceId || super.supportsInterface(id);
    }

    function _deliver(bytes32, address reader, address, Price memory paid) internal override {
        _credit(paid.payee, paid.token, paid.amount);
        uint256 tokenId = subscriptionOf[reader];
        if (tokenId != 0) return _extend(tokenId, paid.duration);
        tokenId = ++sold;
        _extend(tokenId, paid.duration);
        _safeMint(reader, tokenId);
    }

    /// @dev One for each account, so that whether an account subscribes is one look.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from != address(0)) delete subscriptionOf[from];
        if (to != address(0)) {
            require(subscriptionOf[to] == 0, AlreadySubscribed(to));
            subscriptionOf[to] = tokenId;
        }
    }

    function _fits(Price memory price) internal pure override returns (bool) {
        return price.duration < type(uint64).max;
    }

    function _extend(uint256 tokenId, uint64 duration) private {
        uint64 end = _expiresAt[tokenId];
        bool lapsed = uint256(end) + grace <= block.timestamp;
        uint64 expiration = Deadline.add(lapsed ? uint64(block.timestamp) : end, duration);
        _expiresAt[tokenId] = expiration;
        emit SubscriptionUpdate(tokenId, expiration);
    }

    function _onSale() private view returns (bool) {
        try this.priceOf() returns (Price memory asked) {
            return block.timestamp < asked.expires;
        } catch {
            return false;
        }
    }
}
