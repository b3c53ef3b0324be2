//! The cookbook's policies on a chain: contracts give the fixtures' answers, real nodes read them.
//!
//! A policy is moved to the devnet: its chain, its contracts, the reader, and its times, which keep
//! their distance from the block time of the fixture.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy::{
    primitives::{Address, B256, Bytes, U256, address, keccak256},
    sol,
};
use serde_json::{Value, json};
use stheno::{Client, DecryptOptions, EncryptOptions, Nobody, Policy, Reader, Wallet};
use stheno_chain::{Chain, ChainConfig, HttpOptions, Sender};
use stheno_cli::{
    commands::policy::fixtures::{Case, Expect, Fixtures, Readings},
    devnet::{Devnet, anvil::CHAIN_ID},
};
use stheno_protocol::{Read, Reading};

use crate::{solidity, someone::Someone, stage, trials};

trials![policies_of_the_cookbook_admit_and_refuse_on_a_devnet];

sol! {
    function make(bytes[][] calls, bytes[][] answers) external;
}

/// The accounts of the fixtures.
const MAY: Address = address!("5eade400000000000000000000000000000005ea");
const MAY_NOT: Address = address!("57a46e4000000000000000000000000000057a46");

const TEXT: &[u8] = b"out of the cookbook";

async fn policies_of_the_cookbook_admit_and_refuse_on_a_devnet() {
    let devnet = stage::shared().await;
    let someone = Someone::with_money(&devnet, "cookbook").await;
    let people = People {
        may: Wallet::from_private_key(&someone.key()).unwrap(),
        may_not: Wallet::random().unwrap(),
    };
    let pages = pages();
    assert!(pages.len() >= 15, "{} policies", pages.len());

    let mut stage_set = StageSet::default();
    let head = devnet.control().head().await.unwrap();
    let scenes: Vec<Scene> = pages
        .iter()
        .flat_map(|page| page.fixtures.cases.iter().map(move |case| (page, case)))
        .map(|(page, case)| Scene::new(page, case, &people, head, &mut stage_set))
        .collect();
    let contracts = stage_set.build(&devnet).await;

    let rpc = [devnet.rpc().clone()];
    let client = Client::connect(devnet.network().clone(), &rpc)
        .await
        .unwrap();
    let mut said = BTreeMap::new();
    for scene in &scenes {
        let policy = scene.policy(&contracts);
        let code = read(&client, &policy, scene).await;
        let wanted = match scene.case.expect {
            Expect::Granted => "granted",
            Expect::Denied => "condition_not_met",
            Expect::Unknown => "condition_unknown",
        };
        assert_eq!(code, wanted, "{}, {}", scene.name, scene.case.name);
        *said.entry(wanted).or_insert(0) += 1;
    }
    assert_eq!(said["granted"], pages.len(), "{said:?}");
    assert_eq!(said["condition_not_met"], pages.len(), "{said:?}");
}

/// Encrypts and reads: `granted`, or the code of the refusal.
async fn read(client: &Client, policy: &Policy, scene: &Scene<'_>) -> String {
    let subject = scene.case.subject().unwrap();
    let options = EncryptOptions::default().item(subject.item);
    let mut sealed = Vec::new();
    let encrypted = client.encrypt(policy, TEXT, &mut sealed, options).await;
    encrypted.unwrap();
    let (header, _) = stheno::read_header(&mut sealed.as_slice()).await.unwrap();
    let options = DecryptOptions::default().context(subject.context);
    let reader: &dyn Reader = match scene.reader {
        Some(wallet) => wallet,
        None => &Nobody,
    };
    match client.open(reader, &header, &options).await {
        Ok(_) => "granted".to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

/// A policy of the cookbook with its fixtures.
struct Page {
    name: String,
    policy: Value,
    fixtures: Fixtures,
}

fn pages() -> Vec<Page> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/policies");
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder.join("fixtures")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = |path| std::fs::read_to_string(path).unwrap();
        pages.push(Page {
            policy: serde_json::from_str(&text(folder.join(format!("{name}.json")))).unwrap(),
            fixtures: serde_json::from_str(&text(path)).unwrap(),
            name,
        });
    }
    pages
}

