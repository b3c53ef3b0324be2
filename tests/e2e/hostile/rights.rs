//! What a reader may have on the chain, how it is bought and lost, and the conditions that ask for it.
//!
//! What a condition ought to say is worked out here once more, from what the test itself did: nothing
//! of the product's evaluation is used.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::SolValue,
};
use serde_json::{Value, json};
use stheno_protocol::{Context, ContextValue};

use super::CHAIN;

/// Something that a reader has, in some amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// Access passes, real ones.
    Passes,
    /// Of an ERC-20.
    Coins,
    /// Of an ERC-1155, one id.
    Cards,
    /// What a contract answers of the reader.
    Level,
    /// Whether the reader stands on a list of revocations.
    Revoked,
    /// Native balance.
    Money,
    /// When the reader's subscription ends.
    Ends,
    /// Whether the reader's data set is live.
    Live,
    /// In which epoch it was last proven.
    Proven,
    /// Whether the item was granted.
    Granted,
}

pub(super) const FACTS: [Fact; 10] = [
    Fact::Passes,
    Fact::Coins,
    Fact::Cards,
    Fact::Level,
    Fact::Revoked,
    Fact::Money,
    Fact::Ends,
    Fact::Live,
    Fact::Proven,
    Fact::Granted,
];

/// What the reader has after a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) values: BTreeMap<Fact, u64>,
    /// Ids of the passes held.
    pub(super) passes: Vec<u64>,
    /// How many passes have been sold, to anybody.
    pub(super) sold: u64,
}

impl Facts {
    pub(super) fn of(&self, fact: Fact) -> u64 {
        match fact {
            Fact::Passes => self.passes.len() as u64,
            fact => self.values.get(&fact).copied().unwrap_or(0),
        }
    }

    pub(super) fn set(&mut self, fact: Fact, value: u64) {
        self.values.insert(fact, value);
    }

    /// As if the reader had so much of it; which passes they are is not known yet.
    pub(super) fn foresee(&mut self, fact: Fact, value: u64) {
        if fact == Fact::Passes {
            self.passes = vec![0; usize::try_from(value).unwrap()];
        }
        self.set(fact, value);
    }
}

/// A condition on what the reader has, without its place in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Pass,
    Coins,
    Cards,
    /// Either of two ids of an ERC-1155.
    EitherCard,
    Level,
    Revoked,
    Money,
    Subscribed,
    Stored,
    Granted,
    /// By block time.
    After(u64),
    /// By block time.
    Before(u64),
    /// A list of accounts with the reader, or without.
    Listed(bool),
    /// The same as a Merkle tree.
    Allowed(bool),
    /// A call of an account that has no code: nobody can tell.
    Broken,
}

/// How much of each is asked for.
const COINS: u64 = 10;
const LEVEL: u64 = 3;
pub(super) const MONEY: u64 = 1_000;
const PROVEN_WITHIN: u64 = 12;
const CARD: u64 = 7;
const OTHER_CARD: u64 = 8;
/// Name of the Merkle proof in the request's context.
const PROOF: &str = "proof";

/// A block, as far as conditions go by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) number: u64,
    pub(super) time: u64,
}

/// Who has rights, and where they are written down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) reader: Address,
    pub(super) item: B256,
    /// The access pass.
    pub(super) pass: Address,
    /// The contract that says everything else.
    pub(super) scripted: Address,
}

