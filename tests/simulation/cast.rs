//! Who plays: members with their keys, the same in all runs with the same cast.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use alloy::primitives::{Address, B256, Bytes, keccak256};
use stheno_crypto::engine;
use stheno_node::vault::IdentityKey;
use stheno_protocol::{Domain, ceremony::Message};

/// The keys of a member and of the person behind it.
#[derive(Debug)]
pub struct Person {
    /// From 1.
    pub number: u16,
    pub identity: IdentityKey,
    pub operator: IdentityKey,
}

impl Person {
    pub fn of(cast: u64, number: u16) -> Rc<Self> {
        thread_local! {
            static KNOWN: RefCell<HashMap<(u64, u16), Rc<Person>>> = RefCell::default();
        }
        KNOWN.with_borrow_mut(|known| {
            let person = known.entry((cast, number)).or_insert_with(|| {
                let key = |what: &str| {
                    let secret = digest(&[what.as_bytes(), &id(cast, number)]);
                    IdentityKey::from_secret(secret.as_slice()).unwrap()
                };
                Rc::new(Self {
                    number,
                    identity: key("identity"),
                    operator: key("operator"),
                })
            });
            person.clone()
        })
    }
}

/// The committee that all runs are about.
pub fn domain() -> Domain {
    Domain::of_committee(31_415_926, Address::repeat_byte(0xcc), COMMITTEE)
}

pub const COMMITTEE: u64 = 1;

/// Who may propose, and nothing else.
pub fn owner() -> Address {
    Address::repeat_byte(0x0e)
}

/// Seeds that a member makes for a proposal: others after each loss of its disk.
pub fn seeds(cast: u64, number: u16, proposal: B256, losses: u64) -> Vec<u8> {
    let half = |what: &str| {
        let losses = losses.to_be_bytes();
        digest(&[
            what.as_bytes(),
            &id(cast, number),
            proposal.as_slice(),
            &losses,
        ])
    };
    [half("secret").0, half("dealer").0].concat()
}

pub fn signature<M: Message>(key: &IdentityKey, message: &M) -> Bytes {
    let digest = message.digest(&domain());
    let signed = engine::bytes_of(
        "sign",
        &[key.address().as_slice(), digest.as_slice()],
        || Some(key.sign(&digest).to_vec()),
    );
    signed.unwrap_or_default().into()
}

pub fn digest(parts: &[&[u8]]) -> B256 {
    keccak256(parts.concat())
}

fn id(cast: u64, number: u16) -> Vec<u8> {
    [&cast.to_be_bytes()[..], &number.to_be_bytes()].concat()
}