/// Who the fixtures' accounts are on the devnet.
struct People {
    may: Wallet,
    may_not: Wallet,
}

impl People {
    fn pairs(&self) -> [(Address, Address); 2] {
        [(MAY, self.may.address()), (MAY_NOT, self.may_not.address())]
    }

    /// The same bytes, of the devnet's people.
    fn in_bytes(&self, bytes: &[u8]) -> Bytes {
        let mut bytes = bytes.to_vec();
        for (old, new) in self.pairs() {
            for at in 0..bytes.len().saturating_sub(19) {
                if bytes[at..at + 20] == *old.as_slice() {
                    bytes[at..at + 20].copy_from_slice(new.as_slice());
                }
            }
        }
        bytes.into()
    }
}

/// A case of a policy, moved to the devnet.
struct Scene<'a> {
    name: &'a str,
    case: &'a Case,
    reader: Option<&'a Wallet>,
    policy: Value,
    /// Which contract of the stage set stands for which of the fixture.
    cast: BTreeMap<Address, usize>,
}

impl<'a> Scene<'a> {
    fn new(
        page: &'a Page,
        case: &'a Case,
        people: &'a People,
        head: u64,
        set: &mut StageSet,
    ) -> Self {
        let readings = case.readings().unwrap();
        let subject = case.subject().unwrap();
        let reader = subject.account.map(|account| match account.address {
            MAY => &people.may,
            MAY_NOT => &people.may_not,
            other => panic!("{} is nobody here", other),
        });
        let mut policy = page.policy.clone();
        let later = later(&readings);
        shift(&mut policy, &|key, value| match key {
            "chain" => *value = CHAIN_ID.into(),
            "after" | "before" => {
                let time: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
                let moved = jiff::Timestamp::from_second(time.as_second() + later).unwrap();
                *value = moved.to_string().into();
            }
            "in" => {
                for (old, new) in people.pairs() {
                    for one in value.as_array_mut().unwrap() {
                        if one.as_str().is_some_and(|text| text.parse() == Ok(old)) {
                            *one = new.to_string().into();
                        }
                    }
                }
            }
            "root" => {
                let proof = subject.context.value("proof").unwrap();
                let stheno_protocol::ContextValue::Bytes(sibling) = proof else {
                    panic!("{proof:?}")
                };
                *value = root(people.may.address(), B256::from_slice(sibling))
                    .to_string()
                    .into();
            }
            _ => {}
        });
        let cast = set.add(&readings, people, head);
        Self {
            name: &page.name,
            case,
            reader,
            policy,
            cast,
        }
    }

    /// The policy, asking the contracts that were made.
    fn policy(&self, contracts: &[Address]) -> Policy {
        let mut policy = self.policy.clone();
        let real = |old: &Value| {
            let old: Address = old.as_str().unwrap().parse().unwrap();
            json!(contracts[self.cast[&old]])
        };
        // Those of Filecoin's networks, which a policy for them leaves out.
        let known = |name: &str| {
            let mut asked = self.cast.iter();
            let found = asked.find(|(old, _)| FILECOIN.contains(&(name, **old)));
            json!(found.map_or(Address::repeat_byte(1), |(_, at)| contracts[*at]))
        };
        shift(&mut policy, &|key, value| match key {
            "to" | "contract" | "registry" => *value = real(value),
            "storage" => value["verifier"] = known("verifier"),
            "paid" => value["pay"] = known("pay"),
            _ => {}
        });
        Policy::from_json(&policy.to_string()).unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }
}

const FILECOIN: [(&str, Address); 2] = [
    (
        "verifier",
        address!("badd0b92c1c71d02e7d520f64c0876538fa2557f"),
    ),
    ("pay", address!("23b1e018f08bb982348b15a86ee926eebf7f4daa")),
];