impl Condition {
    /// The facts that it goes by.
    pub(super) const fn facts(self) -> &'static [Fact] {
        match self {
            Self::Pass => &[Fact::Passes],
            Self::Coins => &[Fact::Coins],
            Self::Cards | Self::EitherCard => &[Fact::Cards],
            Self::Level => &[Fact::Level],
            Self::Revoked => &[Fact::Revoked],
            Self::Money => &[Fact::Money],
            Self::Subscribed => &[Fact::Ends],
            Self::Stored => &[Fact::Live, Fact::Proven],
            Self::Granted => &[Fact::Granted],
            Self::After(_)
            | Self::Before(_)
            | Self::Listed(_)
            | Self::Allowed(_)
            | Self::Broken => &[],
        }
    }

    /// Whether it may stand under a `not`: a reader can always send a wrong proof.
    pub(super) const fn may_be_negated(self) -> bool {
        !matches!(self, Self::Allowed(_))
    }

    /// What it says of a reader with these facts at this block; nothing where nobody can tell.
    pub(super) fn says(self, facts: &Facts, at: Moment) -> Option<bool> {
        let of = |fact| facts.of(fact);
        match self {
            Self::Pass => Some(of(Fact::Passes) >= 1),
            Self::Coins => Some(of(Fact::Coins) >= COINS),
            Self::Cards => Some(of(Fact::Cards) >= 1),
            // One word, which is what the contract says as long as it was told nothing, is no list.
            Self::EitherCard => facts.values.get(&Fact::Cards).map(|cards| *cards >= 1),
            Self::Level => Some(of(Fact::Level) >= LEVEL),
            Self::Revoked => Some(of(Fact::Revoked) == 1),
            Self::Money => Some(of(Fact::Money) >= MONEY),
            Self::Subscribed => Some(of(Fact::Ends) > at.time),
            Self::Granted => Some(of(Fact::Granted) == 1),
            Self::After(time) => Some(at.time >= time),
            Self::Before(time) => Some(at.time < time),
            Self::Listed(is_there) | Self::Allowed(is_there) => Some(is_there),
            Self::Broken => None,
            Self::Stored => {
                let proven = of(Fact::Proven);
                let recent = match proven <= at.number {
                    true => Some(proven != 0 && at.number - proven <= PROVEN_WITHIN),
                    false => None,
                };
                match (of(Fact::Live) == 1, recent) {
                    (false, _) | (_, Some(false)) => Some(false),
                    (true, recent) => recent,
                }
            }
        }
    }

    /// The condition as a policy has it.
    pub(super) fn json(self, holder: &Holder, confirmations: u64) -> Value {
        let Holder {
            reader,
            pass,
            scripted,
            ..
        } = *holder;
        let call = |function: &str, returns: Value| {
            json!({ "call": {
                "chain": CHAIN, "to": scripted, "function": function, "args": [":reader"],
                "returns": returns,
            } })
        };
        let cards = |ids: Value| {
            json!({ "token": {
                "chain": CHAIN, "standard": "erc1155", "contract": scripted, "ids": ids,
            } })
        };
        let mut leaf = match self {
            Self::Pass => json!({ "token": {
                "chain": CHAIN, "standard": "erc721", "contract": pass, "min": "1",
            } }),
            Self::Coins => json!({ "token": {
                "chain": CHAIN, "standard": "erc20", "contract": scripted, "min": COINS.to_string(),
            } }),
            Self::Cards => cards(json!([CARD.to_string()])),
            Self::EitherCard => cards(json!([CARD.to_string(), OTHER_CARD.to_string()])),
            Self::Level => call(
                "levelOf(address) view returns (uint256)",
                json!({ ">=": LEVEL.to_string() }),
            ),
            Self::Revoked => call(
                "revoked(address) view returns (bool)",
                json!({ "==": true }),
            ),
            Self::Money => json!({ "balance": { "chain": CHAIN, "min": MONEY.to_string() } }),
            Self::Subscribed => json!({ "subscription": {
                "chain": CHAIN, "contract": scripted, "token": number_of(reader).to_string(),
            } }),
            Self::Stored => json!({ "storage": {
                "chain": CHAIN, "verifier": scripted, "dataSet": number_of(reader).to_string(),
                "provenWithin": PROVEN_WITHIN,
            } }),
            Self::Granted => json!({ "grant": { "chain": CHAIN, "registry": scripted } }),
            Self::After(time) => json!({ "time": { "chain": CHAIN, "after": text(time) } }),
            Self::Before(time) => json!({ "time": { "chain": CHAIN, "before": text(time) } }),
            Self::Listed(true) => json!({ "address": { "in": [reader] } }),
            Self::Listed(false) => json!({ "address": { "in": [pass] } }),
            Self::Allowed(is_there) => {
                let listed = if is_there { reader } else { pass };
                json!({ "allowlist": { "root": merkle_leaf(listed), "proof": format!(":{PROOF}") } })
            }
            Self::Broken => {
                let nobody = Address::repeat_byte(0xee);
                json!({ "call": {
                    "chain": CHAIN, "to": nobody, "function": "open(address) view returns (bool)",
                    "args": [":reader"], "returns": { "==": true },
                } })
            }
        };
        let has_a_place = !matches!(self, Self::Listed(_) | Self::Allowed(_));
        if confirmations > 0 && has_a_place {
            let body = leaf.as_object_mut().unwrap().values_mut().next().unwrap();
            body["finality"] = json!({ "confirmations": confirmations });
        }
        leaf
    }
}

/// What every request sends along: the proof for a list of one.
pub(super) fn context() -> Context {
    let mut context = Context::default();
    context
        .insert(PROOF, ContextValue::Bytes(Bytes::new()))
        .unwrap();
    context
}

