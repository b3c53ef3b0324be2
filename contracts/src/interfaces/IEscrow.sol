// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Price} from "../types/MarketTypes.sol";
import {IPdpVerifier} from "./IPdpVerifier.sol";

/// @notice What a seller guarantees: that a data set stays stored.
struct Guarantee {
    /// The PDP data set, as its verifier numbers it, from 1.
    uint256 dataSet;
    /// For how many epochs from the purchase, at most `MAX_TERM`.
    uint64 term;
    /// How many epochs may pass between two proofs, at least 1 and at most `term`.
    uint64 window;
}

/// @notice Where a deposit stands.
enum Standing {
    None, // there is no such deposit
    Held, // its term runs, or the verifier does not answer
    Lapsed, // the proof lapsed within the term: the payer gets it back
    Kept, // the term is over and the guarantee was kept: the payee gets it
    Refunded,
    Released
}

/// @notice A payment that waits for the end of its term.
struct Deposit {
    address payer;
    address payee;
    address reader;
    address token;
    uint256 amount;
    /// The item or collection that was bought.
    bytes32 id;
    uint256 dataSet;
    uint64 window;
    /// The epoch with which the term ends.
    uint64 ends;
    /// `Held`, `Refunded` or `Released`.
    Standing settled;
}

/// @title Sales that are paid when the data stayed stored
/// @notice A buyer reads at once, and his payment waits here. If the storage proof lapses within the term, it goes
/// back to the payer, and the right to read ends; else it is the payee's. Whoever likes settles.
///
/// A proof *lapses* when the data set is deleted, or when more than `window` epochs pass without a proof. A data set
/// that is deleted after the term must be so for `window` epochs before the payee is paid: until then nobody can tell
/// whether it was deleted before. So sellers settle when the term ends, and buyers who see a lapse do so within it.
/// While the verifier does not answer, nothing moves, but what payer and payee give up by themselves.
///
/// @dev What is sold is a *sale*: an item or collection with its guarantee, hashed. So no seller can change the
/// guarantee of a purchase in flight. `offer` names the sale in its calldata.
interface IEscrow {
    /// @notice An item or collection is on sale under this guarantee.
    event GuaranteeSet(bytes32 indexed id, bytes32 indexed sale, Guarantee guarantee);

    /// @notice A payment waits.
    event Deposited(uint256 indexed deposit, bytes32 indexed id, address indexed reader, uint64 ends);

    /// @notice A deposit is the payee's (`Released`) or the payer's again (`Refunded`).
    event Settled(uint256 indexed deposit, Standing standing);

    /// @notice Thrown when a guarantee promises nothing, or longer than `MAX_TERM`.
    error BadGuarantee();

    /// @notice Thrown when there is no contract where the verifier should be.
    error NoVerifier(address verifier);

    /// @notice Thrown when the data set is not live and proven within the window at the time of the purchase.
    error NotStored(uint256 dataSet);

    /// @notice Thrown when the reader has bought this already.
    error AlreadyBought(bytes32 id, address reader);

    /// @notice Thrown when a purchase in escrow would end by itself: it lasts for good, or is refunded.
    error NotForGood(uint64 duration);

    /// @notice Thrown when a deposit cannot be settled.
    error NotSettleable(uint256 deposit, Standing standing);

    /// @notice Thrown when the sender is neither payer nor payee of a deposit.
    error NotAParty(uint256 deposit, address account);

    /// @notice Puts an item, a collection or a period on sale. By whom has `Roles.SALES` in the registry.
    /// @return sale What buyers name in `buyFor`.
    function setSale(bytes32 id, Price calldata price, Guarantee calldata guarantee)
        external
        returns (bytes32 sale);

    /// @notice Moves a deposit to whom it belongs, where that is decided. Anybody may call.
    function settle(uint256 deposit) external;

    /// @notice Gives a deposit to the other side: the payer lets it go, or the payee gives it back.
    function giveUp(uint256 deposit) external;

    /// @notice Where a deposit stands now.
    function standingOf(uint256 deposit) external view returns (Standing);

    /// @notice A deposit.
    function deposits(uint256 deposit) external view returns (Deposit memory);

    /// @notice How many deposits there were; they count from 1.
    function depositCount() external view returns (uint256);

    /// @notice A reader's last deposit for an item or collection; 0 for none.
    function depositOf(bytes32 id, address reader) external view returns (uint256);

    /// @notice The id and guarantee that a sale stands for; the id is zero for none.
    function saleInfo(bytes32 sale) external view returns (bytes32 id, Guarantee memory guarantee);

    /// @notice Who knows whether a data set is stored.
    function verifier() external view returns (IPdpVerifier);
}
