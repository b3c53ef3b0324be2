// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Calls of the precompiles that BLS12-381 needs, each of which may fail to answer
/// @notice A precompile's silence says nothing about its input. On the FEVM a call to a precompile that is not
/// there succeeds with nothing; elsewhere a call fails in the same way for a bad input and for want of gas, which
/// the caller of a contract chooses. So an answer is one of the right length, and everything else is none.
library Eip2537 {
    /// @notice What became of a check of pairings.
    /// @param Nothing The call succeeded, and what came back is no answer.
    /// @param Failure The call failed: for a bad point, or for want of gas.
    /// @param NotOne The product is not 1.
    /// @param One The product is 1.
    enum Answer {
        Nothing,
        Failure,
        NotOne,
        One
    }

    /// @dev Length of a point of G1: `x ‖ y`, each 16 zero bytes and 48 big-endian.
    uint256 internal constant G1_BYTES = 128;
    /// @dev Length of a point of G2: `x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1`.
    uint256 internal constant G2_BYTES = 256;

    address private constant MODEXP = address(0x05);
    address private constant G1_ADD = address(0x0b);
    address private constant G1_MSM = address(0x0c);
    address private constant G2_MSM = address(0x0e);
    address private constant PAIRING_CHECK = address(0x0f);
    address private constant MAP_FP_TO_G1 = address(0x10);

    /// @dev The base field's modulus p, 48 bytes.
    bytes private constant P =
        hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
    /// @dev The same in two words, as it fills a coordinate.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @notice The generator of G1.
    function g1() internal pure returns (bytes memory) {
        return hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
            hex"6c55e83ff97a1aeffb3af00adb22c6bb0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4"
            hex"fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
    }

    /// @notice The generator of G2.
    function g2() internal pure returns (bytes memory) {
        return hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d177"
            hex"0bac0326a805bbefd48056c8c121bdb80000000000000000000000000000000013e02b6052719f607dacd3a088274f65"
            hex"596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e00000000000000000000000000000000"
            hex"0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"
            hex"000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab"
            hex"3f370d275cec1da1aaa9075ff05f79be";
    }

    /// @notice The negative of the generator of G2.
    function g2Negative() internal pure returns (bytes memory) {
        return hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d177"
            hex"0bac0326a805bbefd48056c8c121bdb80000000000000000000000000000000013e02b6052719f607dacd3a088274f65"
            hex"596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e00000000000000000000000000000000"
            hex"0d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa"
            hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78"
            hex"df74f2d75467e25e0f55f8a00fa030ed";
    }

    /// @notice Whether all bytes are 0: the point at infinity. Precompiles take it, the scheme does not.
    function isInfinity(bytes memory point) internal pure returns (bool) {
        for (uint256 i = 32; i <= point.length; i += 32) {
            bytes32 word;
            assembly ("memory-safe") {
                word := mload(add(point, i))
            }
            if (word != 0) return false;
        }
        return true;
    }

    /// @notice 64 big-endian bytes modulo p, as a base field element of EIP-2537.
    /// @return answered Whether the modular exponentiation (EIP-198) answered.
    function reduce(bytes memory wide) internal view returns (bool answered, bytes memory element) {
        bytes memory input = abi.encodePacked(uint256(64), uint256(1), uint256(48), wide, uint8(1), P);
        (answered, element) = _ask(MODEXP, input, 48);
        element = bytes.concat(bytes16(0), element);
    }

    /// @notice The point of the subgroup that a base field element is mapped to, cofactor cleared.
    function mapToG1(bytes memory element) internal view returns (bool answered, bytes memory point) {
        return _ask(MAP_FP_TO_G1, element, G1_BYTES);
    }

    /// @notice The sum of two points of G1, of which only the curve is checked, not the subgroup.
    function g1Add(bytes memory a, bytes memory b) internal view returns (bool answered, bytes memory sum) {
        return _ask(G1_ADD, bytes.concat(a, b), G1_BYTES);
    }

    /// @notice A sum of multiples of points of G1, each of which must be in the subgroup.
    /// @param terms 160 bytes for each: the point, then the scalar.
    function g1Sum(bytes memory terms) internal view returns (bool answered, bytes memory sum) {
        return _ask(G1_MSM, terms, G1_BYTES);
    }

    /// @notice A sum of multiples of points of G2, each of which must be in the subgroup.
    /// @param terms 288 bytes for each: the point, then the scalar.
    function g2Sum(bytes memory terms) internal view returns (bool answered, bytes memory sum) {
        return _ask(G2_MSM, terms, G2_BYTES);
    }

    /// @notice The negative of a point of G1, which stays as bad as it was if it is none.
    /// @param point 128 bytes.
    /// @return done Whether its `y` is not above p: there is no negative of what is.
    function g1Negative(bytes memory point) internal pure returns (bool done, bytes memory negative) {
        uint256[4] memory words = abi.decode(point, (uint256[4]));
        (uint256 high, uint256 low) = (words[2], words[3]);
        if (high > P_HIGH || (high == P_HIGH && low > P_LOW)) return (false, negative);
        uint256 borrow = low > P_LOW ? 1 : 0;
        unchecked {
            (words[2], words[3]) = (P_HIGH - high - borrow, P_LOW - low);
        }
        return (true, abi.encode(words));
    }

    /// @notice A multiple of a point of G2, which must be in the subgroup.
    function g2Multiply(bytes memory point, uint256 scalar)
        internal
        view
        returns (bool answered, bytes memory product)
    {
        return _ask(G2_MSM, abi.encodePacked(point, scalar), G2_BYTES);
    }

    /// @notice Whether a product of pairings is 1. Every point is checked: canonical, on the curve, in the subgroup.
    /// @param gasLimit How much gas the precompile may have. With less at hand it has less.
    /// @param pairs Factors of 384 bytes each, G1 before G2.
    function pairingCheck(uint256 gasLimit, bytes memory pairs) internal view returns (Answer) {
        (bool done, bytes memory answer) = PAIRING_CHECK.staticcall{gas: gasLimit}(pairs);
        if (!done) return Answer.Failure;
        if (answer.length != 32) return Answer.Nothing;
        uint256 value = uint256(bytes32(answer));
        if (value > 1) return Answer.Nothing;
        return value == 1 ? Answer.One : Answer.NotOne;
    }

    function _ask(address precompile, bytes memory input, uint256 length)
        private
        view
        returns (bool answered, bytes memory answer)
    {
        (answered, answer) = precompile.staticcall(input);
        answered = answered && answer.length == length;
    }
}
