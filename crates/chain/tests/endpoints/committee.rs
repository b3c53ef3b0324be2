//! A committee is believed only as far as it fits together.

use std::num::NonZeroU16;

use alloy::primitives::{Address, B256, Bytes, address};
use alloy::sol_types::{SolCall, SolError, SolValue};
use serde_json::json;
use stheno_chain::contracts::CommitteeContract as Contract;
use stheno_chain::{Chain, ChainError, Locator, read_committee};
use stheno_crypto::{KeyShare, NetworkKey, NodeIndex, NodePublicKey};
use stheno_protocol::ceremony::keys_root;

use crate::double::{CHAIN, Double, Ledger, Reply, connect, doubles};

const CONTRACT: Address = address!("00000000000000000000000000000000000000c0");
const LOCATOR: Locator = Locator {
    chain_id: CHAIN,
    contract: CONTRACT,
    committee_id: 7,
};
const EPOCH: u64 = 3;

fn key(secret: u16) -> NodePublicKey {
    let index = NodeIndex::new(NonZeroU16::MIN.get()).unwrap();
    let mut bytes = [0; 32];
    bytes[30..].copy_from_slice(&secret.to_be_bytes());
    KeyShare::from_secret_bytes(index, &bytes)
        .unwrap()
        .public_key()
}

/// What the contract says, to be bent by each test.
struct Says {
    network: B256,
    epoch: u64,
    devnet: bool,
    threshold: u16,
    network_key: Bytes,
    root: B256,
    members: Vec<Contract::MemberInfo>,
    keys: Vec<Bytes>,
}

impl Says {
    fn honest(size: u16, threshold: u16) -> Self {
        let keys: Vec<NodePublicKey> = (1..=size).map(|index| key(1000 + index)).collect();
        Self {
            network: B256::from(*LOCATOR.network().as_bytes()),
            epoch: EPOCH,
            devnet: false,
            threshold,
            network_key: key(7).to_bytes().into(),
            root: keys_root(&keys),
            members: (1..=size)
                .map(|index| Contract::MemberInfo {
                    operator: Address::left_padding_from(&[1, (index >> 8) as u8, index as u8]),
                    identity: Address::left_padding_from(&[2, (index >> 8) as u8, index as u8]),
                    endpoint: format!("https://node{index}.example"),
                    metadata: String::new(),
                })
                .collect(),
            keys: keys.iter().map(|key| key.to_bytes().into()).collect(),
        }
    }

    fn tell(&self, double: &Double) {
        let on = |call: Bytes, answer: Vec<u8>| {
            let answer = Reply::Result(json!(Bytes::from(answer)));
            double.on_call(CONTRACT, &call, answer);
        };
        let (id, size) = (LOCATOR.committee_id, self.members.len() as u16);
        on(
            Contract::committeeCall { committeeId: id }
                .abi_encode()
                .into(),
            Contract::CommitteeInfo {
                owner: Address::repeat_byte(1),
                windows: Contract::Windows {
                    deal: 4,
                    complain: 4,
                    answer: 4,
                    confirm: 4,
                    margin: 3,
                    consentDelay: 0,
                },
                epoch: self.epoch,
                ceremony: 3,
                running: 0,
                members: u32::from(size),
                devnet: self.devnet,
            }
            .abi_encode(),
        );
        on(
            Contract::networkIdCall { committeeId: id }
                .abi_encode()
                .into(),
            self.network.abi_encode(),
        );
        let epoch = Contract::epochInfoCall {
            committeeId: id,
            epoch: self.epoch,
        };
        let info = Contract::EpochInfo {
            ceremony: 3,
            threshold: self.threshold,
            size,
            activatedAt: 50,
            context: B256::ZERO,
            qualified: alloy::primitives::U256::from(7),
            networkKey: self.network_key.clone(),
            keysRoot: self.root,
        };
        on(epoch.abi_encode().into(), info.abi_encode());
        for first in (1..=size).step_by(16) {
            let call = Contract::epochMembersCall {
                committeeId: id,
                epoch: self.epoch,
                first,
                count: 16.min(size + 1 - first),
            };
            let page = self.members.iter().skip(usize::from(first) - 1);
            let page: Vec<_> = page.take(16).cloned().collect();
            on(call.abi_encode().into(), page.abi_encode());
        }
        for first in (1..=size).step_by(64) {
            let call = Contract::epochKeysCall {
                committeeId: id,
                epoch: self.epoch,
                first,
                count: 64.min(size + 1 - first),
            };
            let page = self.keys.iter().skip(usize::from(first) - 1);
            let page: Vec<_> = page.take(64).cloned().collect();
            on(call.abi_encode().into(), page.abi_encode());
        }
    }
}

async fn read(says: &Says) -> Result<stheno_chain::Committee, ChainError> {
    let all: [Double; 2] = doubles(&Ledger::new(100, 90, &[])).await;
    for double in &all {
        says.tell(double);
    }
    let chain: Chain = connect(&all, 2).await;
    read_committee(&chain, &LOCATOR, None).await
}

async fn problem(bend: impl FnOnce(&mut Says)) -> String {
    let mut says = Says::honest(5, 3);
    bend(&mut says);
    match read(&says).await {
        Err(ChainError::Inconsistent { problem, .. }) => problem,
        other => panic!("expected an inconsistency, got {other:?}"),
    }
}