/// How much later the devnet is than the fixture, in seconds.
fn later(readings: &Readings) -> i64 {
    let time = readings.values().find_map(|found| match found {
        Ok(Reading::Time(time)) => Some(i64::try_from(*time).unwrap()),
        _ => None,
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() - time.unwrap_or(0)
}

/// Changes the values of an object's fields, and of the objects in it.
fn shift(value: &mut Value, change: &impl Fn(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                shift(value, change);
                // An `in` of a comparison has no people in it.
                if key != "in" || value[0].as_str().is_some() {
                    change(key, value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| shift(value, change)),
        _ => {}
    }
}

/// The root over an account and the sibling of its leaf, as OpenZeppelin computes it.
fn root(account: Address, sibling: B256) -> B256 {
    let leaf = keccak256(keccak256(account.into_word()));
    let (low, high) = if leaf < sibling {
        (leaf, sibling)
    } else {
        (sibling, leaf)
    };
    keccak256([low.0, high.0].concat())
}

/// The contracts that answer, each what one fixture says of one address.
#[derive(Default)]
struct StageSet {
    calls: Vec<Vec<Bytes>>,
    answers: Vec<Vec<Bytes>>,
}

impl StageSet {
    fn add(&mut self, readings: &Readings, people: &People, head: u64) -> BTreeMap<Address, usize> {
        let number = readings.values().find_map(|found| match found {
            Ok(Reading::Number(number)) => Some(*number),
            _ => None,
        });
        let mut cast = BTreeMap::new();
        for (read, found) in readings {
            let (Read::Call { to, data, .. }, Ok(Reading::Bytes(answer))) = (read, found) else {
                continue;
            };
            let at = *cast.entry(*to).or_insert_with(|| {
                self.calls.push(Vec::new());
                self.answers.push(Vec::new());
                self.calls.len() - 1
            });
            self.calls[at].push(people.in_bytes(data));
            let answer = number.map_or_else(
                || answer.to_vec(),
                |number| epochs_moved(answer, number, head),
            );
            self.answers[at].push(people.in_bytes(&answer));
        }
        cast
    }

    /// Puts all of them on the chain, and waits until that is final.
    async fn build(&self, devnet: &Devnet) -> Vec<Address> {
        // Not the reader, who is to keep what he has.
        let builder = Someone::with_money(devnet, "cookbook: stage set").await;
        let config = ChainConfig::new(CHAIN_ID, vec![devnet.rpc().clone()]);
        let chain = Chain::connect(config, HttpOptions::default())
            .await
            .unwrap();
        let sender = Sender::new(chain, builder.signer);
        let compiled = solidity::compile("FixedAnswers.sol").await;
        let code = solidity::code(&compiled, "FixedAnswers.sol", "FixedAnswersFactory");
        let made = sender.send(None, code, U256::ZERO).await.unwrap();
        let factory = made.created.unwrap();
        let call = makeCall {
            calls: self.calls.clone(),
            answers: self.answers.clone(),
        };
        let sent = sender.call(factory, &call).await.unwrap();
        // Deep enough for every confirmation that the cookbook asks for.
        while devnet.control().head().await.unwrap() < sent.block.number + 8 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        (1..=self.calls.len() as u64)
            .map(|nonce| factory.create(nonce))
            .collect()
    }
}

/// The same answer with every word that is an epoch near `number` moved to the devnet's.
fn epochs_moved(answer: &[u8], number: u64, head: u64) -> Vec<u8> {
    let words = answer.chunks(32).map(|word| {
        let value = U256::from_be_slice(word);
        let near = value.abs_diff(U256::from(number)) < U256::from(100_000);
        match near {
            true => B256::from(U256::from(head)).to_vec(),
            false => word.to_vec(),
        }
    });
    words.flatten().collect()
}
