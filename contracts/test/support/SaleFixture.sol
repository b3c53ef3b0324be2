// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ISale} from "../../src/interfaces/ISale.sol";
import {FIL, Permit, Price, Purchase} from "../../src/types/MarketTypes.sol";
import {RegistryFixture} from "./RegistryFixture.sol";
import {Coin} from "./Tokens.sol";

/// @title Prices, and buyers who sign
abstract contract SaleFixture is RegistryFixture {
    uint256 internal constant BUYER_KEY = uint256(keccak256("buyer"));
    address internal constant PAYEE = address(0x9a7ee);
    bytes32 internal constant LICENCE = keccak256("licence");
    bytes32 internal constant ITEM = "item";
    uint256 internal constant PRICE = 5e18;

    address internal buyer = vm.addr(BUYER_KEY);
    Coin internal coin = new Coin();

    constructor() {
        vm.warp(1_000_000);
        vm.deal(buyer, 1000 ether);
        coin.mint(buyer, 1000 ether);
    }

    function inFil() internal pure returns (Price memory) {
        return Price(FIL, PRICE, PAYEE, 0, FOREVER, FOREVER);
    }

    function inCoin() internal view returns (Price memory) {
        return Price(address(coin), PRICE, PAYEE, 0, FOREVER, FOREVER);
    }

    function inToken(address token) internal pure returns (Price memory) {
        return Price(token, PRICE, PAYEE, 0, FOREVER, FOREVER);
    }

    /// @dev Each of these is a price that nobody can mean.
    function badPrices() internal view returns (Price[5] memory bad) {
        for (uint256 i = 0; i < bad.length; ++i) {
            bad[i] = inCoin();
        }
        bad[0].amount = 0;
        bad[1].duration = 0;
        bad[2].expires = uint64(vm.getBlockTimestamp());
        bad[3].expires = 0;
        bad[4].token = ALICE;
    }

    function buy(ISale sale, bytes32 item, Price memory price) internal {
        vm.prank(buyer);
        coin.approve(address(sale), price.token == FIL ? 0 : price.amount);
        vm.prank(buyer);
        sale.buyFor{value: price.token == FIL ? price.amount : 0}(item, buyer, price.token, price.amount, "");
    }

    // ---------------------------------------------------------------- signatures

    function purchaseOf(ISale sale, bytes32 item, Price memory price)
        internal
        view
        returns (Purchase memory)
    {
        uint256 deadline = vm.getBlockTimestamp() + 100;
        return
            Purchase(
                item, buyer, buyer, price.token, price.amount, price.licence, sale.nonces(buyer), deadline
            );
    }

    function sign(ISale sale, Purchase memory purchase) internal view returns (bytes memory) {
        return signed(BUYER_KEY, purchaseDigest(sale, purchase));
    }

    function consent(ISale sale, bytes32 subject, bytes32 licence, address reader)
        internal
        view
        returns (bytes memory)
    {
        return signed(BUYER_KEY, acceptanceDigest(sale, subject, licence, reader));
    }

    function purchaseDigest(ISale sale, Purchase memory purchase) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Purchase(bytes32 item,address reader,address payer,address token,uint256 price,bytes32 licence,uint256 nonce,uint256 deadline)"
        );
        return digestOf(address(sale), "Stheno Sale", keccak256(abi.encode(typeHash, purchase)));
    }

    function acceptanceDigest(ISale sale, bytes32 subject, bytes32 licence, address reader)
        internal
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256("LicenceAcceptance(bytes32 subject,bytes32 licence,address reader)");
        bytes32 structHash = keccak256(abi.encode(typeHash, subject, licence, reader));
        return digestOf(address(sale), "Stheno Sale", structHash);
    }

    function permitOf(address spender, uint256 amount) internal view returns (Permit memory permit) {
        permit.deadline = vm.getBlockTimestamp() + 100;
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 structHash =
            keccak256(abi.encode(typeHash, buyer, spender, amount, coin.nonces(buyer), permit.deadline));
        permit.signature = signed(BUYER_KEY, digestOf(address(coin), "Coin", structHash));
    }

    function digestOf(address verifier, string memory name, bytes32 structHash)
        internal
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        );
        bytes32 domain =
            keccak256(abi.encode(typeHash, keccak256(bytes(name)), keccak256("1"), block.chainid, verifier));
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The same signature in the form of ERC-2098.
    function compact(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return abi.encodePacked(r, s | bytes32(uint256(uint8(signature[64]) - 27) << 255));
    }

    /// @dev The other signature that the same key could have made: high `s`.
    function malleated(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        return abi.encodePacked(r, order - uint256(s), uint8(signature[64]) == 27 ? 28 : 27);
    }
}
