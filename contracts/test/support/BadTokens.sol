// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Tokens that are not what the standard says
/// @notice As the older ones: `transfer` and `transferFrom` return nothing.
contract MuteCoin {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// Returns false instead of reverting, and moves nothing.
contract FalseCoin is ERC20("False", "FALSE") {
    function transfer(address, uint256) public pure override returns (bool) {
        return false;
    }

    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

/// Says that it moved what it did not move.
contract LyingCoin is ERC20("Lying", "LIE") {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return true;
    }
}

/// Keeps one unit of every transfer.
contract FeeCoin is ERC20("Fee", "FEE") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(to, address(0xfee), 1);
    }
}

/// @notice Who is called when a coin of his goes or comes.
interface ICoinHook {
    function coinMoves(address from, address to) external;
}

/// Tells sender and receiver, as ERC-777 does, before and after.
contract HookCoin is ERC20("Hook", "HOOK") {
    mapping(address => bool) private _hooked;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function hook() external {
        _hooked[msg.sender] = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (_hooked[from]) ICoinHook(from).coinMoves(from, to);
        super._update(from, to, amount);
        if (_hooked[to]) ICoinHook(to).coinMoves(from, to);
    }
}