/// The value with which a fact makes its conditions true, or false, in a block at `now`.
pub(super) const fn value(fact: Fact, good: bool, now: Moment, more: u64) -> u64 {
    match (fact, good) {
        (Fact::Passes, true) => 1 + more % 2,
        (Fact::Coins, true) => COINS + more % 5,
        (Fact::Coins, false) => more % COINS,
        (Fact::Cards | Fact::Revoked | Fact::Live | Fact::Granted, true) => 1,
        (Fact::Level, true) => LEVEL + more % 3,
        (Fact::Level, false) => more % LEVEL,
        (Fact::Money, true) => MONEY + more % 100,
        (Fact::Money, false) => more % MONEY,
        // Some last for a few blocks only.
        (Fact::Ends, true) => now.time + 1 + 30 * (more % 40),
        (Fact::Ends, false) => now.time - more % 60,
        (Fact::Proven, true) => now.number,
        (Fact::Proven, false) => now.number.saturating_sub(PROVEN_WITHIN + 1),
        (Fact::Passes | Fact::Cards | Fact::Revoked | Fact::Live | Fact::Granted, false) => 0,
    }
}

impl Holder {
    /// What the contract is asked about a fact, and what it answers then.
    pub(super) fn script(&self, fact: Fact, value: u64) -> Vec<(Bytes, Bytes)> {
        let reader = self.reader;
        let number = number_of(reader);
        let word = |value: u64| Bytes::from(U256::from(value).abi_encode());
        let holds = word(value);
        match fact {
            Fact::Passes | Fact::Money => Vec::new(),
            Fact::Coins => vec![(question("balanceOf(address)", (reader,)), holds)],
            Fact::Cards => {
                let (card, other) = (U256::from(CARD), U256::from(OTHER_CARD));
                let both = (vec![reader, reader], vec![card, other]);
                let amounts = vec![U256::ZERO, U256::from(value)];
                vec![
                    (
                        question("balanceOf(address,uint256)", (reader, card)),
                        holds,
                    ),
                    (
                        question("balanceOfBatch(address[],uint256[])", both),
                        amounts.abi_encode().into(),
                    ),
                ]
            }
            Fact::Level => vec![(question("levelOf(address)", (reader,)), holds)],
            Fact::Revoked => vec![(question("revoked(address)", (reader,)), holds)],
            Fact::Ends => vec![
                (question("expiresAt(uint256)", (number,)), holds),
                (
                    question("ownerOf(uint256)", (number,)),
                    reader.abi_encode().into(),
                ),
            ],
            Fact::Live => vec![(question("dataSetLive(uint256)", (number,)), holds)],
            Fact::Proven => vec![(
                question("getDataSetLastProvenEpoch(uint256)", (number,)),
                holds,
            )],
            Fact::Granted => {
                let asked = (reader, self.item, Bytes::new());
                vec![(question("canRead(address,bytes32,bytes)", asked), holds)]
            }
        }
    }

    /// A question to the chain that a fact answers with one number, by JSON-RPC at a block.
    pub(super) fn asks(&self, fact: Fact, at: B256) -> (&'static str, Value) {
        let at = json!({ "blockHash": at, "requireCanonical": true });
        match fact {
            Fact::Money => ("eth_getBalance", json!([self.reader, at])),
            Fact::Passes => {
                let data = question("balanceOf(address)", (self.reader,));
                ("eth_call", json!([{ "to": self.pass, "data": data }, at]))
            }
            fact => {
                let (data, _) = self.script(fact, 0).remove(0);
                (
                    "eth_call",
                    json!([{ "to": self.scripted, "data": data }, at]),
                )
            }
        }
    }
}

fn text(time: u64) -> String {
    jiff::Timestamp::from_second(time.cast_signed())
        .unwrap()
        .to_string()
}

/// The subscription and the data set of a reader.
fn number_of(reader: Address) -> U256 {
    U256::from_be_slice(&reader[..8])
}

fn question<T: SolValue>(signature: &str, arguments: T) -> Bytes
where
    for<'a> <T::SolType as alloy::sol_types::SolType>::Token<'a>:
        alloy::sol_types::abi::TokenSeq<'a>,
{
    let selector = &keccak256(signature)[..4];
    [selector, &arguments.abi_encode_params()].concat().into()
}

/// OpenZeppelin's leaf, which is the root of a tree of one.
fn merkle_leaf(account: Address) -> B256 {
    keccak256(keccak256(account.into_word()))
}
