// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @title Tokens that anybody can make
contract Coin is ERC20Permit {
    constructor() ERC20("Coin", "COIN") ERC20Permit("Coin") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

contract Passes is ERC721("Passes", "PASS") {
    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}

contract Badges is ERC1155("") {
    function mint(address to, uint256 id, uint256 amount) external {
        _mint(to, id, amount, "");
    }
}