#[tokio::test]
async fn committee_is_read_whole_over_several_pages() {
    let committee = read(&Says::honest(100, 67)).await.unwrap();
    assert_eq!(committee.epoch, EPOCH);
    assert_eq!(committee.threshold, 67);
    assert_eq!(committee.at.number, 90);
    assert_eq!(committee.network, LOCATOR.network());
    let network_key = NetworkKey::from_bytes(&key(7).to_bytes()).unwrap();
    assert_eq!(committee.network_key, network_key);
    assert_eq!(committee.members.len(), 100);
    for (place, member) in committee.members.iter().enumerate() {
        let index = place as u16 + 1;
        assert_eq!(member.index.get(), index);
        assert_eq!(member.node_key, Some(key(1000 + index)));
        let endpoint = format!("https://node{index}.example/");
        assert_eq!(member.endpoint.as_ref().unwrap().as_str(), endpoint);
    }
    let keys = committee.keys();
    assert_eq!((keys.threshold, keys.node_keys.len()), (67, 100));
}

#[tokio::test]
async fn committee_is_read_when_keys_and_endpoints_are_missing() {
    let mut says = Says::honest(5, 3);
    says.keys[1] = Bytes::new();
    says.members[2].endpoint = "tcp:nonsense".to_owned();
    let committee = read(&says).await.unwrap();
    assert_eq!(committee.members[1].node_key, None);
    assert_eq!(committee.members[2].endpoint, None);
    assert_eq!(committee.keys().node_keys.len(), 4);
}

#[tokio::test]
async fn committee_is_refused_when_it_is_another_network() {
    let said = problem(|says| says.network = B256::repeat_byte(1)).await;
    assert!(said.contains("its place makes it 0x"), "{said}");
}

#[tokio::test]
async fn committee_is_refused_when_its_key_is_no_point_of_the_group() {
    let mut infinity = vec![0; 96];
    infinity[0] = 0xc0;
    let mut off = key(7).to_bytes().to_vec();
    off[95] ^= 1;
    for bytes in [
        vec![],
        vec![0; 96],
        infinity,
        off,
        key(7).to_bytes()[..95].to_vec(),
    ] {
        let said = problem(|says| says.network_key = bytes.into()).await;
        assert!(said.contains("network key is refused"), "{said}");
    }
}

#[tokio::test]
async fn committee_is_refused_when_its_threshold_is_not_allowed() {
    for threshold in [0, 2, 6] {
        let said = problem(|says| says.threshold = threshold).await;
        assert!(said.contains("threshold is 3 to 5"), "{said}");
    }
    let alone = Says::honest(1, 1);
    assert!(read(&alone).await.is_err());
    let devnet = Says {
        devnet: true,
        ..alone
    };
    assert!(read(&devnet).await.unwrap().devnet);
}

#[tokio::test]
async fn committee_is_refused_when_a_member_stands_twice_or_has_no_address() {
    let said = problem(|says| says.members[3].identity = says.members[0].identity).await;
    assert!(said.contains("stands twice"), "{said}");
    let said = problem(|says| says.members[3].operator = says.members[0].operator).await;
    assert!(said.contains("stands twice"), "{said}");
    let said = problem(|says| says.members[4].identity = Address::ZERO).await;
    assert!(said.contains("no address"), "{said}");
}

#[tokio::test]
async fn committee_is_refused_when_keys_do_not_match_their_root() {
    let said = problem(|says| says.root = B256::repeat_byte(1)).await;
    assert!(said.contains("root"), "{said}");
    let said = problem(|says| says.keys.swap(0, 1)).await;
    assert!(said.contains("root"), "{said}");
    let said = problem(|says| says.keys[0] = vec![1; 96].into()).await;
    assert!(said.contains("node key is refused"), "{said}");
}

#[tokio::test]
async fn committee_is_refused_when_a_page_is_short() {
    let said = problem(|says| {
        says.keys.pop();
    })
    .await;
    assert!(said.contains("gives 4 keys from 1 on, not 5"), "{said}");
}

#[tokio::test]
async fn committee_has_no_epoch_before_its_first_ceremony_ended() {
    let says = Says {
        epoch: 0,
        ..Says::honest(5, 3)
    };
    let refused = read(&says).await.unwrap_err();
    assert!(matches!(
        refused,
        ChainError::NoEpoch {
            committee_id: 7,
            ..
        }
    ));
    assert!(refused.retryable());
}

#[tokio::test]
async fn committee_is_refused_when_there_is_none() {
    let all: [Double; 1] = doubles(&Ledger::new(100, 90, &[])).await;
    let chain = connect(&all, 1).await;
    let refused = read_committee(&chain, &LOCATOR, None).await.unwrap_err();
    assert!(refused.to_string().contains("is there such a contract"));
    let unknown = Contract::UnknownCommittee { committeeId: 7 }.abi_encode();
    let call = Contract::committeeCall { committeeId: 7 }.abi_encode();
    let reply = Reply::Error(3, "reverted".to_owned(), json!(Bytes::from(unknown)));
    all[0].on_call(CONTRACT, &call.into(), reply);
    let refused = read_committee(&chain, &LOCATOR, None).await.unwrap_err();
    assert!(
        refused.to_string().contains("UnknownCommittee"),
        "{refused}"
    );
}

#[tokio::test]
async fn committee_is_refused_when_endpoints_differ_on_its_key() {
    let all: [Double; 2] = doubles(&Ledger::new(100, 90, &[])).await;
    Says::honest(5, 3).tell(&all[0]);
    let mut swapped = Says::honest(5, 3);
    swapped.network_key = key(8).to_bytes().into();
    swapped.tell(&all[1]);
    let chain = connect(&all, 2).await;
    let refused = read_committee(&chain, &LOCATOR, None).await.unwrap_err();
    assert!(
        matches!(refused, ChainError::NoAgreement { .. }),
        "{refused}"
    );
}
