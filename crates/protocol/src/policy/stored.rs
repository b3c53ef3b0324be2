//! The stored form of policies: deterministic CBOR. `policy.cddl` is its grammar.

mod decode;
mod encode;
mod entries;

pub(super) use decode::decode;
pub(super) use encode::encode;

/// Numbers of rules and conditions.
mod kind {
    pub(super) const ALL: u64 = 0;
    pub(super) const ANY: u64 = 1;
    pub(super) const AT_LEAST: u64 = 2;
    pub(super) const NOT: u64 = 3;
    pub(super) const CALL: u64 = 16;
    pub(super) const TOKEN: u64 = 17;
    pub(super) const BALANCE: u64 = 18;
    pub(super) const TIME: u64 = 19;
    pub(super) const ADDRESS: u64 = 20;
    pub(super) const ALLOWLIST: u64 = 21;
    pub(super) const SUBSCRIPTION: u64 = 22;
    pub(super) const STORAGE: u64 = 23;
    pub(super) const GRANT: u64 = 24;
    pub(super) const ZK: u64 = 25;
}

/// Keys of maps. Keys up to `CONFIRMATIONS` mean the same in every condition.
mod key {
    pub(super) const VERSION: u64 = 1;
    pub(super) const RULE: u64 = 2;
    pub(super) const SALT: u64 = 3;

    pub(super) const CHAIN: u64 = 1;
    pub(super) const CONTRACT: u64 = 2;
    pub(super) const CONFIRMATIONS: u64 = 3;

    pub(super) const FUNCTION: u64 = 4;
    pub(super) const ARGS: u64 = 5;
    pub(super) const PATH: u64 = 6;
    pub(super) const COMPARISON: u64 = 7;
    pub(super) const OPERANDS: u64 = 8;

    pub(super) const STANDARD: u64 = 4;
    pub(super) const MIN: u64 = 5;
    pub(super) const IDS: u64 = 6;

    pub(super) const AFTER: u64 = 4;
    pub(super) const BEFORE: u64 = 5;

    pub(super) const LIST: u64 = 4;

    pub(super) const ROOT: u64 = 4;
    pub(super) const PROOF: u64 = 5;

    /// Of a subscription.
    pub(super) const TOKEN: u64 = 4;

    pub(super) const DATA_SET: u64 = 4;
    pub(super) const PROVEN_WITHIN: u64 = 5;
    pub(super) const PAID: u64 = 6;

    /// Inside `PAID`, after `CONTRACT`.
    pub(super) const RAIL: u64 = 4;
    pub(super) const PAYER: u64 = 5;
    pub(super) const PAID_TOKEN: u64 = 6;

    pub(super) const CONTEXT: u64 = 4;

    /// Of a private condition, beside `ROOT` and `PROOF`.
    pub(super) const CIRCUIT: u64 = 6;
    pub(super) const KEY: u64 = 7;
    pub(super) const PERIOD: u64 = 8;
    pub(super) const ATTRIBUTES: u64 = 9;

    /// The one key of a placeholder.
    pub(super) const NAME: u64 = 0;
}
