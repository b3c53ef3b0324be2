// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {HashToCurve} from "../../src/libraries/HashToCurve.sol";
import {Groth16Simulator} from "../support/Groth16Simulator.sol";
import {NullifiersFixture} from "../support/NullifiersFixture.sol";

/// @title Random members, roots and thieves, and a book of what may be used
contract UseHandler is NullifiersFixture {
    /// @dev A root that was set.
    struct Entry {
        uint256 root;
        uint64 replaced; // 0 while it is the root
        bool revoked;
    }

    /// @dev A use that went through.
    struct Taken {
        bytes32 item;
        uint64 period;
        uint256 member;
        address recipient;
        uint256[] inputs;
        bytes proof;
    }

    uint256 private constant MEMBERS = 3;
    uint256 private constant ITEMS = 2;
    uint256 private constant RECIPIENTS = 4;
    uint256 private constant HISTORY = 3;
    address private constant MALLORY = address(0xbad);

    Entry[] private _roots;
    Taken[] private _taken;
    /// Steps that went otherwise than the book says.
    uint256 public wrongs;
    /// Calls that were refused, to see that a campaign does something.
    uint256 public refused;

    constructor() {
        setUp();
    }

    // --------------------------------------------------------------------- steps

    function stepChange(uint256 root, uint256 revoking) external {
        bool revokes = revoking % 4 == 0;
        root = revoking % 16 == 0 ? 0 : ROOT + root % 4;
        if (!revokes && _roots.length > 0 && _roots[_roots.length - 1].root == root) return;
        setRoot(root, revokes);
        for (uint256 i = 0; revokes && i < _roots.length; ++i) {
            _roots[i].revoked = true;
        }
        if (_roots.length > 0) _roots[_roots.length - 1].replaced = _now();
        _roots.push(Entry(root, 0, false));
    }

    function stepTime(uint256 seconds_) external {
        vm.warp(_now() + (seconds_ % 8 == 0 ? seconds_ % DAY : seconds_ % (WINDOW / 2)));
    }

    /// A proof that is right in all but, perhaps, its root or its being the first.
    function stepUse(uint256 member, uint256 item, uint256 recipient, uint256 root) external {
        Taken memory use_ = _prove(member, item, recipient, root);
        bool may = _isValid(use_.inputs[0]) && !_isTaken(use_.item, use_.period, use_.member);
        try nullifiers.use(use_.item, use_.recipient, use_.inputs, use_.proof) {
            _judge(may);
            _taken.push(use_);
        } catch {
            _judge(!may);
            ++refused;
        }
    }

    /// Whatever is made of a proof that was used, in its period or later.
    function stepReplay(uint256 number, uint256 how, uint256 randomness) external {
        if (_taken.length == 0) return;
        Taken memory use_ = _taken[number % _taken.length];
        if (how % 4 == 1) use_.proof = Groth16Simulator.prove(use_.inputs, randomness);
        if (how % 4 == 2) use_.inputs[1] += HashToCurve.R;
        if (how % 4 == 3) use_.inputs[2] = nullifiers.scopeOf(use_.item, nullifiers.currentPeriod());
        if (how % 4 == 3 && use_.period == nullifiers.currentPeriod()) use_.inputs[1] += 1;
        _mustFail(use_);
    }

    /// What somebody sees on its way, and would have for herself.
    function stepSteal(uint256 member, uint256 item, uint256 root, uint256 how) external {
        Taken memory use_ = _prove(member, item, how, root);
        use_.recipient = MALLORY;
        if (how % 2 == 0) use_.inputs[3] = nullifiers.bindingOf(MALLORY);
        vm.prank(MALLORY);
        _mustFail(use_);
    }

    /// A right proof with one of its inputs changed, or one of its bits.
    function stepWrong(uint256 member, uint256 item, uint256 root, uint256 change) external {
        Taken memory use_ = _prove(member, item, change, root);
        uint256 place = change % 8;
        if (place < 6) {
            use_.inputs[place] = addmod(use_.inputs[place], 1 + (change >> 8) % 1000, HashToCurve.R);
        } else {
            use_.proof[(change >> 8) % 512] ^= bytes1(uint8(1) << uint8((change >> 32) % 8));
        }
        _mustFail(use_);
    }

    // ---------------------------------------------------------------------- book

    /// @notice Questions of contract and book that have different answers.
    function disagreements() external view returns (uint256 count) {
        uint64 period = nullifiers.currentPeriod();
        for (uint256 item = 0; item < ITEMS; ++item) {
            for (uint256 i = 0; i < RECIPIENTS; ++i) {
                bool reads = nullifiers.canRead(_recipient(i), _item(item), "");
                if (reads != _reads(_recipient(i), _item(item), period)) ++count;
            }
            if (nullifiers.canRead(MALLORY, _item(item), "")) ++count;
            for (uint256 member = 0; member < MEMBERS; ++member) {
                uint256 nullifier = _nullifier(member, nullifiers.scopeOf(_item(item), period));
                bool used = nullifiers.isUsed(_item(item), period, nullifier);
                if (used != _isTaken(_item(item), period, member)) ++count;
            }
        }
        for (uint256 root = ROOT; root < ROOT + 4; ++root) {
            if (group.isValid(root, _now()) != _isValid(root)) ++count;
        }
    }

    function _mustFail(Taken memory use_) private {
        try nullifiers.use(use_.item, use_.recipient, use_.inputs, use_.proof) {
            _judge(false);
        } catch {
            ++refused;
        }
    }

    function _prove(uint256 member, uint256 item, uint256 recipient, uint256 root)
        private
        view
        returns (Taken memory use_)
    {
        use_.member = member % MEMBERS;
        (use_.item, use_.recipient) = (_item(item), _recipient(recipient));
        use_.period = nullifiers.currentPeriod();
        uint256 scope = nullifiers.scopeOf(use_.item, use_.period);
        use_.inputs = inputsOf(use_.item, use_.recipient, _nullifier(use_.member, scope));
        use_.inputs[0] = ROOT + root % 4;
        use_.proof = Groth16Simulator.prove(use_.inputs, uint256(keccak256(abi.encode(member, root))));
    }

    function _isTaken(bytes32 item, uint64 period, uint256 member) private view returns (bool) {
        for (uint256 i = 0; i < _taken.length; ++i) {
            Taken storage use_ = _taken[i];
            if (use_.item == item && use_.period == period && use_.member == member) return true;
        }
        return false;
    }

    function _reads(address recipient, bytes32 item, uint64 period) private view returns (bool) {
        for (uint256 i = 0; i < _taken.length; ++i) {
            Taken storage use_ = _taken[i];
            if (use_.item == item && use_.period == period && use_.recipient == recipient) return true;
        }
        return false;
    }

    /// @dev The latest entry of a root decides, if it is one of the last.
    function _isValid(uint256 root) private view returns (bool) {
        for (uint256 back = 0; back < _roots.length && back <= HISTORY; ++back) {
            Entry storage entry = _roots[_roots.length - 1 - back];
            if (entry.root != root) continue;
            return !entry.revoked && (entry.replaced == 0 || _now() < entry.replaced + WINDOW);
        }
        return false;
    }

    function _judge(bool right) private {
        if (!right) ++wrongs;
    }

    function _now() private view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }

    /// @dev As a circuit would have it: a number for member and scope.
    function _nullifier(uint256 member, uint256 scope) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(member, scope))) % HashToCurve.R;
    }

    function _item(uint256 i) private pure returns (bytes32) {
        return bytes32(1 + i % ITEMS);
    }

    function _recipient(uint256 i) private pure returns (address) {
        return address(uint160(0x10000 + i % RECIPIENTS));
    }
}
