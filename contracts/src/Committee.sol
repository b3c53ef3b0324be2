// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Consent} from "./Consent.sol";
import {Epochs} from "./Epochs.sol";

/// @title Registry and broadcast channel of threshold committees
/// @notice See `ICommittee` for what it does. The parts:
///
/// - `Registry`: committees, and the nodes that may become their members;
/// - `Consent`: proposal, ceremony keys and approvals, up to the start of a ceremony;
/// - `Ceremonies`: the four phases Deal, Complain, Answer, Confirm;
/// - `Epochs`: activation, failure, and the epochs that readers look up;
/// - `CommitteeStorage`: what is stored, below all of them.
///
/// @dev It holds no money, calls no contract but precompiles, has no administrator and cannot be upgraded.
contract Committee is Consent, Epochs {}
